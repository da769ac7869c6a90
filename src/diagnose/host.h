/* host: what is remembered of a host; private to diagnose/.
 *
 * Shape   nine hosts of ten are met by one connection: what that tells stands in the record itself.  More is in a struct
 *         pp_host that the record refers to from then on.
 * Errors  NULL without memory; the diagnosis' pool counts.
 */
#ifndef PP_DIAGNOSE_HOST_H
#define PP_DIAGNOSE_HOST_H

#include "base/mark.h"
#include "diagnose/map.h"

struct pp_diagnosis;
struct pp_candidate;

enum { PP_PORTS_KEPT = 6 };

/* What became of one port of a host: success on one says nothing of another. */
struct pp_host_port {
	uint16_t port;
	struct pp_mark worked; /* earliest success */
	int64_t last_worked;
	/* Filled while judging. */
	uint32_t failed, succeeded;
	int64_t last_fault, last_ok;
};

/* What few hosts have.  While a host has none, all its successes were on one port by one way. */
struct pp_host_more {
	struct pp_host_port *ports;       /* the lowest PP_PORTS_KEPT, in order; NULL: there is one */
	struct pp_mark worked[2];         /* by path, 0 direct and 1 through a proxy */
	struct pp_mark https;             /* earliest success on 443 */
	struct pp_mark asked_certificate; /* earliest CertificateRequest */
	struct pp_mark page_470;
	struct pp_mark denied_443; /* a proxy's 403 for port 443 */
	uint32_t silent_leaves;    /* TRUST-02 shapes */
};

struct pp_host {
	const char *name;      /* of the record */
	uint32_t observed;     /* connections */
	uint32_t failed_opens; /* SYN unanswered */
	uint32_t worked_count;
	uint32_t refusals;       /* reset, closed or 403 in clear */
	struct pp_host_port one; /* its port; see pp_host_ports() */
	struct pp_host_more *more;
	struct pp_mark passed; /* the earliest ServerHello to … */
	uint32_t passed_len;   /* … the longest ClientHello in one segment that was answered */
	/* Filled while judging. */
	uint32_t flows, failed, succeeded;
	bool by_path[2];
	bool hurt_agent; /* a failure of it may have been the agent's */
	/* Such an end had a connection of which it was not seen whom it asked for: perhaps another host here. */
	bool unnamed_fault, unnamed_doubt;
	/* Filled while observing. */
	uint8_t port_count;
	uint8_t worked_path; /* of the success of `one` */
	bool resumed;
};

/* One host name or, without one, address: an endpoint. */
struct pp_host_record {
	struct pp_map_key key;
	const char *name; /* NULL: only the address, which is the key; or there was no memory for it */
	const char *category;
	struct pp_mark first;            /* earliest packet */
	struct pp_host *all;             /* NULL: the rest is all there is */
	struct pp_candidate *candidates; /* what its verdict may be; endpoint.c */
	uint32_t worked_by;              /* place of the client it worked for; 0: for none; PP_WORKED_FOR_MANY */
	uint32_t passed_after;           /* from `first`, ns */
	uint16_t passed_packets;         /* the same */
	uint16_t passed_len;
	uint16_t port;
	uint16_t facts; /* host.c */
};

enum { PP_WORKED_FOR_MANY = PP_MAP_NUMBERS };
enum { PP_HOST_NAMED = 1 }; /* the one of `facts` that no connection tells */

/* All that is known, at `room` or where it lies. */
const struct pp_host *pp_host_of(const struct pp_host_record *record, struct pp_host *room);
/* A place for all that is known, from now on. */
struct pp_host *pp_host_spread(struct pp_diagnosis *diagnosis, struct pp_host_record *record);
static inline struct pp_host *pp_host_all(struct pp_diagnosis *diagnosis, struct pp_host_record *record)
{
	return record->all ? record->all : pp_host_spread(diagnosis, record);
}

/* Whether anything is known but its name. */
static inline bool pp_host_is_known(const struct pp_host_record *record)
{
	return record->all || record->facts & ~PP_HOST_NAMED;
}

static inline void pp_host_set_named(struct pp_host_record *record) { record->facts |= PP_HOST_NAMED; }

static inline bool pp_host_is_named(const struct pp_host_record *record) { return record->facts & PP_HOST_NAMED; }
/* What a first connection tells goes there, … */
struct pp_host *pp_host_begin(struct pp_host *told, const struct pp_host_record *record);
/* … and then is kept; `first` of the record is where it began. */
void pp_host_keep(struct pp_diagnosis *diagnosis, struct pp_host_record *record, const struct pp_host *told);

/* What judging a connection to that port brings. */
struct pp_host_news {
	struct pp_mark first; /* of the connection */
	uint16_t port;
	unsigned path;
	bool real, fault, hurt_agent;
	bool unnamed_fault, unnamed_doubt;
};
void pp_host_judged(struct pp_diagnosis *diagnosis, struct pp_host_record *record, const struct pp_host_news *news);

/* Most hosts have one port. */
static inline struct pp_host_port *pp_host_ports(struct pp_host *host)
{
	return host->more && host->more->ports ? host->more->ports : &host->one;
}

const struct pp_host_port *pp_host_port(const struct pp_host *host, uint16_t port); /* NULL: not kept */

extern const struct pp_host_more pp_host_no_more;

/* All but its ports and successes. */
static inline const struct pp_host_more *pp_host_rest(const struct pp_host *host)
{
	return host->more ? host->more : &pp_host_no_more;
}

/* Earliest success by that path. */
static inline struct pp_mark pp_host_worked(const struct pp_host *host, unsigned path)
{
	if (host->more)
		return host->more->worked[path];
	return host->worked_path == path ? host->one.worked : (struct pp_mark){ 0 };
}

/* Earliest success on 443. */
static inline struct pp_mark pp_host_https(const struct pp_host *host)
{
	if (host->more)
		return host->more->https;
	return host->one.port == 443 ? host->one.worked : (struct pp_mark){ 0 };
}

#endif

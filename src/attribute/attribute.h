/* attribute: who a connection or lookup was meant for: host, endpoint category, and how that is known.
 *
 * Shape   the first of these that names a host: CONNECT, SNI, HTTP Host, certificate names, DNS answers seen in the
 *         capture for that client; else the address, by catalogue address patterns and service tags.
 * Owns    pp_names: its table.  An attribution's text belongs to the connection, the catalogue or the table.
 */
#ifndef PP_ATTRIBUTE_ATTRIBUTE_H
#define PP_ATTRIBUTE_ATTRIBUTE_H

#include "attribute/catalogue.h"
#include "attribute/service_tags.h"
#include "base/hash.h"
#include "facts/facts.h"

enum pp_attributed_by {
	PP_ATTRIBUTED_BY_NOTHING,
	PP_ATTRIBUTED_BY_CONNECT,
	PP_ATTRIBUTED_BY_SNI,
	PP_ATTRIBUTED_BY_HTTP_HOST,
	PP_ATTRIBUTED_BY_CERTIFICATE,
	PP_ATTRIBUTED_BY_DNS,
	PP_ATTRIBUTED_BY_ADDRESS,
	PP_ATTRIBUTED_BY_SERVICE_TAG,
};

struct pp_attribution {
	const char *host;     /* NULL: only the address is known */
	uint16_t port;        /* the port meant: of CONNECT where there is one, else the server's */
	const char *category; /* of the catalogue, or "other"; never NULL */
	const char *pattern;  /* the row's, or the service tag's name; NULL without a row */
	enum pp_attributed_by by;
	const struct pp_endpoint_row *row; /* NULL: none */
};

/* "connect", "sni", … as in the JSON contract; NULL for PP_ATTRIBUTED_BY_NOTHING. */
const char *pp_attributed_by_name(enum pp_attributed_by by);

/* Names that DNS answers gave to addresses: per client, and the latest answer before the connection wins.  What was asked
 * for by the other address family names it as well, unless several clients were told that address. */
struct pp_names;
struct pp_names *pp_names_new(size_t cap, struct pp_hash_key key);
void pp_names_free(struct pp_names *names);
/* Takes what a reply brought: the addresses behind the `known` first ones.  Keeps pointers into the lookup. */
void pp_names_add(struct pp_names *names, const struct pp_lookup *lookup, unsigned known);
/* A reply to that client whose addresses were not captured: names that it has by then are no more certain. */
void pp_names_blind(struct pp_names *names, const struct pp_addr *client, int64_t at);
const char *pp_names_find(struct pp_names *names, const struct pp_addr *client, const struct pp_addr *server,
			  int64_t at);
/* Answers that came for moments that may have been asked about in vain before: whether there are any, and one after the
 * other (*at is 0 at first; NULL: no more). */
bool pp_names_any_late(const struct pp_names *names);
const char *pp_names_late(const struct pp_names *names, uint32_t *at, struct pp_addr *ret_server);
uint64_t pp_names_refused(const struct pp_names *names);

/* The rows of the names met a moment ago: most connections go to a few.  All zero at first; for one thread. */
enum { PP_RECENT_ROWS = 64, PP_RECENT_NAME = 55 };
struct pp_recent_row {
	const struct pp_endpoint_row *row; /* NULL: none for that name */
	uint8_t len;                       /* 0: free */
	char name[PP_RECENT_NAME];         /* no longer one is kept, nor one that is an address */
};
struct pp_recent_rows {
	struct pp_recent_row slot[PP_RECENT_ROWS];
};

struct pp_attributor {
	const struct pp_catalogue *catalogue;
	const struct pp_service_tags *tags; /* NULL: none */
	struct pp_names *names;             /* NULL: none */
	struct pp_recent_rows *recent;      /* NULL: none */
};

/* The name by which a connection with these facts will be attributed, if they give it one; either may be NULL. */
const char *pp_attribution_name(const struct pp_http_facts *http, const struct pp_tls_facts *tls);
struct pp_attribution pp_attribute_connection(const struct pp_attributor *attributor, const struct pp_connection *conn);
/* The attribution that has this row (NULL: none, and no service tag either), host and origin. */
struct pp_attribution pp_attribution_of_row(const struct pp_endpoint_row *row, const char *host, uint16_t port,
					    enum pp_attributed_by by);
struct pp_attribution pp_attribute_host(const struct pp_attributor *attributor, const char *host, uint16_t port);
struct pp_attribution pp_attribute_addr(const struct pp_attributor *attributor, const struct pp_addr *addr,
					uint16_t port);

#endif

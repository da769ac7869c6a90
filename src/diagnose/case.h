/* case: everything a rule may ask about one connection or lookup; private to diagnose/.
 *
 * Shape   pp_case_of() and pp_case_of_lookup() gather the facts, their place in the tables and the gates; predicates
 * only read.  Pointers to records are never NULL: a connection without a record meets an empty one.
 */
#ifndef PP_DIAGNOSE_CASE_H
#define PP_DIAGNOSE_CASE_H

#include "diagnose/state.h"

#include <string.h>

/* Gates CAP-01 to CAP-12 as bits. */
#define PP_CAP(n) (1U << (n))
/* Beside CAP-09: it is known that packets were lost just while this waited, so that no silence counts.  A loss of which
 * only the sum is known says less: then only what one lost packet would explain is doubted. */
#define PP_LOST (1U << 13)
/* Beside CAP-06: packets of this connection came so much out of order that what came first is not known. */
#define PP_DISORDERED (1U << 14)
/* Beside CAP-09: another capture point has segments that this one lacks, and may be the one that counts. */
#define PP_ELSEWHERE (1U << 15)
/* Beside CAP-03: what was spoken cannot be told, so nothing says that it is well. */
#define PP_UNREAD (1U << 16)
#define PP_LOST_TEXT N_("the capturer lost packets in this time")

/* How surely somebody in the middle ends the TLS of this connection (INSP-01, INSP-02). */
enum pp_inspected { PP_NOT_INSPECTED, PP_LIKELY_INSPECTED, PP_SURELY_INSPECTED };

struct pp_case {
	const struct pp_diagnosis *diagnosis;
	const struct pp_connection *conn;  /* NULL: a lookup */
	const struct pp_lookup *lookup;    /* NULL: a connection */
	const struct pp_failed_unit *unit; /* a service; then there is neither */
	const struct pp_attribution *who;
	struct pp_shape shape;
	const struct pp_tcp_facts *tcp;
	const struct pp_tcp_side *client, *server;
	const struct pp_baseline *address; /* the server's */
	const struct pp_service *service;
	const struct pp_host *host; /* mostly at `host_room` */
	struct pp_host host_room;
	struct pp_places places;
	enum pp_path path;
	int64_t end; /* when the capture ends that holds it */
	unsigned gates;
	const struct pp_issuer_row *issuer; /* of the leaf; NULL: not listed, or no leaf seen */
	enum pp_inspected inspected;
	bool doubted;   /* only the time says that it is inspected, and its proxy is known not to do that always */
	uint64_t signs; /* enum pp_sign */
};

void pp_case_of(struct pp_case *c, const struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
		const struct pp_attribution *who, const struct pp_places *places);
bool pp_granted_early(const struct pp_shape *shape); /* a tunnel, before anybody else can have been asked */
const struct pp_issuer_row *pp_listed_issuer(struct pp_diagnosis *diagnosis,
					     const struct pp_shape *shape); /* of the chain; NULL: none is */
/* Adds what the certificates say; keeps the catalogue's answers in the diagnosis. */
void pp_case_inspect(struct pp_case *c, struct pp_diagnosis *diagnosis);
void pp_case_of_unit(struct pp_case *c, const struct pp_diagnosis *diagnosis, const struct pp_failed_unit *unit);
void pp_case_of_lookup(struct pp_case *c, const struct pp_diagnosis *diagnosis, const struct pp_lookup *lookup,
		       const struct pp_attribution *who);

/* signs.c; behind pp_case_inspect() */
uint64_t pp_signs_of(const struct pp_case *c);
static inline bool pp_may_hit(const struct pp_case *c, const struct pp_rule *rule)
{
	return !(rule->signs & ~c->signs);
}

/* gates.c */
unsigned pp_gates_of(const struct pp_case *c);
unsigned pp_gates_of_lookup(const struct pp_case *c);
unsigned pp_gates_vetoing(unsigned needs);   /* the gates that a rule with these needs does not pass */
int64_t pp_silence(const struct pp_case *c); /* from the server's last packet to the end of the connection or capture */
bool pp_waited(const struct pp_case *c);     /* long enough for the silence to mean something */

/* baseline.c: is this the sender that usually speaks for the address? */
bool pp_ttl_is_foreign(const struct pp_case *c, uint8_t ttl);         /* in this connection, else at this address */
bool pp_address_ttl_is_foreign(const struct pp_case *c, uint8_t ttl); /* at this address */
struct pp_foreign {
	bool ttl, early, header; /* other hops; faster than the address can be; unlike that socket */
	const char *fields;      /* what is unlike it, or NULL */
	int64_t after_ns;        /* what it answers to the reset; -1 */
};
struct pp_foreign pp_reset_is_foreign(const struct pp_case *c);
bool pp_seen_from_client(const struct pp_case *c);                 /* distances in this capture are the client's */
bool pp_host_worked_for(const struct pp_case *c);                  /* one of its host's successes was its client's */
const struct pp_overview *pp_overview_of(const struct pp_case *c); /* what its client's connections tell */
bool pp_is_near(const struct pp_case *c);        /* the TCP end is within a LAN round trip of the client */
bool pp_equals_working(const struct pp_case *c); /* TTL and RTT are those of this address's working connections */

/* contrast.c */
const struct pp_good_name *pp_other_name(const struct pp_case *c); /* other name that passed here; NULL: none */
const char *pp_good_name_text(const struct pp_case *c, const struct pp_good_name *good);
const struct pp_mark *pp_other_port(const struct pp_case *c, uint16_t *ret_port); /* NULL: none */
enum pp_terminator { PP_NO_TERMINATOR, PP_NEAR_ONLY, PP_TERMINATOR };
enum pp_terminator pp_terminator_here(const struct pp_case *c);
bool pp_is_outdone(const struct pp_case *c);         /* better offers than its old one are made and pass here */
bool pp_short_hello_passed(const struct pp_case *c); /* a smaller ClientHello to this name was answered */

/* group.c */
bool pp_sibling_won(const struct pp_case *c, struct pp_mark *ret_mark);
struct pp_mark pp_leg_granted(const struct pp_case *c);  /* 2xx after this 407, by a later leg */
bool pp_leg_pending(const struct pp_case *c);            /* a later leg with credentials, and its end was not seen */
struct pp_mark pp_leg_rejected(const struct pp_case *c); /* 407 after final credentials, in this or another leg */
bool pp_resets_elsewhere(const struct pp_case *c, struct pp_addr *ret_other, unsigned *ret_servers);

/* Small questions many rules ask. */
static inline bool pp_stage_is(const struct pp_case *c, enum pp_stage stage) { return c->shape.stage == stage; }

/* Its FIN or RST came first. */
static inline bool pp_closed_by_server(const struct pp_case *c)
{
	return c->shape.ending == PP_SERVER_FIN || c->shape.ending == PP_SERVER_RST;
}

static inline bool pp_closed_by_client(const struct pp_case *c)
{
	return c->shape.ending == PP_CLIENT_FIN || c->shape.ending == PP_CLIENT_RST;
}

/* An authentic ICMP error that says why nothing came back; NULL: none. */
const struct pp_icmp_error *pp_icmp_of(const struct pp_case *c, bool (*wanted)(const struct pp_icmp_error *error));

/* It was cut before it told whom it was for: its host is only whoever has that address. */
static inline bool pp_name_unseen(const struct pp_case *c)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	if (!(c->gates & PP_CAP(3)) || (tls && pp_seen(tls->client_hello) && !tls->sni_unknown))
		return false;
	return c->who->by == PP_ATTRIBUTED_BY_NOTHING || c->who->by == PP_ATTRIBUTED_BY_DNS ||
	       c->who->by == PP_ATTRIBUTED_BY_ADDRESS || c->who->by == PP_ATTRIBUTED_BY_SERVICE_TAG;
}

/* It was sent so that it shall not arrive: no stack begins so low, and a route trace goes no further. */
static inline bool pp_traces_route(const struct pp_case *c)
{
	return c->client->profile.ttl_max != 0 && c->client->profile.ttl_max <= 30;
}

static inline bool pp_is_web_port(uint16_t port) { return port == 443 || port == 80; }

enum { PP_DNS_PORT = 53, PP_DNS_OVER_TLS_PORT = 853 };

/* lookup.c: the lookups at the resolver that this connection wants to ask, too; NULL: there are none, or it does not. */
const struct pp_name *pp_lookups_beside(const struct pp_case *c);

bool pp_is_azure(const struct pp_case *c); /* the catalogue knows it */
bool pp_is_revocation_host(const struct pp_attribution *who);
/* Asked of every connection, so the first letter decides before a call does. */
static inline bool pp_is_wpad_host(const struct pp_attribution *who)
{
	const char *host = who->host, *category = who->category;

	return (category[0] == 'w' && strcmp(category, "wpad") == 0) ||
	       (host && host[0] == 'w' && strncmp(host, "wpad", 4) == 0 && (host[4] == '\0' || host[4] == '.'));
}

bool pp_is_script(const char *target); /* a path that ends in a proxy script */

/* The host, or a PAC file is asked for. */
static inline bool pp_is_wpad(const struct pp_case *c)
{
	return pp_is_wpad_host(c->who) || (c->shape.exchange && pp_is_script(c->shape.exchange->target));
}

bool pp_is_mtls(
    const struct pp_case *c); /* the profile, or another connection, says that a client certificate is asked */
const struct pp_http_reply *
pp_proxy_reply(const struct pp_case *c); /* by the proxy itself to the latest request; NULL */
static inline const char *pp_asked_host(const struct pp_case *c)
{
	return c->shape.exchange && c->shape.exchange->host ? c->shape.exchange->host : c->who->host;
}

/* The first alert of a side that can be read and ends a session; NULL: none.  One that only answers the server's end is
 * none: it says nothing of what the server sent. */
const struct pp_tls_alert *pp_alert_from(const struct pp_case *c, enum pp_side side);
bool pp_is_pending(const struct pp_case *c); /* the client spoke last and was not answered */

bool pp_profile_wants_mtls(const struct pp_case *c); /* the agent's profile says so of this category */

/* trust.c: why the client refused the server's certificate; one cause, so that one rule speaks. */
enum pp_trust {
	PP_TRUST_FINE,       /* it did not refuse */
	PP_TRUST_INSPECTION, /* INSP-06 */
	PP_TRUST_CLOCK,      /* LOC-05 */
	PP_TRUST_TIME,       /* TRUST-03 */
	PP_TRUST_NAME,       /* TRUST-04 */
	PP_TRUST_REVOCATION, /* TRUST-05 */
	PP_TRUST_CHAIN,      /* TRUST-06 */
	PP_TRUST_OTHER,      /* TRUST-01, TRUST-02 */
};
enum pp_trust pp_trust_of(const struct pp_case *c);
bool pp_speaks_of_certificate(uint8_t alert_code);
bool pp_is_anothers(const struct pp_case *c); /* the certificate is made out to other names than was asked for */
/* It left behind a complete handshake without a word, tickets on their way: a test of the connection does so, too. */
bool pp_may_only_look(const struct pp_case *c);
const struct pp_tls_alert *
pp_trust_alert(const struct pp_case *c); /* the client's word against the certificate; NULL */
bool pp_certificate_covers(const struct pp_tls_certificate *leaf, const char *host);
void pp_cite_refusal(const struct pp_case *c, struct pp_verdict *verdict); /* alert, or leaving */
enum pp_owner pp_trust_owner(const struct pp_case *c);

/* ------------------------------------------------------------------ evidence (evidence.c) */

static inline void pp_cite(struct pp_verdict *verdict, struct pp_evidence evidence)
{
	struct pp_evidence *to = &verdict->evidence[verdict->evidence_count];

	if (verdict->evidence_count == PP_EVIDENCE_MAX)
		return;
	verdict->evidence_count++;
	/* Field by field: compilers build a whole one first, and to copy that at once waits for its parts to be stored. */
	to->kind = evidence.kind;
	to->side = evidence.side;
	to->mark.ts = evidence.mark.ts;
	to->mark.packet = evidence.mark.packet;
	to->mark.file = evidence.mark.file;
	to->mark.spare = evidence.mark.spare;
	to->a = evidence.a;
	to->b = evidence.b;
	to->text = evidence.text;
	to->addr = evidence.addr;
}

void pp_cite_syn(const struct pp_case *c, struct pp_verdict *verdict);
void pp_cite_syn_ack(const struct pp_case *c, struct pp_verdict *verdict);
void pp_cite_hello(const struct pp_case *c, struct pp_verdict *verdict);
void pp_cite_request(const struct pp_case *c, struct pp_verdict *verdict); /* ClientHello, or HTTP or SOCKS request */
void pp_cite_tunnel(const struct pp_case *c, struct pp_verdict *verdict);  /* how it was asked for and granted */
void pp_cite_acked(const struct pp_case *c, struct pp_verdict *verdict);
void pp_cite_silence(const struct pp_case *c, struct pp_verdict *verdict, struct pp_mark since);
void pp_cite_reset(const struct pp_case *c, struct pp_verdict *verdict);
void pp_cite_foreign(const struct pp_case *c, struct pp_verdict *verdict, const struct pp_foreign *foreign);
void pp_cite_fin(const struct pp_case *c, struct pp_verdict *verdict, enum pp_side side);
void pp_cite_end(const struct pp_case *c, struct pp_verdict *verdict); /* whichever of FIN and RST it was */
void pp_cite_alert(struct pp_verdict *verdict, const struct pp_tls_alert *alert);
void pp_cite_server_hello(const struct pp_case *c, struct pp_verdict *verdict);
void pp_cite_certificate(const struct pp_case *c, struct pp_verdict *verdict);
void pp_cite_data(const struct pp_case *c, struct pp_verdict *verdict);
void pp_cite_reply(struct pp_verdict *verdict, const struct pp_http_reply *reply, bool proxy);
void pp_cite_gap(const struct pp_case *c, struct pp_verdict *verdict);

/* Grades the verdict and says that it is a hit. */
static inline bool pp_hit(struct pp_verdict *verdict, enum pp_grade grade)
{
	verdict->grade = grade;
	return true;
}

/* The same for a rule whose hit may mean less than a fault here. */
static inline bool pp_hit_as(struct pp_verdict *verdict, enum pp_outcome outcome, enum pp_grade grade)
{
	verdict->outcome = outcome;
	return pp_hit(verdict, grade);
}

#endif

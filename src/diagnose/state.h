/* state: what a diagnosis remembers of all connections and lookups; private to diagnose/.
 *
 * Shape   tables filled by observe(), final after prepare(): baselines per address, contrasts per address and port, per
 * host and per moment.  Every field is a count, a set, an extreme or "the earliest", so that the order of observe()
 *         calls leaves no trace.
 * Owns    its records and copies of names; a record refers to another by its number in the table.
 * Limits  PP_MAP_MOST records a table, twice as many groups, fewer with less memory; a connection without a record meets
 *         an empty one: no contrast, no claim.
 */
#ifndef PP_DIAGNOSE_STATE_H
#define PP_DIAGNOSE_STATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/time.h"
#include "diagnose/diagnose.h"
#include "diagnose/host.h"
#include "diagnose/map.h"
#include "diagnose/plan.h"
#include "diagnose/shape.h"
#include "diagnose/table.h"
#include "diagnose/wins.h"

#include <stdalign.h>

/* The two lowest values with whose they are, so that a connection can ask about all the others. */
struct pp_lowest {
	int64_t ns[2]; /* and 1 ns; 0: none */
	uint32_t index[2];
};

void pp_lowest_put(struct pp_lowest *lowest, int64_t ns, uint32_t index);
/* Below 0 there is none to add: most connections of a storm. */
static inline void pp_lowest_add(struct pp_lowest *lowest, int64_t ns, uint32_t index)
{
	if (ns >= 0)
		pp_lowest_put(lowest, ns, index);
}
int64_t pp_lowest_but(const struct pp_lowest *lowest, uint32_t index); /* -1: no other */

/* How many routers a packet has passed: stacks begin at 64, 128 or 255. */
static inline unsigned pp_hops(uint8_t ttl) { return (ttl <= 64 ? 64U : ttl <= 128 ? 128U : 255U) - ttl; }

/* How many hops away packets were sent. */
struct pp_distances {
	uint64_t bits[2]; /* of 0 to 126 hops */
};

static inline void pp_distances_add(struct pp_distances *distances, uint8_t ttl)
{
	unsigned hops = pp_hops(ttl);

	if (ttl)
		distances->bits[hops >> 6] |= 1ULL << (hops & 63);
}

/* A capture may bring more of these records than a cache holds: what every connection asks for stands first, and where
 * it costs little a record begins with a cache line. */
enum { PP_RECORD_LINE = 64 };

/* One IP address. */
struct pp_baseline {
	alignas(PP_RECORD_LINE) struct pp_map_key key;
	struct pp_distances distances;           /* of its packets, resets apart */
	uint64_t closed_ports;                   /* ports of it that refused or stayed silent, hashed to a bit each */
	bool options_seen : 1, options_vary : 1; /* CAP-11 */
	bool is_client : 1;
	bool scanned : 1; /* so many of its ports were tried in vain that somebody scans it */
	bool scans : 1;   /* asked many nameless hosts in vain within PROBED_NS */
	bool heard : 1;   /* packets of another host to it were captured */
	uint16_t mss;
	uint32_t option_order; /* of its SYN-ACKs */
	uint32_t host;         /* the place of the host that has only this address, … */
	uint32_t service;      /* … and of its first port; 0: not looked for yet */
	uint16_t service_port;
	uint16_t answered_port[2];   /* … and those ports */
	uint16_t overview;           /* of a client, its number + 1; 0: the shared one */
	struct pp_lowest rtt;        /* of TCP handshakes with it */
	struct pp_mark answered[2];  /* earliest SYN-ACK of the two lowest ports that sent one, … */
	struct pp_lowest hello;      /* ClientHello to ServerHello */
	struct pp_lowest worked_rtt; /* of connections that worked */
	struct pp_distances worked_distances;
	uint64_t names; /* catalogued registrable domains whose lookups gave this address, a bit each */
};

enum { PP_NAMES_KEPT = 3, PP_CANDIDATES_MAX = 4 };

/* A host that did well at an address and port. */
struct pp_good_name {
	struct pp_mark mark;
	uint32_t host; /* number in the table of hosts */
};

/* One IP address and port. */
struct pp_service {
	alignas(PP_RECORD_LINE) struct pp_map_key key;
	struct pp_mark answered; /* earliest SYN-ACK */
	int64_t last_answered;
	uint32_t failed_opens; /* SYN unanswered or refused */
	uint16_t best_offer;   /* highest TLS version a client offered it */
	bool proxy : 1;        /* it served as a proxy, or --proxy names it */
	bool genuine : 1;      /* in a tunnel it opened, a listed authority's certificate was shown, … */
	bool inspects : 1;     /* … or a listed inspector's */
	bool tunnels : 1;      /* it opened one, or wants credentials for it */
	uint8_t passed_count;
	struct pp_good_name passed[PP_NAMES_KEPT]; /* earliest ServerHellos, one per host, by time */
};

/* Connections to one host that began within PP_GROUP_NS: one logical connect is in this one or the neighbours. */
struct pp_group {
	struct pp_map_key key;
	struct pp_mark won, won_last; /* earliest and latest beginning of one that worked */
};

/* What a proxy answered to such connections. */
struct pp_legs {
	struct pp_map_key key;
	struct pp_mark granted;      /* latest reply other than 407 to a request with credentials */
	struct pp_mark granted_bare; /* the same without credentials */
	struct pp_mark rejected;     /* earliest 407 after final credentials */
	struct pp_mark
	    pending; /* latest request with credentials that was answered with a challenge, or not that was seen */
};

/* Connections to one port that began in one second: Happy Eyeballs where no name connects the two. */
struct pp_opening {
	struct pp_map_key key;
	struct pp_mark won[2]; /* earliest beginning of one that worked: IPv4, IPv6 */
};

/* Resets from servers in mid-session, by second. */
struct pp_reset_second {
	struct pp_map_key key;
	struct pp_addr from[3]; /* different servers, the lowest addresses */
	unsigned count;
};

/* Nameless hosts that a client asked in vain in half a PROBED_NS, hashed to a bit each. */
struct pp_probes {
	struct pp_map_key key;
	uint64_t hosts;
};

/* A name that was looked up, or a resolver that was asked. */
struct pp_name {
	struct pp_map_key key;
	struct pp_mark answered; /* earliest reply with an address */
	int64_t last_answered;
};

struct pp_known_issuer {
	struct pp_map_key key;
	const struct pp_issuer_row *row;
};

/* What the catalogue said of an issuer that was met a moment ago; most captures show a few. */
struct pp_recent_issuer {
	const struct pp_issuer_row *row;
	uint8_t used;   /* bytes of `text`; 0: free */
	char text[119]; /* CN and O, each with its NUL */
};

/* The same of a certificate that connections share, by where it lies. */
struct pp_recent_certificate {
	const struct pp_tls_certificate *certificate; /* NULL: free */
	const struct pp_issuer_row *row;
};

/* The key of a name that was met a moment ago, or is about to be. */
struct pp_recent_key {
	struct pp_map_key key;
	uint8_t len; /* 0: free */
	char name[47];
};

enum { PP_RECENT_KEYS = 32, PP_RECENT_ISSUERS = 64, PP_RECENT_CERTIFICATES = 64 };

/* A server that did well by a host. */
struct pp_good_server {
	struct pp_mark mark;
	struct pp_addr ip;
	const struct pp_host_record *host;
};

/* What the connections of one client tell of each other: another client may have another way. */
struct pp_overview {
	struct pp_mark page_470;
	struct pp_mark proxy_worked, direct_worked; /* direct: to a public address on 443 or 80 */
	struct pp_mark direct_unanswered;           /* SYN to 443 or 80 */
	int64_t last_direct_unanswered;
	struct pp_mark pac_failed;        /* fetching a proxy configuration script failed */
	struct pp_mark revocation_failed; /* CRL, OCSP or AIA host that gave no answer */
	int64_t last_revocation_failed;
	uint64_t closed_hosts;     /* hosts whose connection was closed after an acknowledged ClientHello, a bit each */
	uint16_t best_offer;       /* highest TLS version it offered anybody */
	struct pp_mark terminated; /* earliest flow with a nearby TCP end and a far ServerHello (INSP-03) */
	int64_t terminated_rtt, terminated_hello;
	struct pp_good_server good[2]; /* earliest successes, of two servers */
};

/* What all connections tell. */
struct pp_seen_at_all {
	bool scanner;                  /* some client scans */
	bool client;                   /* some host asked another for a connection or a name */
	uint32_t one_sided, two_sided; /* connections of which one direction was captured, and both */
};

enum { PP_OVERVIEWS_MOST = 1024 }; /* further clients share one */

struct pp_file_span {
	int64_t end;  /* when the capture that a file belongs to ends, files that follow at once counted in */
	bool drops;   /* the capturer lost much, nobody knows when: CAP-09 */
	unsigned run; /* files that follow one another have the same */
};

/* From one moment to another the capturer lost packets. */
struct pp_loss {
	unsigned run;
	int64_t from, until;
};

enum { PP_MACHINE_UNITS = 8, PP_UNIT_LOG = 6 };

/* A service that was to run while this was captured, and has failed. */
struct pp_failed_unit {
	const struct pp_note *note;
	const char *log[PP_UNIT_LOG]; /* its last lines */
	unsigned log_count;
};

/* The endpoint that is looked at. */
struct pp_endpoint_view {
	struct pp_endpoint endpoint;
	struct pp_verdict verdict;
	char address[PP_ADDR_TEXT];
};

struct pp_diagnosis {
	struct pp_diagnosis_options options;
	struct pp_pool pool, end_pool; /* end: as many as there are hosts, so without a cap */
	struct pp_arena arena, end_arena;
	struct pp_map addresses, services, hosts, groups, legs, openings, resets, probes, names;
	struct pp_wins wins;
	struct pp_look_alikes look_alikes[PP_LOOK_ALIKE_SLOTS];
	struct pp_plans plans;
	struct pp_map issuers; /* what the catalogue says of an issuer: asked once for each */
	struct pp_recent_issuer recent_issuers[PP_RECENT_ISSUERS];
	struct pp_recent_certificate recent_certificates[PP_RECENT_CERTIFICATES];
	struct pp_recent_key recent_keys[PP_RECENT_KEYS]; /* by the ends of their names */
	struct pp_baseline *client;                       /* the address whose connection was observed last, … */
	uint32_t last_client;                             /* … its place, … */
	uint32_t last_opening;                            /* … and that of the opening that was */
	struct pp_seen_at_all seen;
	struct pp_overview shared; /* of connections that stand for no client; after pp_overviews_settle() of all */
	struct pp_overview *overviews[PP_OVERVIEWS_MOST];
	unsigned overview_count;
	struct pp_file_span *files;
	unsigned file_count;
	bool any_drops;         /* of a file */
	struct pp_loss *losses; /* by run and time, apart */
	unsigned loss_count;
	struct pp_failed_unit units[PP_MACHINE_UNITS];
	unsigned unit_count;
	int64_t end;
	const int64_t *holes; /* the last time before each */
	unsigned hole_count;
	const struct pp_neighbour *neighbours;
	unsigned neighbour_count;
	uint64_t refused;                                        /* out of memory, beside the tables' own */
	uint32_t flows[PP_OUTCOME_INCONCLUSIVE + 1], lookups_ok; /* flows: by outcome */
	const struct pp_host_record *
	    *endpoints; /* by first packets; the first candidate of each is the one that counts */
	size_t endpoint_count;
	struct pp_endpoint_view view;
	struct pp_buf packing;
	struct pp_expectation *expectations;
	size_t expectation_count;
	struct pp_conclusion conclusion;
};

enum { PP_OPENING_SECONDS = 2 }; /* PP_GROUP_NS in those of openings */

enum pp_path { PP_DIRECT, PP_BY_PROXY };

/* Thresholds; "(default)" of the diagnosis facts unless said otherwise. */
#define PP_GROUP_NS (2 * PP_SECOND) /* 0.3: attempt group */
#define PP_LEGS_NS (10 * PP_SECOND) /* legs of one proxy authentication: a ticket may have to be fetched first */
#define PP_LAN_NS (5 * PP_MS)       /* a TCP end nearer than this may be a terminator */
#define PP_WAN_GAP_NS (10 * PP_MS)  /* INSP-03: its ServerHello takes that much longer */
#define PP_CLOSE_AFTER_HELLO_NS (1200 * PP_MS) /* FW-08: "within 1 s", and the way there */
#define PP_SILENCE_NS (10 * PP_SECOND)         /* SRV-04 */
#define PP_PATIENCE_NS (2800 * PP_MS)          /* LOC-02: a client that waited 3 s and left has not been answered */
#define PP_SYN_WAIT_NS (4500 * PP_MS) /* CAP-08 of a SYN; the shortest retransmission clocks send four by then */
#define PP_IDLE_NS (60 * PP_SECOND)   /* IDLE-01 */
#define PP_AT_ONCE_NS PP_SECOND       /* TRUST-02: the client leaves within; any answer on the way comes within */

static inline int64_t pp_second_of(int64_t ts) { return ts / PP_SECOND; }

static inline int64_t pp_bucket_of(int64_t ts) { return ts / PP_GROUP_NS; } /* of attempt groups */

static inline struct pp_map_key pp_key_of_addr(const struct pp_addr *ip)
{
	struct pp_addr_words words = pp_addr_words(ip);

	return (struct pp_map_key){ { words.high, words.low } };
}

struct pp_map_key pp_key_of_text(const struct pp_diagnosis *diagnosis, const char *text);
struct pp_map_key pp_key_of_name(struct pp_diagnosis *diagnosis, const char *name); /* the same; kept for a moment */
struct pp_map_key pp_key_of_socket(const struct pp_diagnosis *diagnosis, const struct pp_endpoint_addr *socket);
/* Of a name that a client asked for; the same of all whose address does not tell them from others. */
struct pp_map_key pp_key_of_name_for(const struct pp_diagnosis *diagnosis, const struct pp_map_key *name,
				     const struct pp_addr *client);
struct pp_map_key pp_key_of_moment(const struct pp_diagnosis *diagnosis, const struct pp_map_key *what, int64_t moment);

static inline void pp_keep_earliest(struct pp_mark *mark, struct pp_mark now)
{
	if (!pp_seen(*mark) || pp_mark_later(mark, &now))
		*mark = now;
}

static inline void pp_keep_last(struct pp_mark *mark, struct pp_mark now)
{
	if (!pp_seen(*mark) || pp_mark_later(&now, mark))
		*mark = now;
}

static inline void pp_keep_latest(int64_t *ts, int64_t now)
{
	if (now > *ts)
		*ts = now;
}

/* A bit of a 64-bit set; unequal values may share one.  Never of a keyed hash: the key differs from run to run. */
static inline uint64_t pp_bit_of(uint64_t value) { return 1ULL << (value * 0x9e3779b97f4a7c15ULL >> 58); }

uint64_t pp_bit_of_text(const char *text);
uint64_t pp_bit_of_host(const struct pp_host_record *record); /* NULL: of none */

/* Whether a request is for that host: one connection may carry some for others.  Without a name it may be. */
static inline bool pp_is_for(const char *request_host, const char *host)
{
	return !request_host || !host || strcmp(request_host, host) == 0;
}

/* FW-08's shape: the whole ClientHello was acknowledged, and then the other end closed without a byte. */
bool pp_closed_after_hello(const struct pp_connection *conn, const struct pp_shape *shape);
/* The client said goodbye or closed before the server did: `*ret_left` tells when. */
bool pp_left_first(const struct pp_shape *shape, struct pp_mark *ret_left);
/* TRUST-02's shape: the server's flight was there, and the client left without a word of its own. */
bool pp_left_silently(const struct pp_connection *conn, const struct pp_shape *shape, struct pp_mark *ret_left);
/* The reset came out of a long silence, or answers the first data after one. */
bool pp_reset_after_idle(const struct pp_tcp_facts *tcp);
/* TLS 1.3: what the client's first encrypted records say about client authentication. */
enum pp_client_auth { PP_AUTH_UNKNOWN, PP_AUTH_NOT_ASKED, PP_AUTH_EMPTY, PP_AUTH_SENT };
enum pp_client_auth pp_client_auth_of(const struct pp_tls_facts *tls);
unsigned pp_finished_len(const struct pp_tls_facts *tls); /* of its record, without padding */

/* The parts of observe(); what they give back are places. */
/* The place of a client's address; 0: it is not known. */
uint32_t pp_client_place(const struct pp_diagnosis *diagnosis, const struct pp_addr *client);
uint32_t pp_baseline_observe(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			     const struct pp_attribution *who, const struct pp_shape *shape);
void pp_baseline_observe_lookup(struct pp_diagnosis *diagnosis, const struct pp_lookup *lookup);
void pp_contrast_observe(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			 const struct pp_attribution *who, const struct pp_shape *shape, struct pp_places *ret_places);
void pp_group_observe_it(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			 const struct pp_attribution *who, const struct pp_shape *shape,
			 const struct pp_places *places);

/* One that worked, for those who may have lost to it. */
void pp_group_won(struct pp_diagnosis *diagnosis, const struct pp_win *win,
		  bool for_any); /* … client of the other family */
void pp_group_leg(struct pp_diagnosis *diagnosis, const struct pp_win *win);
void pp_group_opening_won(struct pp_diagnosis *diagnosis, const struct pp_win *win);
void pp_group_given_up(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
		       const struct pp_attribution *who, const struct pp_places *places);

/* overview.c */
/* Whether a client's address tells it from others: not so with IPv6 and with loopback. */
static inline bool pp_stands_for_itself(const struct pp_addr *client)
{
	return pp_addr_is_v4(client) && !pp_addr_is_loopback(client);
}

void pp_overview_observe(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			 const struct pp_attribution *who, const struct pp_shape *shape, const struct pp_host *host,
			 struct pp_host_record *record);
void pp_overviews_settle(struct pp_diagnosis *diagnosis); /* after the last of them */

/* What was left unanswered, or refused, is of no group yet. */
static inline void pp_group_observe(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
				    const struct pp_attribution *who, const struct pp_shape *shape,
				    const struct pp_places *places)
{
	if (shape->worked || shape->passed || conn->http ||
	    (shape->ending == PP_SERVER_RST && shape->stage != PP_STAGE_SYN))
		pp_group_observe_it(diagnosis, conn, who, shape, places);
	if (pp_is_given_up(shape))
		pp_group_given_up(diagnosis, conn, who, places);
}

/* The host's place, or 0.  `address`: the record of the server's, or NULL. */
uint32_t pp_host_put(struct pp_diagnosis *diagnosis, const char *host, const struct pp_addr *server,
		     const char *category, struct pp_mark first, struct pp_baseline *address);

/* After the last judge(). */
enum pp_err PP_MUST_CHECK pp_endpoints_weigh(struct pp_diagnosis *diagnosis);
/* Valid until the next call. */
const struct pp_endpoint *pp_endpoint_of(struct pp_diagnosis *diagnosis, const struct pp_host_record *host);
/* Its name or address, for as long as the diagnosis; NULL without memory. */
const char *pp_endpoint_name(struct pp_diagnosis *diagnosis, const struct pp_host_record *host);
enum pp_err PP_MUST_CHECK pp_expectations_weigh(struct pp_diagnosis *diagnosis);
enum pp_err PP_MUST_CHECK pp_conclusion_draw(struct pp_diagnosis *diagnosis);

#endif

/* findings: what a report tells, gathered from the visit: the model that the writers for people print from.
 *
 * Shape   a visitor fills it.  Faults are grouped: one finding for an endpoint and a rule, with its first failing
 *         connection or lookup and the number of the rest; the endpoints that follow tell how much it weighs.
 * Errors  none outward: what does not fit is counted in `left_out` and the report says so.
 * Owns    copies of everything a visit only lends; rule texts stay the rule table's.
 * Limits  the *_MAX below and PP_FINDINGS_BYTES in all.
 */
#ifndef PP_REPORT_FINDINGS_H
#define PP_REPORT_FINDINGS_H

#include "base/arena.h"
#include "engine/analysis.h"

enum {
	PP_FINDINGS_BYTES = 64 << 20,
	PP_FINDINGS_MAX = 200, /* faults; as many notes */
	PP_FINDINGS_ENDPOINTS_MAX = 5000,
	PP_FINDINGS_CAPTURES_MAX = 500,
	PP_FINDINGS_FLOWS_MAX = 20000, /* lines of -v */
	PP_FINDINGS_CHAIN_BITS = 8,
};

/* Where a finding was first seen: a connection or a lookup. */
struct pp_finding_place {
	bool lookup;
	uint16_t file;
	uint32_t stream;                        /* connections */
	struct pp_endpoint_addr client, server; /* lookups: the resolver */
	struct pp_mark first, last; /* packet 0: only file and stream are known, from the endpoint's verdict */
};

/* How the endpoint of a fault fared after retries and fallbacks were weighed. */
enum pp_finding_weight {
	PP_WEIGHT_UNKNOWN,   /* no endpoint was told about */
	PP_WEIGHT_COUNTS,    /* this is the verdict of its endpoint */
	PP_WEIGHT_BESIDE,    /* its endpoint has a fault, but another rule says it better */
	PP_WEIGHT_MADE_GOOD, /* its endpoint is not at fault in the end */
};

/* A list in order of arrival, with what was refused for its cap or for memory.  A node is the first member of what it
 * links, so a node may be cast to it. */
struct pp_finding_node {
	struct pp_finding_node *next;
};

struct pp_finding_list {
	struct pp_finding_node *first, *last;
	uint32_t count, left_out;
};

struct pp_finding {
	struct pp_finding_node node;
	const struct pp_finding_list *list; /* where it is, … */
	struct pp_finding *chained;         /* … and the next of its chain */
	const char *host, *category;        /* host: name, or the address as text */
	struct pp_verdict verdict;
	struct pp_finding_place place;
	bool has_place; /* false: no connection or lookup stands behind it */
	uint32_t count; /* connections or lookups alike, this one included */
	enum pp_finding_weight weight;
};

struct pp_finding_endpoint {
	struct pp_finding_node node;
	const char *host, *category;
	uint32_t flows, failed, succeeded;
	bool direct, proxy;
	const struct pp_rule *rule; /* or NULL */
	enum pp_outcome outcome;
	struct pp_mark mark; /* first of its evidence; packet 0: none */
};

struct pp_finding_flow {
	struct pp_finding_node node;
	struct pp_finding_place place;
	const char *host;
	const struct pp_rule *rule; /* or NULL */
	enum pp_outcome outcome;
};

struct pp_finding_capture {
	struct pp_finding_node node;
	struct pp_capture capture;
	struct pp_source_info source;
	struct pp_limits_hit limits;
};

struct pp_finding_expectation {
	struct pp_finding_node node;
	struct pp_expectation expectation;
};

struct pp_findings {
	struct pp_pool pool;
	struct pp_arena arena;
	bool want_flows;
	const char *const *paths; /* borrowed: input files by index */
	unsigned path_count;
	struct pp_finding_list captures;     /* struct pp_finding_capture */
	struct pp_finding_list faults;       /* struct pp_finding */
	struct pp_finding_list notes;        /* struct pp_finding: lesser findings (`also`) */
	struct pp_finding_list flows;        /* struct pp_finding_flow: connections and lookups, if wanted */
	struct pp_finding_list endpoints;    /* struct pp_finding_endpoint */
	struct pp_finding_list expectations; /* struct pp_finding_expectation */
	/* Faults and notes by a mix of host and rule: asked for every connection. */
	struct pp_finding *chains[1 << PP_FINDINGS_CHAIN_BITS];
	struct pp_conclusion conclusion; /* without its list of hosts: see `faults` */
	struct pp_visitor visitor;
};

/* `findings` must stay where it is as long as its visitor is used. */
void pp_findings_init(struct pp_findings *findings, const char *const *paths, unsigned path_count, bool want_flows);
void pp_findings_done(struct pp_findings *findings);
const char *pp_findings_path(const struct pp_findings *findings, uint16_t file); /* never NULL */
const char *pp_findings_name(const struct pp_findings *findings, uint16_t file); /* its last component */

#endif

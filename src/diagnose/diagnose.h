/* diagnose: facts in, verdicts out.
 *
 * Shape   observe() takes every finished connection and lookup once, in any order, and keeps only bounded aggregates:
 *         baselines per address, contrasts, attempt groups, outcomes per host.  After prepare(), judge() is asked for
 *         each connection and lookup once, in order of first packets.  conclude() weighs everything together.
 * Owns    its tables and the text it needs later (copied); verdicts given out point into the facts judged.
 * Limits  caps on addresses, hosts and groups; beyond them contrasts are missing, never wrong, and refused() counts.
 */
#ifndef PP_DIAGNOSE_DIAGNOSE_H
#define PP_DIAGNOSE_DIAGNOSE_H

#include "attribute/proxy_setting.h"
#include "diagnose/rule.h"

struct pp_diagnosis;

struct pp_diagnosis_options {
	const struct pp_catalogue *catalogue;
	const struct pp_attributor *attributor;
	const struct pp_agent_row *agent; /* NULL: none */
	const char *const *proxy_names;   /* --proxy with a name, lower case, borrowed */
	unsigned proxy_name_count;
	size_t memory; /* scales its tables and caps what it keeps; 0: as much as anybody may need */
	const struct pp_proxy_settings *settings; /* that a live capture noted, borrowed; NULL: none */
	struct pp_hash_key key;
};

struct pp_diagnosis *pp_diagnosis_new(const struct pp_diagnosis_options *options);
void pp_diagnosis_free(struct pp_diagnosis *diagnosis);

/* Where observe() has booked a connection, for judge(): numbers of records, + 1; 0: there was no room. */
struct pp_places {
	uint32_t address, service, host;
};

void pp_diagnosis_observe(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			  const struct pp_attribution *who, struct pp_places *ret_places);
/* The name of the host a connection was booked with; NULL: it has none, or no place. */
const char *pp_diagnosis_host(const struct pp_diagnosis *diagnosis, const struct pp_places *places);
/* Whether asking for memory before it is needed is of use: little of it stays in the cache by itself. */
bool pp_diagnosis_scattered(const struct pp_diagnosis *diagnosis);
/* Connections with these servers are about to be observed: lets the memory of their places arrive. */
void pp_diagnosis_expect(const struct pp_diagnosis *diagnosis, const struct pp_addr *servers, unsigned count);
/* … and to hosts with these names, or NULL. */
void pp_diagnosis_expect_names(struct pp_diagnosis *diagnosis, const char *const *names, unsigned count);
/* Lets the memory of a connection's places arrive while others are judged. */
void pp_diagnosis_prefetch(const struct pp_diagnosis *diagnosis, const struct pp_places *places);
void pp_diagnosis_prefetch_more(const struct pp_diagnosis *diagnosis, const struct pp_places *places); /* later */
/* The place of the host with that name; `otherwise` without one. */
uint32_t pp_diagnosis_host_place(const struct pp_diagnosis *diagnosis, const char *name, uint32_t otherwise);
/* --proxy with an address. */
enum pp_err PP_MUST_CHECK pp_diagnosis_proxy(struct pp_diagnosis *diagnosis, const struct pp_endpoint_addr *proxy);
void pp_diagnosis_observe_lookup(struct pp_diagnosis *diagnosis, const struct pp_lookup *lookup,
				 const struct pp_attribution *who);
/* When the whole input fell silent for so long that it was hardly captured, in their order; borrowed. */
void pp_diagnosis_holes(struct pp_diagnosis *diagnosis, const int64_t *from, unsigned count);
/* After the last observe() and proxy(): the time span of the whole input, and what every file's source and counters say. */
void pp_diagnosis_prepare(struct pp_diagnosis *diagnosis, int64_t first, int64_t last,
			  const struct pp_capture *captures, unsigned capture_count,
			  const struct pp_neighbour *neighbours, unsigned neighbour_count);

void pp_diagnosis_judge(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			const struct pp_attribution *who, const struct pp_places *places,
			struct pp_judgement *ret_judgement);
/* Called with one more host that a connection carried requests for, as if that were a connection of its own. */
typedef enum pp_err (*pp_tell_host)(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
				    const struct pp_judgement *judgement);
/* Each is booked with its host and told; the connection counts once, as what it is itself.  What `tell` returns stops it. */
enum pp_err pp_diagnosis_judge_others(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
				      const struct pp_attribution *who, const struct pp_places *places,
				      pp_tell_host tell, void *context);
void pp_diagnosis_judge_lookup(struct pp_diagnosis *diagnosis, const struct pp_lookup *lookup,
			       const struct pp_attribution *who, struct pp_judgement *ret_judgement);

/* One host name or, without one, address; the verdict after retries, fallbacks and parallel attempts. */
struct pp_endpoint {
	const char *host; /* name, or the address as text */
	const char *category;
	uint32_t flows, failed, succeeded;
	bool direct, proxy; /* paths seen */
	uint16_t file;      /* of the connection that carries the verdict */
	uint32_t stream;
	bool hurt_agent;                  /* a failure of it may have been the agent's own, not another process's */
	bool by_lookup;                   /* the verdict comes from a lookup: no connection was made */
	const struct pp_verdict *verdict; /* never NULL; of its evidence only what there is (pp_verdict_copy()) */
};

enum pp_expectation_seen { PP_SEEN_OK, PP_SEEN_FAULT, PP_SEEN_NEVER };

struct pp_expectation {
	const char *category;
	bool required;
	enum pp_expectation_seen seen;
	const char *endpoints[16];
	unsigned endpoint_count;
};

enum { PP_MACHINE_FINDINGS = 8 };

struct pp_conclusion {
	struct pp_verdict verdict; /* rule NULL: nothing could be concluded or nothing was wrong */
	enum pp_outcome outcome;
	const char **faults; /* endpoint hosts with a fault, in order of first packets */
	unsigned fault_count;
	/* Faults of the machine as a whole, which no endpoint carries; the verdict may be one of them. */
	struct pp_verdict machine[PP_MACHINE_FINDINGS];
	unsigned machine_count;
	uint32_t flows_ok, flows_fault, flows_inconclusive;
	int exit_status; /* 0, 1 or 2 of the contract */
};

/* After the last judge(). */
enum pp_err PP_MUST_CHECK pp_diagnosis_conclude(struct pp_diagnosis *diagnosis);
size_t pp_diagnosis_endpoint_count(const struct pp_diagnosis *diagnosis);
/* In order of first packets; valid until the next call. */
const struct pp_endpoint *pp_diagnosis_endpoint_at(struct pp_diagnosis *diagnosis, size_t i);
size_t pp_diagnosis_expectation_count(const struct pp_diagnosis *diagnosis);
const struct pp_expectation *pp_diagnosis_expectation_at(const struct pp_diagnosis *diagnosis, size_t i);
const struct pp_conclusion *pp_diagnosis_conclusion(const struct pp_diagnosis *diagnosis);
uint64_t pp_diagnosis_refused(const struct pp_diagnosis *diagnosis);
size_t pp_diagnosis_memory(const struct pp_diagnosis *diagnosis); /* bytes that what was observed takes */

#endif

/* analysis: one run from captures to verdicts; drives the pipeline and owns everything in it.
 *
 * Shape   pp_analysis_new() → pp_analysis_run() (reads the sources to their end) → pp_analysis_visit(), once (judges in
 *         order of first packets and hands everything to a writer, in the order of the JSON contract).
 * Errors  a verdict on traffic is data; PP_NOMEM and PP_IO (spool) travel up.
 * Owns    all facts; what a visitor is given lives until its callback returns.
 */
#ifndef PP_ENGINE_ANALYSIS_H
#define PP_ENGINE_ANALYSIS_H

#include "diagnose/diagnose.h"
#include "source/filter.h"
#include "source/timeline.h"

struct pp_analysis;

/* A proxy given by name; its addresses are those that DNS answers in the capture give. */
struct pp_proxy_name {
	char host[256]; /* lower case */
	uint16_t port;
};

struct pp_analysis_options {
	const struct pp_catalogue *catalogue;   /* borrowed */
	const struct pp_service_tags *tags;     /* borrowed, may be NULL */
	const struct pp_agent_row *agent;       /* borrowed, may be NULL */
	const struct pp_endpoint_addr *proxies; /* borrowed */
	unsigned proxy_count;
	const struct pp_proxy_name *proxy_names; /* borrowed */
	unsigned proxy_name_count;
	struct pp_filter *filter; /* borrowed: only these frames are looked at; NULL: all */
	size_t max_memory;        /* bytes for tables and buffers; 0: the default */
	struct pp_spill *spill;   /* borrowed: for facts that find no room in memory; NULL: made when needed */
	struct pp_hash_key key;
	/* Called now and then with the bytes read so far; for a progress line.  May be NULL. */
	void (*progress)(void *context, uint64_t frames, uint64_t bytes);
	void *progress_context;
	/* Asked as often: true ends the run with PP_END, for a view of which nobody waits any more.  May be NULL. */
	bool (*given_up)(void *context);
	void *given_up_context;
};

enum pp_err PP_MUST_CHECK pp_analysis_new(struct pp_analysis **ret_analysis, const struct pp_analysis_options *options);
void pp_analysis_free(struct pp_analysis *analysis);
/* Takes the sources over, also on failure. */
enum pp_err PP_MUST_CHECK pp_analysis_run(struct pp_analysis *analysis, struct pp_source **sources, size_t count);

/* In this order: every capture, every connection, every lookup, every endpoint, every expectation, the conclusion.  A
 * callback that does not return PP_OK ends the visit with that error.  NULL callbacks are skipped. */
struct pp_visitor {
	void *context;
	enum pp_err (*capture)(void *context, const struct pp_capture *capture, const struct pp_limits_hit *limits);
	enum pp_err (*connection)(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
				  const struct pp_judgement *judgement);
	/* Behind a connection: each further host it carried requests for (diagnose/diagnose.h). */
	enum pp_err (*host)(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
			    const struct pp_judgement *judgement);
	enum pp_err (*lookup)(void *context, const struct pp_lookup *lookup, const struct pp_attribution *who,
			      const struct pp_judgement *judgement);
	enum pp_err (*endpoint)(void *context, const struct pp_endpoint *endpoint);
	enum pp_err (*expectation)(void *context, const struct pp_expectation *expectation);
	enum pp_err (*conclusion)(void *context, const struct pp_conclusion *conclusion);
};
/* Once per analysis: judging moves the diagnosis forward.  Several visitors are served in one pass. */
enum pp_err PP_MUST_CHECK pp_analysis_visit(struct pp_analysis *analysis, const struct pp_visitor *const *visitors,
					    size_t count);
/* Path of input file `file`, for writers. */
const char *pp_analysis_path(const struct pp_analysis *analysis, uint16_t file);

#endif

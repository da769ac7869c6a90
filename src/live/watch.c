#include "live/watch.h"

#include "base/time.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "platform/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAUSE_MS = 200, NAP_MS = 50, DUTY = 10, FILES_MAX = 256, PATH_BYTES = 4096, MEMORY = 64 << 20 };

/* How long an unanswered SYN may still be answered: the diagnosis takes silence for an outcome after this. */
static const int64_t SYN_WAIT_NS = 5 * PP_SECOND;

enum { OUTCOMES_MAX = 64 };

struct round {
	struct pp_watch *watch;
	const char *outcome[OUTCOMES_MAX]; /* categories with an endpoint that worked or failed for sure */
	unsigned outcome_count;
	struct pp_watch_view view;
	int64_t now;
};

/* Whose a connection is may be missed, most likely on a busy machine: then it counts where it goes where Azure agents go. */
static bool may_be_ours(const struct pp_watch *watch, const struct pp_connection *conn,
			const struct pp_attribution *who)
{
	if (conn->process)
		return conn->process->ours || !conn->process->aimed;
	return !watch->by_process || who->row;
}

static enum pp_err see_connection(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
				  const struct pp_judgement *judgement)
{
	struct round *round = context;
	struct pp_watch_view *view = &round->view;
	const struct pp_tcp_facts *tcp = &conn->tcp;

	if (!pp_seen(tcp->syn) || !may_be_ours(round->watch, conn, who))
		return PP_OK;
	view->flows++;
	if (conn->first.ts > view->newest)
		view->newest = conn->first.ts;
	if (!pp_seen(tcp->syn_ack) && !pp_seen(tcp->rst.mark) && round->now - tcp->syn.ts < SYN_WAIT_NS)
		view->pending = true;
	view->faults += judgement->verdict.rule && judgement->verdict.outcome == PP_OUTCOME_FAULT;
	return PP_OK;
}

/* An endpoint that is only unclear may still get its answer. */
static enum pp_err see_endpoint(void *context, const struct pp_endpoint *endpoint)
{
	struct round *round = context;

	if (endpoint->verdict->rule && endpoint->verdict->outcome != PP_OUTCOME_INCONCLUSIVE &&
	    round->outcome_count < OUTCOMES_MAX)
		round->outcome[round->outcome_count++] = endpoint->category;
	return PP_OK;
}

static bool has_outcome(const struct round *round, const char *category)
{
	for (unsigned i = 0; i < round->outcome_count; i++)
		if (strcmp(round->outcome[i], category) == 0)
			return true;
	return false;
}

static enum pp_err see_expectation(void *context, const struct pp_expectation *expectation)
{
	struct round *round = context;
	struct pp_watch_view *view = &round->view;
	size_t len = strlen(view->waiting);

	if (!expectation->required)
		return PP_OK;
	view->required++;
	if (has_outcome(round, expectation->category))
		view->settled++;
	else
		snprintf(view->waiting + len, sizeof(view->waiting) - len, "%s%s", len ? ", " : "",
			 expectation->category);
	return PP_OK;
}

static size_t open_sources(const struct pp_trace *trace, struct pp_source **sources, char (*paths)[PATH_BYTES])
{
	unsigned count = pp_trace_file_count(trace);
	size_t opened = 0;

	for (unsigned i = 0; i < count && opened < FILES_MAX; i++) {
		pp_trace_file(trace, i, paths[opened]);
		/* A ring may have removed it meanwhile. */
		if (pp_source_open(&sources[opened], paths[opened], (uint16_t)opened) == PP_OK)
			opened++;
	}
	return opened;
}

static enum pp_err analyse(struct round *round, struct pp_source **sources, size_t count)
{
	const struct pp_visitor visitor = {
		.context = round, .connection = see_connection, .endpoint = see_endpoint, .expectation = see_expectation
	};
	const struct pp_visitor *visitors[] = { &visitor };
	struct pp_analysis *analysis;
	enum pp_err err = pp_analysis_new(&analysis, &round->watch->options);

	if (err != PP_OK) {
		for (size_t i = 0; i < count; i++)
			pp_source_close(sources[i]);
		return err;
	}
	err = pp_analysis_run(analysis, sources, count);
	if (err == PP_OK)
		err = pp_analysis_visit(analysis, visitors, 1);
	pp_analysis_free(analysis);
	return err;
}

static void look(struct pp_watch *watch)
{
	struct round round = { .watch = watch, .view = { .newest = PP_TIME_NONE }, .now = pp_wall_ns() };
	struct pp_source **sources = calloc(FILES_MAX, sizeof(struct pp_source *));
	char(*paths)[PATH_BYTES] = calloc(FILES_MAX, sizeof(*paths));
	size_t count = sources && paths ? open_sources(watch->trace, sources, paths) : 0;

	if (count && analyse(&round, sources, count) == PP_OK) {
		pp_lock_take(&watch->lock);
		round.view.rounds = watch->view.rounds + 1;
		watch->view = round.view;
		pp_lock_give(&watch->lock);
	}
	free(sources);
	free(paths);
}

/* Sleeps in small pieces, so that a stop is not waited for. */
static void pause_until(struct pp_watch *watch, int64_t until)
{
	while (!watch->stopping && pp_clock_ns() < until)
		pp_ring_wait(NULL, 0, NAP_MS);
}

static void run(void *context)
{
	struct pp_watch *watch = context;

	pp_thread_yields();
	while (!watch->stopping) {
		int64_t begun = pp_clock_ns(), took;

		if (watch->bytes > PP_WATCH_BYTES) {
			pp_lock_take(&watch->lock);
			watch->view.lagging = true;
			pp_lock_give(&watch->lock);
		} else {
			look(watch);
		}
		took = pp_clock_ns() - begun;
		pause_until(watch, begun + took +
				       (took * (DUTY - 1) > PAUSE_MS * PP_MS ? took * (DUTY - 1) : PAUSE_MS * PP_MS));
	}
}

static bool given_up(void *context)
{
	const struct pp_watch *watch = context;

	return watch->stopping;
}

enum pp_err pp_watch_start(struct pp_watch *watch, const struct pp_analysis_options *options,
			   const struct pp_trace *trace, bool by_process)
{
	memset(watch, 0, sizeof(*watch));
	watch->options = *options;
	watch->options.progress = NULL;
	watch->options.given_up = given_up;
	watch->options.given_up_context = watch;
	watch->options.max_memory = MEMORY;
	watch->trace = trace;
	watch->by_process = by_process;
	watch->view.newest = PP_TIME_NONE;
	pp_lock_init(&watch->lock);
	return pp_thread_start(&watch->thread, run, watch);
}

void pp_watch_tell(struct pp_watch *watch, uint64_t packets, uint64_t bytes)
{
	watch->packets = packets;
	watch->bytes = bytes;
}

void pp_watch_view(struct pp_watch *watch, struct pp_watch_view *ret_view)
{
	pp_lock_take(&watch->lock);
	*ret_view = watch->view;
	pp_lock_give(&watch->lock);
}

void pp_watch_stop(struct pp_watch *watch)
{
	watch->stopping = true;
	if (!watch->thread.running)
		return;
	pp_thread_join(&watch->thread);
	pp_lock_done(&watch->lock);
}

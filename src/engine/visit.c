/* Finished connections are filed as they come and visited in order of first packets when all is known.
 *
 * A connection is attributed and observed when it ends, while its facts are at hand: the DNS answers that name its
 * address came before it.  What that gave is noted beside its record, so that judging it neither looks anything up
 * again nor copies its host's name.
 */
#include "engine/engine.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ filing */

/* What is noted beside a connection in the spool: its attribution, and where the diagnosis has booked it. */
struct filed {
	struct pp_places places;
	uint16_t port;
	uint8_t by; /* enum pp_attributed_by */
	bool named;
	const struct pp_endpoint_row *row; /* not noted if there is none */
};

enum { RECORDS_LEAST = 128 << 10, FILED_BETWEEN = 256 };

/* Records wait in the memory that tables leave them, which grow with the capture: what a record takes can be had from the
 * file again, what a table takes cannot. */
static enum pp_err share_memory(struct pp_analysis *analysis)
{
	size_t taken = pp_diagnosis_memory(analysis->diagnosis) + pp_flows_past_memory(analysis->flows) +
		       analysis->lookup_pool.bytes;
	size_t left = taken < analysis->shared_memory ? analysis->shared_memory - taken : 0;

	return pp_spool_allow(analysis->spool, left > RECORDS_LEAST ? left : RECORDS_LEAST);
}

enum pp_err pp_engine_file(struct pp_analysis *analysis, const struct pp_connection *conn)
{
	struct pp_attribution who = pp_attribute_connection(&analysis->attributor, conn);
	struct filed filed = { .row = who.row, .port = who.port, .by = (uint8_t)who.by, .named = who.host != NULL };
	struct pp_span beside = { (const uint8_t *)&filed, who.row ? sizeof(filed) : offsetof(struct filed, row) };

	pp_diagnosis_observe(analysis->diagnosis, conn, &who, &filed.places);
	if (++analysis->filed % FILED_BETWEEN == 0) {
		enum pp_err err = share_memory(analysis);

		if (err != PP_OK)
			return err;
	}
	return pp_spool_put(analysis->spool, conn, beside);
}

/* The host's text lies with the diagnosis; where there was no room for it, and for service tags, it is all found out
 * once more. */
static struct pp_attribution attribution_of(const struct pp_analysis *analysis, const struct filed *filed,
					    const struct pp_connection *conn)
{
	const char *host = pp_diagnosis_host(analysis->diagnosis, &filed->places);

	if (filed->named != (host != NULL) || filed->by == PP_ATTRIBUTED_BY_SERVICE_TAG)
		return pp_attribute_connection(&analysis->attributor, conn);
	return pp_attribution_of_row(filed->row, host, filed->port, (enum pp_attributed_by)filed->by);
}

struct pp_attribution pp_engine_attribute(const struct pp_analysis *analysis, const struct pp_lookup *lookup)
{
	return pp_attribute_host(&analysis->attributor, lookup->name, 0);
}

/* ------------------------------------------------------------------ visiting */

static void add_limit(struct pp_limits_hit *limits, const char *name, uint64_t count)
{
	if (count == 0 || limits->n == PP_LIMITS_MAX)
		return;
	limits->name[limits->n] = name;
	limits->count[limits->n++] = count;
}

static struct pp_limits_hit limits_of(const struct pp_analysis *analysis)
{
	struct pp_limits_hit limits = { .n = 0 };
	uint64_t pushed = 0;

	add_limit(&limits, "flows", analysis->flow_counts.evicted);
	add_limit(&limits, "late_segments", analysis->flow_counts.tombstones_lost);
	add_limit(&limits, "flow_details", analysis->talks_refused);
	add_limit(&limits, "reassembly", analysis->streams_given_up);
	add_limit(&limits, "fragments", analysis->fragments_evicted);
	add_limit(&limits, "protocols", analysis->protocols_refused);
	add_limit(&limits, "lookups", pp_lookups_refused(analysis->lookups));
	add_limit(&limits, "names", pp_names_refused(analysis->names));
	add_limit(&limits, "neighbours", analysis->neighbours.refused);
	add_limit(&limits, "records", analysis->spool_refused);
	for (size_t i = 0; i < analysis->source_count; i++)
		pushed += analysis->captures[i].source->order_pushed;
	add_limit(&limits, "order", pushed);
	add_limit(&limits, "contrasts", pp_diagnosis_refused(analysis->diagnosis));
	return limits;
}

/* Calls one member of every visitor that has it, until one fails. */
#define VISIT(visitors, count, member, ...)                                                                            \
	do {                                                                                                           \
		for (size_t v_ = 0; v_ < (count) && err == PP_OK; v_++) {                                              \
			if ((visitors)[v_]->member)                                                                    \
				err = (visitors)[v_]->member((visitors)[v_]->context, __VA_ARGS__);                    \
		}                                                                                                      \
	} while (0)

struct visit {
	const struct pp_visitor *const *visitors;
	size_t count;
};

/* A later answer for a name may have brought the address after the connection had ended: then it is judged as one to
 * that name, whose other connections may excuse it. */
static void name_late(const struct pp_analysis *analysis, const struct pp_connection *conn, struct pp_attribution *who,
		      struct pp_places *places)
{
	if (who->host || !pp_names_any_late(analysis->names) ||
	    !pp_names_find(analysis->names, &conn->client.ip, &conn->server.ip, conn->first.ts))
		return;
	*who = pp_attribute_connection(&analysis->attributor, conn);
	if (who->host)
		places->host = pp_diagnosis_host_place(analysis->diagnosis, who->host, places->host);
}

static bool read_filed(struct pp_span beside, struct filed *ret_filed)
{
	enum { ALWAYS = offsetof(struct filed, row) };

	if (beside.len != ALWAYS && beside.len != sizeof(*ret_filed))
		return false;
	memcpy(ret_filed, beside.p, ALWAYS);
	ret_filed->row = NULL;
	if (beside.len > ALWAYS)
		memcpy(&ret_filed->row, beside.p + ALWAYS, sizeof(ret_filed->row));
	return true;
}

/* Connections on their way to the visitors: some at a time, each step for all of them, so that its instructions are still
 * at hand for the next one, and memory that a later step needs has time to arrive.  Those of one shelf: what the spool
 * gives lasts as long as the shelf. */
enum { BATCH = 8 };
_Static_assert(PP_SPOOL_SHELF % BATCH == 0, "a batch is of one shelf");

struct visited {
	struct pp_connection *conn;
	struct pp_attribution who;
	struct filed filed;
	struct pp_process process;
	struct pp_judgement judgement;
};

/* Those that are there, of indexes from `begin` to `end`. */
static enum pp_err bring_back(struct pp_analysis *analysis, uint32_t begin, uint32_t end, struct pp_arena *arena,
			      struct visited batch[BATCH], size_t *ret_count)
{
	enum pp_err err = PP_OK;

	*ret_count = 0;
	for (uint32_t i = begin; i < end && err == PP_OK; i++) {
		struct visited *visited = &batch[*ret_count];
		struct pp_spooled spooled;

		err = pp_spool_get(analysis->spool, i, arena, &spooled);
		if (err == PP_OK && !read_filed(spooled.beside, &visited->filed))
			err = PP_MALFORMED;
		if (err == PP_OK) {
			visited->conn = spooled.conn;
			if (analysis->numbers.files)
				visited->conn->stream =
				    pp_numbers_of(&analysis->numbers, spooled.conn->file, spooled.conn->stream);
			pp_diagnosis_prefetch(analysis->diagnosis, &visited->filed.places);
			++*ret_count;
		} else if (err == PP_END) {
			err = PP_OK;
		}
	}
	return err;
}

static void attribute(const struct pp_analysis *analysis, struct visited *visited)
{
	pp_diagnosis_prefetch_more(analysis->diagnosis, &visited->filed.places);
	visited->who = attribution_of(analysis, &visited->filed, visited->conn);
	name_late(analysis, visited->conn, &visited->who, &visited->filed.places);
	if (analysis->processes.count && pp_processes_find(&analysis->processes, visited->conn, &visited->process))
		visited->conn->process = &visited->process;
}

static enum pp_err tell_host(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
			     const struct pp_judgement *judgement)
{
	const struct visit *visit = context;
	enum pp_err err = PP_OK;

	VISIT(visit->visitors, visit->count, host, conn, who, judgement);
	return err;
}

static enum pp_err visit_batch(struct pp_analysis *analysis, struct visit *visit, struct visited batch[BATCH],
			       size_t count)
{
	enum pp_err err = PP_OK;

	for (size_t i = 0; i < count; i++)
		attribute(analysis, &batch[i]);
	for (size_t i = 0; i < count; i++)
		pp_diagnosis_judge(analysis->diagnosis, batch[i].conn, &batch[i].who, &batch[i].filed.places,
				   &batch[i].judgement);
	for (size_t i = 0; i < count && err == PP_OK; i++) {
		VISIT(visit->visitors, visit->count, connection, batch[i].conn, &batch[i].who, &batch[i].judgement);
		if (err == PP_OK && batch[i].conn->http)
			err = pp_diagnosis_judge_others(analysis->diagnosis, batch[i].conn, &batch[i].who,
							&batch[i].filed.places, tell_host, visit);
	}
	return err;
}

static enum pp_err visit_connections(struct pp_analysis *analysis, struct visit *visit)
{
	uint32_t count = pp_spool_count(analysis->spool);
	struct visited *batch = malloc(BATCH * sizeof(*batch));
	struct pp_arena arena;
	enum pp_err err = batch ? PP_OK : PP_NOMEM;

	pp_arena_init(&arena, &analysis->load_pool);
	for (uint32_t i = 0; i < count && err == PP_OK; i += BATCH) {
		size_t brought;

		err = bring_back(analysis, i, count - i < BATCH ? count : i + BATCH, &arena, batch, &brought);
		if (err == PP_OK)
			err = visit_batch(analysis, visit, batch, brought);
		pp_arena_reset(&arena);
	}
	free(batch);
	return err;
}

static enum pp_err visit_lookups(struct pp_analysis *analysis, const struct visit *visit)
{
	enum pp_err err = PP_OK;

	for (size_t i = 0; i < pp_lookups_count(analysis->lookups) && err == PP_OK; i++) {
		const struct pp_lookup *lookup = pp_lookups_at(analysis->lookups, i);
		struct pp_attribution who = pp_engine_attribute(analysis, lookup);
		struct pp_judgement judgement;

		pp_diagnosis_judge_lookup(analysis->diagnosis, lookup, &who, &judgement);
		VISIT(visit->visitors, visit->count, lookup, lookup, &who, &judgement);
	}
	return err;
}

static enum pp_err visit_conclusions(struct pp_analysis *analysis, const struct visit *visit)
{
	struct pp_diagnosis *diagnosis = analysis->diagnosis;
	enum pp_err err = pp_diagnosis_conclude(diagnosis);

	for (size_t i = 0; err == PP_OK && i < pp_diagnosis_endpoint_count(diagnosis); i++)
		VISIT(visit->visitors, visit->count, endpoint, pp_diagnosis_endpoint_at(diagnosis, i));
	for (size_t i = 0; err == PP_OK && i < pp_diagnosis_expectation_count(diagnosis); i++)
		VISIT(visit->visitors, visit->count, expectation, pp_diagnosis_expectation_at(diagnosis, i));
	if (err == PP_OK)
		VISIT(visit->visitors, visit->count, conclusion, pp_diagnosis_conclusion(diagnosis));
	return err;
}

enum pp_err pp_analysis_visit(struct pp_analysis *analysis, const struct pp_visitor *const *visitors, size_t count)
{
	struct visit visit = { visitors, count };
	struct pp_limits_hit limits = limits_of(analysis);
	enum pp_err err = PP_OK;

	for (size_t i = 0; i < analysis->source_count && err == PP_OK; i++)
		VISIT(visitors, count, capture, &analysis->captures[i], &limits);
	if (err == PP_OK)
		err = visit_connections(analysis, &visit);
	if (err == PP_OK)
		err = visit_lookups(analysis, &visit);
	return err == PP_OK ? visit_conclusions(analysis, &visit) : err;
}

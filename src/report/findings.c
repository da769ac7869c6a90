#include "report/findings.h"

#include "base/hash.h"
#include "report/intl.h"

#include <string.h>

/* ---- Copies ---- */

static bool copy_text(struct pp_findings *findings, const char **text)
{
	if (*text)
		*text = pp_arena_copy(&findings->arena, *text, strlen(*text) + 1);
	return *text != NULL;
}

/* Makes the verdict independent of the facts it was made from; false without memory. */
static bool copy_verdict(struct pp_findings *findings, struct pp_verdict *verdict)
{
	bool done = true;

	if (verdict->host)
		done &= copy_text(findings, &verdict->host);
	if (verdict->detail)
		done &= copy_text(findings, &verdict->detail);
	for (unsigned i = 0; i < verdict->evidence_count; i++)
		if (verdict->evidence[i].text)
			done &= copy_text(findings, &verdict->evidence[i].text);
	return done;
}

/* ---- Lists ---- */

static void append(struct pp_finding_list *list, struct pp_finding_node *node)
{
	if (list->last)
		list->last->next = node;
	else
		list->first = node;
	list->last = node;
	list->count++;
}

/* Memory for one more node, or NULL when the list may not grow: then it is counted as left out. */
static void *node_new(struct pp_findings *findings, struct pp_finding_list *list, size_t bytes, uint32_t cap)
{
	void *node = list->count < cap ? pp_arena_alloc(&findings->arena, bytes) : NULL;

	if (!node)
		list->left_out++;
	return node;
}

/* Whoever makes hosts meet in one chain makes it as long as the lists may be, no more. */
static struct pp_finding **chain_of(struct pp_findings *findings, const char *host, const struct pp_rule *rule)
{
	uint64_t mix = pp_mix_ends(host, strlen(host)) ^ (uintptr_t)rule;

	return &findings->chains[mix * UINT64_C(0x9e3779b97f4a7c15) >> (64 - PP_FINDINGS_CHAIN_BITS)];
}

static struct pp_finding *find(struct pp_findings *findings, const struct pp_finding_list *list, const char *host,
			       const struct pp_rule *rule)
{
	struct pp_finding *finding = *chain_of(findings, host, rule);

	while (finding && (finding->list != list || finding->verdict.rule != rule || strcmp(finding->host, host) != 0))
		finding = finding->chained;
	return finding;
}

static void append_finding(struct pp_findings *findings, struct pp_finding_list *list, struct pp_finding *finding)
{
	struct pp_finding **chain = chain_of(findings, finding->host, finding->verdict.rule);

	finding->list = list;
	finding->chained = *chain;
	*chain = finding;
	append(list, &finding->node);
}

/* A new finding; `place` NULL when there is no connection and no lookup behind it. */
static void add(struct pp_findings *findings, struct pp_finding_list *list, const char *host, const char *category,
		const struct pp_verdict *verdict, const struct pp_finding_place *place, enum pp_finding_weight weight)
{
	struct pp_finding *finding = node_new(findings, list, sizeof(*finding), PP_FINDINGS_MAX);

	if (!finding)
		return;
	finding->host = host;
	finding->category = category;
	pp_verdict_copy(&finding->verdict, verdict);
	finding->count = 1;
	finding->weight = weight;
	if (place) {
		finding->place = *place;
		finding->has_place = true;
	}
	if (copy_text(findings, &finding->host) && copy_text(findings, &finding->category) &&
	    copy_verdict(findings, &finding->verdict))
		append_finding(findings, list, finding);
	else
		list->left_out++;
}

/* The surest verdict is shown, as it is the one that the host and the conclusion speak with.  Without memory the one
 * before it stays. */
static void show_instead(struct pp_findings *findings, struct pp_finding_list *list, struct pp_finding *known,
			 const struct pp_verdict *verdict, const struct pp_finding_place *place)
{
	struct pp_verdict surer;

	pp_verdict_copy(&surer, verdict);
	if (!copy_verdict(findings, &surer)) {
		list->left_out++;
		return;
	}
	pp_verdict_copy(&known->verdict, &surer);
	known->place = *place;
	known->has_place = true;
}

static void count(struct pp_findings *findings, struct pp_finding_list *list, const char *host, const char *category,
		  const struct pp_verdict *verdict, const struct pp_finding_place *place)
{
	struct pp_finding *known = find(findings, list, host, verdict->rule);

	if (!known) {
		add(findings, list, host, category, verdict, place, PP_WEIGHT_UNKNOWN);
		return;
	}
	known->count++;
	if (verdict->grade > known->verdict.grade)
		show_instead(findings, list, known, verdict, place);
}

/* ---- The visit ---- */

static enum pp_err on_capture(void *context, const struct pp_capture *capture, const struct pp_limits_hit *limits)
{
	struct pp_findings *findings = context;
	struct pp_finding_list *list = &findings->captures;
	struct pp_finding_capture *node = node_new(findings, list, sizeof(*node), PP_FINDINGS_CAPTURES_MAX);

	if (!node)
		return PP_OK;
	node->capture = *capture;
	node->source = *capture->source;
	node->capture.source = &node->source;
	node->limits = *limits;
	if (copy_text(findings, &node->source.path))
		append(list, &node->node);
	else
		list->left_out++;
	return PP_OK;
}

static void add_flow(struct pp_findings *findings, const char *host, const struct pp_finding_place *place,
		     const struct pp_verdict *verdict)
{
	struct pp_finding_list *list = &findings->flows;
	struct pp_finding_flow *flow;

	if (!findings->want_flows)
		return;
	flow = node_new(findings, list, sizeof(*flow), PP_FINDINGS_FLOWS_MAX);
	if (!flow)
		return;
	flow->place = *place;
	flow->host = host;
	flow->rule = verdict->rule;
	flow->outcome = verdict->outcome;
	if (copy_text(findings, &flow->host))
		append(list, &flow->node);
	else
		list->left_out++;
}

static void count_judgement(struct pp_findings *findings, const char *host, const char *category,
			    const struct pp_finding_place *place, const struct pp_judgement *judgement)
{
	if (judgement->verdict.rule && judgement->verdict.outcome == PP_OUTCOME_FAULT)
		count(findings, &findings->faults, host, category, &judgement->verdict, place);
	for (unsigned i = 0; i < judgement->also_count; i++)
		if (judgement->also[i].rule)
			count(findings, &findings->notes, host, category, &judgement->also[i], place);
}

static void add_judgement(struct pp_findings *findings, const char *host, const char *category,
			  const struct pp_finding_place *place, const struct pp_judgement *judgement)
{
	add_flow(findings, host, place, &judgement->verdict);
	count_judgement(findings, host, category, place, judgement);
}

static struct pp_finding_place place_of(const struct pp_connection *conn)
{
	return (struct pp_finding_place){
		.file = conn->file,
		.stream = conn->stream,
		.client = conn->client,
		.server = conn->server,
		.first = conn->first,
		.last = conn->last,
	};
}

static enum pp_err on_connection(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
				 const struct pp_judgement *judgement)
{
	const struct pp_finding_place place = place_of(conn);
	char address[PP_ADDR_TEXT];

	if (!who->host)
		pp_addr_format(&conn->server.ip, address);
	add_judgement(context, who->host ? who->host : address, who->category, &place, judgement);
	return PP_OK;
}

/* The flow is told of already. */
static enum pp_err on_host(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
			   const struct pp_judgement *judgement)
{
	const struct pp_finding_place place = place_of(conn);

	count_judgement(context, who->host, who->category, &place, judgement);
	return PP_OK;
}

static enum pp_err on_lookup(void *context, const struct pp_lookup *lookup, const struct pp_attribution *who,
			     const struct pp_judgement *judgement)
{
	const struct pp_finding_place place = {
		.lookup = true,
		.file = lookup->first.file,
		.client = lookup->client,
		.server = lookup->resolver,
		.first = lookup->first,
		.last = lookup->last,
	};

	add_judgement(context, lookup->name, who->category, &place, judgement);
	return PP_OK;
}

/* Tells the findings of this endpoint what its verdict makes of them. */
static void weigh(struct pp_findings *findings, const struct pp_endpoint *endpoint)
{
	bool fault = endpoint->verdict->rule && endpoint->verdict->outcome == PP_OUTCOME_FAULT;
	bool found = false;
	const struct pp_finding_place place = {
		.lookup = endpoint->by_lookup,
		.file = endpoint->file,
		.stream = endpoint->stream,
	};

	for (struct pp_finding_node *node = findings->faults.first; node; node = node->next) {
		struct pp_finding *finding = (struct pp_finding *)node;

		if (strcmp(finding->host, endpoint->host) != 0)
			continue;
		if (!fault)
			finding->weight = PP_WEIGHT_MADE_GOOD;
		else if (finding->verdict.rule == endpoint->verdict->rule)
			finding->weight = PP_WEIGHT_COUNTS;
		else
			finding->weight = PP_WEIGHT_BESIDE;
		found |= finding->weight == PP_WEIGHT_COUNTS;
	}
	if (fault && !found)
		add(findings, &findings->faults, endpoint->host, endpoint->category, endpoint->verdict,
		    endpoint->flows || endpoint->by_lookup ? &place : NULL, PP_WEIGHT_COUNTS);
}

static enum pp_err on_endpoint(void *context, const struct pp_endpoint *endpoint)
{
	struct pp_findings *findings = context;
	struct pp_finding_list *list = &findings->endpoints;
	const struct pp_verdict *verdict = endpoint->verdict;
	struct pp_finding_endpoint *node;

	weigh(findings, endpoint);
	node = node_new(findings, list, sizeof(*node), PP_FINDINGS_ENDPOINTS_MAX);
	if (!node)
		return PP_OK;
	*node = (struct pp_finding_endpoint){
		.host = endpoint->host,
		.category = endpoint->category,
		.flows = endpoint->flows,
		.failed = endpoint->failed,
		.succeeded = endpoint->succeeded,
		.direct = endpoint->direct,
		.proxy = endpoint->proxy,
		.rule = verdict->rule,
		.outcome = verdict->rule ? verdict->outcome : PP_OUTCOME_INCONCLUSIVE,
	};
	if (verdict->evidence_count)
		node->mark = verdict->evidence[0].mark;
	if (copy_text(findings, &node->host) && copy_text(findings, &node->category))
		append(list, &node->node);
	else
		list->left_out++;
	return PP_OK;
}

static enum pp_err on_expectation(void *context, const struct pp_expectation *expectation)
{
	struct pp_findings *findings = context;
	struct pp_finding_list *list = &findings->expectations;
	struct pp_finding_expectation *node = node_new(findings, list, sizeof(*node), PP_FINDINGS_MAX);
	bool done;

	if (!node)
		return PP_OK;
	node->expectation = *expectation;
	done = copy_text(findings, &node->expectation.category);
	for (unsigned i = 0; i < expectation->endpoint_count; i++)
		done &= copy_text(findings, &node->expectation.endpoints[i]);
	if (done)
		append(list, &node->node);
	else
		list->left_out++;
	return PP_OK;
}

/* What is wrong with the machine stands behind what is wrong with its connections, unless it is the conclusion. */
static void add_machine(struct pp_findings *findings, const struct pp_verdict *verdict, bool concluded)
{
	char address[PP_ADDR_TEXT];

	pp_addr_format(&verdict->server.ip, address);
	add(findings, &findings->faults, verdict->host ? verdict->host : address, _("this machine"), verdict, NULL,
	    concluded ? PP_WEIGHT_COUNTS : PP_WEIGHT_BESIDE);
}

static enum pp_err on_conclusion(void *context, const struct pp_conclusion *conclusion)
{
	struct pp_findings *findings = context;

	for (unsigned i = 0; i < conclusion->machine_count; i++)
		add_machine(findings, &conclusion->machine[i], conclusion->machine[i].rule == conclusion->verdict.rule);
	findings->conclusion = *conclusion;
	findings->conclusion.faults = NULL;
	for (unsigned i = 0; i < conclusion->machine_count; i++)
		if (!copy_verdict(findings, &findings->conclusion.machine[i]))
			return PP_NOMEM;
	return copy_verdict(findings, &findings->conclusion.verdict) ? PP_OK : PP_NOMEM;
}

void pp_findings_init(struct pp_findings *findings, const char *const *paths, unsigned path_count, bool want_flows)
{
	*findings = (struct pp_findings){
		.want_flows = want_flows,
		.paths = paths,
		.path_count = path_count,
		.conclusion.outcome = PP_OUTCOME_INCONCLUSIVE,
		.visitor = {
			.context = findings,
			.capture = on_capture,
			.connection = on_connection,
			.host = on_host,
			.lookup = on_lookup,
			.endpoint = on_endpoint,
			.expectation = on_expectation,
			.conclusion = on_conclusion,
		},
	};
	pp_pool_init(&findings->pool, PP_FINDINGS_BYTES);
	pp_arena_init(&findings->arena, &findings->pool);
}

void pp_findings_done(struct pp_findings *findings)
{
	pp_arena_reset(&findings->arena);
	pp_pool_done(&findings->pool);
}

const char *pp_findings_path(const struct pp_findings *findings, uint16_t file)
{
	return file < findings->path_count ? findings->paths[file] : "?";
}

const char *pp_findings_name(const struct pp_findings *findings, uint16_t file)
{
	const char *path = pp_findings_path(findings, file), *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

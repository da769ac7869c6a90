/* The conclusion: one sentence for the whole capture.
 *
 * Faults of the same rule and owner belong together.  The most telling lot is the one with the highest grade, then the one that
 * hits most required categories, then most endpoints, then the earliest: what broke first is more often the cause.
 */
#include "diagnose/case.h"
#include "diagnose/table.h"

enum { UNANSWERED_REQUESTS = 3, SWEEP_TARGETS = 4 };

static bool is_required(const struct pp_agent_row *agent, const char *category)
{
	for (unsigned i = 0; agent && i < agent->required_count; i++)
		if (strcmp(agent->required[i], category) == 0)
			return true;
	return false;
}

static bool is_fault(const struct pp_endpoint *endpoint)
{
	return endpoint->verdict.outcome == PP_OUTCOME_FAULT;
}

struct lot {
	const struct pp_endpoint *first;
	enum pp_grade grade;
	unsigned required, endpoints;
};

static bool same_lot(const struct pp_endpoint *a, const struct pp_endpoint *b)
{
	return a->verdict.rule == b->verdict.rule && a->verdict.owner == b->verdict.owner;
}

/* The endpoint that speaks for the lot is its first one with the lot's highest grade. */
static struct lot lot_of(const struct pp_diagnosis *diagnosis, const struct pp_endpoint *member)
{
	struct lot lot = { .first = member, .grade = member->verdict.grade };

	for (size_t i = 0; i < diagnosis->endpoint_count; i++) {
		const struct pp_endpoint *endpoint = &diagnosis->endpoints[i];

		if (!is_fault(endpoint) || !same_lot(endpoint, member))
			continue;
		lot.endpoints++;
		lot.required += is_required(diagnosis->options.agent, endpoint->category);
		if (endpoint->verdict.grade > lot.grade) {
			lot.grade = endpoint->verdict.grade;
			lot.first = endpoint;
		}
	}
	return lot;
}

static bool tells_more(const struct lot *a, const struct lot *b)
{
	if (a->grade != b->grade)
		return a->grade > b->grade;
	if (a->required != b->required)
		return a->required > b->required;
	return a->endpoints > b->endpoints;
}

/* Lots are told apart by rule and owner, so there are few; each is counted once, at its first member. */
static bool is_first_of_lot(const struct pp_diagnosis *diagnosis, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_fault(&diagnosis->endpoints[k]) && same_lot(&diagnosis->endpoints[k], &diagnosis->endpoints[i]))
			return false;
	return true;
}

static void find_main_fault(struct pp_diagnosis *diagnosis)
{
	struct pp_conclusion *conclusion = &diagnosis->conclusion;
	struct lot best = { NULL, PP_GRADE_NONE, 0, 0 };

	for (size_t i = 0; i < diagnosis->endpoint_count; i++) {
		struct lot lot;

		if (!is_fault(&diagnosis->endpoints[i]))
			continue;
		conclusion->faults[conclusion->fault_count++] = diagnosis->endpoints[i].host;
		if (!is_first_of_lot(diagnosis, i))
			continue;
		lot = lot_of(diagnosis, &diagnosis->endpoints[i]);
		if (!best.first || tells_more(&lot, &best))
			best = lot;
	}
	conclusion->verdict = best.first->verdict;
	conclusion->outcome = PP_OUTCOME_FAULT;
	conclusion->exit_status = 1;
}

/* LOC-01: nothing works, and somebody asked in vain for a neighbour.  Many targets are a sweep, not a gateway. */
static const struct pp_neighbour *missing_gateway(const struct pp_diagnosis *diagnosis)
{
	const struct pp_neighbour *found = NULL;
	unsigned targets = 0;

	for (unsigned i = 0; i < diagnosis->neighbour_count; i++) {
		const struct pp_neighbour *neighbour = &diagnosis->neighbours[i];

		if (neighbour->requests < UNANSWERED_REQUESTS || neighbour->replies)
			continue;
		targets++;
		if (!found || neighbour->requests > found->requests)
			found = neighbour;
	}
	return targets <= SWEEP_TARGETS && diagnosis->flows_ok == 0 && diagnosis->lookups_ok == 0 ? found : NULL;
}

static void blame_gateway(struct pp_diagnosis *diagnosis, const struct pp_neighbour *neighbour)
{
	struct pp_conclusion *conclusion = &diagnosis->conclusion;
	struct pp_verdict *verdict = &conclusion->verdict;

	memset(verdict, 0, sizeof(*verdict));
	verdict->rule = &pp_rule_loc_01;
	verdict->outcome = conclusion->outcome = PP_OUTCOME_FAULT;
	verdict->domain = pp_rule_loc_01.domain;
	verdict->owner = pp_rule_loc_01.owner;
	verdict->grade = diagnosis->flows_fault + diagnosis->flows_unclear ? PP_STRONG : PP_PROVEN;
	verdict->server.ip = neighbour->target;
	verdict->device = neighbour->asked_by;
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_NEIGHBOUR, .mark = neighbour->first, .addr = neighbour->target,
					       .a = neighbour->requests });
	conclusion->exit_status = 1;
}

static size_t count_faults(const struct pp_diagnosis *diagnosis)
{
	size_t count = 0;

	for (size_t i = 0; i < diagnosis->endpoint_count; i++)
		count += is_fault(&diagnosis->endpoints[i]);
	return count;
}

/* With a profile only its categories are relevant. */
static bool anything_relevant(const struct pp_diagnosis *diagnosis)
{
	if (!diagnosis->options.agent)
		return diagnosis->flows_ok + diagnosis->lookups_ok > 0;
	for (size_t i = 0; i < diagnosis->expectation_count; i++)
		if (diagnosis->expectations[i].seen != PP_SEEN_NEVER)
			return diagnosis->flows_ok > 0;
	return false;
}

enum pp_err pp_conclusion_draw(struct pp_diagnosis *diagnosis)
{
	struct pp_conclusion *conclusion = &diagnosis->conclusion;
	size_t faults = count_faults(diagnosis);
	const struct pp_neighbour *gateway = missing_gateway(diagnosis);

	conclusion->flows_ok = diagnosis->flows_ok;
	conclusion->flows_fault = diagnosis->flows_fault;
	conclusion->flows_inconclusive = diagnosis->flows_unclear;
	conclusion->outcome = PP_OUTCOME_INCONCLUSIVE;
	conclusion->exit_status = 2;
	if (faults) {
		conclusion->faults = pp_arena_alloc(&diagnosis->arena, faults * sizeof(*conclusion->faults));
		if (!conclusion->faults)
			return PP_NOMEM;
		find_main_fault(diagnosis);
	}
	if (gateway && conclusion->verdict.grade <= PP_STRONG) {
		blame_gateway(diagnosis, gateway);
	} else if (!faults && anything_relevant(diagnosis)) {
		conclusion->outcome = PP_OUTCOME_OK;
		conclusion->exit_status = 0;
	}
	return PP_OK;
}

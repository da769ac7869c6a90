/* The conclusion: one sentence for the whole capture.
 *
 * Faults of the same rule and owner belong together.  The most telling lot is one that is more than consistent, then
 * the one that hits most required categories, then most endpoints, then the higher grade, then the earliest: what broke
 * first is more often the cause.  A proof about one endpoint tells less than strong signs about many.
 *
 * A service that failed is the consequence of a broken connection that may have been its own; without one it is the
 * fault itself.
 */
#include "diagnose/account.h"
#include "diagnose/judge.h"
#include "diagnose/table.h"

#define WHY_UNJUDGED N_("a connection of this capture could not be judged, and may be the cause")

enum { UNANSWERED_REQUESTS = 3, SWEEP_TARGETS = 4 };

static bool is_required(const struct pp_agent_row *agent, const char *category)
{
	for (unsigned i = 0; agent && i < agent->required_count; i++)
		if (strcmp(agent->required[i], category) == 0)
			return true;
	return false;
}

static bool is_fault(const struct pp_host_record *host) { return host->candidates->outcome == PP_OUTCOME_FAULT; }

/* Endpoints with the same rule, owner and outcome. */
struct lot {
	const struct pp_host_record *speaker; /* its first one with the highest grade */
	unsigned required, endpoints;
};

enum { LOTS_MAX = 256 }; /* rules times the owners they may give: a row has two or three */

struct lots {
	struct lot lot[LOTS_MAX];
	unsigned count;
};

static bool same_lot(const struct pp_candidate *a, const struct pp_candidate *b)
{
	return a->rule == b->rule && a->owner == b->owner && a->outcome == b->outcome;
}

static void add_to_lots(struct lots *lots, const struct pp_agent_row *agent, const struct pp_host_record *endpoint)
{
	unsigned i = 0;

	while (i < lots->count && !same_lot(lots->lot[i].speaker->candidates, endpoint->candidates))
		i++;
	if (i == LOTS_MAX)
		return;
	if (i == lots->count)
		lots->lot[lots->count++] = (struct lot){ .speaker = endpoint };
	if (endpoint->candidates->grade > lots->lot[i].speaker->candidates->grade)
		lots->lot[i].speaker = endpoint;
	lots->lot[i].endpoints++;
	lots->lot[i].required += is_required(agent, endpoint->category);
}

static bool tells_more(const struct lot *a, const struct lot *b)
{
	unsigned grade = a->speaker->candidates->grade, other = b->speaker->candidates->grade;

	if ((grade >= PP_STRONG) != (other >= PP_STRONG))
		return grade >= PP_STRONG;
	if (a->required != b->required)
		return a->required > b->required;
	if (a->endpoints != b->endpoints)
		return a->endpoints > b->endpoints;
	return grade > other;
}

/* The most telling lot of that outcome, the earliest of equals: lots stand in the order of their first endpoints. */
static const struct pp_host_record *main_one(const struct pp_diagnosis *diagnosis, enum pp_outcome outcome)
{
	struct lots lots = { .count = 0 };
	const struct lot *best = NULL;

	for (size_t i = 0; i < diagnosis->endpoint_count; i++)
		if (diagnosis->endpoints[i]->candidates->outcome == outcome)
			add_to_lots(&lots, diagnosis->options.agent, diagnosis->endpoints[i]);
	for (unsigned i = 0; i < lots.count; i++)
		if (!best || tells_more(&lots.lot[i], best))
			best = &lots.lot[i];
	return best ? best->speaker : NULL;
}

static void speak_for(struct pp_diagnosis *diagnosis, const struct pp_host_record *host)
{
	pp_candidate_verdict(diagnosis, host, host->candidates, &diagnosis->conclusion.verdict);
}

static enum pp_err tell_faults(struct pp_diagnosis *diagnosis, size_t count)
{
	struct pp_conclusion *conclusion = &diagnosis->conclusion;

	conclusion->faults = pp_arena_alloc(&diagnosis->end_arena, count * sizeof(*conclusion->faults));
	if (!conclusion->faults)
		return PP_NOMEM;
	for (size_t i = 0; i < diagnosis->endpoint_count; i++)
		if (is_fault(diagnosis->endpoints[i])) {
			const char *name = pp_endpoint_name(diagnosis, diagnosis->endpoints[i]);

			if (!name)
				return PP_NOMEM;
			conclusion->faults[conclusion->fault_count++] = name;
		}
	speak_for(diagnosis, main_one(diagnosis, PP_OUTCOME_FAULT));
	conclusion->outcome = PP_OUTCOME_FAULT;
	conclusion->exit_status = 1;
	return PP_OK;
}

/* Why nothing could be concluded. */
static void tell_doubt(struct pp_diagnosis *diagnosis)
{
	const struct pp_host_record *doubt = main_one(diagnosis, PP_OUTCOME_INCONCLUSIVE);

	if (doubt)
		speak_for(diagnosis, doubt);
}

/* Requests for neighbours are broadcast, so those of hosts that have nothing to do with the capture are in it, too. */
static bool may_lack_gateway(const struct pp_diagnosis *diagnosis, const struct pp_addr *asked_by)
{
	struct pp_map_key key = pp_key_of_addr(asked_by);
	const struct pp_baseline *asker = pp_map_find(&diagnosis->addresses, &key);

	return asker ? !asker->heard : !diagnosis->seen.client;
}

/* LOC-01: nothing works, and the host that asks for connections and names, or the only one there is, asked in vain for
 * a neighbour.  Many targets are a sweep, not a gateway. */
static const struct pp_neighbour *missing_gateway(const struct pp_diagnosis *diagnosis)
{
	const struct pp_neighbour *found = NULL;
	unsigned targets = 0;
	bool one_asks = true;

	for (unsigned i = 0; i < diagnosis->neighbour_count; i++) {
		const struct pp_neighbour *neighbour = &diagnosis->neighbours[i];

		if (neighbour->requests < UNANSWERED_REQUESTS || neighbour->replies ||
		    !may_lack_gateway(diagnosis, &neighbour->asked_by))
			continue;
		targets++;
		one_asks = one_asks && (!found || pp_addr_equal(&found->asked_by, &neighbour->asked_by));
		if (!found || neighbour->requests > found->requests)
			found = neighbour;
	}
	return targets <= SWEEP_TARGETS && one_asks && diagnosis->flows[PP_OUTCOME_OK] == 0 &&
		       diagnosis->lookups_ok == 0
		   ? found
		   : NULL;
}

static struct pp_verdict *add_machine(struct pp_conclusion *conclusion)
{
	return conclusion->machine_count < PP_MACHINE_FINDINGS ? &conclusion->machine[conclusion->machine_count++]
							       : NULL;
}

static void conclude_with(struct pp_conclusion *conclusion, const struct pp_verdict *verdict)
{
	pp_verdict_copy(&conclusion->verdict, verdict);
	conclusion->outcome = verdict->outcome;
	conclusion->exit_status = 1;
}

static void blame_gateway(struct pp_diagnosis *diagnosis, const struct pp_neighbour *neighbour)
{
	struct pp_verdict *verdict = add_machine(&diagnosis->conclusion);

	if (!verdict)
		return;
	memset(verdict, 0, sizeof(*verdict));
	verdict->rule = &pp_rule_loc_01;
	verdict->outcome = PP_OUTCOME_FAULT;
	verdict->domain = pp_rule_loc_01.domain;
	verdict->owner = pp_rule_loc_01.owner;
	verdict->grade =
	    diagnosis->flows[PP_OUTCOME_FAULT] + diagnosis->flows[PP_OUTCOME_INCONCLUSIVE] ? PP_STRONG : PP_PROVEN;
	verdict->server.ip = neighbour->target;
	verdict->device = neighbour->asked_by;
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_NEIGHBOUR,
					       .mark = neighbour->first,
					       .addr = neighbour->target,
					       .a = neighbour->requests });
	conclude_with(&diagnosis->conclusion, verdict);
}

/* What could not be judged may have been the cause. */
static void doubt_service(const struct pp_diagnosis *diagnosis, struct pp_verdict *verdict)
{
	const struct pp_host_record *doubt = main_one(diagnosis, PP_OUTCOME_INCONCLUSIVE);

	if (!doubt)
		return;
	verdict->grade = PP_CONSISTENT;
	if (verdict->alternative_count < PP_ALTERNATIVES_MAX)
		verdict->alternatives[verdict->alternative_count++] =
		    (struct pp_alternative){ doubt->candidates->rule, WHY_UNJUDGED };
}

static bool connection_explains(const struct pp_diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->endpoint_count; i++) {
		struct pp_host room;

		if (is_fault(diagnosis->endpoints[i]) && pp_host_of(diagnosis->endpoints[i], &room)->hurt_agent)
			return true;
	}
	return false;
}

static void tell_services(struct pp_diagnosis *diagnosis, bool explained)
{
	struct pp_conclusion *conclusion = &diagnosis->conclusion;
	const struct pp_verdict *first = NULL;

	for (unsigned i = 0; i < diagnosis->unit_count; i++) {
		struct pp_verdict verdict, *kept;
		struct pp_case c;

		pp_case_of_unit(&c, diagnosis, &diagnosis->units[i]);
		if (!pp_judge_machine(&c, &pp_rule_loc_07, &verdict) || !(kept = add_machine(conclusion)))
			continue;
		pp_verdict_copy(kept, &verdict);
		if (!explained)
			doubt_service(diagnosis, kept);
		first = first ? first : kept;
	}
	if (first && !explained)
		conclude_with(conclusion, first);
}

static size_t count_faults(const struct pp_diagnosis *diagnosis)
{
	size_t count = 0;

	for (size_t i = 0; i < diagnosis->endpoint_count; i++)
		count += is_fault(diagnosis->endpoints[i]);
	return count;
}

static bool any_is_well(const struct pp_diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->endpoint_count; i++)
		if (diagnosis->endpoints[i]->candidates->outcome == PP_OUTCOME_OK)
			return true;
	return false;
}

/* With a profile only its categories are relevant. */
static bool anything_relevant(const struct pp_diagnosis *diagnosis)
{
	if (!diagnosis->options.agent)
		return any_is_well(diagnosis);
	for (size_t i = 0; i < diagnosis->expectation_count; i++)
		if (diagnosis->expectations[i].seen != PP_SEEN_NEVER)
			return any_is_well(diagnosis);
	return false;
}

enum pp_err pp_conclusion_draw(struct pp_diagnosis *diagnosis)
{
	struct pp_conclusion *conclusion = &diagnosis->conclusion;
	size_t faults = count_faults(diagnosis);
	const struct pp_neighbour *gateway = missing_gateway(diagnosis);

	conclusion->flows_ok = diagnosis->flows[PP_OUTCOME_OK];
	conclusion->flows_fault = diagnosis->flows[PP_OUTCOME_FAULT];
	conclusion->flows_inconclusive = diagnosis->flows[PP_OUTCOME_INCONCLUSIVE];
	conclusion->outcome = PP_OUTCOME_INCONCLUSIVE;
	conclusion->exit_status = 2;
	if (faults) {
		enum pp_err err = tell_faults(diagnosis, faults);

		if (err != PP_OK)
			return err;
	}
	gateway = conclusion->verdict.grade <= PP_STRONG ? gateway : NULL;
	if (gateway) {
		blame_gateway(diagnosis, gateway);
	} else if (!faults && anything_relevant(diagnosis)) {
		conclusion->outcome = PP_OUTCOME_OK;
		conclusion->exit_status = 0;
	} else if (!faults) {
		tell_doubt(diagnosis);
	}
	tell_services(diagnosis, gateway || connection_explains(diagnosis));
	return PP_OK;
}

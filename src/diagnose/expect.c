/* Expectations: the categories that the agent's profile names, against the endpoints that were seen.  One broken
 * endpoint makes its category faulty; one that is only unclear counts as contacted.
 */
#include "diagnose/account.h"

#include <string.h>

enum { ENDPOINTS_MOST = sizeof(((struct pp_expectation *)0)->endpoints) / sizeof(const char *) };

static enum pp_err look_for(struct pp_diagnosis *diagnosis, struct pp_expectation *expectation)
{
	expectation->seen = PP_SEEN_NEVER;
	for (size_t i = 0; i < diagnosis->endpoint_count; i++) {
		const struct pp_host_record *host = diagnosis->endpoints[i];
		const char *name;

		if (strcmp(host->category, expectation->category) != 0)
			continue;
		if (host->candidates->outcome == PP_OUTCOME_FAULT)
			expectation->seen = PP_SEEN_FAULT;
		else if (expectation->seen == PP_SEEN_NEVER)
			expectation->seen = PP_SEEN_OK;
		if (expectation->endpoint_count == ENDPOINTS_MOST)
			continue;
		name = pp_endpoint_name(diagnosis, host);
		if (!name)
			return PP_NOMEM;
		expectation->endpoints[expectation->endpoint_count++] = name;
	}
	return PP_OK;
}

enum pp_err pp_expectations_weigh(struct pp_diagnosis *diagnosis)
{
	const struct pp_agent_row *agent = diagnosis->options.agent;
	unsigned count = agent ? agent->required_count + agent->optional_count : 0;
	enum pp_err err = PP_OK;

	if (count == 0)
		return PP_OK;
	diagnosis->expectations = pp_arena_alloc(&diagnosis->end_arena, count * sizeof(*diagnosis->expectations));
	if (!diagnosis->expectations)
		return PP_NOMEM;
	for (unsigned i = 0; i < count && err == PP_OK; i++) {
		struct pp_expectation *expectation = &diagnosis->expectations[i];

		expectation->required = i < agent->required_count;
		expectation->category =
		    expectation->required ? agent->required[i] : agent->optional[i - agent->required_count];
		err = look_for(diagnosis, expectation);
	}
	diagnosis->expectation_count = count;
	return err;
}

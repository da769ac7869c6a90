#include "diagnose/plan.h"

#include <assert.h>

/* Gives the number of the row behind them. */
static unsigned add_rows(struct pp_plans *plans, unsigned row, const struct pp_rule *const *rules)
{
	for (; *rules && row < PP_PLAN_ROWS; rules++)
		plans->rows[row++] = *rules;
	assert(!*rules && row < PP_PLAN_END);
	return row;
}

void pp_plans_fill(struct pp_plans *plans)
{
	unsigned row = 0;

	for (unsigned i = 0; i < pp_layer_count; i++)
		row = add_rows(plans, row, pp_layers[i].rules);
	add_rows(plans, row, pp_note_rules);
}

static void add_step(struct pp_plan *plan, unsigned *count, unsigned step)
{
	assert(*count < PP_PLAN_STEPS); /* a unit test counts what each stage can need */
	if (*count < PP_PLAN_STEPS)
		plan->step[(*count)++] = (uint8_t)step;
}

/* Gives the number of the row behind them. */
static unsigned add_rules(struct pp_plan *plan, unsigned *count, unsigned row, const struct pp_rule *const *rules)
{
	for (; *rules; rules++, row++)
		if (!((*rules)->signs & ~plan->signs))
			add_step(plan, count, row);
	return row;
}

static unsigned skip_rules(unsigned row, const struct pp_rule *const *rules)
{
	while (*rules++)
		row++;
	return row;
}

static void make(struct pp_plan *plan, enum pp_stage stage, uint64_t signs)
{
	unsigned count = 0, row = 0;

	plan->kind = (uint8_t)(stage + 1);
	plan->signs = signs;
	for (unsigned i = 0; i < pp_layer_count; i++) {
		unsigned begin = count;

		if (!pp_layer_asks(&pp_layers[i], stage, signs & PP_IF(WORKED))) {
			row = skip_rules(row, pp_layers[i].rules);
			continue;
		}
		add_step(plan, &count, i);
		row = add_rules(plan, &count, row, pp_layers[i].rules);
		if (count == begin + 1)
			count = begin;
		else
			add_step(plan, &count, PP_PLAN_END);
	}
	add_step(plan, &count, PP_PLAN_END);
	plan->notes = (uint8_t)count;
	add_rules(plan, &count, row, pp_note_rules);
	add_step(plan, &count, PP_PLAN_END);
}

const struct pp_plan *pp_plan_of(struct pp_plans *plans, enum pp_stage stage, uint64_t signs)
{
	uint64_t mix = (signs + (uint64_t)stage) * UINT64_C(0x9e3779b97f4a7c15);
	struct pp_plan *plan = &plans->plan[(mix ^ mix >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 56];

	_Static_assert(PP_PLANS == 256, "eight bits choose one");
	if (plan->kind != stage + 1 || plan->signs != signs)
		make(plan, stage, signs);
	return plan;
}

/* plan: which rules are to be asked for cases of one kind; private to diagnose/.
 *
 * Shape   what may hit depends on the stage and the signs alone, and most connections of a capture are alike: the rules
 *         that are left are picked from the table once and remembered.
 * Limits  PP_PLANS kinds at a time; another one takes the place of one of them.
 */
#ifndef PP_DIAGNOSE_PLAN_H
#define PP_DIAGNOSE_PLAN_H

#include "diagnose/table.h"

enum { PP_PLANS = 256, PP_PLAN_ROWS = 192, PP_PLAN_STEPS = 86, PP_PLAN_END = 255 };

/* Steps: for each layer that has a rule left its number, those rules (of pp_plans.rows) and PP_PLAN_END; then
 * PP_PLAN_END.  From `notes` on: the notes that are left, and PP_PLAN_END. */
struct pp_plan {
	uint64_t signs;
	uint8_t kind; /* 1 + the stage; 0: free */
	uint8_t notes;
	uint8_t step[PP_PLAN_STEPS];
};

struct pp_plans {
	const struct pp_rule *rows[PP_PLAN_ROWS]; /* of all layers one behind the other, then of the notes */
	struct pp_plan plan[PP_PLANS];
};

void pp_plans_fill(struct pp_plans *plans);
/* Valid until the next call.  Whether it worked is told by the signs. */
const struct pp_plan *pp_plan_of(struct pp_plans *plans, enum pp_stage stage, uint64_t signs);

#endif

/* judge: one case in, its judgement out; private to diagnose/. */
#ifndef PP_DIAGNOSE_JUDGE_H
#define PP_DIAGNOSE_JUDGE_H

#include "diagnose/case.h"

void pp_judge_connection(struct pp_plans *plans, const struct pp_case *c, struct pp_judgement *ret_judgement);
/* One rule of scope capture; false: it does not hit. */
bool pp_judge_machine(const struct pp_case *c, const struct pp_rule *rule, struct pp_verdict *verdict);
void pp_judge_lookup(const struct pp_case *c, struct pp_judgement *ret_judgement);

#endif

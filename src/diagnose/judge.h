/* judge: one case in, its judgement out; private to diagnose/. */
#ifndef PP_DIAGNOSE_JUDGE_H
#define PP_DIAGNOSE_JUDGE_H

#include "diagnose/case.h"

void pp_judge_connection(const struct pp_case *c, struct pp_judgement *ret_judgement);
void pp_judge_lookup(const struct pp_case *c, struct pp_judgement *ret_judgement);

#endif

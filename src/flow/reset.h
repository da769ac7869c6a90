/* reset: what a RST looks like against what was known when it came; private to flow/. */
#ifndef PP_FLOW_RESET_H
#define PP_FLOW_RESET_H

#include "flow/flow.h"

void pp_flow_reset(struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet, enum pp_phase phase,
		   struct pp_mark now);
/* A segment of `side` that is no reset: shows whether an earlier reset in its name was the end. */
void pp_flow_after_reset(struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet, struct pp_mark now);

#endif

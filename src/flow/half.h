/* half: a connection of which only the client's SYNs were seen; private to flow/, but for its facts. */
#ifndef PP_FLOW_HALF_H
#define PP_FLOW_HALF_H

#include "flow/flow.h"

/* Whether the segment leaves the flow half open: one more SYN like those before. */
bool pp_flow_half_takes(const struct pp_flow *flow, const struct pp_packet *packet, struct pp_mark now);
void pp_flow_half_file(struct pp_flow *flow, const struct pp_packet *packet, struct pp_mark now,
		       struct pp_flow_news *ret_news);
/* The facts' memory is zero. */
void pp_flow_half_facts(const struct pp_flow_half *half, uint16_t file, bool reused, bool evicted,
			struct pp_tcp_facts *ret_facts);
/* The body as if it had been there from the beginning. */
void pp_flow_half_unfold(const struct pp_flow *flow, struct pp_flow_body *ret_body);
struct pp_mark pp_flow_half_first(const struct pp_flow *flow);
struct pp_mark pp_flow_half_last(const struct pp_flow *flow);

#endif

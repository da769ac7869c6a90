/* half: a connection of which only the client's SYNs were seen, and perhaps a refusal; private to flow/. */
#ifndef PP_FLOW_HALF_H
#define PP_FLOW_HALF_H

#include "flow/flow.h"
#include "flow/signature.h"

/* Whether the segment leaves the flow half open: one more SYN like those before. */
bool pp_flow_half_takes(const struct pp_flow *flow, const struct pp_packet *packet, struct pp_mark now);
/* Whether the server's segment refuses it, as RFC 9293 section 3.10.7.3 has it, and nothing more needs to be kept. */
bool pp_flow_half_is_refusal(const struct pp_flow *flow, const struct pp_packet *packet, uint16_t file);
void pp_flow_half_refuse(struct pp_flow *flow, const struct pp_packet *packet, const struct pp_mark *now);
void pp_flow_half_file(struct pp_flow *flow, const struct pp_packet *packet, struct pp_mark now,
		       struct pp_flow_news *ret_news);
/* The facts' memory is zero. */
void pp_flow_half_facts(const struct pp_flow_half *half, uint16_t file, bool reused, bool evicted,
			struct pp_tcp_facts *ret_facts);
/* The body as if it had been there from the beginning. */
void pp_flow_half_unfold(const struct pp_flow *flow, struct pp_flow_body *ret_body);

/* Whether a SYN, of the client and without payload, is like those before. */
static PP_ALWAYS bool pp_flow_half_goes_on(const struct pp_flow_half *half, const struct pp_packet *packet)
{
	return half->count != 0 && half->count < PP_HALF_SYNS_MAX && !half->refused && half->duplicates < UINT16_MAX &&
	       packet->tcp.seq == half->isn && packet->ttl == half->ttl;
}

/* Whether a SYN with that signature was there before. */
static PP_ALWAYS bool pp_flow_half_has(const struct pp_flow_half *half, uint32_t sign)
{
	for (unsigned i = 0; i < half->count; i++)
		if (half->signature[i] == sign)
			return true;
	return false;
}

static PP_ALWAYS void pp_flow_half_put(struct pp_flow_half *half, const struct pp_packet *packet, uint32_t sign,
				       struct pp_mark now)
{
	half->signature[half->count] = sign;
	half->ts[half->count] = now.ts;
	half->count++;
	half->last_packet = now.packet;
	half->window = packet->tcp.window;
	if (pp_has_ip_id(packet)) {
		half->ip_id = packet->ip_id;
		half->ip_id_seen = true;
	}
}

/* The first SYN; `half` is all zeros. */
static PP_ALWAYS void pp_flow_half_begin(struct pp_flow_half *half, const struct pp_packet *packet, struct pp_mark now)
{
	half->first_packet = now.packet;
	half->isn = packet->tcp.seq;
	half->option_order = packet->tcp.option_order;
	half->mss = packet->tcp.mss;
	half->window_syn = packet->tcp.window;
	half->ttl = packet->ttl;
	half->options = packet->tcp.options;
	half->wscale = packet->tcp.wscale;
	pp_flow_half_put(half, packet, pp_signature(packet), now);
}

struct pp_mark pp_flow_half_last(const struct pp_flow *flow);

#endif

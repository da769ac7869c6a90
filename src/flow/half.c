/* Half open connections.  What is kept of the SYNs, and of a refusal, is all that pp_flow_segment() would have made facts
 * of, and the facts made of it in the end are the same: tests/unit/test_flow.c compares the two. */
#include "flow/half.h"

#include "base/time.h"

#include <string.h>

bool pp_flow_half_takes(const struct pp_flow *flow, const struct pp_packet *packet, struct pp_mark now)
{
	const struct pp_flow_half *half = &flow->half;

	if ((packet->tcp.flags & (PP_TCP_SYN | PP_TCP_ACK | PP_TCP_RST | PP_TCP_FIN)) != PP_TCP_SYN ||
	    packet->payload_len != 0 || packet->cut || now.file != flow->file)
		return false;
	return half->count == 0 || (pp_flow_half_goes_on(half, packet) && pp_flow_side_of(flow, packet) == PP_CLIENT);
}

static bool is_copy(const struct pp_flow_half *half, const struct pp_packet *packet, uint32_t sign, int64_t ts)
{
	for (unsigned i = 0; i < half->count; i++) {
		uint32_t after_us = (uint32_t)(ts / 1000) - (uint32_t)(half->ts[i] / 1000);

		if (half->signature[i] == sign &&
		    (after_us <= (pp_has_ip_id(packet) ? PP_DUPLICATE_SYN_US : PP_DUPLICATE_US) ||
		     pp_has_id_and_time(packet)))
			return true;
	}
	return false;
}

/* One more; false: a copy made by the capture. */
static bool add(struct pp_flow_half *half, const struct pp_packet *packet, struct pp_mark now)
{
	uint32_t sign = pp_signature(packet);

	if (is_copy(half, packet, sign, now.ts)) {
		half->duplicates++;
		return false;
	}
	pp_flow_half_put(half, packet, sign, now);
	return true;
}

void pp_flow_half_file(struct pp_flow *flow, const struct pp_packet *packet, struct pp_mark now,
		       struct pp_flow_news *ret_news)
{
	*ret_news = (struct pp_flow_news){ .side = PP_CLIENT };
	flow->last = now;
	if (flow->half.count == 0)
		pp_flow_half_begin(&flow->half, packet, now);
	else
		ret_news->duplicate = !add(&flow->half, packet, now);
}

struct pp_mark pp_flow_half_last(const struct pp_flow *flow)
{
	const struct pp_flow_half *half = &flow->half;

	return (struct pp_mark){ half->ts[half->count ? half->count - 1 : 0], half->last_packet, flow->file };
}

bool pp_flow_half_is_refusal(const struct pp_flow *flow, const struct pp_packet *packet, uint16_t file)
{
	const struct pp_flow_half *half = &flow->half;
	const uint8_t ends = PP_TCP_SYN | PP_TCP_ACK | PP_TCP_RST | PP_TCP_FIN;

	return !flow->body && !half->refused && half->count != 0 && half->count <= PP_HALF_REFUSED_SYNS_MAX &&
	       (packet->tcp.flags & ends) == (PP_TCP_RST | PP_TCP_ACK) && packet->tcp.ack == half->isn + 1 &&
	       packet->payload_len == 0 && !packet->cut && file == flow->file && file == flow->last.file &&
	       pp_flow_side_of(flow, packet) == PP_SERVER;
}

void pp_flow_half_refuse(struct pp_flow *flow, const struct pp_packet *packet, const struct pp_mark *now)
{
	flow->half.refused = true;
	flow->half.refusal = (struct pp_flow_refusal){ .ts = now->ts,
						       .idle_ns = now->ts - flow->last.ts,
						       .packet = now->packet,
						       .signature = pp_signature(packet),
						       .seq = packet->tcp.seq,
						       .ack = packet->tcp.ack,
						       .ip_id = packet->ip_id,
						       .window = packet->tcp.window,
						       .ttl = packet->ttl,
						       .flags = packet->tcp.flags,
						       .has_timestamp = (packet->tcp.options & PP_OPT_TIMESTAMPS) != 0,
						       .df = packet->df };
	flow->last = *now;
	flow->closed = true;
}

static void fill_refusal(const struct pp_flow_half *half, uint16_t file, struct pp_tcp_facts *facts)
{
	const struct pp_flow_refusal *refusal = &half->refusal;

	facts->side[PP_SERVER].packets = 1;
	pp_mark_set(&facts->side[PP_SERVER].last, refusal->ts, refusal->packet, file);
	facts->rst = (struct pp_tcp_reset){ .mark = { refusal->ts, refusal->packet, file },
					    .idle_ns = refusal->idle_ns,
					    .from = PP_SERVER,
					    .after = PP_PHASE_SYN,
					    .has_ack = true,
					    .has_timestamp = refusal->has_timestamp,
					    .df = refusal->df,
					    .ttl = refusal->ttl,
					    .ip_id = refusal->ip_id,
					    .window = refusal->window,
					    .count = 1,
					    .acceptable = true,
					    .since_other_ns = refusal->ts - half->ts[half->count - 1] };
}

static void fill_times(const struct pp_flow_half *half, struct pp_tcp_facts *facts)
{
	uint32_t times = 1; /* the first, at 0 */

	for (unsigned i = 1; i < half->count; i++) {
		int64_t after_ms = (half->ts[i] - half->ts[0]) / PP_MS;

		if (after_ms >= 0 && after_ms <= UINT32_MAX)
			facts->syn_ms[times++] = (uint32_t)after_ms;
	}
	facts->syn_times = times;
}

void pp_flow_half_facts(const struct pp_flow_half *half, uint16_t file, bool reused, bool evicted,
			struct pp_tcp_facts *ret_facts)
{
	struct pp_tcp_side *client = &ret_facts->side[PP_CLIENT];

	ret_facts->handshake_rtt_ns = ret_facts->ack_rtt_min_ns = -1;
	ret_facts->rst.since_other_ns = -1;
	ret_facts->sides_by = PP_BY_SYN;
	ret_facts->port_reused = reused;
	ret_facts->evicted = evicted;
	ret_facts->duplicates = half->duplicates;
	if (half->count == 0)
		return;
	pp_mark_set(&ret_facts->syn, half->ts[0], half->first_packet, file);
	pp_mark_set(&ret_facts->syn_last, half->ts[half->count - 1], half->last_packet, file);
	pp_mark_set(&client->last, half->ts[half->count - 1], half->last_packet, file);
	ret_facts->syn_count = half->count;
	ret_facts->syn_retransmits = half->count - 1u;
	fill_times(half, ret_facts);
	client->packets = half->count;
	client->profile = (struct pp_tcp_profile){ .ttl_syn = half->ttl,
						   .ttl_min = half->ttl,
						   .ttl_max = half->ttl,
						   .options_syn = half->options,
						   .wscale = half->wscale,
						   .mss = half->mss,
						   .window_syn = half->window_syn,
						   .option_order = half->option_order,
						   .ip_id_last = half->ip_id,
						   .ip_id_seen = half->ip_id_seen };
	if (half->refused)
		fill_refusal(half, file, ret_facts);
}

static void unfold_refusal(const struct pp_flow_refusal *refusal, struct pp_flow_body *body)
{
	struct pp_flow_side *server = &body->side[PP_SERVER];

	body->facts.rst.count = 0; /* only the end tells */
	server->rst_count = 1;
	server->rst_seq = refusal->seq;
	server->rst_ack = refusal->ack;
	server->rst_flags = refusal->flags;
	server->recent.signature[0] = refusal->signature;
	server->recent.ts[0] = refusal->ts;
	server->recent_next = 1;
}

void pp_flow_half_unfold(const struct pp_flow *flow, struct pp_flow_body *ret_body)
{
	const struct pp_flow_half *half = &flow->half;
	struct pp_flow_side *client = &ret_body->side[PP_CLIENT];

	memset(ret_body, 0, sizeof(*ret_body));
	pp_flow_half_facts(half, flow->file, flow->reused, flow->evicted, &ret_body->facts);
	client->zero_since = ret_body->side[PP_SERVER].zero_since = PP_TIME_NONE;
	if (half->count == 0)
		return;
	client->known = client->base_set = client->isn_set = true;
	client->base_seq = client->isn = half->isn;
	client->next_seq = half->isn + 1;
	client->last_window = half->window;
	for (unsigned i = 0; i < half->count; i++) {
		client->recent.signature[i] = half->signature[i];
		client->recent.ts[i] = half->ts[i];
	}
	client->recent_next = half->count;
	if (half->refused)
		unfold_refusal(&half->refusal, ret_body);
}

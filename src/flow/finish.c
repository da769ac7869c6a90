/* What comes to a connection from elsewhere than its segments, and what only its end tells. */
#include "flow/half.h"
#include "flow/points.h"

#include "base/seq.h"
#include "base/time.h"

#include <string.h>

/* RFC 5927 section 4.1: the quoted SEQ must be outstanding (the SYN's own lies one below offset 0). */
static bool is_outstanding(const struct pp_flow *flow, enum pp_side about, uint32_t seq)
{
	const struct pp_flow_side *side = &flow->body->side[about];
	int64_t offset = pp_seq_offset(seq, side->next_seq, side->next);

	return offset >= (int64_t)flow->body->facts.side[about].acked - 1 && offset <= side->next + 1;
}

/* Where an error is kept; -1: nowhere.  The first ones, and in the last place the latest of those that come before their side
 * closes: a device that rejects one segment after the other goes on rejecting what is repeated. */
static int place_of_icmp(struct pp_tcp_facts *facts, enum pp_side about, bool authentic)
{
	if (facts->icmp_count < PP_ICMP_MAX)
		return (int)facts->icmp_count++;
	return authentic && !pp_seen(facts->side[about].fin) ? PP_ICMP_MAX - 1 : -1;
}

void pp_flow_icmp(struct pp_flow *flow, const struct pp_packet *packet, enum pp_side about, struct pp_mark now)
{
	const struct pp_flow_side *side = &flow->body->side[about];
	bool authentic = packet->quote.has_seq && side->known && is_outstanding(flow, about, packet->quote.seq);
	int place = place_of_icmp(&flow->body->facts, about, authentic);
	uint8_t bit = (uint8_t)(1u << (place & 7));

	if (place < 0)
		return;
	flow->body->facts.icmp[place] = (struct pp_icmp_error){ .mark = now,
								.from = packet->src,
								.ip_version = packet->ip_version,
								.type = packet->icmp_type,
								.code = packet->icmp_code,
								.mtu = packet->icmp_mtu,
								.authentic = authentic,
								.about = about };
	flow->body->icmp_early &= (uint8_t)~bit;
	if (!packet->quote.has_seq || side->known)
		return;
	/* Captures reorder: the segment it quotes may come right behind it. */
	flow->body->icmp_early |= bit;
	flow->body->icmp_seq[place] = packet->quote.seq;
}

void pp_flow_swap(struct pp_flow *flow, enum pp_sides_by by)
{
	struct pp_flow_side side = flow->body->side[0];
	struct pp_tcp_side facts = flow->body->facts.side[0];

	flow->body->side[0] = flow->body->side[1];
	flow->body->side[1] = side;
	flow->body->facts.side[0] = flow->body->facts.side[1];
	flow->body->facts.side[1] = facts;
	flow->client = !flow->client;
	flow->smooth = false;
	flow->body->facts.sides_by = by;
	flow->body->facts.rst.from = pp_other_side(flow->body->facts.rst.from);
	flow->body->facts.fin_from = pp_other_side(flow->body->facts.fin_from);
	for (unsigned i = 0; i < flow->body->facts.icmp_count; i++)
		flow->body->facts.icmp[i].about = pp_other_side(flow->body->facts.icmp[i].about);
	flow->body->facts.ack_rtt_min_ns = -1;
}

static void finish_side(struct pp_flow *flow, enum pp_side side, int64_t end_of_capture)
{
	const struct pp_flow_side *me = &flow->body->side[side];
	struct pp_tcp_side *facts = &flow->body->facts.side[side];

	facts->end = me->next > 0 ? (uint64_t)me->next : 0;
	facts->large_acked = me->large_end > 0 && (int64_t)facts->acked >= me->large_end;
	facts->missing = facts->end > facts->bytes ? facts->end - facts->bytes : 0;
	if (facts->missing == 0)
		facts->gap = (struct pp_mark){ 0 };
	if (facts->missing != 0 && facts->acked > facts->gap_begin) {
		uint64_t acked = facts->acked - facts->gap_begin;

		facts->missing_acked = acked < facts->missing ? acked : facts->missing;
	}
	if (facts->acked > facts->end && facts->packets != 0)
		facts->missing_acked += facts->acked - facts->end;
	if (me->zero_since != PP_TIME_NONE && end_of_capture - me->zero_since > facts->zero_window_ns)
		facts->zero_window_ns = end_of_capture - me->zero_since;
}

static void finish_body(struct pp_flow *flow, int64_t end_of_capture)
{
	struct pp_tcp_facts *facts = &flow->body->facts;

	facts->port_reused = flow->reused;
	facts->evicted = flow->evicted;
	for (enum pp_side side = PP_CLIENT; side <= PP_SERVER; side++)
		finish_side(flow, side, end_of_capture);
	for (unsigned i = 0; i < facts->icmp_count; i++) {
		if (flow->body->icmp_early >> i & 1)
			facts->icmp[i].authentic = is_outstanding(flow, facts->icmp[i].about, flow->body->icmp_seq[i]);
	}
	if (pp_seen(facts->rst.mark)) {
		facts->rst.count = flow->body->side[facts->rst.from].rst_count;
		facts->rst.count_other = flow->body->side[pp_other_side(facts->rst.from)].rst_count;
	}
	/* The visible side acknowledges bytes of a side that was never captured, or goes on as if it had been answered.
	 */
	for (enum pp_side side = PP_CLIENT; side <= PP_SERVER; side++) {
		const struct pp_tcp_side *unseen = &facts->side[side], *seen = &facts->side[pp_other_side(side)];

		if (unseen->packets == 0 && seen->packets > 1 &&
		    (unseen->acked > 0 || seen->bytes > 0 || pp_seen(seen->fin)))
			facts->one_sided = true;
	}
}

void pp_flow_finish(struct pp_flow *flow, int64_t end_of_capture, struct pp_tcp_facts *ret_facts)
{
	if (flow->body) {
		finish_body(flow, end_of_capture);
		*ret_facts = flow->body->facts;
	} else {
		memset(ret_facts, 0, sizeof(*ret_facts));
		pp_flow_half_facts(&flow->half, flow->file, flow->reused, flow->evicted, ret_facts);
	}
	ret_facts->disordered = flow->disordered;
	ret_facts->more_elsewhere = flow->points && pp_flow_points_differ(flow);
}

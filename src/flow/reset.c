/* Resets.
 *
 * The first reset that the other side would accept ends the connection and is kept; a forged or stale one that it would
 * not accept is kept only while there is none better.  Later ones are compared with it, because trains of resets with
 * growing SEQ, changing ACK or changing flags are what injectors send (docs/rules.md, FW-13).
 */
#include "flow/reset.h"

#include "base/seq.h"

/* RFC 9293 section 3.5.3 for SYN-SENT, section 3.10.7.4 otherwise; RFC 5961 would want SEQ exactly. */
static bool acceptable(const struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet, int32_t seq_ahead)
{
	const struct pp_flow_side *me = &flow->body->side[side], *peer = &flow->body->side[pp_other_side(side)];
	int64_t window;

	if (side == PP_SERVER && pp_seen(flow->body->facts.syn) && !pp_seen(flow->body->facts.syn_ack) &&
	    flow->body->facts.side[PP_SERVER].bytes == 0)
		return (packet->tcp.flags & PP_TCP_ACK) && pp_seq_diff(packet->tcp.ack, peer->isn) > 0 &&
		       pp_seq_leq(packet->tcp.ack, peer->next_seq);
	if (!me->known || (peer->ack_set && packet->tcp.seq == peer->last_ack))
		return true;
	window = (int64_t)peer->last_window << (flow->body->facts.side[pp_other_side(side)].profile.wscale & 15);
	return seq_ahead >= 0 && seq_ahead <= (window > 65535 ? window : 65535);
}

static void compare_with_first(struct pp_tcp_reset *rst, const struct pp_flow_side *me, const struct pp_packet *packet)
{
	bool has_ack = packet->tcp.flags & PP_TCP_ACK;

	rst->seq_grows |= pp_seq_diff(packet->tcp.seq, me->rst_seq) > 0 &&
			  (!me->known || pp_seq_diff(packet->tcp.seq, me->next_seq) > 0);
	rst->mixed_flags |= ((me->rst_flags ^ packet->tcp.flags) & PP_TCP_ACK) != 0;
	rst->acks_differ |= (has_ack ? packet->tcp.ack : 0) != me->rst_ack;
}

void pp_flow_reset(struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet, enum pp_phase phase,
		   struct pp_mark now)
{
	struct pp_tcp_facts *facts = &flow->body->facts;
	struct pp_tcp_reset *rst = &facts->rst;
	struct pp_flow_side *me = &flow->body->side[side];
	const struct pp_flow_side *peer = &flow->body->side[pp_other_side(side)];
	const struct pp_tcp_side *other = &facts->side[pp_other_side(side)];
	int32_t seq_ahead = me->known ? pp_seq_diff(packet->tcp.seq, me->next_seq + me->fin_set) : 0;
	bool accept = acceptable(flow, side, packet, seq_ahead), has_ack = packet->tcp.flags & PP_TCP_ACK;
	bool closed = pp_seen(facts->side[PP_CLIENT].fin) || pp_seen(facts->side[PP_SERVER].fin);

	me->rst_count++;
	if (pp_seen(rst->mark)) {
		bool ignored = pp_seen(rst->peer_later) && rst->from == side;

		if (rst->from == side)
			compare_with_first(rst, me, packet);
		if (!accept || (rst->acceptable && !ignored))
			return;
	}
	me->rst_seq = packet->tcp.seq;
	me->rst_ack = has_ack ? packet->tcp.ack : 0;
	me->rst_flags = packet->tcp.flags;
	rst->mark = now;
	rst->from = side;
	rst->after = closed ? PP_PHASE_CLOSE : phase;
	rst->has_ack = has_ack;
	rst->has_timestamp = packet->tcp.options & PP_OPT_TIMESTAMPS;
	rst->df = packet->df;
	rst->ttl = packet->ttl;
	rst->ip_id = packet->ip_id;
	rst->window = packet->tcp.window;
	rst->seq_ahead = seq_ahead;
	rst->ack_ahead = has_ack && peer->known ? pp_seq_diff(packet->tcp.ack, peer->next_seq + peer->fin_set) : 0;
	rst->acceptable = accept;
	rst->peer_later = (struct pp_mark){ 0 };
	rst->since_other_ns = pp_seen(other->last) ? now.ts - other->last.ts : -1;
	rst->idle_ns = now.ts - flow->last.ts;
	if (accept)
		flow->closed = true;
}

void pp_flow_after_reset(struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet, struct pp_mark now)
{
	struct pp_tcp_reset *rst = &flow->body->facts.rst;

	if (pp_seen(rst->mark) && rst->from == side && !(packet->tcp.flags & PP_TCP_SYN) &&
	    pp_seq_diff(packet->tcp.seq, flow->body->side[side].rst_seq) >= 0)
		pp_mark_first(&rst->peer_later, now);
}

/* What each segment's header says, added to its connection's facts.
 *
 * An observer sees gaps, reorderings and one-sided captures that a TCP stack never sees, so there is no state machine
 * here: events are marked when they are seen, and what they mean is derived later (docs/architecture.md).
 *
 * Offsets: `next` of a side is the offset behind the highest byte it is known to have sent, by its own segments (data,
 * or an empty segment whose SEQ lies further on).  Byte 0 is the first byte after the SYN, or the first byte seen.
 */
#include "flow/flow.h"
#include "flow/half.h"
#include "flow/reset.h"
#include "flow/view.h"

#include "base/time.h"

#include <string.h>

/* ------------------------------------------------------------------ copies made by the capture */

/* How far apart copies may be.  Without an IPv4 ID only time tells a copy from a repetition: half a round trip is too soon
 * for the latter. */
static uint32_t duplicate_window_us(const struct pp_flow *flow, const struct pp_packet *packet)
{
	int64_t half_rtt_us = flow->body->facts.handshake_rtt_ns / 2000;

	if (pp_has_id_and_time(packet))
		return UINT32_MAX;
	if (pp_has_ip_id(packet) || flow->body->facts.handshake_rtt_ns < 0 || half_rtt_us > PP_DUPLICATE_US)
		return PP_DUPLICATE_US;
	return (uint32_t)half_rtt_us;
}

/* Whoever has no socket says the same to every segment: where the other side spoke in between, it is an answer to that. */
static bool answers_anew(const struct pp_flow *flow, const struct pp_flow_side *me, const struct pp_packet *packet)
{
	enum pp_side side = me == &flow->body->side[PP_CLIENT] ? PP_CLIENT : PP_SERVER;
	const struct pp_tcp_side *facts = flow->body->facts.side;

	return (packet->tcp.flags & PP_TCP_RST) && !pp_has_ip_id(packet) &&
	       pp_mark_later(&facts[pp_other_side(side)].last, &facts[side].last);
}

/* Whether one of the signatures kept is this one, and young enough. */
PP_SELDOM static bool is_recent(const struct pp_flow *flow, const struct pp_flow_side *me,
				const struct pp_packet *packet, uint32_t sign, int64_t ts)
{
	bool syn_id = (packet->tcp.flags & PP_TCP_SYN) && pp_has_ip_id(packet);
	uint32_t most = duplicate_window_us(flow, packet);

	if (answers_anew(flow, me, packet))
		return false;
	if (syn_id && most < PP_DUPLICATE_SYN_US)
		most = PP_DUPLICATE_SYN_US;
	for (unsigned i = 0; i < PP_RECENT_MAX; i++) {
		if (me->recent.signature[i] == sign &&
		    (uint32_t)(ts / 1000) - (uint32_t)(me->recent.ts[i] / 1000) <= most)
			return true;
	}
	return false;
}

static inline bool is_duplicate(const struct pp_flow *flow, struct pp_flow_side *me, const struct pp_packet *packet,
				int64_t ts)
{
	uint32_t sign;

	/* A receiver says the same thing twice for good reason: an empty segment needs an ID to be known as a copy. */
	if (packet->payload_len == 0 && !pp_has_ip_id(packet) &&
	    !(packet->tcp.flags & (PP_TCP_SYN | PP_TCP_FIN | PP_TCP_RST)))
		return false;
	sign = pp_signature(packet);
	if (pp_flow_is_recent(me, sign) && is_recent(flow, me, packet, sign, ts))
		return true;
	pp_flow_remember(me, sign, ts);
	return false;
}

/* ------------------------------------------------------------------ opening */

static void take_profile(struct pp_tcp_profile *profile, const struct pp_packet *packet)
{
	const struct pp_tcp_header *tcp = &packet->tcp;

	profile->ttl_syn = packet->ttl;
	profile->options_syn = tcp->options;
	profile->option_order = tcp->option_order;
	profile->window_syn = tcp->window;
	profile->wscale = tcp->wscale;
	profile->mss = tcp->mss;
}

static void see_syn(struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet, const struct pp_mark *now)
{
	struct pp_tcp_facts *facts = &flow->body->facts;
	struct pp_flow_side *me = &flow->body->side[side];
	int64_t after_ms;

	if (side == PP_SERVER) {
		facts->simultaneous_open = true;
		return;
	}
	facts->syn_count++;
	if (!pp_seen(facts->syn)) {
		facts->syn = *now;
		me->isn = packet->tcp.seq;
		me->isn_set = true;
		facts->reordered = pp_seen(facts->syn_ack);
		facts->midstream = false;
		take_profile(&facts->side[side].profile, packet);
	} else if (packet->tcp.seq == me->isn) {
		facts->syn_retransmits++;
	}
	facts->syn_last = *now;
	facts->fast_open |= packet->payload_len > 0;
	after_ms = (now->ts - facts->syn.ts) / PP_MS;
	if (facts->syn_times < PP_SYN_TIMES_MAX && after_ms >= 0 && after_ms <= UINT32_MAX)
		facts->syn_ms[facts->syn_times++] = (uint32_t)after_ms;
	/* Asking again after a refusal is one attempt (Windows does it): the refusal may not have been the end. */
	if (flow->closed && facts->rst.after == PP_PHASE_SYN)
		flow->closed = false;
}

static void see_syn_ack(struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet,
			const struct pp_mark *now)
{
	struct pp_tcp_facts *facts = &flow->body->facts;
	struct pp_flow_side *me = &flow->body->side[side];

	if (side == PP_CLIENT) {
		facts->simultaneous_open = true;
		return;
	}
	facts->syn_ack_count++;
	if (pp_seen(facts->syn_ack))
		return;
	facts->syn_ack = *now;
	me->isn = packet->tcp.seq;
	me->isn_set = true;
	take_profile(&facts->side[side].profile, packet);
	/* With repeated SYNs it is not known which one this answers. */
	if (facts->syn_count == 1 && now->ts >= facts->syn.ts)
		facts->handshake_rtt_ns = now->ts - facts->syn.ts;
	if (facts->rst.after == PP_PHASE_SYN) {
		facts->rst = (struct pp_tcp_reset){ .since_other_ns = -1 };
		flow->closed = false;
	}
}

/* ------------------------------------------------------------------ acknowledging */

static PP_ALWAYS void see_ack(struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet,
			      const struct pp_mark *now)
{
	enum pp_side of = pp_other_side(side);
	struct pp_flow_side *sender = &flow->body->side[of];
	struct pp_flow_view view;
	int64_t acked;

	if (!sender->base_set) {
		sender->base_set = true;
		sender->base_seq = packet->tcp.ack - 1;
	}
	if (!sender->known) {
		sender->known = true;
		sender->next_seq = packet->tcp.ack;
	}
	acked = pp_seq_offset(packet->tcp.ack, sender->next_seq, sender->next);
	if (sender->fin_set && acked > sender->fin_offset) {
		flow->body->facts.side[of].fin_acked = true;
		acked = sender->fin_offset;
	}
	view = pp_flow_view_of(flow, side);
	pp_flow_see_acked(&view, acked, packet, now);
	if (side == PP_CLIENT && pp_seen(flow->body->facts.syn_ack) && !(packet->tcp.flags & PP_TCP_SYN) && acked >= 0)
		pp_mark_first(&flow->body->facts.established, *now);
}

/* ------------------------------------------------------------------ windows, silence, habits */

static PP_ALWAYS void see_window(struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet,
				 const struct pp_mark *now)
{
	struct pp_flow_side *me = &flow->body->side[side];
	struct pp_tcp_side *facts = &flow->body->facts.side[side];

	me->last_window = packet->tcp.window;
	if (packet->tcp.flags & (PP_TCP_SYN | PP_TCP_FIN))
		return;
	if (packet->tcp.window == 0) {
		facts->zero_windows++;
		pp_mark_first(&facts->zero_window, *now);
		if (me->zero_since == PP_TIME_NONE)
			me->zero_since = now->ts;
	} else if (me->zero_since != PP_TIME_NONE) {
		if (now->ts - me->zero_since > facts->zero_window_ns)
			facts->zero_window_ns = now->ts - me->zero_since;
		me->zero_since = PP_TIME_NONE;
	}
}

static PP_ALWAYS void see_habits(struct pp_tcp_profile *profile, const struct pp_packet *packet)
{
	if (profile->ttl_min == 0 || packet->ttl < profile->ttl_min)
		profile->ttl_min = packet->ttl;
	if (packet->ttl > profile->ttl_max)
		profile->ttl_max = packet->ttl;
	if (packet->payload_len > 0 && profile->ttl_data == 0)
		profile->ttl_data = packet->ttl;
	if (pp_has_ip_id(packet)) {
		profile->ip_id_last = packet->ip_id;
		profile->ip_id_seen = true;
	}
	if ((packet->tcp.options & PP_OPT_TIMESTAMPS) && !(packet->tcp.flags & PP_TCP_SYN))
		profile->timestamps = true;
}

/* ------------------------------------------------------------------ placing */

/* Where the segment lies; false when it can't be of this stream. */
static PP_ALWAYS bool place(struct pp_flow_side *me, const struct pp_packet *packet, bool empty, int64_t *ret_offset)
{
	bool syn = packet->tcp.flags & PP_TCP_SYN;
	uint32_t seq = packet->tcp.seq + syn;

	/* What came before its SYN was of an older connection (a stale ACK makes the client reset and ask again). */
	if (syn && !me->isn_set && empty)
		me->known = false;

	if (!me->base_set) {
		me->base_set = true;
		me->base_seq = syn ? packet->tcp.seq : packet->tcp.seq - 1;
	}
	if (!me->known) {
		me->known = true;
		me->next_seq = seq;
	}
	*ret_offset = pp_seq_offset(seq, me->next_seq, me->next);
	return *ret_offset - me->next < PP_WILD_BYTES && me->next - *ret_offset < PP_WILD_BYTES;
}

/* A hole opens where a segment, even an empty one, lies beyond what its sender is known to have sent. */
static PP_ALWAYS void see_hole(struct pp_flow *flow, enum pp_side side, int64_t offset, const struct pp_mark *now)
{
	struct pp_flow_side *me = &flow->body->side[side];
	struct pp_tcp_side *facts = &flow->body->facts.side[side];
	int64_t fin_less = offset - (me->fin_set && offset > me->fin_offset);

	if (fin_less <= me->next)
		return;
	if (!pp_seen(facts->gap)) {
		facts->gap = *now;
		facts->gap_begin = (uint64_t)me->next;
		facts->gap_bytes = (uint64_t)(fin_less - me->next);
	}
	me->next_seq += (uint32_t)(fin_less - me->next);
	me->next = fin_less;
}

static void see_fin(struct pp_flow *flow, enum pp_side side, int64_t end, enum pp_phase phase,
		    const struct pp_mark *now)
{
	struct pp_flow_side *me = &flow->body->side[side];
	struct pp_tcp_facts *facts = &flow->body->facts;

	if (me->fin_set)
		return;
	me->fin_set = true;
	me->fin_offset = end;
	if (!pp_seen(facts->side[PP_CLIENT].fin) && !pp_seen(facts->side[PP_SERVER].fin)) {
		facts->fin_from = side;
		facts->fin_after = phase;
	}
	facts->side[side].fin = *now;
}

/* Whatever the other side has sent since this side's packet before is an answer. */
PP_SELDOM static void count_keep_alive(struct pp_flow *flow, enum pp_side side)
{
	struct pp_tcp_side *me = &flow->body->facts.side[side];

	if (pp_mark_later(&flow->body->facts.side[pp_other_side(side)].last, &me->last))
		me->keep_alives = 0;
	me->keep_alives++;
}

static PP_ALWAYS void see_payload(struct pp_flow *flow, const struct pp_packet *packet, struct pp_flow_news *news,
				  int64_t offset, const struct pp_mark *now)
{
	struct pp_flow_side *me = &flow->body->side[news->side];
	struct pp_tcp_side *facts = &flow->body->facts.side[news->side];
	uint32_t len = packet->payload_len;
	uint16_t peer_mss = flow->body->facts.side[pp_other_side(news->side)].profile.mss;
	int64_t end = offset + len;

	if (len <= 1 && offset == me->next - 1 && !(packet->tcp.flags & (PP_TCP_SYN | PP_TCP_FIN))) {
		count_keep_alive(flow, news->side);
		return;
	}
	if (len == 0)
		return;
	news->payload = true;
	news->offset = offset;
	news->len = len;
	pp_mark_first(&facts->first_data, *now);
	pp_flow_see_idle(flow->body, now);
	pp_flow_see_size(me, facts, len, end);
	if (peer_mss != 0 && len > peer_mss)
		flow->body->facts.offload_segments++;
	if (news->side == PP_SERVER && pp_seen(flow->body->facts.watch))
		pp_mark_first(&flow->body->facts.watch_answer, *now);
	if (end <= me->next) {
		me->sent_end = 0;
		return;
	}
	facts->last_data = *now;
	if (me->sent_end == 0) {
		me->sent_end = end;
		me->sent_at = now->ts;
	}
	me->next_seq += (uint32_t)(end - me->next);
	me->next = end;
}

/* ------------------------------------------------------------------ the segment as a whole */

static PP_ALWAYS void see_cut(struct pp_flow *flow, const struct pp_packet *packet)
{
	flow->body->facts.snapped |= packet->cut || packet->payload_view.len < packet->payload_len;
}

/* A SYN-ACK from the side taken for the client, or the other way round, corrects a guess by ports. */
static inline enum pp_side settle_side(struct pp_flow *flow, const struct pp_packet *packet)
{
	enum pp_side side = pp_flow_side_of(flow, packet);
	bool syn = packet->tcp.flags & PP_TCP_SYN, ack = packet->tcp.flags & PP_TCP_ACK;

	if (syn && flow->body->facts.sides_by == PP_BY_PORT && side == (ack ? PP_CLIENT : PP_SERVER)) {
		pp_flow_swap(flow, ack ? PP_BY_SYN_ACK : PP_BY_SYN);
		side = pp_other_side(side);
	}
	return side;
}

/* Whoever speaks to himself from one port: it is not to be told which side does. */
static bool has_one_end(const struct pp_flow *flow)
{
	return flow->key.port[0] == flow->key.port[1] && pp_addr_equal(&flow->key.ip[0], &flow->key.ip[1]);
}

/* A connection under way, of whose segments nothing but a flag or a jump can say more than their numbers. */
static bool runs_smoothly(const struct pp_flow *flow)
{
	const struct pp_tcp_facts *facts = &flow->body->facts;

	for (enum pp_side side = PP_CLIENT; side <= PP_SERVER; side++) {
		const struct pp_flow_side *me = &flow->body->side[side];
		const struct pp_tcp_profile *profile = &facts->side[side].profile;

		if (!me->known || !me->base_set || me->fin_set || me->zero_since != PP_TIME_NONE ||
		    facts->side[side].packets == 0 || profile->ttl_min != profile->ttl_max)
			return false;
	}
	return !flow->closed && !flow->ghost && !has_one_end(flow) && !pp_seen(facts->rst.mark) &&
	       (pp_seen(facts->established) || !pp_seen(facts->syn_ack));
}

static PP_ALWAYS void file_segment(struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet,
				   const struct pp_mark *now, enum pp_phase phase, struct pp_flow_news *news)
{
	struct pp_flow_side *me = &flow->body->side[side];
	struct pp_tcp_side *facts = &flow->body->facts.side[side];
	uint8_t flags = packet->tcp.flags;
	int64_t offset;
	bool placed;

	facts->packets++;
	see_cut(flow, packet);
	if (flags & PP_TCP_RST) {
		pp_flow_reset(flow, side, packet, phase, *now);
		flow->smooth = false;
		return;
	}
	placed = place(me, packet, facts->bytes == 0, &offset);
	if (pp_seen(flow->body->facts.rst.mark))
		pp_flow_after_reset(flow, side, packet, *now);
	if ((flags & (PP_TCP_SYN | PP_TCP_ACK)) == PP_TCP_SYN)
		see_syn(flow, side, packet, now);
	else if (flags & PP_TCP_SYN)
		see_syn_ack(flow, side, packet, now);
	see_habits(&facts->profile, packet);
	if (placed) {
		if (!(flags & PP_TCP_SYN))
			see_hole(flow, side, offset, now);
		news->next_before = me->next;
		see_payload(flow, packet, news, offset, now);
		if (flags & PP_TCP_FIN)
			see_fin(flow, side, offset + packet->payload_len, phase, now);
	}
	if (flags & PP_TCP_ACK)
		see_ack(flow, side, packet, now);
	see_window(flow, side, packet, now);
	if (flow->body->facts.side[PP_CLIENT].fin_acked && flow->body->facts.side[PP_SERVER].fin_acked)
		flow->closed = true;
	flow->smooth = runs_smoothly(flow);
}

/* Compiled once for each side, so that all there is lies at places known from `body` on. */
static PP_ALWAYS void take_segment(struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet,
				   const struct pp_mark *now, enum pp_phase phase, struct pp_flow_news *ret_news)
{
	struct pp_flow_view view = pp_flow_view_of(flow, side);

	*ret_news = (struct pp_flow_news){ .side = side, .next_before = view.me->next };
	if (is_duplicate(flow, view.me, packet, now->ts)) {
		flow->body->facts.duplicates++;
		flow->last = *now;
		ret_news->duplicate = true;
		return;
	}
	file_segment(flow, side, packet, now, phase, ret_news);
	view.mine->last = *now;
	flow->last = *now;
}

void pp_flow_segment(struct pp_flow *flow, const struct pp_packet *packet, struct pp_mark now, enum pp_phase phase,
		     struct pp_flow_news *ret_news)
{
	if (!flow->body)
		pp_flow_half_file(flow, packet, now, ret_news);
	else if (settle_side(flow, packet) == PP_CLIENT)
		take_segment(flow, PP_CLIENT, packet, &now, phase, ret_news);
	else
		take_segment(flow, PP_SERVER, packet, &now, phase, ret_news);
}

void pp_flow_payload(struct pp_flow *flow, const struct pp_flow_news *news, bool had_all)
{
	struct pp_tcp_facts *facts = &flow->body->facts;
	struct pp_tcp_side *side = &facts->side[news->side];
	int64_t end = news->offset + news->len, old_end = end < news->next_before ? end : news->next_before;

	if (end > news->next_before)
		side->bytes += (uint64_t)(end - (news->offset > news->next_before ? news->offset : news->next_before));
	if (news->offset >= news->next_before)
		return;
	if (!had_all) {
		int64_t begin = news->offset > 0 ? news->offset : 0;

		side->out_of_order++;
		if (end <= news->next_before)
			side->last_data = flow->last;
		if (old_end > begin)
			side->bytes += (uint64_t)(old_end - begin);
		if (pp_seen(side->gap) && begin <= (int64_t)side->gap_begin &&
		    end >= (int64_t)(side->gap_begin + side->gap_bytes))
			side->gap = (struct pp_mark){ 0 };
		return;
	}
	if (end > news->next_before)
		return;
	side->again = flow->last;
	side->retransmits++;
	if (end > (int64_t)side->acked) {
		side->stuck_retransmits++;
		if (news->len > side->stuck_payload)
			side->stuck_payload = news->len;
	}
	if (news->side == PP_CLIENT && pp_seen(facts->watch) && end > (int64_t)facts->watch_begin &&
	    news->offset < (int64_t)facts->watch_end)
		facts->watch_retransmits++;
}

/* A host that captures its own traffic sees segments before its network card cuts them. */
static uint32_t segments_sent(const struct pp_flow *flow, int64_t len, uint32_t segments)
{
	uint32_t mss = flow->body->facts.side[PP_SERVER].profile.mss;
	uint32_t least = mss && len > 0 ? (uint32_t)((len + mss - 1) / mss) : 0;

	return segments > least ? segments : least;
}

void pp_flow_watch(struct pp_flow *flow, int64_t begin, int64_t end, uint32_t segments, struct pp_mark now)
{
	struct pp_tcp_facts *facts = &flow->body->facts;
	const struct pp_tcp_side *server = &facts->side[PP_SERVER];

	/* What is said to a server that closed without a word, an alert for one, asks for nothing. */
	if (pp_seen(facts->watch) && pp_seen(server->fin) && server->bytes == 0)
		return;
	facts->watch = now;
	facts->watch_begin = (uint64_t)begin;
	facts->watch_end = (uint64_t)end;
	facts->watch_segments = segments_sent(flow, end - begin, segments);
	facts->watch_retransmits = 0;
	facts->watch_acked = facts->watch_answer = (struct pp_mark){ 0 };
	facts->watch_part_acked = (int64_t)facts->side[PP_CLIENT].acked > begin;
	if ((int64_t)facts->side[PP_CLIENT].acked >= end)
		facts->watch_acked = now;
}

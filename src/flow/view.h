/* view: what plain segments and all others have filed alike; private to flow/. */
#ifndef PP_FLOW_VIEW_H
#define PP_FLOW_VIEW_H

#include "flow/flow.h"
#include "flow/signature.h"

#include "base/seq.h"

enum {
	PP_WILD_BYTES = 1 << 26, /* further from what is expected than any window: not of this stream */
};

/* A segment's sender and receiver, worked out once. */
struct pp_flow_view {
	struct pp_flow_body *body;
	struct pp_flow_side *me, *peer;
	struct pp_tcp_side *mine, *theirs;
	enum pp_side side;
};

static PP_ALWAYS struct pp_flow_view pp_flow_view_of(struct pp_flow *flow, enum pp_side side)
{
	struct pp_flow_body *body = flow->body;
	enum pp_side of = pp_other_side(side);

	return (struct pp_flow_view){
		body, &body->side[side], &body->side[of], &body->facts.side[side], &body->facts.side[of], side
	};
}

/* Four are compared at once. */
static PP_ALWAYS bool pp_flow_is_recent(const struct pp_flow_side *me, uint32_t sign)
{
	typedef uint32_t four __attribute__((vector_size(16)));
	const four wanted = { sign, sign, sign, sign };
	four some[PP_RECENT_MAX / 4], met = { 0 };
	uint64_t halves[2];

	_Static_assert(sizeof(some) == sizeof(me->recent.signature), "all of them");
	memcpy(some, me->recent.signature, sizeof(some));
	for (unsigned i = 0; i < PP_RECENT_MAX / 4; i++)
		met |= (four)(some[i] == wanted);
	memcpy(halves, &met, sizeof(halves));
	return (halves[0] | halves[1]) != 0;
}

static PP_ALWAYS void pp_flow_remember(struct pp_flow_side *me, uint32_t sign, int64_t ts)
{
	unsigned at = me->recent_next % PP_RECENT_MAX;

	_Static_assert(256 % PP_RECENT_MAX == 0, "a byte that overflows is at the first place again");
	me->recent.signature[at] = sign;
	me->recent.ts[at] = ts;
	me->recent_next++; /* round and round */
}

/* The other side's bytes before `acked` have arrived. */
static PP_ALWAYS void pp_flow_see_progress(const struct pp_flow_view *v, int64_t acked, const struct pp_mark *now)
{
	struct pp_tcp_facts *facts = &v->body->facts;

	v->theirs->acked = (uint64_t)acked;
	v->theirs->stuck_retransmits = 0;
	v->theirs->stuck_payload = 0;
	if (v->peer->sent_end != 0 && acked >= v->peer->sent_end) {
		int64_t rtt = now->ts - v->peer->sent_at;

		if (v->side == PP_SERVER && rtt >= 0 && (facts->ack_rtt_min_ns < 0 || rtt < facts->ack_rtt_min_ns))
			facts->ack_rtt_min_ns = rtt;
		v->peer->sent_end = 0;
	}
	if (v->side == PP_SERVER && pp_seen(facts->watch)) {
		facts->watch_part_acked |= (uint64_t)acked > facts->watch_begin;
		if ((uint64_t)acked >= facts->watch_end)
			pp_mark_first(&facts->watch_acked, *now);
	}
}

/* The segment acknowledges all of the other side's bytes before `acked`. */
static PP_ALWAYS void pp_flow_see_acked(const struct pp_flow_view *v, int64_t acked, const struct pp_packet *packet,
					const struct pp_mark *now)
{
	struct pp_flow_side *me = v->me;
	int64_t before = (int64_t)v->theirs->acked;
	uint32_t ack = packet->tcp.ack;

	if (acked > before && acked - v->peer->next < PP_WILD_BYTES)
		pp_flow_see_progress(v, acked, now);
	else if (me->ack_set && ack == me->last_ack && packet->payload_len == 0 &&
		 packet->tcp.window == me->last_window && !(packet->tcp.flags & (PP_TCP_SYN | PP_TCP_FIN)) &&
		 v->peer->next > before)
		v->mine->dup_acks++;
	me->last_ack = ack;
	me->ack_set = true;
}

/* A payload that ends at `end`; the largest one so far comes seldom. */
static PP_ALWAYS void pp_flow_see_size(struct pp_flow_side *me, struct pp_tcp_side *mine, uint32_t len, int64_t end)
{
	if (len <= mine->largest_payload)
		return;
	if (len >= PP_LARGE_PAYLOAD && me->large_end == 0)
		me->large_end = end - len + PP_LARGE_PAYLOAD;
	mine->largest_payload = len;
}

static PP_ALWAYS void pp_flow_see_idle(struct pp_flow_body *body, const struct pp_mark *now)
{
	if (pp_seen(body->last_data) && now->ts - body->last_data.ts > body->facts.longest_idle_ns) {
		body->facts.longest_idle_ns = now->ts - body->last_data.ts;
		body->facts.idle_before = body->last_data;
		body->facts.idle_after = *now;
	}
	body->last_data = *now;
}

#endif

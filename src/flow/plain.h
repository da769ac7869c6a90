/* plain: the short way of a segment that only continues a flow that runs smoothly, through the same facts as the long one
 * (segment.c): tests/unit/test_flow_plain.c and a fuzzer hold one against the other.
 *
 * Shape   nearly every packet of a capture goes this way, so it is compiled into the one loop that takes them all
 *         (engine/window.c) and is private to flow/ beyond that.
 */
#ifndef PP_FLOW_PLAIN_H
#define PP_FLOW_PLAIN_H

#include "flow/table.h"
#include "flow/view.h"

/* All that filing a segment does, at once, for one that next to nothing can be said of. */
struct pp_flow_plain {
	struct pp_flow *flow; /* NULL: nothing was done */
	uint32_t len;         /* its payload ends its side's stream, and is counted */
	enum pp_side side;
	int64_t end; /* of that stream now */
};

/* ACK and perhaps PSH, and a window that is open: in one word, as both are asked of every segment. */
static PP_ALWAYS bool pp_plain_flags(const struct pp_tcp_header *tcp)
{
	uint32_t word;

	memcpy(&word, (const unsigned char *)tcp + offsetof(struct pp_tcp_header, window), sizeof(word));
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		return tcp->window != 0 && (tcp->flags & ~PP_TCP_PSH) == PP_TCP_ACK;
	return (word & 0xffff) != 0 && (word & (0xffu & ~PP_TCP_PSH) << 16) == PP_TCP_ACK << 16;
}

/* Next in order and without a flag that means anything, from a sender as it is known.  The first payload may yet tell
 * who is the client. */
static PP_ALWAYS bool pp_plain_goes_on(const struct pp_flow *flow, const struct pp_flow_view *v,
				       const struct pp_packet *packet)
{
	return packet->tcp.seq == v->me->next_seq &&
	       packet->ttl == v->mine->profile.ttl_min && /* and no other was seen of it */
	       (packet->payload_len == 0 || flow->detail || v->body->facts.sides_by != PP_BY_PORT);
}

/* A copy made by the capture: of payload it would not be the next in order. */
static PP_ALWAYS bool pp_plain_is_copy(const struct pp_flow_side *me, const struct pp_packet *packet, uint32_t sign)
{
	return packet->payload_len == 0 && pp_flow_is_recent(me, sign);
}

/* The payload. */
static PP_ALWAYS void pp_plain_payload(const struct pp_flow_view *v, const struct pp_packet *packet,
				       const struct pp_mark *now)
{
	struct pp_flow_side *me = v->me;
	struct pp_tcp_side *mine = v->mine;
	uint32_t len = packet->payload_len;
	uint16_t peer_mss = v->theirs->profile.mss;

	if (!pp_seen(mine->first_data)) {
		mine->first_data = *now;
		if (mine->profile.ttl_data == 0)
			mine->profile.ttl_data = packet->ttl;
	}
	mine->last_data = *now;
	pp_flow_see_idle(v->body, now);
	pp_flow_see_size(me, mine, len, me->next + len);
	if (peer_mss != 0 && len > peer_mss)
		v->body->facts.offload_segments++;
	if (v->side == PP_SERVER && pp_seen(v->body->facts.watch))
		pp_mark_first(&v->body->facts.watch_answer, *now);
	me->next += len;
	me->next_seq += len;
	if (me->sent_end == 0) {
		me->sent_end = me->next;
		me->sent_at = now->ts;
	}
	mine->bytes += len;
}

static PP_ALWAYS void pp_plain_file(const struct pp_flow_view *v, const struct pp_packet *packet,
				    const struct pp_mark *now)
{
	struct pp_tcp_profile *profile = &v->mine->profile;

	v->mine->packets++;
	if (pp_has_ip_id(packet)) {
		profile->ip_id_last = packet->ip_id;
		profile->ip_id_seen = true;
	}
	if (packet->tcp.options & PP_OPT_TIMESTAMPS)
		profile->timestamps = true;
	if (packet->payload_len > 0)
		pp_plain_payload(v, packet, now);
	pp_flow_see_acked(v, pp_seq_offset(packet->tcp.ack, v->peer->next_seq, v->peer->next), packet, now);
	v->me->last_window = packet->tcp.window;
	v->mine->last = *now;
}

/* The whole way, compiled once for each side, so that all there is lies at places known from `body` on. */
static PP_ALWAYS bool pp_plain_take(struct pp_flow *flow, enum pp_side side, const struct pp_packet *packet,
				    const struct pp_mark *now)
{
	struct pp_flow_view view = pp_flow_view_of(flow, side);
	uint32_t len = packet->payload_len;

	if (!pp_plain_goes_on(flow, &view, packet))
		return false;
	/* A receiver says the same thing twice for good reason: an empty segment needs an ID to be known as a copy. */
	if (len > 0 || pp_has_ip_id(packet)) {
		uint32_t sign = pp_signature(packet);

		if (pp_plain_is_copy(view.me, packet, sign))
			return false;
		pp_flow_remember(view.me, sign, now->ts);
	}
	pp_plain_file(&view, packet, now);
	flow->last = *now;
	return true;
}

static PP_ALWAYS struct pp_flow_plain pp_plain_done(struct pp_flow *flow, enum pp_side side,
						    const struct pp_packet *packet)
{
	return (struct pp_flow_plain){ flow, packet->payload_len, side, flow->body->side[side].next };
}

/* `before` is the segment's flow when that is known already, else NULL. */
static PP_ALWAYS struct pp_flow_plain pp_flows_plain(const struct pp_flows *flows, struct pp_flow *before,
						     const struct pp_packet *packet, uint64_t hash,
						     const struct pp_mark *now)
{
	const struct pp_flow_plain none = { NULL, 0, PP_CLIENT, 0 };
	struct pp_flow *flow = before;

	if (packet->cut || !pp_plain_flags(&packet->tcp))
		return none;
	if (!flow)
		flow = pp_flows_known(flows, packet, hash);
	if (!flow || !flow->smooth || now->file != flow->last.file)
		return none;
	if (pp_hash_end(hash) == flow->client) {
		if (pp_plain_take(flow, PP_CLIENT, packet, now))
			return pp_plain_done(flow, PP_CLIENT, packet);
	} else if (pp_plain_take(flow, PP_SERVER, packet, now)) {
		return pp_plain_done(flow, PP_SERVER, packet);
	}
	return none;
}

#endif

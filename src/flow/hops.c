/* One interface that has two points of a path: merging captures drops what told them apart, but not the TTL. */
#include "flow/points.h"
#include "flow/table.h"

#include <stdlib.h>
#include <string.h>

static struct pp_flow_points *points_of(struct pp_flows *flows, struct pp_flow *flow)
{
	if (!flow->points) {
		flow->points = pp_slab_take(&flows->points);
		if (flow->points)
			*flow->points = (struct pp_flow_points){ .hops = 0 };
	}
	return flow->points;
}

static struct pp_tcp_profile *profile_of(struct pp_flow *flow, unsigned end)
{
	return &flow->body->facts.side[pp_flow_end_side(flow, end)].profile;
}

static enum pp_flow_point left_out(struct pp_flow *flow, unsigned end)
{
	flow->points->at_other[end] += !flow->points->home[end]; /* else points.c counts */
	pp_flow_count_copy(flow);
	return PP_POINT_LEFT_OUT;
}

/* The client's first SYN as the nearer point saw it: what was filed so far is the farther one's. */
static enum pp_flow_point begin_again(struct pp_flows *flows, struct pp_flow *flow, struct pp_mark now)
{
	struct pp_flow_points *points = flow->points;
	uint32_t copies = flow->body->facts.side[0].packets + flow->body->facts.side[1].packets;

	for (unsigned end = 0; end < 2; end++) {
		points->far_ttl[end] = profile_of(flow, end)->ttl_min;
		if (!points->home[end])
			points->at_other[end] += flow->body->facts.side[pp_flow_end_side(flow, end)].packets;
		points->catching[end] = false;
	}
	pp_flows_begin_again(flows, flow, now);
	flow->half.duplicates = copies < UINT16_MAX ? (uint16_t)copies : UINT16_MAX;
	return PP_POINT_AGAIN;
}

static bool is_first(const struct pp_flow *flow, unsigned end, const struct pp_packet *packet)
{
	return end == flow->client && (packet->tcp.flags & (PP_TCP_SYN | PP_TCP_ACK)) == PP_TCP_SYN &&
	       flow->body->side[PP_CLIENT].isn_set && packet->tcp.seq == flow->body->side[PP_CLIENT].isn;
}

/* The SYN or SYN-ACK that was filed.  Nobody sends one again from another distance when the handshake has gone on. */
static bool opens_again(const struct pp_flow *flow, unsigned end, const struct pp_packet *packet, bool as_far)
{
	enum pp_side side = pp_flow_end_side(flow, end);
	const struct pp_flow_side *me = &flow->body->side[side];
	bool answered = pp_seen(side == PP_CLIENT ? flow->body->facts.syn_ack : flow->body->facts.established);

	return packet->tcp.flags & PP_TCP_SYN && me->isn_set && packet->tcp.seq == me->isn && (answered || as_far);
}

/* The farther point's resets of that end, which the nearer one will show again. */
static void forget_resets(struct pp_flow *flow, enum pp_side side)
{
	struct pp_tcp_facts *facts = &flow->body->facts;
	struct pp_flow_side *me = &flow->body->side[side];

	if (!pp_seen(facts->rst.mark) || facts->rst.from != side)
		return;
	for (unsigned i = 0; i < PP_RECENT_MAX; i++)
		if (me->recent.ts[i] >= facts->rst.mark.ts)
			me->recent.signature[i] = 0; /* they are no copies then */
	facts->rst = (struct pp_tcp_reset){ .since_other_ns = -1 };
	facts->side[side].packets -= me->rst_count;
	me->rst_count = 0;
	flow->closed = false;
	pp_flow_count_copy(flow);
}

/* By how much the only reset of that end that was filed is nearer to the client than this one, which may be the same; 0:
 * there is none. */
static int nearer_reset(const struct pp_flow *flow, unsigned end, const struct pp_packet *packet)
{
	enum pp_side side = pp_flow_end_side(flow, end);
	const struct pp_tcp_reset *rst = &flow->body->facts.rst;

	if (!(packet->tcp.flags & PP_TCP_RST) || !pp_seen(rst->mark) || rst->from != side ||
	    flow->body->side[side].rst_count != 1)
		return 0;
	return side == PP_CLIENT ? rst->ttl - packet->ttl : packet->ttl - rst->ttl;
}

/* What was filed of that end came from farther away: from here on the nearer point's segments are. */
static enum pp_flow_point come_nearer(struct pp_flow *flow, unsigned end, const struct pp_packet *packet, bool copy,
				      struct pp_mark now)
{
	struct pp_tcp_profile *profile = profile_of(flow, end);

	forget_resets(flow, pp_flow_end_side(flow, end));
	flow->points->far_ttl[end] = profile->ttl_min;
	flow->points->catching[end] = true;
	profile->ttl_min = profile->ttl_max = packet->ttl;
	if (profile->ttl_syn)
		profile->ttl_syn = packet->ttl;
	if (profile->ttl_data)
		profile->ttl_data = packet->ttl;
	if (!copy)
		return PP_POINT_FILED;
	pp_flow_answer_again(flow, packet, now);
	return left_out(flow, end);
}

/* An end whose segments have one TTL so far, and this one has another. */
static enum pp_flow_point meet(struct pp_flows *flows, struct pp_flow *flow, unsigned end,
			       const struct pp_packet *packet, struct pp_mark now)
{
	int by = pp_flow_nearer(flow, end, packet);
	bool as_far = by && flow->points && flow->points->hops == abs(by); /* as the other end's two points are apart */
	bool copy = pp_flow_was_filed(flow, end, packet, now.ts) || opens_again(flow, end, packet, as_far);

	/* A device's resets may be alike and look as if they came from anywhere. */
	if (packet->tcp.flags & PP_TCP_RST)
		return PP_POINT_FILED;
	if (!by || (!copy && !as_far) || !points_of(flows, flow))
		return PP_POINT_FILED;
	flow->points->hops = (uint8_t)abs(by);
	if (by > 0) {
		flow->points->far_ttl[end] = packet->ttl;
		return left_out(flow, end);
	}
	if (copy && is_first(flow, end, packet))
		return begin_again(flows, flow, now);
	return come_nearer(flow, end, packet, copy, now);
}

/* Both points of an end are known.  A reset that looks like the farther server's may be a device's all the same: it counts
 * until the nearer one is there. */
static enum pp_flow_point place(struct pp_flow *flow, unsigned end, const struct pp_packet *packet, int64_t ts)
{
	struct pp_flow_points *points = flow->points;
	bool lone_reset =
	    packet->tcp.flags & PP_TCP_RST && end != flow->client && flow->body->side[PP_SERVER].rst_count == 0;

	if (packet->ttl == points->far_ttl[end])
		return lone_reset ? PP_POINT_FILED : left_out(flow, end);
	if (points->catching[end])
		points->catching[end] = pp_flow_was_filed(flow, end, packet, ts);
	return points->catching[end] ? left_out(flow, end) : PP_POINT_FILED;
}

enum pp_flow_point pp_flows_hop(struct pp_flows *flows, struct pp_flow *flow, const struct pp_packet *packet,
				uint64_t hash, struct pp_mark now)
{
	struct pp_flow_points *points = flow->points;
	unsigned end = pp_hash_end(hash);
	int reset_by;

	if (!flow->body)
		return PP_POINT_FILED;
	reset_by = points && points->hops ? nearer_reset(flow, end, packet) : 0;
	if (reset_by && reset_by == points->hops)
		return left_out(flow, end);
	if (reset_by && -reset_by == points->hops) {
		forget_resets(flow, pp_flow_end_side(flow, end));
		return PP_POINT_FILED;
	}
	if (points && points->far_ttl[end])
		return place(flow, end, packet, now.ts);
	if (!pp_flow_end_is_known(flow, end) || packet->ttl == profile_of(flow, end)->ttl_min)
		return PP_POINT_FILED;
	return meet(flows, flow, end, packet, now);
}

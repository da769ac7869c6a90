#include "flow/points.h"

#include "flow/half.h"
#include "flow/table.h"
#include "flow/view.h"

#include "base/seq.h"
#include "base/time.h"

/* So long nothing came from home: within one file nothing else tells that the capture there has ended. */
static const int64_t HOME_SILENT_NS = 5 * PP_SECOND;
/* Without an identification two segments may be alike; so long apart they are no copies. */
static const int64_t ALIKE_NS = PP_SECOND;

void pp_flows_points(struct pp_flows *flows, bool (*ended)(const void *context, uint16_t file, int64_t ts),
		     const void *context)
{
	flows->has_points = true;
	flows->file_ended = ended;
	flows->file_context = context;
}

struct pp_flow_points *pp_flow_points_begin(struct pp_flows *flows)
{
	struct pp_flow_points *points = pp_slab_take(&flows->points);

	if (points)
		*points = flows->opening;
	return points;
}

bool pp_flow_points_differ(const struct pp_flow *flow)
{
	const struct pp_flow_points *points = flow->points;
	bool one_sided, more;

	if (!points->home[0] && !points->home[1]) /* told apart by TTL alone, and home is the nearer one */
		return (points->at_other[0] && !pp_flow_end_is_known(flow, 0)) ||
		       (points->at_other[1] && !pp_flow_end_is_known(flow, 1));
	one_sided = !points->at_home[0] || !points->at_home[1];
	more = points->at_other[0] > points->at_home[0] || points->at_other[1] > points->at_home[1];
	return points->mixed || (more && (one_sided || !points->near));
}

/* ------------------------------------------------------------------ copies */

static bool among(const uint32_t *signs, const int64_t *ts, unsigned count, uint32_t sign, int64_t since)
{
	for (unsigned i = 0; i < count; i++)
		if (signs[i] == sign && ts[i] >= since)
			return true;
	return false;
}

bool pp_flow_was_filed(const struct pp_flow *flow, unsigned end, const struct pp_packet *packet, int64_t ts)
{
	enum pp_side side = pp_flow_end_side(flow, end);
	uint32_t sign = pp_signature(packet);
	int64_t since = pp_has_ip_id(packet) ? INT64_MIN : ts - ALIKE_NS;

	if (flow->points && flow->points->opening[end] == sign)
		return true;
	if (!pp_has_ip_id(packet) && !(packet->tcp.options & PP_OPT_TIMESTAMPS))
		return false; /* it may have been sent twice */
	if (flow->body)
		return among(flow->body->side[side].recent.signature, flow->body->side[side].recent.ts, PP_RECENT_MAX,
			     sign, since);
	return side == PP_CLIENT && among(flow->half.signature, flow->half.ts, flow->half.count, sign, since);
}

bool pp_flow_end_is_known(const struct pp_flow *flow, unsigned end)
{
	enum pp_side side = pp_flow_end_side(flow, end);

	if (flow->body)
		return flow->body->facts.side[side].packets != 0;
	return side == PP_CLIENT ? flow->half.count != 0 : flow->half.refused;
}

int pp_flow_nearer(const struct pp_flow *flow, unsigned end, const struct pp_packet *copy)
{
	enum pp_side side = pp_flow_end_side(flow, end);
	int ttl = side == PP_CLIENT ? flow->half.ttl : 0;

	if (flow->body)
		ttl = flow->body->facts.side[side].profile.ttl_min;
	if (!ttl) /* resets alone show no habits */
		return 0;
	return side == PP_CLIENT ? ttl - copy->ttl : copy->ttl - ttl;
}

void pp_flow_answer_again(struct pp_flow *flow, const struct pp_packet *packet, struct pp_mark now)
{
	struct pp_tcp_facts *facts = flow->body ? &flow->body->facts : NULL;
	const uint8_t answer = PP_TCP_SYN | PP_TCP_ACK;

	if (!facts || (packet->tcp.flags & answer) != answer || facts->syn_ack_count != 1 || facts->syn_count != 1 ||
	    now.ts < facts->syn.ts)
		return;
	facts->syn_ack = now;
	facts->handshake_rtt_ns = now.ts - facts->syn.ts;
}

/* Where the other end's home has this segment, too, it becomes that of both. */
static void change_home(struct pp_flow *flow, unsigned end, const struct pp_packet *packet, uint32_t point,
			struct pp_mark now)
{
	struct pp_flow_points *points = flow->points;

	points->other = points->home[end];
	points->at_other[end] = points->at_home[end];
	points->home[end] = point;
	points->at_home[end] = 1;
	points->catching[end] = true;
	pp_flow_answer_again(flow, packet, now);
}

/* The other point is nearer to the client, whose view counts: the connection begins again as that point saw it. */
static void begin_again(struct pp_flows *flows, struct pp_flow *flow, unsigned end, uint32_t point, struct pp_mark now)
{
	struct pp_flow_points *points = flow->points;
	uint32_t copies = points->at_home[0] + points->at_home[1];

	points->other = points->home[end];
	points->near = true;
	for (unsigned i = 0; i < 2; i++) {
		points->home[i] = point;
		points->doubled[i] = true;
		points->catching[i] = false;
		points->at_other[i] = points->at_home[i];
		points->at_home[i] = i == end;
	}
	points->opening[!end] = 0;
	points->home_ts = now.ts;
	pp_flows_begin_again(flows, flow, now);
	flow->half.duplicates = copies < UINT16_MAX ? (uint16_t)copies : UINT16_MAX;
}

/* ------------------------------------------------------------------ a segment */

void pp_flow_count_copy(struct pp_flow *flow)
{
	if (flow->body)
		flow->body->facts.duplicates++;
	else if (flow->half.duplicates < UINT16_MAX)
		flow->half.duplicates++;
}

/* Whether the segment tells of more than was filed of its end: bytes behind them, or the first reset. */
static bool goes_beyond(const struct pp_flow *flow, unsigned end, const struct pp_packet *packet)
{
	const struct pp_flow_side *side;
	uint32_t len = packet->payload_len + ((packet->tcp.flags & PP_TCP_FIN) != 0);

	if (packet->tcp.flags & PP_TCP_SYN)
		return false;
	if (!flow->body)
		return true;
	side = &flow->body->side[end == flow->client ? PP_CLIENT : PP_SERVER];
	if (packet->tcp.flags & PP_TCP_RST)
		return side->rst_count == 0;
	return len > 0 && (!side->known || pp_seq_diff(packet->tcp.seq + len, side->next_seq + side->fin_set) > 0);
}

static enum pp_flow_point at_home(const struct pp_flow *flow, unsigned end, const struct pp_packet *packet, int64_t ts)
{
	struct pp_flow_points *points = flow->points;

	points->home_ts = ts;
	points->at_home[end]++;
	if (points->catching[end])
		points->catching[end] = pp_flow_was_filed(flow, end, packet, ts);
	return points->catching[end] ? PP_POINT_LEFT_OUT : PP_POINT_FILED;
}

/* The SYN with which the connection began. */
static bool is_first(const struct pp_flow *flow, unsigned end, const struct pp_packet *packet)
{
	return end == flow->client && (packet->tcp.flags & (PP_TCP_SYN | PP_TCP_ACK)) == PP_TCP_SYN &&
	       flow->points->opening[end] == pp_signature(packet);
}

static enum pp_flow_point see_double(struct pp_flows *flows, struct pp_flow *flow, unsigned end,
				     const struct pp_packet *packet, uint32_t point, struct pp_mark now)
{
	struct pp_flow_points *points = flow->points;
	bool changes = points->home[!end] == point;
	int by = pp_flow_nearer(flow, end, packet);

	if (by < 0 && is_first(flow, end, packet)) {
		begin_again(flows, flow, end, point, now);
		return PP_POINT_AGAIN;
	}
	points->doubled[end] = true;
	points->near |= changes ? by < 0 : by > 0;
	points->other = point;
	if (changes)
		change_home(flow, end, packet, point, now);
	else
		points->at_other[end]++;
	return PP_POINT_LEFT_OUT;
}

static uint16_t file_of(uint32_t point) { return (uint16_t)((point - 1) >> 16); }

/* A third point is the first one's next file unless its distance is another.  A reset may be a device's, from anywhere. */
static bool goes_on(const struct pp_flow *flow, unsigned end, const struct pp_packet *packet)
{
	return !flow->points->near || !pp_flow_end_is_known(flow, end) || packet->tcp.flags & PP_TCP_RST ||
	       pp_flow_nearer(flow, end, packet) == 0;
}

/* Whether the home of an end that is seen double is where this comes from now: the capture there is over or, within one
 * file, may be.  Of two points whose distances are known the farther one is no home. */
static bool moves(const struct pp_flow *flow, unsigned end, const struct pp_packet *packet, uint32_t point, int64_t ts,
		  bool over)
{
	const struct pp_flow_points *points = flow->points;
	bool within = file_of(points->home[end]) == file_of(point);

	if (over && point != points->other)
		return goes_on(flow, end, packet);
	if (points->near || !goes_beyond(flow, end, packet))
		return false;
	return over || (within && ts - points->home_ts > HOME_SILENT_NS);
}

/* Whether a segment that opens is a copy if it is alike.  A SYN without any mark may be sent again, and be the first of the
 * next file. */
static bool opens_surely(const struct pp_packet *packet)
{
	return packet->tcp.flags & PP_TCP_SYN &&
	       (packet->tcp.flags & PP_TCP_ACK || pp_has_ip_id(packet) || packet->tcp.options & PP_OPT_TIMESTAMPS);
}

static enum pp_flow_point elsewhere(struct pp_flows *flows, struct pp_flow *flow, unsigned end,
				    const struct pp_packet *packet, uint32_t point, struct pp_mark now)
{
	struct pp_flow_points *points = flow->points;
	bool over = flows->file_ended(flows->file_context, file_of(points->home[end]), now.ts);

	if (points->doubled[end] && !moves(flow, end, packet, point, now.ts, over)) {
		points->at_other[end] += point == points->other;
		return PP_POINT_LEFT_OUT;
	}
	if ((!over || opens_surely(packet)) && pp_flow_was_filed(flow, end, packet, now.ts))
		return see_double(flows, flow, end, packet, point, now);
	points->mixed |= points->doubled[end] && point == points->other;
	points->doubled[end] = points->doubled[end] && points->near;
	points->home[end] = point;
	return at_home(flow, end, packet, now.ts);
}

static void settle(struct pp_flow_points *points, unsigned end, const struct pp_packet *packet, uint32_t point)
{
	points->home[end] = point;
	points->opening[end] = packet->tcp.flags & PP_TCP_SYN ? pp_signature(packet) : 0;
	points->at_home[end] = 1;
}

enum pp_flow_point pp_flows_point(struct pp_flows *flows, const struct pp_packet *packet, uint64_t hash, uint32_t point,
				  struct pp_mark now)
{
	struct pp_flow *flow = pp_flows_known(flows, packet, hash);
	struct pp_flow_points *points = flow ? flow->points : NULL;
	unsigned end = pp_hash_end(hash);
	enum pp_flow_point place = PP_POINT_FILED;

	flows->opening = (struct pp_flow_points){ .home_ts = now.ts };
	settle(&flows->opening, end, packet, ++point);
	if (!points)
		return PP_POINT_FILED;
	if (!points->home[end])
		settle(points, end, packet, point);
	else if (points->home[end] == point)
		place = at_home(flow, end, packet, now.ts);
	else
		place = elsewhere(flows, flow, end, packet, point, now);
	if (place == PP_POINT_LEFT_OUT)
		pp_flow_count_copy(flow);
	return place;
}

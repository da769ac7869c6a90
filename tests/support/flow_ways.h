/* flow_ways: the same segments through two tables of connections, once by the short way where it takes them and once by
 * the long way only. */
#ifndef PP_TESTS_FLOW_WAYS_H
#define PP_TESTS_FLOW_WAYS_H

#include "flow/half.h"
#include "flow/plain.h"

#include <string.h>

struct pp_flow_ways {
	struct pp_flows *plain, *general;
	unsigned taken; /* segments the short way took */
};

/* Room for all: of refused flows the short way has no body, and so it would evict others. */
static inline void pp_flow_ways_begin(struct pp_flow_ways *ways, struct pp_hash_key key)
{
	const size_t most = 1024;

	*ways = (struct pp_flow_ways){ pp_flows_new(most, key), pp_flows_new(most, key), 0 };
}

static int streams; /* a mark for an engine's streams */

static inline struct pp_flow *pp_flow_ways_general(struct pp_flows *flows, const struct pp_packet *packet,
						   uint64_t hash, enum pp_phase phase, bool had, struct pp_mark now,
						   struct pp_flow_news *ret_news)
{
	struct pp_flow *flow = pp_flows_find(flows, packet, hash, now);

	if (!flow)
		return NULL;
	pp_flow_segment(flow, packet, now, phase, ret_news);
	if (ret_news->duplicate)
		return flow;
	if (ret_news->payload) {
		pp_flow_payload(flow, ret_news, had);
		flow->detail = &streams;
	}
	pp_flows_touch(flows, flow);
	return flow;
}

static inline bool pp_flow_ways_same_body(const struct pp_flow_body *a, const struct pp_flow_body *b)
{
	return memcmp(a->side, b->side, sizeof(a->side)) == 0 &&
	       memcmp(&a->last_data, &b->last_data, sizeof(a->last_data)) == 0 &&
	       memcmp(&a->facts, &b->facts, sizeof(a->facts)) == 0;
}

/* Bytes that no facts are in are the same as well: all begins as zeros, and marks are copied whole. */
static inline bool pp_flow_ways_alike(const struct pp_flow *a, const struct pp_flow *b)
{
	struct pp_flow_body unfolded;

	if (!a || !b)
		return a == b;
	if (!a->body && !b->body)
		return memcmp(&a->half, &b->half, sizeof(a->half)) == 0;
	if (!a->body || !b->body) {
		const struct pp_flow *half = a->body ? b : a;

		if (!half->half.refused) /* only that is known by the short way alone */
			return false;
		pp_flow_half_unfold(half, &unfolded);
	}
	return pp_flow_ways_same_body(a->body ? a->body : &unfolded, b->body ? b->body : &unfolded) &&
	       a->smooth == b->smooth && a->closed == b->closed && a->listed_ts == b->listed_ts &&
	       a->last.ts == b->last.ts && a->last.packet == b->last.packet;
}

/* By the short ways, as the engine tries them; NULL: they did not take it. */
static inline struct pp_flow *pp_flow_ways_short(struct pp_flows *flows, const struct pp_packet *packet, uint64_t hash,
						 struct pp_mark now, struct pp_flow_news *ret_news)
{
	struct pp_flow_plain plain;

	*ret_news = (struct pp_flow_news){ .side = PP_CLIENT };
	if ((packet->tcp.flags & (PP_TCP_SYN | PP_TCP_ACK)) == PP_TCP_SYN)
		return pp_flows_syn(flows, packet, hash, &now) ? pp_flows_known(flows, packet, hash) : NULL;
	if ((packet->tcp.flags & PP_TCP_RST) && pp_flows_refused(flows, packet, hash, &now)) {
		ret_news->side = PP_SERVER;
		return pp_flows_known(flows, packet, hash);
	}
	plain = pp_flows_plain(flows, NULL, packet, hash, &now);
	if (!plain.flow)
		return NULL;
	*ret_news = (struct pp_flow_news){ .side = plain.side, .payload = plain.len > 0, .len = plain.len };
	ret_news->next_before = ret_news->offset = plain.flow->body->side[plain.side].next - plain.len;
	if (plain.len)
		plain.flow->detail = &streams;
	pp_flows_touch_smooth(flows, plain.flow);
	return plain.flow;
}

/* Both ways at once; false: they differ. */
static inline bool pp_flow_ways_file(struct pp_flow_ways *ways, const struct pp_packet *packet, enum pp_phase phase,
				     bool had, struct pp_mark now, struct pp_flow **ret_flow,
				     struct pp_flow_news *ret_news)
{
	struct pp_flow_news news;
	uint64_t hash = pp_flows_hash(ways->plain, packet);
	const struct pp_flow *known = pp_flows_known(ways->general, packet, hash);
	struct pp_flow *flow = pp_flow_ways_short(ways->plain, packet, hash, now, &news);

	if (known && !known->body)
		phase = PP_PHASE_SYN;

	*ret_news = news;
	*ret_flow = pp_flow_ways_general(ways->general, packet, hash, phase, had, now, ret_news);
	if (!flow)
		return pp_flow_ways_alike(pp_flow_ways_general(ways->plain, packet, hash, phase, had, now, &news),
					  *ret_flow);
	ways->taken++;
	return pp_flow_ways_alike(flow, *ret_flow) && news.duplicate == ret_news->duplicate &&
	       news.side == ret_news->side && news.payload == ret_news->payload &&
	       news.next_before == ret_news->next_before &&
	       (!news.payload || (news.offset == ret_news->offset && news.len == ret_news->len));
}

/* The flows that are over, from both tables; false when they differ.  `ret_flow` is NULL when there is no more; it may
 * be finished, and must be released by pp_flow_ways_release(). */
static inline bool pp_flow_ways_expire(struct pp_flow_ways *ways, int64_t now, struct pp_flow **ret_flow,
				       struct pp_flow **ret_other)
{
	*ret_flow = pp_flows_expire(ways->general, now);
	*ret_other = pp_flows_expire(ways->plain, now);
	return pp_flow_ways_alike(*ret_flow, *ret_other) && (!*ret_flow || (*ret_flow)->index == (*ret_other)->index);
}

static inline void pp_flow_ways_release(struct pp_flow_ways *ways, struct pp_flow *flow, struct pp_flow *other)
{
	pp_flows_release(ways->general, flow);
	pp_flows_release(ways->plain, other);
}

static inline void pp_flow_ways_end(struct pp_flow_ways *ways)
{
	pp_flows_free(ways->general);
	pp_flows_free(ways->plain);
}

#endif

/* Hashes, and the memory of flows before it is used. */
#include "flow/table.h"

/* What only asks for memory is part of its caller: a function of its own does nothing, as compilers see it, and goes. */

/* Below this the table stays in the cache by itself. */
enum { SMALL_TABLE = 512 };

bool pp_flows_scattered(const struct pp_flows *flows) { return flows->flow_count >= SMALL_TABLE; }

uint64_t pp_flows_hash(const struct pp_flows *flows, const struct pp_packet *packet)
{
	return pp_flow_key_hash(&flows->hash_keys, &packet->src, &packet->dst, packet->sport, packet->dport);
}

static PP_ALWAYS void prefetch_buckets(const struct pp_flows *flows, size_t count, const uint64_t *hashes)
{
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(pp_flows_bucket(flows, hashes[i]));
}

static PP_ALWAYS bool is_tcp_v4(const struct pp_packet *packet)
{
	return packet->kind == PP_PACKET_TCP && packet->ip_version == 4;
}

/* The source of `a` is an end of `b`, and its destination the other one. */
static inline bool is_way(const struct pp_packet *a, const struct pp_addr *src, uint16_t sport,
			  const struct pp_addr *dst, uint16_t dport)
{
	return pp_addr_equal(&a->src, src) && pp_addr_equal(&a->dst, dst) && a->sport == sport && a->dport == dport;
}

/* Of any packet but IPv4; `before` is the packet before it, NULL for the first. */
static uint64_t hash_other(const struct pp_flows *flows, const struct pp_packet *packet, const struct pp_packet *before,
			   uint64_t hash_before, bool *ret_same)
{
	*ret_same = false;
	if (packet->kind != PP_PACKET_TCP)
		return 0;
	if (!before || before->kind != PP_PACKET_TCP)
		return pp_flows_hash(flows, packet);
	*ret_same = true;
	if (is_way(packet, &before->src, before->sport, &before->dst, before->dport))
		return hash_before;
	if (is_way(packet, &before->dst, before->dport, &before->src, before->sport))
		return hash_before ^ PP_HASH_END;
	*ret_same = false;
	return pp_flows_hash(flows, packet);
}

/* Most packets have the ends of the one before: but for which of them speaks, the hash is the same. */
void pp_flows_hash_packets(const struct pp_flows *flows, const struct pp_packet *packets, size_t count,
			   uint64_t *ret_hashes, bool *ret_same)
{
	static const struct pp_flow_ends none = { UINT64_MAX, UINT64_MAX };
	struct pp_flow_ends before = none;
	uint64_t hash = 0;

	for (size_t i = 0; i < count; i++) {
		const struct pp_packet *packet = &packets[i];

		if (is_tcp_v4(packet)) {
			uint64_t src = pp_flow_key_v4_end(&packet->src, packet->sport);
			uint64_t dst = pp_flow_key_v4_end(&packet->dst, packet->dport);
			struct pp_flow_ends ends = pp_flow_ends_of(src, dst);

			ret_same[i] = ends.low == before.low && ends.high == before.high;
			if (!ret_same[i])
				hash = pp_flow_ends_hash(&flows->hash_keys, ends);
			before = ends;
			ret_hashes[i] = hash | (src > dst);
		} else {
			ret_hashes[i] =
			    hash_other(flows, packet, i ? packet - 1 : NULL, i ? ret_hashes[i - 1] : 0, &ret_same[i]);
			before = none;
		}
	}
	if (pp_flows_scattered(flows))
		prefetch_buckets(flows, count, ret_hashes);
}

/* Of a half open flow all but what its end needs; of others no more than is always needed. */
static PP_ALWAYS void prefetch_flow(const struct pp_flow *flow)
{
	enum { BYTES = offsetof(struct pp_flow, half) + offsetof(struct pp_flow_half, first_packet) };

	for (size_t i = 0; i < BYTES; i += PP_FLOW_LINE)
		__builtin_prefetch((const char *)flow + i);
}

void pp_flows_prefetch_flow(const struct pp_flows *flows, uint64_t hash)
{
	uint32_t at = pp_flow_node_next(flows, *pp_flows_bucket(flows, hash), hash);

	if (!at) {
		/* It is likely to be a new one, which is looked for among those that left. */
		pp_graves_prefetch(&flows->graves, hash);
		return;
	}
	prefetch_flow(flows->nodes[at].flow);
	/* It is likely to be moved, which its neighbours notice. */
	if (flows->nodes[at].list != PP_LIST_OPEN) {
		__builtin_prefetch(&flows->nodes[flows->nodes[at].older]);
		__builtin_prefetch(&flows->nodes[flows->nodes[at].newer]);
	}
}

#include "flow/table.h"

#include "platform/memory.h"

#include <stdlib.h>
#include <string.h>

enum { NODES_FIRST = 1024 };

/* Twice the nodes when there is none left; false without memory. */
static bool nodes_grow(struct pp_flows *flows)
{
	uint32_t room = flows->node_room ? flows->node_room * 2 : NODES_FIRST;
	struct pp_flow_node *nodes;

	if (flows->node_room > UINT32_MAX / 2)
		return false;
	nodes = pp_memory_take(room * sizeof(*nodes));
	if (!nodes)
		return false;
	if (flows->node_room)
		memcpy(nodes, flows->nodes, flows->node_room * sizeof(*nodes));
	pp_memory_give(flows->nodes, flows->node_room * sizeof(*nodes));
	flows->nodes = nodes;
	flows->node_room = room;
	return true;
}

bool pp_flow_nodes_begin(struct pp_flows *flows)
{
	if (!nodes_grow(flows))
		return false;
	for (enum pp_flow_list_id id = 0; id < PP_LISTS; id++) {
		uint32_t at = pp_flow_list_node(id);

		flows->nodes[at] = (struct pp_flow_node){ .older = at, .newer = at, .list = id };
	}
	flows->node_fresh = PP_NODE_FIRST;
	return true;
}

uint32_t pp_flow_node_take(struct pp_flows *flows)
{
	uint32_t at = flows->node_free;

	if (at) {
		flows->node_free = flows->nodes[at].chain;
		return at;
	}
	if (flows->node_fresh >= flows->node_room && !nodes_grow(flows))
		return 0;
	return flows->node_fresh++;
}

void pp_flow_node_give(struct pp_flows *flows, uint32_t at)
{
	flows->nodes[at].chain = flows->node_free;
	flows->node_free = at;
}

void pp_flow_hash_in(struct pp_flows *flows, uint32_t at)
{
	struct pp_flow_node *node = &flows->nodes[at];
	uint32_t *bucket = pp_flows_bucket(flows, node->hash);

	node->chain = *bucket;
	*bucket = at;
	flows->flow_count++;
}

void pp_flow_hash_out(struct pp_flows *flows, uint32_t at)
{
	uint32_t *link = pp_flows_bucket(flows, flows->nodes[at].hash);

	while (*link != at)
		link = &flows->nodes[*link].chain;
	*link = flows->nodes[at].chain;
	flows->flow_count--;
}

void pp_flow_buckets_grow(struct pp_flows *flows)
{
	uint32_t *before = flows->buckets;
	size_t count = flows->bucket_count;
	uint32_t *buckets = pp_memory_take(count * 2 * sizeof(*buckets));

	if (!buckets)
		return;
	memset(buckets, 0, count * 2 * sizeof(*buckets));
	flows->buckets = buckets;
	flows->bucket_count = count * 2;
	flows->flow_count = 0;
	for (size_t i = 0; i < count; i++) {
		for (uint32_t at = before[i], next; at; at = next) {
			next = flows->nodes[at].chain;
			pp_flow_hash_in(flows, at);
		}
	}
	pp_memory_give(before, count * sizeof(*buckets));
}

PP_SELDOM struct pp_flow *pp_flows_lookup_on(const struct pp_flows *flows, uint32_t at, uint64_t hash,
					     const struct pp_addr *src, const struct pp_addr *dst, uint16_t sport,
					     uint16_t dport)
{
	struct pp_flow *flow;

	do {
		at = pp_flow_node_next(flows, flows->nodes[at].chain, hash);
		flow = at ? flows->nodes[at].flow : NULL;
	} while (flow && !pp_flow_key_is(&flow->key, hash, src, dst, sport, dport));
	return flow;
}

size_t pp_flows_chain(const struct pp_flows *flows, uint64_t hash)
{
	size_t length = 0;

	for (uint32_t at = *pp_flows_bucket(flows, hash); at; at = flows->nodes[at].chain)
		length++;
	return length;
}

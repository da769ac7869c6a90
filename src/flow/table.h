/* table: where the connections are found; private to flow/.
 *
 * Shape   every flow has a node; nodes lie side by side, so that walking a chain of the hash table or a list touches few
 *         cache lines, and none of a flow that is not wanted.  Nodes are named by number; 0 is none.
 */
#ifndef PP_FLOW_TABLE_H
#define PP_FLOW_TABLE_H

#include "flow/graves.h"
#include "flow/key.h"
#include "flow/points.h"

#include "base/slab.h"
#include "base/time.h"

enum pp_flow_list_id {
	PP_LIST_CLOSED,
	PP_LIST_SYN_ONCE,
	PP_LIST_SYN_4,
	PP_LIST_SYN_16,
	PP_LIST_SYN_64,
	PP_LIST_SYN_LONG,
	PP_LIST_OPEN,
	PP_LIST_DONE,
	PP_LISTS
};

struct pp_flow_node {
	uint64_t hash; /* without the bit for the end */
	struct pp_flow *flow;
	uint32_t chain;        /* next in the bucket, or in the list of free nodes */
	uint32_t older, newer; /* in the list it waits in; a node of the list itself is behind its oldest and newest */
	uint32_t list;         /* enum pp_flow_list_id */
};

enum { PP_NODE_FIRST = PP_LISTS + 1 }; /* before it are those of the lists */

struct pp_flows {
	struct pp_hash_words hash_keys;
	size_t most;
	uint32_t *buckets;
	size_t bucket_count, flow_count;
	struct pp_flow_node *nodes;
	uint32_t node_room, node_fresh, node_free; /* fresh: the first that was never used */
	struct pp_slab slab, bodies;
	size_t list_count[PP_LISTS];
	struct pp_graves graves;
	uint32_t indexes;
	uint32_t *streams; /* next tcp.stream by file */
	size_t stream_files;
	uint64_t late, evicted;
	struct pp_slab points;
	bool has_points; /* flows that begin have them */
	bool (*file_ended)(const void *context, uint16_t file, int64_t ts);
	const void *file_context;
	struct pp_flow_points opening; /* of the segment at hand, should it be a flow's first */
};

static inline uint32_t *pp_flows_bucket(const struct pp_flows *flows, uint64_t hash)
{
	return &flows->buckets[hash >> 1 & (flows->bucket_count - 1)];
}

static inline bool pp_flow_node_is(const struct pp_flow_node *node, uint64_t hash)
{
	return (node->hash ^ hash) <= PP_HASH_END;
}

/* The first node of that hash from `at` on; 0: there is none. */
static PP_ALWAYS uint32_t pp_flow_node_next(const struct pp_flows *flows, uint32_t at, uint64_t hash)
{
	while (at && !pp_flow_node_is(&flows->nodes[at], hash))
		at = flows->nodes[at].chain;
	return at;
}

/* The flow of that key in the nodes behind `at`: it takes years to come by two keys with one hash, but it may happen. */
struct pp_flow *pp_flows_lookup_on(const struct pp_flows *flows, uint32_t at, uint64_t hash, const struct pp_addr *src,
				   const struct pp_addr *dst, uint16_t sport, uint16_t dport);

static PP_ALWAYS struct pp_flow *pp_flows_lookup(const struct pp_flows *flows, uint64_t hash, const struct pp_addr *src,
						 const struct pp_addr *dst, uint16_t sport, uint16_t dport)
{
	uint32_t at = pp_flow_node_next(flows, *pp_flows_bucket(flows, hash), hash);

	if (!at)
		return NULL;
	if (pp_flow_key_is(&flows->nodes[at].flow->key, hash, src, dst, sport, dport))
		return flows->nodes[at].flow;
	return pp_flows_lookup_on(flows, at, hash, src, dst, sport, dport);
}

/* The lists' nodes; false without memory. */
bool pp_flow_nodes_begin(struct pp_flows *flows);
/* A node that is in no chain and no list; 0 without memory. */
uint32_t pp_flow_node_take(struct pp_flows *flows);
void pp_flow_node_give(struct pp_flows *flows, uint32_t at);
void pp_flow_hash_in(struct pp_flows *flows, uint32_t at);
void pp_flow_hash_out(struct pp_flows *flows, uint32_t at);
/* Twice the buckets; on no memory the chains just get longer. */
void pp_flow_buckets_grow(struct pp_flows *flows);

/* Forgets what was filed of a flow whose first segment is at hand once more. */
void pp_flows_begin_again(struct pp_flows *flows, struct pp_flow *flow, struct pp_mark now);

/* The node of a list. */
static PP_ALWAYS uint32_t pp_flow_list_node(enum pp_flow_list_id id) { return 1 + (uint32_t)id; }

static PP_ALWAYS void pp_flow_list_out(struct pp_flows *flows, uint32_t at)
{
	const struct pp_flow_node *node = &flows->nodes[at];

	flows->nodes[node->older].newer = node->newer;
	flows->nodes[node->newer].older = node->older;
	flows->list_count[node->list]--;
}

/* As its newest. */
static PP_ALWAYS void pp_flow_list_in(struct pp_flows *flows, uint32_t at, enum pp_flow_list_id id)
{
	struct pp_flow_node *nodes = flows->nodes;
	uint32_t list = pp_flow_list_node(id), newest = nodes[list].older;

	nodes[at].list = id;
	nodes[at].newer = list;
	nodes[at].older = newest;
	nodes[newest].newer = at;
	nodes[list].older = at;
	flows->list_count[id]++;
}

/* The oldest of a list; 0: it is empty. */
static inline uint32_t pp_flow_list_oldest(const struct pp_flows *flows, enum pp_flow_list_id id)
{
	uint32_t at = flows->nodes[pp_flow_list_node(id)].newer;

	return at == pp_flow_list_node(id) ? 0 : at;
}

/* Where a flow waits of which so many SYNs were seen, and nothing else. */
static PP_ALWAYS enum pp_flow_list_id pp_flow_list_for_syns(uint32_t count, int64_t first, int64_t last)
{
	int64_t span = last - first;

	if (count <= 1)
		return PP_LIST_SYN_ONCE;
	return span < 4 * PP_SECOND    ? PP_LIST_SYN_4
	       : span < 16 * PP_SECOND ? PP_LIST_SYN_16
	       : span < 64 * PP_SECOND ? PP_LIST_SYN_64
				       : PP_LIST_SYN_LONG;
}

/* Puts a flow where it belongs.  So that a busy one is not moved for every packet, it stays where it is for a while. */
static PP_ALWAYS void pp_flow_list_to(struct pp_flows *flows, struct pp_flow *flow, enum pp_flow_list_id id)
{
	if (id == flows->nodes[flow->slot].list && flow->last.ts - flow->listed_ts < PP_SECOND)
		return;
	pp_flow_list_out(flows, flow->slot);
	pp_flow_list_in(flows, flow->slot, id);
	flow->listed_ts = flow->last.ts;
}

static PP_ALWAYS void pp_flows_prefetch_node(const struct pp_flows *flows, uint64_t hash)
{
	__builtin_prefetch(&flows->nodes[*pp_flows_bucket(flows, hash)]);
}

/* The flow of a packet; NULL: there is none. */
static PP_ALWAYS struct pp_flow *pp_flows_known(const struct pp_flows *flows, const struct pp_packet *packet,
						uint64_t hash)
{
	return pp_flows_lookup(flows, hash, &packet->src, &packet->dst, packet->sport, packet->dport);
}

#endif

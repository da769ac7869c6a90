/* The table of connections.
 *
 * Every flow is in the hash table and in one of several lists, each ordered by when it last saw a packet (give or take a
 * second, so that a busy flow is not moved for every packet):
 *
 *   SYN…    opened, nothing came back       leaves when no stack would repeat its SYN any more: the next repetition
 * comes within three seconds of the first SYN, later within twice the time so far OPEN    everything else leaves only
 * when there are too many flows: an agent may be idle for hours CLOSED  reset, or both FINs seen        leaves after
 * CLOSED_LINGER_NS: late segments and stray resets are evidence
 *
 * What left is remembered by a tombstone, because a late segment must not look like a new connection.  Time is the
 * capture's; order and choice never depend on the hash key.
 */
#include "flow/table.h"
#include "flow/half.h"

#include "platform/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = PP_FLOW_LINE, CLOSED_MOST = 2048, FLOWS_PER_BLOCK = 64, BODIES_PER_BLOCK = 16, BUCKETS_FIRST = 1024 };

/* Silence after which a flow leaves, and how many may stay; in the order in which they go when there are too many. */
static const struct {
	int64_t linger_ns;
	size_t most;
} leave[] = {
	[PP_LIST_CLOSED] = { 10 * PP_SECOND, CLOSED_MOST }, [PP_LIST_SYN_ONCE] = { 10 * PP_SECOND, SIZE_MAX },
	[PP_LIST_SYN_4] = { 10 * PP_SECOND, SIZE_MAX },     [PP_LIST_SYN_16] = { 35 * PP_SECOND, SIZE_MAX },
	[PP_LIST_SYN_64] = { 70 * PP_SECOND, SIZE_MAX },    [PP_LIST_SYN_LONG] = { 150 * PP_SECOND, SIZE_MAX },
	[PP_LIST_OPEN] = { INT64_MAX, SIZE_MAX },
};

struct pp_flows *pp_flows_new(size_t most, struct pp_hash_key key)
{
	struct pp_flows *flows = calloc(1, sizeof(*flows));

	if (!flows)
		return NULL;
	pp_hash_words_init(&flows->hash_keys, &key);
	flows->most = most;
	flows->bucket_count = BUCKETS_FIRST;
	flows->buckets = pp_memory_take(BUCKETS_FIRST * sizeof(*flows->buckets));
	pp_slab_init(&flows->slab, sizeof(struct pp_flow), FLOWS_PER_BLOCK, 0);
	pp_slab_init(&flows->bodies, sizeof(struct pp_flow_body), BODIES_PER_BLOCK, 0);
	pp_slab_init(&flows->points, sizeof(struct pp_flow_points), FLOWS_PER_BLOCK, 0);
	flows->slab.take_large = flows->bodies.take_large = pp_memory_take;
	flows->slab.give_large = flows->bodies.give_large = pp_memory_give;
	if (!flows->buckets || !pp_flow_nodes_begin(flows)) {
		pp_flows_free(flows);
		return NULL;
	}
	memset(flows->buckets, 0, BUCKETS_FIRST * sizeof(*flows->buckets));
	return flows;
}

void pp_flows_free(struct pp_flows *flows)
{
	if (!flows)
		return;
	pp_slab_done(&flows->slab);
	pp_slab_done(&flows->bodies);
	pp_slab_done(&flows->points);
	pp_memory_give(flows->buckets, flows->bucket_count * sizeof(*flows->buckets));
	pp_memory_give(flows->nodes, flows->node_room * sizeof(*flows->nodes));
	pp_graves_free(&flows->graves);
	free(flows->streams);
	free(flows);
}

/* ------------------------------------------------------------------ lists */

static enum pp_flow_list_id list_for(const struct pp_flow *flow)
{
	const struct pp_tcp_facts *facts;

	if (flow->closed)
		return PP_LIST_CLOSED;
	if (!flow->body)
		return pp_flow_list_for_syns(flow->half.count, flow->half.ts[0], pp_flow_half_last(flow).ts);
	facts = &flow->body->facts;
	if (!pp_seen(facts->syn) || pp_seen(facts->syn_ack) || facts->side[PP_SERVER].packets != 0)
		return PP_LIST_OPEN;
	return pp_flow_list_for_syns(facts->syn_count, facts->syn.ts, facts->syn_last.ts);
}

void pp_flows_move(struct pp_flows *flows, struct pp_flow *flow) { pp_flow_list_to(flows, flow, list_for(flow)); }

/* ------------------------------------------------------------------ tombstones */

static bool base_set(const struct pp_flow *flow, enum pp_side side)
{
	return flow->body ? flow->body->side[side].base_set : side == PP_CLIENT && flow->half.count != 0;
}

static uint32_t base_seq(const struct pp_flow *flow, enum pp_side side)
{
	return flow->body ? flow->body->side[side].base_seq : flow->half.isn;
}

static void bury(struct pp_flows *flows, const struct pp_flow *flow)
{
	uint64_t hash = flows->nodes[flow->slot].hash;
	/* A flow that is the first of its key has none yet. */
	struct pp_tombstone *grave =
	    flow->reused ? pp_graves_dig(&flows->graves, hash) : pp_graves_dig_new(&flows->graves, hash);

	if (!grave)
		return;
	grave->hash_and_set &= ~(uint64_t)3;
	for (int side = 0; side < 2; side++) {
		int at = side == PP_CLIENT ? flow->client : !flow->client;

		grave->base_seq[at] = base_seq(flow, (enum pp_side)side);
		grave->hash_and_set |= (uint64_t)base_set(flow, (enum pp_side)side) << at;
	}
}

/* ------------------------------------------------------------------ finding and making */

static bool is_open_request(const struct pp_packet *packet)
{
	return (packet->tcp.flags & (PP_TCP_SYN | PP_TCP_ACK)) == PP_TCP_SYN;
}

static uint32_t next_stream(struct pp_flows *flows, uint16_t file)
{
	if (file >= flows->stream_files) {
		size_t count = (size_t)file + 1;
		uint32_t *streams = realloc(flows->streams, count * sizeof(*streams));

		if (!streams)
			return 0;
		memset(streams + flows->stream_files, 0, (count - flows->stream_files) * sizeof(*streams));
		flows->streams = streams;
		flows->stream_files = count;
	}
	return flows->streams[file]++;
}

uint32_t pp_flows_streams(const struct pp_flows *flows, uint16_t file)
{
	return file < flows->stream_files ? flows->streams[file] : 0;
}

/* A line at a time, for which compilers emit plain stores: at once it becomes `rep stos`, which is slow to start. */
static void clear(struct pp_flow *flow)
{
	_Static_assert(sizeof(*flow) % LINE == 0, "a flow is whole cache lines");
	for (size_t i = 0; i < sizeof(*flow); i += LINE)
		memset((unsigned char *)flow + i, 0, LINE);
}

/* All but its key. */
static struct pp_flow *flow_make(struct pp_flows *flows, uint64_t hash, enum pp_flow_list_id list,
				 const struct pp_mark *now)
{
	struct pp_flow *flow;
	uint32_t slot;

	if (flows->flow_count >= flows->bucket_count / 2)
		pp_flow_buckets_grow(flows);
	slot = pp_flow_node_take(flows);
	flow = slot ? pp_slab_take(&flows->slab) : NULL;
	if (!flow) {
		if (slot)
			pp_flow_node_give(flows, slot);
		return NULL;
	}
	clear(flow);
	flow->slot = slot;
	flow->index = flows->indexes++;
	flow->file = now->file;
	flow->files = now->file < 64 ? 1ULL << now->file : 0;
	flow->stream = next_stream(flows, now->file);
	flow->first = *now;
	flow->last = *now;
	flow->lowest = now->packet;
	flow->listed_ts = now->ts;
	if (flows->has_points)
		flow->points = pp_flow_points_begin(flows);
	flows->nodes[slot].hash = hash & ~(uint64_t)PP_HASH_END;
	flows->nodes[slot].flow = flow;
	pp_flow_hash_in(flows, slot);
	pp_flow_list_in(flows, slot, list);
	return flow;
}

static void flow_give(struct pp_flows *flows, struct pp_flow *flow)
{
	pp_flow_node_give(flows, flow->slot);
	if (flow->points)
		pp_slab_give(&flows->points, flow->points);
	pp_slab_give(&flows->slab, flow);
}

/* Who opened it, by the best sign its first segment gives. */
static enum pp_sides_by first_sides(const struct pp_flow_key *key, const struct pp_packet *packet, uint8_t *ret_client)
{
	bool from_low = packet->sport == key->port[0] && pp_addr_equal(&packet->src, &key->ip[0]);
	uint8_t sender = from_low ? 0 : 1;

	if (is_open_request(packet)) {
		*ret_client = sender;
		return PP_BY_SYN;
	}
	if (packet->tcp.flags & PP_TCP_SYN) {
		*ret_client = !sender;
		return PP_BY_SYN_ACK;
	}
	*ret_client = packet->sport >= packet->dport ? sender : !sender;
	return PP_BY_PORT;
}

static void flow_take_sides(struct pp_flow *flow, const struct pp_packet *packet)
{
	enum pp_sides_by by = first_sides(&flow->key, packet, &flow->client);

	flow->ip_version = packet->ip_version;
	flow->tunnels = packet->tunnels;
	if (flow->body) {
		flow->body->facts.sides_by = by;
		flow->body->facts.midstream = !(packet->tcp.flags & PP_TCP_SYN);
	}
}

/* An ICMP error had quoted it before its own first segment came. */
static void flow_appears(struct pp_flow *flow, const struct pp_packet *packet, struct pp_mark now)
{
	uint8_t client = flow->client;

	assert(flow->body); /* the quote has made it */
	flow->ghost = false;
	flow->first = now;
	flow_take_sides(flow, packet);
	for (unsigned i = 0; client != flow->client && i < flow->body->facts.icmp_count; i++)
		flow->body->facts.icmp[i].about = pp_other_side(flow->body->facts.icmp[i].about);
}

/* A SYN makes a new stream when its sequence number is not the one this side began with. */
static bool starts_anew(const struct pp_flow *flow, const struct pp_packet *packet)
{
	enum pp_side side;

	if (!is_open_request(packet))
		return false;
	side = pp_flow_side_of(flow, packet);
	return base_set(flow, side) && base_seq(flow, side) != packet->tcp.seq;
}

static bool grave_keeps(const struct pp_tombstone *grave, uint64_t hash, const struct pp_packet *packet)
{
	int at = pp_hash_end(hash);

	return !is_open_request(packet) || !pp_tombstone_is_set(grave, at) || grave->base_seq[at] == packet->tcp.seq;
}

bool pp_flows_unfold(struct pp_flows *flows, struct pp_flow *flow)
{
	struct pp_flow_body *body = flow->body ? flow->body : pp_slab_take(&flows->bodies);

	if (body && body != flow->body)
		pp_flow_half_unfold(flow, body);
	flow->body = body;
	return body;
}

/* A flow for this segment, or the quote of one (NULL). */
static struct pp_flow *flow_begin(struct pp_flows *flows, const struct pp_flow_key *key, uint64_t hash,
				  const struct pp_packet *packet, struct pp_mark now)
{
	struct pp_flow *flow = flow_make(flows, hash, PP_LIST_OPEN, &now);

	if (!flow)
		return NULL;
	flow->key = *key;
	if ((!packet || !pp_flow_half_takes(flow, packet, now)) && !pp_flows_unfold(flows, flow)) {
		pp_flow_hash_out(flows, flow->slot);
		pp_flow_list_out(flows, flow->slot);
		flow_give(flows, flow);
		return NULL;
	}
	if (packet)
		flow_take_sides(flow, packet);
	return flow;
}

/* The flow has a segment in a file other than its first one. */
static void count_file(struct pp_flows *flows, struct pp_flow *flow, uint16_t file)
{
	if (file < 64 && !(flow->files >> file & 1)) {
		flow->files |= 1ULL << file;
		(void)next_stream(flows, file);
	}
}

void pp_flows_begin_again(struct pp_flows *flows, struct pp_flow *flow, struct pp_mark now)
{
	if (flow->body)
		pp_slab_give(&flows->bodies, flow->body);
	flow->body = NULL;
	flow->half = (struct pp_flow_half){ .count = 0 };
	flow->smooth = flow->closed = flow->evicted = flow->disordered = false;
	flow->first = flow->last = now;
	flow->lowest = now.packet;
	if (now.file != flow->file)
		flow->stream = next_stream(flows, now.file);
	if (now.file < 64)
		flow->files |= 1ULL << now.file;
	flow->file = now.file;
}

/* The flow under this key is over for the segment: a new one begins. */
static struct pp_flow *succeed(struct pp_flows *flows, struct pp_flow *flow, const struct pp_packet *packet,
			       struct pp_mark now)
{
	struct pp_flow *next;

	pp_flow_hash_out(flows, flow->slot);
	pp_flow_list_out(flows, flow->slot);
	pp_flow_list_in(flows, flow->slot, PP_LIST_DONE);
	next = flow_begin(flows, &flow->key, flows->nodes[flow->slot].hash, packet, now);
	if (next)
		next->reused = true;
	return next;
}

/* There is none: made, unless the segment is a late one of a flow that is gone. */
static struct pp_flow *first_segment(struct pp_flows *flows, const struct pp_packet *packet, uint64_t hash,
				     struct pp_mark now)
{
	const struct pp_tombstone *grave = pp_graves_find(&flows->graves, hash);
	struct pp_flow_key key;
	struct pp_flow *flow;

	if (grave && grave_keeps(grave, hash, packet)) {
		flows->late++;
		return NULL;
	}
	pp_flow_key_set(&key, hash, &packet->src, &packet->dst, packet->sport, packet->dport);
	flow = flow_begin(flows, &key, hash, packet, now);
	if (flow)
		flow->reused = grave != NULL;
	return flow;
}

struct pp_flow *pp_flows_find(struct pp_flows *flows, const struct pp_packet *packet, uint64_t hash, struct pp_mark now)
{
	struct pp_flow *flow = pp_flows_known(flows, packet, hash);

	if (!flow)
		return first_segment(flows, packet, hash, now);
	if (starts_anew(flow, packet))
		return succeed(flows, flow, packet, now);
	if (!flow->body && !pp_flow_half_takes(flow, packet, now) && !pp_flows_unfold(flows, flow))
		return NULL;
	if (flow->ghost)
		flow_appears(flow, packet, now);
	if (now.file != flow->last.file)
		count_file(flows, flow, now.file);
	return flow;
}

/* The first SYN of a flow that nothing is known of. */
PP_APART static bool half_begin(struct pp_flows *flows, const struct pp_packet *packet, uint64_t hash,
				const struct pp_mark *now)
{
	struct pp_flow *flow;

	if (pp_graves_find(&flows->graves, hash))
		return false;
	flow = flow_make(flows, hash, PP_LIST_SYN_ONCE, now);
	if (!flow)
		return false;
	pp_flow_key_set(&flow->key, hash, &packet->src, &packet->dst, packet->sport, packet->dport);
	flow->client = (uint8_t)pp_hash_end(hash);
	flow->ip_version = packet->ip_version;
	flow->tunnels = packet->tunnels;
	pp_flow_half_begin(&flow->half, packet, *now);
	return true;
}

/* Whether the SYN is of that flow, of which only SYNs like it were seen.  One of another key with the same hash is left to
 * the long way. */
static PP_ALWAYS bool half_goes_on(const struct pp_flow *flow, const struct pp_packet *packet, uint64_t hash,
				   uint16_t file)
{
	return pp_flow_key_is(&flow->key, hash, &packet->src, &packet->dst, packet->sport, packet->dport) &&
	       !flow->body && file == flow->last.file && pp_hash_end(hash) == flow->client &&
	       pp_flow_half_goes_on(&flow->half, packet);
}

bool pp_flows_syn(struct pp_flows *flows, const struct pp_packet *packet, uint64_t hash, const struct pp_mark *now)
{
	uint32_t at, sign;
	struct pp_flow *flow;

	if (packet->payload_len != 0 || packet->cut || packet->tcp.flags & (PP_TCP_RST | PP_TCP_FIN))
		return false;
	at = pp_flow_node_next(flows, *pp_flows_bucket(flows, hash), hash);
	if (!at)
		return half_begin(flows, packet, hash, now);
	flow = flows->nodes[at].flow;
	sign = pp_signature(packet);
	if (!half_goes_on(flow, packet, hash, now->file) || pp_flow_half_has(&flow->half, sign))
		return false;
	flow->last = *now;
	pp_flow_half_put(&flow->half, packet, sign, *now);
	pp_flow_list_to(flows, flow, pp_flow_list_for_syns(flow->half.count, flow->half.ts[0], now->ts));
	return true;
}

bool pp_flows_refused(struct pp_flows *flows, const struct pp_packet *packet, uint64_t hash, const struct pp_mark *now)
{
	struct pp_flow *flow = pp_flows_known(flows, packet, hash);

	if (!flow || !pp_flow_half_is_refusal(flow, packet, now->file))
		return false;
	pp_flow_half_refuse(flow, packet, now);
	pp_flow_list_to(flows, flow, PP_LIST_CLOSED);
	return true;
}

struct pp_flow *pp_flows_quoted(struct pp_flows *flows, const struct pp_icmp_quote *quote, struct pp_mark now,
				enum pp_side *ret_side)
{
	uint64_t hash = pp_flow_key_hash(&flows->hash_keys, &quote->src, &quote->dst, quote->sport, quote->dport);
	struct pp_flow *flow = pp_flows_lookup(flows, hash, &quote->src, &quote->dst, quote->sport, quote->dport);
	uint8_t sender = (uint8_t)pp_hash_end(hash);

	if (!flow) {
		struct pp_flow_key key;

		if (quote->tcp_hlen < 20 || pp_graves_find(&flows->graves, hash))
			return NULL;
		pp_flow_key_set(&key, hash, &quote->src, &quote->dst, quote->sport, quote->dport);
		flows->opening = (struct pp_flow_points){ .home_ts = now.ts }; /* an error has no point of its own */
		flow = flow_begin(flows, &key, hash, NULL, now);
		if (!flow)
			return NULL;
		flow->ghost = true;
		flow->client = quote->sport >= quote->dport ? sender : !sender;
		flow->body->facts.sides_by = PP_BY_PORT;
		flow->body->facts.midstream = true;
	}
	if (!pp_flows_unfold(flows, flow))
		return NULL;
	*ret_side = sender == flow->client ? PP_CLIENT : PP_SERVER;
	return flow;
}

/* ------------------------------------------------------------------ leaving */

/* Those that are likely to leave next, from the one at `at` on: of each what the last step has brought leads on to the
 * next.  Behind the newest stands the list's own node, which has no flow. */
static PP_ALWAYS void prefetch_leaving(const struct pp_flows *flows, uint32_t at)
{
	enum { BODY_LINES = 8 };
	const struct pp_flow_node *nodes = flows->nodes;
	uint32_t second = nodes[at].newer, third = nodes[second].newer, fourth = nodes[third].newer;
	const struct pp_flow *flow = nodes[at].flow;

	__builtin_prefetch(pp_flows_bucket(flows, nodes[second].hash));
	pp_graves_prefetch(&flows->graves, nodes[second].hash);
	for (size_t i = 0; flow->body && i < BODY_LINES; i++)
		__builtin_prefetch((const char *)flow->body + i * LINE);
	flow = nodes[third].flow;
	for (size_t i = 0; flow && i < sizeof(*flow); i += LINE)
		__builtin_prefetch((const char *)flow + i);
	__builtin_prefetch(&nodes[nodes[fourth].newer]);
}

static struct pp_flow *take_oldest(struct pp_flows *flows, enum pp_flow_list_id id)
{
	uint32_t at = pp_flow_list_oldest(flows, id);
	const struct pp_flow_node *node = &flows->nodes[at];

	pp_flow_list_out(flows, at);
	if (id != PP_LIST_DONE)
		pp_flow_hash_out(flows, at);
	if (pp_flows_scattered(flows) && node->newer >= PP_NODE_FIRST)
		prefetch_leaving(flows, node->newer);
	return node->flow;
}

static bool is_over(const struct pp_flows *flows, enum pp_flow_list_id id, int64_t now)
{
	uint32_t oldest = pp_flow_list_oldest(flows, id);

	return oldest &&
	       (now == INT64_MAX || flows->list_count[id] > leave[id].most ||
		(leave[id].linger_ns != INT64_MAX && now - flows->nodes[oldest].flow->last.ts > leave[id].linger_ns));
}

/* Half open ones take a fraction of the memory, and so of the room. */
static bool are_too_many(const struct pp_flows *flows)
{
	return flows->flow_count + flows->bodies.used * (PP_FLOW_HALVES - 1) > flows->most * PP_FLOW_HALVES;
}

struct pp_flow *pp_flows_expire(struct pp_flows *flows, int64_t now)
{
	if (pp_flow_list_oldest(flows, PP_LIST_DONE))
		return take_oldest(flows, PP_LIST_DONE);
	for (enum pp_flow_list_id id = 0; id < PP_LIST_DONE; id++) {
		if (is_over(flows, id, now))
			return take_oldest(flows, id);
	}
	for (enum pp_flow_list_id id = 0; id < PP_LIST_DONE && are_too_many(flows); id++) {
		struct pp_flow *flow;

		if (!pp_flow_list_oldest(flows, id))
			continue;
		flow = take_oldest(flows, id);
		if (id != PP_LIST_CLOSED) {
			flow->evicted = true;
			flows->evicted++;
		}
		return flow;
	}
	return NULL;
}

void pp_flows_release(struct pp_flows *flows, struct pp_flow *flow)
{
	/* A flow that gave its ports away is found under them no more; its successor is. */
	if (flows->nodes[flow->slot].list != PP_LIST_DONE)
		bury(flows, flow);
	if (flow->body)
		pp_slab_give(&flows->bodies, flow->body);
	flow_give(flows, flow);
}

size_t pp_flows_past_memory(const struct pp_flows *flows) { return pp_graves_memory(&flows->graves); }

struct pp_flows_counts pp_flows_counts(const struct pp_flows *flows)
{
	return (struct pp_flows_counts){
		.indexes = flows->indexes,
		.late = flows->late,
		.evicted = flows->evicted,
		.tombstones_lost = flows->graves.lost,
	};
}

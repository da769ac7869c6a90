/* Reassembly of IP datagrams.
 *
 * Fragments begin at multiples of 8 bytes and all but the last are multiples of 8 long, so a datagram is a row of
 * 8-byte units, of which only the last may be shorter.  Units live in blocks from one pool, each block with a bitmap of
 * the units it has; a datagram is whole when its end is known and as many units are there as lie before the end.
 *
 *   datagram    |        block 0        |        block 1        |   ...   (up to 32 blocks of 2 KiB)
 *   units        ########........########........#####
 *                fragment        fragment        last fragment: `total` is known
 *
 * All datagrams, used and unused, stand in one ring ordered by use; unused ones are moved to its old end, so "take the
 * oldest" finds a free one while there is any.
 *
 * Invariants  units counts the bits set in all bitmaps; no unit lies at or behind a known total; a used datagram is in
 *             exactly one hash chain.
 */
#include "decode/ipfrag.h"

#include "base/time.h"

#include <assert.h>
#include <stdlib.h>

enum {
	UNIT = 8,
	BLOCK = 2048,
	DATAGRAM_MAX = 65535,
	BLOCKS_EACH = (DATAGRAM_MAX + BLOCK) / BLOCK,
	BLOCKS_PER_SLOT = 4, /* on average */
};

#define NONE UINT32_MAX                /* no slot, no block */
#define FRAGMENT_LIFE (30 * PP_SECOND) /* as Linux: net.ipv4.ipfrag_time */

/* What fragments of one datagram have in common.  No padding: it is hashed and compared as bytes. */
struct datagram_key {
	struct pp_addr src, dst;
	uint32_t id, outer_hash;
	uint32_t protocol; /* IPv4 only: for IPv6 the id alone is unique (RFC 8200 section 4.5) */
	uint32_t version;
};

struct datagram {
	struct datagram_key key;
	int64_t since;
	uint32_t total;   /* bytes, once the last fragment came; else 0 */
	uint32_t highest; /* end of what came so far */
	uint32_t units;
	uint32_t next; /* in its hash chain */
	uint32_t older, newer;
	uint32_t block[BLOCKS_EACH];
	uint8_t protocol; /* from the fragment at offset 0 */
	bool used, conflict;
};

struct block {
	uint8_t have[BLOCK / UNIT / 8];
	uint8_t bytes[BLOCK];
	uint32_t next_free;
};

struct pp_ipfrag {
	struct pp_hash_key key;
	struct datagram *slots;
	uint32_t *chains; /* first slot by hash; as many as slots, rounded up to a power of two */
	struct block *blocks;
	uint32_t chain_mask;
	uint32_t free_block;
	uint32_t fresh_block, block_count; /* blocks from fresh_block on were never used: memory nobody touched */
	uint32_t oldest, newest;
	uint64_t evicted, conflicts;
	uint8_t whole[DATAGRAM_MAX];
};

static_assert(sizeof(struct datagram_key) == 48, "hashed as bytes");
static_assert(BLOCK / UNIT % 8 == 0, "a bitmap of whole bytes");

/* The ring by use. */

static void ring_remove(struct pp_ipfrag *ipfrag, uint32_t slot)
{
	struct datagram *d = &ipfrag->slots[slot];

	*(d->older == NONE ? &ipfrag->oldest : &ipfrag->slots[d->older].newer) = d->newer;
	*(d->newer == NONE ? &ipfrag->newest : &ipfrag->slots[d->newer].older) = d->older;
}

static void ring_add_newest(struct pp_ipfrag *ipfrag, uint32_t slot)
{
	struct datagram *d = &ipfrag->slots[slot];

	d->older = ipfrag->newest;
	d->newer = NONE;
	*(d->older == NONE ? &ipfrag->oldest : &ipfrag->slots[d->older].newer) = slot;
	ipfrag->newest = slot;
}

static void ring_add_oldest(struct pp_ipfrag *ipfrag, uint32_t slot)
{
	struct datagram *d = &ipfrag->slots[slot];

	d->newer = ipfrag->oldest;
	d->older = NONE;
	*(d->newer == NONE ? &ipfrag->newest : &ipfrag->slots[d->newer].older) = slot;
	ipfrag->oldest = slot;
}

/* Slots. */

static uint32_t *chain_of(struct pp_ipfrag *ipfrag, const struct datagram_key *key)
{
	return &ipfrag->chains[pp_hash(&ipfrag->key, key, sizeof(*key)) & ipfrag->chain_mask];
}

/* Ends a datagram: its blocks return to the pool, its slot becomes the first to be taken. */
static void release(struct pp_ipfrag *ipfrag, uint32_t slot)
{
	struct datagram *d = &ipfrag->slots[slot];
	uint32_t *link = chain_of(ipfrag, &d->key);

	while (*link != slot)
		link = &ipfrag->slots[*link].next;
	*link = d->next;
	for (size_t i = 0; i < BLOCKS_EACH; i++) {
		if (d->block[i] == NONE)
			continue;
		ipfrag->blocks[d->block[i]].next_free = ipfrag->free_block;
		ipfrag->free_block = d->block[i];
	}
	if (d->conflict)
		ipfrag->conflicts++;
	d->used = false;
	ring_remove(ipfrag, slot);
	ring_add_oldest(ipfrag, slot);
}

/* Times come from the file: the difference of two may not fit int64_t. */
static bool expired(const struct datagram *d, int64_t ts)
{
	return ts > d->since && (uint64_t)ts - (uint64_t)d->since > FRAGMENT_LIFE;
}

static void evict(struct pp_ipfrag *ipfrag, uint32_t slot, int64_t ts)
{
	if (!expired(&ipfrag->slots[slot], ts))
		ipfrag->evicted++;
	release(ipfrag, slot);
}

static uint32_t slot_new(struct pp_ipfrag *ipfrag, const struct datagram_key *key, int64_t ts)
{
	uint32_t slot = ipfrag->oldest, *chain = chain_of(ipfrag, key);
	struct datagram *d = &ipfrag->slots[slot];

	if (d->used)
		evict(ipfrag, slot, ts);
	ring_remove(ipfrag, slot);
	*d = (struct datagram){ .key = *key, .since = ts, .next = *chain, .used = true };
	for (size_t i = 0; i < BLOCKS_EACH; i++)
		d->block[i] = NONE;
	ring_add_newest(ipfrag, slot);
	*chain = slot;
	return slot;
}

/* The datagram's slot, moved to the new end of the ring; a new one for a new datagram or an expired one. */
static uint32_t slot_of(struct pp_ipfrag *ipfrag, const struct datagram_key *key, int64_t ts)
{
	uint32_t slot = *chain_of(ipfrag, key);

	while (slot != NONE && memcmp(&ipfrag->slots[slot].key, key, sizeof(*key)) != 0)
		slot = ipfrag->slots[slot].next;
	if (slot != NONE && expired(&ipfrag->slots[slot], ts)) {
		release(ipfrag, slot);
		slot = NONE;
	}
	if (slot == NONE)
		return slot_new(ipfrag, key, ts);
	ring_remove(ipfrag, slot);
	ring_add_newest(ipfrag, slot);
	return slot;
}

/* Bytes. */

/* A block for the newest datagram: others make room for it, and there are more blocks than one datagram can hold. */
static uint32_t block_new(struct pp_ipfrag *ipfrag, int64_t ts)
{
	uint32_t index, slot;

	if (ipfrag->free_block == NONE && ipfrag->fresh_block < ipfrag->block_count)
		return ipfrag->fresh_block++;
	while (ipfrag->free_block == NONE) {
		slot = ipfrag->oldest;
		while (!ipfrag->slots[slot].used)
			slot = ipfrag->slots[slot].newer;
		evict(ipfrag, slot, ts);
	}
	index = ipfrag->free_block;
	ipfrag->free_block = ipfrag->blocks[index].next_free;
	return index;
}

/* The block that holds `offset` of the datagram. */
static struct block *block_at(struct pp_ipfrag *ipfrag, struct datagram *d, uint32_t offset, int64_t ts)
{
	uint32_t *index = &d->block[offset / BLOCK];

	if (*index == NONE) {
		*index = block_new(ipfrag, ts);
		memset(ipfrag->blocks[*index].have, 0, sizeof(ipfrag->blocks[*index].have));
	}
	return &ipfrag->blocks[*index];
}

static void add_unit(struct pp_ipfrag *ipfrag, struct datagram *d, uint32_t offset, struct pp_span unit, int64_t ts)
{
	struct block *block = block_at(ipfrag, d, offset, ts);
	uint8_t *bytes = &block->bytes[offset % BLOCK];
	unsigned index = offset % BLOCK / UNIT;

	if (block->have[index / 8] & 1u << index % 8) {
		if (memcmp(bytes, unit.p, unit.len) != 0)
			d->conflict = true;
		return;
	}
	memcpy(bytes, unit.p, unit.len);
	block->have[index / 8] |= (uint8_t)(1u << index % 8);
	d->units++;
}

static void add_bytes(struct pp_ipfrag *ipfrag, struct datagram *d, uint32_t offset, struct pp_span bytes, int64_t ts)
{
	struct pp_cur cur = pp_cur_span(bytes, PP_MALFORMED);

	while (pp_cur_left(&cur) != 0) {
		size_t left = pp_cur_left(&cur);

		add_unit(ipfrag, d, offset, pp_cur_take(&cur, left < UNIT ? left : UNIT), ts);
		offset += UNIT;
	}
}

static struct pp_span assemble(struct pp_ipfrag *ipfrag, const struct datagram *d)
{
	for (uint32_t at = 0; at < d->total; at += BLOCK) {
		uint32_t left = d->total - at;

		memcpy(&ipfrag->whole[at], ipfrag->blocks[d->block[at / BLOCK]].bytes, left < BLOCK ? left : BLOCK);
	}
	return (struct pp_span){ ipfrag->whole, d->total };
}

/* The end of the datagram as this fragment and the ones before tell it; false when they contradict each other. */
static bool agree_on_end(struct datagram *d, uint32_t end, bool more)
{
	if (end > d->highest)
		d->highest = end;
	if (!more && d->total == 0)
		d->total = end;
	return d->total == 0 || (d->highest <= d->total && (more || end == d->total));
}

enum pp_err pp_ipfrag_add(struct pp_ipfrag *ipfrag, const struct pp_packet *fragment, int64_t ts, uint8_t *ret_protocol,
			  struct pp_span *ret_body_view)
{
	struct datagram_key key = {
		.src = fragment->src,
		.dst = fragment->dst,
		.id = fragment->frag_id,
		.outer_hash = fragment->outer_hash,
		.protocol = fragment->ip_version == 4 ? fragment->protocol : 0,
		.version = fragment->ip_version,
	};
	struct pp_span bytes = fragment->payload_view;
	struct datagram *d;
	uint32_t slot, end;

	if (bytes.len != fragment->payload_len)
		return PP_MORE;
	if (fragment->frag_more)
		bytes.len -= bytes.len % UNIT; /* as Linux does: an odd tail cannot be joined to anything */
	if (bytes.len == 0)
		return PP_MORE;
	slot = slot_of(ipfrag, &key, ts);
	d = &ipfrag->slots[slot];
	if (bytes.len > DATAGRAM_MAX || fragment->frag_offset > DATAGRAM_MAX - bytes.len) {
		release(ipfrag, slot);
		return PP_LIMIT;
	}
	end = fragment->frag_offset + (uint32_t)bytes.len;
	if (!agree_on_end(d, end, fragment->frag_more)) {
		release(ipfrag, slot);
		return PP_LIMIT;
	}
	if (fragment->frag_offset == 0)
		d->protocol = fragment->frag_protocol;
	add_bytes(ipfrag, d, fragment->frag_offset, bytes, ts);
	if (d->total == 0 || d->units != (d->total + UNIT - 1) / UNIT)
		return PP_MORE;
	*ret_protocol = d->protocol;
	*ret_body_view = assemble(ipfrag, d);
	release(ipfrag, slot);
	return PP_OK;
}

/* Life. */

static void link_all(struct pp_ipfrag *ipfrag, uint32_t slots)
{
	ipfrag->oldest = ipfrag->newest = NONE;
	for (uint32_t i = 0; i <= ipfrag->chain_mask; i++)
		ipfrag->chains[i] = NONE;
	for (uint32_t i = 0; i < slots; i++)
		ring_add_newest(ipfrag, i);
	ipfrag->free_block = NONE;
}

enum pp_err pp_ipfrag_new(struct pp_ipfrag **ret_ipfrag, size_t slots, struct pp_hash_key key)
{
	size_t blocks = slots * BLOCKS_PER_SLOT + BLOCKS_EACH, chains = 1; /* one whole datagram always fits */
	struct pp_ipfrag *ipfrag;

	if (slots == 0 || slots > PP_IPFRAG_SLOTS_MAX)
		return PP_USAGE;
	while (chains < slots)
		chains *= 2;
	ipfrag = calloc(1, sizeof(*ipfrag));
	if (!ipfrag)
		return PP_NOMEM;
	ipfrag->key = key;
	ipfrag->chain_mask = (uint32_t)(chains - 1);
	ipfrag->slots = calloc(slots, sizeof(*ipfrag->slots));
	ipfrag->chains = calloc(chains, sizeof(*ipfrag->chains));
	ipfrag->blocks = calloc(blocks, sizeof(*ipfrag->blocks));
	if (!ipfrag->slots || !ipfrag->chains || !ipfrag->blocks) {
		pp_ipfrag_free(ipfrag);
		return PP_NOMEM;
	}
	ipfrag->block_count = (uint32_t)blocks;
	link_all(ipfrag, (uint32_t)slots);
	*ret_ipfrag = ipfrag;
	return PP_OK;
}

void pp_ipfrag_free(struct pp_ipfrag *ipfrag)
{
	if (!ipfrag)
		return;
	free(ipfrag->slots);
	free(ipfrag->chains);
	free(ipfrag->blocks);
	free(ipfrag);
}

uint64_t pp_ipfrag_evicted(const struct pp_ipfrag *ipfrag) { return ipfrag->evicted; }

uint64_t pp_ipfrag_conflicts(const struct pp_ipfrag *ipfrag) { return ipfrag->conflicts; }

#include "flow/graves.h"

#include "platform/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
	ROOM_FIRST = 1024,
	LINE = 64,
	NUMBER_BITS = 19, /* 1..PP_TOMBSTONES_MAX; the rest of a slot is the tag */
	REACH = 8, /* buckets that are tried; half full as they are, the second is needed in one case of a hundred */
};

_Static_assert(sizeof(struct pp_grave_bucket) == LINE, "a bucket is one cache line");

static const uint64_t SET_BITS = 3;

static uint32_t slot_of(uint64_t hash, uint32_t number) { return (uint32_t)(hash >> 51) << NUMBER_BITS | number; }

static uint32_t number_in(uint32_t slot) { return slot & ((1u << NUMBER_BITS) - 1); }

static struct pp_grave_bucket *bucket_after(const struct pp_graves *graves, uint64_t hash, size_t step)
{
	size_t home = (size_t)(pp_grave_bucket_of(graves, hash) - graves->buckets);

	return &graves->buckets[(home + step) & (graves->room / 8 - 1)];
}

static size_t ring_bytes(size_t room) { return room * sizeof(struct pp_tombstone); }

static size_t bucket_bytes(size_t room) { return room / 8 * sizeof(struct pp_grave_bucket); }

void pp_graves_free(struct pp_graves *graves)
{
	pp_memory_give(graves->ring, ring_bytes(graves->ring_room));
	pp_memory_give(graves->buckets, bucket_bytes(graves->room));
}

/* Whether a slot has this tag, of numbers 0 too.  Mostly none has, and compilers compare several at once. */
static inline bool has_tag(const struct pp_grave_bucket *bucket, uint32_t tag)
{
	uint32_t met = 0;

	for (unsigned i = 0; i < PP_GRAVE_SLOTS; i++)
		met |= (uint32_t)(bucket->slots[i] >> NUMBER_BITS == tag >> NUMBER_BITS);
	return met;
}

static struct pp_tombstone *find_in(const struct pp_graves *graves, const struct pp_grave_bucket *bucket, uint64_t hash)
{
	uint32_t tag = slot_of(hash, 0);

	if (!has_tag(bucket, tag))
		return NULL;
	for (unsigned i = 0; i < PP_GRAVE_SLOTS; i++) {
		uint32_t number = number_in(bucket->slots[i]);

		if (number && (bucket->slots[i] ^ tag) >> NUMBER_BITS == 0 &&
		    ((graves->ring[number - 1].hash_and_set ^ hash) & ~SET_BITS) == 0)
			return &graves->ring[number - 1];
	}
	return NULL;
}

struct pp_tombstone *pp_graves_find(struct pp_graves *graves, uint64_t hash)
{
	const struct pp_grave_bucket *home;
	struct pp_tombstone *found;

	if (graves->room == 0)
		return NULL;
	home = pp_grave_bucket_of(graves, hash);
	found = find_in(graves, home, hash);
	for (size_t i = 1; i < REACH && !found && home->elsewhere; i++)
		found = find_in(graves, bucket_after(graves, hash, i), hash);
	return found;
}

/* Puts `put` where the first of the slots the hash may be in holds `held`; false when none does. */
static bool replace(struct pp_graves *graves, uint64_t hash, uint32_t held, uint32_t put)
{
	struct pp_grave_bucket *home = pp_grave_bucket_of(graves, hash);

	for (size_t i = 0; i < REACH; i++) {
		struct pp_grave_bucket *bucket = bucket_after(graves, hash, i);

		for (unsigned k = 0; k < PP_GRAVE_SLOTS; k++) {
			if (bucket->slots[k] != held)
				continue;
			bucket->slots[k] = put;
			if (i > 0)
				home->elsewhere += put ? 1u : -1u;
			return true;
		}
	}
	return false;
}

/* Where the system can move pages they are not copied: the old ring does not lie beside the new one. */
static bool grow_ring(struct pp_graves *graves, size_t room)
{
	size_t bytes = ring_bytes(room), before = ring_bytes(graves->ring_room);
	struct pp_tombstone *ring = bytes < PP_MEMORY_HUGE ? realloc(graves->ring, bytes) : pp_memory_take(bytes);

	if (!ring)
		return false;
	if (bytes >= PP_MEMORY_HUGE) {
		if (graves->count)
			memcpy(ring, graves->ring, graves->count * sizeof(*ring));
		pp_memory_give(graves->ring, before);
	}
	graves->ring = ring;
	graves->ring_room = room;
	return true;
}

static bool grow(struct pp_graves *graves)
{
	size_t room = graves->room ? graves->room * 2 : ROOM_FIRST;
	struct pp_grave_bucket *buckets = grow_ring(graves, room) ? pp_memory_take(bucket_bytes(room)) : NULL;

	if (!buckets)
		return false;
	memset(buckets, 0, bucket_bytes(room));
	pp_memory_give(graves->buckets, bucket_bytes(graves->room));
	graves->buckets = buckets;
	graves->room = room;
	for (size_t i = 0; i < graves->count; i++) {
		uint64_t hash = graves->ring[i].hash_and_set;

		graves->lost += !replace(graves, hash, 0, slot_of(hash, (uint32_t)i + 1));
	}
	return true;
}

struct pp_tombstone *pp_graves_dig(struct pp_graves *graves, uint64_t hash)
{
	struct pp_tombstone *grave = pp_graves_find(graves, hash);

	return grave ? grave : pp_graves_dig_new(graves, hash);
}

struct pp_tombstone *pp_graves_dig_new(struct pp_graves *graves, uint64_t hash)
{
	struct pp_tombstone *grave;
	uint32_t number;

	if (graves->count == graves->room && graves->room < PP_TOMBSTONES_MAX && !grow(graves))
		return NULL;
	grave = &graves->ring[graves->next];
	number = (uint32_t)graves->next + 1;
	if (graves->count == graves->room) {
		(void)replace(graves, grave->hash_and_set, slot_of(grave->hash_and_set, number), 0);
		graves->lost++;
		/* The line that the next one to go stands in; and those that go after it. */
		pp_graves_prefetch(graves, graves->ring[number & (graves->room - 1)].hash_and_set);
		__builtin_prefetch(&graves->ring[(number + LINE / sizeof(*grave)) & (graves->room - 1)]);
	} else {
		graves->count++;
	}
	graves->next = graves->count < PP_TOMBSTONES_MAX ? graves->count : (graves->next + 1) % graves->room;
	grave->hash_and_set = hash & ~SET_BITS;
	(void)replace(graves, hash, 0, slot_of(hash, number));
	return grave;
}

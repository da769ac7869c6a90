/* graves: the connections that left last, so that a late segment of one is not taken for a new connection; private to
 * flow/.
 *
 * Shape   a ring of tombstones, and an index of buckets, one cache line each: most questions, whose answer is that there
 *         is none, touch one line.
 * Units   a connection is told by its hash alone.
 * Limits  PP_TOMBSTONES_MAX; the oldest goes then, and is counted in `lost`.
 */
#ifndef PP_FLOW_GRAVES_H
#define PP_FLOW_GRAVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PP_TOMBSTONES_MAX = 1 << 18, PP_GRAVE_SLOTS = 15 };

struct pp_tombstone {
	uint64_t hash_and_set; /* the two lowest bits: whose base_seq is known */
	uint32_t base_seq[2];  /* by index in the key */
};

struct pp_grave_bucket {
	uint32_t slots[PP_GRAVE_SLOTS]; /* tag and number in the ring from 1; 0: free */
	uint32_t elsewhere;             /* how many that belong here had to be put into one of the next buckets */
};

struct pp_graves {
	struct pp_tombstone *ring;
	struct pp_grave_bucket *buckets;
	size_t room, count, next; /* room: a power of two; next: where the ring goes on */
	size_t ring_room;         /* no less than `room` */
	uint64_t lost;
};

void pp_graves_free(struct pp_graves *graves);
struct pp_tombstone *pp_graves_find(struct pp_graves *graves, uint64_t hash);
/* The tombstone of that hash, old or new; NULL without memory. */
struct pp_tombstone *pp_graves_dig(struct pp_graves *graves, uint64_t hash);
/* The same when it is known that there is none yet. */
struct pp_tombstone *pp_graves_dig_new(struct pp_graves *graves, uint64_t hash);

static inline bool pp_tombstone_is_set(const struct pp_tombstone *grave, int at)
{
	return grave->hash_and_set >> at & 1;
}

static inline size_t pp_graves_memory(const struct pp_graves *graves)
{
	return graves->count * sizeof(*graves->ring) + graves->room / 8 * sizeof(*graves->buckets);
}

static inline struct pp_grave_bucket *pp_grave_bucket_of(const struct pp_graves *graves, uint64_t hash)
{
	return &graves->buckets[(hash >> 16) & (graves->room / 8 - 1)];
}

static inline void pp_graves_prefetch(const struct pp_graves *graves, uint64_t hash)
{
	if (graves->room)
		__builtin_prefetch(pp_grave_bucket_of(graves, hash));
}

#endif

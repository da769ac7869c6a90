/* map: a table of records by key, private to diagnose/.
 *
 * Shape   records of one size that begin with their struct pp_map_key and lie in blocks, so they never move.  Records
 *         keep the order in which they were added; nothing iterates in hash order.
 * Errors  NULL at the cap or without memory; `refused` counts.
 * Owns    its records until pp_map_done().
 * Limits  `most` records, at most PP_MAP_NUMBERS.
 */
#ifndef PP_DIAGNOSE_MAP_H
#define PP_DIAGNOSE_MAP_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PP_MAP_MOST = 65536 }; /* what the diagnosis gives its tables */
enum { PP_MAP_BLOCK = 64, PP_MAP_NUMBER_BITS = 18, PP_MAP_NUMBERS = (1 << PP_MAP_NUMBER_BITS) - 1 };

struct pp_map_key {
	uint64_t word[2];
};

struct pp_map {
	uint8_t **blocks; /* of PP_MAP_BLOCK records */
	/* In a slot: the record's number + 1, 0: free; above it bits of its key's hash, so that hardly another record than
	 * the right one is looked at. */
	uint32_t *slots;
	size_t record_bytes;
	uint32_t count, block_count, slot_count, most;
	uint64_t refused;
	struct pp_hash_words hash;
};

void pp_map_init(struct pp_map *map, size_t record_bytes, uint32_t most, struct pp_hash_key key);
void pp_map_done(struct pp_map *map);
/* The place of the record with that key: found, or new and zeroed behind its key; 0: no room. */
uint32_t pp_map_put(struct pp_map *map, const struct pp_map_key *key);
uint32_t pp_map_look(const struct pp_map *map, const struct pp_map_key *key); /* the same of one there is; 0: none */

/* For prefetching: the key's tag, its slot asked for; later the record that slot points to, most likely the key's. */
uint32_t pp_map_prefetch(const struct pp_map *map, const struct pp_map_key *key);
const void *pp_map_guess(const struct pp_map *map, uint32_t tag); /* NULL: none */

static inline bool pp_map_same_key(const struct pp_map_key *a, const struct pp_map_key *b)
{
	return ((a->word[0] ^ b->word[0]) | (a->word[1] ^ b->word[1])) == 0;
}

static inline void *pp_map_at(const struct pp_map *map, uint32_t i)
{
	return map->blocks[i / PP_MAP_BLOCK] + i % PP_MAP_BLOCK * map->record_bytes;
}

/* Bytes of its records and slots. */
static inline size_t pp_map_memory(const struct pp_map *map)
{
	return map->block_count * PP_MAP_BLOCK * map->record_bytes + map->slot_count * sizeof(*map->slots);
}

/* By place, its number + 1; NULL for 0. */
static inline void *pp_map_place(const struct pp_map *map, uint32_t place)
{
	return place ? pp_map_at(map, place - 1) : NULL;
}

/* The records themselves; NULL: none. */
static inline void *pp_map_add(struct pp_map *map, const struct pp_map_key *key)
{
	return pp_map_place(map, pp_map_put(map, key));
}

static inline void *pp_map_find(const struct pp_map *map, const struct pp_map_key *key)
{
	return pp_map_place(map, pp_map_look(map, key));
}

#endif

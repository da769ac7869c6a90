/* map: a table of records by key, private to diagnose/.
 *
 * Shape   records of one size that begin with their struct pp_map_key; adding may move them, so pointers live until the
 *         next pp_map_add().  Records keep the order in which they were added; nothing iterates in hash order.
 * Errors  NULL at the cap or without memory; `refused` counts.
 * Owns    its records until pp_map_done().
 * Limits  `most` records, PP_MAP_MOST at the most.
 */
#ifndef PP_DIAGNOSE_MAP_H
#define PP_DIAGNOSE_MAP_H

#include "base/hash.h"

#include <stddef.h>
#include <stdint.h>

enum { PP_MAP_MOST = 65536 };

struct pp_map_key {
	uint64_t word[3];
};

struct pp_map_slot {
	uint32_t number; /* of the record, + 1; 0: free */
	uint32_t tag;    /* more of the hash, so that only the right record is looked at */
};

struct pp_map {
	uint8_t *records;
	struct pp_map_slot *slots;
	size_t record_bytes;
	uint32_t count, room, slot_count, most;
	uint64_t refused;
	struct pp_hash_words hash;
};

void pp_map_init(struct pp_map *map, size_t record_bytes, uint32_t most, struct pp_hash_key key);
void pp_map_done(struct pp_map *map);
void *pp_map_add(struct pp_map *map, const struct pp_map_key *key);        /* found, or new and zeroed behind its key */
void *pp_map_find(const struct pp_map *map, const struct pp_map_key *key); /* NULL: none */

/* For prefetching: the key's hash, its slot asked for; later the record that slot points to, most likely the key's. */
uint64_t pp_map_prefetch(const struct pp_map *map, const struct pp_map_key *key);
const void *pp_map_guess(const struct pp_map *map, uint64_t hash); /* NULL: none */

static inline void *pp_map_at(const struct pp_map *map, uint32_t i) { return map->records + i * map->record_bytes; }

/* By number + 1; NULL for 0. */
static inline void *pp_map_place(const struct pp_map *map, uint32_t place)
{
	return place ? pp_map_at(map, place - 1) : NULL;
}

static inline uint32_t pp_map_number(const struct pp_map *map, const void *record)
{
	return (uint32_t)((size_t)((const uint8_t *)record - map->records) / map->record_bytes);
}

#endif

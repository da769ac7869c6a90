#include "diagnose/map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64, SLOTS_PER_RECORD = 2 };

void pp_map_init(struct pp_map *map, size_t record_bytes, uint32_t most, struct pp_hash_key key)
{
	*map = (struct pp_map){ .record_bytes = record_bytes, .most = most < PP_MAP_MOST ? most : PP_MAP_MOST };
	pp_hash_words_init(&map->hash, &key);
}

void pp_map_done(struct pp_map *map)
{
	free(map->records);
	free(map->slots);
	map->records = NULL;
	map->slots = NULL;
	map->count = map->room = map->slot_count = 0;
}

static uint64_t hash_of(const struct pp_map *map, const struct pp_map_key *key)
{
	return pp_hash_words(&map->hash, key->word, sizeof(key->word) / sizeof(key->word[0]));
}

static bool same_key(const struct pp_map_key *a, const struct pp_map_key *b)
{
	return ((a->word[0] ^ b->word[0]) | (a->word[1] ^ b->word[1]) | (a->word[2] ^ b->word[2])) == 0;
}

static bool holds(const struct pp_map *map, const struct pp_map_slot *slot, const struct pp_map_key *key, uint64_t hash)
{
	return slot->tag == (uint32_t)(hash >> 32) && same_key(pp_map_at(map, slot->number - 1), key);
}

/* The slot that holds the key, or the free one where it belongs; the slots are never full. */
static struct pp_map_slot *slot_of(const struct pp_map *map, const struct pp_map_key *key, uint64_t hash)
{
	uint32_t mask = map->slot_count - 1, at = (uint32_t)hash & mask;

	while (map->slots[at].number && !holds(map, &map->slots[at], key, hash))
		at = (at + 1) & mask;
	return &map->slots[at];
}

static void file(struct pp_map *map, const struct pp_map_key *key, uint64_t hash, uint32_t number)
{
	*slot_of(map, key, hash) = (struct pp_map_slot){ number, (uint32_t)(hash >> 32) };
}

static bool grow(struct pp_map *map)
{
	uint32_t room = map->room ? map->room * 2 : FIRST_ROOM;
	uint8_t *records = realloc(map->records, room * map->record_bytes);
	struct pp_map_slot *slots;

	if (!records)
		return false;
	map->records = records;
	slots = calloc((size_t)room * SLOTS_PER_RECORD, sizeof(*slots));
	if (!slots)
		return false;
	free(map->slots);
	map->slots = slots;
	map->slot_count = room * SLOTS_PER_RECORD;
	map->room = room;
	for (uint32_t i = 0; i < map->count; i++)
		file(map, pp_map_at(map, i), hash_of(map, pp_map_at(map, i)), i + 1);
	return true;
}

static void *find(const struct pp_map *map, const struct pp_map_key *key, uint64_t hash)
{
	uint32_t number = map->slot_count ? slot_of(map, key, hash)->number : 0;

	return number ? pp_map_at(map, number - 1) : NULL;
}

void *pp_map_find(const struct pp_map *map, const struct pp_map_key *key) { return find(map, key, hash_of(map, key)); }

void *pp_map_add(struct pp_map *map, const struct pp_map_key *key)
{
	uint64_t hash = hash_of(map, key);
	void *record = find(map, key, hash);

	if (record)
		return record;
	if (map->count == map->most || (map->count == map->room && !grow(map))) {
		map->refused++;
		return NULL;
	}
	record = pp_map_at(map, map->count);
	memset(record, 0, map->record_bytes);
	memcpy(record, key, sizeof(*key));
	file(map, key, hash, ++map->count);
	return record;
}

uint64_t pp_map_prefetch(const struct pp_map *map, const struct pp_map_key *key)
{
	uint64_t hash = hash_of(map, key);

	if (map->slot_count)
		__builtin_prefetch(&map->slots[(uint32_t)hash & (map->slot_count - 1)]);
	return hash;
}

const void *pp_map_guess(const struct pp_map *map, uint64_t hash)
{
	uint32_t number = map->slot_count ? map->slots[(uint32_t)hash & (map->slot_count - 1)].number : 0;

	return number ? pp_map_at(map, number - 1) : NULL;
}

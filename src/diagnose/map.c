#include "diagnose/map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

void pp_map_init(struct pp_map *map, size_t record_bytes, struct pp_hash_key key)
{
	*map = (struct pp_map){ .record_bytes = record_bytes, .key = key };
}

void pp_map_done(struct pp_map *map)
{
	free(map->records);
	free(map->slots);
	map->records = NULL;
	map->slots = NULL;
	map->count = map->room = map->slot_count = 0;
}

/* The slot that holds the key, or the free one where it belongs; the slots are never full. */
static uint32_t *slot_of(const struct pp_map *map, const struct pp_map_key *key)
{
	uint32_t mask = map->slot_count - 1, at = (uint32_t)pp_hash(&map->key, key, sizeof(*key)) & mask;

	while (map->slots[at] && memcmp(pp_map_at(map, map->slots[at] - 1), key, sizeof(*key)) != 0)
		at = (at + 1) & mask;
	return &map->slots[at];
}

static bool grow(struct pp_map *map)
{
	uint32_t room = map->room ? map->room * 2 : FIRST_ROOM;
	uint8_t *records = realloc(map->records, room * map->record_bytes);
	uint32_t *slots;

	if (!records)
		return false;
	map->records = records;
	slots = calloc((size_t)room * 2, sizeof(*slots));
	if (!slots)
		return false;
	free(map->slots);
	map->slots = slots;
	map->slot_count = room * 2;
	map->room = room;
	for (uint32_t i = 0; i < map->count; i++)
		*slot_of(map, pp_map_at(map, i)) = i + 1;
	return true;
}

void *pp_map_find(const struct pp_map *map, const struct pp_map_key *key)
{
	uint32_t number = map->slot_count ? *slot_of(map, key) : 0;

	return number ? pp_map_at(map, number - 1) : NULL;
}

void *pp_map_add(struct pp_map *map, const struct pp_map_key *key)
{
	void *record = pp_map_find(map, key);

	if (record)
		return record;
	if (map->count == PP_MAP_MOST || (map->count == map->room && !grow(map))) {
		map->refused++;
		return NULL;
	}
	record = pp_map_at(map, map->count);
	memset(record, 0, map->record_bytes);
	memcpy(record, key, sizeof(*key));
	*slot_of(map, key) = ++map->count;
	return record;
}

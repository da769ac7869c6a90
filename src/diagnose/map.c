#include "diagnose/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64, SLOTS_PER_RECORD = 2 };

void pp_map_init(struct pp_map *map, size_t record_bytes, uint32_t most, struct pp_hash_key key)
{
	*map = (struct pp_map){ .record_bytes = record_bytes, .most = most };
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

/* The upper half of the hash: its lowest bits choose the slot, all of them tell records apart. */
static uint32_t tag_of(const struct pp_map *map, const struct pp_map_key *key)
{
	return (uint32_t)(pp_hash_words(&map->hash, key->word, sizeof(key->word) / sizeof(key->word[0])) >> 32);
}

static bool holds(const struct pp_map *map, const struct pp_map_slot *slot, const struct pp_map_key *key, uint32_t tag)
{
	return slot->tag == tag && pp_map_same_key(pp_map_at(map, slot->number - 1), key);
}

/* The slot that holds the key, or the free one where it belongs; the slots are never full. */
static struct pp_map_slot *slot_of(const struct pp_map *map, const struct pp_map_key *key, uint32_t tag)
{
	uint32_t mask = map->slot_count - 1, at = tag & mask;

	while (map->slots[at].number && !holds(map, &map->slots[at], key, tag))
		at = (at + 1) & mask;
	return &map->slots[at];
}

/* What is filed is distinct, so only slots are looked at, no records. */
static void refile(struct pp_map_slot *slots, uint32_t slot_count, struct pp_map_slot slot)
{
	uint32_t at = slot.tag & (slot_count - 1);

	while (slots[at].number)
		at = (at + 1) & (slot_count - 1);
	slots[at] = slot;
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
	for (uint32_t i = 0; i < map->slot_count; i++)
		if (map->slots[i].number)
			refile(slots, room * SLOTS_PER_RECORD, map->slots[i]);
	free(map->slots);
	map->slots = slots;
	map->slot_count = room * SLOTS_PER_RECORD;
	map->room = room;
	return true;
}

uint32_t pp_map_look(const struct pp_map *map, const struct pp_map_key *key)
{
	return map->count ? slot_of(map, key, tag_of(map, key))->number : 0;
}

uint32_t pp_map_put(struct pp_map *map, const struct pp_map_key *key)
{
	uint32_t tag = tag_of(map, key);
	struct pp_map_slot *slot = map->slot_count ? slot_of(map, key, tag) : NULL;
	bool full = map->count == map->room;
	void *record;

	if (slot && slot->number)
		return slot->number;
	if (map->count == map->most || (full && !grow(map))) {
		map->refused++;
		return 0;
	}
	if (full)
		slot = slot_of(map, key, tag);
	assert(slot); /* a map with room has slots */
	record = pp_map_at(map, map->count);
	memset(record, 0, map->record_bytes);
	memcpy(record, key, sizeof(*key));
	*slot = (struct pp_map_slot){ ++map->count, tag };
	return map->count;
}

uint32_t pp_map_prefetch(const struct pp_map *map, const struct pp_map_key *key)
{
	uint32_t tag = tag_of(map, key);

	if (map->slot_count)
		__builtin_prefetch(&map->slots[tag & (map->slot_count - 1)]);
	return tag;
}

const void *pp_map_guess(const struct pp_map *map, uint32_t tag)
{
	uint32_t number = map->slot_count ? map->slots[tag & (map->slot_count - 1)].number : 0;

	return number ? pp_map_at(map, number - 1) : NULL;
}

#include "diagnose/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 64, SLOTS_LEAST = 128, SLOTS_PER_RECORD = 2 };

void pp_map_init(struct pp_map *map, size_t record_bytes, uint32_t most, struct pp_hash_key key)
{
	assert(most <= PP_MAP_NUMBERS);
	*map = (struct pp_map){ .record_bytes = record_bytes, .most = most };
	pp_hash_words_init(&map->hash, &key);
}

void pp_map_done(struct pp_map *map)
{
	for (uint32_t i = 0; i < map->block_count; i++)
		free(map->blocks[i]);
	free(map->blocks);
	free(map->slots);
	map->blocks = NULL;
	map->slots = NULL;
	map->count = map->block_count = map->slot_count = 0;
}

/* The upper half of the hash: its lowest bits choose the slot, those above PP_MAP_NUMBER_BITS are kept in it. */
static uint32_t tag_of(const struct pp_map *map, const struct pp_map_key *key)
{
	return (uint32_t)(pp_hash_words(&map->hash, key->word, sizeof(key->word) / sizeof(key->word[0])) >> 32);
}

static uint32_t kept_bits(uint32_t tag) { return tag & ~(uint32_t)PP_MAP_NUMBERS; }

static uint32_t number_in(uint32_t slot) { return slot & PP_MAP_NUMBERS; }

static bool holds(const struct pp_map *map, uint32_t slot, const struct pp_map_key *key, uint32_t tag)
{
	return kept_bits(slot) == kept_bits(tag) && pp_map_same_key(pp_map_at(map, number_in(slot) - 1), key);
}

/* The slot that holds the key, or the free one where it belongs; the slots are never full. */
static uint32_t *slot_of(const struct pp_map *map, const struct pp_map_key *key, uint32_t tag)
{
	uint32_t mask = map->slot_count - 1, at = tag & mask;

	while (map->slots[at] && !holds(map, map->slots[at], key, tag))
		at = (at + 1) & mask;
	return &map->slots[at];
}

static void file(uint32_t *slots, uint32_t slot_count, uint32_t tag, uint32_t number)
{
	uint32_t at = tag & (slot_count - 1);

	while (slots[at])
		at = (at + 1) & (slot_count - 1);
	slots[at] = kept_bits(tag) | number;
}

static bool grow_slots(struct pp_map *map)
{
	uint32_t slot_count = map->slot_count ? 2 * map->slot_count : SLOTS_LEAST;
	uint32_t *slots = calloc(slot_count, sizeof(*slots));

	if (!slots)
		return false;
	for (uint32_t i = 0; i < map->count; i++)
		file(slots, slot_count, tag_of(map, pp_map_at(map, i)), i + 1);
	free(map->slots);
	map->slots = slots;
	map->slot_count = slot_count;
	return true;
}

/* The list of blocks doubles. */
static bool add_block(struct pp_map *map)
{
	uint32_t count = map->block_count;

	if ((count & (count - 1)) == 0) {
		uint8_t **blocks = realloc(map->blocks, (count ? 2 * (size_t)count : 1) * sizeof(*blocks));

		if (!blocks)
			return false;
		map->blocks = blocks;
	}
	map->blocks[count] = aligned_alloc(LINE, PP_MAP_BLOCK * map->record_bytes);
	map->block_count += map->blocks[count] != NULL;
	return map->blocks[count] != NULL;
}

/* Room for one more. */
static bool reserve(struct pp_map *map)
{
	if (map->count == map->block_count * PP_MAP_BLOCK && !add_block(map))
		return false;
	return map->count < map->slot_count / SLOTS_PER_RECORD || grow_slots(map);
}

uint32_t pp_map_look(const struct pp_map *map, const struct pp_map_key *key)
{
	return map->count ? number_in(*slot_of(map, key, tag_of(map, key))) : 0;
}

uint32_t pp_map_put(struct pp_map *map, const struct pp_map_key *key)
{
	uint32_t tag = tag_of(map, key), *slot = map->slot_count ? slot_of(map, key, tag) : NULL;
	void *record;

	if (slot && *slot)
		return number_in(*slot);
	if (map->count == map->most || !reserve(map)) {
		map->refused++;
		return 0;
	}
	record = pp_map_at(map, map->count);
	memset(record, 0, map->record_bytes);
	memcpy(record, key, sizeof(*key));
	file(map->slots, map->slot_count, tag, ++map->count);
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
	uint32_t number = map->slot_count ? number_in(map->slots[tag & (map->slot_count - 1)]) : 0;

	return number ? pp_map_at(map, number - 1) : NULL;
}

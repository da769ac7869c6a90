#include "facts/blocks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void pp_blocks_init(struct pp_blocks *blocks, int32_t allowed)
{
	*blocks = (struct pp_blocks){ .free = PP_BLOCK_NONE, .allowed = allowed };
}

void pp_blocks_done(struct pp_blocks *blocks)
{
	pp_blocks_cut(blocks, 0);
	free(blocks->chunks);
	free(blocks->list);
	pp_blocks_init(blocks, 0);
}

/* Both lists double. */
static bool lists_reserve(struct pp_blocks *blocks)
{
	int32_t room = blocks->room ? 2 * blocks->room : 4 * PP_BLOCKS_PER_CHUNK;
	struct pp_block *list;
	uint8_t **chunks;

	if (blocks->count < blocks->room)
		return true;
	chunks = realloc(blocks->chunks, (size_t)room / PP_BLOCKS_PER_CHUNK * sizeof(*chunks));
	if (!chunks)
		return false;
	blocks->chunks = chunks;
	list = realloc(blocks->list, (size_t)room * sizeof(*list));
	if (!list)
		return false;
	blocks->list = list;
	blocks->room = room;
	return true;
}

static void push_free(struct pp_blocks *blocks, int32_t block)
{
	blocks->list[block].next = blocks->free;
	blocks->free = block;
}

static bool add_chunk(struct pp_blocks *blocks)
{
	uint8_t *chunk;

	if (!lists_reserve(blocks))
		return false;
	chunk = malloc((size_t)PP_BLOCKS_PER_CHUNK * PP_BLOCK_BYTES);
	if (!chunk)
		return false;
	blocks->chunks[blocks->count / PP_BLOCKS_PER_CHUNK] = chunk;
	for (int32_t i = PP_BLOCKS_PER_CHUNK; i-- > 0;)
		push_free(blocks, blocks->count + i);
	blocks->count += PP_BLOCKS_PER_CHUNK;
	return true;
}

int32_t pp_blocks_take(struct pp_blocks *blocks)
{
	int32_t block;

	if (blocks->in_use >= blocks->allowed || (blocks->free == PP_BLOCK_NONE && !add_chunk(blocks)))
		return PP_BLOCK_NONE;
	block = blocks->free;
	blocks->free = blocks->list[block].next;
	blocks->in_use++;
	blocks->list[block].used = 0;
	return block;
}

void pp_blocks_give(struct pp_blocks *blocks, int32_t block)
{
	blocks->in_use--;
	push_free(blocks, block);
}

void pp_blocks_retire(struct pp_blocks *blocks, int32_t count)
{
	int32_t *link = &blocks->free;

	assert(blocks->in_use <= count && count % PP_BLOCKS_PER_CHUNK == 0);
	while (*link != PP_BLOCK_NONE)
		if (*link >= count)
			*link = blocks->list[*link].next;
		else
			link = &blocks->list[*link].next;
}

int32_t pp_blocks_move(struct pp_blocks *blocks, int32_t block)
{
	int32_t to = blocks->free;

	assert(to != PP_BLOCK_NONE);
	blocks->free = blocks->list[to].next;
	blocks->list[to] = blocks->list[block];
	memcpy(pp_block_bytes(blocks, to), pp_block_bytes(blocks, block), blocks->list[block].used);
	return to;
}

void pp_blocks_cut(struct pp_blocks *blocks, int32_t count)
{
	for (; blocks->count > count; blocks->count -= PP_BLOCKS_PER_CHUNK)
		free(blocks->chunks[blocks->count / PP_BLOCKS_PER_CHUNK - 1]);
}

#include "base/slab.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 64 }; /* objects of whole cache lines begin at one */

struct pp_slab_block {
	struct pp_slab_block *next;
	size_t bytes;
	alignas(LINE) uint8_t objects[];
};

void pp_slab_init(struct pp_slab *slab, size_t object_bytes, size_t per_block, size_t cap_bytes)
{
	size_t align = alignof(max_align_t);

	*slab = (struct pp_slab){
		.object_bytes = (object_bytes + align - 1) / align * align,
		.per_block = per_block,
		.cap = cap_bytes,
	};
}

static void block_free(const struct pp_slab *slab, struct pp_slab_block *block)
{
	if (block->bytes == PP_SLAB_LARGE && slab->take_large)
		slab->give_large(block, block->bytes);
	else
		free(block);
}

void pp_slab_done(struct pp_slab *slab)
{
	while (slab->blocks) {
		struct pp_slab_block *block = slab->blocks;

		slab->blocks = block->next;
		block_free(slab, block);
	}
	slab->free = slab->fresh = NULL;
	slab->fresh_count = 0;
	slab->bytes = slab->used = 0;
}

static void *free_next(void *object)
{
	void *next;

	memcpy(&next, object, sizeof(next));
	return next;
}

/* Blocks double with what there is already, so that many objects lie in few pages and few objects in little memory. */
static size_t next_block_bytes(const struct pp_slab *slab)
{
	size_t least = sizeof(struct pp_slab_block) + slab->object_bytes * slab->per_block;
	size_t bytes = slab->bytes < PP_SLAB_LARGE ? slab->bytes : PP_SLAB_LARGE;

	return slab->take_large && bytes > least ? bytes : least;
}

static struct pp_slab_block *block_new(const struct pp_slab *slab, size_t bytes)
{
	struct pp_slab_block *block = bytes == PP_SLAB_LARGE && slab->take_large
					  ? slab->take_large(bytes)
					  : aligned_alloc(LINE, (bytes + LINE - 1) / LINE * LINE);

	if (block)
		block->bytes = bytes;
	return block;
}

static int grow(struct pp_slab *slab)
{
	size_t bytes = next_block_bytes(slab);
	struct pp_slab_block *block;

	if (slab->cap && (slab->bytes > slab->cap || bytes > slab->cap - slab->bytes))
		return 0;
	block = block_new(slab, bytes);
	if (!block)
		return 0;
	block->next = slab->blocks;
	slab->blocks = block;
	slab->bytes += bytes;
	slab->fresh = block->objects;
	slab->fresh_count = (bytes - sizeof(*block)) / slab->object_bytes;
	return 1;
}

void *pp_slab_take(struct pp_slab *slab)
{
	void *object;

	if (!slab->free && slab->fresh_count == 0 && !grow(slab)) {
		slab->refused++;
		return NULL;
	}
	slab->used++;
	if (!slab->free) {
		object = slab->fresh;
		slab->fresh += slab->object_bytes;
		slab->fresh_count--;
		return object;
	}
	object = slab->free;
	slab->free = free_next(object);
	return object;
}

void pp_slab_give(struct pp_slab *slab, void *object)
{
	memcpy(object, &slab->free, sizeof(slab->free));
	slab->free = object;
	slab->used--;
}

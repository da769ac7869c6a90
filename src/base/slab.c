#include "base/slab.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 64 }; /* objects of whole cache lines begin at one */

struct pp_slab_block {
	struct pp_slab_block *next;
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

void pp_slab_done(struct pp_slab *slab)
{
	while (slab->blocks) {
		struct pp_slab_block *block = slab->blocks;

		slab->blocks = block->next;
		free(block);
	}
	slab->free = NULL;
	slab->bytes = slab->used = 0;
}

static void *free_next(void *object)
{
	void *next;

	memcpy(&next, object, sizeof(next));
	return next;
}

static int grow(struct pp_slab *slab)
{
	size_t bytes = sizeof(struct pp_slab_block) + slab->object_bytes * slab->per_block;
	struct pp_slab_block *block;

	if (slab->cap && (slab->bytes > slab->cap || bytes > slab->cap - slab->bytes))
		return 0;
	block = aligned_alloc(LINE, (bytes + LINE - 1) / LINE * LINE);
	if (!block)
		return 0;
	block->next = slab->blocks;
	slab->blocks = block;
	slab->bytes += bytes;
	for (size_t i = slab->per_block; i > 0; i--) {
		void *object = block->objects + (i - 1) * slab->object_bytes;

		memcpy(object, &slab->free, sizeof(slab->free));
		slab->free = object;
	}
	return 1;
}

void *pp_slab_take(struct pp_slab *slab)
{
	void *object;

	if (!slab->free && !grow(slab)) {
		slab->refused++;
		return NULL;
	}
	object = slab->free;
	slab->free = free_next(object);
	slab->used++;
	return object;
}

void pp_slab_give(struct pp_slab *slab, void *object)
{
	memcpy(object, &slab->free, sizeof(slab->free));
	slab->free = object;
	slab->used--;
}

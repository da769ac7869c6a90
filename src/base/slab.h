/* slab: objects of one size, taken from the system many at a time and recycled.
 *
 * Errors  NULL at the cap or without memory; `refused` counts.
 * Owns    every object until pp_slab_done().
 */
#ifndef PP_BASE_SLAB_H
#define PP_BASE_SLAB_H

#include <stddef.h>
#include <stdint.h>

struct pp_slab_block;

enum { PP_SLAB_LARGE = 2 << 20 }; /* a huge page */

struct pp_slab {
	struct pp_slab_block *blocks;
	void *free;
	uint8_t *fresh; /* objects of the newest block that were never handed out */
	size_t fresh_count;
	size_t object_bytes, per_block;
	size_t bytes, cap; /* taken from the system; most it may take, 0: no cap */
	size_t used;       /* objects handed out */
	uint64_t refused;
	/* May be set behind pp_slab_init(): blocks grow up to PP_SLAB_LARGE bytes then, and those of so many come from there. */
	void *(*take_large)(size_t bytes);
	void (*give_large)(void *block, size_t bytes);
};

void pp_slab_init(struct pp_slab *slab, size_t object_bytes, size_t per_block, size_t cap_bytes);
void pp_slab_done(struct pp_slab *slab);
void *pp_slab_take(struct pp_slab *slab); /* not cleared */
void pp_slab_give(struct pp_slab *slab, void *object);

#endif

/* blocks: the spool's memory, in blocks of one size that form chains; private to facts/.
 *
 * Shape   a block is told by its number.  The memory of many blocks is taken, and given back, at once.
 * Owns    the blocks' memory, until pp_blocks_done().
 */
#ifndef PP_FACTS_BLOCKS_H
#define PP_FACTS_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PP_BLOCK_BYTES = 4 * 1024, PP_BLOCK_NONE = -1, PP_BLOCKS_PER_CHUNK = 16 };

struct pp_block {
	int32_t next;
	uint32_t used;
};

struct pp_blocks {
	uint8_t **chunks;
	struct pp_block *list; /* of all blocks in chunks */
	int32_t count, room;   /* room: of both lists, in blocks */
	int32_t free;          /* a chain */
	int32_t in_use, allowed;
};

void pp_blocks_init(struct pp_blocks *blocks, int32_t allowed);
void pp_blocks_done(struct pp_blocks *blocks);
/* Its `used` is 0.  PP_BLOCK_NONE: as many as are allowed are in use, or there is no memory. */
int32_t pp_blocks_take(struct pp_blocks *blocks);
void pp_blocks_give(struct pp_blocks *blocks, int32_t block);

/* To give memory back: no block from `count` on, of whole chunks, is free any more; no more than that may be in use.  Then
 * each of those that are in use is moved; then they go. */
void pp_blocks_retire(struct pp_blocks *blocks, int32_t count);
int32_t pp_blocks_move(struct pp_blocks *blocks, int32_t block); /* where it is now, with all it holds */
void pp_blocks_cut(struct pp_blocks *blocks, int32_t count);

static inline uint8_t *pp_block_bytes(const struct pp_blocks *blocks, int32_t block)
{
	uint32_t at = (uint32_t)block;

	return blocks->chunks[at / PP_BLOCKS_PER_CHUNK] + (size_t)(at % PP_BLOCKS_PER_CHUNK) * PP_BLOCK_BYTES;
}

#endif

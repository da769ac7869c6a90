/* arena: memory by lifetime.  Everything taken from an arena ends with it, in one call.
 *
 * Shape   a chain of chunks; chunks come from and go back to a pool, so a run that opens and closes a million
 *         connections asks the system for the few that were open at once.
 * Errors  NULL when the pool's cap is reached or memory is gone; the pool counts the refusals, so reaching the cap is
 *         reported and never silent.
 * Owns    pool: all chunks.  arena: what it took, until pp_arena_reset().
 */
#ifndef PP_BASE_ARENA_H
#define PP_BASE_ARENA_H

#include "base/cur.h"

#include <stddef.h>
#include <stdint.h>

struct pp_chunk;

enum { PP_POOL_SPARES = 4 };

struct pp_pool {
	struct pp_chunk *free; /* chunks of the standard size, ready for use */
	size_t bytes;          /* taken from the system */
	size_t cap;            /* 0: none */
	uint64_t refused;
	struct {
		void *p;
		size_t room;
	} spares[PP_POOL_SPARES]; /* what buffers left (base/buf.h); not counted in `bytes` */
	unsigned spare_count;
};

struct pp_arena {
	struct pp_pool *pool;
	struct pp_chunk *chunks;
};

void pp_pool_init(struct pp_pool *pool, size_t cap_bytes);
void pp_pool_done(struct pp_pool *pool); /* every arena over it must have been reset */

void pp_arena_init(struct pp_arena *arena, struct pp_pool *pool);
void pp_arena_reset(struct pp_arena *arena);
void *pp_arena_alloc(struct pp_arena *arena, size_t bytes); /* zeroed, aligned for anything; NULL at the cap */

/* A NUL-terminated copy of captured text, at most `max` bytes of it.  A NUL byte inside becomes U+FFFD, so that the
 * copy's length is the text's; every other byte stays as captured and is escaped by whoever prints it. */
char *pp_arena_text(struct pp_arena *arena, struct pp_span text, size_t max);
void *pp_arena_copy(struct pp_arena *arena, const void *bytes, size_t len);

#endif

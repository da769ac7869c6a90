#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 2176 };

struct pp_chunk {
	struct pp_chunk *next;
	size_t size, used; /* of `data` */
	alignas(max_align_t) uint8_t data[];
};

void pp_pool_init(struct pp_pool *pool, size_t cap_bytes) { *pool = (struct pp_pool){ .cap = cap_bytes }; }

void pp_pool_done(struct pp_pool *pool)
{
	while (pool->free) {
		struct pp_chunk *chunk = pool->free;

		pool->free = chunk->next;
		pool->bytes -= sizeof(*chunk) + chunk->size;
		free(chunk);
	}
	assert(pool->bytes == 0);
	while (pool->spare_count > 0)
		free(pool->spares[--pool->spare_count].p);
}

PP_APART static struct pp_chunk *chunk_new(struct pp_pool *pool, size_t need)
{
	size_t size = CHUNK_BYTES - sizeof(struct pp_chunk);
	struct pp_chunk *chunk;

	if (need <= size && pool->free) {
		chunk = pool->free;
		pool->free = chunk->next;
	} else {
		if (need > size)
			size = need;
		if (pool->cap && (pool->bytes > pool->cap || sizeof(*chunk) + size > pool->cap - pool->bytes)) {
			pool->refused++;
			return NULL;
		}
		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk) {
			pool->refused++;
			return NULL;
		}
		chunk->size = size;
		pool->bytes += sizeof(*chunk) + size;
	}
	chunk->used = 0;
	return chunk;
}

void pp_arena_init(struct pp_arena *arena, struct pp_pool *pool) { *arena = (struct pp_arena){ .pool = pool }; }

void pp_arena_reset(struct pp_arena *arena)
{
	while (arena->chunks) {
		struct pp_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		if (chunk->size == CHUNK_BYTES - sizeof(*chunk)) {
			chunk->next = arena->pool->free;
			arena->pool->free = chunk;
		} else {
			arena->pool->bytes -= sizeof(*chunk) + chunk->size;
			free(chunk);
		}
	}
}

/* As it is: what was there before may still be. */
static PP_ALWAYS void *take(struct pp_arena *arena, size_t bytes)
{
	struct pp_chunk *chunk = arena->chunks;
	void *p;

	if (bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!chunk || bytes > chunk->size - chunk->used) {
		chunk = chunk_new(arena->pool, bytes);
		if (!chunk)
			return NULL;
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	p = chunk->data + chunk->used;
	chunk->used += bytes;
	return p;
}

void *pp_arena_alloc(struct pp_arena *arena, size_t bytes)
{
	void *p = take(arena, bytes);

	return p ? memset(p, 0, bytes) : NULL;
}

void *pp_arena_copy(struct pp_arena *arena, const void *bytes, size_t len)
{
	void *p = take(arena, len);

	if (p && len)
		memcpy(p, bytes, len);
	return p;
}

/* Text with NUL bytes in it. */
static char *copy_with_nuls(struct pp_arena *arena, struct pp_span text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t extra = 0, at = 0;
	char *copy;

	for (size_t i = 0; i < text.len; i++)
		extra += text.p[i] == '\0' ? sizeof(replacement) - 2 : 0;
	copy = take(arena, text.len + extra + 1);
	if (!copy)
		return NULL;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] != '\0') {
			copy[at++] = (char)text.p[i];
			continue;
		}
		memcpy(copy + at, replacement, sizeof(replacement) - 1);
		at += sizeof(replacement) - 1;
	}
	copy[at] = '\0';
	return copy;
}

char *pp_arena_text(struct pp_arena *arena, struct pp_span text, size_t max)
{
	size_t len = text.len < max ? text.len : max;
	char *copy;

	if (len > 0 && memchr(text.p, '\0', len))
		return copy_with_nuls(arena, (struct pp_span){ text.p, len });
	copy = take(arena, len + 1);
	if (!copy)
		return NULL;
	if (len > 0)
		memcpy(copy, text.p, len);
	copy[len] = '\0';
	return copy;
}

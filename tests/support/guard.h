/* guard: test input that ends exactly at an inaccessible page, so that reading one byte too far traps. */
#ifndef PP_TESTS_GUARD_H
#define PP_TESTS_GUARD_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct pp_guard {
	uint8_t *map;
	size_t map_len;
	uint8_t *end; /* first inaccessible byte */
};

static inline struct pp_guard pp_guard_open(size_t most)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (most + page - 1) / page * page;
	struct pp_guard guard = { .map_len = room + page };

	guard.map = mmap(NULL, guard.map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (guard.map == MAP_FAILED || mprotect(guard.map + room, page, PROT_NONE) != 0)
		abort();
	guard.end = guard.map + room;
	return guard;
}

/* A copy of the bytes whose last one lies right before the inaccessible page; valid until the next call. */
static inline const uint8_t *pp_guard_bytes(struct pp_guard *guard, const void *bytes, size_t len)
{
	uint8_t *at = guard->end - len;

	if (len)
		memcpy(at, bytes, len);
	return at;
}

static inline void pp_guard_close(struct pp_guard *guard) { munmap(guard->map, guard->map_len); }

#endif

#include "platform/memory.h"

#include <limits.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; before, pages come one by one as they always did */
#endif

enum { LINE = 64 };

static size_t huge_page_at(size_t at) { return (at + PP_MEMORY_HUGE - 1) & ~(size_t)(PP_MEMORY_HUGE - 1); }

/* Without huge pages it is only slower. */
static void advise(void *bytes, size_t len) { (void)madvise(bytes, len, MADV_HUGEPAGE); }

/* A mapping of its own: in the heap, which does not shrink, it would leave a hole. */
static void *map_huge(size_t bytes)
{
	uint8_t *map = mmap(NULL, bytes + PP_MEMORY_HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (map == MAP_FAILED)
		return NULL;
	before = huge_page_at((uintptr_t)map) - (uintptr_t)map;
	if (before > 0)
		(void)munmap(map, before);
	if (before < PP_MEMORY_HUGE)
		(void)munmap(map + before + bytes, PP_MEMORY_HUGE - before);
	advise(map + before, bytes);
	return map + before;
}

#ifdef M_TOP_PAD
enum {
	STEP = 96 << 10,   /* twice this is more than the heap has in the beginning */
	USUAL = 128 << 10, /* what the C library asks for beyond what it needs */
	KEPT = 1 << 20,    /* what is free at the heap's end goes back to the system from here on */
};

static void bring(char *from, const char *end)
{
	from -= (uintptr_t)from & ((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
	(void)madvise(from, (size_t)(end - from), MADV_POPULATE_WRITE);
}
#endif

void pp_memory_expect(size_t len, size_t large)
{
#ifdef M_TOP_PAD
	char *first, *second, *end;

	(void)mallopt(M_MMAP_THRESHOLD, (int)large);
	(void)mallopt(M_TRIM_THRESHOLD, KEPT);
	(void)mallopt(M_TOP_PAD, (int)len);
	first = malloc(STEP);
	second = malloc(STEP);
	(void)mallopt(M_TOP_PAD, USUAL);
	end = sbrk(0);
	/* Not so where another allocator has replaced it. */
	if (first && second && first < end && (size_t)(end - first) < len + KEPT)
		bring(first, end);
	free(second);
	free(first);
#else
	(void)len;
	(void)large;
#endif
}

void *pp_memory_take(size_t bytes)
{
	if (bytes < PP_MEMORY_HUGE)
		return aligned_alloc(LINE, (bytes + LINE - 1) & ~(size_t)(LINE - 1));
	return bytes <= SIZE_MAX / 2 ? map_huge(huge_page_at(bytes)) : NULL;
}

void pp_memory_give(void *room, size_t bytes)
{
	if (bytes < PP_MEMORY_HUGE)
		free(room);
	else if (room)
		(void)munmap(room, huge_page_at(bytes));
}

#ifdef __GLIBC__
/* Address space costs nothing. */
static bool is_space_free(void)
{
	struct rlimit all, data;

	return getrlimit(RLIMIT_AS, &all) == 0 && all.rlim_cur == RLIM_INFINITY && getrlimit(RLIMIT_DATA, &data) == 0 &&
	       data.rlim_cur == RLIM_INFINITY;
}

/* The heap grows by small steps, and what is advised does not pass to what is added; so it grows once, by address space
 * alone, and what it grew by is advised. */
void pp_memory_heap_large(void)
{
	enum { AHEAD = 64 << 20, PAD_BEFORE = 128 << 10 };
	char *begin = sbrk(0), *end;
	void *volatile piece; /* or a compiler sees through it */

	if (!is_space_free() || !mallopt(M_MMAP_THRESHOLD, PP_MEMORY_HUGE) || !mallopt(M_TRIM_THRESHOLD, INT_MAX) ||
	    !mallopt(M_TOP_PAD, AHEAD))
		return;
	piece = malloc(PP_MEMORY_HUGE / 2);
	free(piece);
	(void)mallopt(M_TOP_PAD, PAD_BEFORE);
	end = sbrk(0);
	begin += huge_page_at((uintptr_t)begin) - (uintptr_t)begin;
	if (end > begin)
		advise(begin, (size_t)(end - begin));
}
#else
void pp_memory_heap_large(void) {}
#endif

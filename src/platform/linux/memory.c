#include "platform/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; before, pages come one by one as they always did */
#endif

void pp_memory_scattered(void *bytes, size_t len)
{
	(void)madvise(bytes, len, MADV_HUGEPAGE); /* without huge pages it is only slower */
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

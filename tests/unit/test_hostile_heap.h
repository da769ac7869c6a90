/* Heap in use, for tests that bound it.  Counted by the allocator, so it is the same on every machine. */
#ifndef PP_TESTS_TEST_HOSTILE_HEAP_H
#define PP_TESTS_TEST_HOSTILE_HEAP_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PP_TEST_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(PP_TEST_ASAN)
size_t __sanitizer_get_current_allocated_bytes(void); /* sanitizer/allocator_interface.h, which gcc may lack */

static inline size_t pp_test_heap(void) { return __sanitizer_get_current_allocated_bytes(); }
#else
#include <malloc.h>

static inline size_t pp_test_heap(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}
#endif

#endif

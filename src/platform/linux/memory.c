#include "platform/memory.h"

#include <sys/mman.h>

void pp_memory_scattered(void *bytes, size_t len)
{
	(void)madvise(bytes, len, MADV_HUGEPAGE); /* without huge pages it is only slower */
}

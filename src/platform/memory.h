/* memory: advice about memory that changes what it costs, and nothing else. */
#ifndef PP_PLATFORM_MEMORY_H
#define PP_PLATFORM_MEMORY_H

#include <stddef.h>

/* These bytes will be used here and there: huge pages suit them, where the system has any. */
void pp_memory_scattered(void *bytes, size_t len);
/* So much heap will be used soon: its pages come with one call, not with a fault each.  Blocks of `large` bytes and more
 * are left to be mapped apart: that suits those of which little is used, and costs more when they come and go. */
void pp_memory_expect(size_t len, size_t large);

#endif

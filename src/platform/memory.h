/* memory: advice about large tables. */
#ifndef PP_PLATFORM_MEMORY_H
#define PP_PLATFORM_MEMORY_H

#include <stddef.h>

/* These bytes will be used here and there: huge pages suit them, where the system has any. */
void pp_memory_scattered(void *bytes, size_t len);

#endif

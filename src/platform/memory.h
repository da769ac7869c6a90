/* memory: that of large tables.  It costs the system a fault and a page to make for each 4 KiB that is used for the first
 * time; with huge pages, where it has any, for each 2 MiB. */
#ifndef PP_PLATFORM_MEMORY_H
#define PP_PLATFORM_MEMORY_H

#include <stddef.h>

enum { PP_MEMORY_HUGE = 2 << 20 }; /* bytes in a huge page */

/* Begins at a cache line, from PP_MEMORY_HUGE bytes on at a huge page; not cleared.  NULL without memory. */
void *pp_memory_take(size_t bytes);
void pp_memory_give(void *room, size_t bytes); /* NULL: nothing */
/* The heap will grow by much: its growth comes in huge pages from now on, and it does not shrink any more. */
void pp_memory_heap_large(void);
/* So much heap will be used soon: its pages come with one call, not with a fault each.  Blocks of `large` bytes and more
 * are left to be mapped apart: that suits those of which little is used, and costs more when they come and go. */
void pp_memory_expect(size_t len, size_t large);

#endif

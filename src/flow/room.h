/* room: memory for a table that is used here and there; private to flow/.
 *
 * It begins at a cache line, so that entries which divide one lie in one each; a large table lies in huge pages where the
 * system has any.
 * Units   bytes, a multiple of PP_FLOW_ROOM_LEAST by a power of two.
 * Owns    the caller frees it with free().
 */
#ifndef PP_FLOW_ROOM_H
#define PP_FLOW_ROOM_H

#include "base/slab.h"
#include "platform/memory.h"

#include <stdlib.h>

enum { PP_FLOW_ROOM_LEAST = 64 };

/* Not cleared; NULL without memory. */
static inline void *pp_flow_room(size_t bytes)
{
	size_t align = bytes >= PP_SLAB_LARGE ? PP_SLAB_LARGE : PP_FLOW_ROOM_LEAST;
	void *room = aligned_alloc(align, bytes);

	if (room && bytes >= PP_SLAB_LARGE)
		pp_memory_scattered(room, bytes);
	return room;
}

#endif

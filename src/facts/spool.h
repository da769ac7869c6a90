/* spool: finished connections wait here until the whole capture is known: in memory first, then in an unlinked
 * temporary file.
 *
 * Shape   put() packs a connection with all it refers to and what the run notes beside it into one record; get() gives
 *         it back, by index, behind the last put().  Records lie on shelves of PP_SPOOL_SHELF neighbouring indexes, and
 *         a shelf is fetched as a whole and only once: one is gone when the next one is asked for.
 * Errors  PP_IO (temporary file), PP_NOMEM; put() of a record or shelf beyond its limit is PP_LIMIT and keeps nothing;
 *         get() of an index nobody put is PP_END.
 * Owns    the records.  What get() gives lives in the arena and on the shelf: until the next get().
 * Limits  `memory` bytes of records in memory, up to `most` where many shelves are in use at once, and one shelf; a shelf
 *         holds at most PP_SPOOL_SHELF_BYTES.
 */
#ifndef PP_FACTS_SPOOL_H
#define PP_FACTS_SPOOL_H

#include "facts/pack.h"
#include "platform/spill.h"

enum { PP_SPOOL_SHELF = 512, PP_SPOOL_SHELF_BYTES = 64 << 20 };

struct pp_spool;

struct pp_spooled {
	struct pp_connection *conn;
	struct pp_span beside;
};

/* `file` is where records go that find no room, empty and the caller's; NULL: one is made when it is needed. */
struct pp_spool *pp_spool_new(size_t memory, size_t most, struct pp_spill *file);
void pp_spool_free(struct pp_spool *spool);
enum pp_err PP_MUST_CHECK pp_spool_put(struct pp_spool *spool, const struct pp_connection *conn, struct pp_span beside);
/* From now on so much memory instead, but never more than it was given at first; without a say once it has grown. */
enum pp_err PP_MUST_CHECK pp_spool_allow(struct pp_spool *spool, size_t memory);
uint32_t pp_spool_count(const struct pp_spool *spool); /* highest index put, plus one */
enum pp_err PP_MUST_CHECK pp_spool_get(struct pp_spool *spool, uint32_t index, struct pp_arena *arena,
				       struct pp_spooled *ret_spooled);

#endif

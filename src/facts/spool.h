/* spool: finished connections wait here until the whole capture is known: in memory first, then in an unlinked
 * temporary file.
 *
 * Shape   put() packs a connection with all it refers to into one record; get() gives it back, by index.
 * Errors  PP_IO (temporary file), PP_NOMEM; get() of an index nobody put is PP_END.
 * Owns    the records.  A connection from get() lives in the arena it was loaded into.
 * Limits  `memory` bytes of records in memory; the index takes 8 bytes for every connection.
 */
#ifndef PP_FACTS_SPOOL_H
#define PP_FACTS_SPOOL_H

#include "facts/facts.h"

struct pp_spool;

struct pp_spool *pp_spool_new(size_t memory);
void pp_spool_free(struct pp_spool *spool);
enum pp_err PP_MUST_CHECK pp_spool_put(struct pp_spool *spool, const struct pp_connection *conn);
uint32_t pp_spool_count(const struct pp_spool *spool); /* highest index put, plus one */
enum pp_err PP_MUST_CHECK pp_spool_get(struct pp_spool *spool, uint32_t index, struct pp_arena *arena,
				       struct pp_connection **ret_conn);

#endif

/* ahead: a thread that unpacks before it is asked to.
 *
 * Shape   a ring of chunks: the thread fills them, pp_ahead_take() empties them in turn, each waits for the other.
 * Errors  PP_NOMEM: no memory or no thread.  What pp_unpack_some() returned comes with the chunk it belongs to.
 * Owns    the thread and the chunks, until pp_ahead_stop().  It has `unpack` for itself meanwhile.
 */
#ifndef PP_SOURCE_AHEAD_H
#define PP_SOURCE_AHEAD_H

#include "source/unpack.h"

struct pp_ahead;

enum pp_err PP_MUST_CHECK pp_ahead_start(struct pp_ahead **ret_ahead, struct pp_unpack *unpack);
/* As pp_unpack_some().  Nothing follows a chunk that ended or failed. */
enum pp_err PP_MUST_CHECK pp_ahead_take(struct pp_ahead *ahead, struct pp_buf *out, struct pp_unpack_state *ret_state);
void pp_ahead_stop(struct pp_ahead *ahead); /* waits for a chunk to end at most */

#endif

/* brief: the record of a connection that came to nothing: SYNs of the client, and then perhaps resets of the server.
 *
 * Shape   a fixed part, and behind it what its `kind` says; all else about such a connection is zero or follows.  In a
 *         storm of them this is most of what is kept, and nearly all of what the general image would pass over.
 * Limits  PP_BRIEF_MAX bytes.  Anything not exactly so is not brief, and packed in general (pack.c).
 * The bytes are for this process only.
 */
#ifndef PP_FACTS_BRIEF_H
#define PP_FACTS_BRIEF_H

#include "base/cur.h"
#include "facts/facts.h"

enum { PP_BRIEF_MAX = 192 };

/* The bytes that were written; 0: the connection is not brief.  The first byte is never 0. */
size_t pp_brief_put(const struct pp_connection *conn, uint8_t to[PP_BRIEF_MAX]);
/* False for bytes nobody put.  The connection's memory is zero. */
bool pp_brief_take(struct pp_span bytes, struct pp_connection *ret_conn);

#endif

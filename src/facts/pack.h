/* pack: a connection with all it refers to ↔ one run of bytes, for the spool.
 *
 * Shape   a struct's marks and other fields are packed as an image (facts/image.h); then follows what it refers to.
 *         Which fields lie where is a line per struct (pack.c), used in both directions.
 *         The bytes are for this process only: certificates stay pointers into the run's certificate cache.
 *         A connection that came to nothing has a record of its own (facts/brief.h).
 * Owns    nothing.  What is unpacked has its structs in the arena and its text in the bytes it came from.
 * Errors  packing: PP_LIMIT, PP_NOMEM of the buffer.  Unpacking: PP_MALFORMED for bytes nobody packed, PP_NOMEM.
 */
#ifndef PP_FACTS_PACK_H
#define PP_FACTS_PACK_H

#include "base/buf.h"
#include "facts/facts.h"

enum pp_err PP_MUST_CHECK pp_pack_connection(struct pp_buf *out, const struct pp_connection *conn);
enum pp_err PP_MUST_CHECK pp_unpack_connection(struct pp_span bytes, struct pp_arena *arena,
					       struct pp_connection **ret_conn);

#endif

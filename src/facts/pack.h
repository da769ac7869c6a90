/* pack: a connection with all it refers to ↔ one run of bytes, for the spool.
 *
 * Shape   which members are text, lists or nested structs is a table per struct (pack.c), walked in both directions.
 *         Structs are mostly zero, so a struct's image is a bitmap of its 8-byte words and the words that are not zero.
 *         The bytes are for this process only: certificates stay pointers into the run's certificate cache.
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

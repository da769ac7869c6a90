/* pack: a connection with all it refers to ↔ one run of bytes, for the spool.
 *
 * Shape   a struct's marks and other fields are packed as an image (facts/image.h); then follows what it refers to.
 *         Which fields lie where is a line per struct (layout.h), used in both directions.
 *         Of a few kinds of connections the first one is kept as a pattern, and the others are told by what they differ
 *         in.  Patterns never change, so records are read in any order.
 *         The bytes are for this process only: certificates stay pointers into the run's certificate cache.
 *         A connection that came to nothing has a record of its own (facts/brief.h).
 * Owns    the patterns, until pp_patterns_free().  What is unpacked has its structs in the arena and its text in the bytes it came from.
 * Errors  packing: PP_LIMIT, PP_NOMEM of the buffer.  Unpacking: PP_MALFORMED for bytes nobody packed, PP_NOMEM.
 */
#ifndef PP_FACTS_PACK_H
#define PP_FACTS_PACK_H

#include "base/buf.h"
#include "facts/facts.h"

struct pp_patterns;

/* What packing and unpacking know alike of a record. */
struct pp_pack_place {
	struct pp_patterns *patterns;
	struct pp_mark near; /* of any packet: records are shorter if it is near the connection's first one */
	uint32_t index;      /* the connection's */
};

struct pp_patterns *pp_patterns_new(void);
void pp_patterns_free(struct pp_patterns *patterns);
enum pp_err PP_MUST_CHECK pp_pack_connection(struct pp_buf *out, const struct pp_connection *conn,
					     const struct pp_pack_place *place);
enum pp_err PP_MUST_CHECK pp_unpack_connection(struct pp_span bytes, const struct pp_pack_place *place,
					       struct pp_arena *arena, struct pp_connection **ret_conn);

#endif

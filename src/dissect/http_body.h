/* http_body: where the body of an HTTP/1 message ends.
 *
 * Shape   bytes are given in order, cut anywhere; each call takes a run of them and says which were content.
 * Errors  `bad`: the chunk framing is broken; nothing is known of what follows.
 * Owns    nothing.
 * Source  RFC 9112 section 6.3 (length), section 7.1 (chunks).
 */
#ifndef PP_DISSECT_HTTP_BODY_H
#define PP_DISSECT_HTTP_BODY_H

#include "base/cur.h"

enum pp_http_framing {
	PP_BODY_NONE,
	PP_BODY_LENGTH,
	PP_BODY_CHUNKED,
	PP_BODY_CLOSE, /* until the connection ends */
};

enum pp_http_chunk { PP_CHUNK_SIZE, PP_CHUNK_EXTENSION, PP_CHUNK_DATA, PP_CHUNK_END, PP_CHUNK_TRAILER };

struct pp_http_body {
	enum pp_http_framing framing;
	enum pp_http_chunk chunk;
	uint64_t left;   /* of the body, or of the chunk */
	bool begun;      /* a byte was taken */
	bool line_begun; /* in the trailer, or digits seen in a chunk size */
	bool done, bad;
};

void pp_http_body_begin(struct pp_http_body *body, enum pp_http_framing framing, uint64_t length);
/* Bytes taken: at least one of those given unless done or bad.  `*ret_content`: the content among them, one run. */
size_t pp_http_body_take(struct pp_http_body *body, struct pp_span bytes, struct pp_span *ret_content);
/* False when `missing` bytes reach beyond what the framing knows. */
bool PP_MUST_CHECK pp_http_body_gap(struct pp_http_body *body, uint64_t missing);

#endif

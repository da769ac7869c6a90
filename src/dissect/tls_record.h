/* tls_record: where the TLS records of one side begin and end.
 *
 * Shape   a framer is fed the side's bytes in order, cut anywhere, and hands out pieces of record bodies in place; it
 *         copies the five bytes of a header and nothing else.
 * Errors  framing is kept, lost (bytes that begin no record, or a gap of the capture across a record's end) or given
 *         up.  Lost framing is found again only at the start of a chunk that looks like records.
 * Owns    nothing; pieces point into the input.
 * Limits  2^14 + 2048 bytes of body, the most any version allows (RFC 5246 section 6.2.3).
 * Source  RFC 8446 section 5.1, RFC 6520 (heartbeat), RFC 5246 appendix E.2 and draft-hickman-netscape-ssl for hellos
 *         in SSLv2 format, which have a header of two bytes and stand outside of any record.
 */
#ifndef PP_DISSECT_TLS_RECORD_H
#define PP_DISSECT_TLS_RECORD_H

#include "base/cur.h"

enum { PP_TLS_HEADER_LEN = 5, PP_TLS_BODY_MAX = (1 << 14) + 2048 };

enum pp_tls_content {
	PP_TLS_CHANGE_CIPHER_SPEC = 20,
	PP_TLS_ALERT = 21,
	PP_TLS_HANDSHAKE = 22,
	PP_TLS_APPLICATION_DATA = 23,
	PP_TLS_HEARTBEAT = 24,
	/* Not on the wire: whole hellos in SSLv2 format.  Their length, type and version (the client's) or length,
	 * type, hit and certificate type (the server's) are taken as header; the body is what follows. */
	PP_TLS_V2_CLIENT_HELLO = 0x81,
	PP_TLS_V2_SERVER_HELLO = 0x84,
};

struct pp_tls_header {
	uint8_t type; /* enum pp_tls_content */
	uint16_t version, len;
};

enum pp_tls_framing {
	PP_TLS_FRESH, /* nothing seen of this side: an SSLv2 hello may begin here */
	PP_TLS_KEPT,
	PP_TLS_LOST,
	PP_TLS_GIVEN_UP,
};

struct pp_tls_framer {
	enum pp_tls_framing framing;
	bool in_body;
	bool torn;    /* bytes of the current body fell into a gap */
	uint8_t have; /* bytes in `head` while not in a body */
	uint8_t head[PP_TLS_HEADER_LEN];
	struct pp_tls_header record;
	uint16_t left; /* of the current body */
};

struct pp_tls_piece {
	struct pp_tls_header record;
	struct pp_span body; /* the part of the body that lies in these bytes; may be empty */
	bool begins, ends, torn;
};

enum pp_tls_found {
	PP_TLS_NOTHING, /* the bytes are used up, maybe inside a header */
	PP_TLS_PIECE,
	PP_TLS_NO_RECORD, /* what is in `head` begins no record; framing is lost */
};

/* The header of a record is read; its body comes next. */
static inline void pp_tls_framer_begin(struct pp_tls_framer *framer)
{
	framer->framing = PP_TLS_KEPT;
	framer->in_body = true;
	framer->torn = false;
	framer->have = 0;
	framer->left = framer->record.len;
}

/* So many further bytes of the body are done with. */
static inline void pp_tls_framer_use(struct pp_tls_framer *framer, uint16_t len, struct pp_tls_piece *ret_piece)
{
	framer->left = (uint16_t)(framer->left - len);
	framer->in_body = framer->left > 0;
	ret_piece->record = framer->record;
	ret_piece->ends = framer->left == 0;
	ret_piece->torn = framer->torn;
}

/* A whole header of an ordinary record, as nearly all are; false leaves everything to a closer look. */
static inline bool pp_tls_framer_plain_header(struct pp_tls_framer *framer, struct pp_cur *cur)
{
	struct pp_cur look = *cur;
	const uint8_t *p = framer->have == 0 ? pp_cur_fixed(&look, PP_TLS_HEADER_LEN) : NULL;
	uint16_t len;

	if (!p || p[1] != 3 || p[2] > 4 || p[0] < PP_TLS_CHANGE_CIPHER_SPEC || p[0] > PP_TLS_HEARTBEAT)
		return false;
	len = pp_be16(p + 3);
	if (len == 0 || len > PP_TLS_BODY_MAX)
		return false;
	*cur = look;
	framer->record = (struct pp_tls_header){ p[0], pp_be16(p + 1), len };
	return true;
}

/* The header is read, and this is all of the record. */
static inline void pp_tls_framer_whole(struct pp_tls_framer *framer, struct pp_cur *cur, struct pp_tls_piece *ret_piece)
{
	framer->framing = PP_TLS_KEPT;
	framer->torn = false;
	*ret_piece = (struct pp_tls_piece){
		.record = framer->record, .body = pp_cur_take(cur, framer->record.len), .begins = true, .ends = true
	};
}

/* The closer look: any header, or what these bytes hold of it.  PP_TLS_PIECE: it is whole. */
enum pp_tls_found pp_tls_framer_header(struct pp_tls_framer *framer, struct pp_span bytes);

/* Moves the cursor behind what was looked at.  Its address is not taken, or it could stay in no register. */
static inline enum pp_tls_found pp_tls_framer_look(struct pp_tls_framer *framer, struct pp_cur *cur)
{
	struct pp_span bytes = { cur->p, pp_cur_left(cur) };
	size_t before = framer->have;
	enum pp_tls_found found = pp_tls_framer_header(framer, bytes);

	pp_cur_skip(cur, (found == PP_TLS_PIECE ? (size_t)PP_TLS_HEADER_LEN : framer->have) - before);
	return found;
}

/* The next piece; moves the cursor behind it.  `ret_piece` is set by PP_TLS_PIECE only. */
static inline enum pp_tls_found pp_tls_framer_next(struct pp_tls_framer *framer, struct pp_cur *cur,
						   struct pp_tls_piece *ret_piece)
{
	size_t len;

	if (pp_cur_left(cur) == 0)
		return PP_TLS_NOTHING;
	ret_piece->begins = !framer->in_body;
	if (framer->in_body) {
		/* its rest */
	} else if (pp_tls_framer_plain_header(framer, cur)) {
		if (pp_cur_left(cur) >= framer->record.len) {
			pp_tls_framer_whole(framer, cur, ret_piece);
			return PP_TLS_PIECE;
		}
		pp_tls_framer_begin(framer);
	} else {
		enum pp_tls_found found = pp_tls_framer_look(framer, cur);

		if (found != PP_TLS_PIECE)
			return found;
	}
	len = pp_cur_left(cur) < framer->left ? pp_cur_left(cur) : framer->left;
	ret_piece->body = pp_cur_take(cur, len);
	pp_tls_framer_use(framer, (uint16_t)len, ret_piece);
	return PP_TLS_PIECE;
}

/* `missing` bytes will never come.  True: they lay inside the body of the current record; `ret_piece` is then an empty,
 * torn piece that may end the record.  False: framing is lost. */
bool pp_tls_framer_gap(struct pp_tls_framer *framer, uint64_t missing, struct pp_tls_piece *ret_piece);
/* Before a new chunk: true unless framing is lost and the chunk gives no reason to take it up again. */
bool pp_tls_framer_again(struct pp_tls_framer *framer, struct pp_span chunk); /* it is lost or given up */

static inline bool pp_tls_framer_resume(struct pp_tls_framer *framer, struct pp_span chunk)
{
	return framer->framing == PP_TLS_FRESH || framer->framing == PP_TLS_KEPT || pp_tls_framer_again(framer, chunk);
}

/* Whether these bytes can begin a record or a hello in SSLv2 format; no more than PP_TLS_HEADER_LEN are looked at, and
 * what is not there fits. */
bool pp_tls_header_fits(struct pp_span head);
bool pp_tls_v2_client_hello_fits(struct pp_span head);

#endif

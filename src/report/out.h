/* out: the buffered way out that all writers use.
 *
 * Shape   text and numbers go in, the sink gets them in large pieces.  Numbers are always written as in the C locale.
 *         What is written a few bytes at a time is inline: a record is made of some hundred such pieces.
 * Errors  the first failure of the sink is kept and everything after it is dropped, so a writer checks once, at
 *         pp_out_flush().
 * Owns    nothing; the sink is borrowed.
 */
#ifndef PP_REPORT_OUT_H
#define PP_REPORT_OUT_H

#include "base/digits.h"
#include "base/err.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	PP_OUT_BYTES = 1 << 16,
	PP_OUT_PIECE = 1 << 12, /* the most that can be asked for in one piece */
};

struct pp_sink {
	enum pp_err (*write)(void *context, const void *bytes, size_t len); /* all of it, or an error */
	void *context;
};

struct pp_out {
	struct pp_sink sink;
	enum pp_err err;
	size_t len;
	char bytes[PP_OUT_BYTES];
};

void pp_out_init(struct pp_out *out, struct pp_sink sink);
void pp_out_drain(struct pp_out *out); /* empties the buffer; a failure is kept */
enum pp_err PP_MUST_CHECK pp_out_flush(struct pp_out *out);

/* Where the next bytes go, with room for `len` of them; pp_out_until() says where they ended. */
static inline char *pp_out_room(struct pp_out *out, size_t len)
{
	assert(len <= PP_OUT_PIECE);
	if (out->len > sizeof(out->bytes) - len)
		pp_out_drain(out);
	return out->bytes + out->len;
}

static inline void pp_out_until(struct pp_out *out, const char *end) { out->len = (size_t)(end - out->bytes); }

/* ---- Many pieces in one go ----
 * The writer holds `at`, up to which all is written, and puts piece after piece there; it has asked for room for them
 * together.  pp_out_until() ends it. */

/* Room for `len` bytes more behind `at`; where they go. */
static inline char *pp_out_more(struct pp_out *out, char *at, size_t len)
{
	assert(len <= sizeof(out->bytes));
	if (len <= (size_t)(out->bytes + sizeof(out->bytes) - at))
		return at;
	pp_out_until(out, at);
	pp_out_drain(out);
	return out->bytes;
}

/* Copies whole blocks, which takes no call and no case by length: up to PP_OUT_BLOCK bytes behind the `len` are
 * read, and overwritten here. */
enum { PP_OUT_BLOCK = 32 };

static inline char *pp_out_blocks(char *at, const char *bytes, size_t len)
{
	char *end = at + len;

	do {
		memcpy(at, bytes, PP_OUT_BLOCK);
		at += PP_OUT_BLOCK;
		bytes += PP_OUT_BLOCK;
	} while (at < end);
	return end;
}

/* The same for a piece of any length: what is long is worth a call. */
static inline char *pp_out_piece(char *at, const char *bytes, size_t len)
{
	enum { LONG = 4 * PP_OUT_BLOCK };

	if (len < LONG)
		return pp_out_blocks(at, bytes, len);
	memcpy(at, bytes, len);
	return at + len;
}

static inline void pp_out_char(struct pp_out *out, char c)
{
	char *at = pp_out_room(out, 1);

	*at = c;
	out->len++;
}

void pp_out_large(struct pp_out *out, const char *bytes, size_t len); /* pp_out_bytes() when the buffer runs full */

static inline void pp_out_bytes(struct pp_out *out, const char *bytes, size_t len)
{
	if (len > sizeof(out->bytes) || out->len > sizeof(out->bytes) - len) {
		pp_out_large(out, bytes, len);
		return;
	}
	memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
}

static inline void pp_out_text(struct pp_out *out, const char *text) { pp_out_bytes(out, text, strlen(text)); }

static inline void pp_out_u64(struct pp_out *out, uint64_t value)
{
	pp_out_until(out, pp_digits(pp_out_room(out, PP_DIGITS_MOST), value));
}

void pp_out_i64(struct pp_out *out, int64_t value);
/* value / 10^decimals without trailing zeros: (6100000, 6) is "6.1".  `decimals` is at most 9. */
void pp_out_decimal(struct pp_out *out, int64_t value, unsigned decimals);

#endif

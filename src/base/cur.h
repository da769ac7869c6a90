/* cur: the only way bytes of a capture are read.
 *
 * Shape   a cursor walks a span and keeps the first failure: after it every read gives 0, every span is empty and
 *         left() is 0, so ten reads need one check and every loop ends.
 * Errors  what running out means is the cursor's own (`on_short`): PP_MORE on an open stream, PP_TRUNCATED on a packet
 *         cut by the snap length.  Inside pp_cur_sub() it is PP_MALFORMED: a closed block promised its length.
 * Owns    nothing; a cursor is a value, so a copy is a place to come back to.
 * Limits  none of its own; sizes are compared by subtraction, never by adding to an offset.
 */
#ifndef PP_BASE_CUR_H
#define PP_BASE_CUR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pp_span {
	const uint8_t *p;
	size_t len;
};

struct pp_cur {
	const uint8_t *p, *end;
	enum pp_err on_short, err;
};

static inline struct pp_cur pp_cur(const void *bytes, size_t len, enum pp_err on_short)
{
	const uint8_t *p = bytes;

	return (struct pp_cur){ .p = p, .end = p ? p + len : p, .on_short = on_short, .err = PP_OK };
}

static inline struct pp_cur pp_cur_span(struct pp_span span, enum pp_err on_short)
{
	return pp_cur(span.p, span.len, on_short);
}

static inline size_t pp_cur_left(const struct pp_cur *cur) { return (size_t)(cur->end - cur->p); }

/* Keeps the first failure and empties the cursor. */
static inline void pp_cur_fail(struct pp_cur *cur, enum pp_err err)
{
	if (cur->err == PP_OK)
		cur->err = err;
	cur->p = cur->end;
}

static inline bool pp_cur_ok(const struct pp_cur *cur) { return cur->err == PP_OK; }

/* The next n bytes; an empty span and a failed cursor when there are fewer. */
static inline struct pp_span pp_cur_take(struct pp_cur *cur, size_t n)
{
	struct pp_span span = { cur->p, n };

	if (cur->err != PP_OK || n > pp_cur_left(cur)) {
		pp_cur_fail(cur, cur->on_short);
		return (struct pp_span){ cur->end, 0 };
	}
	if (n != 0) /* an empty span may be NULL, to which not even 0 may be added */
		cur->p += n;
	return span;
}

/* The next n bytes of a header whose size is known, checked once for all its fields: pp_be16() and the like read them by
 * constant places below n.  NULL, and the cursor failed, when there are fewer. */
static inline const uint8_t *pp_cur_fixed(struct pp_cur *cur, size_t n)
{
	struct pp_span s = pp_cur_take(cur, n);

	return s.len ? s.p : NULL;
}

static inline uint16_t pp_be16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static inline uint32_t pp_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t pp_be64(const uint8_t *p) { return (uint64_t)pp_be32(p) << 32 | pp_be32(p + 4); }

static inline void pp_cur_skip(struct pp_cur *cur, size_t n) { (void)pp_cur_take(cur, n); }

/* Whatever is left, as a span; the cursor is at its end afterwards. */
static inline struct pp_span pp_cur_rest(struct pp_cur *cur) { return pp_cur_take(cur, pp_cur_left(cur)); }

static inline uint8_t pp_cur_u8(struct pp_cur *cur)
{
	struct pp_span s = pp_cur_take(cur, 1);

	return s.len ? s.p[0] : 0;
}

/* The byte n places ahead without moving, or -1 when it is not there. */
static inline int pp_cur_peek(const struct pp_cur *cur, size_t n)
{
	return cur->err == PP_OK && n < pp_cur_left(cur) ? cur->p[n] : -1;
}

static inline uint64_t pp_cur_be(struct pp_cur *cur, size_t n)
{
	struct pp_span s = pp_cur_take(cur, n);
	uint64_t value = 0;

	for (size_t i = 0; i < s.len; i++)
		value = value << 8 | s.p[i];
	return value;
}

static inline uint64_t pp_cur_le(struct pp_cur *cur, size_t n)
{
	struct pp_span s = pp_cur_take(cur, n);
	uint64_t value = 0;

	for (size_t i = s.len; i > 0; i--)
		value = value << 8 | s.p[i - 1];
	return value;
}

/* Spelled out: decoding is mostly these two, and compilers turn each into one load and a byte swap. */
static inline uint16_t pp_cur_u16(struct pp_cur *cur)
{
	struct pp_span s = pp_cur_take(cur, 2);

	return s.len ? pp_be16(s.p) : 0;
}

static inline uint32_t pp_cur_u32(struct pp_cur *cur)
{
	struct pp_span s = pp_cur_take(cur, 4);

	return s.len ? pp_be32(s.p) : 0;
}

static inline uint32_t pp_cur_u24(struct pp_cur *cur) { return (uint32_t)pp_cur_be(cur, 3); }
static inline uint64_t pp_cur_u64(struct pp_cur *cur) { return pp_cur_be(cur, 8); }
static inline uint16_t pp_cur_u16le(struct pp_cur *cur) { return (uint16_t)pp_cur_le(cur, 2); }
static inline uint32_t pp_cur_u32le(struct pp_cur *cur) { return (uint32_t)pp_cur_le(cur, 4); }
static inline uint64_t pp_cur_u64le(struct pp_cur *cur) { return pp_cur_le(cur, 8); }

/* A closed cursor over the next n bytes, the cursor itself staying where it is; false when there are fewer. */
static inline bool pp_cur_look(const struct pp_cur *cur, size_t n, struct pp_cur *ret_bytes)
{
	if (cur->err != PP_OK || n > pp_cur_left(cur))
		return false;
	*ret_bytes = (struct pp_cur){ .p = cur->p, .end = n ? cur->p + n : cur->p, .on_short = PP_MALFORMED };
	return true;
}

/* A closed child over the next n bytes; the parent moves past them.  A child's failure stays its own. */
static inline struct pp_cur pp_cur_sub(struct pp_cur *cur, size_t n)
{
	enum pp_err before = cur->err;
	struct pp_span s = pp_cur_take(cur, n);
	struct pp_cur child = pp_cur(s.p, s.len, PP_MALFORMED);

	if (before != PP_OK || cur->err != PP_OK)
		pp_cur_fail(&child, cur->err);
	return child;
}

/* Like pp_cur_sub(), but a block that runs past the parent's end is cut there and says so with the parent's
 * `on_short`: what a cut packet still holds can be read. */
static inline struct pp_cur pp_cur_sub_clip(struct pp_cur *cur, size_t n)
{
	size_t left = pp_cur_left(cur);
	struct pp_cur child;

	if (cur->err != PP_OK || n <= left)
		return pp_cur_sub(cur, n);
	child = pp_cur(cur->p, left, cur->on_short);
	pp_cur_fail(cur, cur->on_short);
	return child;
}

static inline struct pp_cur pp_cur_sub8(struct pp_cur *cur) { return pp_cur_sub(cur, pp_cur_u8(cur)); }
static inline struct pp_cur pp_cur_sub16(struct pp_cur *cur) { return pp_cur_sub(cur, pp_cur_u16(cur)); }
static inline struct pp_cur pp_cur_sub24(struct pp_cur *cur) { return pp_cur_sub(cur, pp_cur_u24(cur)); }

/* PP_OK only if nothing failed and nothing is left over. */
static inline enum pp_err pp_cur_finish(const struct pp_cur *cur)
{
	if (cur->err != PP_OK)
		return cur->err;
	return cur->p == cur->end ? PP_OK : PP_MALFORMED;
}

/* What lies behind the first n bytes; nothing when there are no more. */
static inline struct pp_span pp_span_behind(struct pp_span span, size_t n)
{
	if (n > span.len)
		n = span.len;
	return n ? (struct pp_span){ span.p + n, span.len - n } : span;
}

static inline bool pp_span_equal(struct pp_span span, const void *bytes, size_t len)
{
	return span.len == len && (len == 0 || memcmp(span.p, bytes, len) == 0);
}

#endif

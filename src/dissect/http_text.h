/* http_text: the few text operations HTTP needs, over spans.  The only place of the HTTP dissector that indexes bytes.
 *
 * Owns    nothing; every span returned lies inside the one given.
 * Source  RFC 9110 section 5.6.2 (tokens); RFC 9112 section 5.2: a folded line counts as white space, so CR and LF do.
 */
#ifndef PP_DISSECT_HTTP_TEXT_H
#define PP_DISSECT_HTTP_TEXT_H

#include "base/cur.h"

#include <assert.h>

static inline uint8_t pp_text_lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c; }

static inline bool pp_text_is_space(uint8_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static inline bool pp_text_is_token(uint8_t c)
{
	if ((c >= '0' && c <= '9') || (pp_text_lower(c) >= 'a' && pp_text_lower(c) <= 'z'))
		return true;
	return c > ' ' && c < 0x7f && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static inline struct pp_span pp_text(const char *text)
{
	return (struct pp_span){ (const uint8_t *)text, strlen(text) };
}

/* The byte at a place, or -1 when it is not there. */
static inline int pp_text_at(struct pp_span text, size_t i) { return i < text.len ? text.p[i] : -1; }

/* At most the first n bytes. */
static inline struct pp_span pp_text_first(struct pp_span text, size_t n)
{
	return (struct pp_span){ text.p, n < text.len ? n : text.len };
}

/* What follows the first n bytes. */
static inline struct pp_span pp_text_after(struct pp_span text, size_t n)
{
	struct pp_cur cur = pp_cur_span(text, PP_MORE);

	pp_cur_skip(&cur, n < text.len ? n : text.len);
	return pp_cur_rest(&cur);
}

/* Where the byte is; text.len when it is not there. */
static inline size_t pp_text_find(struct pp_span text, uint8_t byte)
{
	const uint8_t *at;

	assert(text.p || text.len == 0);
	at = text.len ? memchr(text.p, byte, text.len) : NULL;

	return at ? (size_t)(at - text.p) : text.len;
}

/* Where the last one is; text.len when it is not there. */
static inline size_t pp_text_find_last(struct pp_span text, uint8_t byte)
{
	for (size_t i = text.len; i > 0; i--) {
		if (text.p[i - 1] == byte)
			return i - 1;
	}
	return text.len;
}

/* How many bytes at the beginning are token characters. */
static inline size_t pp_text_token(struct pp_span text)
{
	size_t n = 0;

	while (n < text.len && pp_text_is_token(text.p[n]))
		n++;
	return n;
}

static inline struct pp_span pp_text_trim(struct pp_span text)
{
	size_t from = 0;

	while (text.len > 0 && pp_text_is_space(text.p[text.len - 1]))
		text.len--;
	while (from < text.len && pp_text_is_space(text.p[from]))
		from++;
	return pp_text_after(text, from);
}

/* Without regard to case; `with` is lower case. */
static inline bool pp_text_begins(struct pp_span text, const char *with)
{
	size_t n = strlen(with);

	if (text.len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (pp_text_lower(text.p[i]) != (uint8_t)with[i])
			return false;
	}
	return true;
}

static inline bool pp_text_is(struct pp_span text, const char *what)
{
	return text.len == strlen(what) && pp_text_begins(text, what);
}

static inline bool pp_text_same(struct pp_span a, struct pp_span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (pp_text_lower(a.p[i]) != pp_text_lower(b.p[i]))
			return false;
	}
	return true;
}

static inline bool pp_text_contains(struct pp_span text, const char *what)
{
	for (size_t i = 0; i < text.len; i++) {
		if (pp_text_begins(pp_text_after(text, i), what))
			return true;
	}
	return false;
}

/* Credentials do not stay in memory; volatile, or the compiler would drop a store before a free(). */
static inline void pp_text_wipe(void *bytes, size_t len)
{
	volatile uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		p[i] = 0;
}

/* A decimal number of digits only, at most `max`. */
static inline bool pp_text_number(struct pp_span text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned)text.p[i] - '0';

		if (digit > 9 || value > max / 10 || digit > max - value * 10)
			return false;
		value = value * 10 + digit;
	}
	if (text.len == 0)
		return false;
	*ret_value = value;
	return true;
}

#endif

#include "report/out.h"

#include <assert.h>
#include <string.h>

void pp_out_init(struct pp_out *out, struct pp_sink sink)
{
	out->sink = sink;
	out->err = PP_OK;
	out->len = 0;
}

static void drain(struct pp_out *out)
{
	if (out->err == PP_OK && out->len)
		out->err = out->sink.write(out->sink.context, out->bytes, out->len);
	out->len = 0;
}

enum pp_err pp_out_flush(struct pp_out *out)
{
	drain(out);
	return out->err;
}

void pp_out_bytes(struct pp_out *out, const void *bytes, size_t len)
{
	const char *from = bytes;

	while (len && out->err == PP_OK) {
		size_t room = PP_OUT_BYTES - out->len, n = len < room ? len : room;

		memcpy(out->bytes + out->len, from, n);
		out->len += n;
		from += n;
		len -= n;
		if (out->len == PP_OUT_BYTES)
			drain(out);
	}
}

void pp_out_text(struct pp_out *out, const char *text) { pp_out_bytes(out, text, strlen(text)); }

void pp_out_char(struct pp_out *out, char c) { pp_out_bytes(out, &c, 1); }

void pp_out_u64(struct pp_out *out, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	pp_out_bytes(out, digits + at, sizeof(digits) - at);
}

/* The magnitude of a negative number, INT64_MIN included. */
static uint64_t magnitude(int64_t value) { return value < 0 ? 0 - (uint64_t)value : (uint64_t)value; }

void pp_out_i64(struct pp_out *out, int64_t value)
{
	if (value < 0)
		pp_out_char(out, '-');
	pp_out_u64(out, magnitude(value));
}

void pp_out_decimal(struct pp_out *out, int64_t value, unsigned decimals)
{
	uint64_t all = magnitude(value), unit = 1, rest;

	assert(decimals <= 9);
	for (unsigned i = 0; i < decimals; i++)
		unit *= 10;
	if (value < 0)
		pp_out_char(out, '-');
	pp_out_u64(out, all / unit);
	rest = all % unit;
	if (rest)
		pp_out_char(out, '.');
	while (rest) {
		unit /= 10;
		pp_out_char(out, (char)('0' + rest / unit));
		rest %= unit;
	}
}

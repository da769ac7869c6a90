#include "report/out.h"

#include "base/digits.h"

void pp_out_init(struct pp_out *out, struct pp_sink sink)
{
	out->sink = sink;
	out->err = PP_OK;
	out->len = 0;
}

void pp_out_drain(struct pp_out *out)
{
	if (out->err == PP_OK && out->len)
		out->err = out->sink.write(out->sink.context, out->bytes, out->len);
	out->len = 0;
}

enum pp_err pp_out_flush(struct pp_out *out)
{
	pp_out_drain(out);
	return out->err;
}

void pp_out_large(struct pp_out *out, const char *bytes, size_t len)
{
	while (len && out->err == PP_OK) {
		size_t room = sizeof(out->bytes) - out->len, n = len < room ? len : room;

		memcpy(out->bytes + out->len, bytes, n);
		out->len += n;
		bytes += n;
		len -= n;
		if (out->len == sizeof(out->bytes))
			pp_out_drain(out);
	}
}

void pp_out_i64(struct pp_out *out, int64_t value)
{
	if (value < 0)
		pp_out_char(out, '-');
	pp_out_u64(out, pp_digits_magnitude(value));
}

void pp_out_decimal(struct pp_out *out, int64_t value, unsigned decimals)
{
	assert(decimals <= 9);
	if (value < 0)
		pp_out_char(out, '-');
	pp_out_until(out,
		     pp_digits_decimal(pp_out_room(out, 2 * PP_DIGITS_MOST), pp_digits_magnitude(value), decimals));
}

/* out: the buffered way out that all writers use.
 *
 * Shape   text and numbers go in, the sink gets them in large pieces.  Numbers are always written as in the C locale.
 * Errors  the first failure of the sink is kept and everything after it is dropped, so a writer checks once, at
 *         pp_out_flush().
 * Owns    nothing; the sink is borrowed.
 */
#ifndef PP_REPORT_OUT_H
#define PP_REPORT_OUT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { PP_OUT_BYTES = 1 << 16 };

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
void pp_out_bytes(struct pp_out *out, const void *bytes, size_t len);
void pp_out_text(struct pp_out *out, const char *text);
void pp_out_char(struct pp_out *out, char c);
void pp_out_u64(struct pp_out *out, uint64_t value);
void pp_out_i64(struct pp_out *out, int64_t value);
/* value / 10^decimals without trailing zeros: (6100000, 6) is "6.1".  `decimals` is at most 9. */
void pp_out_decimal(struct pp_out *out, int64_t value, unsigned decimals);
enum pp_err PP_MUST_CHECK pp_out_flush(struct pp_out *out);

#endif

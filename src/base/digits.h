/* digits: numbers in decimal for writers that print many of them: no locale, no format to read each time.
 *
 * Shape   all write at `to` and return where the digits end.  There is no NUL, and the byte behind them may be
 *         overwritten.
 */
#ifndef PP_BASE_DIGITS_H
#define PP_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { PP_DIGITS_MOST = 20 }; /* of a uint64_t */

static const char pp_digits_pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
				      "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
				      "8081828384858687888990919293949596979899";

/* Two digits of a number below 100. */
static inline char *pp_digits_pair(char *to, uint32_t value)
{
	memcpy(to, pp_digits_pairs + (size_t)2 * value, 2);
	return to + 2;
}

/* The one or two digits of a number below 100. */
static inline char *pp_digits_small(char *to, uint32_t value)
{
	size_t single = value < 10;

	memcpy(to, pp_digits_pairs + (size_t)2 * value + single, 2);
	return to + 2 - single;
}

/* With leading zeros; `width` is at most 9. */
static inline char *pp_digits_padded(char *to, uint32_t value, unsigned width)
{
	unsigned at = width;

	for (; at >= 2; at -= 2, value /= 100)
		pp_digits_pair(to + at - 2, value % 100);
	if (at)
		*to = (char)('0' + value % 10);
	return to + width;
}

char *pp_digits_nine(char *to, uint32_t value); /* of a number below 10^9, with leading zeros */
char *pp_digits_long(char *to, uint64_t value); /* of a number from 100 on */

static inline char *pp_digits(char *to, uint64_t value)
{
	return value < 100 ? pp_digits_small(to, (uint32_t)value) : pp_digits_long(to, value);
}

/* value / 10^decimals without trailing zeros: (6100000, 6) is "6.1".  `decimals` is at most 9. */
static inline char *pp_digits_decimal(char *to, uint64_t value, unsigned decimals)
{
	static const uint32_t units[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000 };
	uint32_t unit = units[decimals];
	uint32_t rest = (uint32_t)(value % unit);

	to = pp_digits(to, value / unit);
	if (rest == 0)
		return to;
	*to++ = '.';
	if (decimals > 3 && rest % 1000 == 0) {
		rest /= 1000;
		decimals -= 3;
	}
	to = pp_digits_padded(to, rest, decimals);
	while (to[-1] == '0')
		to--;
	return to;
}

/* The magnitude of a negative number, INT64_MIN included. */
static inline uint64_t pp_digits_magnitude(int64_t value) { return value < 0 ? 0 - (uint64_t)value : (uint64_t)value; }

#endif

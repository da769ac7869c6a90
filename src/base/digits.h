/* digits: numbers in decimal for writers that print many of them: no locale, no format to read each time. */
#ifndef PP_BASE_DIGITS_H
#define PP_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { PP_DIGITS_MOST = 20 }; /* of a uint64_t */

/* Two digits of a number below 100. */
static inline void pp_digits_pair(char *to, unsigned value)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
				    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";

	memcpy(to, pairs + (size_t)2 * value, 2);
}

/* Both write at `to` and return where the digits end; there is no NUL. */
static inline char *pp_digits_padded(char *to, uint64_t value, unsigned width)
{
	unsigned at = width;

	for (; at >= 2; at -= 2, value /= 100)
		pp_digits_pair(to + at - 2, (unsigned)(value % 100));
	if (at)
		*to = (char)('0' + value % 10);
	return to + width;
}

static inline char *pp_digits(char *to, uint64_t value)
{
	unsigned width = 2;

	if (value < 10) { /* most numbers of a report */
		*to = (char)('0' + value);
		return to + 1;
	}
	for (uint64_t power = 100; width < PP_DIGITS_MOST && value >= power; power *= 10)
		width++;
	return pp_digits_padded(to, value, width);
}

/* value / 10^decimals without trailing zeros: (6100000, 6) is "6.1".  `decimals` is at most 9. */
static inline char *pp_digits_decimal(char *to, uint64_t value, unsigned decimals)
{
	static const uint64_t units[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000 };
	uint64_t unit = units[decimals], rest = value % unit;

	to = pp_digits(to, value / unit);
	if (rest == 0)
		return to;
	*to++ = '.';
	to = pp_digits_padded(to, rest, decimals);
	while (to[-1] == '0')
		to--;
	return to;
}

/* The magnitude of a negative number, INT64_MIN included. */
static inline uint64_t pp_digits_magnitude(int64_t value) { return value < 0 ? 0 - (uint64_t)value : (uint64_t)value; }

#endif

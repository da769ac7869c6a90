/* digits: numbers in decimal for writers that print many of them: no locale, no format to read each time. */
#ifndef PP_BASE_DIGITS_H
#define PP_BASE_DIGITS_H

#include <stdint.h>

enum { PP_DIGITS_MOST = 20 }; /* of a uint64_t */

/* Both write at `to` and return where the digits end; there is no NUL. */
static inline char *pp_digits_padded(char *to, uint64_t value, unsigned width)
{
	for (unsigned i = width; i-- > 0; value /= 10)
		to[i] = (char)('0' + value % 10);
	return to + width;
}

static inline char *pp_digits(char *to, uint64_t value)
{
	unsigned width = 1;

	if (value < 10) { /* most numbers of a report */
		*to = (char)('0' + value);
		return to + 1;
	}
	for (uint64_t power = 10; width < PP_DIGITS_MOST && value >= power; power *= 10)
		width++;
	return pp_digits_padded(to, value, width);
}

/* The magnitude of a negative number, INT64_MIN included. */
static inline uint64_t pp_digits_magnitude(int64_t value) { return value < 0 ? 0 - (uint64_t)value : (uint64_t)value; }

#endif

#include "base/digits.h"

/* A number is made a binary fraction of 2^32 whose whole part is its first two digits; times 100, the next two come up.
 * The factors are 2^32 / 10^2, 2^32 / 10^4 and 2^48 / 10^6, rounded up, which is exact for as many digits (tried with
 * every number). */
enum { EIGHT = 100000000 };

static inline char *next_two(char *to, uint64_t *fraction)
{
	*fraction = (*fraction & UINT32_MAX) * 100;
	return pp_digits_pair(to, (uint32_t)(*fraction >> 32));
}

static inline char *next_six(char *to, uint64_t fraction)
{
	to = next_two(to, &fraction);
	to = next_two(to, &fraction);
	return next_two(to, &fraction);
}

static inline uint64_t of_eight(uint32_t value) { return (value * UINT64_C(281474977) >> 16) + 1; }

static inline char *eight(char *to, uint32_t value)
{
	uint64_t fraction = of_eight(value);

	return next_six(pp_digits_pair(to, (uint32_t)(fraction >> 32)), fraction);
}

char *pp_digits_nine(char *to, uint32_t value)
{
	*to = (char)('0' + value / EIGHT);
	return eight(to + 1, value % EIGHT);
}

char *pp_digits_long(char *to, uint64_t value)
{
	uint64_t fraction;

	if (value >= EIGHT)
		return eight(pp_digits(to, value / EIGHT), (uint32_t)(value % EIGHT));
	if (value >= 1000000) {
		fraction = of_eight((uint32_t)value);
		return next_six(pp_digits_small(to, (uint32_t)(fraction >> 32)), fraction);
	}
	if (value >= 10000) {
		fraction = value * 429497;
		to = next_two(pp_digits_small(to, (uint32_t)(fraction >> 32)), &fraction);
		return next_two(to, &fraction);
	}
	fraction = value * 42949673;
	return next_two(pp_digits_small(to, (uint32_t)(fraction >> 32)), &fraction);
}

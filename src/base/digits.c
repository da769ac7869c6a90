#include "base/digits.h"

enum { FOUR = 10000, EIGHT = FOUR * FOUR };

/* The digits of a number below 10^4, without leading zeros. */
static inline char *below_four(char *to, uint32_t value)
{
	return value < 100 ? pp_digits_small(to, value) : pp_digits_pair(pp_digits_small(to, value / 100), value % 100);
}

char *pp_digits_long(char *to, uint64_t value)
{
	uint32_t rest;

	if (value >= EIGHT)
		return pp_digits_padded(pp_digits(to, value / EIGHT), (uint32_t)(value % EIGHT), 8);
	rest = (uint32_t)value;
	if (rest < FOUR)
		return below_four(to, rest);
	return pp_digits_padded(below_four(to, rest / FOUR), rest % FOUR, 4);
}

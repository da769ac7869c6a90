/* number: numbers as few bytes, seven bits each, the lowest first; private to diagnose/.  What is taken is what was
 * put: the bytes never leave the process.
 */
#ifndef PP_DIAGNOSE_NUMBER_H
#define PP_DIAGNOSE_NUMBER_H

#include <stdint.h>

enum { PP_NUMBER_MOST = 10 }; /* bytes */

static inline uint8_t *pp_put_number(uint8_t *at, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		*at++ = (uint8_t)(number | 0x80);
	*at++ = (uint8_t)number;
	return at;
}

/* Small ones of either sign are short. */
static inline uint8_t *pp_put_signed(uint8_t *at, int64_t number)
{
	return pp_put_number(at, (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0));
}

static inline uint64_t pp_take_number(const uint8_t **at)
{
	uint64_t number = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = *(*at)++;
		number |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return number;
}

static inline int64_t pp_take_signed(const uint8_t **at)
{
	uint64_t number = pp_take_number(at);

	return (int64_t)(number >> 1 ^ (number & 1 ? UINT64_MAX : 0));
}

#endif

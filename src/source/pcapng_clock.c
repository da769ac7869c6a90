#include "source/pcapng_clock.h"

#include "base/time.h"

enum { BINARY = 0x80 };

static int64_t saturated_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b < 0 ? -INT64_MAX : INT64_MAX;
	return sum == PP_TIME_NONE ? -INT64_MAX : sum;
}

static uint64_t power_of_ten(unsigned exponent)
{
	uint64_t power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

struct pp_pcapng_clock pp_pcapng_clock(uint8_t resolution, int64_t offset_seconds)
{
	struct pp_pcapng_clock clock = { 0 };
	unsigned exponent = resolution & ~BINARY;

	if (__builtin_mul_overflow(offset_seconds, PP_SECOND, &clock.offset_ns))
		clock.offset_ns = offset_seconds < 0 ? -INT64_MAX : INT64_MAX;
	if (resolution & BINARY && exponent > 0)
		clock.bits = exponent;
	else if (exponent <= 9)
		clock.multiply = power_of_ten(9 - exponent);
	else if (exponent <= 9 + 19)
		clock.divide = power_of_ten(exponent - 9);
	else
		clock.bits = 127; /* so fine that 64 bits of ticks do not reach one ns */
	return clock;
}

/* A count that does not fit is read as signed before it is given up: some writers store times before the epoch. */
static int64_t scaled(uint64_t count, uint64_t ns_each)
{
	int64_t ns;

	if (!__builtin_mul_overflow(count, ns_each, &ns) || !__builtin_mul_overflow((int64_t)count, ns_each, &ns))
		return ns;
	return INT64_MAX;
}

/* floor(fraction * 10^9 / 2^bits), where fraction < 2^bits: below a second, so every step fits 64 bits. */
static uint64_t binary_fraction_ns(uint64_t fraction, unsigned bits)
{
	uint64_t high, low;

	if (bits <= 32)
		return fraction * (uint64_t)PP_SECOND >> bits;
	high = (fraction >> 32) * (uint64_t)PP_SECOND;
	low = (fraction & UINT32_MAX) * (uint64_t)PP_SECOND;
	bits -= 32;
	return bits < 64 ? (high + (low >> 32)) >> bits : 0;
}

static int64_t binary_ns(uint64_t ticks, unsigned bits)
{
	uint64_t fraction = bits < 64 ? ticks & ((UINT64_C(1) << bits) - 1) : ticks;
	int64_t ns = 0;

	if (bits < 64 && __builtin_mul_overflow(ticks >> bits, PP_SECOND, &ns) &&
	    __builtin_mul_overflow((int64_t)ticks >> bits, PP_SECOND, &ns))
		return INT64_MAX;
	return saturated_add(ns, (int64_t)binary_fraction_ns(fraction, bits));
}

int64_t pp_pcapng_clock_ns(const struct pp_pcapng_clock *clock, uint64_t ticks)
{
	int64_t ns;

	if (clock->multiply)
		ns = scaled(ticks, clock->multiply);
	else if (clock->divide)
		ns = (int64_t)(ticks / clock->divide);
	else
		ns = binary_ns(ticks, clock->bits);
	ns = saturated_add(ns, clock->offset_ns);
	return ns > PP_TIME_MOST ? PP_TIME_MOST : ns < -PP_TIME_MOST ? -PP_TIME_MOST : ns;
}

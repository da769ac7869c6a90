#include "base/addr.h"

#include "base/digits.h"

#include <arpa/inet.h>
#include <string.h>

int pp_addr_compare(const struct pp_addr *a, const struct pp_addr *b) { return memcmp(a, b, sizeof(*a)); }

bool pp_addr_in(const struct pp_addr *addr, const struct pp_addr *net, unsigned bits)
{
	unsigned whole;

	if (pp_addr_is_v4(addr) != pp_addr_is_v4(net))
		return false;
	if (pp_addr_is_v4(net)) {
		if (bits > 32)
			return false;
		bits += 96;
	}
	if (bits > 128)
		return false;
	whole = bits / 8;
	if (memcmp(addr->b, net->b, whole) != 0)
		return false;
	return bits % 8 == 0 || ((addr->b[whole] ^ net->b[whole]) >> (8 - bits % 8)) == 0;
}

/* One prefix of a class of addresses. */
struct prefix {
	uint8_t b[16];
	uint8_t bits; /* of the mapped form */
};

#define V4(a, b, c, d, n)                                                                                              \
	{                                                                                                              \
		{ [10] = 0xff, [11] = 0xff, [12] = a, [13] = b, [14] = c, [15] = d }, 96 + (n)                         \
	}

static bool in_any(const struct pp_addr *addr, const struct prefix *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned whole = list[i].bits / 8, rest = list[i].bits % 8;

		if (memcmp(addr->b, list[i].b, whole) == 0 &&
		    (rest == 0 || ((addr->b[whole] ^ list[i].b[whole]) >> (8 - rest)) == 0))
			return true;
	}
	return false;
}

#define IN_ANY(addr, list) in_any(addr, list, sizeof(list) / sizeof((list)[0]))

bool pp_addr_is_private(const struct pp_addr *addr)
{
	static const struct prefix list[] = {
		V4(10, 0, 0, 0, 8),    V4(172, 16, 0, 0, 12), V4(192, 168, 0, 0, 16),
		V4(100, 64, 0, 0, 10), { { 0xfc }, 7 },
	};

	return IN_ANY(addr, list);
}

bool pp_addr_is_link_local(const struct pp_addr *addr)
{
	static const struct prefix list[] = { V4(169, 254, 0, 0, 16), { { 0xfe, 0x80 }, 10 } };

	return IN_ANY(addr, list);
}

bool pp_addr_is_bogon(const struct pp_addr *addr)
{
	static const struct prefix list[] = {
		V4(0, 0, 0, 0, 8), V4(127, 0, 0, 0, 8), V4(240, 0, 0, 0, 4), { { 0 }, 128 }, { { [15] = 1 }, 128 },
	};

	return IN_ANY(addr, list);
}

bool pp_addr_is_multicast(const struct pp_addr *addr)
{
	static const struct prefix list[] = { V4(224, 0, 0, 0, 4), V4(255, 255, 255, 255, 32), { { 0xff }, 8 } };

	return IN_ANY(addr, list);
}

/* Every byte in decimal. */
#define DIGIT(n) ((char)('0' + (n)))
#define BYTE(n)                                                                                                        \
	{                                                                                                              \
		{ (n) > 99  ? DIGIT((n) / 100)                                                                         \
		  : (n) > 9 ? DIGIT((n) / 10)                                                                          \
			    : DIGIT(n),                                                                                \
		  (n) > 99 ? DIGIT((n) / 10 % 10) : DIGIT((n) % 10), DIGIT((n) % 10) },                                \
		    1 + ((n) > 9) + ((n) > 99)                                                                         \
	}
#define BYTES_4(n) BYTE(n), BYTE((n) + 1), BYTE((n) + 2), BYTE((n) + 3)
#define BYTES_16(n) BYTES_4(n), BYTES_4((n) + 4), BYTES_4((n) + 8), BYTES_4((n) + 12)
#define BYTES_64(n) BYTES_16(n), BYTES_16((n) + 16), BYTES_16((n) + 32), BYTES_16((n) + 48)

static const struct {
	char text[3];
	uint8_t len;
} bytes_in_decimal[256] = { BYTES_64(0), BYTES_64(64), BYTES_64(128), BYTES_64(192) };

static inline char *format_byte(uint8_t byte, char behind, char *to)
{
	memcpy(to, &bytes_in_decimal[byte], 4);
	to += bytes_in_decimal[byte].len;
	*to = behind;
	return to + 1;
}

char *pp_addr_format_v4(const struct pp_addr *addr, char text[PP_ADDR_TEXT])
{
	text = format_byte(addr->b[12], '.', text);
	text = format_byte(addr->b[13], '.', text);
	text = format_byte(addr->b[14], '.', text);
	return format_byte(addr->b[15], '\0', text) - 1;
}

/* A group of IPv6 in lower case without leading zeros. */
static char *format_group(unsigned group, char *to)
{
	static const char hex[] = "0123456789abcdef";
	int shift = group >> 12 ? 12 : group >> 8 ? 8 : group >> 4 ? 4 : 0;

	for (; shift >= 0; shift -= 4)
		*to++ = hex[group >> shift & 15];
	return to;
}

struct run {
	unsigned at, len;
};

/* The first of the longest runs of at least two zero groups; `at` is 8 without one. */
static struct run longest_zeros(const unsigned groups[8])
{
	struct run best = { 8, 1 }, run = { 0, 0 };

	for (unsigned i = 0; i < 8; i++) {
		if (groups[i])
			run = (struct run){ i + 1, 0 };
		else if (++run.len > best.len)
			best = run;
	}
	return best;
}

/* RFC 5952; ::a.b.c.d for the IPv4-compatible addresses of RFC 4291, as inet_ntop() has it. */
char *pp_addr_format_v6(const struct pp_addr *addr, char text[PP_ADDR_TEXT])
{
	unsigned groups[8];
	struct run zeros;

	for (unsigned i = 0; i < 8; i++)
		groups[i] = (unsigned)addr->b[2 * i] << 8 | addr->b[2 * i + 1];
	zeros = longest_zeros(groups);
	for (unsigned i = 0; i < 8; i++) {
		if (i == zeros.at) {
			*text++ = ':';
			i += zeros.len - 1;
			if (i == 7)
				*text++ = ':';
			continue;
		}
		if (i)
			*text++ = ':';
		if (i == 6 && zeros.at == 0 && zeros.len == 6)
			return pp_addr_format_v4(addr, text);
		text = format_group(groups[i], text);
	}
	*text = '\0';
	return text;
}

/* Addresses end in a digit of theirs or in "::"; most names do not. */
static bool may_be_addr(const char *text)
{
	size_t len = strlen(text);
	char last = len ? text[len - 1] : '\0';

	return last == ':' || (last >= '0' && last <= '9') || (last >= 'a' && last <= 'f') ||
	       (last >= 'A' && last <= 'F');
}

enum pp_err pp_addr_parse(const char *text, struct pp_addr *ret_addr)
{
	uint8_t bytes[16];

	if (!may_be_addr(text))
		return PP_MALFORMED;
	if (inet_pton(AF_INET, text, bytes) == 1)
		*ret_addr = pp_addr_v4(bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*ret_addr = pp_addr_v6(bytes);
	else
		return PP_MALFORMED;
	return PP_OK;
}

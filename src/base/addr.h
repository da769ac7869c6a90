/* addr: an IP address and an endpoint.  IPv4 is kept as an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2), so
 * one comparison serves both families.
 */
#ifndef PP_BASE_ADDR_H
#define PP_BASE_ADDR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PP_ADDR_TEXT 46 /* INET6_ADDRSTRLEN */

struct pp_addr {
	uint8_t b[16];
};

struct pp_endpoint_addr {
	struct pp_addr ip;
	uint16_t port;
};

static inline struct pp_addr pp_addr_v4(const uint8_t bytes[4])
{
	struct pp_addr addr = { { [10] = 0xff, [11] = 0xff } };

	memcpy(addr.b + 12, bytes, 4);
	return addr;
}

static inline struct pp_addr pp_addr_v6(const uint8_t bytes[16])
{
	struct pp_addr addr;

	memcpy(addr.b, bytes, sizeof(addr.b));
	return addr;
}

/* The two words of an address as they lie in memory: asked of every packet, so compared as words. */
struct pp_addr_words {
	uint64_t high, low;
};

static inline struct pp_addr_words pp_addr_words(const struct pp_addr *addr)
{
	struct pp_addr_words words;

	memcpy(&words, addr->b, sizeof(words));
	return words;
}

static inline bool pp_addr_equal(const struct pp_addr *a, const struct pp_addr *b)
{
	struct pp_addr_words one = pp_addr_words(a), two = pp_addr_words(b);

	return ((one.high ^ two.high) | (one.low ^ two.low)) == 0;
}

/* False for all-zero bytes: "no address known". */
static inline bool pp_addr_is_set(const struct pp_addr *addr)
{
	struct pp_addr_words words = pp_addr_words(addr);

	return (words.high | words.low) != 0;
}

/* 127/8, ::1 */
static inline bool pp_addr_is_loopback(const struct pp_addr *addr)
{
	static const struct pp_addr one = { { [15] = 1 } };
	static const struct pp_addr net = { { [10] = 0xff, 0xff, 127 } }, mask = { { [8] = 255, 255, 255, 255, 255 } };
	struct pp_addr_words words = pp_addr_words(addr);

	return words.high == 0 && (((words.low ^ pp_addr_words(&net).low) & pp_addr_words(&mask).low) == 0 ||
				   words.low == pp_addr_words(&one).low);
}

static inline bool pp_addr_is_v4(const struct pp_addr *addr)
{
	static const uint8_t mapped[4] = { 0, 0, 0xff, 0xff };

	return pp_addr_words(addr).high == 0 && memcmp(addr->b + 8, mapped, sizeof(mapped)) == 0;
}

int pp_addr_compare(const struct pp_addr *a, const struct pp_addr *b);

/* Classes by RFC 6890: the questions rules and attribution ask. */
bool pp_addr_is_private(const struct pp_addr *addr);    /* RFC 1918, 100.64/10, fc00::/7 */
bool pp_addr_is_link_local(const struct pp_addr *addr); /* 169.254/16, fe80::/10 */
bool pp_addr_is_bogon(const struct pp_addr *addr);      /* never a public server: 0/8, 127/8, 240/4, ::, ::1 */
bool pp_addr_is_multicast(const struct pp_addr *addr);  /* 224/4, 255.255.255.255, ff00::/8 */

/* Text form as RFC 5952 writes it; `text` holds PP_ADDR_TEXT bytes.  Returns where its NUL stands. */
char *pp_addr_format_v4(const struct pp_addr *addr, char text[PP_ADDR_TEXT]);
char *pp_addr_format_v6(const struct pp_addr *addr, char text[PP_ADDR_TEXT]);

static inline char *pp_addr_format(const struct pp_addr *addr, char text[PP_ADDR_TEXT])
{
	return pp_addr_is_v4(addr) ? pp_addr_format_v4(addr, text) : pp_addr_format_v6(addr, text);
}

enum pp_err PP_MUST_CHECK pp_addr_parse(const char *text, struct pp_addr *ret_addr);

/* True when the first `bits` bits agree; for IPv4 networks `bits` counts from the IPv4 part (0..32). */
bool pp_addr_in(const struct pp_addr *addr, const struct pp_addr *net, unsigned bits);

#endif

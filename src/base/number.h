/* number: numbers as few bytes, seven bits each, the lowest first; addresses and text beside them.  What is taken is what
 * was put: the bytes never leave the process.
 */
#ifndef PP_BASE_NUMBER_H
#define PP_BASE_NUMBER_H

#include "base/addr.h"

#include <stdint.h>

enum { PP_NUMBER_MOST = 10, PP_PUT_ADDR_MOST = 1 + sizeof(struct pp_addr) }; /* bytes */

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

static inline uint8_t *pp_put_bytes(uint8_t *at, const void *bytes, size_t len)
{
	return (uint8_t *)memcpy(at, bytes, len) + len;
}

static inline void pp_take_bytes(const uint8_t **at, void *bytes, size_t len)
{
	memcpy(bytes, *at, len);
	*at += len;
}

static inline uint8_t *pp_put_addr(uint8_t *at, const struct pp_addr *addr)
{
	bool v4 = pp_addr_is_v4(addr);

	*at++ = v4;
	return v4 ? pp_put_bytes(at, addr->b + 12, 4) : pp_put_bytes(at, addr->b, sizeof(addr->b));
}

static inline struct pp_addr pp_take_addr(const uint8_t **at)
{
	bool v4 = *(*at)++;
	struct pp_addr addr = { { 0 } };

	if (v4) {
		addr = pp_addr_v4(*at);
		*at += 4;
	} else {
		pp_take_bytes(at, addr.b, sizeof(addr.b));
	}
	return addr;
}

static inline uint8_t *pp_put_socket(uint8_t *at, const struct pp_endpoint_addr *socket)
{
	return pp_put_number(pp_put_addr(at, &socket->ip), socket->port);
}

static inline struct pp_endpoint_addr pp_take_socket(const uint8_t **at)
{
	struct pp_endpoint_addr socket = { .ip = pp_take_addr(at) };

	socket.port = (uint16_t)pp_take_number(at);
	return socket;
}

/* With its NUL. */
static inline uint8_t *pp_put_text(uint8_t *at, const char *text) { return pp_put_bytes(at, text, strlen(text) + 1); }

/* It lies in the bytes. */
static inline const char *pp_take_text(const uint8_t **at)
{
	const char *text = (const char *)*at;

	*at += strlen(text) + 1;
	return text;
}

#endif

/* pkt: packets built in code, from the inside out.  Each call puts its header before what is there already and knows
 * the length of everything behind it:
 *
 *	struct pp_pkt pkt;
 *
 *	pp_pkt_start(&pkt, "GET /", 5);
 *	pp_pkt_tcp(&pkt, &(struct pp_pkt_tcp){ .sport = 50000, .dport = 80, .seq = 1, .flags = PP_TCP_ACK });
 *	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "10.0.0.5", .protocol = 6 });
 *	pp_pkt_ethernet(&pkt, 0x0800);
 *	pp_decode(1, pp_pkt_bytes(&pkt), pp_pkt_len(&pkt), pp_pkt_len(&pkt), &packet);
 *
 * Checksums are zero: nothing here verifies them.
 */
#ifndef PP_TESTS_PKT_H
#define PP_TESTS_PKT_H

#include "base/addr.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PP_PKT_ROOM = 70000 };

struct pp_pkt {
	uint8_t room[PP_PKT_ROOM]; /* the packet is its last `len` bytes */
	uint32_t len;
};

struct pp_pkt_tcp {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags; /* enum pp_tcp_flag */
	uint16_t window;
	const uint8_t *options; /* padded to a multiple of four with zeros */
	size_t options_len;
};

struct pp_pkt_ip {
	const char *src, *dst; /* both IPv4 or both IPv6 */
	uint8_t protocol;
	uint8_t ttl;        /* 0: 64 */
	uint16_t id;        /* IPv4 only, like the next two */
	uint16_t fragment;  /* flags and offset as in the header */
	size_t options_len; /* multiple of four; filled with NOPs */
};

static inline const uint8_t *pp_pkt_bytes(const struct pp_pkt *pkt) { return pkt->room + sizeof(pkt->room) - pkt->len; }

static inline uint32_t pp_pkt_len(const struct pp_pkt *pkt) { return pkt->len; }

/* Room for n bytes before the packet. */
static inline uint8_t *pp_pkt_before(struct pp_pkt *pkt, size_t n)
{
	if (n > sizeof(pkt->room) - pkt->len)
		abort();
	pkt->len += (uint32_t)n;
	return memset(pkt->room + sizeof(pkt->room) - pkt->len, 0, n);
}

static inline void pp_pkt_raw(struct pp_pkt *pkt, const void *bytes, size_t len)
{
	uint8_t *at = pp_pkt_before(pkt, len);

	if (len)
		memcpy(at, bytes, len);
}

static inline void pp_pkt_start(struct pp_pkt *pkt, const void *payload, size_t len)
{
	pkt->len = 0;
	pp_pkt_raw(pkt, payload, len);
}

static inline void pp_pkt_put(uint8_t *at, uint64_t value, size_t n)
{
	for (size_t i = n; i > 0; i--, value >>= 8)
		at[i - 1] = (uint8_t)value;
}

/* A big-endian number of n bytes. */
static inline void pp_pkt_be(struct pp_pkt *pkt, uint64_t value, size_t n)
{
	pp_pkt_put(pp_pkt_before(pkt, n), value, n);
}

static inline void pp_pkt_tcp(struct pp_pkt *pkt, const struct pp_pkt_tcp *tcp)
{
	size_t header_len = 20 + (tcp->options_len + 3) / 4 * 4;
	uint8_t *at = pp_pkt_before(pkt, header_len);

	pp_pkt_put(at, tcp->sport, 2);
	pp_pkt_put(at + 2, tcp->dport, 2);
	pp_pkt_put(at + 4, tcp->seq, 4);
	pp_pkt_put(at + 8, tcp->ack, 4);
	at[12] = (uint8_t)(header_len / 4 << 4);
	at[13] = tcp->flags;
	pp_pkt_put(at + 14, tcp->window, 2);
	if (tcp->options_len)
		memcpy(at + 20, tcp->options, tcp->options_len);
}

static inline void pp_pkt_udp(struct pp_pkt *pkt, uint16_t sport, uint16_t dport)
{
	uint8_t *at = pp_pkt_before(pkt, 8);

	pp_pkt_put(at, sport, 2);
	pp_pkt_put(at + 2, dport, 2);
	pp_pkt_put(at + 4, pkt->len, 2);
}

static inline struct pp_addr pp_pkt_addr(const char *text)
{
	struct pp_addr addr;

	if (pp_addr_parse(text, &addr) != PP_OK)
		abort();
	return addr;
}

static inline void pp_pkt_ip(struct pp_pkt *pkt, const struct pp_pkt_ip *ip)
{
	struct pp_addr src = pp_pkt_addr(ip->src), dst = pp_pkt_addr(ip->dst);
	bool v4 = pp_addr_is_v4(&src);
	size_t header_len = v4 ? 20 + ip->options_len : 40;
	uint8_t ttl = ip->ttl ? ip->ttl : 64, *at = pp_pkt_before(pkt, header_len);

	if (v4) {
		at[0] = (uint8_t)(0x40 | header_len / 4);
		pp_pkt_put(at + 2, pkt->len, 2);
		pp_pkt_put(at + 4, ip->id, 2);
		pp_pkt_put(at + 6, ip->fragment, 2);
		at[8] = ttl;
		at[9] = ip->protocol;
		memcpy(at + 12, src.b + 12, 4);
		memcpy(at + 16, dst.b + 12, 4);
		memset(at + 20, 1, ip->options_len);
	} else {
		at[0] = 0x60;
		pp_pkt_put(at + 4, pkt->len - header_len, 2);
		at[6] = ip->protocol;
		at[7] = ttl;
		memcpy(at + 8, src.b, 16);
		memcpy(at + 24, dst.b, 16);
	}
}

/* Under Ethernet: the tag, and the type of what it stands before. */
static inline void pp_pkt_vlan(struct pp_pkt *pkt, uint16_t id, uint16_t type)
{
	pp_pkt_be(pkt, type, 2);
	pp_pkt_be(pkt, id, 2);
}

static inline void pp_pkt_ethernet(struct pp_pkt *pkt, uint16_t type)
{
	pp_pkt_be(pkt, type, 2);
	pp_pkt_be(pkt, 0x020000000002, 6);
	pp_pkt_be(pkt, 0x020000000001, 6);
}

#endif

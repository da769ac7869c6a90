/* ICMP (RFC 792, next-hop MTU by RFC 1191) and ICMPv6 (RFC 4443, neighbour discovery RFC 4861).
 *
 * An error quotes the packet it is about, often only 8 bytes past its IP header; each field of the quote is taken if it
 * is there.
 */
#include "decode/layer.h"

enum {
	ICMP_UNREACHABLE = 3,
	ICMP_FRAGMENTATION_NEEDED = 4, /* code of the above */
	ICMP_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER = 12,

	ICMP6_TOO_BIG = 2,
	ICMP6_ERROR_MAX = 127,
	ICMP6_SOLICITATION = 135,
	ICMP6_ADVERTISEMENT = 136,

	PROTO_TCP = 6,
	PROTO_UDP = 17,
};

static void quote_transport(struct pp_cur *cur, struct pp_icmp_quote *quote)
{
	if ((quote->protocol != PROTO_TCP && quote->protocol != PROTO_UDP) || pp_cur_left(cur) < 4)
		return;
	quote->sport = pp_cur_u16(cur);
	quote->dport = pp_cur_u16(cur);
	if (quote->protocol != PROTO_TCP || pp_cur_left(cur) < 4)
		return;
	quote->has_seq = true;
	quote->seq = pp_cur_u32(cur);
	pp_cur_skip(cur, 4);
	quote->tcp_hlen = pp_cur_u8(cur);
}

static void quote_ip4(struct pp_cur *cur, struct pp_icmp_quote *quote)
{
	struct pp_cur header = pp_cur_sub(cur, 20);
	size_t header_len = (pp_cur_u8(&header) & 0x0fu) * 4u;
	uint16_t fragment;

	if (!pp_cur_ok(&header) || header_len < 20)
		return;
	pp_cur_skip(&header, 5);
	fragment = pp_cur_u16(&header);
	quote->present = true;
	quote->ttl = pp_cur_u8(&header);
	quote->protocol = pp_cur_u8(&header);
	pp_cur_skip(&header, 2);
	quote->src = pp_addr_v4(pp_cur_take(&header, 4).p);
	quote->dst = pp_addr_v4(pp_cur_take(&header, 4).p);
	pp_cur_skip(cur, header_len - 20);
	if ((fragment & 0x1fff) == 0)
		quote_transport(cur, quote);
}

/* The transport behind extension headers; false in a later fragment or when the quote ends before. */
static bool quote_extensions(struct pp_cur *cur, uint8_t *protocol)
{
	while (*protocol == 0 || *protocol == 43 || *protocol == 44 || *protocol == 60) {
		bool fragment = *protocol == 44;
		uint8_t length;

		*protocol = pp_cur_u8(cur);
		length = pp_cur_u8(cur);
		if (fragment && (pp_cur_u16(cur) & ~7) != 0)
			return false;
		pp_cur_skip(cur, fragment ? 4 : length * 8u + 6u);
		if (!pp_cur_ok(cur))
			return false;
	}
	return true;
}

static void quote_ip6(struct pp_cur *cur, struct pp_icmp_quote *quote)
{
	struct pp_cur header = pp_cur_sub(cur, 40);

	pp_cur_skip(&header, 6);
	if (!pp_cur_ok(&header))
		return;
	quote->present = true;
	quote->protocol = pp_cur_u8(&header);
	quote->ttl = pp_cur_u8(&header);
	quote->src = pp_addr_v6(pp_cur_take(&header, 16).p);
	quote->dst = pp_addr_v6(pp_cur_take(&header, 16).p);
	if (quote_extensions(cur, &quote->protocol))
		quote_transport(cur, quote);
}

static void decode_quote(struct pp_span bytes, struct pp_icmp_quote *quote)
{
	struct pp_cur cur = pp_cur_span(bytes, PP_TRUNCATED);
	int first = pp_cur_peek(&cur, 0);

	if (first >> 4 == 4)
		quote_ip4(&cur, quote);
	else if (first >> 4 == 6)
		quote_ip6(&cur, quote);
}

/* Type, code, checksum, four bytes whose meaning depends on the type. */
static bool decode_header(struct pp_walk *walk, uint32_t *ret_rest)
{
	struct pp_packet *packet = walk->packet;
	struct pp_cur header;

	if (!pp_walk_header(walk, 8, &header))
		return false;
	packet->kind = PP_PACKET_ICMP;
	packet->icmp_type = pp_cur_u8(&header);
	packet->icmp_code = pp_cur_u8(&header);
	pp_cur_skip(&header, 2);
	*ret_rest = pp_cur_u32(&header);
	pp_walk_payload(walk);
	return true;
}

static bool is_error(uint8_t type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_QUENCH || type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETER;
}

void pp_decode_icmp(struct pp_walk *walk)
{
	struct pp_packet *packet = walk->packet;
	uint32_t rest;

	if (!decode_header(walk, &rest) || !is_error(packet->icmp_type))
		return;
	if (packet->icmp_type == ICMP_UNREACHABLE && packet->icmp_code == ICMP_FRAGMENTATION_NEEDED)
		packet->icmp_mtu = rest & 0xffff;
	decode_quote(packet->payload_view, &packet->quote);
}

void pp_decode_icmp6(struct pp_walk *walk)
{
	struct pp_packet *packet = walk->packet;
	uint32_t rest;

	if (!decode_header(walk, &rest))
		return;
	if (packet->icmp_type == ICMP6_SOLICITATION || packet->icmp_type == ICMP6_ADVERTISEMENT) {
		struct pp_cur cur = pp_cur_span(packet->payload_view, PP_TRUNCATED);
		struct pp_span target = pp_cur_take(&cur, 16);

		if (target.len == 0)
			return;
		packet->kind = PP_PACKET_NEIGHBOUR;
		packet->neighbour_reply = packet->icmp_type == ICMP6_ADVERTISEMENT;
		packet->neighbour = pp_addr_v6(target.p);
	} else if (packet->icmp_type <= ICMP6_ERROR_MAX) {
		if (packet->icmp_type == ICMP6_TOO_BIG)
			packet->icmp_mtu = rest;
		decode_quote(packet->payload_view, &packet->quote);
	}
}

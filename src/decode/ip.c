/* IPv4 (RFC 791), IPv6 (RFC 8200) and the extension headers between IPv6 and its transport.
 *
 * The IP header's length is the truth for everything above it: bytes behind are Ethernet padding or a trailer, bytes
 * that should be there and are not were cut off.  A length of zero is left by network cards that cut segments
 * themselves (TSO): then the frame's own length counts.
 */
#include "decode/layer.h"

enum {
	IP4_HEADER = 20,
	IP4_DF = 0x4000,
	IP4_MF = 0x2000,
	IP4_OFFSET = 0x1fff,
	IP6_HEADER = 40,
	IP6_MF = 0x0001,

	PROTO_HOPOPTS = 0,
	PROTO_ICMP = 1,
	PROTO_IP4 = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_IP6 = 41,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	PROTO_AH = 51,
	PROTO_ICMP6 = 58,
	PROTO_NONE = 59,
	PROTO_DSTOPTS = 60,
	PROTO_ETHERIP = 97,
	PROTO_MOBILITY = 135,
	PROTO_MPLS = 137,
	PROTO_HIP = 139,
	PROTO_SHIM6 = 140,
	PROTO_ETHERNET = 143,
};

static void mix_address(struct pp_walk *walk, const struct pp_addr *addr)
{
	struct pp_cur cur = pp_cur(addr->b, sizeof(addr->b), PP_MALFORMED);

	for (unsigned i = 0; i < sizeof(addr->b) / 4; i++)
		pp_walk_outer(walk, pp_cur_u32(&cur));
}

/* An IP header inside another one: the outer one becomes part of what tells this tunnel from others. */
static void enter_tunnel(struct pp_walk *walk)
{
	struct pp_packet *packet = walk->packet;

	packet->tunnels++;
	mix_address(walk, &packet->src);
	mix_address(walk, &packet->dst);
	packet->df = false;
	packet->ip_id = 0;
}

/* A fragment cut by the snap length never makes a whole datagram; of a first one, the transport header can be read. */
static bool may_be_joined(const struct pp_walk *walk, uint32_t offset) { return offset != 0 || walk->missing == 0; }

/* The payload is a piece of a datagram, `offset` bytes into it. */
static void note_fragment(struct pp_walk *walk, uint8_t protocol, uint32_t id, uint32_t offset, bool more)
{
	struct pp_packet *packet = walk->packet;

	packet->kind = PP_PACKET_FRAGMENT;
	packet->protocol = protocol;
	packet->frag_protocol = protocol;
	packet->frag_id = id;
	packet->frag_offset = offset;
	packet->frag_more = more;
	pp_walk_payload(walk);
}

/* Everything of the header behind its lengths. */
static inline void note_ip4(struct pp_packet *packet, struct pp_cur *header, uint32_t *ret_fragment,
			    uint8_t *ret_protocol)
{
	packet->ip_version = 4;
	packet->ip_id = pp_cur_u16(header);
	*ret_fragment = pp_cur_u16(header);
	packet->df = *ret_fragment & IP4_DF;
	packet->ttl = pp_cur_u8(header);
	*ret_protocol = pp_cur_u8(header);
	pp_cur_skip(header, 2);
	packet->src = pp_addr_v4(pp_cur_take(header, 4).p);
	packet->dst = pp_addr_v4(pp_cur_take(header, 4).p);
}

void pp_decode_ip4(struct pp_walk *walk)
{
	struct pp_packet *packet = walk->packet;
	struct pp_cur header;
	uint32_t header_len, total, fragment;
	uint8_t first, protocol;

	if (!pp_walk_look(walk, IP4_HEADER, &header)) {
		pp_walk_short(walk);
		return;
	}
	first = pp_cur_u8(&header);
	header_len = (first & 0x0fu) * 4;
	pp_cur_skip(&header, 1);
	total = pp_cur_u16(&header);
	if (first >> 4 != 4 || header_len < IP4_HEADER || (total != 0 && total < header_len)) {
		packet->bad = true;
		return;
	}
	if (packet->ip_version != 0)
		enter_tunnel(walk);
	if (total != 0)
		pp_walk_trim(walk, total);
	packet->ip_view = (struct pp_span){ walk->cur.p, pp_cur_left(&walk->cur) };
	note_ip4(packet, &header, &fragment, &protocol);
	if (!pp_walk_skip(walk, header_len))
		return;
	if ((fragment & (IP4_MF | IP4_OFFSET)) && may_be_joined(walk, fragment & IP4_OFFSET))
		note_fragment(walk, protocol, packet->ip_id, (fragment & IP4_OFFSET) * 8, fragment & IP4_MF);
	else
		pp_decode_ip_protocol(walk, protocol);
}

void pp_decode_ip6(struct pp_walk *walk)
{
	struct pp_packet *packet = walk->packet;
	struct pp_cur header;
	uint32_t payload;
	uint8_t first, next;

	if (!pp_walk_look(walk, IP6_HEADER, &header)) {
		pp_walk_short(walk);
		return;
	}
	first = pp_cur_u8(&header);
	if (first >> 4 != 6) {
		packet->bad = true;
		return;
	}
	pp_cur_skip(&header, 3);
	if (packet->ip_version != 0)
		enter_tunnel(walk);
	packet->ip_version = 6;
	payload = pp_cur_u16(&header);
	next = pp_cur_u8(&header);
	packet->ttl = pp_cur_u8(&header);
	packet->src = pp_addr_v6(pp_cur_take(&header, 16).p);
	packet->dst = pp_addr_v6(pp_cur_take(&header, 16).p);
	if (payload != 0)
		pp_walk_trim(walk, IP6_HEADER + payload);
	packet->ip_view = (struct pp_span){ walk->cur.p, pp_cur_left(&walk->cur) };
	if (pp_walk_skip(walk, IP6_HEADER))
		pp_decode_ip_protocol(walk, next);
}

void pp_decode_ip(struct pp_walk *walk)
{
	int first = pp_cur_peek(&walk->cur, 0);

	if (first < 0)
		pp_walk_short(walk);
	else if (first >> 4 == 4)
		pp_decode_ip4(walk);
	else if (first >> 4 == 6)
		pp_decode_ip6(walk);
	else
		walk->packet->bad = true;
}

/* A header of next protocol, length in units of `unit` bytes, the first `free` of them not counted. */
static bool skip_extension(struct pp_walk *walk, size_t unit, size_t free, uint8_t *ret_next)
{
	struct pp_cur header;

	if (!pp_walk_look(walk, 2, &header)) {
		pp_walk_short(walk);
		return false;
	}
	*ret_next = pp_cur_u8(&header);
	return pp_walk_skip(walk, pp_cur_u8(&header) * unit + free);
}

/* RFC 8200 section 4.5.  False when the walk ends here; a fragment that is the whole datagram (RFC 6946) goes on. */
static bool decode_fragment(struct pp_walk *walk, uint8_t *ret_next)
{
	struct pp_cur header;
	uint16_t offset;

	if (!pp_walk_header(walk, 8, &header))
		return false;
	*ret_next = pp_cur_u8(&header);
	pp_cur_skip(&header, 1);
	offset = pp_cur_u16(&header);
	if ((offset & ~6) == 0 || !may_be_joined(walk, offset & ~7u))
		return true;
	note_fragment(walk, *ret_next, pp_cur_u32(&header), offset & ~7u, offset & IP6_MF);
	return false;
}

/* Steps over extension headers; false when the walk ends in one of them. */
static bool skip_extensions(struct pp_walk *walk, uint8_t *protocol)
{
	for (;;) {
		switch (*protocol) {
		case PROTO_HOPOPTS:
		case PROTO_ROUTING:
		case PROTO_DSTOPTS:
		case PROTO_MOBILITY:
		case PROTO_HIP:
		case PROTO_SHIM6:
			if (!skip_extension(walk, 8, 8, protocol))
				return false;
			break;
		case PROTO_AH: /* RFC 4302: in 4-byte units, minus two */
			if (!skip_extension(walk, 4, 8, protocol))
				return false;
			break;
		case PROTO_FRAGMENT:
			if (!decode_fragment(walk, protocol))
				return false;
			break;
		default:
			return true;
		}
	}
}

static void decode_after_extensions(struct pp_walk *walk, uint8_t protocol)
{
	if (!skip_extensions(walk, &protocol))
		return;
	walk->packet->protocol = protocol;
	switch (protocol) {
	case PROTO_TCP:
		pp_decode_tcp(walk);
		break;
	case PROTO_UDP:
		pp_decode_udp(walk);
		break;
	case PROTO_ICMP:
		pp_decode_icmp(walk);
		break;
	case PROTO_ICMP6:
		pp_decode_icmp6(walk);
		break;
	case PROTO_IP4:
		pp_decode_ip4(walk);
		break;
	case PROTO_IP6:
		pp_decode_ip6(walk);
		break;
	case PROTO_GRE:
		pp_decode_gre(walk);
		break;
	case PROTO_ETHERIP:
		pp_decode_etherip(walk);
		break;
	case PROTO_MPLS:
		pp_decode_mpls(walk);
		break;
	case PROTO_ETHERNET:
		pp_decode_ethernet(walk);
		break;
	case PROTO_NONE:
		break; /* RFC 8200 section 4.7 */
	default:
		pp_walk_unknown(walk, "IP protocol");
		break;
	}
}

void pp_decode_ip_protocol(struct pp_walk *walk, uint8_t protocol)
{
	if (!pp_walk_deeper(walk))
		return;
	if (protocol != PROTO_TCP) {
		decode_after_extensions(walk, protocol);
		return;
	}
	walk->packet->protocol = protocol;
	pp_decode_tcp(walk);
}

/* The headers nearly every frame has: Ethernet (maybe one VLAN tag), a cooked capture or none, IPv4 without options and
 * fragments or IPv6 without extension headers, TCP.  Each header is checked once and read by constant places.
 *
 * Whatever is anything else, or not quite right, is left to the walk (layer.h), which gives the same for what is done
 * here: tests/unit/test_decode_plain.c compares the two.
 */
#include "decode/layer.h"

enum {
	LINK_ETHERNET = 1,
	LINK_RAW = 101,
	LINK_SLL = 113,
	LINK_SLL2 = 276,
	ETHERNET_HEADER = 14,
	SLL_HEADER = 16,
	SLL2_HEADER = 20,
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	TYPE_VLAN = 0x8100,
	HARDWARE_ETHERNET = 1,
	HARDWARE_LOOPBACK = 772,

	IP4_HEADER = 20,
	IP4_VERSION_LENGTH = 0x45, /* without options */
	IP4_DF = 0x4000,
	IP4_FRAGMENT = 0x3fff, /* more fragments, or an offset */
	IP6_HEADER = 40,
	PROTO_TCP = 6,
	TCP_HEADER = 20,
	TIMESTAMPS_LEN = 12,
	NOP_NOP_TIMESTAMPS = 0x0101080a, /* with its length 10: what nearly every segment after the handshake carries */
	KIND_TIMESTAMPS = 8,

	/* Of a frame with the headers that nearly every one has; of one whose TCP options are time stamps alone. */
	USUAL_IP = ETHERNET_HEADER,
	USUAL_TCP = USUAL_IP + IP4_HEADER,
	USUAL_HEADER = USUAL_TCP + TCP_HEADER,
	STAMPED_HEADER = USUAL_HEADER + TIMESTAMPS_LEN,
	STAMPED_OFFSET = (TCP_HEADER + TIMESTAMPS_LEN) / 4 << 4,
	OFFSET_BITS = 0xf0,

	SYN_LEN = 20, /* of the options a Linux host opens with */
	SYN_ORDER = 0x2483,
	MSS = 0x0204, /* kinds with their lengths */
	SACK_PERMITTED_TIMESTAMPS = 0x0402080a,
	NOP_WSCALE = 0x010303,
};

/* All but `sack`, of which `sack_count` says that none is there. */
static PP_ALWAYS void no_options(struct pp_tcp_header *tcp)
{
	tcp->ts_val = tcp->ts_ecr = 0;
	tcp->option_order = 0;
	tcp->mss = 0;
	tcp->wscale = tcp->sack_count = 0;
	tcp->options = 0;
}

/* Two numbers that lie the other way round on the wire. */
static PP_ALWAYS void put_pair(struct pp_tcp_header *tcp, size_t at, const uint8_t *p)
{
	uint64_t pair = pp_be64(p);

	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		pair = pair >> 32 | pair << 32;
	memcpy((unsigned char *)tcp + at, &pair, sizeof(pair));
}

/* The options of a SYN as Linux writes them; false for any others. */
static inline bool plain_syn_options(struct pp_span options, struct pp_tcp_header *tcp)
{
	struct pp_cur cur = pp_cur_span(options, PP_MALFORMED);
	const uint8_t *p = options.len == SYN_LEN ? pp_cur_fixed(&cur, SYN_LEN) : NULL;

	if (!p || pp_be16(p) != MSS || pp_be32(p + 4) != SACK_PERMITTED_TIMESTAMPS ||
	    pp_be32(p + 16) >> 8 != NOP_WSCALE)
		return false;
	tcp->options = PP_OPT_MSS | PP_OPT_SACK_PERMITTED | PP_OPT_TIMESTAMPS | PP_OPT_WSCALE;
	tcp->option_order = SYN_ORDER;
	tcp->mss = pp_be16(p + 2);
	put_pair(tcp, offsetof(struct pp_tcp_header, ts_ecr), p + 8);
	tcp->wscale = p[19];
	tcp->sack_count = 0;
	return true;
}

static PP_ALWAYS void plain_options(struct pp_span options, struct pp_tcp_header *tcp)
{
	if (plain_syn_options(options, tcp))
		return;
	no_options(tcp);
	if (options.len == TIMESTAMPS_LEN && pp_be32(options.p) == NOP_NOP_TIMESTAMPS) {
		tcp->options = PP_OPT_TIMESTAMPS;
		tcp->option_order = KIND_TIMESTAMPS;
		put_pair(tcp, offsetof(struct pp_tcp_header, ts_ecr), options.p + 4);
	} else if (options.len != 0) {
		pp_decode_tcp_options(pp_cur_span(options, PP_MALFORMED), tcp);
	}
}

/* What an IP header says of the TCP segment behind it; `p` is where it begins, and both headers are there but for TCP's
 * options. */
struct plain_ip {
	const uint8_t *p;
	size_t len, total; /* of the header; of the packet, as it says */
};

static PP_ALWAYS bool plain_ip4(struct pp_cur cur, struct plain_ip *ret_ip)
{
	const uint8_t *p = pp_cur_fixed(&cur, IP4_HEADER + TCP_HEADER);

	if (!p || p[0] != IP4_VERSION_LENGTH || p[9] != PROTO_TCP || (pp_be16(p + 6) & IP4_FRAGMENT))
		return false;
	*ret_ip = (struct plain_ip){ p, IP4_HEADER, pp_be16(p + 2) };
	return true;
}

static PP_ALWAYS bool plain_ip6(struct pp_cur cur, struct plain_ip *ret_ip)
{
	const uint8_t *p = pp_cur_fixed(&cur, IP6_HEADER + TCP_HEADER);

	if (!p || p[0] >> 4 != 6 || p[6] != PROTO_TCP)
		return false;
	*ret_ip = (struct plain_ip){ p, IP6_HEADER, (size_t)IP6_HEADER + pp_be16(p + 4) };
	return true;
}

static PP_ALWAYS void take_ip(const struct plain_ip *ip, struct pp_packet *packet)
{
	const uint8_t *p = ip->p;

	if (ip->len == IP4_HEADER) {
		packet->ip_id = pp_be16(p + 4);
		packet->df = pp_be16(p + 6) & IP4_DF;
		packet->ttl = p[8];
		packet->src = pp_addr_v4(p + 12);
		packet->dst = pp_addr_v4(p + 16);
	} else {
		packet->ip_id = 0;
		packet->df = false;
		packet->ttl = p[7];
		packet->src = pp_addr_v6(p + 8);
		packet->dst = pp_addr_v6(p + 24);
	}
}

/* The packet that `cur` stands before. */
static PP_ALWAYS bool take_tcp(struct pp_cur cur, const struct plain_ip *ip, struct pp_packet *packet)
{
	const uint8_t *p = ip->p + ip->len;
	size_t left = pp_cur_left(&cur), header = ip->len + (size_t)(p[12] >> 4) * 4;
	struct pp_span whole = pp_cur_rest(&cur), options;

	whole.len = ip->total < left ? ip->total : left;
	if (header < ip->len + TCP_HEADER || header > whole.len)
		return false;
	options = pp_span_behind(whole, ip->len + TCP_HEADER);
	options.len = header - ip->len - TCP_HEADER;
	packet->kind = PP_PACKET_TCP;
	packet->bad = false;
	packet->tunnels = 0;
	packet->protocol = PROTO_TCP;
	packet->ip_version = ip->len == IP4_HEADER ? 4 : 6;
	packet->cut = ip->total > left;
	packet->unknown = NULL;
	packet->ip_view = whole;
	packet->sport = pp_be16(p);
	packet->dport = pp_be16(p + 2);
	packet->tcp.seq = pp_be32(p + 4);
	packet->tcp.ack = pp_be32(p + 8);
	packet->tcp.flags = p[13];
	packet->tcp.window = pp_be16(p + 14);
	packet->payload_len = (uint32_t)(ip->total - header);
	packet->payload_view = pp_span_behind(whole, header);
	plain_options(options, &packet->tcp);
	return true;
}

static PP_ALWAYS uint16_t ethernet_type(struct pp_cur *cur, uint32_t *outer_hash)
{
	const uint8_t *p = pp_cur_fixed(cur, ETHERNET_HEADER);
	uint16_t type = p ? pp_be16(p + 12) : 0;

	if (type != TYPE_VLAN)
		return type;
	p = pp_cur_fixed(cur, 4);
	if (!p)
		return 0;
	*outer_hash = pp_outer_hash(0, pp_be16(p) & 0x0fff);
	return pp_be16(p + 2);
}

/* Of a header of `len` bytes with the numbers of hardware and protocol at these places. */
static PP_ALWAYS uint16_t cooked_type(struct pp_cur *cur, size_t len, size_t hardware, size_t protocol)
{
	const uint8_t *p = pp_cur_fixed(cur, len);

	if (!p || (pp_be16(p + hardware) != HARDWARE_ETHERNET && pp_be16(p + hardware) != HARDWARE_LOOPBACK))
		return 0;
	return pp_be16(p + protocol);
}

/* The ethertype of what follows the link layer's header, 0 for what is not plain; moves behind that header. */
static PP_ALWAYS uint16_t link_type_of(uint16_t link_type, struct pp_cur *cur, uint32_t *outer_hash)
{
	switch (link_type) {
	case LINK_ETHERNET:
		return ethernet_type(cur, outer_hash);
	case LINK_RAW:
		return pp_cur_peek(cur, 0) >> 4 == 4 ? TYPE_IP4 : TYPE_IP6;
	case LINK_SLL:
		return cooked_type(cur, SLL_HEADER, 2, 14);
	case LINK_SLL2:
		return cooked_type(cur, SLL2_HEADER, 8, 0);
	default:
		return 0;
	}
}

static PP_ALWAYS bool take_segment(struct pp_cur cur, const struct plain_ip *ip, struct pp_packet *packet)
{
	if (!take_tcp(cur, ip, packet))
		return false;
	take_ip(ip, packet);
	return true;
}

static PP_ALWAYS bool take_packet(struct pp_cur cur, uint16_t type, struct pp_packet *packet)
{
	struct plain_ip ip;

	if (type == TYPE_IP4 ? !plain_ip4(cur, &ip) : type != TYPE_IP6 || !plain_ip6(cur, &ip))
		return false;
	return take_segment(cur, &ip, packet);
}

bool pp_decode_plain(uint16_t link_type, const uint8_t *data, uint32_t caplen, struct pp_packet *ret_packet)
{
	struct pp_cur cur = pp_cur(data, caplen, PP_TRUNCATED);
	uint32_t outer_hash = 0;
	uint16_t type = link_type_of(link_type, &cur, &outer_hash);

	ret_packet->outer_hash = outer_hash;
	return take_packet(cur, type, ret_packet);
}

/* The words of a header that tell what it is, some of their bits aside. */
static PP_ALWAYS uint32_t differs(const uint8_t *p, const uint8_t usual[4], const uint8_t mask[4])
{
	uint32_t word, usual_word, mask_word;

	memcpy(&word, p, sizeof(word));
	memcpy(&usual_word, usual, sizeof(word));
	memcpy(&mask_word, mask, sizeof(word));
	return (word ^ usual_word) & mask_word;
}

/* A whole packet of Ethernet, IPv4 without options and TCP. */
static PP_ALWAYS bool is_usual(const uint8_t *p)
{
	/* ethertype, version with length */
	static const uint8_t type[4] = { TYPE_IP4 >> 8, TYPE_IP4 & 0xff, IP4_VERSION_LENGTH };
	static const uint8_t type_mask[4] = { 0xff, 0xff, 0xff };
	/* fragment, protocol */
	static const uint8_t whole[4] = { [3] = PROTO_TCP }, whole_mask[4] = { IP4_FRAGMENT >> 8, 0xff, 0, 0xff };

	return (differs(p + ETHERNET_HEADER - 2, type, type_mask) | differs(p + USUAL_IP + 6, whole, whole_mask)) == 0;
}

/* The same of IPv6 without extension headers. */
static PP_ALWAYS bool is_usual_ip6(const uint8_t *p)
{
	static const uint8_t type[4] = { TYPE_IP6 >> 8, TYPE_IP6 & 0xff, 6 << 4 };
	static const uint8_t type_mask[4] = { 0xff, 0xff, 0xf0 };

	return differs(p + ETHERNET_HEADER - 2, type, type_mask) == 0 && p[USUAL_IP + 6] == PROTO_TCP;
}

/* A TCP header that says the time behind what it must say, and nothing else. */
static PP_ALWAYS bool is_stamped(const uint8_t *tcp)
{
	return (tcp[12] & OFFSET_BITS) == STAMPED_OFFSET && pp_be32(tcp + TCP_HEADER) == NOP_NOP_TIMESTAMPS;
}

/* The window, the flags, and which options there are; `p` is where the header's length stands. */
static PP_ALWAYS void put_window(struct pp_tcp_header *tcp, const uint8_t *p, enum pp_tcp_option options)
{
	uint32_t word = (pp_be32(p) & 0xffffff) | (uint32_t)options << 24;

	_Static_assert(offsetof(struct pp_tcp_header, flags) == offsetof(struct pp_tcp_header, window) + 2 &&
			   offsetof(struct pp_tcp_header, options) == offsetof(struct pp_tcp_header, window) + 3,
		       "one word");
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		word = word << 16 | (word >> 16 & 0xff) << 8 | word >> 24;
	memcpy((unsigned char *)tcp + offsetof(struct pp_tcp_header, window), &word, sizeof(word));
}

static PP_ALWAYS void put_ports(struct pp_packet *packet, const uint8_t *p)
{
	uint32_t ports = pp_be32(p);

	_Static_assert(offsetof(struct pp_packet, sport) == offsetof(struct pp_packet, dport) + 2, "one word");
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		ports = ports >> 16 | ports << 16;
	memcpy((unsigned char *)packet + offsetof(struct pp_packet, dport), &ports, sizeof(ports));
}

/* All but the TCP options of such a packet, which begins at `ip`.  What is always the same is written a word at a time. */
static PP_ALWAYS void take_usual(const uint8_t *ip, size_t ip_header, size_t tcp_header, size_t payload_len,
				 struct pp_packet *packet)
{
	enum {
		HEAD = offsetof(struct pp_packet, ttl) + 1,
		NONE = offsetof(struct pp_packet, unknown), /* and `outer_hash` */
	};
	static const struct pp_packet like = { .kind = PP_PACKET_TCP, .protocol = PROTO_TCP, .ip_version = 4 },
				      like_ip6 = { .kind = PP_PACKET_TCP, .protocol = PROTO_TCP, .ip_version = 6 };
	const uint8_t *tcp = ip + ip_header;

	memcpy(packet, ip_header == IP4_HEADER ? &like : &like_ip6, HEAD);
	memset((unsigned char *)packet + NONE, 0, offsetof(struct pp_packet, tcp) - NONE);
	take_ip(&(struct plain_ip){ ip, ip_header, 0 }, packet);
	put_ports(packet, tcp);
	packet->payload_len = (uint32_t)payload_len;
	packet->payload_view = (struct pp_span){ tcp + tcp_header, payload_len };
	packet->ip_view = (struct pp_span){ ip, ip_header + tcp_header + payload_len };
	put_pair(&packet->tcp, offsetof(struct pp_tcp_header, ack), tcp + 4);
}

/* The same with time stamps for options. */
static PP_ALWAYS void take_stamped(const uint8_t *ip, size_t ip_header, size_t payload_len, struct pp_packet *packet)
{
	enum { TAIL = offsetof(struct pp_tcp_header, option_order) };
	static const struct pp_tcp_header like = { .option_order = KIND_TIMESTAMPS };
	const uint8_t *tcp = ip + ip_header;

	take_usual(ip, ip_header, TCP_HEADER + TIMESTAMPS_LEN, payload_len, packet);
	put_pair(&packet->tcp, offsetof(struct pp_tcp_header, ts_ecr), tcp + TCP_HEADER + 4);
	memcpy((unsigned char *)&packet->tcp + TAIL, (const unsigned char *)&like + TAIL,
	       offsetof(struct pp_tcp_header, window) - TAIL);
	put_window(&packet->tcp, tcp + 12, PP_OPT_TIMESTAMPS);
}

static PP_ALWAYS bool decode_usual_ip6(struct pp_cur cur, struct pp_packet *packet)
{
	const uint8_t *p = pp_cur_fixed(&cur, USUAL_IP + IP6_HEADER + TCP_HEADER + TIMESTAMPS_LEN);
	size_t payload_len;

	if (!p || !is_usual_ip6(p) || !is_stamped(p + USUAL_IP + IP6_HEADER))
		return false;
	payload_len = (size_t)pp_be16(p + USUAL_IP + 4) - TCP_HEADER - TIMESTAMPS_LEN;
	if (payload_len > pp_cur_left(&cur))
		return false;
	take_stamped(p + USUAL_IP, IP6_HEADER, payload_len, packet);
	return true;
}

/* A frame with room for such a packet: all its places are known when this is compiled. */
static PP_ALWAYS bool decode_stamped(struct pp_cur cur, struct pp_packet *packet)
{
	struct pp_cur start = cur;
	const uint8_t *p = pp_cur_fixed(&cur, STAMPED_HEADER);
	size_t payload_len; /* more than there is where the packet has no room for its headers */

	if (!is_usual(p))
		return decode_usual_ip6(start, packet);
	if (!is_stamped(p + USUAL_TCP))
		return false;
	payload_len = (size_t)pp_be16(p + USUAL_IP + 2) - (STAMPED_HEADER - USUAL_IP);
	if (payload_len > pp_cur_left(&cur))
		return false;
	take_stamped(p + USUAL_IP, IP4_HEADER, payload_len, packet);
	return true;
}

/* … and with any other options. */
static PP_ALWAYS bool decode_optioned(struct pp_cur cur, struct pp_packet *packet)
{
	const uint8_t *p = pp_cur_fixed(&cur, USUAL_HEADER);
	struct pp_span options;
	size_t payload_len;

	if (!p || !is_usual(p))
		return false;
	options = pp_cur_take(&cur, (size_t)(p[USUAL_TCP + 12] >> 4) * 4 - TCP_HEADER);
	payload_len = (size_t)pp_be16(p + USUAL_IP + 2) - (USUAL_HEADER - USUAL_IP) - options.len;
	if (!pp_cur_ok(&cur) || payload_len > pp_cur_left(&cur))
		return false;
	take_usual(p + USUAL_IP, IP4_HEADER, TCP_HEADER + options.len, payload_len, packet);
	put_window(&packet->tcp, p + USUAL_TCP + 12, 0);
	plain_options(options, &packet->tcp);
	return true;
}

/* Nearly every frame of most captures. */
static PP_ALWAYS bool decode_usual(uint16_t link_type, const uint8_t *data, uint32_t caplen, struct pp_packet *packet)
{
	struct pp_cur cur = pp_cur(data, caplen, PP_TRUNCATED);

	if (link_type != LINK_ETHERNET)
		return false;
	return (pp_cur_left(&cur) >= STAMPED_HEADER && decode_stamped(cur, packet)) || decode_optioned(cur, packet);
}

static void decode_unusual(uint16_t link_type, const uint8_t *data, uint32_t caplen, uint32_t len,
			   struct pp_packet *packet)
{
	if (!pp_decode_plain(link_type, data, caplen, packet))
		pp_decode_walk(link_type, data, caplen, len, packet);
}

void pp_decode(uint16_t link_type, const uint8_t *data, uint32_t caplen, uint32_t len, struct pp_packet *ret_packet)
{
	if (!decode_usual(link_type, data, caplen, ret_packet))
		decode_unusual(link_type, data, caplen, len, ret_packet);
}

void pp_decode_frames(const struct pp_frame *frames, size_t count, struct pp_packet *ret_packets)
{
	for (size_t i = 0; i < count; i++) {
		const struct pp_frame *frame = &frames[i];
		struct pp_packet *packet = &ret_packets[i];

		if (!decode_usual(frame->link_type, frame->data_view, frame->caplen, packet))
			decode_unusual(frame->link_type, frame->data_view, frame->caplen, frame->len, packet);
	}
}

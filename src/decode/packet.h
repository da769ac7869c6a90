/* packet: one frame's headers as plain facts.
 *
 * Shape   pp_decode() walks link layer, tags, tunnels, IP and the transport header of one frame and fills one struct.
 *         It allocates nothing and keeps no state; fragments are handed to pp_ipfrag (decode/ipfrag.h), which gives
 *         back a whole datagram for pp_decode_ip().
 * Units   lengths in bytes; everything in host order.
 * Errors  none: what could not be decoded is `kind` PP_PACKET_OTHER with `unknown` naming the layer, or `cut`/`bad`.
 * Owns    nothing; views point into the frame.  Only the members of the packet's own kind mean anything.
 * Limits  at most PP_LAYERS_MAX nested headers, so that tunnels in tunnels end.
 * Source  RFC 791, 8200, 9293, 768, 792, 4443, 826, 4861; IEEE 802.3/802.1Q/802.11; LINKTYPE pages of tcpdump.org.
 */
#ifndef PP_DECODE_PACKET_H
#define PP_DECODE_PACKET_H

#include "base/addr.h"
#include "base/cur.h"
#include "source/source.h"

#include <stdalign.h>

enum { PP_LAYERS_MAX = 24, PP_SACK_MAX = 4 };

enum pp_packet_kind {
	PP_PACKET_OTHER, /* nothing we follow; `unknown` says what, when it is a layer we do not know */
	PP_PACKET_TCP,
	PP_PACKET_UDP,
	PP_PACKET_ICMP,      /* ICMP and ICMPv6, errors and the rest; ND messages are PP_PACKET_NEIGHBOUR */
	PP_PACKET_NEIGHBOUR, /* ARP request/reply, ICMPv6 neighbour solicitation/advertisement */
	PP_PACKET_FRAGMENT,  /* part of an IP datagram: give it to pp_ipfrag */
};

enum pp_tcp_flag {
	PP_TCP_FIN = 0x01,
	PP_TCP_SYN = 0x02,
	PP_TCP_RST = 0x04,
	PP_TCP_PSH = 0x08,
	PP_TCP_ACK = 0x10,
	PP_TCP_URG = 0x20,
	PP_TCP_ECE = 0x40,
	PP_TCP_CWR = 0x80,
};

enum pp_tcp_option {
	PP_OPT_MSS = 0x01,
	PP_OPT_WSCALE = 0x02,
	PP_OPT_SACK_PERMITTED = 0x04,
	PP_OPT_TIMESTAMPS = 0x08,
	PP_OPT_SACK = 0x10,
	PP_OPT_FAST_OPEN = 0x20, /* RFC 7413 cookie or request */
};

/* Pairs that lie side by side on the wire lie the other way round here, so that one word in host order holds both. */
struct pp_tcp_header {
	uint32_t ack, seq;
	uint32_t ts_ecr, ts_val;
	uint32_t option_order; /* a stack's fingerprint: the first eight kinds but NOPs, one hexadecimal digit each in
				* the order they are written, f for kinds above 14 */
	uint16_t mss;
	uint8_t wscale;
	uint8_t sack_count;
	uint16_t window;
	uint8_t flags;   /* enum pp_tcp_flag */
	uint8_t options; /* enum pp_tcp_option: which were present and well formed */
	struct {
		uint32_t left, right;
	} sack[PP_SACK_MAX];
};

/* The segment an ICMP error quotes (RFC 792: at least 8 bytes past its IP header). */
struct pp_icmp_quote {
	bool present;
	struct pp_addr src, dst;
	uint8_t protocol;
	uint8_t ttl;
	uint16_t sport, dport;
	bool has_seq;
	uint32_t seq;     /* TCP only */
	uint8_t tcp_hlen; /* data offset byte of the quoted TCP header when there are 13 bytes of it; else 0 */
};

/* What a TCP segment is made of comes first and fills two cache lines, but for what SACK says. */
struct pp_packet {
	alignas(64) uint8_t kind; /* enum pp_packet_kind */
	bool bad;           /* a header lies about its length or version; what could be read is there all the same */
	uint8_t ip_version; /* 4, and both addresses are; 6, or 0 when there is no IP */
	bool cut;           /* headers or payload are missing at the end: snap length, or a mirror that cuts */
	uint8_t tunnels;    /* encapsulations around this IP header (GRE, VXLAN, …) */
	uint8_t protocol;   /* IANA number of the transport */
	bool df;
	uint8_t ttl; /* hop limit for IPv6 */
	struct pp_addr src, dst;
	uint16_t dport, sport;
	uint32_t payload_len;        /* by the headers; more than payload_view.len when cut */
	struct pp_span payload_view; /* as captured */
	struct pp_span ip_view;      /* the IP packet from its first header byte, as captured: for nDPI */
	const char *unknown;         /* static name of the layer that stopped decoding, or NULL */
	uint32_t outer_hash;         /* distinguishes equal inner packets in different tunnels/VLANs; 0 without any */
	uint16_t ip_id;              /* 0 but for IPv4 */
	struct pp_tcp_header tcp;

	/* PP_PACKET_ICMP */
	uint8_t icmp_type, icmp_code;
	uint32_t icmp_mtu; /* next-hop MTU of "fragmentation needed" / "packet too big", else 0 */
	struct pp_icmp_quote quote;

	/* PP_PACKET_NEIGHBOUR: `src` asks for or answers about `neighbour` */
	bool neighbour_reply;
	struct pp_addr neighbour;

	/* PP_PACKET_FRAGMENT */
	uint32_t frag_id;
	uint32_t frag_offset; /* bytes */
	bool frag_more;
	uint8_t frag_protocol; /* the protocol to go on with, from the first fragment */
};

/* TCP whose headers are in order: asked of every packet, so both bytes are compared at once. */
static inline bool pp_packet_is_sound_tcp(const struct pp_packet *packet)
{
	static const uint8_t sound[2] = { PP_PACKET_TCP, false };
	uint16_t is, want;

	_Static_assert(offsetof(struct pp_packet, kind) == 0 && offsetof(struct pp_packet, bad) == 1, "side by side");
	memcpy(&is, packet, sizeof(is));
	memcpy(&want, sound, sizeof(want));
	return is == want;
}

/* `data` holds `caplen` of the frame's `len` bytes. */
void pp_decode(uint16_t link_type, const uint8_t *data, uint32_t caplen, uint32_t len, struct pp_packet *ret_packet);

/* The same for frames in a row. */
void pp_decode_frames(const struct pp_frame *frames, size_t count, struct pp_packet *ret_packets);

/* Continues behind an IP header that has been dealt with: `packet` keeps its addresses, `payload` is the whole datagram
 * body of protocol `protocol`. */
void pp_decode_transport(struct pp_packet *packet, uint8_t protocol, struct pp_span payload, uint32_t payload_len);

#endif

/* signature: tells a copy of a segment, made by the capture, from a segment sent again; private to flow/. */
#ifndef PP_FLOW_SIGNATURE_H
#define PP_FLOW_SIGNATURE_H

#include "decode/packet.h"

enum {
	PP_DUPLICATE_US = 5000,       /* CAP-04 */
	PP_DUPLICATE_SYN_US = 200000, /* no stack repeats a SYN that early */
};

/* All that a copy shares with its original; the TTL may differ by the hop between two capture points.  Fields side by side
 * are taken as they lie in memory: a signature never leaves the process. */
static PP_ALWAYS uint32_t pp_signature(const struct pp_packet *packet)
{
	const struct pp_tcp_header *tcp = &packet->tcp;
	uint64_t numbers, times, mix;
	uint32_t rest; /* window, flags and which options there are */

	_Static_assert(offsetof(struct pp_tcp_header, seq) == offsetof(struct pp_tcp_header, ack) + 4 &&
			   offsetof(struct pp_tcp_header, ts_val) == offsetof(struct pp_tcp_header, ts_ecr) + 4 &&
			   offsetof(struct pp_tcp_header, flags) == offsetof(struct pp_tcp_header, window) + 2 &&
			   offsetof(struct pp_tcp_header, options) == offsetof(struct pp_tcp_header, window) + 3,
		       "each is one word");
	memcpy(&numbers, (const unsigned char *)tcp + offsetof(struct pp_tcp_header, ack), sizeof(numbers));
	memcpy(&times, (const unsigned char *)tcp + offsetof(struct pp_tcp_header, ts_ecr), sizeof(times));
	memcpy(&rest, (const unsigned char *)tcp + offsetof(struct pp_tcp_header, window), sizeof(rest));
	mix = numbers * 0x9e3779b97f4a7c15ULL + times * 0xbf58476d1ce4e5b9ULL;
	mix += ((uint64_t)packet->ip_id << 48 ^ (uint64_t)packet->payload_len << 32 ^ rest) * 0x94d049bb133111ebULL;
	if (tcp->sack_count)
		mix ^= tcp->sack[0].right ^ tcp->sack[0].left;
	return (uint32_t)(mix >> 32) | 1;
}

static PP_ALWAYS bool pp_has_ip_id(const struct pp_packet *packet) { return packet->ip_id != 0; }

/* Who sends again counts the ID up and takes the time: where both are the same it is a copy, however long after by the
 * clock of another capture point. */
static PP_ALWAYS bool pp_has_id_and_time(const struct pp_packet *packet)
{
	return pp_has_ip_id(packet) && packet->tcp.options & PP_OPT_TIMESTAMPS;
}

#endif

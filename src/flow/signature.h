/* signature: tells a copy of a segment, made by the capture, from a segment sent again; private to flow/. */
#ifndef PP_FLOW_SIGNATURE_H
#define PP_FLOW_SIGNATURE_H

#include "decode/packet.h"

enum {
	PP_DUPLICATE_US = 5000,       /* CAP-04 */
	PP_DUPLICATE_SYN_US = 200000, /* no stack repeats a SYN that early */
};

/* All that a copy shares with its original; the TTL may differ by the hop between two capture points. */
static inline uint32_t pp_signature(const struct pp_packet *packet)
{
	uint64_t mix = ((uint64_t)packet->tcp.seq << 32 | packet->tcp.ack) * 0x9e3779b97f4a7c15ULL;

	mix += ((uint64_t)packet->tcp.ts_val << 32 | packet->tcp.ts_ecr) * 0xbf58476d1ce4e5b9ULL;
	mix += ((uint64_t)packet->payload_len << 40 ^ (uint64_t)packet->tcp.flags << 32 ^
		(uint64_t)packet->tcp.window << 16 ^ packet->ip_id) *
	       0x94d049bb133111ebULL;
	if (packet->tcp.sack_count)
		mix ^= packet->tcp.sack[0].right ^ packet->tcp.sack[0].left;
	return (uint32_t)(mix >> 32) | 1;
}

static inline bool pp_has_ip_id(const struct pp_packet *packet)
{
	return packet->ip_version == 4 && packet->ip_id != 0;
}

#endif

/* GRE (RFC 2784, 2890; source routes RFC 1701), its version 1 for PPTP (RFC 2637), and what Cisco and others carry in
 * it: ERSPAN (draft-foschiano-erspan), WCCP (draft-wilson-wrec-wccp-v2), MikroTik's EoIP.
 */
#include "decode/layer.h"

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080, /* version 1 only */

	GRE_WCCP = 0x883e,
	GRE_PPP = 0x880b,
	GRE_EOIP = 0x6400,
	GRE_ERSPAN = 0x88be,
	GRE_ERSPAN_3 = 0x22eb,

	ERSPAN_HEADER = 8,
	ERSPAN_3_HEADER = 12,
	ERSPAN_3_SUBHEADER = 8,
};

/* Type I, told by the absence of sequence numbers, has no header at all. */
static void decode_erspan(struct pp_walk *walk, bool has_header)
{
	if (has_header && !pp_walk_skip(walk, ERSPAN_HEADER))
		return;
	pp_decode_ethernet(walk);
}

/* The last bit of the header announces a platform-specific subheader; bits 14-10 of its word are the frame type. */
static void decode_erspan_3(struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t last;

	if (!pp_walk_header(walk, ERSPAN_3_HEADER, &header))
		return;
	pp_cur_skip(&header, ERSPAN_3_HEADER - 2);
	last = pp_cur_u16(&header);
	if ((last & 0x0001) && !pp_walk_skip(walk, ERSPAN_3_SUBHEADER))
		return;
	if ((last & 0x7c00) == 0)
		pp_decode_ethernet(walk);
	else
		pp_walk_unknown(walk, "ERSPAN frame type");
}

/* WCCP 2 puts four bytes before the IP packet, version 1 none. */
static void decode_wccp(struct pp_walk *walk)
{
	int first = pp_cur_peek(&walk->cur, 0);

	if (first >> 4 != 4 && !pp_walk_skip(walk, 4))
		return;
	pp_decode_ethertype(walk, 0x0800);
}

static void decode_payload(struct pp_walk *walk, uint16_t type, bool has_sequence)
{
	switch (type) {
	case 0x0800:
	case 0x0806:
	case 0x6558:
	case 0x86dd:
	case 0x8847:
	case 0x8848:
	case 0x8909:
	case 0x894f:
		pp_decode_ethertype(walk, type);
		break;
	case GRE_EOIP:
		pp_decode_ethertype(walk, 0x6558);
		break;
	case GRE_PPP:
		pp_decode_ppp(walk);
		break;
	case GRE_WCCP:
		decode_wccp(walk);
		break;
	case GRE_ERSPAN:
		decode_erspan(walk, has_sequence);
		break;
	case GRE_ERSPAN_3:
		decode_erspan_3(walk);
		break;
	default:
		pp_walk_unknown(walk, "GRE protocol");
		break;
	}
}

/* RFC 1701: address family, offset, length, address, until all are zero. */
static bool skip_routes(struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t family;
	uint8_t length;

	do {
		if (!pp_walk_header(walk, 4, &header))
			return false;
		family = pp_cur_u16(&header);
		pp_cur_skip(&header, 1);
		length = pp_cur_u8(&header);
		if (!pp_walk_skip(walk, length))
			return false;
	} while (family != 0 || length != 0);
	return true;
}

void pp_decode_gre(struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t flags, type;

	if (!pp_walk_header(walk, 4, &header))
		return;
	flags = pp_cur_u16(&header);
	type = pp_cur_u16(&header);
	if ((flags & (GRE_CHECKSUM | GRE_ROUTING)) && !pp_walk_skip(walk, 4))
		return;
	if (flags & GRE_KEY) {
		if (!pp_walk_header(walk, 4, &header))
			return;
		if (type != GRE_PPP) /* there it is a length and a call id of one direction */
			pp_walk_outer(walk, pp_cur_u32(&header));
	}
	if ((flags & GRE_SEQUENCE) && !pp_walk_skip(walk, 4))
		return;
	if (type == GRE_PPP && (flags & GRE_ACK) && !pp_walk_skip(walk, 4))
		return;
	if ((flags & GRE_ROUTING) && !skip_routes(walk))
		return;
	decode_payload(walk, type, flags & GRE_SEQUENCE);
}

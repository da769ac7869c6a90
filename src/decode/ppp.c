/* PPP (RFC 1661, in HDLC-like framing RFC 1662), over Ethernet (RFC 2516), and Cisco's HDLC, which shares its lines. */
#include "decode/layer.h"

enum {
	PPP_ADDRESS = 0xff,
	PPP_CONTROL = 0x03,
	CHDLC_UNICAST = 0x0f,
	CHDLC_MULTICAST = 0x8f,
};

/* RFC 3518 section 4.3: flags, MAC type, then padding as the flags say and a bridged frame. */
static void decode_bcp(struct pp_walk *walk)
{
	struct pp_cur header;
	uint8_t flags, mac_type;

	if (!pp_walk_header(walk, 2, &header))
		return;
	flags = pp_cur_u8(&header);
	mac_type = pp_cur_u8(&header);
	if (mac_type != 1 || (flags & 0x40)) { /* 1: Ethernet; 0x40: LAN id field present */
		pp_walk_unknown(walk, "PPP bridging");
		return;
	}
	pp_decode_ethernet(walk);
}

void pp_decode_ppp_protocol(struct pp_walk *walk, uint16_t protocol)
{
	if (!pp_walk_deeper(walk))
		return;
	switch (protocol) {
	case 0x0021:
	case 0x0800:
		pp_decode_ip4(walk);
		break;
	case 0x0031:
		decode_bcp(walk);
		break;
	case 0x0057:
	case 0x86dd:
		pp_decode_ip6(walk);
		break;
	case 0x0281:
	case 0x0283:
		pp_decode_mpls(walk);
		break;
	default:
		pp_walk_unknown(walk, "PPP protocol");
		break;
	}
}

/* The protocol field, one byte when the peers agreed to compress it: only then is its first byte odd. */
static void decode_after_control(struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t protocol;

	if (!pp_walk_header(walk, 1, &header))
		return;
	protocol = pp_cur_u8(&header);
	if (!(protocol & 1)) {
		if (!pp_walk_header(walk, 1, &header))
			return;
		protocol = (uint16_t)(protocol << 8 | pp_cur_u8(&header));
	}
	pp_decode_ppp_protocol(walk, protocol);
}

/* Address and control field may be there or compressed away. */
void pp_decode_ppp(struct pp_walk *walk)
{
	struct pp_cur header;

	if (pp_walk_look(walk, 2, &header) && pp_cur_u16(&header) == (PPP_ADDRESS << 8 | PPP_CONTROL))
		(void)pp_walk_skip(walk, 2);
	decode_after_control(walk);
}

void pp_decode_ppp_hdlc(struct pp_walk *walk)
{
	int address = pp_cur_peek(&walk->cur, 0);

	if (address == CHDLC_UNICAST || address == CHDLC_MULTICAST)
		pp_decode_chdlc(walk);
	else
		pp_decode_ppp(walk);
}

/* A direction stands in place of the address (PPP_PPPD) or before everything (PPP_WITH_DIR); a control field behind it
 * tells the first. */
void pp_decode_ppp_with_dir(struct pp_walk *walk)
{
	if (!pp_walk_skip(walk, 1))
		return;
	if (pp_cur_peek(&walk->cur, 0) == PPP_CONTROL) {
		(void)pp_walk_skip(walk, 1);
		decode_after_control(walk);
	} else {
		pp_decode_ppp(walk);
	}
}

/* Version and type, code, session, length; only code 0 carries PPP. */
void pp_decode_pppoe(struct pp_walk *walk)
{
	struct pp_cur header;
	uint8_t code;
	uint16_t length;

	if (!pp_walk_header(walk, 6, &header))
		return;
	pp_cur_skip(&header, 1);
	code = pp_cur_u8(&header);
	pp_walk_outer(walk, pp_cur_u16(&header));
	length = pp_cur_u16(&header);
	if (code != 0) {
		pp_walk_unknown(walk, "PPPoE discovery");
		return;
	}
	pp_walk_bound(walk, length);
	pp_decode_ppp(walk);
}

/* Address, control, ethertype.  IP may be of either version here: some rewriting tools leave 0x0800 everywhere. */
void pp_decode_chdlc(struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t type;

	if (!pp_walk_header(walk, 4, &header))
		return;
	pp_cur_skip(&header, 2);
	type = pp_cur_u16(&header);
	if (type == 0x0800 && pp_walk_deeper(walk))
		pp_decode_ip(walk);
	else
		pp_decode_ethertype(walk, type);
}

void pp_decode_chdlc_with_dir(struct pp_walk *walk)
{
	if (pp_walk_skip(walk, 1))
		pp_decode_chdlc(walk);
}

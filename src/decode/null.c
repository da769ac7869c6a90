/* BSD loopback: a 4-byte address family before the packet.
 *
 * In which byte order is not recorded, and there are more forms than two (Wireshark's packet-null.c tells the story):
 *   AA 00 00 00   NULL of a little-endian host
 *   00 00 00 AA   NULL of a big-endian host, and LOOP
 *   00 AA 00 00   IRIX: 16 bits of family, 16 of nothing
 *   00 00 EE EE   old Linux: an ethertype
 *   ff 03 PP PP   not a family at all: PPP
 * Families are small numbers, so the forms cannot be confused.
 */
#include "decode/layer.h"

static uint32_t family(uint32_t value)
{
	if (value > 0xffff && (value >> 24 == 0) && value >> 16 < 0x0006)
		return value >> 16;
	if (value > 0xffff)
		return __builtin_bswap32(value);
	return value;
}

static void decode_by_family(struct pp_walk *walk, uint32_t number)
{
	switch (number) {
	case 2:  /* AF_INET everywhere */
	case 10: /* AF_INET6 of Linux */
	case 23: /* Windows */
	case 24: /* NetBSD, OpenBSD, Npcap */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		pp_decode_ip(walk);
		break;
	default:
		pp_walk_unknown(walk, "address family");
		break;
	}
}

void pp_decode_null(struct pp_walk *walk)
{
	struct pp_cur header;
	uint32_t number;

	if (!pp_walk_look(walk, 4, &header)) {
		pp_walk_short(walk);
		return;
	}
	number = pp_cur_u32(&header);
	if (number >> 16 == 0xff03) {
		pp_decode_ppp_hdlc(walk);
		return;
	}
	number = family(number);
	(void)pp_walk_skip(walk, 4);
	if (number > 1500 && number <= 0xffff)
		pp_decode_ethertype(walk, (uint16_t)number);
	else
		decode_by_family(walk, number);
}

#include "decode/layer.h"

/* Network Service Header (RFC 8300): length in 4-byte words in the low 6 bits of the second byte, next protocol in the
 * fourth. */
void pp_decode_nsh(struct pp_walk *walk)
{
	struct pp_cur header;
	size_t length;
	uint8_t next;

	if (!pp_walk_look(walk, 8, &header)) {
		pp_walk_short(walk);
		return;
	}
	pp_cur_skip(&header, 1);
	length = (pp_cur_u8(&header) & 0x3fu) * 4u;
	pp_cur_skip(&header, 1);
	next = pp_cur_u8(&header);
	if (length < 8) {
		walk->packet->bad = true;
		return;
	}
	if (!pp_walk_skip(walk, length))
		return;
	switch (next) {
	case 1:
		pp_decode_ethertype(walk, 0x0800);
		break;
	case 2:
		pp_decode_ethertype(walk, 0x86dd);
		break;
	case 3:
		pp_decode_ethertype(walk, 0x6558);
		break;
	case 4:
		pp_decode_ethertype(walk, 0x894f);
		break;
	case 5:
		pp_decode_ethertype(walk, 0x8847);
		break;
	default:
		pp_walk_unknown(walk, "NSH protocol");
		break;
	}
}

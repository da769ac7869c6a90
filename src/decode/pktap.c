#include "decode/layer.h"

enum { PKTAP_PACKET = 1 };

/* Darwin: header length, record type, link type of the packet, all little endian, then much that is not needed. */
void pp_decode_pktap(struct pp_walk *walk)
{
	struct pp_cur header;
	uint32_t length, record, link_type;

	if (!pp_walk_look(walk, 12, &header)) {
		pp_walk_short(walk);
		return;
	}
	length = pp_cur_u32le(&header);
	record = pp_cur_u32le(&header);
	link_type = pp_cur_u32le(&header);
	if (length < 12)
		walk->packet->bad = true;
	else if (record != PKTAP_PACKET)
		pp_walk_unknown(walk, "PKTAP record");
	else if (pp_walk_skip(walk, length))
		pp_decode_link(walk, link_type);
}

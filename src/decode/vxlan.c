/* VXLAN (RFC 7348) and its Generic Protocol Extension (draft-ietf-nvo3-vxlan-gpe). */
#include "decode/layer.h"

enum {
	VXLAN_HEADER = 8,
	VXLAN_HAS_VNI = 0x08, /* always set */
	GPE_HAS_PROTOCOL = 0x04,
};

/* Flags, reserved (2), next protocol of the extension, network identifier (3), reserved. */
static bool take_header(struct pp_walk *walk, uint8_t *ret_flags, uint8_t *ret_next)
{
	struct pp_cur header;

	if (!pp_walk_look(walk, VXLAN_HEADER, &header))
		return false;
	*ret_flags = pp_cur_u8(&header);
	if (!(*ret_flags & VXLAN_HAS_VNI))
		return false;
	pp_cur_skip(&header, 2);
	*ret_next = pp_cur_u8(&header);
	pp_walk_outer(walk, pp_cur_u24(&header));
	return pp_walk_skip(walk, VXLAN_HEADER);
}

bool pp_decode_vxlan(struct pp_walk *walk)
{
	uint8_t flags, next;

	if (!take_header(walk, &flags, &next))
		return false;
	pp_decode_ethernet(walk);
	return true;
}

bool pp_decode_vxlan_gpe(struct pp_walk *walk)
{
	uint8_t flags, next;

	if (!take_header(walk, &flags, &next))
		return false;
	if (!(flags & GPE_HAS_PROTOCOL) && next == 0)
		next = 3; /* a sender of plain VXLAN */
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
		pp_walk_unknown(walk, "VXLAN protocol");
		break;
	}
	return true;
}

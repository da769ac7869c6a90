#include "decode/layer.h"

/* GENEVE (RFC 8926): version (2 bits), option length in words (6 bits), flags, ethertype, network identifier (3),
 * reserved, options. */
bool pp_decode_geneve(struct pp_walk *walk)
{
	struct pp_cur header;
	uint8_t first;
	size_t length;
	uint16_t type;

	if (!pp_walk_look(walk, 8, &header))
		return false;
	first = pp_cur_u8(&header);
	length = 8 + (first & 0x3fu) * 4u;
	pp_cur_skip(&header, 1);
	type = pp_cur_u16(&header);
	if (first >> 6 != 0 || length > pp_walk_len(walk))
		return false;
	pp_walk_outer(walk, pp_cur_u24(&header));
	if (pp_walk_skip(walk, length))
		pp_decode_ethertype(walk, type);
	return true;
}

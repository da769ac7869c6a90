/* L2TP version 2 over UDP (RFC 2661 section 3.1); control messages stay UDP. */
#include "decode/layer.h"

enum {
	L2TP_CONTROL = 0x8000,
	L2TP_LENGTH = 0x4000,
	L2TP_SEQUENCE = 0x0800,
	L2TP_OFFSET = 0x0200,
};

bool pp_decode_l2tp(struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t flags, length, offset = 0;
	size_t len = 6;

	if (!pp_walk_look(walk, 2, &header))
		return false;
	flags = pp_cur_u16(&header);
	if ((flags & 0x000f) != 2 || (flags & L2TP_CONTROL))
		return false;
	len += (flags & L2TP_LENGTH ? 2 : 0) + (flags & L2TP_SEQUENCE ? 4 : 0) + (flags & L2TP_OFFSET ? 2 : 0);
	if (!pp_walk_look(walk, len, &header))
		return false;
	pp_cur_skip(&header, 2);
	if (flags & L2TP_LENGTH) {
		length = pp_cur_u16(&header);
		if (length < len || length > pp_walk_len(walk))
			return false;
		pp_walk_trim(walk, length);
	}
	pp_walk_outer(walk, pp_cur_u32(&header)); /* tunnel and session */
	pp_cur_skip(&header, flags & L2TP_SEQUENCE ? 4 : 0);
	if (flags & L2TP_OFFSET)
		offset = pp_cur_u16(&header);
	if (pp_walk_skip(walk, len + offset))
		pp_decode_ppp(walk);
	return true;
}

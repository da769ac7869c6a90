#include "decode/layer.h"

enum {
	JUNIPER_MAGIC = 0x4d4743,
	JUNIPER_NO_L2 = 0x02,
	JUNIPER_EXTENSION = 0x80,
};

/* Magic (3), flags, and when announced an extension that carries its length. */
void pp_decode_juniper_ether(struct pp_walk *walk)
{
	struct pp_cur header;
	uint32_t magic;
	uint8_t flags;

	if (!pp_walk_header(walk, 4, &header))
		return;
	magic = pp_cur_u24(&header);
	flags = pp_cur_u8(&header);
	if (magic != JUNIPER_MAGIC || (flags & JUNIPER_NO_L2)) {
		pp_walk_unknown(walk, "Juniper header");
		return;
	}
	if (flags & JUNIPER_EXTENSION) {
		if (!pp_walk_header(walk, 2, &header) || !pp_walk_skip(walk, pp_cur_u16(&header)))
			return;
	}
	pp_decode_ethernet(walk);
}

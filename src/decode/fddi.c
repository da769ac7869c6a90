#include "decode/layer.h"

/* Frame control, destination, source; LLC in the frames whose control is xL01.... */
void pp_decode_fddi(struct pp_walk *walk)
{
	struct pp_cur header;

	if (!pp_walk_header(walk, 13, &header))
		return;
	if ((pp_cur_u8(&header) & 0x70) == 0x50)
		pp_decode_llc(walk);
	else
		pp_walk_unknown(walk, "FDDI frame control");
}

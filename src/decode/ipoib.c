#include "decode/layer.h"

/* IP over InfiniBand (RFC 4391 section 6) behind the 40-byte global route header: ethertype, reserved. */
void pp_decode_ipoib(struct pp_walk *walk)
{
	struct pp_cur header;

	if (!pp_walk_header(walk, 44, &header))
		return;
	pp_cur_skip(&header, 40);
	pp_decode_ethertype(walk, pp_cur_u16(&header));
}

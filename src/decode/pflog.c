/* OpenBSD's packet filter log and its IPsec interface: a header of the kernel, then an IP packet. */
#include "decode/layer.h"

/* The first byte is the header's length without its padding to four bytes. */
void pp_decode_pflog(struct pp_walk *walk)
{
	int length = pp_cur_peek(&walk->cur, 0);

	if (length < 0)
		pp_walk_short(walk);
	else if (pp_walk_skip(walk, ((size_t)length + 3) & ~(size_t)3))
		pp_decode_ip(walk);
}

/* Address family, security parameter index, flags. */
void pp_decode_enc(struct pp_walk *walk)
{
	if (pp_walk_skip(walk, 12))
		pp_decode_ip(walk);
}

#include "decode/layer.h"

/* LISP data (RFC 9300 section 5.1): 8 bytes of flags, nonce, locators; then an IP packet. */
bool pp_decode_lisp(struct pp_walk *walk)
{
	int version = pp_cur_peek(&walk->cur, 8) >> 4;

	if (version != 4 && version != 6)
		return false;
	if (pp_walk_skip(walk, 8))
		pp_decode_ip(walk);
	return true;
}

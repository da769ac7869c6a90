/* Teredo (RFC 4380 section 5.1.1): IPv6 in UDP, possibly behind an authentication and an origin indication. */
#include "decode/layer.h"

enum { INDICATE_ORIGIN = 0x0000, INDICATE_AUTHENTICATION = 0x0001, ORIGIN = 8, AUTHENTICATION = 13 };

bool pp_decode_teredo(struct pp_walk *walk)
{
	struct pp_cur bytes = walk->cur;
	struct pp_cur at = bytes;
	int first;

	if (pp_cur_u16(&at) == INDICATE_AUTHENTICATION) {
		size_t identifiers = pp_cur_u8(&at);

		identifiers += pp_cur_u8(&at);
		pp_cur_skip(&bytes, AUTHENTICATION + identifiers);
	}
	at = bytes;
	if (pp_cur_u16(&at) == INDICATE_ORIGIN)
		pp_cur_skip(&bytes, ORIGIN);
	first = pp_cur_peek(&bytes, 0);
	if (first >> 4 != 6)
		return false;
	if (pp_walk_skip(walk, pp_cur_left(&walk->cur) - pp_cur_left(&bytes)))
		pp_decode_ip6(walk);
	return true;
}

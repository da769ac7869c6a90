/* ARCNET with the encapsulation of RFC 1201 (a split flag and a sequence number for its fragments) or RFC 1051. */
#include "decode/layer.h"

static void decode_by_system_code(struct pp_walk *walk, uint8_t code)
{
	struct pp_cur header;

	switch (code) {
	case 196: /* IPv6 */
	case 212: /* IP, RFC 1201 */
	case 213: /* ARP, RFC 1201 */
		if (!pp_walk_header(walk, 3, &header))
			return;
		if (pp_cur_u8(&header) != 0)
			pp_walk_unknown(walk, "ARCNET fragment");
		else
			pp_decode_ethertype(walk, code == 212 ? 0x0800 : code == 213 ? 0x0806 : 0x86dd);
		break;
	case 240:
		pp_decode_ethertype(walk, 0x0800);
		break; /* RFC 1051 */
	case 241:
		pp_decode_ethertype(walk, 0x0806);
		break;
	default:
		pp_walk_unknown(walk, "ARCNET system code");
		break;
	}
}

static void decode_arcnet(struct pp_walk *walk, size_t before_code)
{
	struct pp_cur header;

	if (!pp_walk_header(walk, before_code + 1, &header))
		return;
	pp_cur_skip(&header, before_code);
	decode_by_system_code(walk, pp_cur_u8(&header));
}

/* Source, destination. */
void pp_decode_arcnet(struct pp_walk *walk) { decode_arcnet(walk, 2); }

/* Source, destination, offset (2). */
void pp_decode_arcnet_linux(struct pp_walk *walk) { decode_arcnet(walk, 4); }

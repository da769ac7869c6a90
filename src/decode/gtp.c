/* GTP-U version 1 (3GPP TS 29.281 section 5): the user's packets between the parts of a mobile network. */
#include "decode/layer.h"

enum {
	GTP_VERSION_1 = 0x30, /* version 1, protocol type GTP */
	GTP_EXTENSION = 0x04,
	GTP_OPTIONAL = 0x07, /* any of extension, sequence number, N-PDU number: then all their fields are there */
	GTP_T_PDU = 255,     /* message type that carries a packet */
};

/* Each: length in 4-byte words with itself and the type of the next one, content, type of the next one. */
static bool skip_extensions(struct pp_walk *walk, uint8_t next)
{
	while (next != 0) {
		int words = pp_cur_peek(&walk->cur, 0);
		struct pp_cur extension;

		if (words == 0) {
			walk->packet->bad = true;
			return false;
		}
		if (words < 0) {
			pp_walk_short(walk);
			return false;
		}
		if (!pp_walk_header(walk, (size_t)words * 4, &extension))
			return false;
		pp_cur_skip(&extension, (size_t)words * 4 - 1);
		next = pp_cur_u8(&extension);
	}
	return true;
}

bool pp_decode_gtp(struct pp_walk *walk)
{
	struct pp_cur header;
	uint8_t flags, type, next = 0;
	uint16_t length;

	if (!pp_walk_look(walk, 8, &header))
		return false;
	flags = pp_cur_u8(&header);
	type = pp_cur_u8(&header);
	length = pp_cur_u16(&header);
	if ((flags & 0xf0) != GTP_VERSION_1 || type != GTP_T_PDU || length > pp_walk_len(walk) - 8)
		return false;
	pp_walk_outer(walk, pp_cur_u32(&header));
	(void)pp_walk_skip(walk, 8);
	pp_walk_trim(walk, length);
	if (flags & GTP_OPTIONAL) {
		if (!pp_walk_header(walk, 4, &header))
			return true;
		pp_cur_skip(&header, 3);
		next = pp_cur_u8(&header);
	}
	if (!(flags & GTP_EXTENSION) || skip_extensions(walk, next))
		pp_decode_ip(walk);
	return true;
}

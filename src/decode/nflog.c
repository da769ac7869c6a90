/* Linux netfilter log: family, version, group (2); then attributes of length and type in the byte order of the
 * capturing host, padded to four bytes.  One of them is the packet. */
#include "decode/layer.h"

enum {
	ATTRIBUTE_HEADER = 4,
	ATTRIBUTE_PAYLOAD = 9,
};

/* Little endian unless the length cannot be meant so: an attribute is shorter than 64 KiB minus its header, and its
 * type is below 256. */
static void read_attribute(struct pp_cur *header, uint32_t *ret_length, uint32_t *ret_type)
{
	struct pp_cur swapped = *header;

	*ret_length = pp_cur_u16le(header);
	*ret_type = pp_cur_u16le(header);
	if (*ret_type > 0xff) {
		*ret_length = pp_cur_u16(&swapped);
		*ret_type = pp_cur_u16(&swapped);
	}
}

void pp_decode_nflog(struct pp_walk *walk)
{
	struct pp_cur header;
	uint32_t length, type;

	if (!pp_walk_skip(walk, 4))
		return;
	for (;;) {
		if (!pp_walk_header(walk, ATTRIBUTE_HEADER, &header))
			return;
		read_attribute(&header, &length, &type);
		if (length < ATTRIBUTE_HEADER) {
			walk->packet->bad = true;
			return;
		}
		length -= ATTRIBUTE_HEADER;
		if (type == ATTRIBUTE_PAYLOAD)
			break;
		if (!pp_walk_skip(walk, (length + 3) & ~3u))
			return;
	}
	pp_walk_trim(walk, length);
	pp_decode_ip(walk);
}

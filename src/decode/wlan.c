/* IEEE 802.11 data frames, and the four headers capture cards put before them: radiotap, Prism, AVS and PPI.
 *
 * Only frames in the clear can be followed: protected ones stop here and say so.  802.11's own fragments are not put
 * together; IP senders avoid them.
 */
#include "decode/layer.h"

enum {
	TYPE_DATA = 2,
	SUBTYPE_NO_DATA = 0x4,
	SUBTYPE_QOS = 0x8,
	FLAG_TO_DS = 0x01,
	FLAG_FROM_DS = 0x02,
	FLAG_MORE_FRAGMENTS = 0x04,
	FLAG_PROTECTED = 0x40,
	FLAG_ORDER = 0x80, /* in QoS frames: an HT control field follows */
	QOS_AMSDU = 0x80,
	AVS_MAGIC = 0x80211, /* the 12 bits behind it are the version */
};

/* A-MSDU (section 9.3.2.2.2): each subframe is addresses, length, LLC; the first one is looked at. */
static void decode_amsdu(struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t length;

	if (!pp_walk_header(walk, 14, &header))
		return;
	pp_cur_skip(&header, 12);
	length = pp_cur_u16(&header);
	pp_walk_bound(walk, length);
	pp_decode_llc(walk);
}

/* `header` stands behind the first 24 bytes; the data may be padded to a multiple of four (radiotap flag). */
static void decode_data(struct pp_walk *walk, unsigned subtype, unsigned flags, bool padded)
{
	bool four_addresses = (flags & FLAG_TO_DS) && (flags & FLAG_FROM_DS);
	size_t length = four_addresses ? 6 : 0;
	struct pp_cur header;
	uint8_t qos = 0;

	if (four_addresses && !pp_walk_skip(walk, 6))
		return;
	if (subtype & SUBTYPE_QOS) {
		if (!pp_walk_header(walk, 2, &header))
			return;
		qos = pp_cur_u8(&header);
		length += 2;
		if ((flags & FLAG_ORDER) && !pp_walk_skip(walk, 4))
			return;
	}
	if (flags & FLAG_PROTECTED) {
		pp_walk_unknown(walk, "802.11 encryption");
		return;
	}
	if (padded && length % 4 != 0 && !pp_walk_skip(walk, 2))
		return;
	if (qos & QOS_AMSDU)
		decode_amsdu(walk);
	else
		pp_decode_llc(walk);
}

static void decode_wlan(struct pp_walk *walk, bool padded)
{
	struct pp_cur header;
	unsigned control, flags, fragment;

	if (!pp_walk_header(walk, 2, &header))
		return;
	control = pp_cur_u8(&header);
	flags = pp_cur_u8(&header);
	if ((control & 0x03) != 0 || (control >> 2 & 0x03) != TYPE_DATA || (control >> 4 & SUBTYPE_NO_DATA))
		return; /* management, control, or no data: nothing to follow */
	if (!pp_walk_header(walk, 22, &header))
		return;
	pp_cur_skip(&header, 20);
	fragment = pp_cur_u16le(&header) & 0x000f;
	if (fragment != 0 || (flags & FLAG_MORE_FRAGMENTS))
		pp_walk_unknown(walk, "802.11 fragment");
	else
		decode_data(walk, control >> 4, flags, padded);
}

void pp_decode_wlan(struct pp_walk *walk) { decode_wlan(walk, false); }

/* https://www.radiotap.org: fields in the order of the bits that announce them, each aligned to its size; wanted is
 * only the second one. */
static bool radiotap_padded(struct pp_cur fields)
{
	size_t whole = pp_cur_left(&fields);
	uint32_t present, more;

	pp_cur_skip(&fields, 4);
	more = present = pp_cur_u32le(&fields);
	while (more & 0x80000000)
		more = pp_cur_u32le(&fields);
	if (present & 0x1) { /* TSFT, 8 bytes */
		pp_cur_skip(&fields, (whole - pp_cur_left(&fields)) % 8 ? 4 : 0);
		pp_cur_skip(&fields, 8);
	}
	return (present & 0x2) && (pp_cur_u8(&fields) & 0x20);
}

void pp_decode_radiotap(struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t length;

	if (!pp_walk_look(walk, 8, &header)) {
		pp_walk_short(walk);
		return;
	}
	pp_cur_skip(&header, 2);
	length = pp_cur_u16le(&header);
	if (length < 8) {
		walk->packet->bad = true;
		return;
	}
	if (pp_walk_header(walk, length, &header))
		decode_wlan(walk, radiotap_padded(header));
}

/* Magic and length, big endian. */
void pp_decode_avs(struct pp_walk *walk)
{
	struct pp_cur header;

	if (!pp_walk_look(walk, 8, &header)) {
		pp_walk_short(walk);
		return;
	}
	pp_cur_skip(&header, 4);
	if (pp_walk_skip(walk, pp_cur_u32(&header)))
		pp_decode_wlan(walk);
}

/* Message code and length in the byte order of the card's host, always 144 bytes; or AVS under the same number. */
void pp_decode_prism(struct pp_walk *walk)
{
	struct pp_cur header;

	if (pp_walk_look(walk, 4, &header) && pp_cur_u32(&header) >> 12 == AVS_MAGIC)
		pp_decode_avs(walk);
	else if (pp_walk_skip(walk, 144))
		pp_decode_wlan(walk);
}

/* Version, flags, length, link type of what follows. */
void pp_decode_ppi(struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t length;
	uint32_t link_type;

	if (!pp_walk_look(walk, 8, &header)) {
		pp_walk_short(walk);
		return;
	}
	pp_cur_skip(&header, 2);
	length = pp_cur_u16le(&header);
	link_type = pp_cur_u32le(&header);
	if (length < 8)
		walk->packet->bad = true;
	else if (pp_walk_skip(walk, length))
		pp_decode_link(walk, link_type);
}

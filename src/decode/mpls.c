/* MPLS label stack (RFC 3032) and what lies under it.
 *
 * Nothing in the stack names the payload: routers know it from how the label was set up, an observer guesses.  The
 * first nibble is an IP version, or 0 for a pseudowire's control word (RFC 4385), or the start of a MAC address.  It is
 * taken for IP unless the length does not fit and an ethertype stands where one would; between Ethernet with and
 * without control word the ethertype decides.
 */
#include "decode/layer.h"

enum {
	LABEL_IP4 = 0,
	LABEL_IP6 = 2,
	CONTROL_WORD = 4,
};

static bool looks_like_ip4(const struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t total;

	if (!pp_walk_look(walk, 4, &header) || pp_cur_u8(&header) < 0x45)
		return false;
	pp_cur_skip(&header, 1);
	total = pp_cur_u16(&header);
	return total >= 20 && total <= pp_walk_len(walk);
}

static bool looks_like_ip6(const struct pp_walk *walk)
{
	struct pp_cur header;

	if (!pp_walk_look(walk, 6, &header))
		return false;
	pp_cur_skip(&header, 4);
	return pp_cur_u16(&header) + 40u <= pp_walk_len(walk);
}

/* Does a type or length of an Ethernet frame found in practice stand where it would?  Also yes when the snap length
 * hides the place. */
static bool may_be_ethernet(const struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t type;

	if (!pp_walk_look(walk, 14, &header))
		return walk->missing != 0;
	pp_cur_skip(&header, 12);
	type = pp_cur_u16(&header);
	switch (type) {
	case 0x0800:
	case 0x0806:
	case 0x8100:
	case 0x86dd:
	case 0x8847:
	case 0x8848:
	case 0x8864:
	case 0x88a8:
	case 0x88cc:
	case 0x9100:
		return true;
	default:
		return type >= 3 && type <= 1500 && type <= pp_walk_len(walk) - 14; /* LLC has 3 bytes at least */
	}
}

/* RFC 4448. */
static void decode_pseudowire(struct pp_walk *walk, bool may_have_control_word)
{
	if (may_have_control_word && !may_be_ethernet(walk) && !pp_walk_skip(walk, CONTROL_WORD))
		return;
	pp_decode_ethernet(walk);
}

static void decode_under_label(struct pp_walk *walk, uint32_t label)
{
	int first = pp_cur_peek(&walk->cur, 0);

	if (first < 0)
		pp_walk_short(walk);
	else if (label == LABEL_IP4 || (first >> 4 == 4 && (looks_like_ip4(walk) || !may_be_ethernet(walk))))
		pp_decode_ethertype(walk, 0x0800);
	else if (label == LABEL_IP6 || (first >> 4 == 6 && (looks_like_ip6(walk) || !may_be_ethernet(walk))))
		pp_decode_ethertype(walk, 0x86dd);
	else if (first >> 4 == 0 || first >> 4 == 4 || first >> 4 == 6)
		decode_pseudowire(walk, first >> 4 == 0);
	else
		pp_walk_unknown(walk, "MPLS payload");
}

void pp_decode_mpls(struct pp_walk *walk)
{
	struct pp_cur header;
	uint32_t entry;

	do {
		if (!pp_walk_header(walk, 4, &header))
			return;
		entry = pp_cur_u32(&header);
		pp_walk_outer(walk, entry >> 12);
	} while (!(entry & 0x100)); /* bottom of stack */
	decode_under_label(walk, entry >> 12);
}

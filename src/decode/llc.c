/* IEEE 802.2 LLC and its SNAP extension (RFC 1042). */
#include "decode/layer.h"

enum {
	SAP_IP = 0x06,
	SAP_SNAP = 0xaa,
	OUI_ETHERNET = 0x000000,
	OUI_CISCO_90 = 0x0000f8, /* bridge-tunnel encapsulation, IEEE 802.1H */
	OUI_BRIDGED = 0x0080c2,  /* IEEE 802.1: RFC 2427 section 4.2 */
};

static void decode_snap(struct pp_walk *walk)
{
	struct pp_cur header;
	uint32_t oui;
	uint16_t pid;

	if (!pp_walk_header(walk, 5, &header))
		return;
	oui = pp_cur_u24(&header);
	pid = pp_cur_u16(&header);
	if (oui == OUI_ETHERNET || oui == OUI_CISCO_90)
		pp_decode_ethertype(walk, pid);
	else if (oui == OUI_BRIDGED && (pid == 1 || pid == 7) && pp_walk_deeper(walk))
		pp_decode_ethernet(walk); /* with and without the frame check sequence */
	else
		pp_walk_unknown(walk, "SNAP protocol");
}

void pp_decode_llc(struct pp_walk *walk)
{
	struct pp_cur header;
	uint8_t dsap, ssap, control;

	if (!pp_walk_header(walk, 3, &header))
		return;
	dsap = pp_cur_u8(&header);
	ssap = pp_cur_u8(&header) & 0xfe; /* the low bit tells command from response */
	control = pp_cur_u8(&header);
	if ((control & 0x03) != 0x03 && !pp_walk_skip(walk, 1)) /* only unnumbered frames have a short control field */
		return;
	if (dsap == SAP_SNAP && ssap == SAP_SNAP)
		decode_snap(walk);
	else if (dsap == SAP_IP)
		pp_decode_ethertype(walk, 0x0800);
	else
		pp_walk_unknown(walk, "LLC");
}

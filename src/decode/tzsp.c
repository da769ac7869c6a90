/* TZSP, the TaZmen Sniffer Protocol: frames sent to an analyser by access points and routers. */
#include "decode/layer.h"

enum {
	TZSP_VERSION = 1,
	TZSP_TO_TRANSMIT = 1, /* 0: received */
	TZSP_ETHERNET = 0x01,
	TZSP_WLAN = 0x12,
	TAG_PADDING = 0,
	TAG_END = 1,
};

/* Version, type, protocol (2), then tags of type, length, value; two of them are a type alone. */
bool pp_decode_tzsp(struct pp_walk *walk)
{
	struct pp_cur cur = walk->cur;
	uint8_t version = pp_cur_u8(&cur), type = pp_cur_u8(&cur), tag;
	uint16_t protocol = pp_cur_u16(&cur);

	if (version != TZSP_VERSION || type > TZSP_TO_TRANSMIT || (protocol != TZSP_ETHERNET && protocol != TZSP_WLAN))
		return false;
	do {
		tag = pp_cur_u8(&cur);
		if (!pp_cur_ok(&cur))
			return false;
		if (tag != TAG_PADDING && tag != TAG_END)
			pp_cur_skip(&cur, pp_cur_u8(&cur));
	} while (tag != TAG_END);
	if (!pp_walk_skip(walk, pp_cur_left(&walk->cur) - pp_cur_left(&cur)))
		return true;
	if (protocol == TZSP_ETHERNET)
		pp_decode_ethernet(walk);
	else
		pp_decode_wlan(walk);
	return true;
}

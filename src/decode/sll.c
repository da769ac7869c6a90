/* Linux cooked captures, version 1 and 2: what the kernel knows of a frame in place of its link header. */
#include "decode/layer.h"

enum {
	SLL_802_2 = 4, /* protocol: LLC follows */
	SLL_PPP = 7,
	SLL_TYPE_MIN = 1536,
	ARPHRD_WLAN = 801,
	ARPHRD_RADIOTAP = 803,
	ARPHRD_NETLINK = 824,
};

static void decode_by_protocol(struct pp_walk *walk, uint16_t hardware, uint16_t protocol)
{
	if (hardware == ARPHRD_NETLINK)
		pp_walk_unknown(walk, "netlink");
	else if (hardware == ARPHRD_RADIOTAP)
		pp_decode_radiotap(walk);
	else if (hardware == ARPHRD_WLAN)
		pp_decode_wlan(walk);
	else if (protocol >= SLL_TYPE_MIN)
		pp_decode_ethertype(walk, protocol);
	else if (protocol == SLL_802_2)
		pp_decode_llc(walk);
	else if (protocol == SLL_PPP)
		pp_decode_ppp(walk);
	else
		pp_walk_unknown(walk, "cooked protocol");
}

/* Packet type, hardware type, address length, address (8), protocol. */
void pp_decode_sll(struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t hardware;

	if (!pp_walk_header(walk, 16, &header))
		return;
	pp_cur_skip(&header, 2);
	hardware = pp_cur_u16(&header);
	pp_cur_skip(&header, 10);
	decode_by_protocol(walk, hardware, pp_cur_u16(&header));
}

/* Protocol, reserved, interface (4), hardware type, packet type (1), address length (1), address (8). */
void pp_decode_sll2(struct pp_walk *walk)
{
	struct pp_cur header;
	uint16_t protocol;

	if (!pp_walk_header(walk, 20, &header))
		return;
	protocol = pp_cur_u16(&header);
	pp_cur_skip(&header, 6);
	decode_by_protocol(walk, pp_cur_u16(&header), protocol);
}

#include "decode/layer.h"

enum { ARP_REQUEST = 1, ARP_REPLY = 2 };

/* RFC 826: hardware type, protocol, lengths of their addresses, operation; then sender and target, each as hardware
 * and protocol address.  Only IPv4 as protocol is of use here. */
void pp_decode_arp(struct pp_walk *walk)
{
	struct pp_packet *packet = walk->packet;
	struct pp_addr sender, target;
	struct pp_cur header;
	uint16_t protocol, operation;
	uint8_t hardware_len, protocol_len;

	if (!pp_walk_header(walk, 8, &header))
		return;
	pp_cur_skip(&header, 2);
	protocol = pp_cur_u16(&header);
	hardware_len = pp_cur_u8(&header);
	protocol_len = pp_cur_u8(&header);
	operation = pp_cur_u16(&header);
	if (protocol != 0x0800 || protocol_len != 4 || (operation != ARP_REQUEST && operation != ARP_REPLY)) {
		pp_walk_unknown(walk, "ARP operation");
		return;
	}
	if (!pp_walk_header(walk, 2u * (hardware_len + 4u), &header))
		return;
	pp_cur_skip(&header, hardware_len);
	sender = pp_addr_v4(pp_cur_take(&header, 4).p);
	pp_cur_skip(&header, hardware_len);
	target = pp_addr_v4(pp_cur_take(&header, 4).p);
	packet->kind = PP_PACKET_NEIGHBOUR;
	packet->src = sender;
	packet->dst = target;
	packet->neighbour_reply = operation == ARP_REPLY;
	packet->neighbour = operation == ARP_REPLY ? sender : target;
}

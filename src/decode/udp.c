/* UDP (RFC 768), and which ports are taken for a tunnel: the ones Wireshark takes by default. */
#include "decode/layer.h"

static bool decode_tunnel(struct pp_walk *walk, uint16_t port)
{
	switch (port) {
	case 1701:
		return pp_decode_l2tp(walk);
	case 2152:
		return pp_decode_gtp(walk);
	case 3544:
		return pp_decode_teredo(walk);
	case 4341:
		return pp_decode_lisp(walk);
	case 4754:
		pp_decode_gre(walk);
		return true; /* RFC 8086 */
	case 4789:
		return pp_decode_vxlan(walk);
	case 4790:
		return pp_decode_vxlan_gpe(walk);
	case 6081:
		return pp_decode_geneve(walk);
	case 6635:
		pp_decode_mpls(walk);
		return true; /* RFC 7510 */
	case 37008:
		return pp_decode_tzsp(walk);
	default:
		return false;
	}
}

void pp_decode_udp(struct pp_walk *walk)
{
	struct pp_packet *packet = walk->packet;
	struct pp_cur header;
	uint16_t sport, dport, low, length;

	if (!pp_walk_header(walk, 8, &header))
		return;
	sport = pp_cur_u16(&header);
	dport = pp_cur_u16(&header);
	length = pp_cur_u16(&header);
	if (length >= 8 && length - 8u <= pp_walk_len(walk))
		pp_walk_trim(walk, length - 8u);
	else if (length != 0 && !walk->missing) /* 0: a jumbogram, or left to the network card */
		packet->bad = true;
	low = sport < dport ? sport : dport;
	if (decode_tunnel(walk, low) || (sport != dport && decode_tunnel(walk, sport ^ dport ^ low)))
		return;
	packet->kind = PP_PACKET_UDP;
	packet->sport = sport;
	packet->dport = dport;
	pp_walk_payload(walk);
}

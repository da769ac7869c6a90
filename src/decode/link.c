#include "decode/layer.h"

/* By LINKTYPE_ value (https://www.tcpdump.org/linktypes.html), not by a system's DLT_ value; the two differ for raw IP,
 * and files written with a system's own value exist, hence 12 and 14. */
static pp_layer_fn *const layer_of_link_type[] = {
	[0] = pp_decode_null,             /* NULL */
	[1] = pp_decode_ethernet,         /* ETHERNET */
	[7] = pp_decode_arcnet,           /* ARCNET_BSD */
	[9] = pp_decode_ppp_hdlc,         /* PPP */
	[10] = pp_decode_fddi,            /* FDDI */
	[12] = pp_decode_ip,              /* DLT_RAW of most systems */
	[14] = pp_decode_ip,              /* DLT_RAW of OpenBSD */
	[50] = pp_decode_ppp_hdlc,        /* PPP_HDLC */
	[51] = pp_decode_pppoe,           /* PPP_ETHER */
	[101] = pp_decode_ip,             /* RAW */
	[104] = pp_decode_chdlc,          /* C_HDLC */
	[105] = pp_decode_wlan,           /* IEEE802_11 */
	[108] = pp_decode_null,           /* LOOP */
	[109] = pp_decode_enc,            /* ENC */
	[113] = pp_decode_sll,            /* LINUX_SLL */
	[117] = pp_decode_pflog,          /* PFLOG */
	[119] = pp_decode_prism,          /* IEEE802_11_PRISM */
	[127] = pp_decode_radiotap,       /* IEEE802_11_RADIOTAP */
	[129] = pp_decode_arcnet_linux,   /* ARCNET_LINUX */
	[163] = pp_decode_avs,            /* IEEE802_11_AVS */
	[166] = pp_decode_ppp_with_dir,   /* PPP_PPPD */
	[178] = pp_decode_juniper_ether,  /* JUNIPER_ETHER */
	[192] = pp_decode_ppi,            /* PPI */
	[204] = pp_decode_ppp_with_dir,   /* PPP_WITH_DIR */
	[205] = pp_decode_chdlc_with_dir, /* C_HDLC_WITH_DIR */
	[226] = pp_decode_ipnet,          /* IPNET */
	[228] = pp_decode_ip,             /* IPV4 */
	[229] = pp_decode_ip,             /* IPV6 */
	[239] = pp_decode_nflog,          /* NFLOG */
	[242] = pp_decode_ipoib,          /* IPOIB */
	[258] = pp_decode_pktap,          /* PKTAP */
	[276] = pp_decode_sll2,           /* LINUX_SLL2 */
};

void pp_decode_link(struct pp_walk *walk, uint32_t link_type)
{
	size_t known = sizeof(layer_of_link_type) / sizeof(layer_of_link_type[0]);

	if (!pp_walk_deeper(walk))
		return;
	if (link_type < known && layer_of_link_type[link_type])
		layer_of_link_type[link_type](walk);
	else
		pp_walk_unknown(walk, "link type");
}

/* In pieces for which compilers emit plain stores: cleared at once it becomes `rep stos`, whose start alone takes about
 * as long as the rest of a plain packet. */
static void clear(struct pp_packet *packet)
{
	enum { PIECE = 64, WHOLE = sizeof(*packet) / PIECE * PIECE };
	unsigned char *bytes = (unsigned char *)packet;

	for (size_t i = 0; i < WHOLE; i += PIECE)
		memset(bytes + i, 0, PIECE);
	memset(bytes + WHOLE, 0, sizeof(*packet) - WHOLE);
}

void pp_decode_walk(uint16_t link_type, const uint8_t *data, uint32_t caplen, uint32_t len,
		    struct pp_packet *ret_packet)
{
	struct pp_walk walk = {
		.cur = pp_cur(data, caplen, PP_TRUNCATED),
		.missing = len > caplen ? len - caplen : 0,
		.packet = ret_packet,
	};

	clear(ret_packet);
	pp_decode_link(&walk, link_type);
}

void pp_decode_transport(struct pp_packet *packet, uint8_t protocol, struct pp_span payload, uint32_t payload_len)
{
	struct pp_walk walk = {
		.cur = pp_cur_span(payload, PP_TRUNCATED),
		.missing = payload_len > payload.len ? payload_len - (uint32_t)payload.len : 0,
		.packet = packet,
	};

	packet->kind = PP_PACKET_OTHER;
	packet->payload_view = (struct pp_span){ 0 };
	packet->payload_len = 0;
	pp_decode_ip_protocol(&walk, protocol);
}

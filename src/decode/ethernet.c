/* Ethernet II and 802.3, and the tags that may stand between the addresses and the ethertype.
 *
 * The numbers are the ones Wireshark decodes by default, so that its tcp.stream and ours count the same connections.
 */
#include "decode/layer.h"

enum {
	ETHERNET_HEADER = 14,
	LENGTH_MAX = 1500, /* up to here the type field is an 802.3 length */
};

/* An 802.3 frame: `length` bytes of LLC, then padding. */
static void decode_802_3(struct pp_walk *walk, uint16_t length)
{
	struct pp_cur ipx;

	pp_walk_bound(walk, length);
	if (pp_walk_look(walk, 2, &ipx) && pp_cur_u16(&ipx) == 0xffff)
		pp_walk_unknown(walk, "IPX"); /* Novell's framing without LLC begins with its unused checksum */
	else
		pp_decode_llc(walk);
}

static void type_or_length(struct pp_walk *walk, uint16_t value)
{
	if (value > LENGTH_MAX)
		pp_decode_ethertype(walk, value);
	else
		decode_802_3(walk, value);
}

void pp_decode_ethernet(struct pp_walk *walk)
{
	struct pp_cur header;

	if (!pp_walk_header(walk, ETHERNET_HEADER, &header))
		return;
	pp_cur_skip(&header, 12);
	type_or_length(walk, pp_cur_u16(&header));
}

/* IEEE 802.1Q section 9.6: 3 bits priority, 1 bit drop eligible, 12 bits VLAN; then type or length. */
static void decode_vlan(struct pp_walk *walk)
{
	struct pp_cur header;

	if (!pp_walk_header(walk, 4, &header))
		return;
	pp_walk_outer(walk, pp_cur_u16(&header) & 0x0fff);
	type_or_length(walk, pp_cur_u16(&header));
}

/* A tag of `tag` bytes that says nothing about the connection, then type or length. */
static void decode_tag(struct pp_walk *walk, size_t tag)
{
	struct pp_cur header;

	if (!pp_walk_header(walk, tag + 2, &header))
		return;
	pp_cur_skip(&header, tag);
	type_or_length(walk, pp_cur_u16(&header));
}

/* IEEE 802.1ah (PBB): 8 bits of flags, 24 bits service id, then the customer's whole frame. */
static void decode_pbb(struct pp_walk *walk)
{
	struct pp_cur header;

	if (!pp_walk_header(walk, 4, &header))
		return;
	pp_walk_outer(walk, pp_cur_u32(&header) & 0xffffff);
	pp_decode_ethernet(walk);
}

/* Cisco FabricPath: what looks like the addresses are switch ids; 2 bytes tree and TTL, then the whole frame. */
static void decode_fabricpath(struct pp_walk *walk)
{
	if (pp_walk_skip(walk, 2))
		pp_decode_ethernet(walk);
}

/* RFC 3378: version 3, 12 reserved bits, then a frame. */
void pp_decode_etherip(struct pp_walk *walk)
{
	if (pp_walk_skip(walk, 2))
		pp_decode_ethernet(walk);
}

static void decode_rare_ethertype(struct pp_walk *walk, uint16_t type)
{
	switch (type) {
	case 0x6558:
		pp_decode_ethernet(walk);
		break; /* transparent Ethernet bridging */
	case 0x8847:   /* MPLS unicast */
	case 0x8848:
		pp_decode_mpls(walk);
		break; /* MPLS multicast, or with an upstream label */
	case 0x8864:
		pp_decode_pppoe(walk);
		break; /* PPPoE session */
	case 0x8870:
		pp_decode_llc(walk);
		break; /* LLC in frames too long for a length */
	case 0x88e7:
		decode_pbb(walk);
		break;
	case 0x8903:
		decode_fabricpath(walk);
		break;
	case 0x8909:
		decode_tag(walk, 6);
		break; /* Cisco MetaData (security group) */
	case 0x8926:
		decode_tag(walk, 4);
		break; /* VN-Tag */
	case 0x892f:
		decode_tag(walk, 4);
		break; /* HSR */
	case 0x893f:
		decode_tag(walk, 6);
		break; /* IEEE 802.1BR E-Tag */
	case 0x894f:
		pp_decode_nsh(walk);
		break;
	case 0xf1c1:
		decode_tag(walk, 4);
		break; /* IEEE 802.1CB redundancy tag */
	default:
		pp_walk_unknown(walk, "ethertype");
		break;
	}
}

void pp_decode_ethertype(struct pp_walk *walk, uint16_t type)
{
	if (!pp_walk_deeper(walk))
		return;
	switch (type) {
	case 0x0800:
		pp_decode_ip4(walk);
		break;
	case 0x0806:
		pp_decode_arp(walk);
		break;
	case 0x8100:
	case 0x88a8: /* IEEE 802.1ad (QinQ) */
	case 0x9100:
		decode_vlan(walk);
		break; /* QinQ before it had a number */
	case 0x86dd:
		pp_decode_ip6(walk);
		break;
	default:
		decode_rare_ethertype(walk, type);
		break;
	}
}

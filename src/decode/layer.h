/* layer: the walk through one frame's headers.  Private to src/decode.
 *
 * Shape   a dissector takes its header off the walk's cursor, notes its facts in the packet and calls the next one,
 *         always as its last act.  The four that choose by a number (link type, ethertype, IP protocol, PPP protocol)
 *         count the layers; every circle of headers passes one of them, so every walk ends.
 * Errors  a header that is not all there ends the walk: packet->cut when the snap length took it, else packet->bad.
 * Owns    nothing.
 * Limits  PP_LAYERS_MAX.
 */
#ifndef PP_DECODE_LAYER_H
#define PP_DECODE_LAYER_H

#include "decode/packet.h"

struct pp_walk {
	struct pp_cur cur; /* what was captured, from the next header on */
	uint32_t missing;  /* bytes of the same layer that should follow but were cut off */
	uint32_t layers;
	bool bounded; /* the link layer said how long its payload is */
	struct pp_packet *packet;
};

typedef void pp_layer_fn(struct pp_walk *walk);

/* The walk from the link layer on, for every frame; pp_decode() takes a shorter way where it can. */
void pp_decode_walk(uint16_t link_type, const uint8_t *data, uint32_t caplen, uint32_t len,
		    struct pp_packet *ret_packet); /* link.c */
/* The shorter way.  False: not a plain frame, and the packet is left unfinished. */
bool pp_decode_plain(uint16_t link_type, const uint8_t *data, uint32_t caplen,
		     struct pp_packet *ret_packet);                           /* plain.c */
void pp_decode_tcp_options(struct pp_cur options, struct pp_tcp_header *tcp); /* tcp.c */

/* Choosing by number. */
void pp_decode_link(struct pp_walk *walk, uint32_t link_type);        /* link.c */
void pp_decode_ethertype(struct pp_walk *walk, uint16_t type);        /* ethernet.c */
void pp_decode_ip_protocol(struct pp_walk *walk, uint8_t protocol);   /* ip.c */
void pp_decode_ppp_protocol(struct pp_walk *walk, uint16_t protocol); /* ppp.c */

/* Link layers. */
pp_layer_fn pp_decode_ethernet;                                 /* ethernet.c */
pp_layer_fn pp_decode_llc;                                      /* llc.c */
pp_layer_fn pp_decode_mpls;                                     /* mpls.c */
pp_layer_fn pp_decode_pppoe, pp_decode_ppp, pp_decode_ppp_hdlc; /* ppp.c */
pp_layer_fn pp_decode_ppp_with_dir, pp_decode_chdlc, pp_decode_chdlc_with_dir;
pp_layer_fn pp_decode_sll, pp_decode_sll2;                                                     /* sll.c */
pp_layer_fn pp_decode_null;                                                                    /* null.c */
pp_layer_fn pp_decode_wlan, pp_decode_radiotap, pp_decode_prism, pp_decode_avs, pp_decode_ppi; /* wlan.c */
pp_layer_fn pp_decode_arcnet, pp_decode_arcnet_linux;                                          /* arcnet.c */
pp_layer_fn pp_decode_fddi;                                                                    /* fddi.c */
pp_layer_fn pp_decode_ipoib;                                                                   /* ipoib.c */
pp_layer_fn pp_decode_ipnet;                                                                   /* ipnet.c */
pp_layer_fn pp_decode_juniper_ether;                                                           /* juniper.c */
pp_layer_fn pp_decode_nflog;                                                                   /* nflog.c */
pp_layer_fn pp_decode_pflog, pp_decode_enc;                                                    /* pflog.c */
pp_layer_fn pp_decode_pktap;                                                                   /* pktap.c */

/* Network and transport. */
pp_layer_fn pp_decode_ip, pp_decode_ip4, pp_decode_ip6; /* ip.c; the first goes by the version */
pp_layer_fn pp_decode_arp;                              /* arp.c */
pp_layer_fn pp_decode_tcp;                              /* tcp.c */
pp_layer_fn pp_decode_udp;                              /* udp.c */
pp_layer_fn pp_decode_icmp, pp_decode_icmp6;            /* icmp.c */

/* Tunnels over IP. */
pp_layer_fn pp_decode_gre;     /* gre.c */
pp_layer_fn pp_decode_etherip; /* ethernet.c */
pp_layer_fn pp_decode_nsh;     /* nsh.c */

/* Tunnels over UDP.  They are recognised by port, and a port can be a coincidence: each says whether the payload is
 * its own, and leaves walk and packet alone when it is not. */
typedef bool pp_tunnel_fn(struct pp_walk *walk);
pp_tunnel_fn pp_decode_vxlan, pp_decode_vxlan_gpe; /* vxlan.c */
pp_tunnel_fn pp_decode_geneve;                     /* geneve.c */
pp_tunnel_fn pp_decode_gtp;                        /* gtp.c */
pp_tunnel_fn pp_decode_l2tp;                       /* l2tp.c */
pp_tunnel_fn pp_decode_teredo;                     /* teredo.c */
pp_tunnel_fn pp_decode_lisp;                       /* lisp.c */
pp_tunnel_fn pp_decode_tzsp;                       /* tzsp.c */

/* The next header is not all there. */
static inline void pp_walk_short(struct pp_walk *walk)
{
	if (walk->missing)
		walk->packet->cut = true;
	else
		walk->packet->bad = true;
}

static inline bool pp_walk_deeper(struct pp_walk *walk)
{
	if (walk->layers++ < PP_LAYERS_MAX)
		return true;
	walk->packet->unknown = "nested too deeply";
	return false;
}

static inline void pp_walk_unknown(struct pp_walk *walk, const char *layer) { walk->packet->unknown = layer; }

/* A cursor over the next n bytes, the walk staying where it is; false when there are fewer. */
static inline bool pp_walk_look(const struct pp_walk *walk, size_t n, struct pp_cur *ret_bytes)
{
	return pp_cur_look(&walk->cur, n, ret_bytes);
}

/* Takes a header of n bytes off the walk; false, and the packet marked, when it is not all there. */
static inline bool pp_walk_header(struct pp_walk *walk, size_t n, struct pp_cur *ret_header)
{
	if (!pp_walk_look(walk, n, ret_header)) {
		pp_walk_short(walk);
		return false;
	}
	pp_cur_skip(&walk->cur, n);
	return true;
}

static inline bool pp_walk_skip(struct pp_walk *walk, size_t n)
{
	struct pp_cur skipped;

	return pp_walk_header(walk, n, &skipped);
}

/* Bytes from here to the end of the layer, captured or not. */
static inline uint32_t pp_walk_len(const struct pp_walk *walk)
{
	return (uint32_t)pp_cur_left(&walk->cur) + walk->missing;
}

/* A header says that its layer has `len` bytes from here.  What lies behind is another's trailer or padding and is
 * never looked at again; what should lie there but does not was cut off.  The header is believed even when the file
 * claims a shorter frame (converters of Windows traces store the cut length as the original one) or a tunnel holds less
 * (mirrors cut before they encapsulate).  Only where the link layer has a length of its own, that one wins: there are
 * senders that count padding into the IP length. */
static inline void pp_walk_trim(struct pp_walk *walk, uint32_t len)
{
	size_t left = pp_cur_left(&walk->cur);

	if (walk->bounded && len > pp_walk_len(walk))
		len = pp_walk_len(walk);
	walk->bounded = false;
	walk->missing = len > left ? len - (uint32_t)left : 0;
	if (len < left)
		walk->cur = pp_cur_sub(&walk->cur, len);
}

/* The same for a link layer's length, which is ignored when the frame is shorter. */
static inline void pp_walk_bound(struct pp_walk *walk, uint32_t len)
{
	if (len > pp_walk_len(walk))
		return;
	pp_walk_trim(walk, len);
	walk->bounded = true;
}

/* The rest is payload. */
static inline void pp_walk_payload(struct pp_walk *walk)
{
	struct pp_packet *packet = walk->packet;

	packet->payload_len = pp_walk_len(walk);
	packet->payload_view = pp_cur_rest(&walk->cur);
	if (walk->missing)
		packet->cut = true;
}

/* Notes something that tells this tunnel or VLAN from another one. */
static inline uint32_t pp_outer_hash(uint32_t before, uint32_t id)
{
	uint32_t hash = (before ^ id) * 0x9e3779b1u + 1;

	return hash ^ hash >> 15;
}

static inline void pp_walk_outer(struct pp_walk *walk, uint32_t id)
{
	walk->packet->outer_hash = pp_outer_hash(walk->packet->outer_hash, id);
}

#endif

/* Every tunnel around the same segment; and packets that only look like one by their port. */
#include "support/decode_ways.h"

struct tunnel {
	const char *name;
	uint8_t protocol; /* of the outer IP */
	uint16_t port;    /* both ways, when over UDP */
	uint16_t len;
	uint8_t bytes[96]; /* between the outer header and the inner IPv4 packet of 45 bytes */
};

#define MACS 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2

static const struct tunnel
    tunnels[] = {
	    { "IP in IP", 4, 0, 0, { 0 } },
	    { "GRE", 47, 0, 4, { 0, 0, 8, 0 } },
	    { "GRE with everything", 47, 0, 28, { 0xf0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0,
						  0,    1, 8, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0 } },
	    { "GRE, bridged", 47, 0, 18, { 0, 0, 0x65, 0x58, MACS, 8, 0 } },
	    { "GRE, MPLS", 47, 0, 8, { 0, 0, 0x88, 0x47, 0, 0, 0x11, 9 } },
	    { "PPTP", 47, 0, 20, { 0x30, 0x81, 0x88, 0x0b, 0, 49, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, 0x21 } },
	    { "EoIP", 47, 0, 22, { 0x20, 1, 0x64, 0, 0, 59, 7, 0, MACS, 8, 0 } },
	    { "ERSPAN I", 47, 0, 18, { 0, 0, 0x88, 0xbe, MACS, 8, 0 } },
	    { "ERSPAN II", 47, 0, 30, { 0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 1, 0, 0, 0, 0, MACS, 8, 0 } },
	    { "ERSPAN III", 47, 0, 34, { 0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 1,
					 0,    0, 0,    0,    0, 0, 0, 0, MACS, 8, 0 } },
	    { "ERSPAN III with subheader", 47, 0, 42, { 0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 1, 0,    0, 0, 0,
							0,    0, 0,    1,    4, 0, 0, 0, 0,    0, 0, 0, MACS, 8, 0 } },
	    { "WCCP 1", 47, 0, 4, { 0, 0, 0x88, 0x3e } },
	    { "WCCP 2", 47, 0, 8, { 0, 0, 0x88, 0x3e, 0, 1, 2, 3 } },
	    { "EtherIP", 97, 0, 16, { 0x30, 0, MACS, 8, 0 } },
	    { "Ethernet", 143, 0, 14, { MACS, 8, 0 } },
	    { "MPLS", 137, 0, 4, { 0, 1, 0x11, 9 } },
	    { "AH and IP in IP", 51, 0, 24, { 4, 4 } },
	    { "VXLAN", 17, 4789, 22, { 8, 0, 0, 0, 0, 0, 7, 0, MACS, 8, 0 } },
	    { "VXLAN with VLAN", 17, 4789, 26, { 8, 0, 0, 0, 0, 0, 7, 0, MACS, 0x81, 0, 0, 9, 8, 0 } },
	    { "VXLAN-GPE, IP", 17, 4790, 8, { 0x0c, 0, 0, 1, 0, 0, 7, 0 } },
	    { "VXLAN-GPE, Ethernet", 17, 4790, 22, { 0x0c, 0, 0, 3, 0, 0, 7, 0, MACS, 8, 0 } },
	    { "VXLAN-GPE, NSH", 17, 4790, 16, { 0x0c, 0, 0, 4, 0, 0, 7, 0, 0x0f, 0xc2, 2, 1, 0, 0, 0, 0 } },
	    { "GENEVE", 17, 6081, 22, { 0, 0, 0x65, 0x58, 0, 0, 7, 0, MACS, 8, 0 } },
	    { "GENEVE with options, IP", 17, 6081, 16, { 2, 0, 8, 0, 0, 0, 7, 0, 1, 1, 1, 1, 0, 0, 0, 0 } },
	    { "GTP", 17, 2152, 8, { 0x30, 255, 0, 45, 0, 0, 0, 1 } },
	    { "GTP with sequence", 17, 2152, 12, { 0x32, 255, 0, 49, 0, 0, 0, 1, 0, 1, 0, 0 } },
	    { "GTP with extensions", 17, 2152, 20, { 0x34, 255,  0, 57, 0, 0,    0, 1, 0, 0,
						     0,    0x85, 1, 0,  9, 0x85, 1, 0, 9, 0 } },
	    { "L2TP", 17, 1701, 8, { 0, 2, 0, 1, 0, 2, 0, 0x21 } },
	    { "L2TP with everything", 17, 1701, 20, { 0x4a, 2, 0, 65, 0, 1, 0,    2, 0, 3,
						      0,    4, 0, 2,  0, 0, 0xff, 3, 0, 0x21 } },
	    { "LISP", 17, 4341, 8, { 0x80 } },
	    { "GRE in UDP", 17, 4754, 4, { 0, 0, 8, 0 } },
	    { "MPLS in UDP", 17, 6635, 4, { 0, 1, 0x11, 9 } },
	    { "TZSP", 17, 37008, 23, { 1, 0, 0, 1, 0, 10, 1, 0xc8, 1, MACS, 8, 0 } },
    };

static void wrap(struct pp_pkt *pkt, const struct tunnel *t, const char *src)
{
	pp_pkt_start(pkt, "hello", 5);
	pp_pkt_tcp(pkt, &(struct pp_pkt_tcp){ .sport = 50000, .dport = 443 });
	pp_pkt_ip(pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "20.1.2.3", .protocol = 6, .ttl = 33 });
	pp_pkt_raw(pkt, t->bytes, t->len);
	if (t->port)
		pp_pkt_udp(pkt, 50001, t->port);
	pp_pkt_ip(pkt, &(struct pp_pkt_ip){ .src = src, .dst = "192.0.2.2", .protocol = t->protocol });
	pp_pkt_ethernet(pkt, 0x0800);
}

static void every_tunnel(void **state)
{
	struct pp_packet packet, other;
	struct pp_pkt pkt;

	(void)state;
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		wrap(&pkt, &tunnels[i], "192.0.2.1");
		pp_ways_decode(PP_LINK_ETHERNET, &pkt, &packet);
		if (packet.kind != PP_PACKET_TCP || packet.dport != 443 || packet.tunnels != 1)
			fail_msg("%s: kind %d, %u tunnels, unknown %s", tunnels[i].name, (int)packet.kind,
				 packet.tunnels, packet.unknown ? packet.unknown : "-");
		assert_addr(packet.src, "10.0.0.4");
		assert_int_equal(packet.ttl, 33);
		assert_int_equal(packet.payload_len, 5);
		assert_int_equal(packet.ip_view.len, 45);
		wrap(&pkt, &tunnels[i], "192.0.2.3");
		pp_decode(PP_LINK_ETHERNET, pp_pkt_bytes(&pkt), pp_pkt_len(&pkt), pp_pkt_len(&pkt), &other);
		assert_int_not_equal(packet.outer_hash, other.outer_hash);
	}
}

static void ip6_tunnels(void **state)
{
	static const uint8_t indications[] = {
		0, 1, 1, 2, 'i', 'k', 'k', 1, 2, 3, 4, 5, 6, 7, 8, 0, /* authentication */
		0, 0, 1, 2, 3,   4,   5,   6,                         /* origin */
	};
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		pp_pkt_start(&pkt, "hello", 5);
		pp_pkt_tcp(&pkt, &(struct pp_pkt_tcp){ .sport = 50000, .dport = 443 });
		pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "2001:0:1::1", .dst = "2001:db8::1", .protocol = 6 });
		if (i == 2)
			pp_pkt_raw(&pkt, indications + 16, 8);
		if (i == 3)
			pp_pkt_raw(&pkt, indications, sizeof(indications));
		if (i > 0)
			pp_pkt_udp(&pkt, 3544, 50001);
		pp_pkt_ip(&pkt,
			  &(struct pp_pkt_ip){ .src = "192.0.2.1", .dst = "192.0.2.2", .protocol = i > 0 ? 17 : 41 });
		pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
		assert_int_equal(packet.kind, PP_PACKET_TCP);
		assert_int_equal(packet.ip_version, 6);
		assert_addr(packet.src, "2001:0:1::1");
		assert_int_equal(packet.tunnels, 1);
	}
}

/* A port alone makes no tunnel: what does not begin like one stays UDP, whole. */
static void ports_by_coincidence(void **state)
{
	static const uint16_t ports[] = { 1701, 2152, 3544, 4341, 4789, 4790, 6081, 37008 };
	static const uint8_t payload[24] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		pp_pkt_start(&pkt, payload, sizeof(payload));
		if (ports[i] == 4789 || ports[i] == 4790)
			pp_pkt_raw(&pkt, "\xf7", 1);
		pp_pkt_udp(&pkt, 53, ports[i]);
		pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "192.0.2.1", .dst = "192.0.2.2", .protocol = 17 });
		pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
		assert_int_equal(packet.kind, PP_PACKET_UDP);
		assert_int_equal(packet.dport, ports[i]);
		assert_true(packet.payload_len >= sizeof(payload));
		assert_int_equal(packet.tunnels, 0);
		assert_int_equal(packet.outer_hash, 0);
	}
}

/* A mirror that cuts before it encapsulates: the inner header is believed. */
static void mirror_cuts(void **state)
{
	static const uint8_t payload[1000];
	struct pp_packet packet;
	struct pp_pkt pkt, inner;

	(void)state;
	pp_pkt_start(&inner, payload, sizeof(payload));
	pp_pkt_tcp(&inner, &(struct pp_pkt_tcp){ .sport = 50000, .dport = 443 });
	pp_pkt_ip(&inner, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "20.1.2.3", .protocol = 6 });
	pp_pkt_ethernet(&inner, 0x0800);
	pp_pkt_start(&pkt, pp_pkt_bytes(&inner), 128);
	pp_pkt_be(&pkt, 0x0800000000000700, 8);
	pp_pkt_udp(&pkt, 50001, 4789);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "192.0.2.1", .dst = "192.0.2.2", .protocol = 17 });
	pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
	assert_int_equal(packet.kind, PP_PACKET_TCP);
	assert_true(packet.cut);
	assert_int_equal(packet.payload_len, 1000);
	assert_int_equal(packet.payload_view.len, 128 - 54);
}

static void tunnels_in_tunnels(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	for (unsigned depth = 1; depth <= 40; depth += 39) {
		pp_pkt_start(&pkt, "hello", 5);
		pp_pkt_tcp(&pkt, &(struct pp_pkt_tcp){ .sport = 50000, .dport = 443 });
		for (unsigned i = 0; i < depth; i++) {
			pp_pkt_ip(&pkt, &(struct pp_pkt_ip){
					    .src = "10.0.0.4", .dst = "20.1.2.3", .protocol = i == 0 ? 6 : 47 });
			pp_pkt_be(&pkt, 0x0800, 4);
		}
		pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "192.0.2.1", .dst = "192.0.2.2", .protocol = 47 });
		pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
		assert_int_equal(packet.kind, depth == 1 ? PP_PACKET_TCP : PP_PACKET_OTHER);
		if (depth > 1)
			assert_string_equal(packet.unknown, "nested too deeply");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tunnel),         cmocka_unit_test(ip6_tunnels),
		cmocka_unit_test(ports_by_coincidence), cmocka_unit_test(mirror_cuts),
		cmocka_unit_test(tunnels_in_tunnels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

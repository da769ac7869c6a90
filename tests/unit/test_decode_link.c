/* Every link layer around the same segment: one row per way to wrap it. */
#include "support/decode_ways.h"

struct wrapping {
	const char *name;
	uint16_t link_type;
	uint16_t len;
	uint8_t bytes[152]; /* before the IPv4 packet */
	uint16_t zeros;     /* between `len` bytes and the packet */
	bool tagged;        /* carries something that tells VLANs apart */
};

#define MACS 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2
#define WLAN_ADDRESSES MACS, 2, 0, 0, 0, 0, 3, 0, 0 /* with the sequence control */
#define SNAP 0xaa, 0xaa, 0x03, 0, 0, 0

static const struct wrapping
    wrappings
	[] = {
		{ "NULL little endian", 0, 4, { 2, 0, 0, 0 }, 0, false },
		{ "NULL big endian", 0, 4, { 0, 0, 0, 2 }, 0, false },
		{ "NULL of IRIX", 0, 4, { 0, 2, 0, 0 }, 0, false },
		{ "NULL with an ethertype", 0, 4, { 0, 0, 8, 0 }, 0, false },
		{ "NULL that is PPP", 0, 4, { 0xff, 3, 0, 0x21 }, 0, false },
		{ "LOOP", 108, 4, { 0, 0, 0, 2 }, 0, false },
		{ "Ethernet", 1, 14, { MACS, 8, 0 }, 0, false },
		{ "802.1Q", 1, 18, { MACS, 0x81, 0, 0x20, 7, 8, 0 }, 0, true },
		{ "QinQ", 1, 22, { MACS, 0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, 8, 0 }, 0, true },
		{ "QinQ, old", 1, 22, { MACS, 0x91, 0, 0, 7, 0x81, 0, 0, 8, 8, 0 }, 0, true },
		{ "PBB", 1, 32, { MACS, 0x88, 0xe7, 0, 0, 0, 9, MACS, 8, 0 }, 0, true },
		{ "FabricPath", 1, 30, { MACS, 0x89, 3, 0x40, 0x20, MACS, 8, 0 }, 0, false },
		{ "Cisco MetaData", 1, 22, { MACS, 0x89, 9, 1, 1, 0, 1, 0, 5, 8, 0 }, 0, false },
		{ "VN-Tag", 1, 20, { MACS, 0x89, 0x26, 0, 0, 0, 0, 8, 0 }, 0, false },
		{ "E-Tag", 1, 22, { MACS, 0x89, 0x3f, 0, 0, 0, 0, 0, 0, 8, 0 }, 0, false },
		{ "NSH", 1, 22, { MACS, 0x89, 0x4f, 0x0f, 0xc2, 2, 1, 0, 0, 0, 0 }, 0, false },
		{ "SNAP", 1, 22, { MACS, 0, 53, SNAP, 8, 0 }, 0, false },
		{ "LLC alone", 1, 17, { MACS, 0, 48, 6, 6, 3 }, 0, false },
		{ "MPLS", 1, 22, { MACS, 0x88, 0x47, 0, 1, 0x20, 9, 0, 1, 0x11, 9 }, 0, true },
		{ "EoMPLS with control word",
		  1,
		  36,
		  { MACS, 0x88, 0x47, 0, 1, 0x11, 9, 0, 0, 0, 0, MACS, 8, 0 },
		  0,
		  true },
		{ "EoMPLS without", 1, 32, { MACS, 0x88, 0x47, 0, 1, 0x11, 9, MACS, 8, 0 }, 0, true },
		{ "EoMPLS, MAC like IPv4",
		  1,
		  32,
		  { MACS, 0x88, 0x47, 0, 1, 0x11, 9, 0x45, 0, 0, 1, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 },
		  0,
		  true },
		{ "PPPoE", 1, 22, { MACS, 0x88, 0x64, 0x11, 0, 0, 5, 0, 47, 0, 0x21 }, 0, true },
		{ "PPPoE in QinQ",
		  1,
		  30,
		  { MACS, 0x81, 0, 0, 1, 0x81, 0, 0, 2, 0x88, 0x64, 0x11, 0, 0, 5, 0, 47, 0, 0x21 },
		  0,
		  true },
		{ "PPP", 9, 4, { 0xff, 3, 0, 0x21 }, 0, false },
		{ "PPP, fields compressed", 9, 1, { 0x21 }, 0, false },
		{ "PPP that is Cisco HDLC", 9, 4, { 0x0f, 0, 8, 0 }, 0, false },
		{ "PPP bridging", 50, 20, { 0xff, 3, 0, 0x31, 0, 1, MACS, 8, 0 }, 0, false },
		{ "PPP_ETHER", 51, 8, { 0x11, 0, 0, 5, 0, 47, 0, 0x21 }, 0, true },
		{ "PPP_PPPD", 166, 4, { 1, 3, 0, 0x21 }, 0, false },
		{ "PPP_WITH_DIR", 204, 5, { 0, 0xff, 3, 0, 0x21 }, 0, false },
		{ "C_HDLC", 104, 4, { 0x0f, 0, 8, 0 }, 0, false },
		{ "C_HDLC_WITH_DIR", 205, 5, { 0, 0x0f, 0, 8, 0 }, 0, false },
		{ "SLL", 113, 16, { 0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0 }, 0, false },
		{ "SLL with VLAN",
		  113,
		  20,
		  { 0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x81, 0, 0, 3, 8, 0 },
		  0,
		  true },
		{ "SLL with LLC", 113, 24, { 0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0, 4, SNAP, 8, 0 }, 0, false },
		{ "SLL2", 276, 20, { 8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0 }, 0, false },
		{ "802.11", 105, 32, { 8, 2, 0, 0, WLAN_ADDRESSES, SNAP, 8, 0 }, 0, false },
		{ "radiotap",
		  127,
		  42,
		  { 0, 0, 8, 0, 0, 0, 0, 0, 0x88, 1, 0, 0, WLAN_ADDRESSES, 0, 0, SNAP, 8, 0 },
		  0,
		  false },
		{ "radiotap, padded",
		  127,
		  53,
		  { 0, 0, 17, 0, 3,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0x88, 1, 0, 0, WLAN_ADDRESSES,
		    0, 0, 0,  0, SNAP, 8, 0 },
		  0,
		  false },
		{ "WDS with HT control",
		  127,
		  52,
		  { 0, 0, 8, 0, 0, 0, 0, 0, 0x88, 0x83, 0, 0, WLAN_ADDRESSES, 1, 2, 3,
		    4, 5, 6, 0, 0, 0, 0, 0, 0,    SNAP, 8, 0 },
		  0,
		  false },
		{ "A-MSDU",
		  127,
		  56,
		  { 0, 0, 8, 0, 0, 0, 0, 0, 0x88, 1, 0, 0, WLAN_ADDRESSES, 0x80, 0, MACS, 0, 53, SNAP, 8, 0 },
		  0,
		  false },
		{ "AVS",
		  163,
		  40,
		  { 0x80, 0x21, 0x10, 1, 0, 0, 0, 8, 8, 2, 0, 0, WLAN_ADDRESSES, SNAP, 8, 0 },
		  0,
		  false },
		{ "AVS as Prism",
		  119,
		  40,
		  { 0x80, 0x21, 0x10, 1, 0, 0, 0, 8, 8, 2, 0, 0, WLAN_ADDRESSES, SNAP, 8, 0 },
		  0,
		  false },
		{ "PPI", 192, 40, { 0, 0, 8, 0, 105, 0, 0, 0, 8, 2, 0, 0, WLAN_ADDRESSES, SNAP, 8, 0 }, 0, false },
		{ "ARCNET", 7, 6, { 1, 2, 212, 0, 0, 1 }, 0, false },
		{ "ARCNET, RFC 1051", 7, 3, { 1, 2, 240 }, 0, false },
		{ "ARCNET_LINUX", 129, 8, { 1, 2, 0, 0, 212, 0, 0, 1 }, 0, false },
		{ "FDDI", 10, 21, { 0x50, MACS, SNAP, 8, 0 }, 0, false },
		{ "PFLOG", 117, 1, { 61 }, 63, false },
		{ "ENC", 109, 12, { 2 }, 0, false },
		{ "IPNET", 226, 24, { 1, 2 }, 0, false },
		{ "NFLOG", 239, 16, { 2, 0, 0, 0, 5, 0, 10, 0, 1, 0, 0, 0, 49, 0, 9, 0 }, 0, false },
		{ "NFLOG big endian", 239, 16, { 2, 0, 0, 0, 0, 5, 0, 10, 1, 0, 0, 0, 0, 49, 0, 9 }, 0, false },
		{ "PKTAP", 258, 26, { 12, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, MACS, 8, 0 }, 0, false },
		{ "Juniper", 178, 22, { 0x4d, 0x47, 0x43, 0x80, 0, 2, 0, 0, MACS, 8, 0 }, 0, false },
		{ "raw IP", 101, 0, { 0 }, 0, false },
		{ "DLT_RAW", 12, 0, { 0 }, 0, false },
		{ "DLT_RAW of OpenBSD", 14, 0, { 0 }, 0, false },
		{ "IPV4", 228, 0, { 0 }, 0, false },
	};

static void wrap(struct pp_pkt *pkt, const struct wrapping *w)
{
	pp_pkt_start(pkt, "hello", 5);
	pp_pkt_tcp(pkt, &(struct pp_pkt_tcp){ .sport = 50000, .dport = 443 });
	pp_pkt_ip(pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "20.1.2.3", .protocol = 6 });
	(void)pp_pkt_before(pkt, w->zeros);
	pp_pkt_raw(pkt, w->bytes, w->len);
}

static void every_link_layer(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	for (size_t i = 0; i < sizeof(wrappings) / sizeof(wrappings[0]); i++) {
		const struct wrapping *w = &wrappings[i];

		wrap(&pkt, w);
		pp_ways_decode(w->link_type, &pkt, &packet);
		if (packet.kind != PP_PACKET_TCP || packet.dport != 443)
			fail_msg("%s: kind %d, unknown %s", w->name, (int)packet.kind,
				 packet.unknown ? packet.unknown : "-");
		assert_int_equal(packet.payload_len, 5);
		assert_int_equal(packet.tunnels, 0);
		if ((packet.outer_hash != 0) != w->tagged)
			fail_msg("%s: outer hash %u", w->name, (unsigned)packet.outer_hash);
	}
}

static void stops(const char *unknown, uint16_t link_type, const uint8_t *bytes, uint16_t len)
{
	struct wrapping w = { .len = len };
	struct pp_packet packet;
	struct pp_pkt pkt;

	memcpy(w.bytes, bytes, len);
	wrap(&pkt, &w);
	pp_ways_decode(link_type, &pkt, &packet);
	assert_int_equal(packet.kind, PP_PACKET_OTHER);
	if (!unknown)
		assert_null(packet.unknown);
	else
		assert_string_equal(packet.unknown, unknown);
}

#define STOPS(unknown, link_type, ...)                                                                                 \
	do {                                                                                                           \
		static const uint8_t bytes[] = { __VA_ARGS__ };                                                        \
		stops(unknown, link_type, bytes, sizeof(bytes));                                                       \
	} while (0)

static void near_misses(void **state)
{
	(void)state;
	STOPS("802.11 encryption", 105, 8, 0x42, 0, 0, WLAN_ADDRESSES, SNAP, 8, 0);
	STOPS("802.11 fragment", 105, 8, 6, 0, 0, WLAN_ADDRESSES, SNAP, 8, 0);
	STOPS("802.11 fragment", 105, 8, 2, 0, 0, MACS, 1, 2, 3, 4, 5, 6, 0x01, 0, SNAP, 8, 0);
	STOPS(NULL, 105, 0x80, 0, 0, 0, WLAN_ADDRESSES, SNAP, 8, 0); /* a beacon */
	STOPS(NULL, 105, 0x48, 2, 0, 0, WLAN_ADDRESSES, SNAP, 8, 0); /* data frame without data */
	STOPS("PPPoE discovery", 1, MACS, 0x88, 0x64, 0x11, 9, 0, 5, 0, 47, 0, 0x21);
	STOPS("PPP protocol", 9, 0xff, 3, 0xc0, 0x21);
	STOPS("IPX", 1, MACS, 0, 30, 0xff, 0xff);
	STOPS("LLC", 1, MACS, 0, 30, 0x42, 0x42, 3);
	STOPS("SNAP protocol", 1, MACS, 0, 30, 0xaa, 0xaa, 3, 0, 0, 12, 0x20, 0);
	STOPS("ARCNET fragment", 7, 1, 2, 212, 1, 0, 1);
	STOPS("address family", 0, 9, 0, 0, 0);
	STOPS("netlink", 113, 0, 4, 3, 56, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	STOPS("Juniper header", 178, 0x4d, 0x47, 0x43, 2);
	STOPS("MPLS payload", 1, MACS, 0x88, 0x47, 0, 1, 0x11, 9, 0x10, 0, 0, 0x21);
	STOPS("FDDI frame control", 10, 0xc0, MACS, SNAP, 8, 0);
}

/* Equal packets in different VLANs must differ, in the same one must not. */
static void outer_hash_tells_vlans_apart(void **state)
{
	struct pp_packet a, b, c;
	struct pp_pkt pkt;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		wrap(&pkt, &(struct wrapping){ 0 });
		pp_pkt_vlan(&pkt, i == 2 ? 6 : 5, 0x0800);
		pp_pkt_ethernet(&pkt, 0x8100);
		pp_decode(1, pp_pkt_bytes(&pkt), pp_pkt_len(&pkt), pp_pkt_len(&pkt), i == 0 ? &a : i == 1 ? &b : &c);
	}
	assert_int_equal(a.outer_hash, b.outer_hash);
	assert_int_not_equal(a.outer_hash, c.outer_hash);
}

/* The link layer's length wins over an IP length that counts padding. */
static void pppoe_length_bounds_ip(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	pp_pkt_start(&pkt, "\0\0\0\0\0\0", 6);
	pp_pkt_tcp(&pkt, &(struct pp_pkt_tcp){ .sport = 443, .dport = 50000, .flags = PP_TCP_ACK });
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "2.2.2.2", .dst = "1.1.1.1", .protocol = 6 });
	pp_pkt_be(&pkt, 0x1100000f002a0021, 8); /* 42 bytes with PPP's protocol, of which IP claims 46 */
	pp_pkt_ethernet(&pkt, 0x8864);
	pp_ways_decode(PP_LINK_ETHERNET, &pkt, &packet);
	assert_int_equal(packet.kind, PP_PACKET_TCP);
	assert_int_equal(packet.payload_len, 0);
	assert_false(packet.cut);
}

static void nesting_ends(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	wrap(&pkt, &(struct wrapping){ 0 });
	pp_pkt_vlan(&pkt, 1, 0x0800);
	for (unsigned i = 0; i < 100; i++)
		pp_pkt_vlan(&pkt, 1, 0x8100);
	pp_pkt_ethernet(&pkt, 0x8100);
	pp_ways_decode(PP_LINK_ETHERNET, &pkt, &packet);
	assert_int_equal(packet.kind, PP_PACKET_OTHER);
	assert_string_equal(packet.unknown, "nested too deeply");

	pp_pkt_start(&pkt, "", 0);
	for (unsigned i = 0; i < 100; i++)
		pp_pkt_be(&pkt, 0x00000800c0000000, 8); /* PPI in PPI */
	pp_ways_decode(192, &pkt, &packet);
	assert_string_equal(packet.unknown, "nested too deeply");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_link_layer),
		cmocka_unit_test(near_misses),
		cmocka_unit_test(outer_hash_tells_vlans_apart),
		cmocka_unit_test(pppoe_length_bounds_ip),
		cmocka_unit_test(nesting_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

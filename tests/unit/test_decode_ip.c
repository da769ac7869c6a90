/* IPv4, IPv6 with extension headers, padding, fragments; ICMP and neighbour discovery; ARP. */
#include "support/decode_ways.h"

static void start_tcp(struct pp_pkt *pkt)
{
	pp_pkt_start(pkt, "hello", 5);
	pp_pkt_tcp(pkt, &(struct pp_pkt_tcp){ .sport = 50000, .dport = 443, .flags = PP_TCP_ACK });
}

static void check_tcp(const struct pp_packet *packet)
{
	assert_int_equal(packet->kind, PP_PACKET_TCP);
	assert_false(packet->bad);
	assert_false(packet->cut);
	assert_int_equal(packet->dport, 443);
	assert_int_equal(packet->payload_len, 5);
	assert_int_equal(packet->payload_view.len, 5);
}

static void decode_whole(uint16_t link_type, const struct pp_pkt *pkt, struct pp_packet *ret_packet)
{
	pp_decode(link_type, pp_pkt_bytes(pkt), pp_pkt_len(pkt), pp_pkt_len(pkt), ret_packet);
	pp_ways_check(ret_packet, pp_pkt_bytes(pkt), pp_pkt_len(pkt));
}

static void ip4_with_options(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	start_tcp(&pkt);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4",
					     .dst = "10.0.0.5",
					     .protocol = 6,
					     .id = 0xbeef,
					     .fragment = 0x4000,
					     .options_len = 40 });
	pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
	check_tcp(&packet);
	assert_true(packet.df);
	assert_int_equal(packet.ip_id, 0xbeef);
	assert_int_equal(packet.ip_view.len, 60 + 25);
}

/* Ethernet pads to 60 bytes; a trailer may follow.  Neither is ever payload. */
static void padding_is_not_payload(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	pp_pkt_start(&pkt, "PADDINGPADDING", 14);
	pp_pkt_raw(&pkt, "", 0);
	{
		struct pp_pkt inner;

		start_tcp(&inner);
		pp_pkt_ip(&inner, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "10.0.0.5", .protocol = 6 });
		pp_pkt_raw(&pkt, pp_pkt_bytes(&inner), pp_pkt_len(&inner));
	}
	pp_pkt_ethernet(&pkt, 0x0800);
	decode_whole(PP_LINK_ETHERNET, &pkt, &packet);
	check_tcp(&packet);
	assert_int_equal(packet.ip_view.len, 45);

	/* The snap length took padding only: nothing is missing. */
	pp_decode(PP_LINK_ETHERNET, pp_pkt_bytes(&pkt), pp_pkt_len(&pkt) - 10, pp_pkt_len(&pkt), &packet);
	check_tcp(&packet);
}

/* Segmentation offload leaves a total length of zero: the frame's counts. */
static void zero_length(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	start_tcp(&pkt);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "10.0.0.5", .protocol = 6 });
	memset(pkt.room + sizeof(pkt.room) - pkt.len + 2, 0, 2);
	pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
	check_tcp(&packet);
	start_tcp(&pkt);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "fe80::4", .dst = "fe80::5", .protocol = 6 });
	memset(pkt.room + sizeof(pkt.room) - pkt.len + 4, 0, 2);
	pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
	check_tcp(&packet);
}

static void lying_ip_headers(void **state)
{
	static const struct {
		uint8_t at, value;
	} cases[] = {
		{ 0, 0x44 }, /* header of 16 bytes */
		{ 3, 19 },   /* total length below the header's */
		{ 0, 0x55 }, /* version 5 */
	};
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start_tcp(&pkt);
		pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "10.0.0.5", .protocol = 6 });
		pkt.room[sizeof(pkt.room) - pkt.len + cases[i].at] = cases[i].value;
		decode_whole(PP_LINK_RAW, &pkt, &packet);
		assert_int_equal(packet.kind, PP_PACKET_OTHER);
		assert_true(packet.bad);
	}
	/* A version that is not the ethertype's. */
	start_tcp(&pkt);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "10.0.0.5", .protocol = 6 });
	pp_pkt_raw(&pkt, "", 0);
	pp_pkt_ethernet(&pkt, 0x86dd);
	decode_whole(PP_LINK_ETHERNET, &pkt, &packet);
	assert_true(packet.bad);
}

/* Hop-by-hop, routing, AH, destination options, then an atomic fragment (RFC 6946). */
static void ip6_extensions(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	start_tcp(&pkt);
	pp_pkt_be(&pkt, 6ULL << 56 | 0x1234, 8); /* fragment: next 6, offset 0, no more, id */
	pp_pkt_be(&pkt, 44ULL << 56, 8);         /* destination options */
	pp_pkt_be(&pkt, 0, 8);
	pp_pkt_be(&pkt, 60ULL << 56 | 2ULL << 48, 8); /* AH of 16 bytes */
	pp_pkt_be(&pkt, 0, 8);
	pp_pkt_be(&pkt, 51ULL << 56 | 1ULL << 48, 8); /* routing of 16 bytes */
	pp_pkt_be(&pkt, 43ULL << 56, 8);              /* hop-by-hop */
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "2001:db8::1", .dst = "2001:db8::2", .protocol = 0, .ttl = 3 });
	pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
	check_tcp(&packet);
	assert_int_equal(packet.ip_version, 6);
	assert_int_equal(packet.ttl, 3);
	assert_addr(packet.dst, "2001:db8::2");
}

static void fragments(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	start_tcp(&pkt);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){
			    .src = "10.0.0.4", .dst = "10.0.0.5", .protocol = 6, .id = 7, .fragment = 0x2000 | 185 });
	decode_whole(PP_LINK_RAW, &pkt, &packet);
	assert_int_equal(packet.kind, PP_PACKET_FRAGMENT);
	assert_int_equal(packet.frag_id, 7);
	assert_int_equal(packet.frag_offset, 1480);
	assert_true(packet.frag_more);
	assert_int_equal(packet.frag_protocol, 6);
	assert_int_equal(packet.payload_len, 25);

	start_tcp(&pkt);
	pp_pkt_be(&pkt, 6ULL << 56 | 1448ULL << 32 | 0xdeadbeef, 8);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "::1", .dst = "::1", .protocol = 44 });
	pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
	assert_int_equal(packet.kind, PP_PACKET_FRAGMENT);
	assert_int_equal(packet.frag_id, 0xdeadbeef);
	assert_int_equal(packet.frag_offset, 1448);
	assert_false(packet.frag_more);
	assert_int_equal(packet.frag_protocol, 6);
}

/* A first fragment cut by the snap length can never be joined: its transport header is taken. */
static void cut_first_fragment(void **state)
{
	static const uint8_t payload[1000];
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	pp_pkt_start(&pkt, payload, sizeof(payload));
	pp_pkt_be(&pkt, 53ULL << 48 | 1024ULL << 32 | 4008ULL << 16, 8); /* UDP of 4000 bytes */
	pp_pkt_ip(&pkt,
		  &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "10.0.0.5", .protocol = 17, .fragment = 0x2000 });
	pp_decode(PP_LINK_RAW, pp_pkt_bytes(&pkt), 96, pp_pkt_len(&pkt), &packet);
	assert_int_equal(packet.kind, PP_PACKET_UDP);
	assert_int_equal(packet.sport, 53);
	assert_true(packet.cut);
	assert_false(packet.bad);
}

/* The body of a reassembled datagram. */
static void continue_behind_ip(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	start_tcp(&pkt);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "10.0.0.5", .protocol = 6, .fragment = 1 });
	decode_whole(PP_LINK_RAW, &pkt, &packet);
	assert_int_equal(packet.kind, PP_PACKET_FRAGMENT);
	start_tcp(&pkt);
	pp_decode_transport(&packet, 6, (struct pp_span){ pp_pkt_bytes(&pkt), pp_pkt_len(&pkt) }, pp_pkt_len(&pkt));
	check_tcp(&packet);
	assert_addr(packet.src, "10.0.0.4");
}

static void icmp_quotes_a_segment(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	pp_pkt_start(&pkt, NULL, 0);
	pp_pkt_tcp(&pkt, &(struct pp_pkt_tcp){ .sport = 50000, .dport = 443, .seq = 0x11223344 });
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "20.1.2.3", .protocol = 6, .ttl = 9 });
	pp_pkt_be(&pkt, 3ULL << 56 | 4ULL << 48 | 1400, 8);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.9.9.9", .dst = "10.0.0.4", .protocol = 1 });
	pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
	assert_int_equal(packet.kind, PP_PACKET_ICMP);
	assert_int_equal(packet.icmp_type, 3);
	assert_int_equal(packet.icmp_code, 4);
	assert_int_equal(packet.icmp_mtu, 1400);
	assert_addr(packet.src, "10.9.9.9");
	assert_true(packet.quote.present);
	assert_addr(packet.quote.src, "10.0.0.4");
	assert_addr(packet.quote.dst, "20.1.2.3");
	assert_int_equal(packet.quote.protocol, 6);
	assert_int_equal(packet.quote.ttl, 9);
	assert_int_equal(packet.quote.sport, 50000);
	assert_int_equal(packet.quote.dport, 443);
	assert_true(packet.quote.has_seq);
	assert_int_equal(packet.quote.seq, 0x11223344);
	assert_int_equal(packet.quote.tcp_hlen, 0x50);

	/* RFC 792's eight bytes and no more; then only the ports. */
	pp_decode(PP_LINK_RAW, pp_pkt_bytes(&pkt), 20 + 8 + 28, 20 + 8 + 28, &packet);
	assert_true(packet.quote.has_seq);
	assert_int_equal(packet.quote.tcp_hlen, 0);
	pp_decode(PP_LINK_RAW, pp_pkt_bytes(&pkt), 20 + 8 + 24, 20 + 8 + 24, &packet);
	assert_true(packet.quote.present);
	assert_int_equal(packet.quote.dport, 443);
	assert_false(packet.quote.has_seq);
	pp_decode(PP_LINK_RAW, pp_pkt_bytes(&pkt), 20 + 8 + 19, 20 + 8 + 19, &packet);
	assert_false(packet.quote.present);
}

static void quote_of_a_later_fragment_has_no_ports(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	start_tcp(&pkt);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "20.1.2.3", .protocol = 6, .fragment = 9 });
	pp_pkt_be(&pkt, 11ULL << 56, 8);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.9.9.9", .dst = "10.0.0.4", .protocol = 1 });
	pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
	assert_true(packet.quote.present);
	assert_int_equal(packet.quote.dport, 0);
	assert_false(packet.quote.has_seq);
}

static void icmp6_errors_and_neighbours(void **state)
{
	struct pp_packet packet;
	struct pp_addr target = pp_pkt_addr("fe80::77");
	struct pp_pkt pkt;

	(void)state;
	start_tcp(&pkt);
	pp_pkt_be(&pkt, 6ULL << 56, 8); /* destination options before the quoted segment */
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "2001:db8::1", .dst = "2001:db8::2", .protocol = 60 });
	pp_pkt_be(&pkt, 2ULL << 56 | 1280, 8);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "2001:db8::9", .dst = "2001:db8::1", .protocol = 58 });
	pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
	assert_int_equal(packet.kind, PP_PACKET_ICMP);
	assert_int_equal(packet.icmp_mtu, 1280);
	assert_true(packet.quote.present);
	assert_int_equal(packet.quote.protocol, 6);
	assert_int_equal(packet.quote.dport, 443);

	for (unsigned type = 135; type <= 136; type++) {
		pp_pkt_start(&pkt, target.b, 16);
		pp_pkt_be(&pkt, (uint64_t)type << 56, 8);
		pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "fe80::1", .dst = "ff02::1", .protocol = 58 });
		pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
		assert_int_equal(packet.kind, PP_PACKET_NEIGHBOUR);
		assert_int_equal(packet.neighbour_reply, type == 136);
		assert_addr(packet.neighbour, "fe80::77");
	}
}

static void arp(void **state)
{
	static const uint8_t addresses[] = { 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	for (unsigned operation = 1; operation <= 3; operation++) {
		pp_pkt_start(&pkt, addresses, sizeof(addresses));
		pp_pkt_be(&pkt, 0x0001080006040000 | operation, 8);
		pp_pkt_ethernet(&pkt, 0x0806);
		pp_ways_decode(PP_LINK_ETHERNET, &pkt, &packet);
		if (operation == 3) { /* RARP's request */
			assert_int_equal(packet.kind, PP_PACKET_OTHER);
			assert_non_null(packet.unknown);
			continue;
		}
		assert_int_equal(packet.kind, PP_PACKET_NEIGHBOUR);
		assert_int_equal(packet.ip_version, 0);
		assert_addr(packet.src, "10.0.0.1");
		assert_addr(packet.dst, "10.0.0.2");
		assert_int_equal(packet.neighbour_reply, operation == 2);
		assert_addr(packet.neighbour, operation == 2 ? "10.0.0.1" : "10.0.0.2");
	}
}

static void unknown_layers_have_names(void **state)
{
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	pp_pkt_start(&pkt, "x", 1);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "20.1.2.3", .protocol = 50 });
	pp_ways_decode(PP_LINK_RAW, &pkt, &packet);
	assert_string_equal(packet.unknown, "IP protocol");
	assert_int_equal(packet.protocol, 50);
	pp_ways_decode(9999, &pkt, &packet);
	assert_string_equal(packet.unknown, "link type");
	pp_pkt_ethernet(&pkt, 0x88cc);
	pp_ways_decode(PP_LINK_ETHERNET, &pkt, &packet);
	assert_string_equal(packet.unknown, "ethertype");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip4_with_options),
		cmocka_unit_test(padding_is_not_payload),
		cmocka_unit_test(zero_length),
		cmocka_unit_test(lying_ip_headers),
		cmocka_unit_test(ip6_extensions),
		cmocka_unit_test(fragments),
		cmocka_unit_test(cut_first_fragment),
		cmocka_unit_test(continue_behind_ip),
		cmocka_unit_test(icmp_quotes_a_segment),
		cmocka_unit_test(quote_of_a_later_fragment_has_no_ports),
		cmocka_unit_test(icmp6_errors_and_neighbours),
		cmocka_unit_test(arp),
		cmocka_unit_test(unknown_layers_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

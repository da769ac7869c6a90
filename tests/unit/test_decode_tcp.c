/* TCP headers and options, UDP lengths. */
#include "support/decode_ways.h"

static void wrap_ip4(struct pp_pkt *pkt, uint8_t protocol)
{
	pp_pkt_ip(pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "20.1.2.3", .protocol = protocol, .ttl = 57 });
	pp_pkt_ethernet(pkt, 0x0800);
}

static void decode_options(const uint8_t *options, size_t len, struct pp_packet *ret_packet)
{
	struct pp_pkt pkt;

	pp_pkt_start(&pkt, "hello", 5);
	pp_pkt_tcp(&pkt, &(struct pp_pkt_tcp){ .sport = 50000,
					       .dport = 443,
					       .seq = 0x01020304,
					       .ack = 0xfffefdfc,
					       .flags = PP_TCP_ACK | PP_TCP_PSH,
					       .window = 512,
					       .options = options,
					       .options_len = len });
	wrap_ip4(&pkt, 6);
	pp_ways_decode(PP_LINK_ETHERNET, &pkt, ret_packet);
	assert_int_equal(ret_packet->kind, PP_PACKET_TCP);
	assert_false(ret_packet->bad);
	assert_false(ret_packet->cut);
	assert_int_equal(ret_packet->payload_len, 5);
	assert_memory_equal(ret_packet->payload_view.p, "hello", 5);
}

static void header_without_options(void **state)
{
	struct pp_packet packet;

	(void)state;
	decode_options(NULL, 0, &packet);
	assert_addr(packet.src, "10.0.0.4");
	assert_addr(packet.dst, "20.1.2.3");
	assert_int_equal(packet.ip_version, 4);
	assert_int_equal(packet.ttl, 57);
	assert_int_equal(packet.protocol, 6);
	assert_int_equal(packet.sport, 50000);
	assert_int_equal(packet.dport, 443);
	assert_int_equal(packet.tcp.seq, 0x01020304);
	assert_int_equal(packet.tcp.ack, 0xfffefdfc);
	assert_int_equal(packet.tcp.flags, PP_TCP_ACK | PP_TCP_PSH);
	assert_int_equal(packet.tcp.window, 512);
	assert_int_equal(packet.tcp.options, 0);
	assert_int_equal(packet.tunnels, 0);
	assert_int_equal(packet.outer_hash, 0);
	assert_int_equal(packet.ip_view.len, 45);
}

static void options_of_a_syn(void **state)
{
	static const uint8_t linux_syn[] = { 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7 };
	struct pp_packet packet;

	(void)state;
	decode_options(linux_syn, sizeof(linux_syn), &packet);
	assert_int_equal(packet.tcp.options, PP_OPT_MSS | PP_OPT_SACK_PERMITTED | PP_OPT_TIMESTAMPS | PP_OPT_WSCALE);
	assert_int_equal(packet.tcp.mss, 1460);
	assert_int_equal(packet.tcp.wscale, 7);
	assert_int_equal(packet.tcp.ts_val, 9);
	assert_int_equal(packet.tcp.option_order, 0x2483);
}

/* The fast path and the general one agree. */
static void timestamps_in_both_forms(void **state)
{
	static const uint8_t common[] = { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t other[] = { 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1 };
	struct pp_packet a = { 0 }, b = { 0 }; /* what a packet has none of is left as it is */

	(void)state;
	decode_options(common, sizeof(common), &a);
	decode_options(other, sizeof(other), &b);
	assert_int_equal(a.tcp.ts_val, 0x01020304);
	assert_int_equal(a.tcp.ts_ecr, 0x05060708);
	assert_memory_equal(&a.tcp, &b.tcp, sizeof(a.tcp));
}

static void sack_and_fast_open(void **state)
{
	static const uint8_t options[] = { 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 3, 34, 2 };
	struct pp_packet packet;

	(void)state;
	decode_options(options, sizeof(options), &packet);
	assert_int_equal(packet.tcp.options, PP_OPT_SACK | PP_OPT_FAST_OPEN);
	assert_int_equal(packet.tcp.sack_count, 2);
	assert_int_equal(packet.tcp.sack[0].left, 1);
	assert_int_equal(packet.tcp.sack[1].left, 0xffffffff);
	assert_int_equal(packet.tcp.sack[1].right, 3);
	assert_int_equal(packet.tcp.option_order, 0x5f); /* kinds above 15 share a digit */
}

/* A malformed option ends the options, never the segment; what stood before it counts. */
static void malformed_options(void **state)
{
	static const struct {
		uint8_t bytes[8];
		uint8_t flags;
	} cases[] = {
		{ { 2, 4, 5, 0xb4, 8, 0, 1, 1 }, PP_OPT_MSS },  /* length 0 */
		{ { 2, 4, 5, 0xb4, 8, 1, 1, 1 }, PP_OPT_MSS },  /* shorter than its own two bytes */
		{ { 2, 4, 5, 0xb4, 8, 10, 1, 1 }, PP_OPT_MSS }, /* beyond the header */
		{ { 2, 4, 5, 0xb4, 1, 1, 1, 8 }, PP_OPT_MSS },  /* no room for a length */
		{ { 2, 3, 5, 3, 3, 7, 1, 1 }, PP_OPT_WSCALE },  /* an MSS of the wrong length is not one */
		{ { 0, 0, 0, 0, 2, 4, 5, 0xb4 }, 0 },           /* nothing counts behind the end mark */
		{ { 5, 2, 5, 5, 1, 2, 3, 1 }, 0 },              /* SACK with no block, with half a block */
	};
	struct pp_packet packet;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		decode_options(cases[i].bytes, sizeof(cases[i].bytes), &packet);
		assert_int_equal(packet.tcp.options, cases[i].flags);
	}
}

/* Ten options of four bits do not fit 32; the first eight stay. */
static void order_is_clipped(void **state)
{
	static const uint8_t options[] = { 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 3, 3, 1, 14, 2, 1, 1, 1 };
	struct pp_packet packet;

	(void)state;
	decode_options(options, sizeof(options), &packet);
	assert_int_equal(packet.tcp.option_order, 0x44444444);
	assert_int_equal(packet.tcp.options, PP_OPT_SACK_PERMITTED | PP_OPT_WSCALE);
}

static void lying_data_offset(void **state)
{
	static const uint8_t offsets[] = { 0x00, 0x40, 0xf0 }; /* none, 16 bytes, 60 of the 25 that are there */
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	for (size_t i = 0; i < sizeof(offsets); i++) {
		pp_pkt_start(&pkt, "hello", 5);
		pp_pkt_tcp(&pkt, &(struct pp_pkt_tcp){ .sport = 1, .dport = 2 });
		pkt.room[sizeof(pkt.room) - 5 - 8] = offsets[i];
		pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "20.1.2.3", .protocol = 6 });
		pp_decode(PP_LINK_RAW, pp_pkt_bytes(&pkt), pp_pkt_len(&pkt), pp_pkt_len(&pkt), &packet);
		pp_ways_check(&packet, pp_pkt_bytes(&pkt), pp_pkt_len(&pkt));
		assert_int_equal(packet.kind, PP_PACKET_TCP);
		assert_true(packet.bad);
		assert_int_equal(packet.sport, 1);
		assert_int_equal(packet.payload_len, 0);
	}
}

/* The snap length leaves headers and 2 of 1000 bytes; and it leaves the MSS but not the rest of the options. */
static void cut_by_the_snap_length(void **state)
{
	static const uint8_t options[] = { 2, 4, 0x05, 0xb4, 1, 3, 3, 7 }, payload[1000];
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	pp_pkt_start(&pkt, payload, sizeof(payload));
	pp_pkt_tcp(&pkt, &(struct pp_pkt_tcp){ .flags = PP_TCP_SYN, .options = options, .options_len = 8 });
	wrap_ip4(&pkt, 6);
	pp_decode(PP_LINK_ETHERNET, pp_pkt_bytes(&pkt), 14 + 20 + 28 + 2, pp_pkt_len(&pkt), &packet);
	assert_true(packet.cut);
	assert_int_equal(packet.payload_len, 1000);
	assert_int_equal(packet.payload_view.len, 2);

	/* The same frame from a tool that stores the cut length as the original one. */
	pp_decode(PP_LINK_ETHERNET, pp_pkt_bytes(&pkt), 14 + 20 + 28 + 2, 14 + 20 + 28 + 2, &packet);
	assert_true(packet.cut);
	assert_false(packet.bad);
	assert_int_equal(packet.payload_len, 1000);

	pp_decode(PP_LINK_ETHERNET, pp_pkt_bytes(&pkt), 14 + 20 + 24, pp_pkt_len(&pkt), &packet);
	assert_int_equal(packet.kind, PP_PACKET_TCP);
	assert_true(packet.cut);
	assert_int_equal(packet.tcp.options, PP_OPT_MSS);
	assert_int_equal(packet.payload_len, 1000);
	assert_int_equal(packet.payload_view.len, 0);

	pp_decode(PP_LINK_ETHERNET, pp_pkt_bytes(&pkt), 14 + 20 + 19, pp_pkt_len(&pkt), &packet);
	assert_int_equal(packet.kind, PP_PACKET_OTHER);
	assert_true(packet.cut);
	assert_addr(packet.src, "10.0.0.4");
}

static void udp_lengths(void **state)
{
	static const struct {
		uint16_t length;
		uint32_t payload;
		bool bad;
	} cases[] = {
		{ 13, 5, false }, { 10, 2, false }, { 0, 5, false }, { 7, 5, true }, { 14, 5, true },
	};
	struct pp_packet packet;
	struct pp_pkt pkt;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pp_pkt_start(&pkt, "hello", 5);
		pp_pkt_udp(&pkt, 53, 1024);
		pp_pkt_put(pkt.room + sizeof(pkt.room) - 5 - 4, cases[i].length, 2);
		pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "::1", .dst = "fe80::1", .protocol = 17 });
		pp_decode(PP_LINK_RAW, pp_pkt_bytes(&pkt), pp_pkt_len(&pkt), pp_pkt_len(&pkt), &packet);
		assert_int_equal(packet.kind, PP_PACKET_UDP);
		assert_int_equal(packet.sport, 53);
		assert_int_equal(packet.payload_len, cases[i].payload);
		assert_int_equal(packet.bad, cases[i].bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_without_options),
		cmocka_unit_test(options_of_a_syn),
		cmocka_unit_test(timestamps_in_both_forms),
		cmocka_unit_test(sack_and_fast_open),
		cmocka_unit_test(malformed_options),
		cmocka_unit_test(order_is_clipped),
		cmocka_unit_test(lying_data_offset),
		cmocka_unit_test(cut_by_the_snap_length),
		cmocka_unit_test(udp_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

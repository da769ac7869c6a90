/* The short way through plain frames against the walk: the same for every frame, whole, cut or damaged. */
#include "decode/layer.h"
#include "support/decode_ways.h"

struct frame {
	uint16_t link_type;
	struct pp_pkt pkt;
};

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

/* True when the short way was taken. */
static bool compare(uint16_t link_type, const uint8_t *bytes, uint32_t caplen, uint32_t len)
{
	const struct pp_frame frame = { .data_view = bytes, .caplen = caplen, .len = len, .link_type = link_type };
	struct pp_packet plain = { 0 }, walked = { 0 }, alone = { 0 }, in_a_row = { 0 };

	pp_decode_walk(link_type, bytes, caplen, len, &walked);
	pp_decode(link_type, bytes, caplen, len, &alone);
	assert_memory_equal(&alone, &walked, sizeof(alone));
	pp_decode_frames(&frame, 1, &in_a_row);
	assert_memory_equal(&in_a_row, &walked, sizeof(in_a_row));
	if (!pp_decode_plain(link_type, bytes, caplen, &plain))
		return false;
	assert_memory_equal(&plain, &walked, sizeof(plain));
	return true;
}

static void link_header(struct pp_pkt *pkt, unsigned link, uint16_t type)
{
	switch (link) {
	case 0:
		pp_pkt_ethernet(pkt, type);
		break;
	case 1:
		pp_pkt_be(pkt, 0x202a0000u | type, 4);
		pp_pkt_ethernet(pkt, 0x8100);
		break;
	case 2:
		break;
	case 3:
		pp_pkt_be(pkt, type, 2);
		pp_pkt_be(pkt, 0, 10);
		pp_pkt_be(pkt, 0x00000001, 4); /* packet type, hardware type */
		break;
	default:
		pp_pkt_be(pkt, 0, 10);
		pp_pkt_be(pkt, 1, 2);
		pp_pkt_be(pkt, 0, 6);
		pp_pkt_be(pkt, type, 2);
		break;
	}
}

/* Link layers × IP versions × options × payloads. */
static void build(struct frame *frame, unsigned number)
{
	static const uint16_t link_types[] = { 1, 1, 101, 113, 276 };
	static const uint8_t options[] = { 1, 1,    8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 2, 4,
					   5, 0xb4, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9, 1, 1 };
	static const uint8_t syn[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 9, 8, 7, 6, 0, 0, 0, 1, 1, 3, 3, 7 };
	static const size_t lens[] = { 0, 12, sizeof(syn), 28 };
	unsigned link = number % 5;
	bool v6 = number / 5 % 2;

	frame->link_type = link_types[link];
	pp_pkt_start(&frame->pkt, "hello, payload", number / 40 % 2 ? 14 : 0);
	pp_pkt_tcp(&frame->pkt, &(struct pp_pkt_tcp){ .sport = 50000,
						      .dport = 443,
						      .seq = 0x01020304,
						      .ack = 0xfffefdfc,
						      .flags = PP_TCP_ACK | PP_TCP_PSH,
						      .window = 512,
						      .options = lens[number / 10 % 4] == sizeof(syn) ? syn : options,
						      .options_len = lens[number / 10 % 4] });
	pp_pkt_ip(&frame->pkt, &(struct pp_pkt_ip){ .src = v6 ? "2001:db8::4" : "10.0.0.4",
						    .dst = v6 ? "2001:db8::5" : "20.1.2.3",
						    .protocol = 6,
						    .ttl = 57 });
	link_header(&frame->pkt, link, v6 ? 0x86dd : 0x0800);
}

enum { FRAMES = 80 };

static void takes_the_plain(void **state)
{
	static struct frame frame;

	(void)state;
	for (unsigned i = 0; i < FRAMES; i++) {
		build(&frame, i);
		assert_true(
		    compare(frame.link_type, pp_pkt_bytes(&frame.pkt), pp_pkt_len(&frame.pkt), pp_pkt_len(&frame.pkt)));
	}
}

static void same_where_cut(void **state)
{
	static struct frame frame;

	(void)state;
	for (unsigned i = 0; i < FRAMES; i++) {
		uint32_t len;
		struct pp_guard guard;

		build(&frame, i);
		len = pp_pkt_len(&frame.pkt);
		guard = pp_guard_open(len);
		for (uint32_t n = 0; n < len; n++) {
			const uint8_t *bytes = pp_guard_bytes(&guard, pp_pkt_bytes(&frame.pkt), n);

			(void)compare(frame.link_type, bytes, n, len);
			(void)compare(frame.link_type, bytes, n, n);
		}
		pp_guard_close(&guard);
	}
}

static void same_where_damaged(void **state)
{
	static struct frame frame;
	uint64_t seed = 1;
	unsigned taken = 0;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t bytes[256];
		uint32_t len;

		build(&frame, round % FRAMES);
		len = pp_pkt_len(&frame.pkt);
		memcpy(bytes, pp_pkt_bytes(&frame.pkt), len);
		for (unsigned i = 0; i < 1 + round % 3; i++)
			bytes[next_random(&seed) % len] = (uint8_t)next_random(&seed);
		taken += compare(frame.link_type, bytes, len - next_random(&seed) % 4, len);
	}
	assert_in_range(taken, 2000, 19000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_plain),
		cmocka_unit_test(same_where_cut),
		cmocka_unit_test(same_where_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

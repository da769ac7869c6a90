/* The short way of a segment against the long one: the same for every segment, in order or not, whole or cut. */
#include "support/cmocka_all.h"

#include "base/time.h"
#include "support/flow_ways.h"

enum { FLOWS = 16, SEGMENTS = 200000, LIFE = 300 };

/* A connection whose two sides mostly say what comes next. */
struct talker {
	bool v6, stamps;
	unsigned said;
	uint16_t port;
	uint32_t seq[2];
	uint16_t ip_id[2];
	struct pp_packet last;
};

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static struct pp_addr address_of(const struct talker *talker, unsigned side)
{
	const uint8_t v4[4] = { 10, 0, 0, (uint8_t)(4 + side) };
	uint8_t v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = (uint8_t)(4 + side) };

	return talker->v6 ? pp_addr_v6(v6) : pp_addr_v4(v4);
}

static uint8_t flags_of(uint64_t *seed)
{
	static const uint8_t rare[] = { PP_TCP_SYN, PP_TCP_SYN | PP_TCP_ACK, PP_TCP_ACK | PP_TCP_FIN, PP_TCP_RST,
					PP_TCP_ACK | PP_TCP_URG };
	uint32_t roll = next_random(seed) % 2000;

	if (roll < sizeof(rare))
		return rare[roll];
	return roll < 800 ? PP_TCP_ACK : PP_TCP_ACK | PP_TCP_PSH;
}

static void surprise(struct pp_packet *packet, const struct talker *talker, uint64_t *seed)
{
	switch (next_random(seed) % 300) {
	case 0:
		packet->tcp.seq += next_random(seed) % 5000 - 2500;
		break;
	case 1:
		packet->ttl--;
		break;
	case 2:
		packet->tcp.window = 0;
		break;
	case 3:
		packet->cut = true;
		packet->payload_view.len /= 2;
		break;
	case 4:
		packet->tcp.ack -= next_random(seed) % 3000;
		break;
	case 5:
		packet->ip_id = 0;
		break;
	case 6:
		*packet = talker->last;
		break;
	case 7:
		packet->tcp.ack += 1u << (next_random(seed) % 32);
		break;
	default:
		break;
	}
}

static void speak(struct talker *talker, unsigned number, uint64_t *seed, struct pp_packet *ret_packet)
{
	static const uint8_t opening[] = { PP_TCP_SYN, PP_TCP_SYN | PP_TCP_ACK, PP_TCP_ACK };
	unsigned side = next_random(seed) % 2;
	struct pp_packet packet = { .kind = PP_PACKET_TCP, .ip_version = talker->v6 ? 6 : 4, .protocol = 6, .ttl = 64 };
	unsigned step = talker->said % LIFE;
	bool again; /* the SYN will be sent once more */
	uint16_t ports[2];

	/* Every other connection is seen from its beginning on. */
	if (talker->said / LIFE % 2)
		step = LIFE;
	if (talker->said++ % LIFE == 0)
		talker->port = (uint16_t)(1000 + talker->said / LIFE * FLOWS + number);
	if (step < 3)
		side = step == 1;
	again = step == 0 && next_random(seed) % 8;
	talker->said -= again;
	ports[0] = talker->port;
	ports[1] = 443;
	packet.src = address_of(talker, side);
	packet.dst = address_of(talker, !side);
	packet.sport = ports[side];
	packet.dport = ports[!side];
	packet.ip_id = talker->v6 ? 0 : (talker->ip_id[side] += (step != 0 || next_random(seed) % 4));
	packet.tcp.flags = step < 3 ? opening[step] : flags_of(seed);
	if (step == 1 && next_random(seed) % 4 == 0)
		packet.tcp.flags = PP_TCP_RST | PP_TCP_ACK;
	packet.tcp.seq = talker->seq[side];
	packet.tcp.ack = talker->seq[!side];
	packet.tcp.window = (uint16_t)(500 + next_random(seed) % 2);
	packet.payload_len = step >= 3 && next_random(seed) % 3 ? next_random(seed) % 3000 : 0;
	packet.payload_view.len = packet.payload_len;
	if (talker->stamps) {
		packet.tcp.options = PP_OPT_TIMESTAMPS;
		packet.tcp.ts_val = next_random(seed) % 4;
	}
	if (step >= 3 || next_random(seed) % 8 == 0)
		surprise(&packet, talker, seed);
	if (packet.tcp.seq == talker->seq[side] && !again)
		talker->seq[side] += packet.payload_len + ((packet.tcp.flags & (PP_TCP_SYN | PP_TCP_FIN)) != 0);
	talker->last = *ret_packet = packet;
}

static void expire(struct pp_flow_ways *ways, int64_t now)
{
	struct pp_flow *flow, *other;

	for (;;) {
		assert_true(pp_flow_ways_expire(ways, now, &flow, &other));
		if (!flow)
			return;
		pp_flow_ways_release(ways, flow, other);
	}
}

static void both_ways_say_the_same(void **state)
{
	struct talker talkers[FLOWS] = { 0 };
	struct pp_flow_ways ways;
	struct pp_mark now = { 0 };
	uint64_t seed = 7;

	(void)state;
	pp_flow_ways_begin(&ways, (struct pp_hash_key){ { 1, 2 } });
	for (unsigned i = 0; i < FLOWS; i++) {
		talkers[i].v6 = i % 2;
		talkers[i].stamps = i / 2 % 2;
		talkers[i].seq[0] = 0u - next_random(&seed) % 100000; /* wraps soon */
		talkers[i].seq[1] = next_random(&seed);
	}
	for (now.packet = 1; now.packet <= SEGMENTS; now.packet++) {
		struct pp_flow_news news;
		struct pp_packet packet;
		struct pp_flow *flow;
		unsigned number = next_random(&seed) % FLOWS;

		speak(&talkers[number], number, &seed, &packet);
		now.ts += next_random(&seed) % (next_random(&seed) % 100 ? 2000000 : 2000000000);
		if (!pp_flow_ways_file(&ways, &packet, PP_PHASE_DATA, next_random(&seed) % 2, now, &flow, &news))
			fail_msg("segment %u", (unsigned)now.packet);
		if (flow && news.payload && next_random(&seed) % 16 == 0) {
			struct pp_flow *twin =
			    pp_flows_find(ways.plain, &packet, pp_flows_hash(ways.plain, &packet), now);

			pp_flow_watch(flow, news.offset, news.offset + news.len, 1, now);
			pp_flow_watch(twin, news.offset, news.offset + news.len, 1, now);
		}
		expire(&ways, now.ts);
	}
	assert_in_range(ways.taken, SEGMENTS / 4, SEGMENTS - SEGMENTS / 8);
	expire(&ways, INT64_MAX);
	pp_flow_ways_end(&ways);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_say_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

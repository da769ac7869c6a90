/* One connection captured at two places: judged as one of them saw it. */
#include "support/cmocka_all.h"

#include "base/time.h"
#include "flow/table.h"

#include <string.h>

enum { SYN = PP_TCP_SYN, ACK = PP_TCP_ACK, PSH = PP_TCP_PSH, FIN = PP_TCP_FIN, RST = PP_TCP_RST };
/* Two interfaces of the first file, and one of each of two more files. */
enum point { NEAR = 0, FAR = 1, NEXT_FILE = 1 << 16, THIRD_FILE = 2 << 16 };

struct fixture {
	struct pp_flows *flows;
	struct pp_flow *flow;
	struct pp_tcp_facts facts;
	unsigned filed, left_out, again;
	uint32_t packet;
	int64_t file_ends[3];
	bool merged; /* the points are one interface */
};

static bool ended(const void *context, uint16_t file, int64_t ts)
{
	return ts > ((const struct fixture *)context)->file_ends[file];
}

static void begin_merged(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->flows = pp_flows_new(100, (struct pp_hash_key){ { 1, 2 } });
	f->merged = true;
}

static void begin(struct fixture *f)
{
	begin_merged(f);
	f->merged = false;
	for (unsigned i = 0; i < 3; i++)
		f->file_ends[i] = INT64_MAX;
	pp_flows_points(f->flows, ended, f);
}

static void end(struct fixture *f)
{
	struct pp_flow *flow;

	while ((flow = pp_flows_expire(f->flows, INT64_MAX)) != NULL)
		pp_flows_release(f->flows, flow);
	pp_flows_free(f->flows);
}

struct seg {
	enum point at;
	enum pp_side from;
	int us; /* since the first */
	uint8_t flags;
	uint32_t seq, ack, len;
	uint16_t id;
	uint8_t ttl;    /* 0: 64 of the client, 57 of the server */
	uint32_t stamp; /* TSval; 0: no option */
};

/* As engine/connection.c asks; NULL: left out. */
static struct pp_flow *find_merged(struct fixture *f, const struct pp_packet *packet, uint64_t hash, struct pp_mark now)
{
	struct pp_flow *flow = pp_flows_find(f->flows, packet, hash, now);

	assert_non_null(flow);
	if (!pp_flow_hops_matter(flow, packet))
		return flow;
	switch (pp_flows_hop(f->flows, flow, packet, hash, now)) {
	case PP_POINT_FILED:
		return flow;
	case PP_POINT_AGAIN:
		f->again++;
		return pp_flows_find(f->flows, packet, hash, now);
	case PP_POINT_LEFT_OUT:
		break;
	}
	return NULL;
}

static struct pp_flow *find(struct fixture *f, const struct pp_packet *packet, uint64_t hash, uint32_t point,
			    struct pp_mark now)
{
	if (f->merged)
		return find_merged(f, packet, hash, now);
	switch (pp_flows_point(f->flows, packet, hash, point, now)) {
	case PP_POINT_LEFT_OUT:
		return NULL;
	case PP_POINT_AGAIN:
		f->again++;
		break;
	case PP_POINT_FILED:
		break;
	}
	return pp_flows_find(f->flows, packet, hash, now);
}

static void send_segment(struct fixture *f, const struct seg *seg)
{
	static const uint8_t ips[2][4] = { { 10, 0, 0, 1 }, { 192, 0, 2, 1 } };
	static const uint16_t ports[2] = { 50000, 443 };
	struct pp_packet packet = { .kind = PP_PACKET_TCP, .ip_version = 4, .protocol = 6 };
	struct pp_mark now = { 1000 * PP_SECOND + seg->us * 1000LL, ++f->packet, (uint16_t)(seg->at >> 16), 0 };
	struct pp_flow_news news;
	struct pp_flow *flow;
	uint64_t hash;

	packet.src = pp_addr_v4(ips[seg->from]);
	packet.dst = pp_addr_v4(ips[!seg->from]);
	packet.sport = ports[seg->from];
	packet.dport = ports[!seg->from];
	packet.ttl = seg->ttl ? seg->ttl : seg->from == PP_CLIENT ? 64 : 57;
	packet.ip_id = seg->id;
	packet.payload_len = seg->len;
	packet.tcp.flags = seg->flags;
	packet.tcp.seq = seg->seq;
	packet.tcp.ack = seg->ack;
	packet.tcp.window = 1000;
	packet.tcp.options = seg->stamp ? PP_OPT_TIMESTAMPS : 0;
	packet.tcp.ts_val = seg->stamp;
	hash = pp_flows_hash(f->flows, &packet);
	flow = find(f, &packet, hash, (uint32_t)seg->at, now);
	if (!flow) {
		f->left_out++;
		return;
	}
	f->flow = flow;
	f->filed++;
	pp_flow_segment(f->flow, &packet, now, PP_PHASE_HANDSHAKE, &news);
	if (news.payload)
		pp_flow_payload(f->flow, &news, false);
	pp_flows_touch(f->flows, f->flow);
}

static void send_all(struct fixture *f, const struct seg *segs, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		send_segment(f, &segs[i]);
	memset(&f->facts, 0, sizeof(f->facts));
	pp_flow_finish(f->flow, 2000 * PP_SECOND, &f->facts);
}

#define SEND(f, ...)                                                                                                   \
	do {                                                                                                           \
		const struct seg segs[] = { __VA_ARGS__ };                                                             \
		send_all(f, segs, sizeof(segs) / sizeof(segs[0]));                                                     \
	} while (0)

/* A request and its answer, seen at a point `us` later by its clock, `hops` further on. */
#define EXCHANGE(point, us, hops)                                                                                      \
	{ point, PP_CLIENT, 0 + (us), SYN, 100, 0, 0, 1, 64 - (hops) },                                                \
	    { point, PP_SERVER, 9000 + (us), SYN | ACK, 500, 101, 0, 0, 57 + (hops) },                                 \
	    { point, PP_CLIENT, 9010 + (us), ACK, 101, 501, 0, 2, 64 - (hops) },                                       \
	    { point, PP_CLIENT, 9100 + (us), ACK | PSH, 101, 501, 300, 3, 64 - (hops) },                               \
	    { point, PP_SERVER, 18500 + (us), ACK | PSH, 501, 401, 200, 71, 57 + (hops) },                             \
	    { point, PP_CLIENT, 18600 + (us), ACK | FIN, 401, 701, 0, 4, 64 - (hops) },                                \
	{                                                                                                              \
		point, PP_SERVER, 27600 + (us), ACK | FIN, 701, 402, 0, 72, 57 + (hops)                                \
	}

enum { EXCHANGED = 7 };

static void sorted(struct seg *segs, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		for (unsigned at = i; at > 0 && segs[at].us < segs[at - 1].us; at--) {
			struct seg seg = segs[at];

			segs[at] = segs[at - 1];
			segs[at - 1] = seg;
		}
}

static void assert_seen_once(const struct fixture *f)
{
	assert_int_equal(f->facts.side[PP_CLIENT].packets, 4);
	assert_int_equal(f->facts.side[PP_SERVER].packets, 3);
	assert_int_equal(f->facts.side[PP_CLIENT].retransmits + f->facts.side[PP_SERVER].retransmits, 0);
	assert_int_equal(f->facts.syn_count, 1);
	assert_int_equal(f->facts.syn_retransmits, 0);
	assert_int_equal(f->facts.syn_ack_count, 1);
	assert_int_equal(f->facts.handshake_rtt_ns, 9 * PP_MS);
	assert_int_equal(f->facts.side[PP_CLIENT].profile.ttl_min, 64);
	assert_int_equal(f->facts.side[PP_CLIENT].profile.ttl_max, 64);
	assert_false(f->facts.more_elsewhere);
	assert_false(f->facts.side[PP_CLIENT].missing || f->facts.side[PP_SERVER].missing);
}

/* Whatever the second point's clock says, the connection is the nearer one's. */
static void the_nearer_point_counts(void **state)
{
	static const int clocks[] = { 0, 3, 10000, 40000, 3000000, -3, -10000, -40000, -3000000 };

	(void)state;
	for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct seg segs[] = { EXCHANGE(NEAR, 0, 0), EXCHANGE(FAR, clocks[i], 1) };
		struct fixture f;

		begin(&f);
		sorted(segs, 2 * EXCHANGED);
		send_all(&f, segs, 2 * EXCHANGED);
		assert_seen_once(&f);
		assert_int_equal(f.facts.syn.ts, 1000 * PP_SECOND);
		assert_int_equal(f.again, clocks[i] < 0);
		assert_true(f.facts.duplicates > 0);
		end(&f);
	}
}

/* Which of two points with the same distance counts does not matter, as long as it is one. */
static void one_of_two_alike_counts(void **state)
{
	static const int clocks[] = { 0, 10000, -10000, 3000000, -3000000 };

	(void)state;
	for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct seg segs[] = { EXCHANGE(NEAR, 0, 0), EXCHANGE(FAR, clocks[i], 0) };
		struct fixture f;

		begin(&f);
		sorted(segs, 2 * EXCHANGED);
		send_all(&f, segs, 2 * EXCHANGED);
		assert_seen_once(&f);
		assert_int_equal(f.filed, EXCHANGED);
		end(&f);
	}
}

/* An answer passes the farther point first. */
static void the_answer_is_timed_by_the_home_of_both(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, { NEAR, PP_CLIENT, 0, SYN, 100, 0, 0, 1 }, { FAR, PP_SERVER, 5000, SYN | ACK, 500, 101, 0, 0, 58 },
	     { NEAR, PP_SERVER, 9000, SYN | ACK, 500, 101 }, { NEAR, PP_CLIENT, 9010, ACK, 101, 501, 0, 2 },
	     { FAR, PP_SERVER, 20000, ACK | PSH, 501, 101, 200, 71, 58 },
	     { NEAR, PP_SERVER, 24000, ACK | PSH, 501, 101, 200, 71 });
	assert_int_equal(f.facts.handshake_rtt_ns, 9 * PP_MS);
	assert_int_equal(f.left_out, 2);
	assert_int_equal(f.facts.side[PP_SERVER].bytes, 200);
	assert_int_equal(f.facts.side[PP_SERVER].retransmits, 0);
	end(&f);
}

/* The two ports of a tap; one capture in two files; packets dealt out to two captures. */
static void without_copies_nothing_is_left_out(void **state)
{
	struct fixture f;

	(void)state;
	for (unsigned way = 0; way < 3; way++) {
		struct seg segs[] = { EXCHANGE(NEAR, 0, 0) };

		for (unsigned i = 0; i < EXCHANGED; i++)
			segs[i].at = way == 0   ? (segs[i].from == PP_CLIENT ? NEAR : FAR)
				     : way == 1 ? (i < 3 ? NEAR : NEXT_FILE)
						: (i % 2 ? NEAR : FAR);
		begin(&f);
		send_all(&f, segs, EXCHANGED);
		assert_int_equal(f.left_out, 0);
		assert_seen_once(&f);
		end(&f);
	}
}

/* Windows asks again after a refusal; both resets are alike, and without identification no copies. */
static void alike_is_no_copy(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, { NEAR, PP_CLIENT, 0, SYN, 100, 0, 0, 1 }, { NEAR, PP_SERVER, 9000, RST | ACK, 0, 101 },
	     { NEXT_FILE, PP_CLIENT, 500000, SYN, 100, 0, 0, 2 }, { NEXT_FILE, PP_SERVER, 509000, RST | ACK, 0, 101 });
	assert_int_equal(f.left_out, 0);
	assert_int_equal(f.facts.syn_count, 2);
	assert_int_equal(f.facts.rst.count, 2);
	end(&f);
}

/* A SYN that is sent again without any mark, where one file ends and the next begins. */
static void a_syn_in_the_next_file_is_sent_again(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	f.file_ends[0] = 1000 * PP_SECOND;
	SEND(&f, { NEAR, PP_CLIENT, 0, SYN, 100 }, { NEXT_FILE, PP_CLIENT, 1000000, SYN, 100 },
	     { NEXT_FILE, PP_SERVER, 1009000, SYN | ACK, 500, 101 }, { NEXT_FILE, PP_CLIENT, 1009010, ACK, 101, 501 });
	assert_int_equal(f.left_out, 0);
	assert_int_equal(f.facts.syn_count, 2);
	assert_false(f.facts.more_elsewhere);
	end(&f);
}

/* A reset shows no TTL habits: seen double it does not make a point the nearer one. */
static void a_reset_says_nothing_of_distance(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, { NEAR, PP_SERVER, 0, RST, 500, 0, 0, 7 }, { FAR, PP_SERVER, 10000, RST, 500, 0, 0, 7 });
	assert_int_equal(f.left_out, 1);
	assert_false(f.flow->points->near);
	end(&f);
}

/* The nearer capture goes on in its next file, which the farther one cannot be mistaken for. */
static void home_goes_on_in_its_next_file(void **state)
{
	struct seg segs[] = { EXCHANGE(NEAR, 0, 0), EXCHANGE(THIRD_FILE, 10, 1) };
	struct fixture f;

	(void)state;
	for (unsigned i = 3; i < EXCHANGED; i++)
		segs[i].at = NEXT_FILE;
	begin(&f);
	f.file_ends[0] = 1000 * PP_SECOND + 9010 * INT64_C(1000);
	sorted(segs, 2 * EXCHANGED);
	send_all(&f, segs, 2 * EXCHANGED);
	assert_seen_once(&f);
	assert_int_equal(f.left_out, EXCHANGED);
	end(&f);
}

/* A device between the two swallows the request.  The farther point began first by its clock, and if the distances do not
 * tell which one is nearer, what it lacks says nothing. */
static void what_home_lacks_is_told(void **state)
{
	(void)state;
	for (int hops = 0; hops < 2; hops++) {
		struct fixture f;

		begin(&f);
		SEND(&f, { FAR, PP_CLIENT, -10000, SYN, 100, 0, 0, 1, (uint8_t)(64 - hops) },
		     { FAR, PP_SERVER, -1000, SYN | ACK, 500, 101, 0, 0, (uint8_t)(57 + hops) },
		     { FAR, PP_CLIENT, -990, ACK, 101, 501, 0, 2, (uint8_t)(64 - hops) },
		     { NEAR, PP_CLIENT, 0, SYN, 100, 0, 0, 1 }, { NEAR, PP_SERVER, 9000, SYN | ACK, 500, 101 },
		     { NEAR, PP_CLIENT, 9010, ACK, 101, 501, 0, 2 },
		     { NEAR, PP_CLIENT, 9100, ACK | PSH, 101, 501, 300, 3 },
		     { NEAR, PP_CLIENT, 309100, ACK | PSH, 101, 501, 300, 4 });
		assert_int_equal(f.facts.more_elsewhere, hops == 0);
		assert_int_equal(f.facts.side[PP_CLIENT].bytes != 0, hops != 0);
		end(&f);
	}
}

/* The server's segments are only where the client's are not looked at: what it says must not be taken for silence. */
static void an_end_of_which_home_has_nothing(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, { FAR, PP_CLIENT, -10000, SYN, 100, 0, 0, 1, 63 },
	     { FAR, PP_SERVER, -1000, SYN | ACK, 500, 101, 0, 0, 58 }, { NEAR, PP_CLIENT, 0, SYN, 100, 0, 0, 1 },
	     { NEAR, PP_CLIENT, 9010, ACK, 101, 501, 0, 2 },
	     { FAR, PP_SERVER, 20000, ACK | PSH, 501, 101, 99, 70, 58 });
	assert_int_equal(f.again, 1);
	assert_true(f.facts.more_elsewhere);
	end(&f);
}

/* The first capture is over; the second goes on by its own clock: what came when is not known any more. */
static void the_other_point_goes_on_alone(void **state)
{
	struct seg segs[] = { EXCHANGE(NEAR, 0, 0), EXCHANGE(THIRD_FILE, 10, 0) };
	struct fixture f;

	(void)state;
	for (unsigned i = 4; i < EXCHANGED; i++)
		segs[i] = segs[EXCHANGED + i];
	begin(&f);
	f.file_ends[0] = 1000 * PP_SECOND + 9100 * INT64_C(1000);
	sorted(segs, EXCHANGED + 4);
	send_all(&f, segs, EXCHANGED + 4);
	assert_true(f.facts.more_elsewhere);
	assert_int_equal(f.facts.side[PP_SERVER].bytes, 200);
	end(&f);
}

/* ---- Two points that are one interface ---- */

static void merged_the_nearer_point_counts(void **state)
{
	static const int clocks[] = { 3, 10000, 40000, 3000000, -3, -10000, -40000, -3000000 };

	(void)state;
	for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct seg segs[] = { EXCHANGE(NEAR, 0, 0), EXCHANGE(NEAR, clocks[i], 2) };
		struct fixture f;

		begin_merged(&f);
		sorted(segs, 2 * EXCHANGED);
		send_all(&f, segs, 2 * EXCHANGED);
		assert_seen_once(&f);
		assert_int_equal(f.facts.syn.ts, 1000 * PP_SECOND);
		end(&f);
	}
}

/* A router sends what it received on, at once. */
static void merged_on_a_router(void **state)
{
	struct fixture f;

	(void)state;
	begin_merged(&f);
	SEND(&f, { NEAR, PP_CLIENT, 0, SYN, 100, 0, 0, 1 }, { NEAR, PP_CLIENT, 8, SYN, 100, 0, 0, 1, 63 },
	     { NEAR, PP_SERVER, 8992, SYN | ACK, 500, 101, 0, 0, 58 }, { NEAR, PP_SERVER, 9000, SYN | ACK, 500, 101 });
	assert_int_equal(f.facts.handshake_rtt_ns, 9 * PP_MS);
	assert_int_equal(f.facts.side[PP_SERVER].profile.ttl_syn, 57);
	assert_int_equal(f.facts.syn_ack_count, 1);
	end(&f);
}

/* A refusal has no identification: that its TTL differs by what the SYN's did makes it the same. */
static void merged_a_reset_is_one(void **state)
{
	static const int clocks[] = { 0, 3, 10000, -10000, -3000000 };

	(void)state;
	for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct seg segs[] = {
			{ NEAR, PP_CLIENT, 0, SYN, 100, 0, 0, 1 },
			{ NEAR, PP_SERVER, 9000, RST | ACK, 0, 101 },
			{ NEAR, PP_CLIENT, 4 + clocks[i], SYN, 100, 0, 0, 1, 63 },
			{ NEAR, PP_SERVER, 8996 + clocks[i], RST | ACK, 0, 101, 0, 0, 58 },
		};
		struct fixture f;

		begin_merged(&f);
		sorted(segs, 4);
		send_all(&f, segs, 4);
		assert_int_equal(f.facts.rst.count, 1);
		assert_int_equal(f.facts.rst.ttl, 57);
		assert_int_equal(f.facts.rst.mark.ts, 1000 * PP_SECOND + 9 * PP_MS);
		assert_int_equal(f.facts.syn_count, 1);
		assert_false(f.facts.more_elsewhere);
		end(&f);
	}
}

/* A device answers in the server's name, from nearer by; a client's next SYN takes another way. */
static void merged_another_distance_is_no_copy(void **state)
{
	struct fixture f;

	(void)state;
	begin_merged(&f);
	SEND(&f, { NEAR, PP_CLIENT, 0, SYN, 100, 0, 0, 1 }, { NEAR, PP_CLIENT, 1000000, SYN, 100, 0, 0, 2, 63 },
	     { NEAR, PP_SERVER, 1009000, SYN | ACK, 500, 101 }, { NEAR, PP_CLIENT, 1009010, ACK, 101, 501, 0, 3 },
	     { NEAR, PP_CLIENT, 1009100, ACK | PSH, 101, 501, 300, 4 },
	     { NEAR, PP_SERVER, 1010000, RST, 501, 0, 0, 7, 64 }, { NEAR, PP_SERVER, 1010001, RST, 501, 0, 0, 7, 62 });
	assert_int_equal(f.left_out, 0);
	assert_int_equal(f.facts.syn_count, 2);
	assert_int_equal(f.facts.rst.ttl, 64);
	end(&f);
}

/* A device's reset looks by chance as if the farther point had seen the server's. */
static void merged_a_lone_reset_counts(void **state)
{
	struct seg segs[] = { EXCHANGE(NEAR, 0, 0), EXCHANGE(NEAR, 10000, 1) };
	struct fixture f;

	(void)state;
	begin_merged(&f);
	sorted(segs, 2 * EXCHANGED);
	segs[2 * EXCHANGED - 1] = (struct seg){ NEAR, PP_SERVER, 50000, RST, 701, 0, 0, 9, 58 };
	send_all(&f, segs, 2 * EXCHANGED);
	assert_true(pp_seen(f.facts.rst.mark));
	end(&f);
}

/* Neither interface nor TTL tells, but the identification and the time that the sender has put in. */
static void merged_alike(void **state)
{
	static const struct seg again[] = {
		{ NEAR, PP_CLIENT, 3000000, SYN, 100, 0, 0, 1, 0, 900 },  /* a copy … */
		{ NEAR, PP_CLIENT, 3000000, SYN, 100, 0, 0, 2, 0, 900 },  /* … sent again … */
		{ NEAR, PP_CLIENT, 3000000, SYN, 100, 0, 0, 1, 0, 3900 }, /* … with the same identification … */
		{ NEAR, PP_CLIENT, 3000000, SYN, 100, 0, 0, 1, 0, 0 },    /* … without any time */
		{ NEAR, PP_CLIENT, 3009100, ACK | PSH, 101, 501, 300, 3, 0, 909 }, /* a copy */
		{ NEAR, PP_CLIENT, 3009100, ACK | PSH, 101, 501, 300, 4, 0, 909 }, /* sent again */
	};
	static const bool copies[] = { true, false, false, false, true, false };

	(void)state;
	for (unsigned i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		struct fixture f;

		begin_merged(&f);
		SEND(&f, { NEAR, PP_CLIENT, 0, SYN, 100, 0, 0, 1, 0, 900 });
		if (i >= 4)
			SEND(&f, { NEAR, PP_SERVER, 9000, SYN | ACK, 500, 101, 0, 0, 0, 70 },
			     { NEAR, PP_CLIENT, 9010, ACK, 101, 501, 0, 2, 0, 909 },
			     { NEAR, PP_CLIENT, 9100, ACK | PSH, 101, 501, 300, 3, 0, 909 });
		send_all(&f, &again[i], 1);
		assert_int_equal(f.facts.duplicates, copies[i]);
		assert_int_equal(f.facts.syn_count, i < 4 && !copies[i] ? 2 : 1);
		end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merged_the_nearer_point_counts),
		cmocka_unit_test(merged_on_a_router),
		cmocka_unit_test(merged_a_reset_is_one),
		cmocka_unit_test(merged_another_distance_is_no_copy),
		cmocka_unit_test(merged_a_lone_reset_counts),
		cmocka_unit_test(merged_alike),
		cmocka_unit_test(the_nearer_point_counts),
		cmocka_unit_test(one_of_two_alike_counts),
		cmocka_unit_test(the_answer_is_timed_by_the_home_of_both),
		cmocka_unit_test(without_copies_nothing_is_left_out),
		cmocka_unit_test(alike_is_no_copy),
		cmocka_unit_test(a_syn_in_the_next_file_is_sent_again),
		cmocka_unit_test(a_reset_says_nothing_of_distance),
		cmocka_unit_test(home_goes_on_in_its_next_file),
		cmocka_unit_test(what_home_lacks_is_told),
		cmocka_unit_test(an_end_of_which_home_has_nothing),
		cmocka_unit_test(the_other_point_goes_on_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Connections: numbering as Wireshark's, sides, marks, retransmissions, holes, resets, duplicates, expiry. */
#include "support/cmocka_all.h"

#include "base/time.h"
#include "flow/table.h"

#include <string.h>

enum { MOST = 100 };

struct fixture {
	struct pp_flows *flows;
	struct pp_mark now;
	struct pp_flow *flow;
	struct pp_flow_news news;
	uint16_t ip_id;
	struct pp_tcp_facts facts; /* of the flow, after see_facts() */
	bool whole;                /* no flow is left half open */
};

static void begin(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->flows = pp_flows_new(MOST, (struct pp_hash_key){ { 1, 2 } });
	f->now.ts = 1000 * PP_SECOND;
}

static uint32_t list_of(const struct fixture *f) { return f->flows->nodes[f->flow->slot].list; }

static void see_facts(struct fixture *f)
{
	memset(&f->facts, 0, sizeof(f->facts));
	pp_flow_finish(f->flow, f->now.ts, &f->facts);
}

static void end(struct fixture *f)
{
	struct pp_flow *flow;

	while ((flow = pp_flows_expire(f->flows, INT64_MAX)) != NULL)
		pp_flows_release(f->flows, flow);
	pp_flows_free(f->flows);
}

/* One segment `ms` after the one before; from the client (10.0.0.1:50000) or the server (192.0.2.1:443). */
struct seg {
	enum pp_side from;
	int ms;
	uint8_t flags;
	uint32_t seq, ack, len;
	bool copy; /* same IP ID as the segment before */
	uint8_t ttl;
	bool had;   /* stream/ knows these bytes already */
	bool no_id; /* IP ID 0 */
};

/* As the dissectors would have it that saw no payload. */
static enum pp_phase phase_of(const struct pp_flow *flow)
{
	return flow->body && pp_seen(flow->body->facts.syn) && !pp_seen(flow->body->facts.syn_ack) ? PP_PHASE_SYN
												   : PP_PHASE_HANDSHAKE;
}

static void send_segment(struct fixture *f, const struct seg *seg)
{
	static const uint8_t ips[2][4] = { { 10, 0, 0, 1 }, { 192, 0, 2, 1 } };
	static const uint16_t ports[2] = { 50000, 443 };
	struct pp_packet packet = { .kind = PP_PACKET_TCP, .ip_version = 4, .protocol = 6 };
	uint64_t hash;

	if (!seg->copy)
		f->ip_id++;
	packet.src = pp_addr_v4(ips[seg->from]);
	packet.dst = pp_addr_v4(ips[!seg->from]);
	packet.sport = ports[seg->from];
	packet.dport = ports[!seg->from];
	packet.ttl = seg->ttl ? seg->ttl : 64;
	packet.ip_id = seg->no_id ? 0 : f->ip_id;
	packet.tcp.flags = seg->flags;
	packet.tcp.seq = seg->seq;
	packet.tcp.ack = seg->ack;
	packet.tcp.window = 1000;
	packet.payload_len = seg->len;
	packet.payload_view.len = seg->len;
	f->now.ts += seg->ms * PP_MS;
	f->now.packet++;
	hash = pp_flows_hash(f->flows, &packet);
	if ((seg->flags & PP_TCP_RST) && !f->whole && pp_flows_refused(f->flows, &packet, hash, &f->now)) {
		f->news = (struct pp_flow_news){ .side = PP_SERVER };
		return;
	}
	f->flow = pp_flows_find(f->flows, &packet, hash, f->now);
	if (!f->flow)
		return;
	if (f->whole)
		assert_true(pp_flows_unfold(f->flows, f->flow));
	pp_flow_segment(f->flow, &packet, f->now, phase_of(f->flow), &f->news);
	if (f->news.payload)
		pp_flow_payload(f->flow, &f->news, seg->had);
	pp_flows_touch(f->flows, f->flow);
}

static void send_all(struct fixture *f, const struct seg *segs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		send_segment(f, &segs[i]);
}

#define SEND(f, ...)                                                                                                   \
	do {                                                                                                           \
		const struct seg segs_[] = { __VA_ARGS__ };                                                            \
		send_all(f, segs_, sizeof(segs_) / sizeof(segs_[0]));                                                  \
	} while (0)

#define C PP_CLIENT
#define S PP_SERVER
enum { SYN = PP_TCP_SYN, ACK = PP_TCP_ACK, FIN = PP_TCP_FIN, RST = PP_TCP_RST };
#define OPENED                                                                                                         \
	{ C, 0, SYN, 100, 0, 0 }, { S, 50, SYN | ACK, 900, 101, 0 }, { C, 1, ACK, 101, 901, 0 }

static void a_whole_life(void **state)
{
	struct fixture f;
	const struct pp_tcp_facts *facts;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { C, 1, ACK, 101, 901, 10 }, { S, 50, ACK, 901, 111, 20 }, { C, 1, ACK | FIN, 111, 921, 0 },
	     { S, 50, ACK | FIN, 921, 112, 0 }, { C, 1, ACK, 112, 922, 0 });
	facts = &f.flow->body->facts;
	see_facts(&f);
	assert_int_equal(facts->sides_by, PP_BY_SYN);
	assert_int_equal(facts->syn_count, 1);
	assert_int_equal(facts->syn_ack.packet, 2);
	assert_int_equal(facts->established.packet, 3);
	assert_true(facts->handshake_rtt_ns == 50 * PP_MS);
	assert_int_equal(facts->side[C].bytes, 10);
	assert_int_equal(facts->side[S].bytes, 20);
	assert_int_equal(facts->side[C].acked, 10);
	assert_int_equal(facts->fin_from, PP_CLIENT);
	assert_true(facts->side[C].fin_acked && facts->side[S].fin_acked && f.flow->closed);
	assert_false(facts->midstream || facts->one_sided || pp_seen(facts->rst.mark));
	assert_int_equal(facts->side[C].missing | facts->side[S].missing, 0);
	end(&f);
}

static void syn_retransmissions_and_their_clock(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, { C, 0, SYN, 100, 0, 0 }, { C, 1000, SYN, 100, 0, 0 }, { C, 2000, SYN, 100, 0, 0 });
	see_facts(&f);
	assert_int_equal(f.facts.syn_count, 3);
	assert_int_equal(f.facts.syn_retransmits, 2);
	assert_int_equal(f.facts.syn_ms[2], 3000);
	/* Which SYN it answers is not known: no round trip. */
	SEND(&f, { S, 50, SYN | ACK, 900, 101, 0 });
	see_facts(&f);
	assert_true(f.facts.handshake_rtt_ns == -1);
	end(&f);
}

/* CAP-04: a copy with the same IP ID within milliseconds; a TTL one lower is the other side of a router. */
static void copies_are_dropped(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, { C, 0, SYN, 100, 0, 0 }, { C, 1, SYN, 100, 0, 0, .copy = true, .ttl = 63 });
	assert_true(f.news.duplicate);
	see_facts(&f);
	assert_int_equal(f.facts.syn_count, 1);
	assert_int_equal(f.facts.duplicates, 1);
	/* Near miss: the same bytes again later are a retransmission. */
	SEND(&f, { C, 1000, SYN, 100, 0, 0, .copy = true });
	assert_false(f.news.duplicate);
	see_facts(&f);
	assert_int_equal(f.facts.syn_retransmits, 1);
	end(&f);
}

static void retransmissions_stuck_and_watched(void **state)
{
	struct fixture f;
	const struct pp_tcp_facts *facts;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { C, 1, ACK, 101, 901, 500 });
	pp_flow_watch(f.flow, 0, 500, 1, f.now);
	SEND(&f, { C, 260, ACK, 101, 901, 500, .had = true }, { C, 520, ACK, 101, 901, 500, .had = true });
	facts = &f.flow->body->facts;
	assert_int_equal(facts->side[C].retransmits, 2);
	assert_int_equal(facts->side[C].stuck_retransmits, 2);
	assert_int_equal(facts->watch_retransmits, 2);
	assert_false(facts->watch_part_acked || pp_seen(facts->watch_acked));
	assert_int_equal(facts->side[C].bytes, 500);
	assert_int_equal(facts->side[C].last_data.packet, 4);
	assert_int_equal(facts->side[C].again.packet, f.now.packet);
	SEND(&f, { S, 5, ACK, 901, 601, 0 });
	assert_int_equal(facts->side[C].stuck_retransmits, 0);
	assert_int_equal(facts->watch_acked.packet, f.now.packet);
	SEND(&f, { S, 5, ACK, 901, 601, 7 });
	assert_int_equal(facts->watch_answer.packet, f.now.packet);
	end(&f);
}

/* An alert to a server that closed on the hello is no second request; one to a server that has answered may be. */
static void nothing_is_asked_of_who_has_closed(void **state)
{
	for (int answered = 0; answered <= 1; answered++) {
		struct fixture f;
		const struct pp_tcp_facts *facts;
		uint32_t hello;

		(void)state;
		begin(&f);
		SEND(&f, OPENED, { C, 1, ACK, 101, 901, 500 });
		pp_flow_watch(f.flow, 0, 500, 1, f.now);
		hello = f.now.packet;
		if (answered)
			SEND(&f, { S, 5, ACK, 901, 601, 7 });
		SEND(&f, { S, 5, FIN | ACK, 901 + 7 * (uint32_t)answered, 601, 0 });
		SEND(&f, { C, 1, ACK, 601, 902 + 7 * (uint32_t)answered, 7 });
		pp_flow_watch(f.flow, 500, 507, 1, f.now);
		facts = &f.flow->body->facts;
		assert_int_equal(facts->watch.packet, answered ? f.now.packet : hello);
		end(&f);
	}
}

/* The host's own capture has them before its network card cuts them. */
static void segments_larger_than_the_mss(void **state)
{
	static const struct {
		uint16_t mss;
		int64_t len;
		uint32_t captured, sent;
	} rows[] = {
		{ 1460, 517, 1, 1 },  { 1460, 1460, 1, 1 }, { 1460, 1461, 1, 2 }, { 1460, 2189, 1, 2 },
		{ 1460, 4400, 2, 4 }, { 1460, 2189, 3, 3 }, { 0, 2189, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		begin(&f);
		SEND(&f, OPENED);
		f.flow->body->facts.side[S].profile.mss = rows[i].mss;
		pp_flow_watch(f.flow, 0, rows[i].len, rows[i].captured, f.now);
		assert_int_equal(f.flow->body->facts.watch_segments, rows[i].sent);
		end(&f);
	}
}

/* MTU-01: the server's own SEQ shows bytes that never arrived. */
static void an_empty_segment_shows_a_hole(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { C, 1, ACK, 101, 901, 10 }, { S, 50, ACK, 901, 111, 0 }, { C, 10000, ACK | FIN, 111, 901, 0 },
	     { S, 50, ACK, 2180, 112, 0 });
	see_facts(&f);
	assert_int_equal(f.flow->body->facts.side[S].gap.packet, f.now.packet);
	assert_int_equal(f.flow->body->facts.side[S].gap_bytes, 1279);
	assert_int_equal(f.flow->body->facts.side[S].missing, 1279);
	assert_int_equal(f.flow->body->facts.side[S].missing_acked, 0);
	end(&f);
}

/* CAP-09: the client acknowledges what was never captured. */
static void a_hole_the_client_knows_nothing_of(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { C, 1, ACK, 101, 901, 10 }, { S, 50, ACK, 1901, 111, 100 }, { C, 1, ACK, 111, 2001, 0 });
	see_facts(&f);
	assert_int_equal(f.flow->body->facts.side[S].missing, 1000);
	assert_int_equal(f.flow->body->facts.side[S].missing_acked, 1000);
	end(&f);
}

static void a_filled_hole_is_none(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { S, 1, ACK, 1001, 101, 100 }, { S, 1, ACK, 901, 101, 100 });
	see_facts(&f);
	assert_false(pp_seen(f.flow->body->facts.side[S].gap));
	assert_int_equal(f.flow->body->facts.side[S].out_of_order, 1);
	assert_int_equal(f.flow->body->facts.side[S].last_data.packet, f.now.packet);
	assert_false(pp_seen(f.flow->body->facts.side[S].again));
	assert_int_equal(f.flow->body->facts.side[S].missing, 0);
	end(&f);
}

/* MTU-02: what is acknowledged of a large segment need not be all of it, as its sender may have sent it in parts. */
static void a_large_segment_that_arrived(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { C, 1, ACK, 101, 901, 500 }, { C, 1, ACK, 601, 901, 2896 }, { S, 50, ACK, 901, 1100, 0 });
	see_facts(&f);
	assert_false(f.facts.side[C].large_acked);
	SEND(&f, { S, 1, ACK, 901, 2049, 0 }, { S, 1, ACK, 901, 3497, PP_LARGE_PAYLOAD - 1 },
	     { C, 1, ACK, 3497, 901 + PP_LARGE_PAYLOAD - 1, 0 });
	see_facts(&f);
	assert_true(f.facts.side[C].large_acked);
	assert_false(f.facts.side[S].large_acked);
	end(&f);
}

static void keep_alives_are_no_loss(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { C, 1, ACK, 101, 901, 10 }, { S, 1, ACK, 901, 111, 0 }, { C, 60000, ACK, 110, 901, 1 },
	     { C, 60000, ACK, 110, 901, 0 });
	assert_int_equal(f.flow->body->facts.side[C].keep_alives, 2);
	assert_int_equal(f.flow->body->facts.side[C].retransmits, 0);
	/* An answer begins the count anew. */
	SEND(&f, { S, 1, ACK, 901, 111, 0 }, { C, 60000, ACK, 110, 901, 1 });
	assert_int_equal(f.flow->body->facts.side[C].keep_alives, 1);
	end(&f);
}

static void the_reset_that_ends_it(void **state)
{
	struct fixture f;
	const struct pp_tcp_reset *rst;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { C, 1, ACK, 101, 901, 10 }, { S, 1, RST, 901, 0, 0, .ttl = 60 });
	rst = &f.flow->body->facts.rst;
	assert_int_equal(rst->from, PP_SERVER);
	assert_int_equal(rst->ttl, 60);
	assert_true(rst->acceptable && !rst->has_ack && f.flow->closed);
	assert_int_equal(rst->seq_ahead, 0);
	/* The true peer goes on: the reset was not its own. */
	SEND(&f, { S, 40, ACK, 901, 111, 0 });
	assert_int_equal(rst->peer_later.packet, f.now.packet);
	end(&f);
}

static void injected_reset_trains(void **state)
{
	struct fixture f;
	const struct pp_tcp_reset *rst;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { C, 1, ACK, 101, 901, 10 }, { S, 1, RST | ACK, 901, 111, 0 },
	     { S, 0, RST | ACK, 2361, 111, 0 }, { S, 0, RST, 5281, 0, 0 });
	see_facts(&f);
	rst = &f.flow->body->facts.rst;
	assert_int_equal(rst->count, 3);
	assert_true(rst->seq_grows && rst->mixed_flags && rst->acks_differ);
	assert_int_equal(rst->mark.packet, 5);
	end(&f);
}

/* Whoever has no socket any more answers every segment alike. */
static void resets_that_answer_are_no_copies(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { S, 1, ACK, 901, 101, 10 }, { C, 0, RST, 101, 0, 0, .no_id = true },
	     { S, 0, ACK, 911, 101, 10 }, { C, 0, RST, 101, 0, 0, .no_id = true });
	see_facts(&f);
	assert_int_equal(f.facts.duplicates, 0);
	assert_int_equal(f.facts.rst.count, 2);
	SEND(&f, { C, 0, RST, 101, 0, 0, .no_id = true });
	see_facts(&f);
	assert_int_equal(f.facts.duplicates, 1);
	assert_int_equal(f.facts.rst.count, 2);
	end(&f);
}

/* Packet numbers begin again in the next file. */
static void resets_that_answer_in_the_next_file(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { S, 1, ACK, 901, 101, 10 }, { C, 0, RST, 101, 0, 0, .no_id = true });
	f.now.file++;
	f.now.packet = 0;
	SEND(&f, { S, 1, ACK, 911, 101, 10 }, { C, 0, RST, 101, 0, 0, .no_id = true });
	see_facts(&f);
	assert_int_equal(f.facts.duplicates, 0);
	assert_int_equal(f.facts.rst.count, 2);
	end(&f);
}

static void send_icmp(struct fixture *f, uint32_t seq)
{
	struct pp_packet packet = {
		.ip_version = 4, .icmp_type = 3, .icmp_code = 13, .quote = { .has_seq = true, .seq = seq }
	};

	f->now.ts += PP_MS;
	f->now.packet++;
	pp_flow_icmp(f->flow, &packet, PP_CLIENT, f->now);
}

/* Of many the first are kept, and the last one that its side did not provoke by closing. */
static void the_first_and_the_last_icmp_errors(void **state)
{
	const struct pp_tcp_facts *facts;
	struct fixture f;
	uint32_t last;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { C, 1, ACK, 101, 901, 500 });
	for (unsigned i = 0; i < 2 * PP_ICMP_MAX; i++)
		send_icmp(&f, 101);
	last = f.now.packet;
	send_icmp(&f, 90); /* stale, so it tells nothing */
	SEND(&f, { C, 1, ACK | FIN, 601, 901, 0 });
	send_icmp(&f, 601);
	facts = &f.flow->body->facts;
	assert_int_equal(facts->icmp_count, PP_ICMP_MAX);
	assert_int_equal(facts->icmp[0].mark.packet, last - 2 * PP_ICMP_MAX + 1);
	assert_int_equal(facts->icmp[PP_ICMP_MAX - 1].mark.packet, last);
	assert_true(facts->icmp[PP_ICMP_MAX - 1].authentic);
	end(&f);
}

/* A reset nobody would accept is kept only while there is none better. */
static void an_acceptable_reset_wins(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { S, 1, RST, 5000000, 0, 0 });
	assert_false(f.flow->body->facts.rst.acceptable || f.flow->closed);
	SEND(&f, { S, 1, RST, 901, 0, 0 });
	assert_true(f.flow->body->facts.rst.acceptable);
	assert_int_equal(f.flow->body->facts.rst.mark.packet, 5);
	end(&f);
}

/* Windows asks again after a refusal: one stream, one attempt, and a SYN-ACK in the end takes the refusal back. */
static void syn_again_after_a_refusal(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, { C, 0, SYN, 100, 0, 0 });
	SEND(&f, { S, 10, RST | ACK, 0, 101, 0 });
	assert_true(f.flow->closed);
	SEND(&f, { C, 500, SYN, 100, 0, 0 });
	assert_int_equal(f.flow->stream, 0);
	assert_false(f.flow->closed);
	SEND(&f, { S, 10, SYN | ACK, 900, 101, 0 });
	assert_false(pp_seen(f.flow->body->facts.rst.mark));
	end(&f);
}

/* Wireshark's tcp.stream: a SYN with another sequence number on a known four-tuple begins a new one. */
static void reused_ports_are_a_new_stream(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { C, 100, SYN, 7000, 0, 0 });
	assert_int_equal(f.flow->stream, 1);
	assert_true(f.flow->reused);
	SEND(&f, { C, 100, SYN, 7000, 0, 0 });
	assert_int_equal(f.flow->stream, 1);
	assert_int_equal(pp_flows_streams(f.flows, 0), 2);
	end(&f);
}

static void sides_without_a_syn(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, { S, 0, ACK, 901, 101, 5 });
	assert_int_equal(f.flow->body->facts.sides_by, PP_BY_PORT);
	assert_int_equal(f.news.side, PP_SERVER);
	assert_true(f.flow->body->facts.midstream);
	pp_flow_swap(f.flow, PP_BY_CLIENT_HELLO);
	SEND(&f, { C, 1, ACK, 101, 906, 5 });
	assert_int_equal(f.news.side, PP_SERVER);
	assert_int_equal(f.flow->body->facts.side[PP_CLIENT].bytes, 5);
	end(&f);
}

/* Member by member: what lies between them is anything. */
static bool same_news(const struct pp_flow_news *a, const struct pp_flow_news *b)
{
	return a->side == b->side && a->duplicate == b->duplicate && a->payload == b->payload &&
	       a->offset == b->offset && a->len == b->len && a->next_before == b->next_before;
}

/* What a storm of SYNs is kept in tells the same as a whole record. */
static void half_open_is_as_good_as_whole(void **state)
{
	static const struct seg kinds[] = {
		{ C, 1000, SYN, 100, 0, 0 },
		{ C, 3000, SYN, 100, 0, 0 },
		{ C, 1, SYN, 100, 0, 0, .copy = true },
		{ C, 900, SYN, 100, 0, 0, .copy = true },
		{ C, 70000, SYN, 100, 0, 0 },
		{ C, -5, SYN, 100, 0, 0 },
		{ C, 7, SYN | PP_TCP_ECE | PP_TCP_CWR, 100, 0, 0 },
		{ C, 100, SYN, 100, 0, 0, .ttl = 63 },
		{ C, 100, SYN, 100, 0, 20 },
		{ S, 30, SYN | ACK, 900, 101, 0 },
		{ S, 30, RST | ACK, 0, 101, 0 },
		{ C, 10, ACK, 101, 901, 5 },
		{ S, 10, SYN, 800, 0, 0 },
		{ C, 10, RST, 101, 0, 0 },
	};
	enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), ROUNDS = 3000, LENGTH = 9 };
	uint64_t seed = 1;
	unsigned half = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct fixture a, b;

		begin(&a);
		begin(&b);
		b.whole = true;
		for (unsigned i = 0; i < 1 + round % LENGTH; i++) {
			/* Mostly SYNs, so that the other kinds come after some of them. */
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			send_segment(&a, &kinds[(seed >> 33) % (i % 3 ? 7 : KINDS)]);
			send_segment(&b, &kinds[(seed >> 33) % (i % 3 ? 7 : KINDS)]);
			assert_true(same_news(&a.news, &b.news));
			assert_true(a.flow->last.packet == b.flow->last.packet && list_of(&a) == list_of(&b));
		}
		half += !a.flow->body;
		see_facts(&a);
		see_facts(&b);
		assert_memory_equal(&a.facts, &b.facts, sizeof(a.facts));
		end(&a);
		end(&b);
	}
	assert_in_range(half, ROUNDS / 20, ROUNDS / 2);
}

static void one_direction_only(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, { C, 0, SYN, 100, 0, 0 }, { C, 50, ACK, 101, 901, 0 }, { C, 1, ACK, 101, 901, 10 },
	     { C, 50, ACK, 111, 2901, 0 });
	see_facts(&f);
	assert_true(f.flow->body->facts.one_sided);
	end(&f);
	/* Near miss: nobody answers, the acknowledgement number stands still. */
	begin(&f);
	SEND(&f, { C, 0, SYN, 100, 0, 0 }, { C, 1000, SYN, 100, 0, 0 }, { C, 2000, SYN, 100, 0, 0 });
	see_facts(&f);
	assert_false(f.facts.one_sided);
	end(&f);
}

static void sequence_numbers_wrap(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	SEND(&f, { C, 0, SYN, 0xfffffff0, 0, 0 }, { S, 1, SYN | ACK, 900, 0xfffffff1, 0 },
	     { C, 1, ACK, 0xfffffff1, 901, 100 }, { C, 1, ACK, 0x55, 901, 100 }, { S, 1, ACK, 901, 0xb9, 0 });
	assert_int_equal(f.flow->body->facts.side[C].bytes, 200);
	assert_int_equal(f.flow->body->facts.side[C].acked, 200);
	end(&f);
}

static void closed_flows_leave_and_late_segments_find_a_grave(void **state)
{
	struct fixture f;
	struct pp_flow *flow;

	(void)state;
	begin(&f);
	SEND(&f, OPENED, { S, 1, RST | ACK, 901, 101, 0 });
	assert_null(pp_flows_expire(f.flows, f.now.ts + 5 * PP_SECOND));
	flow = pp_flows_expire(f.flows, f.now.ts + 11 * PP_SECOND);
	assert_non_null(flow);
	pp_flows_release(f.flows, flow);
	SEND(&f, { S, 60000, ACK, 901, 101, 5 });
	assert_null(f.flow);
	assert_int_equal(pp_flows_counts(f.flows).late, 1);
	SEND(&f, { C, 1, SYN, 5555, 0, 0 });
	assert_int_equal(f.flow->stream, 1);
	assert_true(f.flow->reused);
	end(&f);
}

/* So many flows that begin with a segment of these flags: how many are evicted for room, the oldest first. */
static unsigned evicted_of(unsigned count, uint8_t flags)
{
	struct fixture f;
	struct pp_flow *flow;
	unsigned evicted = 0;

	begin(&f);
	for (unsigned i = 0; i < count; i++) {
		struct pp_packet packet = { .kind = PP_PACKET_TCP,
					    .ip_version = 4,
					    .sport = (uint16_t)(1000 + i),
					    .dport = 443,
					    .tcp.flags = flags };
		uint64_t hash = pp_flows_hash(f.flows, &packet);

		f.now.packet++;
		assert_non_null(pp_flows_find(f.flows, &packet, hash, f.now));
	}
	while ((flow = pp_flows_expire(f.flows, f.now.ts)) != NULL) {
		assert_int_equal(flow->index, evicted);
		assert_true(flow->evicted);
		evicted++;
		pp_flows_release(f.flows, flow);
	}
	assert_int_equal(pp_flows_counts(f.flows).evicted, evicted);
	end(&f);
	return evicted;
}

static void too_many_flows_are_marked(void **state)
{
	(void)state;
	assert_int_equal(evicted_of(MOST, PP_TCP_ACK), 0);
	assert_int_equal(evicted_of(MOST + 50, PP_TCP_ACK), 50);
}

static void half_open_flows_take_less_room(void **state)
{
	(void)state;
	assert_int_equal(evicted_of(MOST * PP_FLOW_HALVES, PP_TCP_SYN), 0);
	assert_int_equal(evicted_of(MOST * PP_FLOW_HALVES + 50, PP_TCP_SYN), 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_life),
		cmocka_unit_test(syn_retransmissions_and_their_clock),
		cmocka_unit_test(copies_are_dropped),
		cmocka_unit_test(retransmissions_stuck_and_watched),
		cmocka_unit_test(nothing_is_asked_of_who_has_closed),
		cmocka_unit_test(segments_larger_than_the_mss),
		cmocka_unit_test(an_empty_segment_shows_a_hole),
		cmocka_unit_test(a_hole_the_client_knows_nothing_of),
		cmocka_unit_test(a_filled_hole_is_none),
		cmocka_unit_test(a_large_segment_that_arrived),
		cmocka_unit_test(keep_alives_are_no_loss),
		cmocka_unit_test(the_reset_that_ends_it),
		cmocka_unit_test(injected_reset_trains),
		cmocka_unit_test(resets_that_answer_are_no_copies),
		cmocka_unit_test(resets_that_answer_in_the_next_file),
		cmocka_unit_test(the_first_and_the_last_icmp_errors),
		cmocka_unit_test(an_acceptable_reset_wins),
		cmocka_unit_test(syn_again_after_a_refusal),
		cmocka_unit_test(reused_ports_are_a_new_stream),
		cmocka_unit_test(sides_without_a_syn),
		cmocka_unit_test(half_open_is_as_good_as_whole),
		cmocka_unit_test(one_direction_only),
		cmocka_unit_test(sequence_numbers_wrap),
		cmocka_unit_test(closed_flows_leave_and_late_segments_find_a_grave),
		cmocka_unit_test(too_many_flows_are_marked),
		cmocka_unit_test(half_open_flows_take_less_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Packing: every field comes back, in whatever form, and what is as in a pattern or another mark takes no room. */
#include "support/cmocka_all.h"

#include "facts/pack.h"
#include "flow/flow.h"
#include "support/guard.h"

#include <string.h>

static struct pp_tls_certificate shared = { .subject = "CN=shared", .shared = true };

/* By patterns of its own, so the first of its kind. */
static enum pp_err pack_and_unpack(struct pp_buf *buf, const struct pp_connection *conn, struct pp_arena *arena,
				   struct pp_connection **ret_conn)
{
	struct pp_pack_place place = { .patterns = pp_patterns_new(), .index = conn->index };
	enum pp_err err;

	pp_buf_clear(buf);
	err = pp_pack_connection(buf, conn, &place);
	if (err == PP_OK)
		err = pp_unpack_connection(pp_buf_span(buf), &place, arena, ret_conn);
	pp_patterns_free(place.patterns);
	return err;
}

/* Marks end in two bytes of padding, which need not come back; packing knows whole words only. */
static void assert_all_there(const void *got, const void *expected, size_t begin, size_t end)
{
	const uint8_t *a = got, *b = expected;

	for (size_t i = begin; i < end; i++)
		if (a[i] != b[i] && (i % 8 < 6 || a[i] != 0))
			fail_msg("byte %zu is %02x", i, (unsigned)a[i]);
}

/* No field is forgotten where packing goes by what lies next to what. */
static void every_field_comes_back(void **state)
{
	enum { FILL = 0x5a };
	struct pp_connection conn, *loaded;
	struct pp_http_facts all_http;
	struct pp_connect connect;
	struct pp_http_exchange all_exchange;
	struct pp_tls_facts all_tls;
	struct pp_tls_certificate certificate;
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_buf buf;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	pp_buf_init(&buf, 1 << 20);
	memset(&conn, FILL, sizeof(conn));
	memset(&all_http, FILL, sizeof(all_http));
	memset(&connect, FILL, sizeof(connect));
	memset(&all_exchange, FILL, sizeof(all_exchange));
	memset(&all_tls, FILL, sizeof(all_tls));
	memset(&certificate, FILL, sizeof(certificate));
	conn.http = &all_http;
	conn.tls = &all_tls;
	conn.process = NULL;
	conn.protocol = NULL;
	conn.server_head.p = conn.client_head.p = NULL;
	all_http.connects = &connect;
	all_http.exchanges = &all_exchange;
	all_http.connect_count = all_http.exchange_count = 1;
	for (const char **text = &connect.reply.reason; text <= &connect.user_agent; text++)
		*text = "a";
	for (const char **text = &all_exchange.reply.reason; text <= &all_exchange.user_agent; text++)
		*text = "b";
	all_tls.sni = all_tls.selected_alpn = "c";
	for (unsigned i = 0; i < PP_TLS_ALPN_MAX; i++)
		all_tls.alpn[i] = "d";
	for (unsigned i = 0; i < PP_TLS_CERTIFICATES_MAX; i++)
		all_tls.certificates[i] = i % 2 ? &certificate : &shared;
	certificate.shared = false;
	for (const char **text = &certificate.subject; text <= &certificate.subject_cn; text++)
		*text = "e";
	for (unsigned i = 0; i < PP_TLS_NAMES_MAX; i++)
		certificate.names[i] = "f";

	assert_int_equal(pack_and_unpack(&buf, &conn, &arena, &loaded), PP_OK);
	assert_all_there(loaded, &conn, 0, offsetof(struct pp_connection, http));
	assert_null(loaded->process);
	assert_all_there(loaded->http, &all_http, 0, offsetof(struct pp_http_facts, connects));
	assert_all_there(loaded->http->connects, &connect, 0, offsetof(struct pp_connect, reply.reason));
	for (const char **text = &loaded->http->connects->reply.reason; text <= &loaded->http->connects->user_agent;
	     text++)
		assert_string_equal(*text, "a");
	assert_all_there(loaded->http->exchanges, &all_exchange, 0, offsetof(struct pp_http_exchange, reply.reason));
	for (const char **text = &loaded->http->exchanges->reply.reason; text <= &loaded->http->exchanges->user_agent;
	     text++)
		assert_string_equal(*text, "b");
	assert_all_there(loaded->tls, &all_tls, 0, offsetof(struct pp_tls_facts, sni));
	assert_string_equal(loaded->tls->sni, "c");
	assert_string_equal(loaded->tls->selected_alpn, "c");
	for (unsigned i = 0; i < PP_TLS_ALPN_MAX; i++)
		assert_string_equal(loaded->tls->alpn[i], "d");
	assert_ptr_equal(loaded->tls->certificates[0], &shared);
	assert_all_there(loaded->tls->certificates[7], &certificate, 0, offsetof(struct pp_tls_certificate, subject));
	assert_string_equal(loaded->tls->certificates[7]->subject_cn, "e");
	assert_string_equal(loaded->tls->certificates[7]->names[PP_TLS_NAMES_MAX - 1], "f");
	pp_buf_done(&buf);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
}

/* The connection's first mark and one of TLS's; the bytes it took. */
static size_t mark_comes_back(struct pp_mark first, struct pp_mark mark)
{
	struct pp_tls_facts all_tls = { .version = 1, .last_record_mark = { [1] = mark } };
	struct pp_connection conn = { .first = first, .tls = &all_tls }, *loaded;
	const struct pp_mark *got;
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_buf buf;
	size_t len;

	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	pp_buf_init(&buf, 1 << 20);
	assert_int_equal(pack_and_unpack(&buf, &conn, &arena, &loaded), PP_OK);
	assert_memory_equal(&loaded->first, &first, sizeof(first));
	assert_false(pp_seen(loaded->tls->last_record_mark[0]));
	got = &loaded->tls->last_record_mark[1];
	if (pp_seen(mark))
		assert_memory_equal(got, &mark, sizeof(mark));
	else
		assert_true(got->ts == 0 && got->packet == 0 && got->file == 0);
	len = buf.len;
	pp_buf_done(&buf);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
	return len;
}

/* Near and far, in the same file and another, before and after. */
static void marks_come_back(void **state)
{
	static const struct pp_mark marks[] = {
		{ 0, 0, 0, 0 },
		{ 7, 0, 3, 0 },
		{ 0, 1, 0, 0 },
		{ -1, 2, 0, 0 },
		{ INT64_MAX, UINT32_MAX, UINT16_MAX, 0 },
		{ INT64_MIN, 1, UINT16_MAX, 0 },
		{ INT64_MIN, 2, UINT16_MAX, 0 },
		{ INT64_MIN + 1, 1, 0, 0 },
		{ 5 * PP_SECOND, 1000, 1, 0 },
		{ 5 * PP_SECOND - 1, 999, 1, 0 },
		{ 5 * PP_SECOND, 1001, 2, 0 },
	};
	enum { MARKS = sizeof(marks) / sizeof(marks[0]) };

	(void)state;
	for (unsigned i = 0; i < MARKS; i++)
		for (unsigned k = 0; k < MARKS; k++)
			mark_comes_back(marks[i], marks[k]);
}

/* How far is far. */
static void marks_at_the_edge(void **state)
{
	static const int64_t earliest = -(INT64_C(1) << 36), latest = (INT64_C(15) << 36) - 1;
	static const struct {
		int64_t later, further;
		bool far;
	} cases[] = {
		{ 0, 0, false },
		{ earliest, 0, false },
		{ earliest - 1, 0, true },
		{ latest, 0, false },
		{ latest + 1, 0, true },
		{ 0, -1, false },
		{ 0, -2, true },
		{ 0, (1 << 24) - 2, false },
		{ 0, (1 << 24) - 1, true },
		{ latest, (1 << 24) - 2, false },
		{ latest + 1, (1 << 24) - 1, true },
	};
	struct pp_mark first = { 5 * PP_SECOND, 1000, 1, 0 };
	size_t near = mark_comes_back(first, first);

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pp_mark mark = { first.ts + cases[i].later, (uint32_t)(first.packet + cases[i].further), 1, 0 };

		assert_int_equal(mark_comes_back(first, mark) > near, cases[i].far);
	}
}

/* Texts that are constants, others of the same content, and none. */
static void protocols_come_back(void **state)
{
	char own_h2[] = "h2";
	struct pp_tls_facts all_tls = { .selected_alpn = pp_tls_http_1_1,
					.alpn_count = 5,
					.alpn = { pp_tls_h2, own_h2, NULL, pp_tls_http_1_1, "x" } };
	struct pp_connection conn = { .tls = &all_tls }, *loaded;
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_buf buf;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	pp_buf_init(&buf, 1 << 20);
	assert_int_equal(pack_and_unpack(&buf, &conn, &arena, &loaded), PP_OK);
	assert_null(loaded->tls->sni);
	assert_ptr_equal(loaded->tls->selected_alpn, pp_tls_http_1_1);
	assert_ptr_equal(loaded->tls->alpn[0], pp_tls_h2);
	assert_string_equal(loaded->tls->alpn[1], "h2");
	assert_null(loaded->tls->alpn[2]);
	assert_ptr_equal(loaded->tls->alpn[3], pp_tls_http_1_1);
	assert_string_equal(loaded->tls->alpn[4], "x");
	assert_null(loaded->tls->alpn[5]);
	pp_buf_done(&buf);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
}

/* SYNs, and perhaps two resets. */
static struct pp_connection brief_one(bool reset)
{
	struct pp_connection conn = { .first = { 5 * PP_SECOND + 1, 7, 3 },
				      .last = { 9 * PP_SECOND, 9, 3 },
				      .index = 5,
				      .stream = 9,
				      .client = { pp_addr_v4((const uint8_t[]){ 10, 0, 0, 1 }), 50000 },
				      .server = { pp_addr_v4((const uint8_t[]){ 192, 0, 2, 1 }), 443 },
				      .file = 3,
				      .ip_version = 4,
				      .tunnels = 1 };
	struct pp_tcp_facts *tcp = &conn.tcp;

	tcp->syn = conn.first;
	tcp->syn_last = tcp->side[PP_CLIENT].last = conn.last;
	tcp->syn_count = tcp->side[PP_CLIENT].packets = tcp->syn_times = 3;
	tcp->syn_retransmits = 2;
	tcp->syn_ms[1] = 1000;
	tcp->syn_ms[2] = 3999;
	tcp->side[PP_CLIENT].profile = (struct pp_tcp_profile){ .ttl_syn = 64, .mss = 1460, .option_order = 77 };
	tcp->handshake_rtt_ns = tcp->ack_rtt_min_ns = tcp->rst.since_other_ns = -1;
	tcp->duplicates = 1;
	tcp->evicted = tcp->port_reused = true;
	if (!reset)
		return conn;
	tcp->rst = (struct pp_tcp_reset){ .mark = { 9 * PP_SECOND + 4, 11, 3 },
					  .from = PP_SERVER,
					  .after = PP_PHASE_SYN,
					  .ttl = 250,
					  .ack_ahead = -1,
					  .count = 2,
					  .acceptable = true,
					  .idle_ns = 4,
					  .since_other_ns = 4 };
	conn.last = tcp->side[PP_SERVER].last = (struct pp_mark){ 9 * PP_SECOND + 5, 12, 3 };
	tcp->side[PP_SERVER].packets = 2;
	return conn;
}

static bool is_brief(const struct pp_buf *buf) { return buf->p[0] & 1; }

static void forget_unkept_marks(struct pp_mark *first, const struct pp_mark *last)
{
	for (struct pp_mark *mark = first; mark <= last; mark++)
		if (!pp_seen(*mark))
			memset(mark, 0, sizeof(*mark));
}

#define BETWEEN(at, field, next)                                                                                       \
	((at) >= offsetof(struct pp_connection, field) + sizeof(((struct pp_connection *)0)->field) &&                 \
	 (at) < offsetof(struct pp_connection, next))

static bool is_padding(size_t at)
{
	return BETWEEN(at, tcp.side[0].profile.window_syn, tcp.side[0].profile.option_order) ||
	       BETWEEN(at, tcp.side[0].fin_acked, tcp.side[0].bytes) ||
	       BETWEEN(at, tcp.rst.mixed_flags, tcp.rst.since_other_ns) ||
	       BETWEEN(at, tcp.watch_part_acked, tcp.duplicates) || BETWEEN(at, tcp.syn_ms, tcp.icmp);
}

/* Nobody reads a mark that was not seen, nor behind the end of a list, nor between fields. */
static void forget_unkept(struct pp_connection *conn)
{
	struct pp_tcp_facts *tcp = &conn->tcp;
	struct pp_mark *marks[] = { &conn->first, &conn->last, &tcp->rst.mark, &tcp->rst.peer_later };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (!pp_seen(*marks[i]))
			memset(marks[i], 0, sizeof(*marks[i]));
	for (enum pp_side side = PP_CLIENT; side <= PP_SERVER; side++)
		forget_unkept_marks(&tcp->side[side].first_data, &tcp->side[side].zero_window);
	forget_unkept_marks(&tcp->syn, &tcp->idle_after);
	for (uint32_t i = tcp->syn_times; i < PP_SYN_TIMES_MAX; i++)
		tcp->syn_ms[i] = 0;
	for (size_t i = 0; i < offsetof(struct pp_connection, http); i++)
		if (is_padding(i))
			((uint8_t *)conn)[i] = 0;
}

/* What a flow of SYNs alone has to say. */
static void half_open_ones_come_back(void **state)
{
	struct pp_flow flow = {
		.reused = true,
		.file = 3,
		.half = { .first_packet = 7,
			  .last_packet = 7,
			  .isn = 1,
			  .option_order = 2,
			  .mss = 1460,
			  .window_syn = 64240,
			  .ip_id = 77,
			  .ttl = 64,
			  .options = 5,
			  .wscale = 7,
			  .ip_id_seen = true },
	};
	struct pp_connection conn = brief_one(false), *loaded;
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_buf buf;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	pp_buf_init(&buf, 1 << 20);
	for (uint8_t count = 1; count <= PP_HALF_SYNS_MAX; count++) {
		flow.half.count = count;
		flow.half.ts[count - 1] = count * 5 * PP_SECOND + count;
		flow.half.last_packet = 6u + count;
		pp_flow_finish(&flow, 0, &conn.tcp);
		conn.first = conn.tcp.syn;
		conn.last = conn.tcp.syn_last;
		assert_int_equal(pack_and_unpack(&buf, &conn, &arena, &loaded), PP_OK);
		assert_true(is_brief(&buf));
		forget_unkept(&conn);
		forget_unkept(loaded);
		assert_all_there(loaded, &conn, 0, offsetof(struct pp_connection, http));
		pp_arena_reset(&arena);
	}
	pp_buf_done(&buf);
	pp_pool_done(&pool);
}

/* Whatever is changed in a connection that has a brief record: it comes back, in that form or the other. */
static void no_bit_is_lost_in_brief_ones(void **state)
{
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_buf buf;
	size_t brief = 0;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	pp_buf_init(&buf, 1 << 20);
	for (size_t i = 0; i < 2 * offsetof(struct pp_connection, tcp.icmp); i++) {
		struct pp_connection conn = brief_one(i % 2), *loaded;

		assert_int_equal(pack_and_unpack(&buf, &conn, &arena, &loaded), PP_OK);
		assert_true(is_brief(&buf));
		if (!is_padding(i / 2))
			((uint8_t *)&conn)[i / 2] ^= 1;
		assert_int_equal(pack_and_unpack(&buf, &conn, &arena, &loaded), PP_OK);
		brief += is_brief(&buf);
		forget_unkept(&conn);
		forget_unkept(loaded);
		assert_all_there(loaded, &conn, 0, offsetof(struct pp_connection, http));
		pp_arena_reset(&arena);
	}
	assert_in_range(brief, 100, 400);
	pp_buf_done(&buf);
	pp_pool_done(&pool);
}

/* A healthy connection with TLS, as most are: events of one packet share their mark. */
static void healthy_one(struct pp_connection *conn, struct pp_tls_facts *facts)
{
	struct pp_tcp_facts *tcp = &conn->tcp;
	struct pp_mark mark[8];

	for (uint32_t i = 0; i < 8; i++)
		mark[i] = (struct pp_mark){ (int64_t)(5 + i) * PP_SECOND + i, 10 + 3 * i, 1, 0 };
	*conn = (struct pp_connection){ .first = mark[0],
					.last = mark[7],
					.index = 77,
					.stream = 70,
					.file = 1,
					.ip_version = 4,
					.client = { pp_addr_v4((const uint8_t[]){ 10, 0, 0, 1 }), 50000 },
					.server = { pp_addr_v4((const uint8_t[]){ 192, 0, 2, 1 }), 443 },
					.tls = facts };
	tcp->syn = tcp->syn_last = mark[0];
	tcp->syn_ack = mark[1];
	tcp->established = mark[2];
	tcp->watch = tcp->side[PP_CLIENT].first_data = facts->client_hello_begin = facts->client_hello = mark[3];
	tcp->watch_acked = tcp->watch_answer = tcp->side[PP_SERVER].first_data = facts->server_hello = mark[4];
	tcp->side[PP_CLIENT].last_data = facts->app_data[PP_CLIENT] = facts->last_record_mark[PP_CLIENT] = mark[5];
	tcp->side[PP_SERVER].last_data = facts->app_data[PP_SERVER] = facts->last_record_mark[PP_SERVER] = mark[6];
	tcp->side[PP_CLIENT].last = tcp->side[PP_SERVER].last = mark[7];
	tcp->side[PP_CLIENT].bytes = tcp->side[PP_CLIENT].acked = tcp->side[PP_CLIENT].end = 1700;
	tcp->side[PP_SERVER].bytes = tcp->side[PP_SERVER].acked = tcp->side[PP_SERVER].end = 4000;
	memset(facts->ja4, 'x', sizeof(facts->ja4) - 1);
	facts->version = PP_TLS_1_3;
	facts->alpn[0] = pp_tls_h2;
	facts->alpn_count = 1;
}

static void forget_unkept_tls(struct pp_tls_facts *facts)
{
	forget_unkept_marks(&facts->client_hello_begin, &facts->not_tls);
	forget_unkept_marks(&facts->alerts[0].mark, &facts->alerts[0].mark);
}

static void assert_healthy(const struct pp_connection *got, const struct pp_connection *conn)
{
	assert_all_there(got, conn, 0, offsetof(struct pp_connection, http));
	assert_all_there(got->tls, conn->tls, 0, offsetof(struct pp_tls_facts, sni));
	if (conn->tls->alpn_count > 0)
		assert_ptr_equal(got->tls->alpn[0], pp_tls_h2);
}

/* Whatever differs from the first one of the kind comes back, and the first one too, in whatever order. */
static void what_differs_from_the_pattern_comes_back(void **state)
{
	enum { CONN = offsetof(struct pp_connection, http), TLS = offsetof(struct pp_tls_facts, sni) };
	struct pp_tls_facts usual_tls = { .version = 1 }, other_tls, got_tls;
	struct pp_connection usual, other, *loaded;
	struct pp_pack_place place = { .patterns = pp_patterns_new(), .near = { 4 * PP_SECOND, 7, 1, 0 }, .index = 77 };
	struct pp_buf first, buf;
	struct pp_arena arena;
	struct pp_pool pool;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	pp_buf_init(&first, 1 << 20);
	pp_buf_init(&buf, 1 << 20);
	healthy_one(&usual, &usual_tls);
	assert_int_equal(pp_pack_connection(&first, &usual, &place), PP_OK);
	for (size_t i = 0; i < CONN + TLS; i++) {
		other = usual;
		other_tls = usual_tls;
		other.tls = &other_tls;
		if (i < CONN)
			((uint8_t *)&other)[i] ^= 1;
		else
			((uint8_t *)&other_tls)[i - CONN] ^= 1;
		place.index = other.index;
		pp_buf_clear(&buf);
		assert_int_equal(pp_pack_connection(&buf, &other, &place), PP_OK);
		assert_int_equal(pp_unpack_connection(pp_buf_span(&buf), &place, &arena, &loaded), PP_OK);
		forget_unkept(&other);
		forget_unkept(loaded);
		got_tls = *loaded->tls;
		loaded->tls = &got_tls;
		forget_unkept_tls(&other_tls);
		forget_unkept_tls(&got_tls);
		assert_healthy(loaded, &other);
		pp_arena_reset(&arena);
	}
	place.index = usual.index;
	assert_int_equal(pp_unpack_connection(pp_buf_span(&first), &place, &arena, &loaded), PP_OK);
	assert_healthy(loaded, &usual);
	pp_arena_reset(&arena);
	pp_patterns_free(place.patterns);
	pp_buf_done(&first);
	pp_buf_done(&buf);
	pp_pool_done(&pool);
}

/* What a brief one takes, by patterns to which another gave rise, and near to it. */
static size_t brief_bytes(const struct pp_connection *usual, const struct pp_connection *conn, struct pp_mark near)
{
	struct pp_pack_place place = { .patterns = pp_patterns_new(), .near = near, .index = usual->index };
	struct pp_connection *loaded;
	struct pp_arena arena;
	struct pp_pool pool;
	struct pp_buf buf;
	size_t len;

	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	pp_buf_init(&buf, 1 << 20);
	assert_int_equal(pp_pack_connection(&buf, usual, &place), PP_OK);
	pp_buf_clear(&buf);
	place.index = conn->index;
	assert_int_equal(pp_pack_connection(&buf, conn, &place), PP_OK);
	assert_true(is_brief(&buf));
	assert_int_equal(pp_unpack_connection(pp_buf_span(&buf), &place, &arena, &loaded), PP_OK);
	assert_all_there(loaded, conn, 0, offsetof(struct pp_connection, http));
	len = buf.len;
	pp_buf_done(&buf);
	pp_arena_reset(&arena);
	pp_patterns_free(place.patterns);
	pp_pool_done(&pool);
	return len;
}

static void brief_ones_are_told_by_what_differs(void **state)
{
	struct pp_connection usual = brief_one(false), conn = usual;
	struct pp_mark far = { INT64_MIN, 7, 3, 0 };
	size_t least = brief_bytes(&usual, &usual, usual.first);

	(void)state;
	assert_int_equal(brief_bytes(&usual, &usual, far), least + 8);
	conn.client.port++;
	conn.server.ip.b[15]++;
	conn.tcp.side[PP_CLIENT].profile.ip_id_last++;
	assert_int_equal(brief_bytes(&usual, &conn, usual.first), least);
	conn.client.ip.b[15]++;
	assert_int_equal(brief_bytes(&usual, &conn, usual.first), least + 4);
	conn.server.ip.b[0]++;
	assert_int_equal(brief_bytes(&usual, &conn, usual.first), least + 28);
	conn.client.ip = usual.client.ip;
	conn.tcp.side[PP_CLIENT].profile.window_syn++;
	assert_int_equal(brief_bytes(&usual, &conn, usual.first), least + 12 + 24);
	conn.tcp.syn_ms[2] = 65536;
	assert_int_equal(brief_bytes(&usual, &conn, usual.first), least + 12 + 24 + 6);
}

static void every_prefix_of_a_brief_record_is_refused(void **state)
{
	struct pp_pack_place place = { .patterns = pp_patterns_new() };
	struct pp_connection conn = brief_one(true), *loaded;
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_buf buf;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	pp_buf_init(&buf, 1 << 20);
	assert_int_equal(pp_pack_connection(&buf, &conn, &place), PP_OK);
	assert_true(is_brief(&buf));
	for (size_t len = 0; len < buf.len; len++) {
		struct pp_guard guard = pp_guard_open(buf.len);
		struct pp_span bytes = { pp_guard_bytes(&guard, buf.p, len), len };

		assert_int_equal(pp_unpack_connection(bytes, &place, &arena, &loaded), PP_MALFORMED);
		pp_arena_reset(&arena);
		pp_guard_close(&guard);
	}
	pp_patterns_free(place.patterns);
	pp_buf_done(&buf);
	pp_pool_done(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_comes_back),
		cmocka_unit_test(marks_come_back),
		cmocka_unit_test(marks_at_the_edge),
		cmocka_unit_test(protocols_come_back),
		cmocka_unit_test(half_open_ones_come_back),
		cmocka_unit_test(no_bit_is_lost_in_brief_ones),
		cmocka_unit_test(what_differs_from_the_pattern_comes_back),
		cmocka_unit_test(brief_ones_are_told_by_what_differs),
		cmocka_unit_test(every_prefix_of_a_brief_record_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

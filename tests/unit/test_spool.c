/* The spool: what goes in comes out, from memory and from the temporary file; damaged records are refused. */
#include "support/cmocka_all.h"

#include "facts/pack.h"
#include "facts/spool.h"
#include "flow/flow.h"
#include "support/guard.h"

#include <string.h>

static struct pp_connect connects[2];
static struct pp_http_exchange exchange;
static struct pp_http_facts http;
static struct pp_tls_facts tls;
static struct pp_tls_certificate own, shared = { .subject = "CN=shared", .shared = true };

static struct pp_connection sample(uint32_t index)
{
	struct pp_connection conn = { .index = index, .stream = index + 7, .first = { 5, index + 1, 2 } };

	connects[0] = (struct pp_connect){ .host = "login.microsoftonline.com",
					   .port = 443,
					   .reply.status = 407,
					   .reply.schemes = { "Negotiate", "Basic" },
					   .reply.scheme_count = 2 };
	connects[1] = (struct pp_connect){ .host = "gbl.his.arc.azure.com",
					   .port = 443,
					   .reply.status = 200,
					   .reply.via = "1.1 proxy",
					   .tunnel = true };
	exchange = (struct pp_http_exchange){ .method = "GET", .target = "/x.crl", .reply.reason = "OK" };
	http = (struct pp_http_facts){
		.connects = connects, .connect_count = 2, .exchanges = &exchange, .exchange_count = 1
	};
	tls = (struct pp_tls_facts){ .sni = "gbl.his.arc.azure.com",
				     .alpn = { "h2", "http/1.1" },
				     .alpn_count = 2,
				     .version = PP_TLS_1_2,
				     .alert_count = 1,
				     .alerts = { { .code = 48, .level = 2 } } };
	own =
	    (struct pp_tls_certificate){ .subject = "CN=own", .names = { "a.example", "b.example" }, .name_count = 2 };
	tls.certificates[0] = &own;
	tls.certificates[1] = &shared;
	tls.certificate_count = 2;
	conn.http = index % 3 == 0 ? &http : NULL;
	conn.tls = index % 2 == 0 ? &tls : NULL;
	conn.protocol = index % 5 == 0 ? "SSH" : NULL;
	conn.server_head = (struct pp_span){ (const uint8_t *)"SSH-2.0", index % 5 == 0 ? 7 : 0 };
	return conn;
}

static void assert_sample(const struct pp_connection *conn, uint32_t index)
{
	assert_int_equal(conn->stream, index + 7);
	assert_int_equal(conn->first.packet, index + 1);
	assert_int_equal(conn->http != NULL, index % 3 == 0);
	assert_int_equal(conn->tls != NULL, index % 2 == 0);
	if (conn->http) {
		assert_string_equal(conn->http->connects[0].reply.schemes[1], "Basic");
		assert_null(conn->http->connects[0].reply.via);
		assert_string_equal(conn->http->connects[1].reply.via, "1.1 proxy");
		assert_true(conn->http->connects[1].tunnel);
		assert_string_equal(conn->http->exchanges[0].target, "/x.crl");
	}
	if (conn->tls) {
		assert_string_equal(conn->tls->sni, "gbl.his.arc.azure.com");
		assert_string_equal(conn->tls->alpn[1], "http/1.1");
		assert_null(conn->tls->alpn[2]);
		assert_int_equal(conn->tls->alerts[0].code, 48);
		assert_string_equal(conn->tls->certificates[0]->subject, "CN=own");
		assert_string_equal(conn->tls->certificates[0]->names[1], "b.example");
		assert_ptr_equal(conn->tls->certificates[1], &shared);
	}
	if (index % 5 == 0) {
		assert_string_equal(conn->protocol, "SSH");
		assert_memory_equal(conn->server_head.p, "SSH-2.0", 7);
	}
}

static struct pp_span beside(const uint32_t *number)
{
	return (struct pp_span){ (const uint8_t *)number, sizeof(*number) };
}

static void round_trip_with(size_t memory)
{
	enum { COUNT = 3 * PP_SPOOL_SHELF + 100 };
	struct pp_spool *spool = pp_spool_new(memory, NULL);
	struct pp_spooled loaded;
	struct pp_pool pool;
	struct pp_arena arena;

	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	/* Connections end in another order than they began; some numbers are never put. */
	for (uint32_t i = COUNT; i > 0; i--) {
		struct pp_connection conn = sample(i - 1);

		if (i % 7 != 0)
			assert_int_equal(pp_spool_put(spool, &conn, beside(&i)), PP_OK);
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		enum pp_err err = pp_spool_get(spool, i, &arena, &loaded);

		assert_int_equal(err, (i + 1) % 7 == 0 ? PP_END : PP_OK);
		if (err == PP_OK) {
			uint32_t behind = i + 1;

			assert_sample(loaded.conn, i);
			assert_int_equal(loaded.beside.len, sizeof(behind));
			assert_memory_equal(loaded.beside.p, &behind, sizeof(behind));
		}
		pp_arena_reset(&arena);
	}
	assert_int_equal(pp_spool_get(spool, COUNT, &arena, &loaded), PP_END);
	pp_spool_free(spool);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
}

static void from_memory(void **state)
{
	(void)state;
	round_trip_with(1 << 20);
}

static void from_the_file(void **state)
{
	(void)state;
	round_trip_with(4096);
}

/* Shelves that fill in turn share the blocks, and what does not fit goes to the file more than once. */
static void many_shelves_at_once(void **state)
{
	enum { SHELVES = 40, EACH = 50 };
	struct pp_spool *spool = pp_spool_new(1 << 17, NULL);
	struct pp_spooled loaded;
	struct pp_pool pool;
	struct pp_arena arena;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	for (uint32_t k = 0; k < EACH; k++) {
		for (uint32_t i = 0; i < SHELVES; i++) {
			struct pp_connection conn = sample(i * PP_SPOOL_SHELF + k);

			assert_int_equal(pp_spool_put(spool, &conn, beside(&i)), PP_OK);
		}
	}
	for (uint32_t i = SHELVES; i-- > 0;) {
		for (uint32_t k = 0; k < EACH; k++) {
			assert_int_equal(pp_spool_get(spool, i * PP_SPOOL_SHELF + k, &arena, &loaded), PP_OK);
			assert_sample(loaded.conn, i * PP_SPOOL_SHELF + k);
			assert_memory_equal(loaded.beside.p, &i, sizeof(i));
			pp_arena_reset(&arena);
		}
		assert_int_equal(pp_spool_get(spool, i * PP_SPOOL_SHELF + EACH, &arena, &loaded), PP_END);
	}
	pp_spool_free(spool);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
}

/* More blocks of one shelf are put in the file than one write takes. */
static void a_shelf_of_many_blocks(void **state)
{
	enum { BLOCK = 8 * 1024, LENGTH = 6000, COUNT = 400 };
	struct pp_spool *spool = pp_spool_new((2 * PP_SPILL_PARTS_MAX + 20) * BLOCK, NULL);
	char target[LENGTH + 1];
	struct pp_spooled loaded;
	struct pp_pool pool;
	struct pp_arena arena;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	target[LENGTH] = 0;
	for (uint32_t i = 0; i < COUNT; i++) {
		struct pp_connection conn = sample(i);

		conn.http = &http;
		memset(target, 'a' + (int)(i % 26), LENGTH);
		exchange.target = target;
		assert_int_equal(pp_spool_put(spool, &conn, beside(&i)), PP_OK);
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_int_equal(pp_spool_get(spool, i, &arena, &loaded), PP_OK);
		memset(target, 'a' + (int)(i % 26), LENGTH);
		assert_string_equal(loaded.conn->http->exchanges[0].target, target);
		pp_arena_reset(&arena);
	}
	pp_spool_free(spool);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
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

	assert_int_equal(pp_pack_connection(&buf, &conn), PP_OK);
	assert_int_equal(pp_unpack_connection(pp_buf_span(&buf), &arena, &loaded), PP_OK);
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
	assert_int_equal(pp_pack_connection(&buf, &conn), PP_OK);
	assert_int_equal(pp_unpack_connection(pp_buf_span(&buf), &arena, &loaded), PP_OK);
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
	assert_int_equal(pp_pack_connection(&buf, &conn), PP_OK);
	assert_int_equal(pp_unpack_connection(pp_buf_span(&buf), &arena, &loaded), PP_OK);
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

static bool is_brief(const struct pp_buf *buf) { return buf->p[0] != 0; }

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
		for (struct pp_mark *mark = &tcp->side[side].first_data; mark <= &tcp->side[side].zero_window; mark++)
			if (!pp_seen(*mark))
				memset(mark, 0, sizeof(*mark));
	for (struct pp_mark *mark = &tcp->syn; mark <= &tcp->idle_after; mark++)
		if (!pp_seen(*mark))
			memset(mark, 0, sizeof(*mark));
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
		pp_buf_clear(&buf);
		assert_int_equal(pp_pack_connection(&buf, &conn), PP_OK);
		assert_true(is_brief(&buf));
		assert_int_equal(pp_unpack_connection(pp_buf_span(&buf), &arena, &loaded), PP_OK);
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

		pp_buf_clear(&buf);
		assert_int_equal(pp_pack_connection(&buf, &conn), PP_OK);
		assert_true(is_brief(&buf));
		if (!is_padding(i / 2))
			((uint8_t *)&conn)[i / 2] ^= 1;
		pp_buf_clear(&buf);
		assert_int_equal(pp_pack_connection(&buf, &conn), PP_OK);
		brief += is_brief(&buf);
		assert_int_equal(pp_unpack_connection(pp_buf_span(&buf), &arena, &loaded), PP_OK);
		forget_unkept(&conn);
		forget_unkept(loaded);
		assert_all_there(loaded, &conn, 0, offsetof(struct pp_connection, http));
		pp_arena_reset(&arena);
	}
	assert_in_range(brief, 100, 400);
	pp_buf_done(&buf);
	pp_pool_done(&pool);
}

static void every_prefix_of_a_brief_record_is_refused(void **state)
{
	struct pp_connection conn = brief_one(true), *loaded;
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_buf buf;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	pp_buf_init(&buf, 1 << 20);
	assert_int_equal(pp_pack_connection(&buf, &conn), PP_OK);
	assert_true(is_brief(&buf));
	for (size_t len = 0; len < buf.len; len++) {
		struct pp_guard guard = pp_guard_open(buf.len);
		struct pp_span bytes = { pp_guard_bytes(&guard, buf.p, len), len };

		assert_int_equal(pp_unpack_connection(bytes, &arena, &loaded), PP_MALFORMED);
		pp_arena_reset(&arena);
		pp_guard_close(&guard);
	}
	pp_buf_done(&buf);
	pp_pool_done(&pool);
}

static void every_prefix_of_a_record_is_refused(void **state)
{
	struct pp_connection conn = sample(0), *loaded;
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_buf buf;
	struct pp_guard guard;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	pp_buf_init(&buf, 1 << 20);
	assert_int_equal(pp_pack_connection(&buf, &conn), PP_OK);
	guard = pp_guard_open(buf.len);
	for (size_t len = 0; len < buf.len; len++) {
		struct pp_span bytes = { pp_guard_bytes(&guard, buf.p, len), len };

		assert_int_not_equal(pp_unpack_connection(bytes, &arena, &loaded), PP_OK);
		pp_arena_reset(&arena);
	}
	pp_guard_close(&guard);
	pp_buf_done(&buf);
	pp_pool_done(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_memory),
		cmocka_unit_test(from_the_file),
		cmocka_unit_test(many_shelves_at_once),
		cmocka_unit_test(a_shelf_of_many_blocks),
		cmocka_unit_test(every_field_comes_back),
		cmocka_unit_test(marks_come_back),
		cmocka_unit_test(marks_at_the_edge),
		cmocka_unit_test(protocols_come_back),
		cmocka_unit_test(half_open_ones_come_back),
		cmocka_unit_test(no_bit_is_lost_in_brief_ones),
		cmocka_unit_test(every_prefix_of_a_brief_record_is_refused),
		cmocka_unit_test(every_prefix_of_a_record_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The spool: what goes in comes out, from memory and from the temporary file; damaged records are refused. */
#include "support/cmocka_all.h"

#include "facts/pack.h"
#include "facts/spool.h"
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
	struct pp_spool *spool = pp_spool_new(memory, memory, NULL);
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
static void many_shelves_in(size_t memory, size_t most)
{
	enum { SHELVES = 40, EACH = 200 };
	struct pp_spool *spool = pp_spool_new(memory, most, NULL);
	struct pp_spooled loaded;
	struct pp_pool pool;
	struct pp_arena arena;

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

static void many_shelves_at_once(void **state)
{
	(void)state;
	many_shelves_in(1 << 17, 1 << 17);
	many_shelves_in(1 << 17, 1 << 19); /* memory grows, and does not suffice */
	many_shelves_in(1 << 17, 1 << 26); /* … does suffice */
}

/* Memory is taken away while records come: some go to the file, the others are moved, and none is lost. */
static void memory_is_taken_away(void **state)
{
	enum { SHELVES = 12, EACH = 400, PUTS = SHELVES * EACH, STEPS = 20, BEGIN = 1 << 20 };
	struct pp_spool *spool = pp_spool_new(BEGIN, BEGIN, NULL);
	struct pp_spooled loaded;
	struct pp_pool pool;
	struct pp_arena arena;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	for (uint32_t i = 0; i < PUTS; i++) {
		uint32_t index = i % SHELVES * PP_SPOOL_SHELF + i / SHELVES;
		struct pp_connection conn = sample(index);

		assert_int_equal(pp_spool_put(spool, &conn, beside(&index)), PP_OK);
		if (i % (PUTS / STEPS) == 0) /* once in a while there is a little more again */
			assert_int_equal(
			    pp_spool_allow(spool, (size_t)BEGIN * (STEPS - i * STEPS / PUTS / 4 * 4) / STEPS), PP_OK);
	}
	for (uint32_t i = 0; i < SHELVES * PP_SPOOL_SHELF; i++) {
		enum pp_err err = pp_spool_get(spool, i, &arena, &loaded);

		assert_int_equal(err, i % PP_SPOOL_SHELF < EACH ? PP_OK : PP_END);
		if (err == PP_OK) {
			assert_sample(loaded.conn, i);
			assert_memory_equal(loaded.beside.p, &i, sizeof(i));
		}
		pp_arena_reset(&arena);
	}
	pp_spool_free(spool);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
}

/* More blocks of one shelf are put in the file than one write takes. */
static void a_shelf_of_many_blocks(void **state)
{
	enum { BLOCK = 4 * 1024, LENGTH = 6000, COUNT = 400 };
	struct pp_spool *spool =
	    pp_spool_new((2 * PP_SPILL_PARTS_MAX + 20) * BLOCK, (2 * PP_SPILL_PARTS_MAX + 20) * BLOCK, NULL);
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

static void every_prefix_of_a_record_is_refused(void **state)
{
	struct pp_pack_place place = { .patterns = pp_patterns_new() };
	struct pp_connection conn = sample(0), *loaded;
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_buf buf;
	struct pp_guard guard;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	pp_buf_init(&buf, 1 << 20);
	assert_int_equal(pp_pack_connection(&buf, &conn, &place), PP_OK);
	guard = pp_guard_open(buf.len);
	for (size_t len = 0; len < buf.len; len++) {
		struct pp_span bytes = { pp_guard_bytes(&guard, buf.p, len), len };

		assert_int_not_equal(pp_unpack_connection(bytes, &place, &arena, &loaded), PP_OK);
		pp_arena_reset(&arena);
	}
	pp_guard_close(&guard);
	pp_patterns_free(place.patterns);
	pp_buf_done(&buf);
	pp_pool_done(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_memory),
		cmocka_unit_test(from_the_file),
		cmocka_unit_test(many_shelves_at_once),
		cmocka_unit_test(memory_is_taken_away),
		cmocka_unit_test(a_shelf_of_many_blocks),
		cmocka_unit_test(every_prefix_of_a_record_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Bytes that nobody packed: unpacking may refuse them, and what it gives can be read.  Certificates of the run are
 * pointers and are not followed. */
#include "facts/pack.h"
#include "fuzz/fuzz.h"

enum { ROOM = 1 << 20 }; /* a record of a few bytes can ask for any number of entries */

static void read_http(const struct pp_http_facts *http)
{
	for (unsigned i = 0; http->connects && i < http->connect_count; i++)
		fuzz_read_text(http->connects[i].host);
	for (unsigned i = 0; http->exchanges && i < http->exchange_count; i++)
		fuzz_read_text(http->exchanges[i].reply.location);
}

/* So that some of what is left out of the bytes is not zero. */
static bool make_patterns(const struct pp_pack_place *place)
{
	static const struct pp_tls_facts tls = { .ja4 = "t13d1516h2", .version = PP_TLS_1_3, .alpn_count = 1 };
	struct pp_connection conn = {
		.first = { 1000, 1, 0, 0 }, .last = { 2000, 9, 0, 0 }, .file = 1, .ip_version = 4, .tls = &tls
	};
	struct pp_buf buf;
	bool made;

	pp_buf_init(&buf, FUZZ_POOL_MAX);
	made = place->patterns && pp_pack_connection(&buf, &conn, place) == PP_OK;
	pp_buf_done(&buf);
	return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_pack_place place = { .patterns = pp_patterns_new(), .near = { 1000, 1, 0, 0 } };
	struct pp_connection *conn;
	struct pp_arena arena;
	struct pp_pool pool;

	pp_pool_init(&pool, ROOM);
	pp_arena_init(&arena, &pool);
	if (make_patterns(&place) &&
	    pp_unpack_connection((struct pp_span){ data, size }, &place, &arena, &conn) == PP_OK) {
		fuzz_read_text(conn->protocol);
		if (conn->http)
			read_http(conn->http);
		if (conn->tls) {
			fuzz_read_text(conn->tls->sni);
			fuzz_read_text(conn->tls->selected_alpn);
		}
	}
	pp_patterns_free(place.patterns);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
	return 0;
}

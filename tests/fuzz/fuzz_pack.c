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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_connection *conn;
	struct pp_arena arena;
	struct pp_pool pool;

	pp_pool_init(&pool, ROOM);
	pp_arena_init(&arena, &pool);
	if (pp_unpack_connection((struct pp_span){ data, size }, &arena, &conn) == PP_OK) {
		fuzz_read_text(conn->protocol);
		if (conn->http)
			read_http(conn->http);
		if (conn->tls) {
			fuzz_read_text(conn->tls->sni);
			fuzz_read_text(conn->tls->selected_alpn);
		}
	}
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
	return 0;
}

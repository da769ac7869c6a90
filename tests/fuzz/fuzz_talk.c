/* What two sides say, in any protocol: through the finding of protocols and tunnels into the spool's form and back.
 *
 * The first byte chooses the server's port, then come turns. */
#include "dissect/talk.h"
#include "dissect/x509.h"
#include "facts/pack.h"
#include "fuzz/fuzz.h"

static void dns_message(void *context, enum pp_side side, struct pp_span message, struct pp_mark mark)
{
	unsigned *count = context;

	(void)side, (void)mark;
	*count += message.len > 0;
}

/* What was packed comes back, and packs to as many bytes. */
static void pack_and_back(const struct pp_connection *conn, struct pp_arena *arena)
{
	struct pp_pack_place place = { .patterns = pp_patterns_new() };
	struct pp_buf packed, again;
	struct pp_connection *back;

	pp_buf_init(&packed, FUZZ_POOL_MAX);
	pp_buf_init(&again, FUZZ_POOL_MAX);
	if (place.patterns && pp_pack_connection(&packed, conn, &place) == PP_OK) {
		FUZZ_CHECK(pp_unpack_connection(pp_buf_span(&packed), &place, arena, &back) == PP_OK);
		FUZZ_CHECK(pp_pack_connection(&again, back, &place) == PP_OK && again.len == packed.len);
		FUZZ_CHECK(!back->tls == !conn->tls && !back->http == !conn->http);
		FUZZ_CHECK(!conn->tls || fuzz_same_text(conn->tls->sni, back->tls->sni));
	}
	pp_patterns_free(place.patterns);
	pp_buf_done(&packed);
	pp_buf_done(&again);
}

static void talk_it_over(struct pp_talk *talk, struct pp_arena *arena, struct pp_cur cur)
{
	struct pp_connection conn = { .index = 0 };
	enum pp_phase phase = PP_PHASE_UNKNOWN;
	struct fuzz_turn turn;
	enum pp_side client;

	for (unsigned i = 0; fuzz_turn(&cur, i, &turn); i++) {
		(void)pp_talk_who(turn.bytes, turn.side, &client);
		if (turn.missing)
			pp_talk_gap(talk, turn.side, turn.missing);
		else if (turn.bytes.len > 0)
			(void)pp_talk_data(talk, turn.side, turn.bytes, &turn.mark);
		phase = pp_talk_phase(talk);
		FUZZ_CHECK(phase <= PP_PHASE_CLOSE);
	}
	pp_talk_finish(talk);
	conn.http = pp_talk_http(talk);
	conn.tls = pp_talk_tls(talk);
	pp_talk_heads(talk, &conn.client_head, &conn.server_head);
	pack_and_back(&conn, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_cur cur = pp_cur(data, size, PP_MORE);
	uint16_t port = pp_cur_u8(&cur) & 1 ? 53 : 443;
	struct pp_talk_shared shared = { .certificates = pp_certificates_new(16, fuzz_key),
					 .dns_message = dns_message };
	struct pp_talk *talk = NULL;
	struct pp_arena arena;
	struct pp_pool pool;
	unsigned count = 0;

	pp_pool_init(&pool, FUZZ_POOL_MAX);
	pp_arena_init(&arena, &pool);
	if (shared.certificates)
		talk = pp_talk_new(&arena, &shared, &count, port);
	if (talk)
		talk_it_over(talk, &arena, cur);
	pp_talk_free(talk);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
	pp_certificates_free(shared.certificates);
	return 0;
}

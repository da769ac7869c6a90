/* HTTP messages delivered whole and in pieces: the facts are the same, up to where framing is lost or a tunnel begins.
 *
 * The first four bytes seed the cuts, then come turns. */
#include "dissect/http.h"
#include "fuzz/fuzz.h"

struct session {
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_http *http;
	uint64_t taken;
	unsigned requests;
};

static bool is_over(const struct session *session)
{
	const struct pp_http_facts *facts = pp_http_facts(session->http);

	return pp_http_tunnel(session->http) || facts->malformed[PP_CLIENT] || facts->malformed[PP_SERVER];
}

static void push(struct session *session, struct fuzz_cuts *cuts, const struct fuzz_turn *turn)
{
	struct pp_cur cur = pp_cur_span(turn->bytes, PP_MORE);

	if (turn->missing)
		pp_http_gap(session->http, turn->side, turn->missing);
	while (pp_cur_left(&cur) > 0 && !is_over(session)) {
		struct pp_span piece = pp_cur_take(&cur, fuzz_cut(cuts, pp_cur_left(&cur)));
		size_t taken = pp_http_data(session->http, turn->side, piece, turn->mark);

		FUZZ_CHECK(taken <= piece.len && (taken == piece.len || pp_http_tunnel(session->http)));
		session->taken += taken;
	}
	session->requests += pp_http_take_request(session->http);
}

static bool run(struct session *session, struct pp_cur cur, uint32_t seed)
{
	struct fuzz_cuts cuts = { seed };
	struct fuzz_turn turn;

	*session = (struct session){ .taken = 0 };
	pp_pool_init(&session->pool, FUZZ_POOL_MAX);
	pp_arena_init(&session->arena, &session->pool);
	session->http = pp_http_new(&session->arena);
	if (!session->http)
		return false;
	for (unsigned i = 0; !is_over(session) && fuzz_turn(&cur, i, &turn); i++)
		push(session, &cuts, &turn);
	return true;
}

static void end(struct session *session)
{
	pp_http_finish(session->http);
	pp_http_free(session->http);
	pp_arena_reset(&session->arena);
	pp_pool_done(&session->pool);
}

static void compare_replies(const struct pp_http_reply *a, const struct pp_http_reply *b)
{
	FUZZ_CHECK(fuzz_same_mark(a->mark, b->mark) && fuzz_same_mark(a->begin, b->begin) && a->status == b->status);
	FUZZ_CHECK(fuzz_same_text(a->reason, b->reason) && fuzz_same_text(a->server, b->server));
	FUZZ_CHECK(fuzz_same_text(a->via, b->via) && fuzz_same_text(a->x_squid_error, b->x_squid_error));
	FUZZ_CHECK(fuzz_same_text(a->proxy_agent, b->proxy_agent) && fuzz_same_text(a->location, b->location));
	FUZZ_CHECK(fuzz_same_text(a->date, b->date) && fuzz_same_text(a->content_type, b->content_type));
	FUZZ_CHECK(a->scheme_count == b->scheme_count && a->scheme_count <= PP_SCHEMES_MAX);
	for (unsigned i = 0; i < a->scheme_count; i++)
		FUZZ_CHECK(fuzz_same_text(a->schemes[i], b->schemes[i]));
	FUZZ_CHECK(a->challenge == b->challenge && a->page == b->page && a->complete == b->complete);
	FUZZ_CHECK(a->body_bytes == b->body_bytes);
}

static void compare(const struct pp_http_facts *a, const struct pp_http_facts *b)
{
	FUZZ_CHECK(a->connect_count == b->connect_count && a->connect_count <= PP_CONNECTS_MAX);
	FUZZ_CHECK(a->exchange_count == b->exchange_count && a->exchange_count <= PP_EXCHANGES_MAX);
	FUZZ_CHECK(a->request_total == b->request_total && a->reply_total == b->reply_total);
	FUZZ_CHECK(a->clipped == b->clipped && fuzz_same_mark(a->reply_without_request, b->reply_without_request));
	for (unsigned i = 0; i < a->connect_count; i++) {
		FUZZ_CHECK(fuzz_same_text(a->connects[i].host, b->connects[i].host));
		FUZZ_CHECK(fuzz_same_text(a->connects[i].user_agent, b->connects[i].user_agent));
		FUZZ_CHECK(a->connects[i].port == b->connects[i].port &&
			   a->connects[i].tunnel == b->connects[i].tunnel);
		FUZZ_CHECK(a->connects[i].credentials == b->connects[i].credentials);
		FUZZ_CHECK(fuzz_same_mark(a->connects[i].mark, b->connects[i].mark));
		compare_replies(&a->connects[i].reply, &b->connects[i].reply);
	}
	for (unsigned i = 0; i < a->exchange_count; i++) {
		FUZZ_CHECK(fuzz_same_text(a->exchanges[i].method, b->exchanges[i].method));
		FUZZ_CHECK(fuzz_same_text(a->exchanges[i].host, b->exchanges[i].host));
		FUZZ_CHECK(fuzz_same_text(a->exchanges[i].target, b->exchanges[i].target));
		FUZZ_CHECK(!a->exchanges[i].target || !strchr(a->exchanges[i].target, '?') ||
			   strchr(a->exchanges[i].target, '?')[1] == '\0');
		FUZZ_CHECK(fuzz_same_mark(a->exchanges[i].begin, b->exchanges[i].begin));
		FUZZ_CHECK(fuzz_same_mark(a->exchanges[i].mark, b->exchanges[i].mark));
		compare_replies(&a->exchanges[i].reply, &b->exchanges[i].reply);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_cur cur = pp_cur(data, size, PP_MORE);
	uint32_t seed = pp_cur_u32(&cur) | 1;
	struct session whole, pieces;

	if (run(&whole, cur, 0) && run(&pieces, cur, seed)) {
		const struct pp_http_facts *a = pp_http_facts(whole.http), *b = pp_http_facts(pieces.http);

		FUZZ_CHECK(a->malformed[PP_CLIENT] == b->malformed[PP_CLIENT]);
		FUZZ_CHECK(a->malformed[PP_SERVER] == b->malformed[PP_SERVER]);
		if (!a->malformed[PP_CLIENT] && !a->malformed[PP_SERVER]) {
			FUZZ_CHECK(whole.taken == pieces.taken);
			compare(a, b);
		}
		end(&pieces);
		end(&whole);
	}
	return 0;
}

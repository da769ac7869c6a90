/* DNS over TCP delivered whole and in pieces: the same messages come out.  Four bytes seed the cuts, then come turns.
 */
#include "dissect/dns.h"
#include "dissect/dns_tcp.h"
#include "fuzz/fuzz.h"

struct seen {
	unsigned messages[2];
	uint64_t sum[2];
};

static void see(struct seen *seen, enum pp_side side, struct pp_span message)
{
	struct pp_dns_message parsed;

	for (size_t i = 0; i < message.len; i++)
		seen->sum[side] = seen->sum[side] * 31 + message.p[i];
	seen->sum[side] = seen->sum[side] * 31 + message.len;
	seen->messages[side]++;
	(void)!pp_dns_parse(message, PP_MALFORMED, &parsed);
}

static struct seen run(struct pp_cur cur, uint32_t seed)
{
	struct fuzz_cuts cuts = { seed };
	struct seen seen = { .messages = { 0 } };
	struct pp_dns_tcp *tcp;
	struct pp_arena arena;
	struct pp_pool pool;
	struct fuzz_turn turn;

	pp_pool_init(&pool, FUZZ_POOL_MAX);
	pp_arena_init(&arena, &pool);
	tcp = pp_dns_tcp_new(&arena);
	for (unsigned i = 0; tcp && fuzz_turn(&cur, i, &turn); i++) {
		struct pp_cur bytes = pp_cur_span(turn.bytes, PP_MORE);

		if (turn.missing)
			pp_dns_tcp_gap(tcp, turn.side);
		while (pp_cur_left(&bytes) > 0) {
			struct pp_span piece = pp_cur_take(&bytes, fuzz_cut(&cuts, pp_cur_left(&bytes))), message;

			while (pp_dns_tcp_next(tcp, turn.side, &piece, &message))
				see(&seen, turn.side, message);
			FUZZ_CHECK(piece.len == 0);
		}
	}
	pp_dns_tcp_free(tcp);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_cur cur = pp_cur(data, size, PP_MORE);
	uint32_t seed = pp_cur_u32(&cur) | 1;
	struct seen whole = run(cur, 0), pieces = run(cur, seed);

	for (int side = 0; side < 2; side++)
		FUZZ_CHECK(whole.messages[side] == pieces.messages[side] && whole.sum[side] == pieces.sum[side]);
	return 0;
}

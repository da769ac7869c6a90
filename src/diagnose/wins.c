#include "diagnose/wins.h"

#include "diagnose/state.h"

enum { BLOCK_WINS = 64 };

struct noted {
	int64_t ts;
	uint32_t packet, host;
	uint16_t file, port, server_port;
	bool v6;
};

struct pp_win_block {
	struct pp_win_block *next;
	uint32_t count;
	struct noted wins[BLOCK_WINS];
};

void pp_wins_init(struct pp_wins *wins, size_t memory)
{
	pp_pool_init(&wins->pool, memory);
	pp_arena_init(&wins->arena, &wins->pool);
}

void pp_wins_done(struct pp_wins *wins)
{
	pp_arena_reset(&wins->arena);
	pp_pool_done(&wins->pool);
	wins->first = wins->last = NULL;
}

/* ------------------------------------------------------------------ what is wanted */

static void set(uint64_t *bits, uint32_t at) { bits[at / 64] |= UINT64_C(1) << at % 64; }

static bool is_set(const uint64_t *bits, uint32_t at) { return bits[at / 64] >> at % 64 & 1; }

/* Unkeyed: whoever makes them meet has more wins kept, no more. */
static uint32_t moment_of(uint64_t what, int64_t when)
{
	uint64_t mix = ((uint64_t)when ^ what << 32 ^ what >> 32) * UINT64_C(0x9e3779b97f4a7c15);

	_Static_assert(PP_WINS_MOMENTS == 1 << 16, "as many as 16 bits tell apart");
	return (uint32_t)((mix ^ mix >> 32) * UINT64_C(0xd6e8feb86659fd93) >> 48);
}

static uint64_t group_of(uint32_t host, uint16_t port) { return (uint64_t)host << 16 | port; }

static bool any_set(const uint64_t *bits, uint64_t what, int64_t when, int64_t around)
{
	for (int64_t at = when - around; at <= when + around; at++)
		if (is_set(bits, moment_of(what, at)))
			return true;
	return false;
}

void pp_wins_want_bucket(struct pp_wins *wins, uint32_t host, uint16_t port, int64_t bucket)
{
	set(wins->moments, moment_of(group_of(host, port), bucket));
}

void pp_wins_want_host(struct pp_wins *wins, uint32_t host) { set(wins->hosts, host); }

void pp_wins_want_second(struct pp_wins *wins, bool v6, uint16_t port, int64_t second)
{
	set(wins->seconds[v6], moment_of(port, second));
}

/* ------------------------------------------------------------------ noting, settling */

static bool is_wanted(const struct pp_wins *wins, const struct noted *win)
{
	return is_set(wins->hosts, win->host) ||
	       any_set(wins->moments, group_of(win->host, win->port), pp_bucket_of(win->ts), 1);
}

static bool is_wanted_opening(const struct pp_wins *wins, const struct noted *win)
{
	return any_set(wins->seconds[!win->v6], win->server_port, pp_second_of(win->ts), PP_OPENING_SECONDS);
}

static void settle(struct pp_diagnosis *diagnosis, const struct noted *noted, bool all)
{
	const struct pp_wins *wins = &diagnosis->wins;
	const struct pp_win win = { .first = { .ts = noted->ts, .packet = noted->packet, .file = noted->file },
				    .host = noted->host,
				    .port = noted->port,
				    .server_port = noted->server_port,
				    .v6 = noted->v6 };

	if (all || is_wanted_opening(wins, noted))
		pp_group_opening_won(diagnosis, &win);
	if (win.host && (all || is_wanted(wins, noted)))
		pp_group_won(diagnosis, &win);
}

static void settle_all(struct pp_diagnosis *diagnosis, bool all)
{
	struct pp_wins *wins = &diagnosis->wins;

	for (const struct pp_win_block *block = wins->first; block; block = block->next)
		for (uint32_t i = 0; i < block->count; i++)
			settle(diagnosis, &block->wins[i], all);
	pp_wins_done(wins);
	wins->settled = true;
}

void pp_wins_add(struct pp_diagnosis *diagnosis, const struct pp_win *win)
{
	const struct noted noted = { win->first.ts, win->first.packet, win->host, win->first.file,
				     win->port,     win->server_port,  win->v6 };
	struct pp_wins *wins = &diagnosis->wins;
	struct pp_win_block *block = wins->last;

	if (!wins->settled && (!block || block->count == BLOCK_WINS)) {
		block = pp_arena_alloc(&wins->arena, sizeof(*block));
		if (block) {
			*(wins->last ? &wins->last->next : &wins->first) = block;
			wins->last = block;
		} else {
			settle_all(diagnosis, true);
		}
	}
	if (wins->settled)
		settle(diagnosis, &noted, true);
	else
		block->wins[block->count++] = noted;
}

void pp_wins_settle(struct pp_diagnosis *diagnosis)
{
	if (!diagnosis->wins.settled)
		settle_all(diagnosis, false);
}

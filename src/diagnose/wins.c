#include "diagnose/wins.h"

#include "base/number.h"
#include "diagnose/state.h"

/* Each win is noted by its distance from the one before in its block: what differs, then the numbers that do. */
enum { V6 = 1, OTHER_PORT = 2, OTHER_SERVER_PORT = 4, OTHER_FILE = 8, LEG_SHIFT = 4, LEGS = 7, OTHER_CLIENT = 128 };
enum { BLOCK_BYTES = 1992, WIN_MOST = 1 + 10 * PP_NUMBER_MOST };
_Static_assert((int)PP_LEG_GRANTED_BARE <= (int)LEGS && (int)PP_LEG_GRANTED <= (int)LEGS, "a leg has three bits");
enum { LEG_BUCKETS_MOST = 64 }; /* those that are wanted one by one */

struct pp_win_block {
	struct pp_win_block *next;
	uint32_t used;
	uint8_t bytes[BLOCK_BYTES];
};

static uint8_t *put_reply(uint8_t *at, const struct pp_win *win)
{
	at = pp_put_signed(at, (int64_t)((uint64_t)win->reply.ts - (uint64_t)win->first.ts));
	at = pp_put_signed(at, (int64_t)win->reply.packet - win->first.packet);
	return pp_put_number(at, win->reply.file);
}

static void take_reply(const uint8_t **at, struct pp_win *win)
{
	win->reply.ts = (int64_t)((uint64_t)win->first.ts + (uint64_t)pp_take_signed(at));
	win->reply.packet = (uint32_t)(win->first.packet + pp_take_signed(at));
	win->reply.file = (uint16_t)pp_take_number(at);
}

static uint8_t *put_win(uint8_t *at, const struct pp_win *win, const struct pp_win *before)
{
	unsigned head = (win->v6 ? V6 : 0) | (win->port != before->port ? OTHER_PORT : 0) |
			(win->server_port != win->port ? OTHER_SERVER_PORT : 0) |
			(win->first.file != before->first.file ? OTHER_FILE : 0) |
			(win->client != before->client ? OTHER_CLIENT : 0) | (unsigned)win->leg << LEG_SHIFT;

	*at++ = (uint8_t)head;
	at = pp_put_signed(at, (int64_t)((uint64_t)win->first.ts - (uint64_t)before->first.ts));
	at = pp_put_signed(at, (int64_t)win->first.packet - before->first.packet);
	at = pp_put_number(at, win->host);
	if (head & OTHER_PORT)
		at = pp_put_number(at, win->port);
	if (head & OTHER_SERVER_PORT)
		at = pp_put_number(at, win->server_port);
	if (head & OTHER_FILE)
		at = pp_put_number(at, win->first.file);
	if (head & OTHER_CLIENT)
		at = pp_put_number(at, win->client);
	return win->leg ? put_reply(at, win) : at;
}

/* From the win before it. */
static void take_win(const uint8_t **at, struct pp_win *win)
{
	unsigned head = *(*at)++;

	win->v6 = head & V6;
	win->first.ts = (int64_t)((uint64_t)win->first.ts + (uint64_t)pp_take_signed(at));
	win->first.packet = (uint32_t)(win->first.packet + pp_take_signed(at));
	win->host = (uint32_t)pp_take_number(at);
	if (head & OTHER_PORT)
		win->port = (uint16_t)pp_take_number(at);
	win->server_port = head & OTHER_SERVER_PORT ? (uint16_t)pp_take_number(at) : win->port;
	if (head & OTHER_FILE)
		win->first.file = (uint16_t)pp_take_number(at);
	if (head & OTHER_CLIENT)
		win->client = (uint32_t)pp_take_number(at);
	win->leg = (enum pp_leg)(head >> LEG_SHIFT & LEGS);
	if (win->leg)
		take_reply(at, win);
}

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

void pp_wins_want_bucket(struct pp_wins *wins, bool v6, uint32_t host, uint16_t port, int64_t bucket)
{
	set(wins->moments, moment_of(group_of(host, port), bucket));
	set(wins->others[v6], moment_of(group_of(host, port), bucket));
}

void pp_wins_want_legs(struct pp_wins *wins, uint32_t host, uint16_t port, int64_t from, int64_t until)
{
	if (until - from > LEG_BUCKETS_MOST)
		pp_wins_want_host(wins, host);
	else
		for (int64_t bucket = from; bucket <= until; bucket++)
			set(wins->legs, moment_of(group_of(host, port), bucket));
}

void pp_wins_want_host(struct pp_wins *wins, uint32_t host) { set(wins->hosts, host); }

void pp_wins_want_second(struct pp_wins *wins, bool v6, uint16_t port, int64_t second)
{
	set(wins->seconds[v6], moment_of(port, second));
	wins->any_second[v6] = true;
}

/* ------------------------------------------------------------------ noting, settling */

static bool is_wanted(const struct pp_wins *wins, const struct pp_win *win)
{
	return is_set(wins->hosts, win->host) ||
	       any_set(wins->moments, group_of(win->host, win->port), pp_bucket_of(win->first.ts), 1);
}

/* By one of the other family, which any client may have lost. */
static bool is_wanted_by_other(const struct pp_wins *wins, const struct pp_win *win)
{
	return is_set(wins->hosts, win->host) ||
	       any_set(wins->others[!win->v6], group_of(win->host, win->port), pp_bucket_of(win->first.ts), 1);
}

static bool is_wanted_opening(const struct pp_wins *wins, const struct pp_win *win)
{
	return wins->any_second[!win->v6] &&
	       any_set(wins->seconds[!win->v6], win->server_port, pp_second_of(win->first.ts), PP_OPENING_SECONDS);
}

static bool is_wanted_leg(const struct pp_wins *wins, const struct pp_win *win)
{
	return is_set(wins->hosts, win->host) ||
	       any_set(wins->legs, group_of(win->host, win->port), pp_bucket_of(win->first.ts), 0);
}

static void settle(struct pp_diagnosis *diagnosis, const struct pp_win *win, bool all)
{
	const struct pp_wins *wins = &diagnosis->wins;

	if (win->leg) {
		if (all || is_wanted_leg(wins, win))
			pp_group_leg(diagnosis, win);
		return;
	}
	if (all || is_wanted_opening(wins, win))
		pp_group_opening_won(diagnosis, win);
	if (win->host && (all || is_wanted(wins, win)))
		pp_group_won(diagnosis, win, all || is_wanted_by_other(wins, win));
}

static void settle_all(struct pp_diagnosis *diagnosis, bool all)
{
	struct pp_wins *wins = &diagnosis->wins;

	for (const struct pp_win_block *block = wins->first; block; block = block->next) {
		struct pp_win win = { .host = 0 };

		for (const uint8_t *at = block->bytes; at < block->bytes + block->used;) {
			take_win(&at, &win);
			settle(diagnosis, &win, all);
		}
	}
	pp_wins_done(wins);
	wins->settled = true;
}

/* The block that has room for one more; NULL without memory. */
static struct pp_win_block *block_for_one(struct pp_wins *wins)
{
	struct pp_win_block *block = wins->last;

	if (block && block->used <= BLOCK_BYTES - WIN_MOST)
		return block;
	block = pp_arena_alloc(&wins->arena, sizeof(*block));
	if (!block)
		return NULL;
	*(wins->last ? &wins->last->next : &wins->first) = block;
	wins->last = block;
	wins->before = (struct pp_win){ .host = 0 };
	return block;
}

void pp_wins_add(struct pp_diagnosis *diagnosis, const struct pp_win *win)
{
	struct pp_wins *wins = &diagnosis->wins;
	struct pp_win_block *block = wins->settled ? NULL : block_for_one(wins);

	if (block) {
		block->used = (uint32_t)(put_win(block->bytes + block->used, win, &wins->before) - block->bytes);
		wins->before = *win;
		return;
	}
	if (!wins->settled)
		settle_all(diagnosis, true);
	settle(diagnosis, win, true);
}

void pp_wins_settle(struct pp_diagnosis *diagnosis)
{
	if (!diagnosis->wins.settled)
		settle_all(diagnosis, false);
}

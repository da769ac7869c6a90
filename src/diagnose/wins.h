/* wins: connections that worked, noted until all are known; private to diagnose/.
 *
 * Shape   whether a connection lost a race is asked only of those that were given up, and in most captures few are.  So
 *         wins are noted one behind the other, and only those that somebody may have lost to go into the tables of
 *         groups and openings, by pp_wins_settle().  The same holds for what proxies answered, which only those ask for
 *         that were told to authenticate.
 * Owns    its notes, until then.
 * Limits  as much memory as it is given; beyond it all wins go into the tables, and later ones at once.
 */
#ifndef PP_DIAGNOSE_WINS_H
#define PP_DIAGNOSE_WINS_H

#include "base/arena.h"
#include "base/mark.h"
#include "diagnose/map.h"

struct pp_diagnosis;

enum { PP_WINS_MOMENTS = 65536 };

/* See struct pp_legs. */
enum pp_leg { PP_LEG_NONE, PP_LEG_GRANTED, PP_LEG_GRANTED_BARE, PP_LEG_REJECTED, PP_LEG_PENDING };

struct pp_win {
	struct pp_mark first;
	struct pp_mark reply; /* of a proxy, which is what is noted if there is a … */
	enum pp_leg leg;
	uint32_t host;   /* its place, or 0 */
	uint32_t client; /* the same */
	uint16_t port;   /* that was meant */
	uint16_t server_port;
	bool v6;
};

struct pp_wins {
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_win_block *first, *last;
	struct pp_win before; /* what was noted last in that block */
	bool settled, any_second[2];
	/* Which of them are wanted, a bit each: those of a host, by place; those of a host, port and moment, hashed; by
	 * family those of a port and moment, hashed. */
	uint64_t hosts[PP_MAP_MOST / 64 + 1];
	uint64_t moments[PP_WINS_MOMENTS / 64], seconds[2][PP_WINS_MOMENTS / 64], legs[PP_WINS_MOMENTS / 64];
	uint64_t others[2][PP_WINS_MOMENTS / 64]; /* of `moments`, those that IPv4, IPv6 lost at */
};

void pp_wins_init(struct pp_wins *wins, size_t memory);
void pp_wins_done(struct pp_wins *wins);
void pp_wins_add(struct pp_diagnosis *diagnosis, const struct pp_win *win);
/* Wanted are those of that host (its place) and port in that bucket of time and the two beside it, … */
void pp_wins_want_bucket(struct pp_wins *wins, bool v6, uint32_t host, uint16_t port, int64_t bucket);
/* … legs of that host and port from one bucket to another, … */
void pp_wins_want_legs(struct pp_wins *wins, uint32_t host, uint16_t port, int64_t from, int64_t until);
/* … all of that host, … */
void pp_wins_want_host(struct pp_wins *wins, uint32_t host);
/* … and those to that port PP_OPENING_SECONDS around that second, by the other family. */
void pp_wins_want_second(struct pp_wins *wins, bool v6, uint16_t port, int64_t second);
/* After the last of all these. */
void pp_wins_settle(struct pp_diagnosis *diagnosis);

#endif

/* mark: one event of a connection's timeline: which packet, when.  State is derived from marks, never stored.
 * packet 0 means "not seen", which differs from "could not be seen": the gates of diagnose/ tell those apart.
 */
#ifndef PP_BASE_MARK_H
#define PP_BASE_MARK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct pp_mark {
	int64_t ts;      /* ns */
	uint32_t packet; /* frame.number in its file; 0: not seen */
	uint16_t file;   /* index of the input file */
	uint16_t spare;  /* 0, so that marks have no padding and can be compared whole */
};

static inline bool pp_seen(struct pp_mark mark) { return mark.packet != 0; }
static inline bool pp_mark_same(const struct pp_mark *a, const struct pp_mark *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* By time, and of what has one time by place in the file. */
static inline bool pp_mark_later(const struct pp_mark *mark, const struct pp_mark *than)
{
	return mark->ts > than->ts || (mark->ts == than->ts && mark->packet > than->packet);
}

/* For a mark of values at hand that is wanted in several places: a copy of it would wait until its parts are stored. */
static inline void pp_mark_set(struct pp_mark *mark, int64_t ts, uint32_t packet, uint16_t file)
{
	mark->ts = ts;
	mark->packet = packet;
	mark->file = file;
	mark->spare = 0;
}

/* Keeps the first mark. */
static inline void pp_mark_first(struct pp_mark *mark, struct pp_mark now)
{
	if (mark->packet == 0)
		*mark = now;
}

#endif

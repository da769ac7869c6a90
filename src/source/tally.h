/* tally: what the frames of a source come to, added up as they are read. */
#ifndef PP_SOURCE_TALLY_H
#define PP_SOURCE_TALLY_H

#include "source/source.h"

struct pp_tally {
	int64_t first, last; /* earliest and latest time; while no frame has had one, `first` is the later */
	uint64_t bytes;      /* captured */
	uint64_t snapped;    /* frames cut by the snap length */
	int64_t before;      /* time of the last frame */
	uint64_t disorder;   /* its highest bit: one was earlier than the one before, since pp_tally_order() */
};

static inline struct pp_tally pp_tally_init(void) { return (struct pp_tally){ .first = INT64_MAX, .last = INT64_MIN }; }

static inline void pp_tally_size(struct pp_tally *tally, const struct pp_frame *frame)
{
	tally->bytes += frame->caplen;
	tally->snapped += frame->caplen < frame->len;
}

/* Begins to watch for frames that are earlier than the one before. */
static inline void pp_tally_order(struct pp_tally *tally) { tally->disorder = 0; }

static inline void pp_tally_time(struct pp_tally *tally, int64_t ts)
{
	tally->disorder |= (uint64_t)ts - (uint64_t)tally->before;
	tally->before = ts;
	tally->first = ts < tally->first ? ts : tally->first;
	tally->last = ts > tally->last ? ts : tally->last;
}

/* Of frames that all have a time.  Where none is earlier than the one before, the ends say it all. */
static inline void pp_tally_times(struct pp_tally *tally, const struct pp_frame *frames, size_t count,
				  uint64_t disorder)
{
	size_t step = disorder >> 63 || count < 2 ? 1 : count - 1;

	for (size_t i = 0; i < count; i += step)
		pp_tally_time(tally, frames[i].ts);
	tally->disorder |= disorder;
}

static inline void pp_tally_add(struct pp_tally *tally, const struct pp_frame *frame)
{
	pp_tally_size(tally, frame);
	if (frame->has_ts)
		pp_tally_time(tally, frame->ts);
	else
		tally->disorder = UINT64_MAX; /* it has the time of another one */
}

/* Of all that was read so far. */
struct pp_tally pp_source_tally(const struct pp_source *source);

#endif

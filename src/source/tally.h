/* tally: what the frames of a source come to, added up as they are read. */
#ifndef PP_SOURCE_TALLY_H
#define PP_SOURCE_TALLY_H

#include "source/source.h"

struct pp_tally {
	int64_t first, last; /* earliest and latest time; while no frame has had one, `first` is the later */
	uint64_t bytes;      /* captured */
	uint64_t snapped;    /* frames cut by the snap length */
};

static inline struct pp_tally pp_tally_init(void) { return (struct pp_tally){ .first = INT64_MAX, .last = INT64_MIN }; }

static inline void pp_tally_size(struct pp_tally *tally, const struct pp_frame *frame)
{
	tally->bytes += frame->caplen;
	tally->snapped += frame->caplen < frame->len;
}

static inline void pp_tally_time(struct pp_tally *tally, int64_t ts)
{
	tally->first = ts < tally->first ? ts : tally->first;
	tally->last = ts > tally->last ? ts : tally->last;
}

static inline void pp_tally_add(struct pp_tally *tally, const struct pp_frame *frame)
{
	pp_tally_size(tally, frame);
	if (frame->has_ts)
		pp_tally_time(tally, frame->ts);
}

/* Of all that was read so far. */
struct pp_tally pp_source_tally(const struct pp_source *source);

#endif

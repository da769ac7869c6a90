/* Every source keeps a batch of frames at hand.  Frames handed out are views into their source's buffer, so a batch
 * that has run out is refilled only at the start of a read, when all views of the read before have expired; a read ends
 * early at the first batch that runs out in its middle.
 *
 * Files of a rotating capture hardly overlap, so frames are moved in runs: the lane that is first stays first until its
 * next frame is later than the runner-up's, and only then all lanes are looked at again.
 */
#include "source/timeline.h"

#include <stdlib.h>
#include <string.h>

struct lane {
	struct pp_source *source;
	struct pp_frame frames[PP_SOURCE_BATCH];
	size_t at, count;
	bool ended;
};

struct pp_timeline {
	size_t lane_count;
	struct pp_tally tally; /* of more than one lane */
	struct lane lanes[];
};

enum pp_err pp_timeline_open(struct pp_timeline **ret_timeline, struct pp_source **sources, size_t count)
{
	struct pp_timeline *timeline;

	if (count > (SIZE_MAX - sizeof(*timeline)) / sizeof(struct lane))
		return PP_LIMIT;
	timeline = calloc(1, sizeof(*timeline) + count * sizeof(struct lane));
	if (!timeline)
		return PP_NOMEM;
	timeline->lane_count = count;
	timeline->tally = pp_tally_init();
	for (size_t i = 0; i < count; i++)
		timeline->lanes[i].source = sources[i];
	*ret_timeline = timeline;
	return PP_OK;
}

static enum pp_err refill(struct pp_timeline *timeline)
{
	for (size_t i = 0; i < timeline->lane_count; i++) {
		struct lane *lane = &timeline->lanes[i];
		enum pp_err err;

		if (lane->ended || lane->at < lane->count)
			continue;
		lane->at = lane->count = 0;
		err = pp_source_read(lane->source, lane->frames, PP_SOURCE_BATCH, &lane->count);
		if (err != PP_OK)
			return err;
		timeline->tally.disorder |= pp_source_tally(lane->source).disorder;
		lane->ended = lane->count == 0;
	}
	return PP_OK;
}

static bool is_before(const struct lane *a, const struct lane *b)
{
	int64_t a_ts = a->frames[a->at].ts, b_ts = b->frames[b->at].ts;

	return a_ts < b_ts || (a_ts == b_ts && a < b);
}

/* The lane whose frame is next, and the one after it; NULL where there is none. */
static void rank(struct pp_timeline *timeline, struct lane **ret_first, struct lane **ret_second)
{
	struct lane *first = NULL, *second = NULL;

	for (size_t i = 0; i < timeline->lane_count; i++) {
		struct lane *lane = &timeline->lanes[i];

		if (lane->ended)
			continue;
		if (!first || is_before(lane, first)) {
			second = first;
			first = lane;
		} else if (!second || is_before(lane, second)) {
			second = lane;
		}
	}
	*ret_first = first;
	*ret_second = second;
}

enum pp_err pp_timeline_read(struct pp_timeline *timeline, struct pp_frame *frames, size_t max, size_t *ret_count)
{
	struct lane *first, *second;
	enum pp_err err = PP_OK;
	size_t count = 0;

	if (timeline->lane_count == 1) /* nothing to merge */
		return pp_source_read(timeline->lanes[0].source, frames, max, ret_count);
	pp_tally_order(&timeline->tally);
	err = refill(timeline);
	if (err != PP_OK)
		return err;
	for (rank(timeline, &first, &second); first && count < max; rank(timeline, &first, &second)) {
		do {
			pp_tally_add(&timeline->tally, &first->frames[first->at]);
			frames[count++] = first->frames[first->at++];
		} while (count < max && first->at < first->count && (!second || is_before(first, second)));
		if (first->at == first->count)
			break; /* its next frame may be the next of all, and refilling would end the views */
	}
	*ret_count = count;
	return PP_OK;
}

struct pp_tally pp_timeline_tally(const struct pp_timeline *timeline)
{
	return timeline->lane_count == 1 ? pp_source_tally(timeline->lanes[0].source) : timeline->tally;
}

void pp_timeline_close(struct pp_timeline *timeline)
{
	if (!timeline)
		return;
	for (size_t i = 0; i < timeline->lane_count; i++)
		pp_source_close(timeline->lanes[i].source);
	free(timeline);
}

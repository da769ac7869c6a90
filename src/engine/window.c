/* Reading: frames are handled in windows: all of a window are decoded and their flows' buckets prefetched before the first
 * is filed, so that the memory of a large table has arrived when it is needed.
 */
#include "engine/detail.h"
#include "flow/plain.h"
#include "platform/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
	WINDOW = PP_SOURCE_BATCH,
	PROGRESS_WINDOWS = 256,
	REORDER_PACKETS = 8,
	AHEAD_MORE = 20,    /* packets between asking for memory that leads to a flow's */
	AHEAD = 8,          /* … and for a flow's, and using it */
	EXPIRE_EVERY = 128, /* packets: by their count, as windows end where a read from the file did */
};

static const int64_t REORDER_NS = PP_MS; /* further apart it is no matter of writing down */
static const int64_t HOLE_NS = 600 * PP_SECOND;

struct window {
	struct pp_frame frames[WINDOW];
	struct pp_packet packets[WINDOW];
	uint64_t hashes[WINDOW];
	bool same[WINDOW]; /* it has the ends of the packet before it */
	size_t count;
	bool disordered;      /* it may be that a frame is earlier than the one before, … */
	bool ever_disordered; /* … or was in a window so far */
	bool points;          /* frames may be of several capture points */
	size_t filed;         /* packets since flows that are over were last taken out */
};

/* ------------------------------------------------------------------ a window's packets */

static inline int64_t last_before(const struct pp_analysis *analysis, const struct window *window)
{
	return analysis->last != PP_TIME_NONE ? analysis->last : window->frames[0].ts;
}

/* Captures that were merged, or whose machine slept, have holes.  Where times do not grow, a straggler may fill one. */
PP_SELDOM static void note_holes(struct pp_analysis *analysis, const struct window *window)
{
	int64_t last = last_before(analysis, window);

	for (size_t i = 0; i < window->count && analysis->hole_count < PP_HOLES_MOST; i++) {
		int64_t ts = window->frames[i].ts;

		if (ts - last > HOLE_NS)
			analysis->holes[analysis->hole_count++] = last;
		last = ts;
	}
}

/* The earliest and latest time so far; the bytes so far. */
static uint64_t see_frames(struct pp_analysis *analysis, struct window *window)
{
	struct pp_tally tally = pp_timeline_tally(analysis->timeline);

	window->disordered = tally.disorder >> 63;
	window->ever_disordered |= window->disordered;
	if (window->ever_disordered)
		analysis->hole_count = 0;
	else if (window->count && tally.last - last_before(analysis, window) > HOLE_NS)
		note_holes(analysis, window);
	if (tally.first <= tally.last) {
		analysis->first = tally.first;
		analysis->last = tally.last;
	}
	return tally.bytes;
}

static bool file_ended(const void *context, uint16_t file, int64_t ts)
{
	const struct pp_source_info *source = ((const struct pp_analysis *)context)->captures[file].source;

	return source->ended && ts > source->last;
}

static void see_points(struct pp_analysis *analysis, struct window *window)
{
	if (window->points || (analysis->source_count < 2 && analysis->captures[0].source->interfaces < 2))
		return;
	window->points = true;
	pp_flows_points(analysis->flows, file_ended, analysis);
}

static void filter_window(struct pp_filter *filter, struct window *window)
{
	size_t kept = 0;

	for (size_t i = 0; i < window->count; i++) {
		if (pp_filter_passes(filter, &window->frames[i]))
			window->frames[kept++] = window->frames[i];
	}
	window->count = kept;
}

static void decode_window(struct pp_analysis *analysis, struct window *window)
{
	if (analysis->options.filter)
		filter_window(analysis->options.filter, window);
	pp_decode_frames(window->frames, window->count, window->packets);
	pp_flows_hash_packets(analysis->flows, window->packets, window->count, window->hashes, window->same);
}

static void swap_packets(struct window *window, size_t a, size_t b)
{
	struct pp_packet packet = window->packets[a];
	struct pp_frame frame = window->frames[a];
	uint64_t hash = window->hashes[a];

	window->packets[a] = window->packets[b];
	window->frames[a] = window->frames[b];
	window->hashes[a] = window->hashes[b];
	window->packets[b] = packet;
	window->frames[b] = frame;
	window->hashes[b] = hash;
}

/* CAP-06: captures write packets down in another order than they were sent.  Within one connection those that lie close
 * together are put in order of time; the order of connections stays the file's, as it decides their numbers. */
static void settle_order(struct window *window)
{
	int64_t newest = INT64_MIN;

	for (size_t i = 0; i < window->count; i++) {
		if (window->frames[i].ts >= newest) {
			newest = window->frames[i].ts;
			continue;
		}
		for (size_t at = i, before = i; before-- > 0 && i - before <= REORDER_PACKETS;) {
			int64_t late = window->frames[before].ts - window->frames[at].ts;

			if (!pp_flows_hash_is_same(window->hashes[before], window->hashes[at]) ||
			    window->hashes[at] == 0)
				continue;
			if (late <= 0 || late > REORDER_NS)
				break;
			swap_packets(window, before, at);
			at = before;
		}
	}
	memset(window->same, 0, sizeof(window->same)); /* which is before which has changed */
}

/* The memory of flows to come. */
static void look_ahead(const struct pp_flows *flows, const struct window *window, size_t i)
{
	if (i + AHEAD_MORE < window->count)
		pp_flows_prefetch_node(flows, window->hashes[i + AHEAD_MORE]);
	if (i + AHEAD < window->count)
		pp_flows_prefetch_flow(flows, window->hashes[i + AHEAD]);
}

/* … and that of the window's first, which nobody has looked ahead to. */
static void look_at_first(const struct pp_flows *flows, const struct window *window)
{
	for (size_t i = 0; i < AHEAD_MORE && i < window->count; i++)
		pp_flows_prefetch_node(flows, window->hashes[i]);
	for (size_t i = 0; i < AHEAD && i < window->count; i++)
		pp_flows_prefetch_flow(flows, window->hashes[i]);
}

/* ------------------------------------------------------------------ filing */

/* Bytes that continue their stream and say nothing are only counted. */
static PP_ALWAYS bool passes_over(struct pp_detail *detail, struct pp_flow_plain plain, const struct pp_mark *now)
{
	struct pp_reassembly *stream = &detail->stream[plain.side];

	if (!pp_reassembly_continues(stream, plain.end - plain.len) || plain.len > detail->opaque[plain.side] ||
	    !detail->ndpi_done)
		return false;
	stream->next = plain.end;
	pp_detail_skip(detail, plain.side, plain.len, now);
	return true;
}

/* The flow of a TCP segment that went the short way, else NULL. */
static PP_ALWAYS struct pp_flow *file_segment(struct pp_analysis *analysis, struct pp_flow *before,
					      const struct pp_packet *packet, uint64_t hash, const struct pp_mark *now)
{
	struct pp_flow_plain plain = pp_flows_plain(analysis->flows, before, packet, hash, now);
	struct pp_detail *detail;

	if (!plain.flow) {
		pp_engine_tcp(analysis, packet, hash, now);
		return NULL;
	}
	detail = plain.flow->detail;
	if (plain.len && !(detail && passes_over(detail, plain, now))) {
		pp_engine_plain_bytes(analysis, plain.flow, packet, plain.side, now);
		detail = plain.flow->detail;
	}
	if (detail && detail->holes)
		pp_engine_mind_holes(detail, now->ts);
	pp_flows_touch_smooth(analysis->flows, plain.flow);
	return plain.flow;
}

/* Where a frame was captured. */
static uint32_t point_of(const struct pp_frame *frame)
{
	enum { INTERFACES = 0xfffe };

	return (uint32_t)frame->file << 16 | (frame->interface < INTERFACES ? frame->interface : INTERFACES);
}

/* Whether another capture point's view of a frame's connection counts. */
static bool is_left_out(struct pp_analysis *analysis, const struct window *window, size_t i)
{
	const struct pp_frame *frame = &window->frames[i];
	const struct pp_packet *packet = &window->packets[i];

	if (!window->points || !pp_packet_is_sound_tcp(packet))
		return false;
	switch (pp_flows_point(analysis->flows, packet, window->hashes[i], point_of(frame), frame->mark)) {
	case PP_POINT_FILED:
		return false;
	case PP_POINT_AGAIN:
		pp_engine_begin_again(analysis, pp_flows_known(analysis->flows, packet, window->hashes[i]),
				      frame->file);
		return false;
	case PP_POINT_LEFT_OUT:
		break;
	}
	analysis->captures[frame->file].duplicates++;
	return true;
}

static PP_ALWAYS void file_all(struct pp_analysis *analysis, struct window *window, size_t begin, size_t end,
			       bool scattered, bool points)
{
	struct pp_flow *before = NULL; /* of the packet before */

	for (size_t i = begin; i < end; i++) {
		const struct pp_mark *now = &window->frames[i].mark;
		struct pp_packet *packet = &window->packets[i];

		if (scattered)
			look_ahead(analysis->flows, window, i);
		if (points && is_left_out(analysis, window, i)) {
			before = NULL;
			continue;
		}
		if (pp_packet_is_sound_tcp(packet)) {
			before =
			    file_segment(analysis, window->same[i] ? before : NULL, packet, window->hashes[i], now);
		} else {
			pp_engine_packet(analysis, packet, window->hashes[i], *now);
			before = NULL;
		}
	}
}

/* The loop is compiled for each kind of capture, as every packet would pay for the others. */
PP_APART static void file_few(struct pp_analysis *analysis, struct window *window, size_t begin, size_t end)
{
	file_all(analysis, window, begin, end, false, false);
}

PP_APART static void file_many(struct pp_analysis *analysis, struct window *window, size_t begin, size_t end)
{
	file_all(analysis, window, begin, end, true, false);
}

PP_APART static void file_points(struct pp_analysis *analysis, struct window *window, size_t begin, size_t end)
{
	file_all(analysis, window, begin, end, pp_flows_scattered(analysis->flows), true);
}

static void file_packets(struct pp_analysis *analysis, struct window *window, size_t begin, size_t end)
{
	if (window->points)
		file_points(analysis, window, begin, end);
	else if (pp_flows_scattered(analysis->flows))
		file_many(analysis, window, begin, end);
	else
		file_few(analysis, window, begin, end);
}

/* Once there was disorder any packet may be one that was late.  Neighbours that a window's begin has parted could not be
 * put in order; by so little nothing is mistaken. */
static void mind_order(const struct pp_flows *flows, const struct window *window, size_t i)
{
	struct pp_flow *flow = pp_flows_known(flows, &window->packets[i], window->hashes[i]);
	int64_t late = flow && !flow->ghost ? flow->last.ts - window->frames[i].ts : 0;

	if (late > REORDER_NS || (late > 0 && i >= REORDER_PACKETS))
		flow->disordered = true;
}

/* Connections that are found from now on take their numbers in the end. */
static void begin_numbers(struct pp_analysis *analysis, uint16_t file)
{
	enum pp_err err;

	if (!analysis->captures[file].source->ordered || pp_numbers_begun(&analysis->numbers, file))
		return;
	err =
	    pp_numbers_begin(&analysis->numbers, file, analysis->source_count, pp_flows_streams(analysis->flows, file));
	if (err != PP_OK)
		analysis->failed = err;
}

static void note_number(const struct pp_flows *flows, const struct window *window, size_t i)
{
	const struct pp_frame *frame = &window->frames[i];
	struct pp_flow *flow = pp_flows_known(flows, &window->packets[i], window->hashes[i]);

	if (flow && flow->file == frame->file && frame->number < flow->lowest)
		flow->lowest = frame->number;
}

PP_SELDOM static void file_disordered(struct pp_analysis *analysis, struct window *window, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++) {
		bool is_tcp = window->packets[i].kind == PP_PACKET_TCP;

		begin_numbers(analysis, window->frames[i].file);
		if (is_left_out(analysis, window, i))
			continue;
		if (is_tcp)
			mind_order(analysis->flows, window, i);
		pp_engine_packet(analysis, &window->packets[i], window->hashes[i], window->frames[i].mark);
		if (is_tcp)
			note_number(analysis->flows, window, i);
	}
}

static void file_window(struct pp_analysis *analysis, struct window *window)
{
	if (window->disordered)
		settle_order(window);
	if (pp_flows_scattered(analysis->flows))
		look_at_first(analysis->flows, window);
	for (size_t begin = 0, end; begin < window->count; begin = end) {
		size_t left = EXPIRE_EVERY - window->filed;

		end = window->count - begin < left ? window->count : begin + left;
		if (window->ever_disordered)
			file_disordered(analysis, window, begin, end);
		else
			file_packets(analysis, window, begin, end);
		window->filed += end - begin;
		if (window->filed == EXPIRE_EVERY) {
			window->filed = 0;
			pp_engine_expire(analysis, window->frames[end - 1].ts);
		}
	}
}

/* ------------------------------------------------------------------ all windows */

enum pp_err pp_engine_read(struct pp_analysis *analysis)
{
	struct window *window = aligned_alloc(alignof(struct window), sizeof(*window));
	uint64_t frames = 0, bytes = 0, windows = 0;
	bool large = false;
	enum pp_err err = window ? PP_OK : PP_NOMEM;

	if (window) {
		window->filed = 0;
		window->ever_disordered = window->points = false;
	}
	while (err == PP_OK && analysis->failed == PP_OK) {
		err = pp_timeline_read(analysis->timeline, window->frames, WINDOW, &window->count);
		if (err != PP_OK || window->count == 0)
			break;
		frames += window->count;
		bytes = see_frames(analysis, window);
		see_points(analysis, window);
		decode_window(analysis, window);
		file_window(analysis, window);
		if (!large && pp_flows_scattered(analysis->flows)) {
			large = true;
			pp_memory_heap_large(); /* where so many are open there will be more */
		}
		if (++windows % PROGRESS_WINDOWS != 0)
			continue;
		if (analysis->options.progress)
			analysis->options.progress(analysis->options.progress_context, frames, bytes);
		if (analysis->options.given_up && analysis->options.given_up(analysis->options.given_up_context))
			err = PP_END;
	}
	free(window);
	return err != PP_OK ? err : analysis->failed;
}

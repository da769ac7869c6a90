/* detail: streams and dissectors of one open connection; private to engine/.
 *
 * Owns    its arena, which it lies in itself; connection.c makes it and ends it.
 */
#ifndef PP_ENGINE_DETAIL_H
#define PP_ENGINE_DETAIL_H

#include "engine/engine.h"

/* Hangs on pp_flow.detail.  What every payload needs comes first. */
struct pp_detail {
	struct pp_reassembly stream[2];
	/* Bytes the talk need not see: how many more of them, how many it has not been told of, and where they ended. */
	uint32_t opaque[2], skipped[2];
	struct pp_mark skipped_mark[2];
	bool said[2]; /* a side has had bytes delivered */
	bool holes;   /* a side waits for one */
	bool ndpi_done;
	enum pp_side speaker; /* who was heard last */
	uint32_t turn_segments;
	int64_t turn_begin;   /* offset where the client's turn began */
	struct pp_talk *talk; /* NULL: no memory for one */
	struct pp_analysis *analysis;
	struct pp_flow *flow;
	int64_t hole_since[2]; /* when the hole was seen to be acknowledged; PP_TIME_NONE: it was not */
	struct pp_ndpi_flow *ndpi;
	struct pp_arena arena;
};

/* A side speaks: `len` bytes, the last of its stream so far. */
static inline void pp_detail_turn(struct pp_detail *detail, enum pp_side side, size_t len)
{
	if (side == PP_CLIENT) {
		if (!detail->said[PP_CLIENT] || detail->speaker == PP_SERVER) {
			detail->turn_begin = detail->stream[PP_CLIENT].next - (int64_t)len;
			detail->turn_segments = 0;
		}
		detail->turn_segments++;
	}
	detail->said[side] = true;
	detail->speaker = side;
}

/* Bytes that come in order and say nothing are only counted. */
static PP_ALWAYS void pp_detail_skip(struct pp_detail *detail, enum pp_side side, uint32_t len,
				     const struct pp_mark *now)
{
	detail->opaque[side] -= len;
	detail->skipped[side] += len;
	detail->skipped_mark[side] = *now;
	pp_detail_turn(detail, side, len);
}

/* The payload of a segment that went the short way, which somebody has to look at. */
void pp_engine_plain_bytes(struct pp_analysis *analysis, struct pp_flow *flow, const struct pp_packet *packet,
			   enum pp_side side, const struct pp_mark *now);
/* Of a flow whose segments so far were another capture point's. */
void pp_engine_begin_again(struct pp_analysis *analysis, struct pp_flow *flow, uint16_t file);
/* After each segment while `holes` is set. */
void pp_engine_mind_holes(struct pp_detail *detail, int64_t now);

#endif

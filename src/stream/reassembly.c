#include "stream/reassembly.h"

#include <string.h>

/* Waiting bytes are kept in pieces of one size, so that a segment of any length is a run of pieces, freed pieces fit
 * every later need, and nothing fragments.  A piece that was cut by the snap length ends early and is followed by a
 * hole like any other. */
enum { PIECE_BYTES = 1536 };

struct pp_segment {
	struct pp_segment *next;
	int64_t offset;
	struct pp_mark mark;
	uint32_t len;
	uint8_t bytes[PIECE_BYTES];
};

enum { PIECES_PER_BLOCK = 32 };

void pp_segment_pool_init(struct pp_slab *pool, size_t cap_bytes)
{
	pp_slab_init(pool, sizeof(struct pp_segment), PIECES_PER_BLOCK, cap_bytes);
}

static int64_t piece_end(const struct pp_segment *piece) { return piece->offset + piece->len; }

/* Copies [offset, offset + len) into pieces linked at *link, which is where they belong. */
static enum pp_err insert(struct pp_reassembly *side, struct pp_slab *pool, struct pp_segment **link, int64_t offset,
			  struct pp_span bytes, struct pp_mark mark)
{
	struct pp_cur cur = pp_cur_span(bytes, PP_TRUNCATED);

	if (bytes.len > PP_REASSEMBLY_SIDE_MAX - side->waiting_bytes)
		return PP_LIMIT;
	while (pp_cur_left(&cur) > 0) {
		size_t len = pp_cur_left(&cur) < PIECE_BYTES ? pp_cur_left(&cur) : PIECE_BYTES;
		struct pp_segment *piece;

		/* A byte each costs as much to wait and to search as a full one. */
		if (side->waiting_pieces == PP_REASSEMBLY_PIECES_MAX)
			return PP_LIMIT;
		piece = pp_slab_take(pool);
		if (!piece)
			return PP_LIMIT;
		memcpy(piece->bytes, pp_cur_take(&cur, len).p, len);
		piece->offset = offset;
		piece->len = (uint32_t)len;
		piece->mark = mark;
		piece->next = *link;
		*link = piece;
		link = &piece->next;
		offset += (int64_t)len;
		side->waiting_bytes += len;
		side->waiting_pieces++;
	}
	return PP_OK;
}

/* Files the parts of the segment that nobody has brought yet. */
static enum pp_err wait_for_hole(struct pp_reassembly *side, struct pp_slab *pool, int64_t offset, struct pp_span bytes,
				 struct pp_mark mark)
{
	struct pp_segment **link = &side->waiting;
	struct pp_cur cur = pp_cur_span(bytes, PP_TRUNCATED);

	while (pp_cur_left(&cur) > 0) {
		struct pp_segment *piece = *link;
		size_t take = pp_cur_left(&cur);
		enum pp_err err;

		if (piece && piece_end(piece) <= offset) {
			link = &piece->next;
			continue;
		}
		if (piece && piece->offset <= offset) {
			int64_t known = piece_end(piece) - offset;

			take = (int64_t)take < known ? take : (size_t)known;
			pp_cur_skip(&cur, take);
			offset += (int64_t)take;
			continue;
		}
		if (piece && (int64_t)take > piece->offset - offset)
			take = (size_t)(piece->offset - offset);
		err = insert(side, pool, link, offset, pp_cur_take(&cur, take), mark);
		if (err != PP_OK)
			return err;
		offset += (int64_t)take;
	}
	return PP_OK;
}

/* Hands on everything that is now in order. */
static void drain(struct pp_reassembly *side, struct pp_slab *pool, const struct pp_stream_sink *sink)
{
	while (side->waiting && side->waiting->offset <= side->next) {
		struct pp_segment *piece = side->waiting;

		side->waiting = piece->next;
		side->waiting_bytes -= piece->len;
		side->waiting_pieces--;
		if (piece_end(piece) > side->next) {
			struct pp_cur cur = pp_cur(piece->bytes, piece->len, PP_TRUNCATED);

			pp_cur_skip(&cur, (size_t)(side->next - piece->offset));
			side->next = piece_end(piece);
			sink->bytes(sink->context, pp_cur_rest(&cur), piece->mark);
		}
		pp_slab_give(pool, piece);
	}
}

enum pp_err pp_reassembly_push(struct pp_reassembly *side, struct pp_slab *pool, int64_t offset, struct pp_span bytes,
			       uint32_t len, struct pp_mark mark, const struct pp_stream_sink *sink)
{
	struct pp_cur cur = pp_cur_span(bytes, PP_TRUNCATED);
	int64_t captured_end = offset + (int64_t)bytes.len, end = offset + len;

	while (offset < captured_end) {
		int64_t stop = captured_end;

		if (offset > side->next)
			return wait_for_hole(side, pool, offset, pp_cur_rest(&cur), mark);
		if (offset < side->next) {
			stop = side->next < captured_end ? side->next : captured_end;
			pp_cur_skip(&cur, (size_t)(stop - offset));
			offset = stop;
			continue;
		}
		/* What already waits came first and stays. */
		if (side->waiting && side->waiting->offset < stop)
			stop = side->waiting->offset;
		side->next = stop;
		if (stop > offset)
			sink->bytes(sink->context, pp_cur_take(&cur, (size_t)(stop - offset)), mark);
		offset = stop;
		drain(side, pool, sink);
	}
	/* The cut part of this segment can only come from a retransmission, which was cut as well. */
	if (side->next >= captured_end && side->next < end && !side->waiting) {
		sink->missing(sink->context, (uint64_t)(end - side->next));
		side->next = end;
	}
	return PP_OK;
}

int64_t pp_reassembly_hole_end(const struct pp_reassembly *side) { return side->waiting->offset; }

void pp_reassembly_give_up(struct pp_reassembly *side, struct pp_slab *pool, const struct pp_stream_sink *sink,
			   bool all)
{
	while (side->waiting) {
		sink->missing(sink->context, (uint64_t)(side->waiting->offset - side->next));
		side->next = side->waiting->offset;
		drain(side, pool, sink);
		if (!all)
			return;
	}
}

bool pp_reassembly_has(const struct pp_reassembly *side, int64_t offset, uint32_t len)
{
	int64_t end = offset + len;

	if (offset < side->next)
		offset = side->next;
	for (const struct pp_segment *piece = side->waiting; piece && offset < end; piece = piece->next) {
		if (piece->offset > offset)
			return false;
		if (piece_end(piece) > offset)
			offset = piece_end(piece);
	}
	return offset >= end;
}

void pp_reassembly_drop(struct pp_reassembly *side, struct pp_slab *pool)
{
	while (side->waiting) {
		struct pp_segment *piece = side->waiting;

		side->waiting = piece->next;
		pp_slab_give(pool, piece);
	}
	side->waiting_bytes = side->waiting_pieces = 0;
}

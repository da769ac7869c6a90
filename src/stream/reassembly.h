/* reassembly: the segments of one side → its bytes in order, each once.
 *
 * Shape   segments are pushed with their 64-bit offset; whatever is next in order is handed to the sink at once,
 *         straight from the caller's bytes; what lies ahead of a hole is copied and waits.  A hole ends by being
 *         filled, or by pp_reassembly_give_up(), which tells the sink how much is missing.
 *         Where two segments disagree about a byte, the one that came first stays.
 * Units   offsets and lengths in bytes.
 * Errors  PP_LIMIT when the segment had to be dropped: the caller gives up the hole and the count is reported.
 * Owns    the waiting copies, in pieces from the pool shared by a run.
 * Limits  PP_REASSEMBLY_SIDE_MAX bytes and PP_REASSEMBLY_PIECES_MAX pieces waiting per side, the pool's cap over all.
 * Source  RFC 9293 section 3.10.7.4; RFC 5722's lesson on overlaps.
 */
#ifndef PP_STREAM_REASSEMBLY_H
#define PP_STREAM_REASSEMBLY_H

#include "base/cur.h"
#include "base/slab.h"
#include "flow/mark.h"

enum { PP_REASSEMBLY_SIDE_MAX = 256 * 1024, PP_REASSEMBLY_PIECES_MAX = 192 };

struct pp_segment;

/* Where the bytes go.  `missing` is called before the bytes behind a hole. */
struct pp_stream_sink {
	void *context;
	void (*bytes)(void *context, struct pp_span bytes, struct pp_mark mark);
	void (*missing)(void *context, uint64_t count);
};

struct pp_reassembly {
	int64_t next;               /* offset of the next byte in order */
	struct pp_segment *waiting; /* ascending offsets, not overlapping */
	size_t waiting_bytes, waiting_pieces;
};

/* A pool for waiting segments, shared by a run and ended by pp_slab_done(). */
void pp_segment_pool_init(struct pp_slab *pool, size_t cap_bytes);

/* Bytes [offset, offset + len) of this side, of which only `bytes` were captured (a cut segment: the rest is missing).
 */
enum pp_err PP_MUST_CHECK pp_reassembly_push(struct pp_reassembly *side, struct pp_slab *pool, int64_t offset,
					     struct pp_span bytes, uint32_t len, struct pp_mark mark,
					     const struct pp_stream_sink *sink);
/* Bytes from `offset` on are the next ones and nothing waits: whoever takes them adds their number to `next` and needs no
 * push. */
static inline bool pp_reassembly_continues(const struct pp_reassembly *side, int64_t offset)
{
	return offset == side->next && !side->waiting;
}
static inline bool pp_reassembly_waits(const struct pp_reassembly *side) { return side->waiting != NULL; }
/* Skips the first hole and hands on what waits behind it; with `all`, every hole. */
void pp_reassembly_give_up(struct pp_reassembly *side, struct pp_slab *pool, const struct pp_stream_sink *sink,
			   bool all);
/* Offset of the first waiting byte; only while pp_reassembly_waits(). */
int64_t pp_reassembly_hole_end(const struct pp_reassembly *side);
/* True when every byte of [offset, offset + len) was handed on or waits. */
bool pp_reassembly_has(const struct pp_reassembly *side, int64_t offset, uint32_t len);
void pp_reassembly_drop(struct pp_reassembly *side, struct pp_slab *pool);

#endif

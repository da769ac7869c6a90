/* seq: TCP sequence numbers, which wrap at 2^32 (RFC 9293 section 3.4).
 *
 * The only arithmetic on raw sequence numbers; from stream/ onward there are 64-bit offsets.
 */
#ifndef PP_BASE_SEQ_H
#define PP_BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* Signed distance from b to a: positive when a lies after b. */
static inline int32_t pp_seq_diff(uint32_t a, uint32_t b) { return (int32_t)(a - b); }

static inline bool pp_seq_lt(uint32_t a, uint32_t b) { return pp_seq_diff(a, b) < 0; }

static inline bool pp_seq_leq(uint32_t a, uint32_t b) { return pp_seq_diff(a, b) <= 0; }

/* The 64-bit offset of `seq`, which lies near `known_offset`, whose sequence number is `known_seq`.  Negative results
 * mean "before the start of the stream". */
static inline int64_t pp_seq_offset(uint32_t seq, uint32_t known_seq, int64_t known_offset)
{
	return known_offset + pp_seq_diff(seq, known_seq);
}

#endif

/* image: the plain part of a struct ↔ bytes, for pack.c, unpack.c and brief.c alone.
 *
 * Shape   a struct is a list of stretches of marks and of 8-byte words.  A mark becomes a word: how far it is from the
 *         connection's first packet, and zero if it is not seen.  For each word there is one that is expected there:
 *         another mark's, or the one in a pattern (facts/layout.h); a word as expected is left out, and a bit tells which
 *         are given.  Nothing branches on that: which of them differ cannot be foretold.
 *         Where one of a struct's marks is too far from there, all of the struct is kept as it is.
 * The bytes are for this process only.  A mark that is not seen keeps neither time nor file.
 */
#ifndef PP_FACTS_IMAGE_H
#define PP_FACTS_IMAGE_H

#include "base/cur.h"
#include "flow/mark.h"

enum { IMAGE_WORD = 8 };

/* Inlined where the counts are constants, so that loops are unrolled. */
#define PP_IMAGE static inline __attribute__((always_inline))

PP_IMAGE uint64_t pp_image_word(const uint8_t *from)
{
	uint64_t word;

	memcpy(&word, from, sizeof(word));
	return word;
}

/* Whether any of the words is not zero. */
PP_IMAGE uint64_t pp_image_any(const uint8_t *from, size_t words)
{
	uint64_t any = 0;

	for (size_t i = 0; i < words; i++)
		any |= pp_image_word(from + i * IMAGE_WORD);
	return any;
}

/* Whether any of the words is another one there. */
PP_IMAGE uint64_t pp_image_differ(const uint8_t *from, const uint8_t *there, size_t words)
{
	uint64_t differ = 0;

	for (size_t i = 0; i < words; i++)
		differ |= pp_image_word(from + i * IMAGE_WORD) ^ pp_image_word(there + i * IMAGE_WORD);
	return differ;
}

/* Packet and file as one number: packets of two files lie further apart than any of one.  `spare` is zero; with it this
 * is one load. */
PP_IMAGE uint64_t pp_image_place(const struct pp_mark *mark)
{
	return (uint64_t)mark->spare << 48 | (uint64_t)mark->file << 32 | mark->packet;
}

PP_IMAGE void pp_image_set(struct pp_mark *mark, uint64_t ts, uint64_t place)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&mark->ts, &ts, sizeof(ts));
	memcpy((uint8_t *)mark + offsetof(struct pp_mark, packet), &place, sizeof(place)); /* in one store */
#else
	*mark = (struct pp_mark){ (int64_t)ts, (uint32_t)place, (uint16_t)(place >> 32), 0 };
#endif
}

/* ------------------------------------------------------------------ words */

/* Where words are written, and which are. */
struct pp_image_out {
	uint8_t *at;
	uint64_t given; /* bits: the last one is the lowest */
};

/* Needs room for a word, even for one that is left out. */
PP_IMAGE void pp_image_give(struct pp_image_out *out, uint64_t word, uint64_t expected)
{
	uint64_t differs = word != expected;

	memcpy(out->at, &word, sizeof(word));
	out->at += differs * IMAGE_WORD;
	out->given = out->given * 2 + differs;
}

/* Where words are read: before the first one lies another, and as many follow as there are bits. */
struct pp_image_in {
	const uint8_t *at;
	uint64_t given; /* bits: the next one is the highest */
};

PP_IMAGE uint64_t pp_image_take(struct pp_image_in *in, uint64_t expected)
{
	uint64_t differs = in->given >> 63, word;

	in->given *= 2;
	in->at += differs * IMAGE_WORD;
	word = pp_image_word(in->at - IMAGE_WORD); /* the last one that was given: perhaps not this one */
	return differs ? word : expected;
}

/* ------------------------------------------------------------------ the marks of a struct */

enum { MARK_LATER_BITS = 40, MARK_FURTHER_BITS = 24 }; /* of time, of packets */

/* What marks are measured from: the packet before the first one, and a time that is earlier by far than what packets out
 * of order may bear, so that nothing that is seen becomes zero. */
struct pp_image_base {
	uint64_t ts, place;
};

PP_IMAGE struct pp_image_base pp_image_base(const struct pp_mark *first)
{
	return (struct pp_image_base){ (uint64_t)first->ts - (UINT64_C(1) << (MARK_LATER_BITS - 4)),
				       pp_image_place(first) - 1 };
}

/* False: one of them is too far away, and what was made means nothing. */
PP_IMAGE bool pp_image_words_of(uint64_t *words, const struct pp_mark *mark, unsigned count, struct pp_image_base base)
{
	uint64_t latest = 0, furthest = 0;

	for (unsigned i = 0; i < count; i++) {
		bool seen = pp_seen(mark[i]);
		uint64_t later = seen ? (uint64_t)mark[i].ts - base.ts : 0;
		uint64_t further = seen ? pp_image_place(&mark[i]) - base.place : 0;

		words[i] = later | further << MARK_LATER_BITS;
		latest |= later;
		furthest |= further;
	}
	return (latest >> MARK_LATER_BITS | furthest >> MARK_FURTHER_BITS) == 0;
}

PP_IMAGE void pp_image_set_marks(struct pp_mark *mark, const uint64_t *words, unsigned count, struct pp_image_base base)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t later = words[i] & ((UINT64_C(1) << MARK_LATER_BITS) - 1);
		uint64_t further = words[i] >> MARK_LATER_BITS, if_seen = 0 - (uint64_t)(words[i] != 0);

		pp_image_set(&mark[i], (base.ts + later) & if_seen, (base.place + further) & if_seen);
	}
}

/* ------------------------------------------------------------------ one mark */

enum { MARK_NEAR_BYTES = 8, MARK_TIME_BITS = 40, MARK_PACKET_BITS = 24 };

/* How far the mark is from one before it: false if it is not near.  Distances are taken modulo the field's size, so none
 * is undefined. */
PP_IMAGE bool pp_image_near(const struct pp_mark *mark, const struct pp_mark *before, uint64_t *ret_distance)
{
	uint64_t later = (uint64_t)mark->ts - (uint64_t)before->ts;
	uint64_t further = pp_image_place(mark) - pp_image_place(before);

	if (((later + (UINT64_C(1) << (MARK_TIME_BITS - 1))) >> MARK_TIME_BITS |
	     (further + (UINT64_C(1) << (MARK_PACKET_BITS - 1))) >> MARK_PACKET_BITS) != 0)
		return false;
	*ret_distance = further << MARK_TIME_BITS | (later & ((UINT64_C(1) << MARK_TIME_BITS) - 1));
	return true;
}

PP_IMAGE void pp_image_go_on(struct pp_mark *mark, uint64_t distance)
{
	mark->ts =
	    (int64_t)((uint64_t)mark->ts + (uint64_t)((int64_t)(distance << MARK_PACKET_BITS) >> MARK_PACKET_BITS));
	mark->packet += (uint32_t)((int64_t)distance >> MARK_TIME_BITS);
}

#endif

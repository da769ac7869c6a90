/* image: the plain part of a struct ↔ bytes, for pack.c and brief.c alone.
 *
 * Shape   a struct is a list of stretches, each an array of marks or of 8-byte words.  Nearly all of a connection's
 *         marks are those of a few packets, one soon after the other, and most words are zero.  So an image begins with
 *         bits: two for each mark (enum pp_mark_code), then one for each reference (pack.c's), in one word; and in as
 *         many as it takes one for each word that is not zero.  What is not zero follows in order.
 * Limits  IMAGE_WORDS_MAX words; marks and references together fill one word of bits.
 * The bytes are for this process only.  A mark that is not seen keeps neither time nor file.
 */
#ifndef PP_FACTS_IMAGE_H
#define PP_FACTS_IMAGE_H

#include "base/cur.h"
#include "flow/mark.h"

enum { IMAGE_WORD = 8, IMAGE_BITS = 64, IMAGE_WORDS_MAX = 2 * IMAGE_BITS };

enum pp_mark_code {
	MARK_UNSEEN,
	MARK_AS_BEFORE, /* the one before it in the record */
	MARK_NEAR,      /* so far from that one: time and packet in 8 bytes, same file */
	MARK_WHOLE,     /* 14 bytes */
};

enum { MARK_NEAR_BYTES = 8, MARK_WHOLE_BYTES = 14, MARK_TIME_BITS = 40, MARK_PACKET_BITS = 24 };

/* Inlined where the counts are constants, so that loops and places of bits are too. */
#define PP_IMAGE static inline __attribute__((always_inline))

/* ------------------------------------------------------------------ writing */

struct pp_image_out {
	uint8_t *to; /* room for all of it is there */
	const struct pp_mark *before;
	uint64_t marks, words[IMAGE_WORDS_MAX / IMAGE_BITS];
	unsigned mark_count, word_count; /* so far */
};

/* Its packet over all files: those of two files lie further apart than any of one. */
PP_IMAGE uint64_t pp_image_place(const struct pp_mark *mark) { return (uint64_t)mark->file << 32 | mark->packet; }

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

PP_IMAGE enum pp_mark_code pp_image_put_mark(struct pp_image_out *out, const struct pp_mark *mark)
{
	const struct pp_mark *before = out->before;
	uint64_t distance;

	out->before = mark;
	if (!pp_image_near(mark, before, &distance)) {
		memcpy(out->to, &mark->ts, 8);
		memcpy(out->to + 8, &mark->packet, 4);
		memcpy(out->to + 12, &mark->file, 2);
		out->to += MARK_WHOLE_BYTES;
		return MARK_WHOLE;
	}
	if (distance == 0)
		return MARK_AS_BEFORE;
	memcpy(out->to, &distance, MARK_NEAR_BYTES);
	out->to += MARK_NEAR_BYTES;
	return MARK_NEAR;
}

/* Bits come in from above, so that nothing is shifted by an amount that is not constant. */
PP_IMAGE void pp_image_put_marks(struct pp_image_out *out, const struct pp_mark *mark, unsigned count)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < count; i++) {
		bits >>= 2;
		if (pp_seen(mark[i]))
			bits |= (uint64_t)pp_image_put_mark(out, &mark[i]) << (IMAGE_BITS - 2);
	}
	out->marks |= bits >> (IMAGE_BITS - 2 * count) << 2 * out->mark_count;
	out->mark_count += count;
}

PP_IMAGE uint64_t pp_image_word(const uint8_t *from)
{
	uint64_t word;

	memcpy(&word, from, sizeof(word));
	return word;
}

/* Whether there is anything to the word; if so it is written. */
PP_IMAGE uint64_t pp_image_put_word(struct pp_image_out *out, uint64_t word)
{
	uint64_t set = word != 0;

	memcpy(out->to, &word, IMAGE_WORD);
	out->to += set * IMAGE_WORD;
	return set;
}

/* At most IMAGE_BITS words. */
PP_IMAGE void pp_image_put_words(struct pp_image_out *out, const uint8_t *from, unsigned count)
{
	unsigned at = out->word_count / IMAGE_BITS, shift = out->word_count % IMAGE_BITS;
	uint64_t bits = 0;
	unsigned i = 0;

	for (; i + 4 <= count; i += 4, from += 4 * IMAGE_WORD) {
		uint64_t a = pp_image_word(from), b = pp_image_word(from + 8), c = pp_image_word(from + 16),
			 d = pp_image_word(from + 24);

		bits >>= 4;
		if ((a | b | c | d) == 0)
			continue;
		a = pp_image_put_word(out, a);
		b = pp_image_put_word(out, b);
		c = pp_image_put_word(out, c);
		d = pp_image_put_word(out, d);
		bits |= (a + 2 * (b + 2 * (c + 2 * d))) << (IMAGE_BITS - 4);
	}
	for (; i < count; i++, from += IMAGE_WORD)
		bits = bits >> 1 | pp_image_put_word(out, pp_image_word(from)) << (IMAGE_BITS - 1);
	bits >>= IMAGE_BITS - count;
	out->words[at] |= bits << shift;
	if (shift + count > IMAGE_BITS)
		out->words[at + 1] |= bits >> (IMAGE_BITS - shift);
	out->word_count += count;
}

/* ------------------------------------------------------------------ reading */

struct pp_image_in {
	const uint8_t *from; /* all that the bits promise is there */
	struct pp_mark before;
	uint64_t marks, words[IMAGE_WORDS_MAX / IMAGE_BITS];
	unsigned mark_count, word_count; /* so far */
};

static inline size_t pp_bits_set(uint64_t bits)
{
	bits -= bits >> 1 & UINT64_C(0x5555555555555555);
	bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
	bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (size_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

/* Bytes behind the bits. */
PP_IMAGE size_t pp_image_bytes(const struct pp_image_in *in, unsigned marks)
{
	uint64_t ends = UINT64_C(0x5555555555555555) & (marks ? UINT64_MAX >> (IMAGE_BITS - 2 * marks) : 0);
	uint64_t here = in->marks >> 1 & ends, whole = here & in->marks;

	return pp_bits_set(here) * MARK_NEAR_BYTES + pp_bits_set(whole) * (MARK_WHOLE_BYTES - MARK_NEAR_BYTES) +
	       (pp_bits_set(in->words[0]) + pp_bits_set(in->words[1])) * IMAGE_WORD;
}

PP_IMAGE void pp_image_go_on(struct pp_mark *mark, uint64_t distance)
{
	mark->ts =
	    (int64_t)((uint64_t)mark->ts + (uint64_t)((int64_t)(distance << MARK_PACKET_BITS) >> MARK_PACKET_BITS));
	mark->packet += (uint32_t)((int64_t)distance >> MARK_TIME_BITS);
}

PP_IMAGE void pp_image_take_mark(struct pp_image_in *in, enum pp_mark_code code)
{
	uint64_t word;

	if (code == MARK_NEAR) {
		memcpy(&word, in->from, sizeof(word));
		in->from += MARK_NEAR_BYTES;
		pp_image_go_on(&in->before, word);
	} else if (code == MARK_WHOLE) {
		memcpy(&in->before.ts, in->from, 8);
		memcpy(&in->before.packet, in->from + 8, 4);
		memcpy(&in->before.file, in->from + 12, 2);
		in->from += MARK_WHOLE_BYTES;
	}
}

PP_IMAGE void pp_image_take_marks(struct pp_image_in *in, struct pp_mark *mark, unsigned count)
{
	uint64_t bits = in->marks >> 2 * in->mark_count & UINT64_MAX >> (IMAGE_BITS - 2 * count);

	for (; bits; bits >>= 2, mark++) {
		if ((bits & 3) == MARK_UNSEEN)
			continue;
		pp_image_take_mark(in, (enum pp_mark_code)(bits & 3));
		*mark = in->before;
	}
	in->mark_count += count;
}

/* Bits of words [at, at + count). */
PP_IMAGE uint64_t pp_image_word_bits(const struct pp_image_in *in, unsigned at, unsigned count)
{
	unsigned shift = at % IMAGE_BITS;
	uint64_t bits = in->words[at / IMAGE_BITS] >> shift;

	if (shift + count > IMAGE_BITS)
		bits |= in->words[at / IMAGE_BITS + 1] << (IMAGE_BITS - shift);
	return bits & UINT64_MAX >> (IMAGE_BITS - count);
}

PP_IMAGE void pp_image_take_words(struct pp_image_in *in, uint8_t *to, unsigned count)
{
	for (uint64_t bits = pp_image_word_bits(in, in->word_count, count); bits; bits &= bits - 1) {
		memcpy(to + (size_t)__builtin_ctzll(bits) * IMAGE_WORD, in->from, IMAGE_WORD);
		in->from += IMAGE_WORD;
	}
	in->word_count += count;
}

#endif

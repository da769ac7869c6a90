/* fuzz: what the targets share: the entry point, a check that holds in every build, and input read as a script.
 *
 * Shape   a target reads its input as numbers and runs of bytes through a cursor, so that a mutation of the input is a
 *         small change of what happens.  Reading past the end gives zeros and ends every loop.
 */
#ifndef PP_FUZZ_FUZZ_H
#define PP_FUZZ_FUZZ_H

#include "base/arena.h"
#include "base/cur.h"
#include "base/hash.h"
#include "flow/mark.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): it must hold in release builds too. */
#define FUZZ_CHECK(condition)                                                                                          \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                 \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* For what an implementation is compared with: libFuzzer neither watches it, which takes most of the time, nor takes its
 * branches for progress. */
#ifdef __clang__
#define FUZZ_MODEL __attribute__((no_sanitize("coverage"), noinline))
#else
#define FUZZ_MODEL
#endif

/* The same in every run, so that a crash is one every time. */
static const struct pp_hash_key fuzz_key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };

enum { FUZZ_POOL_MAX = 32 << 20 };

/* Something one side of a conversation does: a header of two bytes (side, gap or bytes, a 14-bit length), then the
 * bytes. */
struct fuzz_turn {
	enum pp_side side;
	uint64_t missing; /* 0: bytes */
	struct pp_span bytes;
	struct pp_mark mark;
};

static inline bool fuzz_turn(struct pp_cur *cur, unsigned number, struct fuzz_turn *ret_turn)
{
	uint16_t head = pp_cur_u16(cur);
	size_t len = head & 0x3fff;

	if (!pp_cur_ok(cur))
		return false;
	*ret_turn = (struct fuzz_turn){ .side = head >> 15 ? PP_SERVER : PP_CLIENT };
	ret_turn->mark = (struct pp_mark){ .ts = (int64_t)number * 1000000, .packet = number + 1 };
	if (head & 0x4000)
		ret_turn->missing = len + 1;
	else
		ret_turn->bytes = pp_cur_take(cur, len < pp_cur_left(cur) ? len : pp_cur_left(cur));
	return true;
}

/* Sizes of pieces: mostly tiny, and the same for the same seed. */
struct fuzz_cuts {
	uint32_t state; /* 0: never cut */
};

static inline size_t fuzz_cut(struct fuzz_cuts *cuts, size_t left)
{
	size_t size;

	if (cuts->state == 0)
		return left;
	cuts->state = cuts->state * 1664525 + 1013904223;
	size = 1 + (cuts->state >> 28 ? cuts->state >> 16 & 0xf : cuts->state >> 8 & 0x3ff);
	cuts->state |= 1;
	return size < left ? size : left;
}

/* Reads every byte of a text, as a writer would. */
static inline size_t fuzz_read_text(const char *text)
{
	volatile size_t len = text ? strlen(text) : 0;

	return len;
}

static inline bool fuzz_same_text(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

static inline bool fuzz_same_mark(struct pp_mark a, struct pp_mark b)
{
	return a.packet == b.packet && a.ts == b.ts && a.file == b.file;
}

#endif

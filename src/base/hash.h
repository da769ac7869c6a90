/* hash: a keyed hash (SipHash-1-3 shape) for tables whose keys come from a capture, so that nobody can choose keys
 * that collide.  The order of a table never reaches the output, so the key may differ from run to run.
 */
#ifndef PP_BASE_HASH_H
#define PP_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pp_hash_key {
	uint64_t k[2];
};

uint64_t pp_hash(const struct pp_hash_key *key, const void *bytes, size_t len);
/* The same with twice as many bits, of one walk over the bytes. */
struct pp_hash_pair {
	uint64_t word[2];
};
struct pp_hash_pair pp_hash_twice(const struct pp_hash_key *key, const void *bytes, size_t len);

/* A quick mix of a text's two ends without any key, for small memories that are asked before a table is: whoever makes
 * texts meet there makes the memory useless, no more. */
static inline uint32_t pp_mix_ends(const char *text, size_t len)
{
	uint64_t first = 0, last = 0;

	if (len >= sizeof(first)) {
		memcpy(&first, text, sizeof(first));
		memcpy(&last, text + len - sizeof(last), sizeof(last));
	} else {
		memcpy(&first, text, len);
	}
	return (uint32_t)((first * UINT64_C(0x9e3779b97f4a7c15) + (last ^ len)) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* The same promise for keys of a few words, always as many: multilinear hashing modulo 2^128, of which the upper half is
 * kept (Dietzfelbinger 1996; Lemire, Kaser 2014).  For any two keys the two hashes are independent and even, so whoever
 * writes a capture before the numbers are drawn can do no better than chance, and it costs a fifth of the above. */
enum { PP_HASH_WORDS_MAX = 6 };

__extension__ typedef unsigned __int128 pp_wide;

struct pp_hash_words {
	pp_wide k[1 + PP_HASH_WORDS_MAX];
};

void pp_hash_words_init(struct pp_hash_words *hash, const struct pp_hash_key *key);

static inline uint64_t pp_hash_words(const struct pp_hash_words *hash, const uint64_t *words, unsigned count)
{
	pp_wide sum = hash->k[0];

	for (unsigned i = 0; i < count; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): it thinks realloc() forgets */
		sum += hash->k[1 + i] * words[i];
	return (uint64_t)(sum >> 64);
}

#endif

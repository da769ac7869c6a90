/* hash: a keyed hash (SipHash-1-3 shape) for tables whose keys come from a capture, so that nobody can choose keys
 * that collide.  The order of a table never reaches the output, so the key may differ from run to run.
 */
#ifndef PP_BASE_HASH_H
#define PP_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct pp_hash_key {
	uint64_t k[2];
};

uint64_t pp_hash(const struct pp_hash_key *key, const void *bytes, size_t len);

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

#include "base/hash.h"

static inline uint64_t rotate(uint64_t x, unsigned bits) { return x << bits | x >> (64 - bits); }

struct state {
	uint64_t a, b, c, d;
};

static inline void round_once(struct state *s)
{
	s->a += s->b;
	s->b = rotate(s->b, 13) ^ s->a;
	s->a = rotate(s->a, 32);
	s->c += s->d;
	s->d = rotate(s->d, 16) ^ s->c;
	s->a += s->d;
	s->d = rotate(s->d, 21) ^ s->a;
	s->c += s->b;
	s->b = rotate(s->b, 17) ^ s->c;
	s->c = rotate(s->c, 32);
}

static inline uint64_t four_bytes(const uint8_t *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

/* Fewer than eight bytes as a word, by reads that overlap. */
static inline uint64_t last_word(const uint8_t *p, size_t n)
{
	if (n >= 4)
		return four_bytes(p) | four_bytes(p + n - 4) << 8 * (n - 4);
	return n == 0 ? 0 : (uint64_t)p[0] | (uint64_t)p[n / 2] << 8 * (n / 2) | (uint64_t)p[n - 1] << 8 * (n - 1);
}

static inline struct state absorb(const struct pp_hash_key *key, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	struct state s = {
		key->k[0] ^ 0x736f6d6570736575ULL,
		key->k[1] ^ 0x646f72616e646f6dULL,
		key->k[0] ^ 0x6c7967656e657261ULL,
		key->k[1] ^ 0x7465646279746573ULL,
	};
	uint64_t word = 0;
	size_t at = 0;

	for (; len - at >= 8; at += 8) {
		memcpy(&word, p + at, 8);
		s.d ^= word;
		round_once(&s);
		s.a ^= word;
	}
	word = (uint64_t)len << 56 | last_word(p + at, len - at);
	s.d ^= word;
	round_once(&s);
	s.a ^= word;
	return s;
}

static inline uint64_t squeeze(struct state *s)
{
	round_once(s);
	round_once(s);
	round_once(s);
	return s->a ^ s->b ^ s->c ^ s->d;
}

/* SipHash with one compression and three finalization rounds (Aumasson, Bernstein 2012), words in host order: the
 * value never leaves the process. */
uint64_t pp_hash(const struct pp_hash_key *key, const void *bytes, size_t len)
{
	struct state s = absorb(key, bytes, len);

	s.c ^= 0xff;
	return squeeze(&s);
}

/* As their 128-bit variant does it. */
struct pp_hash_pair pp_hash_twice(const struct pp_hash_key *key, const void *bytes, size_t len)
{
	struct state s = absorb(key, bytes, len);
	struct pp_hash_pair pair;

	s.b ^= 0xee;
	s.c ^= 0xee;
	pair.word[0] = squeeze(&s);
	s.b ^= 0xdd;
	pair.word[1] = squeeze(&s);
	return pair;
}

void pp_hash_words_init(struct pp_hash_words *hash, const struct pp_hash_key *key)
{
	for (uint64_t i = 0; i <= PP_HASH_WORDS_MAX; i++) {
		uint64_t high[2] = { i, 0 }, low[2] = { i, 1 };

		hash->k[i] = (pp_wide)pp_hash(key, high, sizeof(high)) << 64 | pp_hash(key, low, sizeof(low));
	}
}

/* key: the key of a connection, and its hash; private to flow/. */
#ifndef PP_FLOW_KEY_H
#define PP_FLOW_KEY_H

#include "flow/flow.h"

/* An address as two words of the machine's own order, for comparing and mixing. */
struct pp_flow_key_words {
	uint64_t high, low;
};

static inline struct pp_flow_key_words pp_flow_key_words_of(const struct pp_addr *addr)
{
	struct pp_flow_key_words words;

	memcpy(&words.high, addr->b, sizeof(words.high));
	memcpy(&words.low, addr->b + 8, sizeof(words.low));
	return words;
}

static inline bool pp_flow_key_is_v4(struct pp_flow_key_words words)
{
	static const struct pp_addr zero = { { [10] = 0xff, [11] = 0xff } }, mask = { { [8] = 255, 255, 255, 255 } };

	return (words.high | ((words.low ^ pp_flow_key_words_of(&zero).low) & pp_flow_key_words_of(&mask).low)) == 0;
}

static inline uint32_t pp_flow_key_v4_of(const struct pp_addr *addr)
{
	uint32_t v4;

	memcpy(&v4, addr->b + 12, sizeof(v4));
	return v4;
}

/* pp_hash_words() of the ports and both IPv4 addresses, or of the ports and two words of each address. */
static inline uint64_t pp_flow_key_hash(const struct pp_hash_words *keys, const struct pp_flow_key *key)
{
	const pp_wide *k = keys->k;
	pp_wide sum = k[0] + k[1] * ((uint64_t)key->port[0] << 16 | key->port[1]);
	struct pp_flow_key_words a = pp_flow_key_words_of(&key->ip[0]), b = pp_flow_key_words_of(&key->ip[1]);

	if (pp_flow_key_is_v4(a) && pp_flow_key_is_v4(b))
		sum += k[2] * ((uint64_t)pp_flow_key_v4_of(&key->ip[0]) << 32 | pp_flow_key_v4_of(&key->ip[1]));
	else
		sum += k[3] * a.high + k[4] * a.low + k[5] * b.high + k[6] * b.low;
	return (uint64_t)(sum >> 64);
}

/* Which of the two is the lower one matters to nobody, as long as it is always the same. */
static inline bool pp_flow_key_is_lower(const struct pp_addr *a, const struct pp_addr *b, uint16_t a_port,
					uint16_t b_port)
{
	struct pp_flow_key_words x = pp_flow_key_words_of(a), y = pp_flow_key_words_of(b);

	if (x.low != y.low)
		return x.low < y.low;
	return x.high != y.high ? x.high < y.high : a_port <= b_port;
}

static inline void pp_flow_key_make(const struct pp_addr *src, const struct pp_addr *dst, uint16_t sport,
				    uint16_t dport, struct pp_flow_key *ret_key)
{
	int low = !pp_flow_key_is_lower(src, dst, sport, dport);

	ret_key->ip[low] = *src;
	ret_key->ip[!low] = *dst;
	ret_key->port[low] = sport;
	ret_key->port[!low] = dport;
}

static inline bool pp_flow_keys_equal(const struct pp_flow_key *a, const struct pp_flow_key *b)
{
	struct pp_flow_key_words a0 = pp_flow_key_words_of(&a->ip[0]), a1 = pp_flow_key_words_of(&a->ip[1]);
	struct pp_flow_key_words b0 = pp_flow_key_words_of(&b->ip[0]), b1 = pp_flow_key_words_of(&b->ip[1]);

	return ((a0.high ^ b0.high) | (a0.low ^ b0.low) | (a1.high ^ b1.high) | (a1.low ^ b1.low) |
		(uint64_t)(a->port[0] ^ b->port[0]) | (uint64_t)(a->port[1] ^ b->port[1])) == 0;
}

#endif

/* key: the key of a connection, and its hash; private to flow/.
 *
 * Which end is the lower one matters to nobody, as long as it is always the same.  The lowest bit of a packet's hash
 * tells which end it comes from: the rest is the same for both directions.
 */
#ifndef PP_FLOW_KEY_H
#define PP_FLOW_KEY_H

#include "flow/flow.h"

enum { PP_HASH_END = 1 };

static PP_ALWAYS bool pp_flow_key_is_v4(struct pp_addr_words words)
{
	static const struct pp_addr zero = { { [10] = 0xff, [11] = 0xff } }, mask = { { [8] = 255, 255, 255, 255 } };

	return (words.high | ((words.low ^ pp_addr_words(&zero).low) & pp_addr_words(&mask).low)) == 0;
}

/* An end with an IPv4 address as one word. */
static PP_ALWAYS uint64_t pp_flow_key_v4_end(const struct pp_addr *addr, uint16_t port)
{
	uint32_t v4;

	memcpy(&v4, addr->b + 12, sizeof(v4));
	return (uint64_t)v4 << 16 | port;
}

/* Both ends in an order that is the same for both directions. */
struct pp_flow_ends {
	uint64_t low, high;
};

static PP_ALWAYS struct pp_flow_ends pp_flow_ends_of(uint64_t src, uint64_t dst)
{
	return (struct pp_flow_ends){ src < dst ? src : dst, src < dst ? dst : src };
}

/* But for the bit that tells the end. */
static PP_ALWAYS uint64_t pp_flow_ends_hash(const struct pp_hash_words *keys, struct pp_flow_ends ends)
{
	pp_wide sum = keys->k[0] + keys->k[1] * ends.low + keys->k[2] * ends.high;

	return (uint64_t)(sum >> 64) & ~(uint64_t)PP_HASH_END;
}

static PP_ALWAYS uint64_t pp_flow_key_hash_v4(const struct pp_hash_words *keys, uint64_t src, uint64_t dst)
{
	return pp_flow_ends_hash(keys, pp_flow_ends_of(src, dst)) | (src > dst);
}

uint64_t pp_flow_key_hash_v6(const struct pp_hash_words *keys, const struct pp_addr *src, const struct pp_addr *dst,
			     uint16_t sport, uint16_t dport); /* key.c */

/* pp_hash_words() of both ends, each one word; or of the ports and two words of each address. */
static PP_ALWAYS uint64_t pp_flow_key_hash(const struct pp_hash_words *keys, const struct pp_addr *src,
					   const struct pp_addr *dst, uint16_t sport, uint16_t dport)
{
	if (pp_flow_key_is_v4(pp_addr_words(src)) && pp_flow_key_is_v4(pp_addr_words(dst)))
		return pp_flow_key_hash_v4(keys, pp_flow_key_v4_end(src, sport), pp_flow_key_v4_end(dst, dport));
	return pp_flow_key_hash_v6(keys, src, dst, sport, dport);
}

static inline int pp_hash_end(uint64_t hash) { return (int)(hash & PP_HASH_END); }

/* The key whose hash that is. */
static inline void pp_flow_key_set(struct pp_flow_key *ret_key, uint64_t hash, const struct pp_addr *src,
				   const struct pp_addr *dst, uint16_t sport, uint16_t dport)
{
	int end = pp_hash_end(hash);

	ret_key->ip[end] = *src;
	ret_key->ip[!end] = *dst;
	ret_key->port[end] = sport;
	ret_key->port[!end] = dport;
}

static inline bool pp_flow_key_is(const struct pp_flow_key *key, uint64_t hash, const struct pp_addr *src,
				  const struct pp_addr *dst, uint16_t sport, uint16_t dport)
{
	int end = pp_hash_end(hash);
	struct pp_addr_words a = pp_addr_words(src), b = pp_addr_words(dst);
	struct pp_addr_words x = pp_addr_words(&key->ip[end]), y = pp_addr_words(&key->ip[!end]);

	return ((a.high ^ x.high) | (a.low ^ x.low) | (b.high ^ y.high) | (b.low ^ y.low) |
		(uint64_t)(sport ^ key->port[end]) | (uint64_t)(dport ^ key->port[!end])) == 0;
}

#endif

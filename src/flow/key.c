#include "flow/key.h"

static bool is_upper(struct pp_addr_words a, struct pp_addr_words b, uint16_t a_port, uint16_t b_port)
{
	if (a.low != b.low)
		return a.low > b.low;
	return a.high != b.high ? a.high > b.high : a_port > b_port;
}

uint64_t pp_flow_key_hash_v6(const struct pp_hash_words *keys, const struct pp_addr *src, const struct pp_addr *dst,
			     uint16_t sport, uint16_t dport)
{
	const pp_wide *k = keys->k;
	struct pp_addr_words a = pp_addr_words(src), b = pp_addr_words(dst), c = a;
	uint64_t ports = (uint64_t)sport << 16 | dport;
	bool upper;
	pp_wide sum;

	upper = is_upper(a, b, sport, dport);
	if (upper) {
		a = b;
		b = c;
		ports = (uint64_t)dport << 16 | sport;
	}
	sum = k[0] + k[1] * ports + k[3] * a.high + k[4] * a.low + k[5] * b.high + k[6] * b.low;
	return ((uint64_t)(sum >> 64) & ~(uint64_t)PP_HASH_END) | upper;
}

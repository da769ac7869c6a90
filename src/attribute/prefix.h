/* prefix: longest-prefix match over a sorted array of networks.
 *
 * Shape   sorted by network, then length; each entry knows the next wider entry that holds it.  A search is one binary
 *         search and a walk outwards, so nested and equal networks come narrowest first.
 * Owns    nothing: the array is the caller's.
 */
#ifndef PP_ATTRIBUTE_PREFIX_H
#define PP_ATTRIBUTE_PREFIX_H

#include "base/addr.h"

#define PP_PREFIX_NONE UINT32_MAX

struct pp_prefix {
	struct pp_addr net;
	uint8_t bits;    /* 0..128, of the mapped form: an IPv4 /8 is 104 */
	uint32_t value;  /* the caller's; among equal networks the lowest comes first outwards */
	uint32_t parent; /* index of the next entry outwards, PP_PREFIX_NONE at the outermost */
};

/* "10.0.0.0/8", "2001:db8::/32", a bare address, or "10.1.*".  PP_MALFORMED with a reason; bits behind the length must
 * be 0. */
enum pp_err PP_MUST_CHECK pp_prefix_parse(const char *text, struct pp_prefix *ret_prefix, const char **ret_why);
void pp_prefix_sort(struct pp_prefix *list, uint32_t count);
/* The narrowest entry that holds `addr`; further ones by `parent`. */
uint32_t pp_prefix_find(const struct pp_prefix *list, uint32_t count, const struct pp_addr *addr);

/* Most addresses are in no network of a list: a bit for the first 16 of each address that may be, of its IPv4 part where
 * it has one. */
enum { PP_PREFIX_FILTER_BITS = 16 };
struct pp_prefix_filter {
	uint64_t bits[(1 << PP_PREFIX_FILTER_BITS) / 64];
};

void pp_prefix_filter_add(struct pp_prefix_filter *filter, const struct pp_prefix *list, uint32_t count);

static inline bool pp_prefix_filter_passes(const struct pp_prefix_filter *filter, const struct pp_addr *addr)
{
	const uint8_t *first = addr->b + (pp_addr_is_v4(addr) ? 12 : 0);
	unsigned number = (unsigned)first[0] << 8 | first[1];

	return filter->bits[number / 64] >> number % 64 & 1;
}

#endif

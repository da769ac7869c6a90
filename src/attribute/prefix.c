#include "attribute/prefix.h"

#include <stdlib.h>
#include <string.h>

enum { V4_OFFSET = 96, TEXT_MAX = 64 };

/* Eight bytes as the number they are, highest first. */
static inline uint64_t word_at(const uint8_t *b)
{
	return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 | (uint64_t)b[3] << 32 |
	       (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 | (uint64_t)b[6] << 8 | b[7];
}

static bool holds(const struct pp_prefix *prefix, const struct pp_addr *addr)
{
	uint64_t first = word_at(addr->b) ^ word_at(prefix->net.b);
	uint64_t second = word_at(addr->b + 8) ^ word_at(prefix->net.b + 8);

	if (prefix->bits <= 64)
		return prefix->bits == 0 || first >> (64 - prefix->bits) == 0;
	return first == 0 && second >> (128 - prefix->bits) == 0;
}

static bool host_bits_set(const struct pp_prefix *prefix)
{
	unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;

	if (rest && (uint8_t)(prefix->net.b[whole] << rest))
		return true;
	for (unsigned i = whole + (rest != 0); i < sizeof(prefix->net.b); i++)
		if (prefix->net.b[i])
			return true;
	return false;
}

/* "40.126.*" is 40.126.0.0/16. */
static bool parse_star(char *text, struct pp_prefix *ret_prefix)
{
	static const char *const rest[] = { NULL, ".0.0.0", ".0.0", ".0" };
	char *star = strstr(text, ".*");
	unsigned labels = 1;

	if (!star || star[2] != '\0')
		return false;
	*star = '\0';
	for (const char *at = text; *at; at++)
		labels += *at == '.';
	if (labels > 3 || strlen(text) > 11)
		return false;
	strcat(text, rest[labels]);
	ret_prefix->bits = (uint8_t)(V4_OFFSET + 8 * labels);
	return pp_addr_parse(text, &ret_prefix->net) == PP_OK && pp_addr_is_v4(&ret_prefix->net);
}

static bool parse_bits(const char *text, unsigned max, unsigned *ret_bits)
{
	unsigned bits = 0;

	if (*text == '\0' || strlen(text) > 3 || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		bits = bits * 10 + (unsigned)(*text - '0');
	}
	*ret_bits = bits;
	return bits <= max;
}

enum pp_err pp_prefix_parse(const char *text, struct pp_prefix *ret_prefix, const char **ret_why)
{
	struct pp_prefix prefix = { .bits = 128, .parent = PP_PREFIX_NONE };
	char copy[TEXT_MAX + 8]; /* room for ".0.0.0" */
	unsigned bits, offset;
	char *slash;

	*ret_why = "not an address";
	if (strlen(text) >= TEXT_MAX)
		return PP_MALFORMED;
	strcpy(copy, text);
	if (strchr(copy, '*')) {
		if (!parse_star(copy, &prefix))
			return PP_MALFORMED;
		*ret_prefix = prefix;
		return PP_OK;
	}
	slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	if (pp_addr_parse(copy, &prefix.net) != PP_OK)
		return PP_MALFORMED;
	offset = strchr(copy, ':') ? 0 : V4_OFFSET;
	if (slash) {
		*ret_why = "bad prefix length";
		if (!parse_bits(slash + 1, 128 - offset, &bits))
			return PP_MALFORMED;
		prefix.bits = (uint8_t)(offset + bits);
		*ret_why = "bits behind the prefix length are set";
		if (host_bits_set(&prefix))
			return PP_MALFORMED;
	}
	*ret_prefix = prefix;
	return PP_OK;
}

/* Wider before narrower; among equals the lowest value last, so that it is the first met outwards. */
static int compare(const void *a, const void *b)
{
	const struct pp_prefix *x = a, *y = b;
	int net = pp_addr_compare(&x->net, &y->net);

	if (net != 0)
		return net;
	if (x->bits != y->bits)
		return x->bits < y->bits ? -1 : 1;
	return (x->value < y->value) - (x->value > y->value);
}

void pp_prefix_sort(struct pp_prefix *list, uint32_t count)
{
	if (count == 0)
		return;
	qsort(list, count, sizeof(*list), compare);
	/* Networks nest or are apart, so whatever holds this entry also holds the one before it, or is that one. */
	for (uint32_t i = 0; i < count; i++) {
		uint32_t parent = i ? i - 1 : PP_PREFIX_NONE;

		while (parent != PP_PREFIX_NONE && !holds(&list[parent], &list[i].net))
			parent = list[parent].parent;
		list[i].parent = parent;
	}
}

/* Asked of every address that has no name, so compared as words. */
uint32_t pp_prefix_find(const struct pp_prefix *list, uint32_t count, const struct pp_addr *addr)
{
	uint64_t first = word_at(addr->b), second = word_at(addr->b + 8);
	uint32_t low = 0, high = count, at;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		uint64_t word = word_at(list[mid].net.b);

		if (word < first || (word == first && word_at(list[mid].net.b + 8) <= second))
			low = mid + 1;
		else
			high = mid;
	}
	at = low ? low - 1 : PP_PREFIX_NONE;
	while (at != PP_PREFIX_NONE && !holds(&list[at], addr))
		at = list[at].parent;
	return at;
}

/* The numbers of all addresses that agree with `first` in as many of their first bits. */
static void filter_range(struct pp_prefix_filter *filter, const uint8_t *first, unsigned bits)
{
	unsigned free = bits < PP_PREFIX_FILTER_BITS ? PP_PREFIX_FILTER_BITS - bits : 0;
	unsigned from = ((unsigned)first[0] << 8 | first[1]) >> free << free;

	for (unsigned number = from; number < from + (1U << free); number++)
		filter->bits[number / 64] |= UINT64_C(1) << number % 64;
}

void pp_prefix_filter_add(struct pp_prefix_filter *filter, const struct pp_prefix *list, uint32_t count)
{
	static const struct pp_addr v4 = { { [10] = 0xff, [11] = 0xff } };

	for (uint32_t i = 0; i < count; i++) {
		if (list[i].bits >= V4_OFFSET && pp_addr_is_v4(&list[i].net)) {
			filter_range(filter, list[i].net.b + 12, list[i].bits - V4_OFFSET);
			continue;
		}
		filter_range(filter, list[i].net.b, list[i].bits);
		if (holds(&list[i], &v4)) /* and with it all of IPv4 */
			filter_range(filter, v4.b, 0);
	}
}

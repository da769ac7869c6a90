#include "dissect/ja4.h"

#include <mbedtls/md.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
	EXT_SERVER_NAME = 0,
	EXT_ALPN = 16,
	HASH_CHARS = 12,
	SHORT_LIST = 160,
	VALUE_CHARS = 5, /* four digits and a separator */
};

struct list {
	uint16_t values[PP_JA4_LIST_MAX];
	size_t n;
	bool overflow;
};

/* The values are left as they are: most of the room is never used. */
static void list_clear(struct list *list)
{
	list->n = 0;
	list->overflow = false;
}

static void list_add(struct list *list, uint16_t value)
{
	if (pp_tls_is_grease(value))
		return;
	if (list->n < PP_JA4_LIST_MAX)
		list->values[list->n++] = value;
	else
		list->overflow = true;
}

static void list_read(struct list *list, struct pp_span values)
{
	struct pp_cur cur = pp_cur_span(values, PP_MALFORMED);

	while (pp_cur_left(&cur) >= 2)
		list_add(list, pp_cur_u16(&cur));
}

static int compare(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static const char digits[] = "0123456789abcdef";

/* "002f,0035,…"; returns the length. */
static size_t list_text(const struct list *list, char *text)
{
	size_t at = 0;

	for (size_t i = 0; i < list->n; i++) {
		uint16_t v = list->values[i];

		if (i > 0)
			text[at++] = ',';
		text[at++] = digits[v >> 12];
		text[at++] = digits[v >> 8 & 15];
		text[at++] = digits[v >> 4 & 15];
		text[at++] = digits[v & 15];
	}
	return at;
}

static void hash_text(const char *text, size_t len, char hash[HASH_CHARS + 1])
{
	uint8_t sha256[32] = { 0 };

	if (len > 0)
		mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), (const unsigned char *)text, len, sha256);
	for (size_t i = 0; i < HASH_CHARS; i++)
		hash[i] = digits[i % 2 ? sha256[i / 2] & 15 : sha256[i / 2] >> 4];
	hash[HASH_CHARS] = '\0';
}

/* Extension types, SNI and ALPN counted but left out of the list: they depend on the destination. */
static size_t read_extensions(const struct pp_tls_client_hello *hello, struct list *types)
{
	struct pp_cur cur = pp_cur_span(hello->extensions, PP_MALFORMED);
	size_t n = 0;

	while (pp_cur_left(&cur) > 0) {
		uint16_t type = pp_cur_u16(&cur);

		pp_cur_skip(&cur, pp_cur_u16(&cur));
		if (!pp_cur_ok(&cur))
			break;
		n += !pp_tls_is_grease(type);
		if (type != EXT_SERVER_NAME && type != EXT_ALPN)
			list_add(types, type);
	}
	return n;
}

static const char *version_text(const struct pp_tls_client_hello *hello)
{
	static const struct {
		uint16_t version;
		const char *text;
	} known[] = {
		{ PP_TLS_1_3, "13" }, { PP_TLS_1_2, "12" }, { PP_TLS_1_1, "11" },
		{ PP_TLS_1_0, "10" }, { PP_SSL_3, "s3" },   { PP_SSL_2, "s2" },
	};
	uint16_t highest = 0;

	for (unsigned i = 0; i < hello->version_count; i++)
		highest = hello->versions[i] > highest ? hello->versions[i] : highest;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].version == highest)
			return known[i].text;
	}
	return "00";
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* First and last character of the first ALPN value; where either is none, of its hexadecimal form. */
static void alpn_text(const struct pp_tls_client_hello *hello, char text[3])
{
	struct pp_cur cur = pp_cur_span(hello->alpn[0], PP_MALFORMED);
	int first = pp_cur_peek(&cur, 0), last = pp_cur_left(&cur) ? pp_cur_peek(&cur, pp_cur_left(&cur) - 1) : -1;

	text[2] = '\0';
	text[0] = text[1] = '0';
	if (hello->alpn_count == 0 || first < 0)
		return;
	if (is_alphanumeric((uint8_t)first) && is_alphanumeric((uint8_t)last)) {
		text[0] = (char)first;
		text[1] = (char)last;
	} else {
		text[0] = digits[first >> 4];
		text[1] = digits[last & 15];
	}
}

/* Lists are short and often nearly sorted; a hostile long one is left to qsort. */
static void sort(struct list *list)
{
	if (list->n > SHORT_LIST) {
		qsort(list->values, list->n, sizeof(list->values[0]), compare);
		return;
	}
	for (size_t i = 1; i < list->n; i++) {
		uint16_t value = list->values[i];
		size_t at = i;

		for (; at > 0 && list->values[at - 1] > value; at--)
			list->values[at] = list->values[at - 1];
		list->values[at] = value;
	}
}

/* The hash of a sorted list, with a second list in the order it was sent behind it. */
static void hash_lists(struct list *sorted, const struct list *sent, char hash[HASH_CHARS + 1])
{
	char text[2 * PP_JA4_LIST_MAX * VALUE_CHARS];
	size_t len;

	sort(sorted);
	len = list_text(sorted, text);
	if (len > 0 && sent->n > 0) {
		text[len++] = '_';
		len += list_text(sent, text + len);
	}
	hash_text(text, len, hash);
}

/* What of a fingerprint does not depend on the destination. */
struct hashes {
	bool overflow;
	uint8_t extension_count; /* 99 or more: 99 */
	char ciphers[HASH_CHARS + 1], extensions[HASH_CHARS + 1];
};

static void make_hashes(const struct pp_tls_client_hello *hello, struct hashes *ret_hashes)
{
	struct list ciphers, types, algorithms;
	static const struct list none;
	size_t extension_count;

	list_clear(&ciphers);
	list_clear(&types);
	list_clear(&algorithms);
	/* Suites of an SSLv2-format hello have three bytes; JA4 knows none of them. */
	if (!hello->v2)
		list_read(&ciphers, hello->ciphers);
	list_read(&algorithms, hello->signature_algorithms);
	extension_count = read_extensions(hello, &types);
	*ret_hashes = (struct hashes){ .overflow = ciphers.overflow || types.overflow || algorithms.overflow };
	if (ret_hashes->overflow)
		return;
	ret_hashes->extension_count = (uint8_t)(extension_count < 99 ? extension_count : 99);
	hash_lists(&ciphers, &none, ret_hashes->ciphers);
	hash_lists(&types, &algorithms, ret_hashes->extensions);
}

/* Hashes made before, direct-mapped: few clients make most hellos of a capture.  An entry holds all that they are made
 * from, so a hit is exact and the result never depends on what was met before.  GREASE, drawn anew for every hello, is
 * one value here. */
enum { CACHE_BITS = 6, CACHE_ENTRIES = 1 << CACHE_BITS, CACHE_VALUES = 160, BLOCK = 8, ONE_GREASE = 0x0a0a };

struct shape {
	uint16_t ciphers, algorithms, types, none; /* how many of `values` are of each list as sent; all 0: free */
	uint16_t values[CACHE_VALUES];             /* to the end of their last block, which is filled with 0 */
};

_Static_assert(offsetof(struct shape, values) == 8 && BLOCK * sizeof(uint16_t) == 16, "a shape is whole words");

struct pp_ja4_cache {
	struct entry {
		struct shape shape;
		struct hashes hashes;
	} entries[CACHE_ENTRIES];
};

struct pp_ja4_cache *pp_ja4_cache_new(void) { return calloc(1, sizeof(struct pp_ja4_cache)); }

void pp_ja4_cache_free(struct pp_ja4_cache *cache) { free(cache); }

static size_t shape_blocks(const struct shape *shape)
{
	return ((size_t)shape->ciphers + shape->algorithms + shape->types + BLOCK - 1) / BLOCK;
}

/* What the hash of a list is made from, in the order of the wire's bytes, which GREASE reads the same. */
static void shape_add(struct shape *shape, size_t at, struct pp_span values)
{
	struct pp_cur cur = pp_cur_span(values, PP_MALFORMED);
	struct pp_span whole = pp_cur_take(&cur, values.len & ~(size_t)1);

	if (whole.len > 0)
		memcpy(shape->values + at, whole.p, whole.len);
}

/* All GREASE of a block becomes one value; without branches, for compilers to do all at once. */
static inline void level_grease(uint16_t *block)
{
	for (size_t i = 0; i < BLOCK; i++) {
		uint16_t value = block[i];
		uint16_t differs = (uint16_t)(((value & 0x0f0f) ^ 0x0a0a) | ((value >> 8) ^ (value & 0xff)));

		block[i] = differs ? value : ONE_GREASE;
	}
}

/* False when there is no room for it, or nothing in it. */
static bool shape_of(const struct pp_tls_client_hello *hello, struct shape *ret_shape)
{
	size_t ciphers = hello->ciphers.len / 2, algorithms = hello->signature_algorithms.len / 2;
	size_t types = hello->extension_count, count = ciphers + algorithms + types, blocks;

	if (hello->v2 || types > PP_TLS_TYPES_KEPT || count > CACHE_VALUES || count == 0)
		return false;
	ret_shape->ciphers = (uint16_t)ciphers;
	ret_shape->algorithms = (uint16_t)algorithms;
	ret_shape->types = (uint16_t)types;
	ret_shape->none = 0;
	blocks = shape_blocks(ret_shape);
	memset(ret_shape->values + BLOCK * (blocks - 1), 0, BLOCK * sizeof(ret_shape->values[0]));
	shape_add(ret_shape, 0, hello->ciphers);
	shape_add(ret_shape, ciphers, hello->signature_algorithms);
	for (size_t i = 0; i < types; i++)
		ret_shape->values[ciphers + algorithms + i] = hello->extension_types[i];
	for (size_t i = 0; i < blocks; i++)
		level_grease(ret_shape->values + BLOCK * i);
	return true;
}

/* The header's word and two for each block. */
static size_t shape_words(const struct shape *shape) { return 1 + 2 * shape_blocks(shape); }

/* Any place will do: an entry is proved by comparing all of it, and one that is taken is made anew. */
static size_t shape_place(const struct shape *shape)
{
	const char *p = (const char *)shape;
	uint64_t sum = 0, word;

	for (size_t i = shape_words(shape); i > 0; i--, p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = (sum + word) * 0x9e3779b97f4a7c15U;
	}
	return (size_t)(sum >> (64 - CACHE_BITS));
}

static void find_hashes(struct pp_ja4_cache *cache, const struct pp_tls_client_hello *hello, struct hashes *ret_hashes)
{
	struct shape shape;
	struct entry *entry;
	size_t bytes;

	if (!cache || !shape_of(hello, &shape)) {
		make_hashes(hello, ret_hashes);
		return;
	}
	bytes = sizeof(uint64_t) * shape_words(&shape);
	entry = &cache->entries[shape_place(&shape)];
	if (memcmp(&entry->shape, &shape, bytes) != 0) {
		make_hashes(hello, &entry->hashes);
		memcpy(&entry->shape, &shape, bytes);
	}
	*ret_hashes = entry->hashes;
}

static char *put_two_digits(char *to, unsigned value)
{
	*to++ = (char)('0' + value / 10);
	*to++ = (char)('0' + value % 10);
	return to;
}

static inline char *put_chars(char *to, const char *chars, size_t len)
{
	memcpy(to, chars, len);
	return to + len;
}

void pp_ja4(struct pp_ja4_cache *cache, const struct pp_tls_client_hello *hello, char text[PP_JA4_TEXT])
{
	struct hashes hashes;
	char alpn[3], *to = text;

	memset(text, 0, PP_JA4_TEXT); /* all of it: facts are kept as images */
	if (!hello->whole)
		return;
	find_hashes(cache, hello, &hashes);
	if (hashes.overflow)
		return;
	alpn_text(hello, alpn);
	*to++ = 't';
	to = put_chars(to, version_text(hello), 2);
	*to++ = hello->has_sni ? 'd' : 'i';
	to = put_two_digits(to, hello->cipher_count < 99 ? hello->cipher_count : 99);
	to = put_two_digits(to, hashes.extension_count);
	to = put_chars(to, alpn, 2);
	*to++ = '_';
	to = put_chars(to, hashes.ciphers, HASH_CHARS);
	*to++ = '_';
	(void)put_chars(to, hashes.extensions, HASH_CHARS);
}

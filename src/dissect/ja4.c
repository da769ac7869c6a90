#include "dissect/ja4.h"

#include "base/hash.h"

#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	EXT_SERVER_NAME = 0,
	EXT_ALPN = 16,
	HASH_CHARS = 12,
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

/* Hashes of lists met before, direct-mapped: few clients make most hellos of a capture.  An entry holds the lists
 * themselves, so a hit is exact and the result never depends on what was met before. */
enum { CACHE_ENTRIES = 64, CACHE_VALUES = 160 };

struct pp_ja4_cache {
	struct entry {
		uint16_t sorted,
		    sent; /* how many of `values` are of the sorted list and of the list as sent; 0, 0: free */
		uint16_t values[CACHE_VALUES];
		char hash[HASH_CHARS + 1];
	} entries[CACHE_ENTRIES];
};

struct pp_ja4_cache *pp_ja4_cache_new(void) { return calloc(1, sizeof(struct pp_ja4_cache)); }

void pp_ja4_cache_free(struct pp_ja4_cache *cache) { free(cache); }

static struct entry *cache_entry(struct pp_ja4_cache *cache, const struct list *sorted, const struct list *sent)
{
	static const struct pp_hash_key fixed = { { 0, 0 } };
	uint64_t hash;

	if (!cache || sorted->n + sent->n == 0 || sorted->n > CACHE_VALUES || sent->n > CACHE_VALUES - sorted->n)
		return NULL;
	hash = pp_hash(&fixed, sorted->values, sorted->n * sizeof(sorted->values[0])) ^
	       pp_hash(&fixed, sent->values, sent->n * sizeof(sent->values[0])) * 3;
	return &cache->entries[hash % CACHE_ENTRIES];
}

static bool entry_is(const struct entry *entry, const struct list *sorted, const struct list *sent)
{
	return entry->sorted == sorted->n && entry->sent == sent->n &&
	       memcmp(entry->values, sorted->values, sorted->n * sizeof(sorted->values[0])) == 0 &&
	       memcmp(entry->values + sorted->n, sent->values, sent->n * sizeof(sent->values[0])) == 0;
}

/* Lists are short and often nearly sorted; a hostile long one is left to qsort. */
static void sort(struct list *list)
{
	if (list->n > CACHE_VALUES) {
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
static void hash_lists(struct pp_ja4_cache *cache, struct list *sorted, const struct list *sent,
		       char hash[HASH_CHARS + 1])
{
	char text[2 * PP_JA4_LIST_MAX * VALUE_CHARS];
	struct entry *entry;
	size_t len;

	sort(sorted);
	entry = cache_entry(cache, sorted, sent);
	if (entry && entry_is(entry, sorted, sent)) {
		memcpy(hash, entry->hash, HASH_CHARS + 1);
		return;
	}
	len = list_text(sorted, text);
	if (len > 0 && sent->n > 0) {
		text[len++] = '_';
		len += list_text(sent, text + len);
	}
	hash_text(text, len, hash);
	if (!entry)
		return;
	entry->sorted = (uint16_t)sorted->n;
	entry->sent = (uint16_t)sent->n;
	memcpy(entry->values, sorted->values, sorted->n * sizeof(sorted->values[0]));
	memcpy(entry->values + sorted->n, sent->values, sent->n * sizeof(sent->values[0]));
	memcpy(entry->hash, hash, HASH_CHARS + 1);
}

void pp_ja4(struct pp_ja4_cache *cache, const struct pp_tls_client_hello *hello, char text[PP_JA4_TEXT])
{
	struct list ciphers, types, algorithms;
	static const struct list none;
	char alpn[3], cipher_hash[HASH_CHARS + 1], extension_hash[HASH_CHARS + 1];
	size_t extension_count;

	text[0] = '\0';
	if (!hello->whole)
		return;
	list_clear(&ciphers);
	list_clear(&types);
	list_clear(&algorithms);
	/* Suites of an SSLv2-format hello have three bytes; JA4 knows none of them. */
	if (!hello->v2)
		list_read(&ciphers, hello->ciphers);
	list_read(&algorithms, hello->signature_algorithms);
	extension_count = read_extensions(hello, &types);
	if (ciphers.overflow || types.overflow || algorithms.overflow)
		return;
	alpn_text(hello, alpn);
	hash_lists(cache, &ciphers, &none, cipher_hash);
	hash_lists(cache, &types, &algorithms, extension_hash);
	snprintf(text, PP_JA4_TEXT, "t%s%c%02u%02u%s_%s_%s", version_text(hello), hello->has_sni ? 'd' : 'i',
		 (unsigned)(hello->cipher_count < 99 ? hello->cipher_count : 99),
		 (unsigned)(extension_count < 99 ? extension_count : 99), alpn, cipher_hash, extension_hash);
}

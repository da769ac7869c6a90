#include "dissect/x509.h"

#include "base/addr.h"
#include "base/buf.h"
#include "base/time.h"

#include <mbedtls/md.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <stdlib.h>

/* The cache.  A handshake that repeats a chain, which is nearly every one, must cost a lookup and no digest.  So an
 * entry is found by a keyed hash over length and tail of the DER, where the signature stands, and proved by comparing
 * all of it.  Certificates made to collide find the few places of their hash taken and are parsed again each time, as
 * distinct ones beyond the cap are: neither makes a lookup slow. */

enum {
	TAIL_WORDS = PP_HASH_WORDS_MAX - 1,
	PLACES = 8, /* slots tried from the hash on */
	SHARED_DER_MAX = 1 << 13,
	SHARED_BYTES_MAX = 32 << 20, /* of the whole cache */
	NAME_TEXT_MAX = 1 << 12,
	SAN_TEXT_MAX = 255,
	TAG_DNS_NAME = 2, /* GeneralName, RFC 5280 section 4.2.1.6 */
	TAG_IP_ADDRESS = 7,
	TAG_NUMBER = 0x1f,
};

struct entry {
	struct pp_span der;
	struct pp_tls_certificate certificate;
};

struct pp_certificates {
	struct pp_hash_words hash;
	struct pp_pool pool;
	struct pp_arena arena;
	struct entry **slots;
	size_t mask; /* slots are a power of two, at least twice the cap */
	size_t cap, n;
};

struct pp_certificates *pp_certificates_new(size_t cap, struct pp_hash_key key)
{
	struct pp_certificates *certificates = calloc(1, sizeof(*certificates));
	size_t slots = 2 * PLACES;

	if (!certificates)
		return NULL;
	while (slots / 2 < cap && slots <= SIZE_MAX / 4)
		slots *= 2;
	certificates->slots = calloc(slots, sizeof(struct entry *));
	if (!certificates->slots) {
		free(certificates);
		return NULL;
	}
	pp_hash_words_init(&certificates->hash, &key);
	certificates->cap = cap;
	certificates->mask = slots - 1;
	pp_pool_init(&certificates->pool, SHARED_BYTES_MAX);
	pp_arena_init(&certificates->arena, &certificates->pool);
	return certificates;
}

void pp_certificates_free(struct pp_certificates *certificates)
{
	if (!certificates)
		return;
	pp_arena_reset(&certificates->arena);
	pp_pool_done(&certificates->pool);
	free(certificates->slots);
	free(certificates);
}

/* Names are read from their DER, which mbedTLS has checked: its list of them hides which attributes share an RDN. */

/* The content of the next element; `ret_tag` may be NULL. */
static struct pp_span der_take(struct pp_cur *cur, uint8_t *ret_tag)
{
	uint8_t tag = pp_cur_u8(cur), len = pp_cur_u8(cur);

	if (ret_tag)
		*ret_tag = tag;
	/* From 0x80 on the byte says how many bytes the length has; a certificate needs no more than three. */
	if (len > 0x83)
		pp_cur_fail(cur, PP_MALFORMED);
	return pp_cur_take(cur, len < 0x80 ? len : (size_t)pp_cur_be(cur, len & 0x7f));
}

struct attribute {
	struct pp_span oid, value;
	uint8_t tag; /* of the value */
};

static struct pp_cur name_open(struct pp_span name)
{
	struct pp_cur cur = pp_cur_span(name, PP_MALFORMED);

	return pp_cur_span(der_take(&cur, NULL), PP_MALFORMED);
}

static bool attribute_next(struct pp_cur *rdn, struct attribute *ret_attribute)
{
	struct pp_cur cur;

	if (pp_cur_left(rdn) == 0)
		return false;
	cur = pp_cur_span(der_take(rdn, NULL), PP_MALFORMED);
	ret_attribute->oid = der_take(&cur, NULL);
	ret_attribute->value = der_take(&cur, &ret_attribute->tag);
	return pp_cur_ok(&cur);
}

/* RFC 4514 section 3 and the further types that certificates of public CAs carry, by the content of their OID. */
static const struct {
	uint8_t len;
	uint8_t oid[10];
	const char *name;
} attribute_types[] = {
	{ 3, { 0x55, 4, 3 }, "CN" },
	{ 3, { 0x55, 4, 4 }, "SN" },
	{ 3, { 0x55, 4, 5 }, "serialNumber" },
	{ 3, { 0x55, 4, 6 }, "C" },
	{ 3, { 0x55, 4, 7 }, "L" },
	{ 3, { 0x55, 4, 8 }, "ST" },
	{ 3, { 0x55, 4, 9 }, "STREET" },
	{ 3, { 0x55, 4, 10 }, "O" },
	{ 3, { 0x55, 4, 11 }, "OU" },
	{ 3, { 0x55, 4, 12 }, "title" },
	{ 3, { 0x55, 4, 13 }, "description" },
	{ 3, { 0x55, 4, 15 }, "businessCategory" },
	{ 3, { 0x55, 4, 17 }, "postalCode" },
	{ 3, { 0x55, 4, 42 }, "GN" },
	{ 3, { 0x55, 4, 97 }, "organizationIdentifier" },
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1 }, "emailAddress" },
	{ 10, { 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1 }, "UID" },
	{ 10, { 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25 }, "DC" },
};

static const char *attribute_name(struct pp_span oid)
{
	for (size_t i = 0; i < sizeof(attribute_types) / sizeof(attribute_types[0]); i++) {
		if (pp_span_equal(oid, attribute_types[i].oid, attribute_types[i].len))
			return attribute_types[i].name;
	}
	return NULL;
}

/* A text that is being put together; what does not fit is left away and said so. */
struct text {
	struct pp_buf buf;
	bool clipped;
};

static void put(struct text *text, const void *bytes, size_t len)
{
	if (text->clipped || pp_buf_add(&text->buf, bytes, len) != PP_OK)
		text->clipped = true;
}

static void put_string(struct text *text, const char *string) { put(text, string, strlen(string)); }

static void put_code_point(struct text *text, uint32_t c)
{
	uint8_t utf8[4] = { 0xf0 | (c >> 18 & 7), 0x80 | (c >> 12 & 63), 0x80 | (c >> 6 & 63), 0x80 | (c & 63) };
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (len == 1)
		utf8[3] = (uint8_t)c;
	else if (len == 2)
		utf8[2] |= 0xc0;
	else if (len == 3)
		utf8[1] |= 0xe0;
	put(text, utf8 + 4 - len, len);
}

/* Dotted decimal form of an OID without a name (X.690 section 8.19). */
static void put_oid(struct text *text, struct pp_span oid)
{
	struct pp_cur cur = pp_cur_span(oid, PP_MALFORMED);
	uint64_t arc = 0;
	bool first = true;
	char digits[32];

	while (pp_cur_left(&cur) > 0) {
		uint8_t byte = pp_cur_u8(&cur);

		arc = arc << 7 | (byte & 0x7f);
		if (byte & 0x80)
			continue;
		if (first) {
			uint64_t root = arc < 80 ? arc / 40 : 2;

			snprintf(digits, sizeof(digits), "%u.%llu", (unsigned)root,
				 (unsigned long long)(arc - root * 40));
		} else {
			snprintf(digits, sizeof(digits), ".%llu", (unsigned long long)arc);
		}
		put_string(text, digits);
		first = false;
		arc = 0;
	}
}

/* A directory string as UTF-8.  T61String is taken for Latin-1, as everybody does. */
static void put_value(struct text *text, const struct attribute *attribute)
{
	struct pp_cur cur = pp_cur_span(attribute->value, PP_MALFORMED);

	switch (attribute->tag) {
	case MBEDTLS_ASN1_BMP_STRING:
		while (pp_cur_left(&cur) >= 2)
			put_code_point(text, pp_cur_u16(&cur));
		break;
	case MBEDTLS_ASN1_UNIVERSAL_STRING:
		while (pp_cur_left(&cur) >= 4) {
			uint32_t c = pp_cur_u32(&cur);

			put_code_point(text, c < 0x110000 ? c : 0xfffd);
		}
		break;
	case MBEDTLS_ASN1_T61_STRING:
		while (pp_cur_left(&cur) > 0)
			put_code_point(text, pp_cur_u8(&cur));
		break;
	default:
		put(text, attribute->value.p, attribute->value.len);
	}
}

/* The same with the characters that would end or change the value escaped (RFC 4514 section 2.4). */
static void put_escaped(struct text *text, const struct attribute *attribute)
{
	struct text plain = { 0 };

	pp_buf_init(&plain.buf, NAME_TEXT_MAX);
	put_value(&plain, attribute);
	for (size_t i = 0; i < plain.buf.len; i++) {
		if (plain.buf.p[i] != 0 && strchr(",+\"\\<>;", plain.buf.p[i]))
			put(text, "\\", 1);
		put(text, &plain.buf.p[i], 1);
	}
	text->clipped |= plain.clipped;
	pp_buf_done(&plain.buf);
}

static void put_attribute(struct text *text, const struct attribute *attribute)
{
	const char *name = attribute_name(attribute->oid);

	if (name)
		put_string(text, name);
	else
		put_oid(text, attribute->oid);
	put(text, "=", 1);
	put_escaped(text, attribute);
}

enum { RDNS_MAX = 64 };

/* The DER has the most general RDN first.  The parts of one RDN keep their order and are joined by '+'. */
static void put_name(struct text *text, struct pp_span name)
{
	struct pp_cur rdns = name_open(name), rdn[RDNS_MAX];
	size_t n = 0;

	while (pp_cur_left(&rdns) > 0 && n < RDNS_MAX)
		rdn[n++] = pp_cur_span(der_take(&rdns, NULL), PP_MALFORMED);
	text->clipped |= pp_cur_left(&rdns) > 0;
	for (size_t i = n; i > 0; i--) {
		struct attribute attribute;

		for (bool first = true; attribute_next(&rdn[i - 1], &attribute); first = false) {
			put_string(text, !first ? "+" : i < n ? ", " : "");
			put_attribute(text, &attribute);
		}
	}
}

static const char *text_keep(struct text *text, struct pp_arena *arena, struct pp_tls_certificate *certificate)
{
	const char *kept = pp_arena_text(arena, pp_buf_span(&text->buf), text->buf.len);

	certificate->clipped |= text->clipped || !kept;
	pp_buf_done(&text->buf);
	return kept;
}

static const char *name_text(struct pp_span name, struct pp_arena *arena, struct pp_tls_certificate *certificate)
{
	struct text text = { 0 };

	pp_buf_init(&text.buf, NAME_TEXT_MAX);
	put_name(&text, name);
	return text_keep(&text, arena, certificate);
}

/* The most specific value of that type, as text; NULL when there is none. */
static const char *name_part(struct pp_span name, const char *type, struct pp_arena *arena,
			     struct pp_tls_certificate *certificate)
{
	struct pp_cur rdns = name_open(name);
	struct attribute attribute, found = { 0 };
	struct text text = { 0 };

	while (pp_cur_left(&rdns) > 0) {
		struct pp_cur rdn = pp_cur_span(der_take(&rdns, NULL), PP_MALFORMED);

		while (attribute_next(&rdn, &attribute)) {
			const char *its = attribute_name(attribute.oid);

			if (its && strcmp(its, type) == 0)
				found = attribute;
		}
	}
	if (!found.oid.p)
		return NULL;
	pp_buf_init(&text.buf, NAME_TEXT_MAX);
	put_value(&text, &found);
	return text_keep(&text, arena, certificate);
}

static int64_t time_ns(const mbedtls_x509_time *t)
{
	int64_t days = pp_time_days(t->year, (unsigned)t->mon, (unsigned)t->day), ns;
	int64_t seconds = days * 86400 + t->hour * 3600 + t->min * 60 + t->sec;

	if (__builtin_mul_overflow(seconds, PP_SECOND, &ns))
		return seconds < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

static const char *alternative_name(const mbedtls_asn1_buf *name, struct pp_arena *arena)
{
	struct pp_span span = { name->p, name->len };
	struct pp_addr addr;
	char text[PP_ADDR_TEXT];

	switch (name->tag & TAG_NUMBER) {
	case TAG_DNS_NAME:
		return pp_arena_text(arena, span, SAN_TEXT_MAX);
	case TAG_IP_ADDRESS:
		if (span.len != 4 && span.len != 16)
			return NULL;
		addr = span.len == 4 ? pp_addr_v4(span.p) : pp_addr_v6(span.p);
		pp_addr_format(&addr, text);
		return pp_arena_text(arena, (struct pp_span){ (const uint8_t *)text, strlen(text) }, sizeof(text));
	default:
		return NULL;
	}
}

static void read_alternative_names(const mbedtls_x509_sequence *list, struct pp_arena *arena,
				   struct pp_tls_certificate *certificate)
{
	for (; list && list->buf.p; list = list->next) {
		const char *text = alternative_name(&list->buf, arena);

		if (!text)
			continue;
		if (certificate->name_count == PP_TLS_NAMES_MAX) {
			certificate->clipped = true;
			break;
		}
		certificate->names[certificate->name_count++] = text;
	}
}

static void read_certificate(const mbedtls_x509_crt *crt, struct pp_arena *arena,
			     struct pp_tls_certificate *certificate)
{
	struct pp_span subject = { crt->subject_raw.p, crt->subject_raw.len };
	struct pp_span issuer = { crt->issuer_raw.p, crt->issuer_raw.len };

	certificate->subject = name_text(subject, arena, certificate);
	certificate->issuer = name_text(issuer, arena, certificate);
	certificate->subject_cn = name_part(subject, "CN", arena, certificate);
	certificate->issuer_cn = name_part(issuer, "CN", arena, certificate);
	certificate->issuer_o = name_part(issuer, "O", arena, certificate);
	certificate->not_before = time_ns(&crt->valid_from);
	certificate->not_after = time_ns(&crt->valid_to);
	certificate->self_issued = pp_span_equal(subject, issuer.p, issuer.len);
	read_alternative_names(&crt->subject_alt_names, arena, certificate);
}

/* A critical extension mbedTLS does not know is no reason to know nothing of the certificate. */
static int accept_extension(void *context, const mbedtls_x509_crt *crt, const mbedtls_x509_buf *oid, int critical,
			    const unsigned char *p, const unsigned char *end)
{
	(void)context, (void)crt, (void)oid, (void)critical, (void)p, (void)end;
	return 0;
}

static void parse(struct pp_span der, struct pp_arena *arena, struct pp_tls_certificate *certificate)
{
	mbedtls_x509_crt crt;

	mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), der.p, der.len, certificate->sha256);
	mbedtls_x509_crt_init(&crt);
	if (mbedtls_x509_crt_parse_der_with_ext_cb(&crt, der.p, der.len, 0, accept_extension, NULL) == 0)
		read_certificate(&crt, arena, certificate);
	else
		certificate->unparsed = true;
	mbedtls_x509_crt_free(&crt);
}

static size_t first_place(const struct pp_certificates *certificates, struct pp_span der)
{
	struct pp_cur cur = pp_cur_span(der, PP_MALFORMED);
	uint64_t words[1 + TAIL_WORDS] = { der.len };
	struct pp_span tail;

	if (der.len > TAIL_WORDS * sizeof(words[0]))
		pp_cur_skip(&cur, der.len - TAIL_WORDS * sizeof(words[0]));
	tail = pp_cur_rest(&cur);
	if (tail.len == TAIL_WORDS * sizeof(words[0]))
		memcpy(words + 1, tail.p, TAIL_WORDS * sizeof(words[0]));
	else if (tail.len > 0)
		memcpy(words + 1, tail.p, tail.len);
	return (size_t)pp_hash_words(&certificates->hash, words, 1 + TAIL_WORDS);
}

static const struct pp_tls_certificate *add(struct pp_certificates *certificates, struct entry **slot,
					    struct pp_span der)
{
	struct entry *entry = pp_arena_alloc(&certificates->arena, sizeof(*entry));
	const uint8_t *copy = entry ? pp_arena_copy(&certificates->arena, der.p, der.len) : NULL;

	if (!copy)
		return NULL;
	entry->der = (struct pp_span){ copy, der.len };
	parse(entry->der, &certificates->arena, &entry->certificate);
	entry->certificate.shared = true;
	*slot = entry;
	certificates->n++;
	return &entry->certificate;
}

const struct pp_tls_certificate *pp_certificates_get(struct pp_certificates *certificates, struct pp_span der,
						     struct pp_arena *arena)
{
	const struct pp_tls_certificate *shared;
	struct pp_tls_certificate *own;
	size_t first = first_place(certificates, der);

	for (size_t i = 0; i < PLACES && der.len <= SHARED_DER_MAX; i++) {
		struct entry **slot = &certificates->slots[(first + i) & certificates->mask];

		if (!*slot && certificates->n < certificates->cap && (shared = add(certificates, slot, der)) != NULL)
			return shared;
		if (!*slot)
			break;
		if (pp_span_equal((*slot)->der, der.p, der.len))
			return &(*slot)->certificate;
	}
	own = pp_arena_alloc(arena, sizeof(*own));
	if (own)
		parse(der, arena, own);
	return own;
}

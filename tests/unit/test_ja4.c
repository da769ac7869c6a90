#include "dissect/ja4.h"

#include "tls_sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct pp_span span(const void *bytes, size_t len) { return (struct pp_span){ bytes, len }; }
#define SPAN(text) span(text, sizeof(text) - 1)

/* The example of JA4.md: suites and extensions as Chrome sends them, with GREASE. */
static struct pp_tls_client_hello chrome(void)
{
	struct pp_tls_client_hello hello = { .whole = true, .legacy_version = PP_TLS_1_2 };

	hello.ciphers = SPAN("\x4a\x4a\x13\x01\x13\x02\x13\x03\xc0\x2b\xc0\x2f\xc0\x2c\xc0\x30\xcc\xa9\xcc\xa8\xc0\x13"
			     "\xc0\x14\x00\x9c\x00\x9d\x00\x2f\x00\x35");
	hello.cipher_count = 15;
	hello.extensions =
	    SPAN("\x1a\x1a\0\0\0\x1b\0\0\0\0\0\0\0\x33\0\0\0\x10\0\0\x44\x69\0\0\0\x17\0\0\0\x2d\0\0\0\x0d\0\0"
		 "\0\x05\0\0\0\x23\0\0\0\x12\0\0\0\x2b\0\0\xff\x01\0\0\0\x0b\0\0\0\x0a\0\0\0\x15\0\0\xca\xca\0\0");
	hello.signature_algorithms = SPAN("\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01\x08\x06\x06\x01");
	hello.has_sni = hello.has_versions = true;
	hello.versions[0] = PP_TLS_1_3;
	hello.versions[1] = PP_TLS_1_2;
	hello.version_count = 2;
	hello.alpn[0] = SPAN("h2");
	hello.alpn[1] = SPAN("http/1.1");
	hello.alpn_count = 2;
	return hello;
}

static void published_example(void **state)
{
	struct pp_tls_client_hello hello = chrome();
	char text[PP_JA4_TEXT];

	(void)state;
	pp_ja4(NULL, &hello, text);
	assert_string_equal(text, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	hello.has_sni = false;
	hello.alpn_count = 0;
	hello.versions[0] = PP_TLS_1_1;
	hello.version_count = 1;
	pp_ja4(NULL, &hello, text);
	assert_string_equal(text, "t11i151600_8daaf6152771_e5627efa2ab1");
}

/* What was worked out before is the same, and does not stand in for anything else. */
static void remembered(void **state)
{
	struct pp_ja4_cache *cache = pp_ja4_cache_new();
	struct pp_tls_client_hello hello = chrome(), fewer = chrome();
	char text[PP_JA4_TEXT], plain[PP_JA4_TEXT];

	(void)state;
	fewer.ciphers.len -= 2;
	for (int round = 0; round < 3; round++) {
		pp_ja4(cache, &hello, text);
		assert_string_equal(text, "t13d1516h2_8daaf6152771_e5627efa2ab1");
		pp_ja4(cache, &fewer, text);
		pp_ja4(NULL, &fewer, plain);
		assert_string_equal(text, plain);
	}
	pp_ja4_cache_free(cache);
}

/* A hello with so many empty extensions, the last of that type. */
static void read_hello(struct pp_tls_client_hello *hello, unsigned extensions, uint16_t last)
{
	static const uint8_t begin[] = { 0, 0, 4, 0x1a, 0x1a, 0x13, 1, 1, 0 };
	static uint8_t bytes[1024];
	uint8_t *p = bytes + 34;

	memset(bytes, 0, sizeof(bytes));
	bytes[0] = bytes[1] = 3;
	memcpy(p, begin, sizeof(begin));
	p += sizeof(begin);
	*p++ = (uint8_t)(4 * extensions >> 8);
	*p++ = (uint8_t)(4 * extensions);
	for (unsigned i = 0; i < extensions; i++, p += 4) {
		p[0] = (uint8_t)(i + 1 < extensions ? 0x20 : last >> 8);
		p[1] = (uint8_t)(i + 1 < extensions ? i : last);
	}
	assert_int_equal(pp_tls_client_hello_read(pp_cur(bytes, (size_t)(p - bytes), PP_MALFORMED), hello), PP_OK);
	assert_int_equal(hello->extension_count, extensions);
}

/* One extension more or of another type is another fingerprint, however many are kept; GREASE drawn anew is not. */
static void remembered_by_extensions(void **state)
{
	struct pp_ja4_cache *cache = pp_ja4_cache_new();
	struct pp_tls_client_hello hello;
	char text[PP_JA4_TEXT], plain[PP_JA4_TEXT], before[PP_JA4_TEXT] = "";

	(void)state;
	for (unsigned extensions = 1; extensions < PP_TLS_TYPES_KEPT + 4; extensions++) {
		for (uint16_t last = 0x4000; last < 0x4003; last++) {
			read_hello(&hello, extensions, last);
			pp_ja4(cache, &hello, text);
			pp_ja4(NULL, &hello, plain);
			assert_string_equal(text, plain);
			assert_string_not_equal(text, before);
			memcpy(before, text, sizeof(before));
		}
	}
	read_hello(&hello, 9, 0x2a2a);
	pp_ja4(cache, &hello, before);
	read_hello(&hello, 9, 0xfafa);
	pp_ja4(cache, &hello, text);
	assert_string_equal(text, before);
	pp_ja4_cache_free(cache);
}

/* Firefox: the hash of its suites is the one published for it. */
static void recorded_hello(void **state)
{
	size_t len;
	uint8_t *bytes = hex_bytes(pq_client_hello, &len);
	struct pp_tls_client_hello hello;
	char text[PP_JA4_TEXT];

	(void)state;
	assert_int_equal(pp_tls_client_hello_read(pp_cur(bytes + 9, len - 9, PP_MALFORMED), &hello), PP_OK);
	pp_ja4(NULL, &hello, text);
	assert_string_equal(text, "t13d1715h2_5b57614c22b0_a54fffd0eb61");
	free(bytes);
}

static void alpn_characters(void **state)
{
	static const struct {
		const char *alpn;
		size_t len;
		const char *expected;
	} cases[] = {
		{ "http/1.1", 8, "h1" }, { "h", 1, "hh" },        { "", 0, "00" },         { "\xab", 1, "ab" },
		{ "\xab\xcd", 2, "ad" }, { "\x20\x61", 2, "21" }, { "\x30\xab", 2, "3b" }, { "\x61\x20", 2, "60" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pp_tls_client_hello hello = chrome();
		char text[PP_JA4_TEXT];

		hello.alpn[0] = span(cases[i].alpn, cases[i].len);
		pp_ja4(NULL, &hello, text);
		assert_memory_equal(text + 8, cases[i].expected, 2);
	}
}

static void nothing_to_hash(void **state)
{
	struct pp_tls_client_hello hello = { .whole = true, .legacy_version = PP_SSL_3, .version_count = 1 };
	char text[PP_JA4_TEXT];

	(void)state;
	hello.versions[0] = PP_SSL_3;
	pp_ja4(NULL, &hello, text);
	assert_string_equal(text, "ts3i000000_000000000000_000000000000");
	hello.whole = false;
	pp_ja4(NULL, &hello, text);
	assert_string_equal(text, "");
}

/* Facts are kept as images of their bytes, those behind the text as well. */
static void every_byte_is_set(void **state)
{
	static const char zeros[PP_JA4_TEXT];
	struct pp_tls_client_hello hello = chrome();
	char text[PP_JA4_TEXT];
	size_t len;

	(void)state;
	memset(text, 0xff, sizeof(text));
	pp_ja4(NULL, &hello, text);
	len = strnlen(text, sizeof(text));
	assert_memory_equal(text + len, zeros, sizeof(text) - len);
	hello.whole = false;
	memset(text, 0xff, sizeof(text));
	pp_ja4(NULL, &hello, text);
	assert_memory_equal(text, zeros, sizeof(text));
}

static void too_much(void **state)
{
	static uint8_t ciphers[2 * (PP_JA4_LIST_MAX + 1)];
	struct pp_tls_client_hello hello = chrome();
	char text[PP_JA4_TEXT];

	(void)state;
	hello.ciphers = span(ciphers, sizeof(ciphers) - 2);
	hello.cipher_count = PP_JA4_LIST_MAX;
	pp_ja4(NULL, &hello, text);
	assert_memory_equal(text, "t13d9916h2_", 11);
	hello.ciphers = span(ciphers, sizeof(ciphers));
	pp_ja4(NULL, &hello, text);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_example),        cmocka_unit_test(remembered),
		cmocka_unit_test(remembered_by_extensions), cmocka_unit_test(recorded_hello),
		cmocka_unit_test(alpn_characters),          cmocka_unit_test(nothing_to_hash),
		cmocka_unit_test(every_byte_is_set),        cmocka_unit_test(too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

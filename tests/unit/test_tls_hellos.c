#include "dissect/tls_hellos.h"

#include "../support/guard.h"
#include "dissect/ja4.h"
#include "tls_sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { HEADERS = 5 + 4, BODY_MAX = 2048 };

/* TLS 1.3 with all that is drawn anew: session id, name, ticket, keys of two groups, a second name extension behind
 * them, and a pre-shared key. */
static const char rich[] =
    "0303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f08a0a1a2a3a4a5a6a70004130113020100007500"
    "000008000600000361625a000a0004000200170023000401020304000d0006000404030804002b000302030400330012001000170004"
    "aabbccdd001d0004eeff00110010000500030268320000000600040000016a0029001b000a0004aaaaaaaa00000000000d0c01020304"
    "05060708090a0b0c";

static void same_spans(struct pp_span a, struct pp_span b)
{
	assert_int_equal(a.len, b.len);
	if (a.len > 0)
		assert_ptr_equal(a.p, b.p);
}

/* The result is the plain one, whatever was met before. */
static enum pp_err check(struct pp_tls_hellos *hellos, struct pp_cur cur)
{
	struct pp_tls_client_hello plain, hello;
	char plain_ja4[PP_JA4_TEXT], ja4[PP_JA4_TEXT];
	enum pp_err err = pp_tls_client_hello_read(cur, &plain);

	pp_ja4(NULL, &plain, plain_ja4);
	assert_int_equal(pp_tls_hellos_read(hellos, cur, &hello, ja4), err);
	assert_string_equal(ja4, plain_ja4);
	assert_true(hello.whole == plain.whole && hello.clipped == plain.clipped && hello.v2 == plain.v2);
	assert_int_equal(hello.legacy_version, plain.legacy_version);
	assert_int_equal(hello.cipher_count, plain.cipher_count);
	assert_int_equal(hello.extension_count, plain.extension_count);
	assert_memory_equal(hello.extension_types, plain.extension_types, sizeof(plain.extension_types));
	assert_true(hello.has_versions == plain.has_versions && hello.has_sni == plain.has_sni);
	assert_int_equal(hello.version_count, plain.version_count);
	assert_memory_equal(hello.versions, plain.versions, sizeof(plain.versions));
	assert_int_equal(hello.alpn_count, plain.alpn_count);
	for (unsigned i = 0; i < plain.alpn_count; i++)
		same_spans(hello.alpn[i], plain.alpn[i]);
	same_spans(hello.session_id, plain.session_id);
	same_spans(hello.ciphers, plain.ciphers);
	same_spans(hello.extensions, plain.extensions);
	same_spans(hello.sni, plain.sni);
	same_spans(hello.signature_algorithms, plain.signature_algorithms);
	assert_true(hello.psk == plain.psk && hello.ticket == plain.ticket && hello.early_data == plain.early_data &&
		    hello.post_quantum == plain.post_quantum);
	return err;
}

/* Each byte takes some other values, with the hello as it is in between. */
static void change_each_byte(const uint8_t *body, size_t len)
{
	static const uint8_t by[] = { 1, 2, 0x10, 0x23, 0x80, 0xff };
	struct pp_tls_hellos *hellos = pp_tls_hellos_new();
	uint8_t bytes[BODY_MAX];

	assert_true(hellos && len <= sizeof(bytes));
	memcpy(bytes, body, len);
	assert_int_equal(check(hellos, pp_cur(bytes, len, PP_MALFORMED)), PP_OK);
	for (size_t i = 0; i < len; i++) {
		for (size_t k = 0; k < sizeof(by); k++) {
			bytes[i] = (uint8_t)(body[i] ^ by[k]);
			(void)check(hellos, pp_cur(bytes, len, PP_MALFORMED));
			(void)check(hellos, pp_cur(bytes, len, PP_MALFORMED));
			bytes[i] = body[i];
			assert_int_equal(check(hellos, pp_cur(bytes, len, PP_MALFORMED)), PP_OK);
		}
	}
	pp_tls_hellos_free(hellos);
}

static void recorded(void **state)
{
	const char *const chunks[] = { tls12_client_certificate[0].hex, pq_client_hello };

	(void)state;
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		size_t len;
		uint8_t *chunk = hex_bytes(chunks[i], &len);

		change_each_byte(chunk + HEADERS, (size_t)chunk[7] << 8 | chunk[8]);
		free(chunk);
	}
}

static void all_that_is_drawn_anew(void **state)
{
	size_t len;
	uint8_t *body = hex_bytes(rich, &len);

	(void)state;
	change_each_byte(body, len);
	free(body);
}

/* A beginning is no message, though it has the same bytes; and nothing behind it is read. */
static void every_prefix(void **state)
{
	struct pp_tls_hellos *hellos = pp_tls_hellos_new();
	size_t len;
	uint8_t *body = hex_bytes(rich, &len);
	struct pp_guard guard = pp_guard_open(len);

	(void)state;
	for (size_t n = 0; n <= len; n++) {
		const uint8_t *p = pp_guard_bytes(&guard, body, n);

		(void)check(hellos, pp_cur(p, n, PP_MALFORMED));
		(void)check(hellos, pp_cur(p, n, PP_TRUNCATED));
		(void)check(hellos, pp_cur(p, n, PP_MALFORMED));
	}
	pp_guard_close(&guard);
	free(body);
	pp_tls_hellos_free(hellos);
}

static void without_memory(void **state)
{
	size_t len;
	uint8_t *body = hex_bytes(rich, &len);

	(void)state;
	assert_int_equal(check(NULL, pp_cur(body, len, PP_MALFORMED)), PP_OK);
	free(body);
	pp_tls_hellos_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded),
		cmocka_unit_test(all_that_is_drawn_anew),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

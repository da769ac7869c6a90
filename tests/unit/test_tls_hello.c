#include "dissect/tls_hello.h"

#include "../support/guard.h"
#include "tls_sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { HEADERS = 5 + 4 };

/* The body of the message that begins the recorded chunk. */
struct body {
	uint8_t *chunk;
	const uint8_t *p;
	size_t len;
};

static struct body body_open(const char *hex)
{
	size_t len;
	uint8_t *chunk = hex_bytes(hex, &len);

	return (struct body){ chunk, chunk + HEADERS, (size_t)chunk[7] << 8 | chunk[8] };
}

static void client_hello_openssl(void **state)
{
	struct body body = body_open(tls12_client_certificate[0].hex);
	struct pp_tls_client_hello hello;

	(void)state;
	assert_int_equal(pp_tls_client_hello_read(pp_cur(body.p, body.len, PP_MALFORMED), &hello), PP_OK);
	assert_true(hello.whole);
	assert_int_equal(hello.legacy_version, PP_TLS_1_2);
	assert_false(hello.has_versions);
	assert_int_equal(hello.version_count, 1);
	assert_int_equal(hello.versions[0], PP_TLS_1_2);
	assert_true(pp_span_equal(hello.sni, "Server.TEST", 11));
	assert_int_equal(hello.alpn_count, 2);
	assert_true(pp_span_equal(hello.alpn[0], "h2", 2));
	assert_true(pp_span_equal(hello.alpn[1], "http/1.1", 8));
	assert_false(hello.psk || hello.ticket || hello.post_quantum || hello.early_data);
	free(body.chunk);
}

static void client_hello_browser(void **state)
{
	struct body body = body_open(pq_client_hello);
	struct pp_tls_client_hello hello;

	(void)state;
	assert_int_equal(pp_tls_client_hello_read(pp_cur(body.p, body.len, PP_MALFORMED), &hello), PP_OK);
	assert_true(hello.post_quantum);
	assert_true(hello.has_versions);
	assert_int_equal(hello.version_count, 2);
	assert_int_equal(hello.versions[0], PP_TLS_1_3);
	assert_int_equal(hello.session_id.len, 32);
	assert_int_equal(hello.cipher_count, 17);
	assert_true(pp_span_equal(hello.sni, "www.youtube.com", 15));
	free(body.chunk);
}

static void every_prefix_of_a_client_hello(void **state)
{
	struct body body = body_open(pq_client_hello);
	struct pp_guard guard = pp_guard_open(body.len);
	struct pp_tls_client_hello hello;
	bool sni_before = false;

	(void)state;
	for (size_t n = 0; n < body.len; n++) {
		const uint8_t *p = pp_guard_bytes(&guard, body.p, n);
		enum pp_err err;

		assert_int_equal(pp_tls_client_hello_read(pp_cur(p, n, PP_TRUNCATED), &hello), PP_TRUNCATED);
		assert_false(hello.whole);
		/* The name is there in full or not at all, and stays. */
		assert_true(hello.has_sni || !sni_before);
		if (hello.has_sni)
			assert_true(pp_span_equal(hello.sni, "www.youtube.com", 15));
		sni_before = hello.has_sni;
		/* As a whole message it is broken, but for the one place where an old hello may end. */
		err = pp_tls_client_hello_read(pp_cur(p, n, PP_MALFORMED), &hello);
		assert_true(err == PP_MALFORMED || (err == PP_OK && hello.cipher_count == 17 && !hello.extensions.len));
	}
	assert_true(sni_before);
	pp_guard_close(&guard);
	free(body.chunk);
}

/* A ClientHello around these extensions. */
static enum pp_err read_extensions(const char *extensions, size_t len, struct pp_tls_client_hello *hello)
{
	static uint8_t bytes[256];

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, "\3\3", 2);
	memcpy(bytes + 34, "\0\0\4\x1a\x1a\x13\1\1\0", 9);
	bytes[44] = (uint8_t)len;
	memcpy(bytes + 45, extensions, len);
	return pp_tls_client_hello_read(pp_cur(bytes, 45 + len, PP_MALFORMED), hello);
}
#define READ_EXTENSIONS(text, hello) read_extensions(text, sizeof(text) - 1, hello)

static void extensions(void **state)
{
	struct pp_tls_client_hello hello;

	(void)state;
	assert_int_equal(READ_EXTENSIONS("", &hello), PP_OK);
	assert_int_equal(hello.cipher_count, 1);
	assert_false(hello.has_sni);

	/* A name of another type first, then a host name. */
	assert_int_equal(READ_EXTENSIONS("\0\0\0\x0a\0\x08\1\0\1x\0\0\1y", &hello), PP_OK);
	assert_true(pp_span_equal(hello.sni, "y", 1));

	assert_int_equal(READ_EXTENSIONS("\0\0\0\2\0\0", &hello), PP_OK);
	assert_true(hello.has_sni);
	assert_int_equal(hello.sni.len, 0);

	/* One broken extension does not cost the next. */
	assert_int_equal(READ_EXTENSIONS("\0\0\0\4\0\x20\0\0\0\x2b\0\5\4\x7a\x7a\x7f\x17", &hello), PP_OK);
	assert_false(hello.has_sni);
	assert_int_equal(hello.version_count, 1);
	assert_int_equal(hello.versions[0], 0x7f17);

	assert_int_equal(READ_EXTENSIONS("\0\x23\0\0\0\x29\0\0\0\x2a\0\0", &hello), PP_OK);
	assert_false(hello.ticket);
	assert_true(hello.psk);
	assert_true(hello.early_data);

	assert_int_equal(READ_EXTENSIONS("\0\x23\0\1x", &hello), PP_OK);
	assert_true(hello.ticket);

	/* An extension longer than what is left. */
	assert_int_equal(READ_EXTENSIONS("\0\x23\0\2x", &hello), PP_MALFORMED);
	assert_false(hello.whole);
}

static void server_hello_of_each_version(void **state)
{
	struct body old = body_open(tls12_client_certificate[1].hex), new = body_open(tls13_client_certificate[1].hex);
	struct body retry = body_open(tls13_retry[1].hex);
	struct pp_tls_server_hello hello;

	(void)state;
	assert_int_equal(pp_tls_server_hello_read(pp_cur(old.p, old.len, PP_MALFORMED), &hello), PP_OK);
	assert_int_equal(hello.version, PP_TLS_1_2);
	assert_int_equal(hello.cipher, 0xc02c);
	assert_true(pp_span_equal(hello.alpn, "http/1.1", 8));
	assert_false(hello.retry);
	assert_int_equal(hello.downgrade, 0);

	assert_int_equal(pp_tls_server_hello_read(pp_cur(new.p, new.len, PP_MALFORMED), &hello), PP_OK);
	assert_int_equal(hello.legacy_version, PP_TLS_1_2);
	assert_int_equal(hello.version, PP_TLS_1_3);
	assert_int_equal(hello.cipher, 0x1302);
	assert_false(hello.retry || hello.psk);

	assert_int_equal(pp_tls_server_hello_read(pp_cur(retry.p, retry.len, PP_MALFORMED), &hello), PP_OK);
	assert_true(hello.retry);
	assert_int_equal(hello.version, PP_TLS_1_3);
	free(old.chunk);
	free(new.chunk);
	free(retry.chunk);
}

static void every_prefix_of_a_server_hello(void **state)
{
	struct body body = body_open(tls13_client_certificate[1].hex);
	struct pp_guard guard = pp_guard_open(body.len);
	struct pp_tls_server_hello hello;

	(void)state;
	for (size_t n = 0; n < body.len; n++) {
		const uint8_t *p = pp_guard_bytes(&guard, body.p, n);

		assert_int_equal(pp_tls_server_hello_read(pp_cur(p, n, PP_TRUNCATED), &hello), PP_TRUNCATED);
		/* Once the suite is known, so is the version. */
		if (hello.cipher)
			assert_int_equal(hello.version, PP_TLS_1_3);
	}
	pp_guard_close(&guard);
	free(body.chunk);
}

static void downgrade_sentinel_and_draft_form(void **state)
{
	uint8_t bytes[38] = { 3, 3 };
	struct pp_tls_server_hello hello;

	(void)state;
	bytes[36] = 0x2f;
	memcpy(bytes + 26, "DOWNGRD\1", 8);
	assert_int_equal(pp_tls_server_hello_read(pp_cur(bytes, 38, PP_MALFORMED), &hello), PP_OK);
	assert_int_equal(hello.downgrade, 1);
	assert_int_equal(hello.cipher, 0x2f);
	bytes[33] = 0;
	assert_int_equal(pp_tls_server_hello_read(pp_cur(bytes, 38, PP_MALFORMED), &hello), PP_OK);
	assert_int_equal(hello.downgrade, 2);

	/* Drafts before 22: the suite follows the random. */
	memcpy(bytes, "\x7f\x12", 2);
	memcpy(bytes + 34, "\x13\1\0\0", 4);
	assert_int_equal(pp_tls_server_hello_read(pp_cur(bytes, 38, PP_MALFORMED), &hello), PP_OK);
	assert_int_equal(hello.version, 0x7f12);
	assert_int_equal(hello.cipher, 0x1301);
	assert_true(pp_tls_is_13(hello.version));
}

static void v2_client_hello(void **state)
{
	static const uint8_t body[] = { 0, 6, 0, 0, 0, 2, 0, 0, 0x2f, 1, 0, 0x80, 'c', 'h' };
	struct pp_guard guard = pp_guard_open(sizeof(body));
	struct pp_tls_client_hello hello;

	(void)state;
	assert_int_equal(pp_tls_v2_client_hello_read(pp_cur(body, sizeof(body), PP_MALFORMED), PP_TLS_1_0, &hello),
			 PP_OK);
	assert_true(hello.v2);
	assert_int_equal(hello.legacy_version, PP_TLS_1_0);
	assert_int_equal(hello.versions[0], PP_TLS_1_0);
	assert_int_equal(hello.cipher_count, 2);
	assert_false(hello.has_sni);
	for (size_t n = 0; n < sizeof(body); n++)
		assert_int_equal(pp_tls_v2_client_hello_read(pp_cur(pp_guard_bytes(&guard, body, n), n, PP_TRUNCATED),
							     PP_TLS_1_0, &hello),
				 PP_TRUNCATED);
	pp_guard_close(&guard);
}

static void grease(void **state)
{
	(void)state;
	assert_true(pp_tls_is_grease(0x0a0a));
	assert_true(pp_tls_is_grease(0xfafa));
	assert_false(pp_tls_is_grease(0x0a1a));
	assert_false(pp_tls_is_grease(0x1301));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_hello_openssl),
		cmocka_unit_test(client_hello_browser),
		cmocka_unit_test(every_prefix_of_a_client_hello),
		cmocka_unit_test(extensions),
		cmocka_unit_test(server_hello_of_each_version),
		cmocka_unit_test(every_prefix_of_a_server_hello),
		cmocka_unit_test(downgrade_sentinel_and_draft_form),
		cmocka_unit_test(v2_client_hello),
		cmocka_unit_test(grease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

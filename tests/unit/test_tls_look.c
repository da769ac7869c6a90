#include "dissect/tls.h"

#include "../support/guard.h"
#include "tls_sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LOOK(text) pp_tls_look((struct pp_span){ (const uint8_t *)(text), sizeof(text) - 1 })

/* Ever longer beginnings say MORE until the answer, and then keep to it. */
static void every_prefix(const char *hex, size_t decided, enum pp_tls_look look)
{
	size_t len;
	uint8_t *bytes = hex_bytes(hex, &len);
	struct pp_guard guard = pp_guard_open(len);

	for (size_t n = 0; n <= len; n++)
		assert_int_equal(pp_tls_look((struct pp_span){ pp_guard_bytes(&guard, bytes, n), n }),
				 n < decided ? PP_TLS_MORE : look);
	pp_guard_close(&guard);
	free(bytes);
}

static void hellos(void **state)
{
	(void)state;
	every_prefix(tls12_client_certificate[0].hex, 11, PP_TLS_CLIENT_HELLO);
	every_prefix(tls12_client_certificate[1].hex, 11, PP_TLS_SERVER_HELLO);
	every_prefix(pq_client_hello, 11, PP_TLS_CLIENT_HELLO);
	/* The client's second flight begins with its Certificate. */
	every_prefix(tls12_client_certificate[2].hex, 6, PP_TLS_OTHER_RECORD);
}

static void hello_over_small_records(void **state)
{
	(void)state;
	assert_int_equal(LOOK("\x16\3\1\0\1\1\x16\3\1\0\2\0\0\x16\3\1\0\3\x40\3\3"), PP_TLS_CLIENT_HELLO);
	assert_int_equal(LOOK("\x16\3\1\0\1\1\x16\3\1"), PP_TLS_MORE);
	assert_int_equal(LOOK("\x16\3\1\0\1\1GET /"), PP_TLS_NO);
}

static void v2_format(void **state)
{
	uint8_t hello[2 + 9 + 3 + 16] = { 0x80, 28, 1, 3, 1, 0, 3, 0, 0, 0, 16 };

	(void)state;
	assert_int_equal(pp_tls_look((struct pp_span){ hello, sizeof(hello) }), PP_TLS_CLIENT_HELLO);
	assert_int_equal(pp_tls_look((struct pp_span){ hello, 10 }), PP_TLS_MORE);
	hello[1]++;
	assert_int_equal(pp_tls_look((struct pp_span){ hello, sizeof(hello) }), PP_TLS_NO);
}

static void others(void **state)
{
	(void)state;
	assert_int_equal(LOOK("\x15\3\3\0\2\2\50"), PP_TLS_OTHER_RECORD);
	assert_int_equal(LOOK("\x15\3\3\0\2\7\50"), PP_TLS_NO);
	assert_int_equal(LOOK("\x14\3\3\0\1\1\x16\3\3\0\50"), PP_TLS_OTHER_RECORD);
	assert_int_equal(LOOK("\x14\3\3\0\2\1"), PP_TLS_NO);
	assert_int_equal(LOOK("\x17\3\3\0\x40"), PP_TLS_OTHER_RECORD);
	assert_int_equal(LOOK("\x17\3\3\0"), PP_TLS_MORE);
}

static void near_misses(void **state)
{
	(void)state;
	assert_int_equal(LOOK("HTTP/1.1 200"), PP_TLS_NO);
	assert_int_equal(LOOK("\x16\3\1\0\x40\1\0\0\x3c\2\0"), PP_TLS_NO); /* legacy_version 2.0 */
	assert_int_equal(LOOK("\x16\3\1\0\x40\1\0\0\x10\3\3"), PP_TLS_NO); /* too short for a random */
	assert_int_equal(LOOK("\x16\3\1\0\x40\1\xff\0\0\3\3"), PP_TLS_NO); /* absurdly long */
	assert_int_equal(LOOK("\x16\3\x11\0\x40"), PP_TLS_NO);
	assert_int_equal(LOOK("\x16\3\1\0\0"), PP_TLS_NO);
	assert_int_equal(LOOK("\x80\x80\x80\x80\x80"), PP_TLS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hellos),      cmocka_unit_test(hello_over_small_records),
		cmocka_unit_test(v2_format),   cmocka_unit_test(others),
		cmocka_unit_test(near_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

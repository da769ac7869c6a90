#include "dissect/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { CIPHERS = 352, ALERTS = 37 };

/* A table out of order would lose entries to the binary search. */
static void every_name_is_found(void **state)
{
	unsigned ciphers = 0, versions = 0, alerts = 0;

	(void)state;
	for (unsigned i = 0; i < 0x10000; i++) {
		ciphers += pp_tls_cipher_name((uint16_t)i) != NULL;
		versions += pp_tls_version_name((uint16_t)i) != NULL;
	}
	for (unsigned i = 0; i < 0x100; i++)
		alerts += pp_tls_alert_name((uint8_t)i) != NULL;
	assert_int_equal(ciphers, CIPHERS);
	assert_int_equal(versions, 6);
	assert_int_equal(alerts, ALERTS);
}

static void some_names(void **state)
{
	(void)state;
	assert_string_equal(pp_tls_cipher_name(0x1301), "TLS_AES_128_GCM_SHA256");
	assert_string_equal(pp_tls_cipher_name(0xc030), "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
	assert_string_equal(pp_tls_cipher_name(0), "TLS_NULL_WITH_NULL_NULL");
	assert_null(pp_tls_cipher_name(0x0a0a));
	assert_string_equal(pp_tls_version_name(PP_TLS_1_2), "1.2");
	assert_string_equal(pp_tls_version_name(PP_TLS_1_3), "1.3");
	assert_string_equal(pp_tls_version_name(PP_SSL_3), "SSL 3.0");
	assert_null(pp_tls_version_name(0x7f17));
	assert_string_equal(pp_tls_alert_name(48), "unknown_ca");
	assert_string_equal(pp_tls_alert_name(116), "certificate_required");
	assert_null(pp_tls_alert_name(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_found),
		cmocka_unit_test(some_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

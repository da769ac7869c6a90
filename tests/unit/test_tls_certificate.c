#include "dissect/tls_certificate.h"

#include "../support/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t body[] = { 0, 0, 11, 0, 0, 3, 'a', 'b', 'c', 0, 0, 2, 'd', 'e' };

static struct pp_tls_chain read_chain(const uint8_t *bytes, size_t len, enum pp_err on_short)
{
	struct pp_tls_chain chain;

	pp_tls_certificate_read(pp_cur(bytes, len, on_short), &chain);
	return chain;
}

static void whole(void **state)
{
	struct pp_tls_chain chain = read_chain(body, sizeof(body), PP_MALFORMED);

	(void)state;
	assert_int_equal(chain.count, 2);
	assert_true(pp_span_equal(chain.der[0], "abc", 3));
	assert_true(pp_span_equal(chain.der[1], "de", 2));
	assert_false(chain.cut);
	assert_false(chain.clipped);
}

static void every_prefix(void **state)
{
	struct pp_guard guard = pp_guard_open(sizeof(body));

	(void)state;
	for (size_t n = 0; n < sizeof(body); n++) {
		struct pp_tls_chain chain = read_chain(pp_guard_bytes(&guard, body, n), n, PP_TRUNCATED);

		assert_true(chain.cut);
		assert_int_equal(chain.count, n >= 9 ? 1 : 0);
	}
	pp_guard_close(&guard);
}

static void more_than_fit(void **state)
{
	uint8_t many[3 + 4 * (PP_TLS_CERTIFICATES_MAX + 1)] = { 0, 0, sizeof(many) - 3 };
	struct pp_tls_chain chain;

	(void)state;
	for (size_t i = 3; i < sizeof(many); i += 4)
		many[i + 2] = 1;
	chain = read_chain(many, sizeof(many), PP_MALFORMED);
	assert_int_equal(chain.count, PP_TLS_CERTIFICATES_MAX);
	assert_true(chain.clipped);
	assert_false(chain.cut);
}

static void empty_list(void **state)
{
	struct pp_tls_chain chain = read_chain((const uint8_t[3]){ 0 }, 3, PP_MALFORMED);

	(void)state;
	assert_int_equal(chain.count, 0);
	assert_false(chain.cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(more_than_fit),
		cmocka_unit_test(empty_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

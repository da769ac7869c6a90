#include "dissect/x509.h"

#include "../support/guard.h"
#include "base/time.h"
#include "dissect/tls_certificate.h"
#include "tls_sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct pp_hash_key key = { { 1, 2 } };

struct fixture {
	struct pp_pool pool;
	struct pp_arena arena;
	uint8_t *flight, *tricky;
	struct pp_tls_chain chain;
	struct pp_span tricky_der;
};

/* The server's flight: ServerHello and Certificate, each in its own record. */
static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	size_t len, tricky_len;

	assert_non_null(f);
	pp_pool_init(&f->pool, 0);
	pp_arena_init(&f->arena, &f->pool);
	f->flight = hex_bytes(tls12_client_certificate[1].hex, &len);
	f->tricky = hex_bytes(tricky_certificate, &tricky_len);
	f->tricky_der = (struct pp_span){ f->tricky, tricky_len };
	for (size_t at = 0; at + 9 < len; at += 5 + (size_t)(f->flight[at + 3] << 8 | f->flight[at + 4])) {
		if (f->flight[at + 5] == 11)
			pp_tls_certificate_read(pp_cur(f->flight + at + 9, len - at - 9, PP_MALFORMED), &f->chain);
	}
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pp_arena_reset(&f->arena);
	pp_pool_done(&f->pool);
	free(f->flight);
	free(f->tricky);
	free(f);
	return 0;
}

static void leaf_and_root(void **state)
{
	struct fixture *f = *state;
	struct pp_certificates *certificates = pp_certificates_new(16, key);
	const struct pp_tls_certificate *c;

	assert_int_equal(f->chain.count, 2);
	c = pp_certificates_get(certificates, f->chain.der[0], &f->arena);
	assert_false(c->unparsed);
	assert_string_equal(c->subject, "CN=server.test, O=Lab, C=DE");
	assert_string_equal(c->issuer, "CN=Lab Root, O=Lab\\, Inc., C=DE");
	assert_string_equal(c->subject_cn, "server.test");
	assert_string_equal(c->issuer_cn, "Lab Root");
	assert_string_equal(c->issuer_o, "Lab, Inc.");
	assert_int_equal(c->name_count, 4);
	assert_string_equal(c->names[0], "server.test");
	assert_string_equal(c->names[1], "*.server.test");
	assert_string_equal(c->names[2], "192.0.2.7");
	assert_string_equal(c->names[3], "2001:db8::1");
	assert_int_equal(c->not_before, 1795419582LL * PP_SECOND);
	assert_int_equal(c->not_after, 2110779582LL * PP_SECOND);
	assert_false(c->self_issued);
	assert_false(c->clipped);
	assert_true(pp_certificates_get(certificates, f->chain.der[1], &f->arena)->self_issued);
	pp_certificates_free(certificates);
}

static void tricky(void **state)
{
	struct fixture *f = *state;
	struct pp_certificates *certificates = pp_certificates_new(16, key);
	const struct pp_tls_certificate *c = pp_certificates_get(certificates, f->tricky_der, &f->arena);
	static const uint8_t sha256[] = {
		0xaa, 0x58, 0x3d, 0x20, 0x64, 0xfe, 0xa6, 0x19, 0x95, 0x74, 0x6b, 0x1d, 0x0d, 0xc6, 0x9c, 0x0e,
		0xab, 0x75, 0x67, 0x67, 0x5d, 0x88, 0x9c, 0xdb, 0x79, 0xe4, 0x5b, 0xfa, 0x57, 0xbc, 0x03, 0x61,
	};

	assert_false(c->unparsed);
	assert_string_equal(c->subject, "1.2.840.113556.1.4.1=x\xef\xbf\xbdy, CN=\\<m\xc3\xbc"
					"de\\>, CN=old, OU=one+OU=two, "
					"O=M\xc3\xbcnster\\, \xe2\x82\xac, C=DE");
	assert_string_equal(c->subject_cn, "<m\xc3\xbc"
					   "de>");
	assert_null(c->issuer_cn);
	assert_int_equal(c->not_before, pp_time_days(1950, 1, 1) * 86400 * PP_SECOND);
	assert_int_equal(c->not_after, INT64_MAX);
	assert_int_equal(c->name_count, 4);
	assert_string_equal(c->names[2], "2001:db8::2");
	assert_memory_equal(c->sha256, sha256, sizeof(sha256));
	pp_certificates_free(certificates);
}

static void every_prefix_is_broken(void **state)
{
	struct fixture *f = *state;
	struct pp_certificates *certificates = pp_certificates_new(0, key);
	struct pp_guard guard = pp_guard_open(f->tricky_der.len);

	for (size_t n = 0; n < f->tricky_der.len; n++) {
		struct pp_span der = { pp_guard_bytes(&guard, f->tricky, n), n };

		assert_true(pp_certificates_get(certificates, der, &f->arena)->unparsed);
	}
	pp_guard_close(&guard);
	pp_certificates_free(certificates);
}

static void every_byte_may_be_wrong(void **state)
{
	struct fixture *f = *state;
	struct pp_certificates *certificates = pp_certificates_new(0, key);

	for (size_t i = 0; i < f->tricky_der.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			f->tricky[i] ^= (uint8_t)(1 << bit);
			assert_non_null(pp_certificates_get(certificates, f->tricky_der, &f->arena));
			f->tricky[i] ^= (uint8_t)(1 << bit);
		}
	}
	pp_certificates_free(certificates);
}

static void shared_up_to_the_cap(void **state)
{
	struct fixture *f = *state;
	struct pp_certificates *certificates = pp_certificates_new(1, key);
	const struct pp_tls_certificate *first = pp_certificates_get(certificates, f->chain.der[0], &f->arena);
	const struct pp_tls_certificate *other = pp_certificates_get(certificates, f->chain.der[1], &f->arena);

	assert_ptr_equal(pp_certificates_get(certificates, f->chain.der[0], &f->arena), first);
	assert_ptr_not_equal(pp_certificates_get(certificates, f->chain.der[1], &f->arena), other);
	assert_true(first->shared);
	assert_false(other->shared);
	assert_string_equal(other->subject_cn, "Lab Root");
	/* It outlives the caller's arena and bytes. */
	pp_arena_reset(&f->arena);
	memset(f->flight, 0, 64);
	assert_string_equal(first->subject_cn, "server.test");
	pp_certificates_free(certificates);
}

/* Same length and tail, so the same place in the table: told apart all the same. */
static void colliding(void **state)
{
	struct fixture *f = *state;
	struct pp_certificates *certificates = pp_certificates_new(64, key);
	const struct pp_tls_certificate *seen[20];

	for (unsigned i = 0; i < 20; i++) {
		f->tricky[20] = (uint8_t)i;
		seen[i] = pp_certificates_get(certificates, f->tricky_der, &f->arena);
		for (unsigned k = 0; k < i; k++)
			assert_memory_not_equal(seen[i]->sha256, seen[k]->sha256, 32);
	}
	f->tricky[20] = 3;
	assert_ptr_equal(pp_certificates_get(certificates, f->tricky_der, &f->arena), seen[3]);
	pp_certificates_free(certificates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(leaf_and_root, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tricky, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_prefix_is_broken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_byte_may_be_wrong, set_up, tear_down),
		cmocka_unit_test_setup_teardown(shared_up_to_the_cap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(colliding, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

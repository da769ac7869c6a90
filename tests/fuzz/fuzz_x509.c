/* One certificate: never fails outright, every text is read, and the cache gives the same one again. */
#include "dissect/x509.h"
#include "fuzz/fuzz.h"

static void check(const struct pp_tls_certificate *certificate)
{
	FUZZ_CHECK(certificate->name_count <= PP_TLS_NAMES_MAX);
	fuzz_read_text(certificate->subject);
	fuzz_read_text(certificate->issuer);
	fuzz_read_text(certificate->subject_cn);
	fuzz_read_text(certificate->issuer_cn);
	fuzz_read_text(certificate->issuer_o);
	for (unsigned i = 0; i < certificate->name_count; i++)
		FUZZ_CHECK(certificate->names[i] && fuzz_read_text(certificate->names[i]) < 1024);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_certificates *certificates = pp_certificates_new(4, fuzz_key);
	const struct pp_tls_certificate *first, *again;
	struct pp_arena arena;
	struct pp_pool pool;

	pp_pool_init(&pool, FUZZ_POOL_MAX);
	pp_arena_init(&arena, &pool);
	if (certificates) {
		first = pp_certificates_get(certificates, (struct pp_span){ data, size }, &arena);
		again = pp_certificates_get(certificates, (struct pp_span){ data, size }, &arena);
		if (first)
			check(first);
		if (first && again)
			FUZZ_CHECK(memcmp(first->sha256, again->sha256, sizeof(first->sha256)) == 0);
	}
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
	pp_certificates_free(certificates);
	return 0;
}

/* A TLS session delivered whole and in pieces: the facts are the same.
 *
 * The first four bytes seed the cuts, then come turns.  Once framing is lost, where pushes begin does matter
 * (dissect/tls_record.h), so from there on only safety is tested. */
#include "dissect/tls_hellos.h"
#include "dissect/tls_state.h"
#include "dissect/x509.h"
#include "fuzz/fuzz.h"

struct session {
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_tls *tls;
	unsigned hellos;
	bool lost;
};

static void push(struct session *session, struct fuzz_cuts *cuts, const struct fuzz_turn *turn)
{
	struct pp_cur cur = pp_cur_span(turn->bytes, PP_MORE);

	if (turn->missing)
		pp_tls_gap(session->tls, turn->side, turn->missing);
	while (pp_cur_left(&cur) > 0) {
		struct pp_span bytes = pp_cur_take(&cur, fuzz_cut(cuts, pp_cur_left(&cur)));

		session->hellos += pp_tls_data(session->tls, turn->side, bytes, &turn->mark).request;
		session->lost |= pp_tls_facts(session->tls)->desynchronised[turn->side];
	}
	session->lost |= pp_tls_facts(session->tls)->desynchronised[turn->side];
}

static bool run(struct session *session, struct pp_certificates *certificates, struct pp_tls_hellos *hellos,
		struct pp_cur cur, uint32_t seed)
{
	struct fuzz_cuts cuts = { seed };
	struct fuzz_turn turn;

	*session = (struct session){ .lost = false };
	pp_pool_init(&session->pool, FUZZ_POOL_MAX);
	pp_arena_init(&session->arena, &session->pool);
	session->tls = pp_tls_new(&session->arena, certificates, hellos);
	if (!session->tls)
		return false;
	for (unsigned i = 0; fuzz_turn(&cur, i, &turn); i++)
		push(session, &cuts, &turn);
	pp_tls_finish(session->tls);
	return true;
}

static void end(struct session *session)
{
	pp_tls_free(session->tls);
	pp_arena_reset(&session->arena);
	pp_pool_done(&session->pool);
}

static void compare_texts(const struct pp_tls_facts *a, const struct pp_tls_facts *b)
{
	FUZZ_CHECK(fuzz_same_text(a->sni, b->sni) && fuzz_same_text(a->selected_alpn, b->selected_alpn));
	FUZZ_CHECK(a->alpn_count == b->alpn_count && a->alpn_count <= PP_TLS_ALPN_MAX);
	for (unsigned i = 0; i < a->alpn_count; i++)
		FUZZ_CHECK(fuzz_same_text(a->alpn[i], b->alpn[i]));
	FUZZ_CHECK(strcmp(a->ja4, b->ja4) == 0 && strcmp(a->not_tls_head, b->not_tls_head) == 0);
	FUZZ_CHECK(a->certificate_count == b->certificate_count && a->certificate_count <= PP_TLS_CERTIFICATES_MAX);
	for (unsigned i = 0; i < a->certificate_count; i++)
		FUZZ_CHECK(memcmp(a->certificates[i]->sha256, b->certificates[i]->sha256, 32) == 0);
}

static void compare_marks(const struct pp_tls_facts *a, const struct pp_tls_facts *b)
{
	FUZZ_CHECK(fuzz_same_mark(a->client_hello, b->client_hello) &&
		   fuzz_same_mark(a->server_hello, b->server_hello));
	FUZZ_CHECK(fuzz_same_mark(a->client_hello_begin, b->client_hello_begin));
	FUZZ_CHECK(fuzz_same_mark(a->server_hello_done, b->server_hello_done));
	FUZZ_CHECK(fuzz_same_mark(a->certificate, b->certificate));
	FUZZ_CHECK(fuzz_same_mark(a->certificate_request, b->certificate_request));
	FUZZ_CHECK(fuzz_same_mark(a->client_certificate, b->client_certificate));
	FUZZ_CHECK(fuzz_same_mark(a->complete_mark, b->complete_mark) && fuzz_same_mark(a->not_tls, b->not_tls));
	for (int side = 0; side < 2; side++) {
		FUZZ_CHECK(fuzz_same_mark(a->ccs[side], b->ccs[side]));
		FUZZ_CHECK(fuzz_same_mark(a->finished[side], b->finished[side]));
		FUZZ_CHECK(fuzz_same_mark(a->app_data[side], b->app_data[side]));
		FUZZ_CHECK(fuzz_same_mark(a->last_record_mark[side], b->last_record_mark[side]));
		FUZZ_CHECK(a->app_bytes[side] == b->app_bytes[side]);
		FUZZ_CHECK(a->last_record[side].type == b->last_record[side].type);
		FUZZ_CHECK(a->last_record[side].len == b->last_record[side].len);
	}
}

static void compare_alerts(const struct pp_tls_facts *a, const struct pp_tls_facts *b)
{
	FUZZ_CHECK(a->alert_count == b->alert_count && a->alert_count <= PP_TLS_ALERTS_MAX);
	for (unsigned i = 0; i < a->alert_count; i++) {
		FUZZ_CHECK(fuzz_same_mark(a->alerts[i].mark, b->alerts[i].mark));
		FUZZ_CHECK(a->alerts[i].from == b->alerts[i].from && a->alerts[i].encrypted == b->alerts[i].encrypted);
		FUZZ_CHECK(a->alerts[i].level == b->alerts[i].level && a->alerts[i].code == b->alerts[i].code);
		FUZZ_CHECK(a->alerts[i].record_len == b->alerts[i].record_len);
	}
}

static void compare(const struct pp_tls_facts *a, const struct pp_tls_facts *b)
{
	compare_texts(a, b);
	compare_marks(a, b);
	compare_alerts(a, b);
	FUZZ_CHECK(a->client_hello_count == b->client_hello_count && a->server_hello_count == b->server_hello_count);
	FUZZ_CHECK(a->client_hello_len == b->client_hello_len && a->partial_client_hello == b->partial_client_hello);
	FUZZ_CHECK(a->client_hello_from_server == b->client_hello_from_server && a->sni_unknown == b->sni_unknown);
	FUZZ_CHECK(a->record_version == b->record_version && a->legacy_version == b->legacy_version);
	FUZZ_CHECK(a->offered_count == b->offered_count && memcmp(a->offered, b->offered, sizeof(a->offered)) == 0);
	FUZZ_CHECK(a->version == b->version && a->cipher == b->cipher && a->resumed == b->resumed);
	FUZZ_CHECK(a->hello_retry == b->hello_retry && a->downgrade == b->downgrade && a->complete == b->complete);
	FUZZ_CHECK(a->client_certificate_len == b->client_certificate_len);
	FUZZ_CHECK(a->certificates_cut == b->certificates_cut && a->not_tls_http == b->not_tls_http);
	FUZZ_CHECK(a->server_first_unseen == b->server_first_unseen && a->clipped == b->clipped);
	FUZZ_CHECK(a->server_record_cut == b->server_record_cut);
	FUZZ_CHECK(a->client_first_count == b->client_first_count && a->server_first_count == b->server_first_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_cur cur = pp_cur(data, size, PP_MORE);
	uint32_t seed = pp_cur_u32(&cur) | 1;
	struct pp_certificates *certificates = pp_certificates_new(64, fuzz_key);
	struct pp_tls_hellos *hellos = pp_tls_hellos_new(); /* for one of the two */
	struct session whole, pieces;

	if (certificates && run(&whole, certificates, NULL, cur, 0) && run(&pieces, certificates, hellos, cur, seed)) {
		if (!whole.lost && !pieces.lost)
			compare(pp_tls_facts(whole.tls), pp_tls_facts(pieces.tls));
		end(&pieces);
		end(&whole);
	}
	pp_tls_hellos_free(hellos);
	pp_certificates_free(certificates);
	return 0;
}

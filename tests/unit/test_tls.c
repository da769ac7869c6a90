#include "dissect/tls_state.h"

#include "../support/guard.h"
#include "dissect/x509.h"
#include "tls_sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define BYTES(text) ((struct pp_span){ (const uint8_t *)(text), sizeof(text) - 1 })

struct run {
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_certificates *certificates;
	struct pp_tls *tls;
	uint32_t packet;
	bool hello; /* the bytes sent last completed one */
};

static void start(struct run *run)
{
	*run = (struct run){ 0 };
	pp_pool_init(&run->pool, 0);
	pp_arena_init(&run->arena, &run->pool);
	run->certificates = pp_certificates_new(16, (struct pp_hash_key){ { 1, 2 } });
	run->tls = pp_tls_new(&run->arena, run->certificates, NULL);
	assert_non_null(run->tls);
}

static void stop(struct run *run)
{
	pp_tls_free(run->tls);
	pp_certificates_free(run->certificates);
	pp_arena_reset(&run->arena);
	pp_pool_done(&run->pool);
}

static void send_bytes(struct run *run, enum pp_side side, struct pp_span bytes)
{
	struct pp_talk_after after;

	run->packet++;
	after = pp_tls_data(run->tls, side, bytes, &(struct pp_mark){ .packet = run->packet, .ts = run->packet });
	assert_int_equal(after.opaque, pp_tls_opaque(run->tls, side));
	run->hello = after.request;
}
#define SEND(run, side, text) send_bytes(run, side, BYTES(text))

static void send_hex(struct run *run, enum pp_side side, const char *hex)
{
	size_t len;
	uint8_t *bytes = hex_bytes(hex, &len);

	send_bytes(run, side, (struct pp_span){ bytes, len });
	free(bytes);
}

/* What says nothing may be skipped: the number of bytes that were, here, up to all of them. */
static size_t skip_some(struct run *run, enum pp_side side, size_t left, struct pp_mark mark)
{
	uint32_t most = pp_tls_opaque(run->tls, side), n = most < left ? most : (uint32_t)left;

	if (n > 0)
		pp_tls_skip(run->tls, side, n, mark);
	return n;
}

enum { SKIPPING = 1 << 30 };

/* Every chunk of the session under one packet number, cut in two at `cut`; 0: not cut, SIZE_MAX: byte by byte, SKIPPING:
 * the same, but without what says nothing. */
static void play(struct run *run, const struct tls_chunk *chunks, unsigned count, size_t cut)
{
	for (unsigned i = 0; i < count && chunks[i].side >= 0; i++) {
		size_t len;
		uint8_t *bytes = hex_bytes(chunks[i].hex, &len);
		struct pp_mark mark = { .packet = i + 1, .ts = i + 1 };
		bool bytewise = cut == SIZE_MAX || cut == SKIPPING;
		size_t step = bytewise ? 1 : cut && cut < len ? cut : len;

		for (size_t at = 0; at < len; at += step) {
			if (cut == SKIPPING)
				at += skip_some(run, (enum pp_side)chunks[i].side, len - at, mark);
			if (at == len)
				break;
			if (at > 0 && !bytewise)
				step = len - at;
			pp_tls_data(run->tls, (enum pp_side)chunks[i].side, (struct pp_span){ bytes + at, step },
				    &mark);
		}
		free(bytes);
	}
	pp_tls_finish(run->tls);
}

/* --- facts as text, to compare runs --- */

struct text {
	char s[16384];
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->n += (size_t)vsnprintf(text->s + text->n, sizeof(text->s) - text->n, format, args);
	va_end(args);
	assert_true(text->n < sizeof(text->s));
}

static const char *or_none(const char *s) { return s ? s : "(none)"; }

static void put_hello(struct text *text, const struct pp_tls_facts *f)
{
	put(text, "hello %u..%u n=%u len=%u from_server=%d partial=%d\n", f->client_hello_begin.packet,
	    f->client_hello.packet, f->client_hello_count, f->client_hello_len, f->client_hello_from_server,
	    f->partial_client_hello);
	put(text, "sni %s unknown=%d record=%x legacy=%x ja4=%s ciphers=%u\n", or_none(f->sni), f->sni_unknown,
	    f->record_version, f->legacy_version, f->ja4, f->cipher_count);
	for (unsigned i = 0; i < f->offered_count; i++)
		put(text, "offered %x\n", f->offered[i]);
	for (unsigned i = 0; i < f->alpn_count; i++)
		put(text, "alpn %s\n", f->alpn[i]);
	put(text, "psk=%d pq=%d sid=%d\n", f->offers_psk, f->post_quantum, f->session_id_offered);
}

static void put_handshake(struct text *text, const struct pp_tls_facts *f)
{
	put(text, "server %u n=%u version=%x cipher=%x alpn=%s resumed=%d downgrade=%d retry=%d done=%u\n",
	    f->server_hello.packet, f->server_hello_count, f->version, f->cipher, or_none(f->selected_alpn), f->resumed,
	    f->downgrade, f->hello_retry, f->server_hello_done.packet);
	for (unsigned i = 0; i < f->certificate_count; i++)
		put(text, "certificate %s by %s\n", or_none(f->certificates[i]->subject),
		    or_none(f->certificates[i]->issuer));
	put(text, "certificate %u cut=%d request=%u client=%u len=%u\n", f->certificate.packet, f->certificates_cut,
	    f->certificate_request.packet, f->client_certificate.packet, f->client_certificate_len);
	for (unsigned i = 0; i < f->client_first_count; i++)
		put(text, "client_first %u\n", f->client_first[i].len);
	for (unsigned i = 0; i < f->server_first_count; i++)
		put(text, "server_first %u\n", f->server_first[i].len);
}

static void put_rest(struct text *text, const struct pp_tls_facts *f)
{
	put(text, "complete=%d %u\n", f->complete, f->complete_mark.packet);
	for (unsigned i = 0; i < 2; i++)
		put(text, "side %u: ccs=%u finished=%u app=%u bytes=%llu last=%u/%u@%u lost=%d\n", i, f->ccs[i].packet,
		    f->finished[i].packet, f->app_data[i].packet, (unsigned long long)f->app_bytes[i],
		    f->last_record[i].type, f->last_record[i].len, f->last_record_mark[i].packet, f->desynchronised[i]);
	for (unsigned i = 0; i < f->alert_count; i++)
		put(text, "alert %u from=%d encrypted=%d %u/%u len=%u\n", f->alerts[i].mark.packet, f->alerts[i].from,
		    f->alerts[i].encrypted, f->alerts[i].level, f->alerts[i].code, f->alerts[i].record_len);
	put(text, "not_tls %u http=%d %s unseen=%d clipped=%d\n", f->not_tls.packet, f->not_tls_http, f->not_tls_head,
	    f->server_first_unseen, f->clipped);
}

static void facts_text(const struct run *run, struct text *text)
{
	const struct pp_tls_facts *facts = pp_tls_facts(run->tls);

	text->n = 0;
	put_hello(text, facts);
	put_handshake(text, facts);
	put_rest(text, facts);
}

/* --- whole sessions --- */

static const struct tls_chunk *const sessions[] = {
	tls12_client_certificate, tls12_resumed, tls13_client_certificate,
	tls13_no_certificate,     tls13_retry,   tls13_untrusted,
};

static size_t longest_chunk(const struct tls_chunk *chunks)
{
	size_t longest = 0;

	for (; chunks->side >= 0; chunks++)
		longest = strlen(chunks->hex) / 2 > longest ? strlen(chunks->hex) / 2 : longest;
	return longest;
}

static void check_cut(const struct tls_chunk *chunks, size_t cut, const struct text *whole)
{
	struct text text;
	struct run run;

	start(&run);
	play(&run, chunks, UINT32_MAX, cut);
	facts_text(&run, &text);
	assert_string_equal(text.s, whole->s);
	stop(&run);
}

static void facts_do_not_depend_on_cuts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
		struct text whole;
		struct run run;

		start(&run);
		play(&run, sessions[i], UINT32_MAX, 0);
		facts_text(&run, &whole);
		stop(&run);
		for (size_t cut = 1; cut < longest_chunk(sessions[i]); cut++)
			check_cut(sessions[i], cut, &whole);
		check_cut(sessions[i], SIZE_MAX, &whole);
		check_cut(sessions[i], SKIPPING, &whole);
	}
}

/* Of a record of application data all but the last byte; of anything else nothing. */
static void what_says_nothing(void **state)
{
	struct pp_mark mark = { .packet = 9, .ts = 9 };
	struct run run;

	(void)state;
	start(&run);
	SEND(&run, PP_SERVER, "\x16\x03\x03\x00\x10\x0b");
	assert_int_equal(pp_tls_opaque(run.tls, PP_SERVER), 0);
	SEND(&run, PP_CLIENT, "\x17\x03\x03\x00\x10");
	assert_int_equal(pp_tls_opaque(run.tls, PP_CLIENT), 15);
	pp_tls_skip(run.tls, PP_CLIENT, 16, mark); /* too many: not taken */
	assert_int_equal(pp_tls_opaque(run.tls, PP_CLIENT), 15);
	pp_tls_skip(run.tls, PP_CLIENT, 15, mark);
	assert_int_equal(pp_tls_opaque(run.tls, PP_CLIENT), 0);
	assert_int_equal(pp_tls_facts(run.tls)->last_record[PP_CLIENT].len, 0);
	SEND(&run, PP_CLIENT, "x");
	assert_int_equal(pp_tls_facts(run.tls)->last_record[PP_CLIENT].len, 16);
	stop(&run);
}

/* Each beginning of the conversation, byte by byte, against an inaccessible page. */
static void every_prefix(void **state)
{
	const struct tls_chunk *chunks = tls12_client_certificate;
	struct pp_guard guard = pp_guard_open(longest_chunk(chunks));

	(void)state;
	for (unsigned last = 0; last < 3; last++) {
		size_t len;
		uint8_t *bytes = hex_bytes(chunks[last].hex, &len);

		for (size_t n = 0; n <= len; n++) {
			struct run run;

			start(&run);
			play(&run, chunks, last, 0);
			send_bytes(&run, (enum pp_side)chunks[last].side,
				   (struct pp_span){ pp_guard_bytes(&guard, bytes, n), n });
			pp_tls_finish(run.tls);
			assert_int_equal(pp_tls_facts(run.tls)->client_hello_count, last > 0 || n == len);
			assert_int_equal(pp_tls_facts(run.tls)->partial_client_hello, last == 0 && n > 5 && n < len);
			stop(&run);
		}
		free(bytes);
	}
	pp_guard_close(&guard);
}

static void full_handshake_12(void **state)
{
	struct run run;
	const struct pp_tls_facts *facts;

	(void)state;
	start(&run);
	play(&run, tls12_client_certificate, UINT32_MAX, 0);
	facts = pp_tls_facts(run.tls);
	assert_int_equal(facts->client_hello.packet, 1);
	assert_string_equal(facts->sni, "server.test");
	assert_int_equal(facts->offered_count, 1);
	assert_int_equal(facts->offered[0], PP_TLS_1_2);
	assert_int_equal(facts->version, PP_TLS_1_2);
	assert_string_equal(facts->selected_alpn, "http/1.1");
	assert_false(facts->resumed);
	assert_int_equal(facts->certificate_count, 2);
	assert_string_equal(facts->certificates[0]->subject_cn, "server.test");
	assert_true(facts->certificates[1]->self_issued);
	assert_int_equal(facts->certificate_request.packet, 2);
	assert_int_equal(facts->server_hello_done.packet, 2);
	assert_int_equal(facts->client_certificate.packet, 3);
	assert_true(facts->client_certificate_len > 400);
	assert_int_equal(facts->finished[PP_CLIENT].packet, 3);
	assert_int_equal(facts->finished[PP_SERVER].packet, 4);
	assert_true(facts->complete);
	assert_int_equal(facts->app_data[PP_CLIENT].packet, 5);
	assert_int_equal(facts->app_data[PP_SERVER].packet, 6);
	assert_int_equal(facts->alert_count, 2);
	assert_true(facts->alerts[0].encrypted);
	assert_int_equal(facts->alerts[0].record_len, 26);
	stop(&run);
}

static void resumed_by_ticket_12(void **state)
{
	struct run run;
	const struct pp_tls_facts *facts;

	(void)state;
	start(&run);
	play(&run, tls12_resumed, UINT32_MAX, 0);
	facts = pp_tls_facts(run.tls);
	assert_true(facts->resumed);
	assert_true(facts->complete);
	assert_true(facts->offers_psk);
	assert_int_equal(facts->certificate_count, 0);
	assert_int_equal(facts->complete_mark.packet, 3);
	stop(&run);
}

static void handshakes_13(void **state)
{
	struct run run;
	const struct pp_tls_facts *facts;

	(void)state;
	start(&run);
	play(&run, tls13_client_certificate, UINT32_MAX, 0);
	facts = pp_tls_facts(run.tls);
	assert_int_equal(facts->version, PP_TLS_1_3);
	assert_true(facts->complete);
	assert_int_equal(facts->client_first[2].len, 69);
	assert_true(facts->alerts[facts->alert_count - 1].encrypted);
	stop(&run);

	start(&run);
	play(&run, tls13_no_certificate, UINT32_MAX, 0);
	facts = pp_tls_facts(run.tls);
	assert_int_equal(facts->client_first[0].len, 25);
	assert_true(facts->complete);
	assert_int_equal(facts->alert_count, 1);
	assert_int_equal(facts->alerts[0].from, PP_SERVER);
	assert_int_equal(facts->alerts[0].record_len, 19);
	assert_false(pp_seen(facts->app_data[PP_SERVER]));
	stop(&run);

	start(&run);
	play(&run, tls13_untrusted, UINT32_MAX, 0);
	facts = pp_tls_facts(run.tls);
	assert_false(facts->complete);
	assert_int_equal(facts->alert_count, 1);
	assert_false(facts->alerts[0].encrypted);
	assert_int_equal(facts->alerts[0].code, 48);
	stop(&run);
}

static void hello_retry(void **state)
{
	struct run run;
	const struct pp_tls_facts *facts;

	(void)state;
	start(&run);
	play(&run, tls13_retry, UINT32_MAX, 0);
	facts = pp_tls_facts(run.tls);
	assert_true(facts->hello_retry);
	assert_int_equal(facts->client_hello_count, 2);
	assert_int_equal(facts->client_hello.packet, 1);
	assert_int_equal(facts->server_hello_count, 2);
	assert_int_equal(facts->server_hello.packet, 2);
	assert_true(facts->complete);
	stop(&run);
}

static void take_hello(void **state)
{
	struct run run;

	(void)state;
	start(&run);
	send_hex(&run, PP_CLIENT, tls13_retry[0].hex);
	assert_true(run.hello);
	assert_false(pp_tls_take_hello(run.tls));
	send_hex(&run, PP_SERVER, tls13_retry[1].hex);
	assert_false(run.hello);
	send_hex(&run, PP_CLIENT, tls13_retry[2].hex);
	assert_true(run.hello);
	stop(&run);
}

/* --- hellos --- */

/* Letters become small, whatever stands beside them; nothing else changes. */
static void host_in_lower_case(void **state)
{
	struct run run;
	size_t len, sni_len, at = 0;
	uint8_t *bytes = hex_bytes(tls13_retry[0].hex, &len);
	static const char odd[] = "@AZ[`az{\xc1\xda\x7fQ";
	const char *sni;

	(void)state;
	start(&run);
	send_bytes(&run, PP_CLIENT, (struct pp_span){ bytes, len });
	sni = pp_tls_facts(run.tls)->sni;
	sni_len = strlen(sni);
	while (strncasecmp((const char *)bytes + at, sni, sni_len) != 0)
		at++;
	for (size_t i = 0; i < sni_len; i++)
		bytes[at + i] = (uint8_t)odd[i % (sizeof(odd) - 1)];
	stop(&run);
	start(&run);
	send_bytes(&run, PP_CLIENT, (struct pp_span){ bytes, len });
	sni = pp_tls_facts(run.tls)->sni;
	for (size_t i = 0; i < sni_len; i++) {
		uint8_t c = bytes[at + i];

		assert_int_equal((uint8_t)sni[i], c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	stop(&run);
	free(bytes);
}

/* The same hello, one byte a record. */
static void hello_over_many_records(void **state)
{
	size_t len;
	uint8_t *bytes = hex_bytes(pq_client_hello, &len);
	struct run run;

	(void)state;
	start(&run);
	for (size_t i = 5; i < len; i++) {
		uint8_t record[6] = { 22, 3, 1, 0, 1, bytes[i] };

		send_bytes(&run, PP_CLIENT, (struct pp_span){ record, sizeof(record) });
	}
	assert_int_equal(pp_tls_facts(run.tls)->client_hello_begin.packet, 1);
	assert_int_equal(pp_tls_facts(run.tls)->client_hello.packet, len - 5);
	assert_string_equal(pp_tls_facts(run.tls)->sni, "www.youtube.com");
	assert_string_equal(pp_tls_facts(run.tls)->ja4, "t13d1715h2_5b57614c22b0_a54fffd0eb61");
	assert_true(pp_tls_facts(run.tls)->post_quantum);
	free(bytes);
	stop(&run);
}

static void hello_from_the_server_side(void **state)
{
	struct run run;
	const struct pp_tls_facts *facts;

	(void)state;
	start(&run);
	send_hex(&run, PP_SERVER, tls12_client_certificate[0].hex);
	send_hex(&run, PP_CLIENT, tls12_client_certificate[1].hex);
	pp_tls_finish(run.tls);
	facts = pp_tls_facts(run.tls);
	assert_true(facts->client_hello_from_server);
	assert_int_equal(facts->server_hello_count, 1);
	assert_int_equal(facts->certificate_count, 2);
	stop(&run);
}

/* A ClientHello in SSLv2 format that offers TLS 1.0, answered with a record; and one that offers SSL 2.0 only. */
static void v2_format(void **state)
{
	static const char hello[] = "\x80\x1c\1\3\1\0\3\0\0\0\x10\0\0\x2f"
				    "0123456789abcdef";
	static const char old[] = "\x80\x1c\1\0\2\0\3\0\0\0\x10\1\0\x80"
				  "0123456789abcdef";
	struct run run;
	const struct pp_tls_facts *facts;

	(void)state;
	start(&run);
	for (size_t i = 0; i < sizeof(hello) - 1; i++)
		send_bytes(&run, PP_CLIENT, (struct pp_span){ (const uint8_t *)hello + i, 1 });
	SEND(&run, PP_SERVER, "\x15\3\1\0\2\2\x46");
	facts = pp_tls_facts(run.tls);
	assert_int_equal(facts->client_hello_count, 1);
	assert_int_equal(facts->client_hello_len, 28);
	assert_int_equal(facts->record_version, PP_SSL_2);
	assert_int_equal(facts->legacy_version, PP_TLS_1_0);
	assert_int_equal(facts->offered[0], PP_TLS_1_0);
	assert_null(facts->sni);
	assert_int_equal(facts->alerts[0].code, 70);
	stop(&run);

	start(&run);
	send_bytes(&run, PP_CLIENT, BYTES(old));
	SEND(&run, PP_SERVER, "\x80\x07\4\0\1\0\2xx what follows is no record");
	facts = pp_tls_facts(run.tls);
	assert_int_equal(facts->version, PP_SSL_2);
	assert_int_equal(facts->server_hello_count, 1);
	assert_false(pp_seen(facts->not_tls));
	stop(&run);
}

/* --- what is no TLS, and alerts --- */

static void not_tls(void **state)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\n";
	struct run run;
	const struct pp_tls_facts *facts;

	(void)state;
	for (size_t cut = 1; cut < sizeof(answer) - 1; cut++) {
		start(&run);
		send_hex(&run, PP_CLIENT, pq_client_hello);
		send_bytes(&run, PP_SERVER, (struct pp_span){ (const uint8_t *)answer, cut });
		send_bytes(&run, PP_SERVER,
			   (struct pp_span){ (const uint8_t *)answer + cut, sizeof(answer) - 1 - cut });
		facts = pp_tls_facts(run.tls);
		assert_int_equal(facts->not_tls.packet, 2);
		assert_true(facts->not_tls_http);
		assert_string_equal(facts->not_tls_head, "HTTP/1.1 400 Ba");
		stop(&run);
	}
	start(&run);
	send_hex(&run, PP_CLIENT, pq_client_hello);
	SEND(&run, PP_SERVER, "\x16\3\3\0");
	SEND(&run, PP_SERVER, "\0SSH-2.0\n");
	facts = pp_tls_facts(run.tls);
	assert_int_equal(facts->not_tls.packet, 2);
	assert_false(facts->not_tls_http);
	assert_string_equal(facts->not_tls_head, ".....SSH-2.0.");
	stop(&run);
}

static void plain_alerts(void **state)
{
	struct run run;
	const struct pp_tls_facts *facts;

	(void)state;
	start(&run);
	send_hex(&run, PP_CLIENT, pq_client_hello);
	SEND(&run, PP_SERVER, "\x15\3\1\0\2\1\x70\x15\3\1\0");
	SEND(&run, PP_SERVER, "\2\2");
	assert_int_equal(pp_tls_facts(run.tls)->alert_count, 1);
	SEND(&run, PP_SERVER, "\x28");
	facts = pp_tls_facts(run.tls);
	assert_int_equal(facts->alert_count, 2);
	assert_int_equal(facts->alerts[0].level, 1);
	assert_int_equal(facts->alerts[0].code, 112);
	assert_int_equal(facts->alerts[1].code, 40);
	assert_int_equal(facts->alerts[1].mark.packet, 4);
	for (unsigned i = 0; i < 20; i++)
		SEND(&run, PP_SERVER, "\x15\3\1\0\2\1\x5a");
	SEND(&run, PP_SERVER, "\x15\3\1\0\2\2\x50");
	assert_int_equal(facts->alert_count, PP_TLS_ALERTS_MAX);
	assert_true(facts->clipped);
	assert_int_equal(facts->alerts[PP_TLS_ALERTS_MAX - 1].code, 80);
	stop(&run);
}

/* --- gaps --- */

/* The beginning of a chunk, a gap, and its end. */
static void send_around_gap(struct run *run, enum pp_side side, const char *hex, size_t from, size_t missing)
{
	size_t len;
	uint8_t *bytes = hex_bytes(hex, &len);

	send_bytes(run, side, (struct pp_span){ bytes, from });
	pp_tls_gap(run->tls, side, missing);
	send_bytes(run, side, (struct pp_span){ bytes + from + missing, len - from - missing });
	free(bytes);
}

/* Wherever the hello is torn, that it was sent stays known; what lay before the gap is read. */
static void gap_in_the_client_hello(void **state)
{
	size_t len = strlen(pq_client_hello) / 2;

	(void)state;
	for (size_t from = 9; from < len - 20; from += 13) {
		const struct pp_tls_facts *facts;
		struct run run;

		start(&run);
		send_around_gap(&run, PP_CLIENT, pq_client_hello, from, 20);
		pp_tls_finish(run.tls);
		facts = pp_tls_facts(run.tls);
		assert_int_equal(facts->client_hello_count, 1);
		assert_false(facts->partial_client_hello);
		assert_int_equal(facts->client_hello.packet, 2);
		assert_string_equal(facts->ja4, "");
		assert_int_equal(facts->sni_unknown, facts->sni == NULL);
		if (facts->sni)
			assert_string_equal(facts->sni, "www.youtube.com");
		stop(&run);
	}
}

static void gap_to_the_end_of_the_client_hello(void **state)
{
	size_t len = strlen(pq_client_hello) / 2;
	struct run run;

	(void)state;
	start(&run);
	send_around_gap(&run, PP_CLIENT, pq_client_hello, 200, len - 200);
	assert_int_equal(pp_tls_facts(run.tls)->client_hello_count, 1);
	stop(&run);

	/* Beyond its end nobody can tell what came. */
	start(&run);
	send_around_gap(&run, PP_CLIENT, pq_client_hello, 200, len - 200);
	pp_tls_gap(run.tls, PP_CLIENT, 1);
	assert_true(pp_tls_facts(run.tls)->desynchronised[PP_CLIENT]);
	SEND(&run, PP_CLIENT, "\x15\3\1\0\2\2\x2a");
	assert_false(pp_tls_facts(run.tls)->desynchronised[PP_CLIENT]);
	assert_int_equal(pp_tls_facts(run.tls)->alerts[0].code, 42);
	stop(&run);
}

/* The server's flight with a hole anywhere: never more than was there, and the framing is found again. */
static void gap_in_the_server_flight(void **state)
{
	const struct tls_chunk *chunks = tls12_client_certificate;
	size_t len = strlen(chunks[1].hex) / 2;

	(void)state;
	for (size_t from = 0; from < len - 100; from += 7) {
		const struct pp_tls_facts *facts;
		struct run run;

		start(&run);
		send_hex(&run, PP_CLIENT, chunks[0].hex);
		send_around_gap(&run, PP_SERVER, chunks[1].hex, from, 100);
		send_hex(&run, PP_CLIENT, chunks[2].hex);
		send_hex(&run, PP_SERVER, chunks[3].hex);
		send_hex(&run, PP_CLIENT, chunks[4].hex);
		send_hex(&run, PP_SERVER, chunks[5].hex);
		pp_tls_finish(run.tls);
		facts = pp_tls_facts(run.tls);
		assert_true(facts->server_hello_count <= 1);
		assert_true(facts->certificate_count <= 2);
		assert_true(facts->certificate_count == 2 || facts->certificates_cut || !pp_seen(facts->certificate));
		assert_int_equal(facts->certificate_count > 0 && !pp_seen(facts->certificate), false);
		assert_false(facts->resumed);
		assert_int_equal(facts->certificate_count > 0 && facts->certificates[0]->unparsed, false);
		if (from > 200)
			assert_true(facts->complete);
		stop(&run);
	}
}

static void gap_in_application_data(void **state)
{
	struct run run;
	const struct pp_tls_facts *facts;

	(void)state;
	start(&run);
	play(&run, tls12_client_certificate, 5, 0);
	SEND(&run, PP_SERVER, "\x17\3\3\x10\0 data");
	pp_tls_gap(run.tls, PP_SERVER, 0x1000 - 5);
	SEND(&run, PP_SERVER,
	     "\x15\3\3\0\x1a"
	     "12345678901234567890123456");
	facts = pp_tls_facts(run.tls);
	assert_false(facts->desynchronised[PP_SERVER]);
	assert_int_equal(facts->app_bytes[PP_SERVER], 0x1000);
	assert_true(facts->alerts[facts->alert_count - 1].encrypted);
	stop(&run);
}

static bool cut_behind(const char *bytes, size_t len, uint64_t missing)
{
	struct run run;
	bool cut;

	start(&run);
	play(&run, tls12_client_certificate, 5, 0);
	send_bytes(&run, PP_SERVER, (struct pp_span){ (const uint8_t *)bytes, len });
	pp_tls_gap(run.tls, PP_SERVER, missing);
	pp_tls_finish(run.tls);
	cut = pp_tls_facts(run.tls)->server_record_cut;
	stop(&run);
	return cut;
}

static void end_inside_a_record(void **state)
{
	static const char data[] = "\x17\3\3\0\6 data ";

	(void)state;
	for (size_t len = 0; len < sizeof(data); len++)
		assert_int_equal(cut_behind(data, len, 0), len > 0 && len < sizeof(data) - 1);
	assert_false(cut_behind(data, 8, 1)); /* the capture has lost the next byte, and perhaps the others */
	assert_false(cut_behind(data, 3, 9));
}

static void joined_midway(void **state)
{
	struct run run;
	const struct pp_tls_facts *facts;

	(void)state;
	start(&run);
	SEND(&run, PP_SERVER, "the middle of a record");
	SEND(&run, PP_CLIENT,
	     "\x17\3\3\0\x04"
	     "abcd");
	SEND(&run, PP_SERVER,
	     "\x17\3\3\0\x04"
	     "abcd\x15\3\3\0\x1a"
	     "12345678901234567890123456");
	/* An encrypted handshake message that happens to begin with the type of a ClientHello. */
	SEND(&run, PP_CLIENT, "\x16\3\3\0\x28\1\xff\xff 5678901234567890123456789012345678901234");
	pp_tls_finish(run.tls);
	facts = pp_tls_facts(run.tls);
	assert_int_equal(facts->app_bytes[PP_CLIENT], 4);
	assert_int_equal(facts->app_bytes[PP_SERVER], 4);
	assert_int_equal(facts->alert_count, 1);
	assert_true(facts->server_first_unseen);
	assert_false(facts->desynchronised[PP_SERVER]);
	assert_false(pp_seen(facts->client_hello_begin));
	assert_false(facts->partial_client_hello);
	stop(&run);
}

/* --- hostile --- */

/* A length that promises 16 MiB holds nothing, and the session goes on behind it. */
static void absurd_message(void **state)
{
	struct run run;
	const struct pp_tls_facts *facts;

	(void)state;
	start(&run);
	send_hex(&run, PP_CLIENT, pq_client_hello);
	send_hex(&run, PP_SERVER, "160303000802000004ffffffff");
	SEND(&run, PP_SERVER, "\x16\3\3\0\4\x0b\xff\xff\xff");
	for (unsigned i = 0; i < 1100; i++) {
		static const uint8_t zero[0x4000];

		SEND(&run, PP_SERVER, "\x16\3\3\x40\0");
		send_bytes(&run, PP_SERVER, (struct pp_span){ zero, sizeof(zero) });
	}
	SEND(&run, PP_SERVER, "\x15\3\3\0\2\2\x50");
	pp_tls_finish(run.tls);
	facts = pp_tls_facts(run.tls);
	assert_true(facts->clipped);
	assert_int_equal(facts->alerts[0].code, 80);
	assert_true(run.pool.bytes < 100000);
	stop(&run);
}

/* An arena that has nothing more to give: facts stay, texts are missing, nothing breaks. */
static void no_memory(void **state)
{
	struct run run;

	(void)state;
	start(&run);
	run.pool.cap = run.pool.bytes;
	while (pp_arena_alloc(&run.arena, 1))
		continue;
	play(&run, tls12_client_certificate, UINT32_MAX, 0);
	assert_true(pp_tls_facts(run.tls)->complete);
	assert_true(pp_tls_facts(run.tls)->clipped);
	stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_do_not_depend_on_cuts),
		cmocka_unit_test(what_says_nothing),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(full_handshake_12),
		cmocka_unit_test(resumed_by_ticket_12),
		cmocka_unit_test(handshakes_13),
		cmocka_unit_test(hello_retry),
		cmocka_unit_test(host_in_lower_case),
		cmocka_unit_test(take_hello),
		cmocka_unit_test(hello_over_many_records),
		cmocka_unit_test(hello_from_the_server_side),
		cmocka_unit_test(v2_format),
		cmocka_unit_test(not_tls),
		cmocka_unit_test(plain_alerts),
		cmocka_unit_test(gap_in_the_client_hello),
		cmocka_unit_test(gap_to_the_end_of_the_client_hello),
		cmocka_unit_test(gap_in_the_server_flight),
		cmocka_unit_test(gap_in_application_data),
		cmocka_unit_test(end_inside_a_record),
		cmocka_unit_test(joined_midway),
		cmocka_unit_test(absurd_message),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

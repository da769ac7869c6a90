#include "dissect/tls_record.h"

#include "../support/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A ChangeCipherSpec, an empty and a full record of application data, an alert. */
static const uint8_t records[] = {
	20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 0, 23, 3, 3, 0, 3, 'a', 'b', 'c', 21, 3, 1, 0, 2, 2, 48,
};

static struct pp_span span(const void *bytes, size_t len) { return (struct pp_span){ bytes, len }; }

/* What a framer made of the bytes, independent of how they were cut. */
struct seen {
	unsigned begins, ends, types[8], lens[8];
	uint8_t body[64];
	size_t body_len;
	enum pp_tls_found last;
};

static void feed(struct pp_tls_framer *framer, struct pp_span bytes, struct seen *seen)
{
	struct pp_cur cur = pp_cur_span(bytes, PP_MORE);
	struct pp_tls_piece piece;

	while ((seen->last = pp_tls_framer_next(framer, &cur, &piece)) == PP_TLS_PIECE) {
		seen->begins += piece.begins;
		if (piece.body.len)
			memcpy(seen->body + seen->body_len, piece.body.p, piece.body.len);
		seen->body_len += piece.body.len;
		if (piece.ends) {
			seen->types[seen->ends] = piece.record.type;
			seen->lens[seen->ends++] = piece.record.len;
		}
	}
}

static void check_records(const struct seen *seen)
{
	assert_int_equal(seen->last, PP_TLS_NOTHING);
	assert_int_equal(seen->begins, 4);
	assert_int_equal(seen->ends, 4);
	assert_int_equal(seen->types[0], PP_TLS_CHANGE_CIPHER_SPEC);
	assert_int_equal(seen->types[3], PP_TLS_ALERT);
	assert_int_equal(seen->lens[1], 0);
	assert_int_equal(seen->lens[2], 3);
	assert_int_equal(seen->body_len, 6);
	assert_memory_equal(seen->body, "\1abc\2\60", 6);
}

static void whole_and_split(void **state)
{
	struct pp_guard guard = pp_guard_open(sizeof(records));

	(void)state;
	for (size_t cut = 0; cut <= sizeof(records); cut++) {
		struct pp_tls_framer framer = { 0 };
		struct seen seen = { 0 };

		feed(&framer, span(pp_guard_bytes(&guard, records, cut), cut), &seen);
		feed(&framer, span(pp_guard_bytes(&guard, records + cut, sizeof(records) - cut), sizeof(records) - cut),
		     &seen);
		check_records(&seen);
	}
	pp_guard_close(&guard);
}

static void byte_by_byte(void **state)
{
	struct pp_tls_framer framer = { 0 };
	struct seen seen = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(records); i++)
		feed(&framer, span(records + i, 1), &seen);
	check_records(&seen);
}

static void headers_that_fit(void **state)
{
	static const struct {
		uint8_t head[5];
		bool fits;
	} cases[] = {
		{ { 22, 3, 1, 2, 0 }, true },           { { 22, 3, 4, 0x48, 0 }, true },
		{ { 22, 3, 4, 0x48, 1 }, false },       { { 22, 3, 1, 0, 0 }, false },
		{ { 23, 3, 3, 0, 0 }, true },           { { 24, 3, 3, 0, 20 }, true },
		{ { 25, 3, 3, 0, 20 }, false },         { { 19, 3, 3, 0, 20 }, false },
		{ { 22, 2, 0, 0, 20 }, false },         { { 22, 3, 5, 0, 20 }, false },
		{ { 'H', 'T', 'T', 'P', '/' }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(pp_tls_header_fits(span(cases[i].head, 5)), cases[i].fits);
		for (size_t n = 0; cases[i].fits && n < 5; n++)
			assert_true(pp_tls_header_fits(span(cases[i].head, n)));
	}
}

static void v2_hello_only_at_the_start(void **state)
{
	static const uint8_t v2[] = { 0x80, 5, 1, 3, 1, 'x', 'y', 20, 3, 3, 0, 1, 1 };
	struct pp_tls_framer framer = { 0 };
	struct seen seen = { 0 };

	(void)state;
	feed(&framer, span(v2, sizeof(v2)), &seen);
	assert_int_equal(seen.ends, 2);
	assert_int_equal(seen.types[0], PP_TLS_V2_CLIENT_HELLO);
	assert_int_equal(seen.lens[0], 2);
	feed(&framer, span(v2, sizeof(v2)), &seen);
	assert_int_equal(seen.last, PP_TLS_NO_RECORD);
	assert_int_equal(framer.framing, PP_TLS_LOST);
}

static void gap_inside_a_body(void **state)
{
	static const uint8_t head[] = { 23, 3, 3, 0, 10, 'a' };
	struct pp_tls_framer framer = { 0 };
	struct pp_tls_piece piece;
	struct seen seen = { 0 };

	(void)state;
	feed(&framer, span(head, sizeof(head)), &seen);
	assert_true(pp_tls_framer_gap(&framer, 4, &piece));
	assert_false(piece.ends);
	assert_true(pp_tls_framer_gap(&framer, 5, &piece));
	assert_true(piece.ends);
	assert_true(piece.torn);
	feed(&framer, span(records, 6), &seen);
	assert_int_equal(seen.ends, 1);
	assert_int_equal(seen.types[0], PP_TLS_CHANGE_CIPHER_SPEC);
}

static void lost_and_found(void **state)
{
	static const uint8_t wrong_next[] = { 21, 3, 3, 0, 2, 1, 0, 'x' };
	struct pp_tls_framer framer = { 0 };
	struct pp_tls_piece piece;

	(void)state;
	assert_false(pp_tls_framer_gap(&framer, 1, &piece));
	assert_int_equal(framer.framing, PP_TLS_LOST);
	assert_false(pp_tls_framer_resume(&framer, span("abcdefgh", 8)));
	assert_false(pp_tls_framer_resume(&framer, span(records, 4)));
	assert_false(pp_tls_framer_resume(&framer, span(wrong_next, sizeof(wrong_next))));
	assert_true(pp_tls_framer_resume(&framer, span(records, sizeof(records))));
	assert_int_equal(framer.framing, PP_TLS_KEPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_and_split),   cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(headers_that_fit),  cmocka_unit_test(v2_hello_only_at_the_start),
		cmocka_unit_test(gap_inside_a_body), cmocka_unit_test(lost_and_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

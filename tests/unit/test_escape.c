#include "report/escape.h"

#include "support/cmocka_all.h"
#include "support/guard.h"
#include "support/sink.h"

#include <stdlib.h>

static struct pp_out out;

static void check(void (*escape)(struct pp_out *to, const char *text), const char *text, const char *expected)
{
	struct pp_test_sink sink = { .len = 0 };

	pp_out_init(&out, pp_test_sink(&sink));
	escape(&out, text);
	assert_int_equal(pp_out_flush(&out), PP_OK);
	assert_string_equal(sink.text ? sink.text : "", expected);
	pp_test_sink_done(&sink);
}

static void test_show(void **state)
{
	(void)state;
	check(pp_escape_show, "", "");
	check(pp_escape_show, "plain \"text\" \\ ~", "plain \"text\" \\ ~");
	check(pp_escape_show, "\033[31mred\007", "\\x1b[31mred\\x07");
	check(pp_escape_show, "a\nb\tc\r\x7f", "a\\x0ab\\x09c\\x0d\\x7f");
	check(pp_escape_show,
	      "\xc2\x9b"
	      "31m",
	      "\\u{009b}31m");
	check(pp_escape_show,
	      "\xe2\x80\xae"
	      "gpj.exe",
	      "\\u{202e}gpj.exe");
	check(pp_escape_show, "\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}");
	check(pp_escape_show, "\xf3\xa0\x81\x81", "\\u{e0041}");
	check(pp_escape_show, "\xe6\x8e\xa5\xe7\xb6\x9a na\xc3\xafve", "\xe6\x8e\xa5\xe7\xb6\x9a na\xc3\xafve");
	check(pp_escape_show, "\xff\xfe", "\\xff\\xfe");
	check(pp_escape_show, "cut \xe6\x8e", "cut \\xe6\\x8e");
}

static void test_json(void **state)
{
	(void)state;
	check(pp_escape_json, "a\"b\\c/", "a\\\"b\\\\c/");
	check(pp_escape_json, "\n\x01\x7f", "\\u000a\\u0001\\u007f");
	check(pp_escape_json, "\xe2\x80\xae", "\\u202e");
	check(pp_escape_json, "\xf3\xa0\x81\x81", "\\udb40\\udc41");
	check(pp_escape_json, "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
	check(pp_escape_json, "\xe6\x8e\xa5", "\xe6\x8e\xa5");
}

/* One U+FFFD for each maximal part of a broken sequence, as decoders do. */
static void test_json_invalid(void **state)
{
	static const struct {
		const char *text;
		int replaced;
	} rows[] = {
		{ "\x80", 1 },
		{ "\xc0\xaf", 2 },
		{ "\xe0\x80\xaf", 3 },
		{ "\xed\xa0\x80", 3 },
		{ "\xf4\x90\x80\x80", 4 },
		{ "\xe6\x8e", 1 },
		{ "\xf0\x9f\x98", 1 },
		{ "\xf8", 1 },
		{ "\xe6\xe6\x8e\xa5", 1 },
		{ "\xc2", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pp_test_sink sink = { .len = 0 };
		int found = 0;

		pp_out_init(&out, pp_test_sink(&sink));
		pp_escape_json(&out, rows[i].text);
		assert_int_equal(pp_out_flush(&out), PP_OK);
		for (const char *at = sink.text; (at = strstr(at, "\xef\xbf\xbd")) != NULL; at += 3)
			found++;
		assert_int_equal(found, rows[i].replaced);
		pp_test_sink_done(&sink);
	}
}

/* Every two bytes, and cut sequences of every lead byte, in front of an inaccessible page: nothing is read beyond the
 * end, and what comes out is plain. */
static void test_no_byte_too_far(void **state)
{
	struct pp_guard guard = pp_guard_open(8);
	char safe[PP_RUNE_TEXT];

	(void)state;
	for (unsigned i = 1; i < 0x10000; i++) {
		const uint8_t bytes[3] = { (uint8_t)(i >> 8 ? i >> 8 : 'x'), (uint8_t)(i & 0xff ? i & 0xff : 'y'), 0 };
		const char *text = (const char *)pp_guard_bytes(&guard, bytes, sizeof(bytes));

		while (*text) {
			struct pp_rune rune = pp_rune(text);

			assert_in_range(rune.len, 1, 4);
			pp_rune_show(text, rune, safe);
			for (const char *at = safe; *at; at++)
				assert_false((unsigned char)*at < 0x20 || *at == 0x7f);
			text += rune.len;
		}
	}
	pp_guard_close(&guard);
}

/* Every byte at every place of texts of every length around the eight that are looked at together. */
static void test_plain_run(void **state)
{
	struct pp_guard guard = pp_guard_open(32);

	(void)state;
	for (size_t len = 0; len < 26; len++) {
		for (size_t at = 0; at < len; at++) {
			for (unsigned byte = 1; byte < 256; byte++) {
				bool plain = byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
				uint8_t text[32];

				memset(text, at % 2 ? '~' : ' ', sizeof(text));
				text[at] = (uint8_t)byte;
				assert_int_equal(pp_escape_plain((const char *)pp_guard_bytes(&guard, text, len), len),
						 plain ? len : at);
			}
		}
	}
	pp_guard_close(&guard);
}

static void test_columns(void **state)
{
	(void)state;
	assert_int_equal(pp_text_columns("abc"), 3);
	assert_int_equal(pp_text_columns("\xe6\x8e\xa5\xe7\xb6\x9a"), 4);
	assert_int_equal(pp_text_columns("e\xcc\x81"), 1);
	assert_int_equal(pp_text_columns("\x1b"), 4);
}

/* A text of each length, plain and with one byte that is not at each place; it is read to its end and no further. */
static void test_copy(void **state)
{
	static const char odd[] = { '"', '\\', '\n', '\x1f', '\x7f', '\x80', '\xff' };
	enum { MOST = 70 };
	char to[MOST];

	(void)state;
	for (size_t len = 0; len <= MOST; len++) {
		char *text = malloc(len + !len);

		assert_non_null(text);
		for (size_t i = 0; i < len; i++)
			text[i] = (char)(' ' + 1 + i);
		for (size_t i = 0; i < len; i++)
			if (text[i] == '"' || text[i] == '\\')
				text[i] = '~';
		assert_true(pp_escape_copy(to, text, len));
		assert_memory_equal(to, text, len);
		assert_int_equal(pp_escape_plain(text, len), len);
		for (size_t at = 0; at < len; at++) {
			char kept = text[at];

			text[at] = odd[(at + len) % sizeof(odd)];
			assert_false(pp_escape_copy(to, text, len));
			assert_int_equal(pp_escape_plain(text, len), at);
			text[at] = kept;
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_show),         cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_invalid), cmocka_unit_test(test_no_byte_too_far),
		cmocka_unit_test(test_plain_run),    cmocka_unit_test(test_copy),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

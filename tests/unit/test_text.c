#include "report/escape.h"
#include "report/layout.h"
#include "report/text.h"

#include "support/cmocka_all.h"
#include "support/sample.h"
#include "support/sink.h"

static struct pp_out out;

/* The report of the sample; the caller frees it. */
static char *report(const struct pp_text_options *options)
{
	struct pp_test_sink sink = { .len = 0 };
	struct pp_findings findings;

	pp_findings_init(&findings, pp_sample_paths, 2, options->verbose);
	assert_int_equal(pp_sample_visit(&findings.visitor), PP_OK);
	pp_out_init(&out, pp_test_sink(&sink));
	assert_int_equal(pp_text_write(&findings, options, &out), PP_OK);
	assert_int_equal(pp_out_flush(&out), PP_OK);
	pp_findings_done(&findings);
	return sink.text;
}

static void expect_in_order(const char *text, const char *const *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *found = strstr(text, pieces[i]);

		if (!found)
			fail_msg("'%s' is not in the report, or not there:\n%s", pieces[i], text);
		text = found + strlen(pieces[i]);
	}
}

#define EXPECT_IN_ORDER(text, pieces) expect_in_order(text, pieces, sizeof(pieces) / sizeof((pieces)[0]))

static void expect_width(const char *text, size_t width)
{
	while (*text) {
		char one[1000];
		size_t len = strcspn(text, "\n");

		assert_in_range(len, 0, sizeof(one) - 1);
		memcpy(one, text, len);
		one[len] = '\0';
		if (pp_text_columns(one) > width)
			fail_msg("wider than %zu columns: %s", width, one);
		if (len && one[len - 1] == ' ')
			fail_msg("a space ends the line: '%s'", one);
		text += len + (text[len] == '\n');
	}
}

static void test_report(void **state)
{
	static const char *const pieces[] = {
		"FAULT  The proxy 10.2.0.16:8080 demands",
		"Owner: the proxy team. Certainty: proven.",
		"1. " PP_SAMPLE_HOST " (entra-id): authentication required and not given [PRX-04]",
		"Owner",
		"the proxy team",
		"Seen in",
		"a.pcapng, stream 0: 10.0.0.4:50123 -> 10.2.0.16:8080",
		"2 more attempts",
		"Evidence",
		"#21",
		"CONNECT " PP_SAMPLE_HOST ":443",
		"#22",
		"HTTP 407",
		"b.pcap #7",
		"Alternatives",
		"FW-01 SYN unanswered: 10.2.0.16:8080 answered.",
		"Next test",
		"Remedy",
		"Wireshark",
		"tcp.stream eq 0",
		"What the agent needs",
		"entra-id",
		"required",
		"FAULT",
		"Could not be judged",
		"late.example.com",
		"#39",
		"CAP-08",
		"Failed without consequence",
		"example.com",
		"FW-01",
		"Healthy",
		"example.com",
		"direct",
		"Also noticed",
		"example.com",
		"CAP-08",
		"Capture",
		"a.pcapng: pcapng, packets 40, connections 5",
		"Damaged, analysed up to byte 4096",
		"lost 12 packets",
		"3 packets were captured twice",
		"eth:0x88cc",
		"Limits reached",
	};
	const struct pp_text_options options = { .width = 0 };
	char *text = report(&options);

	(void)state;
	EXPECT_IN_ORDER(text, pieces);
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "Connections and lookups"));
	expect_width(text, PP_WIDTH_DEFAULT);
	free(text);
}

static void test_widths(void **state)
{
	(void)state;
	for (unsigned width = PP_WIDTH_MIN; width <= 120; width++) {
		const struct pp_text_options options = { .width = width, .verbose = true };
		char *text = report(&options);

		expect_width(text, width);
		free(text);
	}
}

static void test_quiet_verbose_color(void **state)
{
	static const char *const lines[] = {
		"Connections and lookups",
		"tcp 0",
		"dns",
		"10.0.0.4:5353 -> 10.0.0.1:53",
	};
	struct pp_text_options options = { .quiet = true };
	char *text = report(&options);

	(void)state;
	assert_non_null(strstr(text, "FAULT  The proxy"));
	assert_null(strstr(text, "Evidence"));
	free(text);
	options = (struct pp_text_options){ .verbose = true, .color = true };
	text = report(&options);
	EXPECT_IN_ORDER(text, lines);
	assert_non_null(strstr(text, "\033[1;31mFAULT\033[0m"));
	free(text);
}

/* The surest of a host's attempts is shown: the host's verdict, and the headline, are made of it. */
static void test_surest_is_shown(void **state)
{
	static const enum pp_grade grades[] = { PP_CONSISTENT, PP_PROVEN, PP_STRONG };
	struct pp_attribution who = { .host = "a.example.com", .category = "other" };
	const struct pp_finding *finding;
	struct pp_findings findings;

	(void)state;
	pp_findings_init(&findings, pp_sample_paths, 2, false);
	for (uint32_t i = 0; i < 3; i++) {
		struct pp_connection conn = { .stream = i, .first = { .packet = i + 1 } };
		struct pp_judgement judgement = { .verdict = { .rule = pp_rule_find("FW-01"),
							       .outcome = PP_OUTCOME_FAULT,
							       .grade = grades[i],
							       .number = i } };

		assert_int_equal(findings.visitor.connection(&findings, &conn, &who, &judgement), PP_OK);
	}
	assert_int_equal(findings.faults.count, 1);
	finding = (const void *)findings.faults.first;
	assert_int_equal(finding->count, 3);
	assert_int_equal(finding->verdict.grade, PP_PROVEN);
	assert_int_equal(finding->verdict.number, 1);
	assert_int_equal(finding->place.stream, 1);
	pp_findings_done(&findings);
}

/* A further host of a connection has its own finding and place, and is no flow of its own. */
static void test_further_host(void **state)
{
	const struct pp_judgement judgement = {
		.verdict = { .rule = pp_rule_find("PRX-07"), .outcome = PP_OUTCOME_FAULT, .grade = PP_PROVEN }
	};
	const struct pp_attribution who = { .host = "b.example.com", .category = "other" };
	const struct pp_connection conn = { .stream = 3, .first = { .packet = 6 }, .last = { .packet = 8 } };
	const struct pp_finding *finding;
	struct pp_findings findings;

	(void)state;
	pp_findings_init(&findings, pp_sample_paths, 2, true);
	assert_int_equal(findings.visitor.host(&findings, &conn, &who, &judgement), PP_OK);
	assert_int_equal(findings.flows.count, 0);
	assert_int_equal(findings.faults.count, 1);
	finding = (const void *)findings.faults.first;
	assert_string_equal(finding->host, "b.example.com");
	assert_true(finding->has_place);
	assert_int_equal(finding->place.stream, 3);
	assert_int_equal(finding->place.last.packet, 8);
	pp_findings_done(&findings);
}

/* Faults beyond the cap are counted, not kept. */
static void test_many_faults(void **state)
{
	const struct pp_attribution who = { .category = "other" };
	const struct pp_text_options options = { .width = 0 };
	const struct pp_conclusion conclusion = { .outcome = PP_OUTCOME_FAULT, .verdict = pp_sample_refusal() };
	struct pp_test_sink sink = { .len = 0 };
	struct pp_findings findings;

	(void)state;
	pp_findings_init(&findings, pp_sample_paths, 2, false);
	for (uint32_t i = 0; i < 1000; i++) {
		const struct pp_judgement judgement = {
			.verdict = pp_sample_verdict(&pp_sample_silent, NULL, i + 1),
		};
		struct pp_connection conn = pp_sample_connection(i);

		conn.server.ip.b[14] = (uint8_t)(i >> 8);
		conn.server.ip.b[15] = (uint8_t)i;
		assert_int_equal(findings.visitor.connection(&findings, &conn, &who, &judgement), PP_OK);
	}
	assert_int_equal(findings.visitor.conclusion(&findings, &conclusion), PP_OK);
	pp_out_init(&out, pp_test_sink(&sink));
	assert_int_equal(pp_text_write(&findings, &options, &out), PP_OK);
	assert_int_equal(pp_out_flush(&out), PP_OK);
	assert_non_null(strstr(sink.text, "200. 10.2.0.199 (other)"));
	assert_null(strstr(sink.text, "201. "));
	assert_non_null(strstr(sink.text, "800 further faults are not shown"));
	pp_findings_done(&findings);
	pp_test_sink_done(&sink);
}

/* ---- The layout by itself ---- */

/* Wraps into the last `columns` columns of a line; `expected` leaves the indent out. */
static void expect_wrapped(const char *text, unsigned columns, const char *expected)
{
	struct pp_test_sink sink = { .len = 0 };
	unsigned indent = PP_WIDTH_MIN - columns;
	char found[1000] = "", *rest = NULL;
	struct pp_layout layout;

	pp_out_init(&out, pp_test_sink(&sink));
	pp_layout_init(&layout, &out, PP_WIDTH_MIN, false);
	pp_layout_to(&layout, indent);
	pp_layout_text(&layout, PP_PLAIN, indent, text);
	pp_layout_end(&layout);
	assert_int_equal(pp_out_flush(&out), PP_OK);
	for (char *line = strtok_r(sink.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		assert_int_equal(strspn(line, " "), indent);
		strcat(found, line + indent);
		strcat(found, "|");
	}
	assert_string_equal(found, expected);
	pp_test_sink_done(&sink);
}

static void test_wrapping(void **state)
{
	(void)state;
	expect_wrapped("", 20, "|");
	expect_wrapped("one two", 20, "one two|");
	expect_wrapped("123456789 123456789 x", 20, "123456789 123456789|x|");
	expect_wrapped("123456789 1234567890", 20, "123456789 1234567890|");
	expect_wrapped("123456789 12345678901", 20, "123456789|12345678901|");
	expect_wrapped("a 1234567890123456789012345", 20, "a|12345678901234567890|12345|");
	expect_wrapped("docs/architecture/rules.md https://x", 20, "docs/architecture/|rules.md https://x|");
	/* Japanese has no spaces and may be parted anywhere but before a closing mark. */
	expect_wrapped("\xe6\x8e\xa5\xe7\xb6\x9a\xe6\x8e\xa5\xe7\xb6\x9a\xe3\x80\x82\xe6\x8e\xa5", 8,
		       "\xe6\x8e\xa5\xe7\xb6\x9a\xe6\x8e\xa5|\xe7\xb6\x9a\xe3\x80\x82\xe6\x8e\xa5|");
}

static void test_table(void **state)
{
	struct pp_test_sink sink = { .len = 0 };
	struct pp_layout layout;
	struct pp_table table;

	(void)state;
	pp_table_init(&table, 3, 1u << 1);
	pp_table_cell(&table, "a");
	pp_table_cell(&table, "1");
	pp_table_cell(&table, "first");
	pp_table_cell(&table, "a.very.long.name.that.takes.more.than.its.share");
	pp_table_cell(&table, "100");
	pp_table_cell(&table, "the second one wraps");
	pp_out_init(&out, pp_test_sink(&sink));
	pp_layout_init(&layout, &out, 60, false);
	pp_table_print(&table, &layout, 0);
	assert_int_equal(pp_out_flush(&out), PP_OK);
	assert_string_equal(sink.text, "a                                    1  first\n"
				       "a.very.long.name.that.takes.more.than.its.share\n"
				       "                                   100  the second one wraps\n");
	pp_table_done(&table);
	pp_test_sink_done(&sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_quiet_verbose_color),
		cmocka_unit_test(test_surest_is_shown),
		cmocka_unit_test(test_further_host),
		cmocka_unit_test(test_many_faults),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

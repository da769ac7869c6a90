#include "report/phrase.h"

#include "support/cmocka_all.h"
#include "support/sample.h"

#include <string.h>

static struct pp_line line;

static void test_rule_texts(void **state)
{
	struct pp_verdict verdict = pp_sample_refusal();

	(void)state;
	pp_line_start(&line);
	pp_phrase_rule(&line, PP_ENGLISH, "{host} {service} {server} {proxy} {device} {n} {odd} {", &verdict);
	assert_string_equal(line.text, PP_SAMPLE_HOST " " PP_SAMPLE_HOST
						      " 10.2.0.16:8080 10.2.0.16:8080 a device on the path 0 {odd} {");
	verdict.host = NULL;
	verdict.server = pp_sample_addr("2001:db8::5", 443);
	verdict.detail = NULL;
	pp_line_start(&line);
	pp_phrase_rule(&line, PP_ENGLISH, "{host}, {service} said {detail} at {address}.", &verdict);
	assert_string_equal(line.text, "[2001:db8::5]:443, an unnamed service said at 2001:db8::5.");
}

/* What the capture says cannot become a placeholder or a format. */
static void test_values_are_not_expanded(void **state)
{
	struct pp_verdict verdict = pp_sample_verdict(&pp_sample_works, "{detail}%s%n", 1);

	(void)state;
	verdict.detail = "secret";
	pp_line_start(&line);
	pp_phrase_summary(&line, PP_ENGLISH, &verdict);
	assert_string_equal(line.text, "{detail}%s%n works.");
}

static void expect(struct pp_evidence evidence, const char *expected)
{
	pp_line_start(&line);
	pp_phrase_evidence(&line, PP_ENGLISH, &evidence);
	assert_string_equal(line.text, expected);
}

static void test_evidence(void **state)
{
	(void)state;
	expect((struct pp_evidence){ .kind = PP_EV_SYN, .a = 1 }, "one SYN from the client");
	expect((struct pp_evidence){ .kind = PP_EV_SYN, .a = 3, .b = 3010 }, "3 SYNs from the client within 3.0 s");
	expect((struct pp_evidence){ .kind = PP_EV_SYN_ACK, .a = 62, .b = -1 }, "SYN-ACK with TTL 62");
	expect((struct pp_evidence){ .kind = PP_EV_SYN_ACK, .a = 62, .b = 410 }, "SYN-ACK with TTL 62 after 0.41 ms");
	expect((struct pp_evidence){ .kind = PP_EV_RST, .a = 64, .b = 117, .text = "RST,ACK" },
	       "RST,ACK with TTL 64; other packets of that address have TTL 117");
	expect((struct pp_evidence){ .kind = PP_EV_ICMP, .a = 3, .b = 13, .addr = pp_sample_addr("10.0.0.1", 0).ip },
	       "communication administratively prohibited (ICMP 3/13) from 10.0.0.1");
	expect((struct pp_evidence){ .kind = PP_EV_ICMP, .a = 1, .b = 1, .addr = pp_sample_addr("fe80::1", 0).ip },
	       "communication administratively prohibited (ICMPv6 1/1) from fe80::1");
	expect((struct pp_evidence){ .kind = PP_EV_HTTP_STATUS, .a = 470 }, "HTTP 470");
	expect((struct pp_evidence){ .kind = PP_EV_HTTP_STATUS, .a = 403, .b = 1, .text = "Forbidden" },
	       "HTTP 403 Forbidden from the proxy");
	expect((struct pp_evidence){ .kind = PP_EV_CREDENTIALS, .a = PP_CREDENTIALS_BASIC },
	       "Basic credentials in the request");
	expect((struct pp_evidence){ .kind = PP_EV_ALERT, .a = 48, .b = 2, .side = PP_CLIENT },
	       "TLS alert unknown_ca(48) (fatal) from the client");
	expect((struct pp_evidence){ .kind = PP_EV_CLIENT_CERTIFICATE },
	       "the client answers with an empty certificate list");
	expect((struct pp_evidence){ .kind = PP_EV_CERTIFICATE_TIME, .a = 0, .b = 86400 * PP_SECOND },
	       "certificate valid from 1970-01-01 to 1970-01-02");
	expect((struct pp_evidence){ .kind = PP_EV_HELLO_ACKED, .a = 0 },
	       "the ClientHello was acknowledged after less than 1 ms");
	expect((struct pp_evidence){ .kind = PP_EV_HELLO_ACKED, .a = 3, .b = 1 },
	       "the request was acknowledged after 3 ms");
	expect((struct pp_evidence){ .kind = PP_EV_HELLO_ACKED, .a = 3 },
	       "the ClientHello was acknowledged after 3 ms");
	expect((struct pp_evidence){ .kind = PP_EV_IDLE, .a = 243 }, "4 min 3 s of silence before it");
	expect((struct pp_evidence){ .kind = PP_EV_DNS_REPLY, .a = 3, .text = "x.test" },
	       "DNS reply NXDOMAIN for x.test");
	expect((struct pp_evidence){ .kind = PP_EV_DNS_QUERY, .a = 65, .b = 2, .text = "x.test" },
	       "DNS query for x.test HTTPS, sent 2 times");
	expect((struct pp_evidence){ .kind = PP_EV_CONTRAST_PATH, .text = "proxy" },
	       "the same name works through the proxy");
}

/* Every kind has words for it, and none of its placeholders stays behind. */
static void test_every_kind(void **state)
{
	static const int64_t values[] = { -1, 0, 1, 2 };

	(void)state;
	for (int kind = 0; kind < PP_EV_KINDS; kind++) {
		for (size_t i = 0; i < 16; i++) {
			const struct pp_evidence evidence = {
				.kind = (enum pp_evidence_kind)kind,
				.a = values[i / 4],
				.b = values[i % 4],
				.text = i % 2 ? "text" : NULL,
				.addr = pp_sample_addr("192.0.2.1", 0).ip,
			};

			pp_line_start(&line);
			pp_phrase_evidence(&line, PP_ENGLISH, &evidence);
			assert_true(line.len > 5);
			assert_null(strpbrk(line.text, "{}"));
		}
	}
}

static void expect_duration(int64_t ns, const char *expected)
{
	pp_line_start(&line);
	pp_line_duration(&line, ns);
	assert_string_equal(line.text, expected);
}

static void test_durations(void **state)
{
	(void)state;
	expect_duration(0, "0 ms");
	expect_duration(310000, "0.31 ms");
	expect_duration(57 * PP_MS, "57 ms");
	expect_duration(7130 * PP_MS, "7.1 s");
	expect_duration(243 * PP_SECOND, "4 min 3 s");
	expect_duration(7260 * PP_SECOND, "2 h 1 min");
	expect_duration(-5 * PP_SECOND, "-5.0 s");
	expect_duration(INT64_MIN, "-2562047 h 47 min");
}

static void test_conclusions(void **state)
{
	struct pp_conclusion conclusion = { .outcome = PP_OUTCOME_OK, .flows_ok = 12 };

	(void)state;
	pp_line_start(&line);
	pp_phrase_conclusion(&line, PP_ENGLISH, &conclusion);
	assert_string_equal(line.text, "No fault found: 12 connections work.");
	conclusion = (struct pp_conclusion){ .outcome = PP_OUTCOME_INCONCLUSIVE };
	pp_line_start(&line);
	pp_phrase_conclusion(&line, PP_ENGLISH, &conclusion);
	assert_string_equal(line.text, "Nothing could be concluded: the capture holds no connection to judge.");
	conclusion = (struct pp_conclusion){
		.outcome = PP_OUTCOME_FAULT,
		.verdict = pp_sample_refusal(),
		.fault_count = 3,
	};
	pp_line_start(&line);
	pp_phrase_conclusion(&line, PP_ENGLISH, &conclusion);
	assert_non_null(strstr(line.text, "sent none. 3 endpoints are affected."));
}

/* However long the values are, a line ends in time and between characters. */
static void test_long_values(void **state)
{
	char host[5000];
	struct pp_verdict verdict = pp_sample_verdict(&pp_sample_works, host, 1);

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(host); i += 3)
		memcpy(host + i, "\xe6\x8e\xa5", 4);
	pp_line_start(&line);
	pp_phrase_summary(&line, PP_ENGLISH, &verdict);
	assert_int_equal(line.len, PP_LINE_VALUE + strlen("... works."));
	pp_line_start(&line);
	for (int i = 0; i < 20; i++)
		pp_phrase_summary(&line, PP_ENGLISH, &verdict);
	assert_in_range(line.len, PP_LINE_BYTES - 10, PP_LINE_BYTES - 1);
	assert_string_equal(line.text + line.len - 3, "...");
	assert_int_equal(strlen(line.text), line.len);
}

static void test_filters(void **state)
{
	(void)state;
	pp_line_start(&line);
	pp_filter_lookup(&line, "a\"\\b");
	assert_string_equal(line.text, "dns.qry.name == \"a\\\"\\\\b\"");
}

/* The rule table only uses placeholders that there are. */
static void check_placeholders(const char *id, const char *text)
{
	char name[32];

	while (text && (text = strchr(text, '{')) != NULL) {
		size_t len = strcspn(++text, "}");

		if (len >= sizeof(name) || !text[len])
			fail_msg("%s: an open brace in '%s'", id, text);
		memcpy(name, text, len);
		name[len] = '\0';
		if (pp_phrase_verdict_value(name) < 0)
			fail_msg("%s: unknown placeholder {%s}", id, name);
	}
}

static void test_rule_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < pp_rule_count; i++) {
		const struct pp_rule *rule = pp_rules[i];

		check_placeholders(rule->id, rule->summary);
		check_placeholders(rule->id, rule->next_test);
		check_placeholders(rule->id, rule->remedy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule_texts),  cmocka_unit_test(test_values_are_not_expanded),
		cmocka_unit_test(test_evidence),    cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_durations),   cmocka_unit_test(test_conclusions),
		cmocka_unit_test(test_long_values), cmocka_unit_test(test_filters),
		cmocka_unit_test(test_rule_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

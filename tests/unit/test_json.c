#include "report/json.h"
#include "report/jsonl.h"

#include "support/cmocka_all.h"
#include "support/sample.h"
#include "support/sink.h"

#include <jansson.h>

static struct pp_out out;

static void test_writer(void **state)
{
	struct pp_endpoint_addr endpoint = pp_sample_addr("2001:db8::1", 443);
	struct pp_test_sink sink = { .len = 0 };
	struct pp_json json;

	(void)state;
	pp_out_init(&out, pp_test_sink(&sink));
	pp_json_init(&json, &out);
	pp_json_record(&json, "x");
	pp_json_text(&json, "absent", NULL);
	pp_json_time(&json, "absent", PP_TIME_NONE);
	pp_json_ms(&json, "absent", -1);
	pp_json_list(&json, "list");
	pp_json_text(&json, NULL, "a");
	pp_json_text(&json, NULL, "b\n");
	pp_json_object(&json, NULL);
	pp_json_object_end(&json);
	pp_json_list_end(&json);
	pp_json_endpoint(&json, "at", &endpoint);
	pp_json_u64(&json, "most", UINT64_MAX);
	pp_json_ms(&json, "ms", 6100001);
	pp_json_ms(&json, "whole", 2000000);
	pp_json_ms(&json, "zero", 0);
	pp_json_time(&json, "time", 1500000000);
	pp_json_bool(&json, "no", false);
	pp_json_end(&json);
	assert_int_equal(pp_out_flush(&out), PP_OK);
	assert_string_equal(sink.text,
			    "{\"record\":\"x\",\"schema\":1,\"list\":[\"a\",\"b\\u000a\",{}],"
			    "\"at\":{\"ip\":\"2001:db8::1\",\"port\":443},\"most\":18446744073709551615,"
			    "\"ms\":6.100001,\"whole\":2,\"zero\":0,\"time\":\"1970-01-01T00:00:01.500000000Z\","
			    "\"no\":false}\n");
	pp_test_sink_done(&sink);
}

static void test_numbers(void **state)
{
	struct pp_test_sink sink = { .len = 0 };

	(void)state;
	pp_out_init(&out, pp_test_sink(&sink));
	pp_out_i64(&out, INT64_MIN);
	pp_out_char(&out, ' ');
	pp_out_decimal(&out, -1050, 3);
	pp_out_char(&out, ' ');
	pp_out_decimal(&out, 7, 0);
	assert_int_equal(pp_out_flush(&out), PP_OK);
	assert_string_equal(sink.text, "-9223372036854775808 -1.05 7");
	pp_test_sink_done(&sink);
}

/* What is remembered of a constant text changes nothing, and many of them share the places there are for it. */
static void test_constants(void **state)
{
	static const char quote[] = "a \"quote\"", plain[] = "plain";
	enum { MANY = 4 << PP_JSON_PLAIN_BITS };
	static char texts[MANY][8];
	struct pp_test_sink sink = { .len = 0 };
	struct pp_json json;
	const char *at;

	(void)state;
	pp_out_init(&out, pp_test_sink(&sink));
	pp_json_init(&json, &out);
	pp_json_list(&json, NULL);
	for (int round = 0; round < 2; round++) {
		pp_json_constant(&json, NULL, quote);
		pp_json_constant(&json, NULL, plain);
		pp_json_constant(&json, NULL, NULL);
		for (int i = 0; i < MANY; i++) {
			snprintf(texts[i], sizeof(texts[i]), "%d", i);
			pp_json_constant(&json, NULL, texts[i]);
		}
	}
	pp_json_list_end(&json);
	assert_int_equal(pp_out_flush(&out), PP_OK);
	at = sink.text;
	for (int round = 0; round < 2; round++) {
		static const char first[] = "\"a \\\"quote\\\"\",\"plain\"";

		assert_memory_equal(at + 1, first, sizeof(first) - 1);
		at += sizeof(first);
		for (int i = 0; i < MANY; i++) {
			char expected[12];
			int len = snprintf(expected, sizeof(expected), ",\"%d\"", i);

			assert_memory_equal(at, expected, (size_t)len);
			at += len;
		}
	}
	assert_string_equal(at, "]");
	pp_test_sink_done(&sink);
}

/* Pieces of all kinds across the edge of the buffer arrive whole and in order. */
static void test_buffer_edge(void **state)
{
	static const char text[] = "0123456789abcdef";

	(void)state;
	for (size_t before = 0; before < 2 * sizeof(text); before++) {
		struct pp_test_sink sink = { .len = 0 };
		size_t len = PP_OUT_BYTES - sizeof(text) - before % sizeof(text);

		pp_out_init(&out, pp_test_sink(&sink));
		for (size_t i = 0; i < len; i++)
			pp_out_char(&out, '.');
		pp_out_u64(&out, 1234567890);
		pp_out_text(&out, text);
		pp_out_char(&out, '|');
		assert_int_equal(pp_out_flush(&out), PP_OK);
		assert_int_equal(sink.len, len + 10 + sizeof(text));
		assert_string_equal(sink.text + len, "12345678900123456789abcdef|");
		pp_test_sink_done(&sink);
	}
}

/* More than the buffer holds, at once. */
static void test_large_piece(void **state)
{
	static char large[3 * PP_OUT_BYTES + 7];
	struct pp_test_sink sink = { .len = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)('a' + i % 23);
	pp_out_init(&out, pp_test_sink(&sink));
	pp_out_char(&out, '<');
	pp_out_bytes(&out, large, sizeof(large));
	assert_int_equal(pp_out_flush(&out), PP_OK);
	assert_int_equal(sink.len, sizeof(large) + 1);
	assert_memory_equal(sink.text + 1, large, sizeof(large));
	pp_test_sink_done(&sink);
}

/* ---- The records, read back by a JSON library ---- */

enum { RECORDS_MAX = 20 };

struct records {
	json_t *at[RECORDS_MAX];
	size_t count;
};

static struct records records_of_sample(void)
{
	struct pp_test_sink sink = { .len = 0 };
	struct records records = { .count = 0 };
	struct pp_jsonl jsonl;
	char *rest = NULL;

	pp_out_init(&out, pp_test_sink(&sink));
	pp_jsonl_init(&jsonl, &out, pp_sample_paths, 2);
	assert_int_equal(pp_sample_visit(&jsonl.visitor), PP_OK);
	assert_int_equal(pp_out_flush(&out), PP_OK);
	pp_jsonl_done(&jsonl);
	for (char *line = strtok_r(sink.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		json_t *record = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		assert_non_null(record);
		assert_int_equal(json_integer_value(json_object_get(record, "schema")), 1);
		assert_in_range(records.count, 0, RECORDS_MAX - 1);
		records.at[records.count++] = record;
	}
	pp_test_sink_done(&sink);
	return records;
}

static void records_done(struct records *records)
{
	for (size_t i = 0; i < records->count; i++)
		json_decref(records->at[i]);
}

/* Follows a path like "tcp.rst.from" or "connect.0.host"; NULL when there is no such member. */
static const json_t *member(const json_t *json, const char *path)
{
	char copy[100], *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key = strtok_r(copy, ".", &rest); key && json; key = strtok_r(NULL, ".", &rest))
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(key)) : json_object_get(json, key);
	return json;
}

static void expect_text(const json_t *json, const char *path, const char *expected)
{
	const char *text = json_string_value(member(json, path));

	if (!text)
		fail_msg("%s is absent", path);
	assert_string_equal(text, expected);
}

static void expect_number(const json_t *json, const char *path, double expected)
{
	const json_t *number = member(json, path);

	if (!json_is_number(number))
		fail_msg("%s is absent", path);
	assert_true(json_number_value(number) == expected);
}

static void expect_absent(const json_t *json, const char *path)
{
	if (member(json, path))
		fail_msg("%s should be absent", path);
}

static void check_refused_flow(const json_t *flow)
{
	expect_text(flow, "record", "flow");
	expect_text(flow, "file", "a.pcapng");
	expect_text(flow, "client.ip", "10.0.0.4");
	expect_number(flow, "server.port", 8080);
	expect_number(flow, "duration_ms", 6);
	expect_number(flow, "bytes.server", 4711);
	expect_number(flow, "tcp.handshake_rtt_ms", 0.4);
	expect_text(flow, "tcp.rst.from", "client");
	expect_text(flow, "tcp.rst.after", "connect");
	expect_number(flow, "tcp.rst.syn_ack_ttl", 117);
	expect_absent(flow, "tcp.fin");
	expect_text(flow, "connect.0.host", PP_SAMPLE_HOST);
	expect_number(flow, "connect.0.status", 407);
	expect_text(flow, "connect.0.authenticate.1", "Basic");
	assert_true(json_is_false(member(flow, "connect.0.credentials_sent")));
	expect_number(flow, "connect.0.reply_packet", 22);
	expect_absent(flow, "tls");
	expect_absent(flow, "http");
	expect_absent(flow, "protocol");
	expect_absent(flow, "process");
	expect_text(flow, "endpoint.by", "connect");
	expect_text(flow, "verdict.rule", "PRX-04");
	expect_text(flow, "verdict.outcome", "fault");
	expect_text(flow, "verdict.owner", "proxy");
	expect_text(flow, "verdict.grade", "proven");
	expect_text(flow, "verdict.summary",
		    "The proxy 10.2.0.16:8080 demands authentication (Negotiate, Basic) for " PP_SAMPLE_HOST
		    " and the client sent none.");
	expect_text(flow, "verdict.evidence.1.what", "HTTP 407 Proxy Authentication Required from the proxy");
	expect_absent(flow, "verdict.evidence.1.file");
	expect_text(flow, "verdict.evidence.2.file", "b.pcap");
	expect_text(flow, "verdict.alternatives.0.rule", "FW-01");
	expect_text(flow, "verdict.alternatives.0.why_not", "10.2.0.16:8080 answered.");
	expect_text(flow, "verdict.wireshark_filter", "tcp.stream eq 0");
	expect_absent(flow, "also");
}

static void check_tls_flow(const json_t *flow)
{
	expect_text(flow, "tcp.fin", "client");
	expect_absent(flow, "tcp.rst");
	expect_absent(flow, "connect");
	expect_text(flow, "tls.sni", PP_SAMPLE_HOST);
	expect_text(flow, "tls.offered.0", "1.3");
	expect_text(flow, "tls.version", "1.2");
	expect_text(flow, "tls.cipher", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
	expect_text(flow, "tls.certificates.0.issuer", "CN=DigiCert, C=US");
	expect_text(flow, "tls.certificates.0.names.1", "*.example.com");
	assert_true(json_is_false(member(flow, "tls.client_certificate.requested")));
	expect_text(flow, "tls.alerts.0.name", "unknown_ca");
	expect_text(flow, "tls.alerts.0.level", "fatal");
	expect_number(flow, "tls.alerts.0.packet", 31);
	expect_number(flow, "process.pid", 812);
	expect_text(flow, "process.exe", "himds");
	expect_text(flow, "process.service", "himdsd.service");
	expect_absent(flow, "verdict.grade");
	expect_text(flow, "also.0.rule", "CAP-08");
}

static void test_flows(void **state)
{
	struct records records = records_of_sample();

	(void)state;
	assert_int_equal(records.count, 12);
	check_refused_flow(records.at[1]);
	check_tls_flow(records.at[5]);
	records_done(&records);
}

static void test_other_records(void **state)
{
	struct records records = records_of_sample();

	(void)state;
	expect_text(records.at[0], "record", "capture");
	expect_text(records.at[0], "link_types.0", "EN10MB");
	expect_text(records.at[0], "link_types.1", "LINKTYPE_65000");
	expect_number(records.at[0], "damage.offset", 4096);
	expect_number(records.at[0], "dropped", 12);
	expect_text(records.at[0], "limits_hit.0", "flows");
	expect_text(records.at[6], "record", "lookup");
	expect_text(records.at[6], "status", "NOERROR");
	expect_number(records.at[6], "queries", 3);
	expect_number(records.at[6], "rtt_ms", 2.5);
	expect_text(records.at[6], "addresses.0", "20.190.151.1");
	expect_text(records.at[7], "record", "endpoint");
	expect_text(records.at[7], "paths.0", "proxy");
	expect_text(records.at[10], "seen", "fault");
	expect_text(records.at[11], "record", "conclusion");
	expect_text(records.at[11], "rule", "PRX-04");
	expect_text(records.at[11], "faults.0", PP_SAMPLE_HOST);
	expect_number(records.at[11], "exit_status", 1);
	records_done(&records);
}

/* A connection joined midway makes no claim about the handshake nobody saw. */
static void test_midstream(void **state)
{
	const struct pp_attribution who = { .category = "other" };
	const struct pp_judgement none = { .also_count = 0 };
	struct pp_connection conn = pp_sample_connection(0);
	struct pp_test_sink sink = { .len = 0 };
	struct pp_jsonl jsonl;
	json_t *flow;

	(void)state;
	conn.tcp = (struct pp_tcp_facts){ .midstream = true, .handshake_rtt_ns = -1 };
	pp_out_init(&out, pp_test_sink(&sink));
	pp_jsonl_init(&jsonl, &out, pp_sample_paths, 2);
	assert_int_equal(jsonl.visitor.connection(&jsonl, &conn, &who, &none), PP_OK);
	assert_int_equal(pp_out_flush(&out), PP_OK);
	pp_jsonl_done(&jsonl);
	flow = json_loads(sink.text, 0, NULL);
	assert_non_null(flow);
	expect_absent(flow, "tcp.syn_ack");
	expect_absent(flow, "tcp.established");
	expect_absent(flow, "tcp.handshake_rtt_ms");
	expect_absent(flow, "verdict");
	expect_absent(flow, "endpoint.host");
	expect_absent(flow, "endpoint.by");
	json_decref(flow);
	pp_jsonl_done(&jsonl);
	pp_test_sink_done(&sink);
}

/* A disk that fills up ends the visit; nothing after it is written. */
static void test_full_disk(void **state)
{
	struct pp_test_sink sink = { .room = 100 };
	struct pp_jsonl jsonl;
	enum pp_err err = PP_OK;

	(void)state;
	pp_out_init(&out, pp_test_sink(&sink));
	pp_jsonl_init(&jsonl, &out, pp_sample_paths, 2);
	for (int i = 0; i < 100 && err == PP_OK; i++)
		err = pp_sample_visit(&jsonl.visitor);
	assert_int_equal(err, PP_IO);
	assert_int_equal(pp_out_flush(&out), PP_IO);
	pp_jsonl_done(&jsonl);
	assert_int_equal(sink.len, 0);
	pp_jsonl_done(&jsonl);
	pp_test_sink_done(&sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writer),      cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_flows),       cmocka_unit_test(test_other_records),
		cmocka_unit_test(test_constants),   cmocka_unit_test(test_buffer_edge),
		cmocka_unit_test(test_large_piece), cmocka_unit_test(test_midstream),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "cli/options.h"
#include "cli/value.h"

#include "support/cmocka_all.h"

#include <stdio.h>
#include <string.h>

enum { ARGS_MAX = 12 };

/* Parses "analyze ARGS…" split at spaces and writes what was found: "json=x q | a b". */
static void expect(const char *command_line, const char *expected)
{
	char copy[200] = "analyze ", found[200] = "", *argv[ARGS_MAX + 1], *rest = NULL;
	const char *value = NULL;
	enum pp_option_id id;
	struct pp_args args;
	int argc = 0;

	strcat(copy, command_line);
	for (char *at = strtok_r(copy, " ", &rest); at && argc < ARGS_MAX; at = strtok_r(NULL, " ", &rest))
		argv[argc++] = at;
	pp_args_init(&args, PP_CMD_ANALYZE, argc, argv);
	while ((id = pp_option_next(&args, &value)) != PP_OPTION_END && id != PP_OPTION_ERROR) {
		char one[60];

		snprintf(one, sizeof(one), "%d%s%s ", (int)id, value ? "=" : "", value ? value : "");
		strcat(found, one);
		value = NULL;
	}
	strcat(found, id == PP_OPTION_ERROR ? "error" : "|");
	for (size_t i = 0; id == PP_OPTION_END && i < args.operand_count; i++) {
		strcat(found, " ");
		strcat(found, args.operands[i]);
	}
	assert_string_equal(found, expected);
}

static void test_options(void **state)
{
	char json[60];

	(void)state;
	snprintf(json, sizeof(json), "%d=x %d | a", PP_OPTION_JSON, PP_OPTION_QUIET);
	expect("--json x -q a", json);
	expect("a --json=x -q", json);
	snprintf(json, sizeof(json), "%d %d | -", PP_OPTION_QUIET, PP_OPTION_VERBOSE);
	expect("-qv -", json);
	snprintf(json, sizeof(json), "%d= |", PP_OPTION_JSON);
	expect("--json=", json);
	expect("-- --json -q", "| --json -q");
	expect("a b", "| a b");
	expect("", "|");
}

static void test_wrong_options(void **state)
{
	(void)state;
	expect("--jsn x", "error");
	expect("-x", "error");
	expect("--json", "error");
	expect("--quiet=yes", "error");
	expect("--html x a", "error");
	expect("--markdown", "error"); /* belongs to another command */
}

static void test_numbers(void **state)
{
	uint64_t n = 0;

	(void)state;
	assert_true(pp_value_number("17", 1, 20, &n) && n == 17);
	assert_false(pp_value_number("", 0, 20, &n));
	assert_false(pp_value_number("21", 1, 20, &n));
	assert_false(pp_value_number("-1", 0, 20, &n));
	assert_false(pp_value_number("+1", 0, 20, &n));
	assert_false(pp_value_number(" 1", 0, 20, &n));
	assert_false(pp_value_number("1x", 0, 20, &n));
	assert_true(pp_value_number("18446744073709551615", 0, UINT64_MAX, &n) && n == UINT64_MAX);
	assert_false(pp_value_number("18446744073709551616", 0, UINT64_MAX, &n));
	assert_true(pp_value_size("512M", &n) && n == UINT64_C(512) << 20);
	assert_true(pp_value_size("2G", &n) && n == UINT64_C(2) << 30);
	assert_true(pp_value_size("3k", &n) && n == 3072);
	assert_true(pp_value_size("100", &n) && n == 100);
	assert_false(pp_value_size("0", &n));
	assert_false(pp_value_size("2T", &n));
	assert_false(pp_value_size("2GB", &n));
	assert_false(pp_value_size("G", &n));
	assert_false(pp_value_size("18014398509481984k", &n));
}

static void test_host_port(void **state)
{
	struct pp_host_port proxy;
	struct pp_addr v6;

	(void)state;
	assert_int_equal(pp_addr_parse("2001:db8::1", &v6), PP_OK);
	assert_true(pp_value_host_port("10.2.0.16:8080", &proxy) && !proxy.is_name && proxy.addr.port == 8080);
	assert_true(pp_value_host_port("[2001:db8::1]:3128", &proxy) && pp_addr_equal(&proxy.addr.ip, &v6));
	assert_true(pp_value_host_port("proxy.corp.example:8080", &proxy) && proxy.is_name);
	assert_string_equal(proxy.host, "proxy.corp.example");
	assert_false(pp_value_host_port("2001:db8::1:3128", &proxy));
	assert_false(pp_value_host_port("[10.2.0.16]:8080", &proxy));
	assert_false(pp_value_host_port("[proxy]:8080", &proxy));
	assert_false(pp_value_host_port("http://proxy:8080", &proxy));
	assert_false(pp_value_host_port("proxy", &proxy));
	assert_false(pp_value_host_port(":8080", &proxy));
	assert_false(pp_value_host_port("proxy:", &proxy));
	assert_false(pp_value_host_port("proxy:0", &proxy));
	assert_false(pp_value_host_port("proxy:65536", &proxy));
	assert_false(pp_value_host_port("[]:1", &proxy));
	assert_false(pp_value_host_port("[:1", &proxy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_wrong_options),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_host_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

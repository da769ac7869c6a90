#include "attribute/service_tags.h"
#include "support/cmocka_all.h"
#include "support/guard.h"

#include <stdio.h>

#ifndef PP_TEST_DATA
#define PP_TEST_DATA "tests/unit/data" /* run from the top of the tree */
#endif

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct pp_span span(const char *text) { return (struct pp_span){ (const uint8_t *)text, strlen(text) }; }

static void sample(void **state)
{
	static const struct {
		const char *addr, *tag, *category;
	} cases[] = {
		{ "20.190.160.1", "AzureActiveDirectory", "entra-id" },
		{ "2603:1006:2000::1", "AzureActiveDirectory", "entra-id" },
		{ "20.60.172.4", "Storage.JapanEast", "storage" },
		{ "20.150.85.9", "Storage", "storage" },
		{ "20.60.1.1", "AzureCloud.japaneast", NULL },
		{ "20.43.64.7", "AzureBackup.JapanEast", "backup" },
		{ "20.21.32.22", "PowerBI", NULL },
		{ "20.1.1.1", "AzureCloud", NULL },
		{ "8.8.8.8", NULL, NULL },
		{ "2603:2000::1", NULL, NULL },
	};
	char text[8192];
	FILE *file = fopen(PP_TEST_DATA "/service-tags-sample.json", "rb");
	struct pp_service_tags *tags;
	struct pp_data_error error = { 0 };
	size_t len;

	(void)state;
	assert_non_null(file);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	assert_int_equal(pp_service_tags_read(&tags, "sample", (struct pp_span){ (uint8_t *)text, len }, &error),
			 PP_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *category = NULL, *tag;
		struct pp_addr addr;

		assert_int_equal(pp_addr_parse(cases[i].addr, &addr), PP_OK);
		tag = pp_service_tags_find(tags, &addr, &category);
		assert_int_equal(tag != NULL, cases[i].tag != NULL);
		assert_int_equal(category != NULL, cases[i].category != NULL);
		if (tag)
			assert_string_equal(tag, cases[i].tag);
		if (category)
			assert_string_equal(category, cases[i].category);
	}
	pp_service_tags_free(tags);
}

static void bad_files(void **state)
{
	static const struct {
		const char *json, *what;
		unsigned line;
	} cases[] = {
		{ "", "", 1 },
		{ "{\n\"values\": [\n}", "", 3 },
		{ "[]", "no \"values\" list", 0 },
		{ "{\"values\":{}}", "no \"values\" list", 0 },
		{ "{\"values\":[{}]}", "entry 1 of \"values\" lacks name", 0 },
		{ "{\"values\":[{\"name\":\"A\",\"properties\":{}}]}", "lacks name or properties.addressPrefixes", 0 },
		{ "{\"values\":[{\"name\":\"A\",\"properties\":{\"addressPrefixes\":[1]}}]}",
		  "A: prefix '': not a string", 0 },
		{ "{\"values\":[{\"name\":\"A\",\"properties\":{\"addressPrefixes\":[\"1.2.3.4/99\"]}}]}",
		  "bad prefix length", 0 },
		{ "{\"values\":[{\"name\":\"A\",\"properties\":{\"addressPrefixes\":[\"x\"]}}]}",
		  "A: prefix 'x': not an address", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pp_service_tags *tags = NULL;
		struct pp_data_error error = { 0 };

		assert_int_equal(pp_service_tags_read(&tags, "bad.json", span(cases[i].json), &error), PP_MALFORMED);
		assert_null(tags);
		assert_string_equal(error.file, "bad.json");
		assert_int_equal(error.line, cases[i].line);
		if (!strstr(error.what, cases[i].what))
			fail_msg("'%s' instead of '%s'", error.what, cases[i].what);
	}
}

static void every_prefix(void **state)
{
	static const char text[] = "\xef\xbb\xbf{\"values\":[{\"name\":\"Storage\",\"properties\":{\"addressPrefixes\":"
				   "[\"10.0.0.0/8\",\"2001:db8::/32\"]}}]}";
	struct pp_guard guard = pp_guard_open(sizeof(text));

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		struct pp_service_tags *tags = NULL;
		struct pp_data_error error = { 0 };
		struct pp_span cut = { pp_guard_bytes(&guard, text, len), len };

		assert_int_equal(pp_service_tags_read(&tags, "cut", cut, &error),
				 len < sizeof(text) - 1 ? PP_MALFORMED : PP_OK);
		pp_service_tags_free(tags);
	}
	pp_guard_close(&guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sample),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(every_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "report/template.h"

#include "support/cmocka_all.h"
#include "support/sink.h"

#include <stdio.h>
#include <stdlib.h>

static struct pp_out out;
static struct pp_templates templates;

enum { VALUE_TEXT, VALUE_NUMBER, PLACE_LIST = 50 };

static int value_of(const char *name)
{
	return strcmp(name, "text") == 0 ? VALUE_TEXT : strcmp(name, "n") == 0 ? VALUE_NUMBER : -1;
}

static const struct pp_template *message_template(const char *message)
{
	const struct pp_template_key key = { 2, { (uintptr_t)message, 7 } };
	const struct pp_template *found = pp_template_find(&templates, &key);

	if (found)
		return found;
	pp_json_object(pp_template_new(&templates, &key), NULL);
	pp_template_message(&templates, "what", message, value_of, 3);
	pp_json_list(&templates.json, "list");
	pp_template_place(&templates, PLACE_LIST, 4);
	pp_json_list_end(&templates.json);
	pp_json_object_end(&templates.json);
	assert_non_null(pp_template_keep(&templates));
	return pp_template_find(&templates, &key);
}

static char *put(const void *context, char *at, unsigned value, unsigned of)
{
	const char *text = context;

	assert_int_equal(of, value == PLACE_LIST ? 4 : 3);
	if (value == VALUE_TEXT)
		return pp_template_put_text(&out, at, text);
	if (value == VALUE_NUMBER)
		return pp_digits(at, 4711);
	for (int i = 0; i < 1000; i++)
		at = pp_json_put(pp_out_more(&out, at, 10), i ? ",123456" : "123456");
	return at;
}

/* The filled template behind `before` other bytes: nothing may depend on where the buffer happens to be full. */
static char *filled(const char *message, const char *text, size_t before)
{
	struct pp_test_sink sink = { .len = 0 };
	char *result;

	pp_out_init(&out, pp_test_sink(&sink));
	for (size_t i = 0; i < before; i++)
		pp_out_char(&out, '.');
	pp_out_until(&out, pp_template_fill(message_template(message), &out, pp_out_room(&out, 0), put, text));
	assert_int_equal(pp_out_flush(&out), PP_OK);
	result = strdup(sink.text + before);
	assert_non_null(result);
	pp_test_sink_done(&sink);
	return result;
}

static void expect(const char *message, const char *text, const char *expected)
{
	static char list[8 * 1000], whole[16 * 1024];

	list[0] = '\0';
	for (size_t i = 0, len = 0; i < 1000; i++)
		len += (size_t)sprintf(list + len, i ? ",123456" : "123456");
	snprintf(whole, sizeof(whole), "{\"what\":\"%s\",\"list\":[%s]}", expected, list);
	for (size_t before = 0; before < 2 * PP_OUT_BYTES;
	     before += before % PP_OUT_BYTES < PP_OUT_BYTES - 1024 ? 997 : 1) {
		char *result = filled(message, text, before);

		if (strcmp(result, whole) != 0)
			fail_msg("behind %zu bytes: %.100s", before, result);
		free(result);
	}
}

static void values_stand_at_their_places(void **state)
{
	(void)state;
	pp_templates_init(&templates);
	expect("no values", "x", "no values");
	expect("{text}", "x", "x");
	expect("{n} and {text}, \"{odd}\" {", "x", "4711 and x, \\\"{odd}\\\" {");
	expect("{text}{n}{text}", "ab", "ab4711ab");
	pp_templates_done(&templates);
}

static void an_empty_value_takes_the_space_along(void **state)
{
	(void)state;
	pp_templates_init(&templates);
	expect("a {text} b", "", "a b");
	expect("{text} b", "", " b");
	expect("a{text}", "", "a");
	expect("a {text}", "", "a");
	pp_templates_done(&templates);
}

static void texts_are_escaped_and_cut(void **state)
{
	char text[PP_LINE_VALUE + 50], expected[PP_LINE_VALUE + 50];

	(void)state;
	pp_templates_init(&templates);
	expect("a {text} b", "q\"\n\xff", "a q\\\"\\u000a\xef\xbf\xbd b");
	memset(text, 'x', sizeof(text));
	for (size_t len = PP_TEMPLATE_ROOM - 1; len < sizeof(text); len += 11) {
		text[len] = '\0';
		snprintf(expected, sizeof(expected), "%.*s%s", len > PP_LINE_VALUE ? PP_LINE_VALUE : (int)len, text,
			 len > PP_LINE_VALUE ? "..." : "");
		expect("{text}", text, expected);
		text[len] = 'x';
	}
	pp_templates_done(&templates);
}

/* Many more than there is room for: each is found or made again, and is its own. */
static void many_templates(void **state)
{
	static char messages[8 * PP_TEMPLATE_SLOTS][12];

	(void)state;
	pp_templates_init(&templates);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
			char expected[64], *result;

			snprintf(messages[i], sizeof(messages[i]), "%zu", i);
			result = filled(messages[i], "", 0);
			snprintf(expected, sizeof(expected), "{\"what\":\"%zu\",\"list\":[123456,", i);
			assert_memory_equal(result, expected, strlen(expected));
			free(result);
		}
	}
	pp_templates_done(&templates);
}

/* What is too long for the buffer is no template, and the next one is not the worse for it. */
static void too_long(void **state)
{
	const struct pp_template_key key = { 1, { 1 } };
	struct pp_json *json;

	(void)state;
	pp_templates_init(&templates);
	json = pp_template_new(&templates, &key);
	for (int i = 0; i < PP_OUT_BYTES / 8; i++)
		pp_json_text(json, "key", "0123456789");
	assert_null(pp_template_keep(&templates));
	assert_null(pp_template_find(&templates, &key));
	expect("{n}", "", "4711");
	pp_templates_done(&templates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_stand_at_their_places),
		cmocka_unit_test(an_empty_value_takes_the_space_along),
		cmocka_unit_test(texts_are_escaped_and_cut),
		cmocka_unit_test(many_templates),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

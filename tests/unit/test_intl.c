/* When messages are looked up, and when they are the program's own. */
#include "report/intl.h"

#include "support/cmocka_all.h"

#include <stdlib.h>

static const char message[] = "cannot read '%s': %s";

/* As at the start of a program in this environment; NULL: not set. */
static bool looks_up(const char *all, const char *messages, const char *lang, const char *language)
{
	const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE" };
	const char *const values[] = { all, messages, lang, language };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(values[i] ? setenv(names[i], values[i], 1) : unsetenv(names[i]), 0);
	pp_language_english();
	pp_language_init();
	return pp_text_translated;
}

/* Nothing is installed where the tests run, so no language has a catalogue. */
static void test_without_catalogue(void **state)
{
	static const char *const locales[] = { "C", "POSIX",       "C.UTF-8",     "C.utf8",
					       "",  "en_GB.UTF-8", "ja_JP.UTF-8", "nonsense" };

	(void)state;
	for (size_t i = 0; i < sizeof(locales) / sizeof(locales[0]); i++) {
		assert_false(looks_up(locales[i], NULL, NULL, NULL));
		assert_false(looks_up("", locales[i], "C", NULL));
		assert_false(looks_up(NULL, NULL, locales[i], "xx"));
		assert_ptr_equal(_(message), message);
		assert_ptr_equal(pp_say(PP_READER, message), message);
		assert_string_equal(pp_say_n(PP_READER, "one", "many", 1), "one");
		assert_string_equal(pp_say_n(PP_READER, "one", "many", 2), "many");
	}
	assert_string_equal(pp_say(PP_READER, NULL), "");
	assert_string_equal(pp_say(PP_READER, ""), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_without_catalogue) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

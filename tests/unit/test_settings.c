/* Proxy settings out of the texts they come in, secrets blanked. */
#include "support/cmocka_all.h"

#include "live/settings.h"

#include <stdio.h>
#include <string.h>

static void check(const struct pp_settings *settings, unsigned i, const char *name, const char *value)
{
	assert_true(i < settings->count);
	assert_string_equal(settings->list[i].name, name);
	assert_string_equal(settings->list[i].value, value);
}

static void words_of_a_unit(void **state)
{
	struct pp_settings settings = { .count = 0 };

	(void)state;
	pp_settings_words(&settings, "x.service",
			  "LANG=C HTTPS_PROXY=http://10.2.0.16:8080 \"no_proxy=localhost, .contoso.com\" A='B C' "
			  "http_proxy=http://bob:p@s/s:w@10.2.0.16:8080/path");
	assert_int_equal(settings.count, 3);
	check(&settings, 0, "HTTPS_PROXY", "http://10.2.0.16:8080");
	check(&settings, 1, "no_proxy", "localhost, .contoso.com");
	check(&settings, 2, "http_proxy", "http://***@10.2.0.16:8080/path");
}

static void lines_of_files(void **state)
{
	struct pp_settings settings = { .count = 0 };

	(void)state;
	pp_settings_lines(
	    &settings, "/etc/environment",
	    "# HTTPS_PROXY=http://old:1\nexport HTTPS_PROXY=\"http://new:1\"\r\n\nPATH=/bin\nMDSD_PROXY_PASSWORD=x\n");
	pp_settings_lines(&settings, "azcmagent config",
			  "proxy.url: http://u:p@h:3128\n  proxy.bypass : Arc\nlog: proxy\n");
	pp_settings_lines(&settings, "ProxyInfo.conf", "[proxy]\nAddress=http://p\nPort=8080\n");
	assert_int_equal(settings.count, 6);
	check(&settings, 0, "HTTPS_PROXY", "http://new:1");
	check(&settings, 1, "MDSD_PROXY_PASSWORD", "***");
	check(&settings, 2, "proxy.url", "http://***@h:3128");
	check(&settings, 3, "proxy.bypass", "Arc");
	check(&settings, 4, "Address", "http://p");
	check(&settings, 5, "Port", "8080");
}

static void odd_texts(void **state)
{
	static const char *const odd[] = { "", "=", "PROXY", "PROXY=", "\"", "PROXY='", "\\", "proxy=\\", "= proxy" };
	struct pp_settings settings = { .count = 0 };
	char value[8] = "a:b@cdef";

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		pp_settings_words(&settings, "w", odd[i]);
		pp_settings_lines(&settings, "l", odd[i]);
	}
	value[7] = '\0';
	pp_settings_blank(value, sizeof(value));
	assert_string_equal(value, "***@cde");
	for (unsigned i = 0; i < 2 * PP_SETTINGS_MAX; i++)
		pp_settings_words(&settings, "w", "HTTP_PROXY=x");
	assert_int_equal(settings.count, PP_SETTINGS_MAX);
	assert_true(settings.refused > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_a_unit),
		cmocka_unit_test(lines_of_files),
		cmocka_unit_test(odd_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What noted settings say of proxies, and of hosts that need none. */
#include "support/cmocka_all.h"

#include "attribute/proxy_setting.h"

#include <string.h>

static struct pp_note notes[32], *list[32];
static struct pp_proxy_settings settings;

static void told(const char *const (*rows)[2], size_t count)
{
	struct pp_notes all = { .list = list, .count = count };

	for (size_t i = 0; i < count; i++) {
		notes[i] = (struct pp_note){ .kind = PP_NOTE_SETTING,
					     .flags = PP_NOTE_OURS,
					     .text = { "x.service", rows[i][0], rows[i][1] } };
		list[i] = &notes[i];
	}
	memset(&settings, 0, sizeof(settings));
	pp_proxy_settings_add(&settings, &all);
}

static struct pp_addr addr(const char *text)
{
	struct pp_addr ip = { { 0 } };

	assert_int_equal(pp_addr_parse(text, &ip), PP_OK);
	return ip;
}

static void forms_of_a_proxy(void **state)
{
	static const struct {
		const char *value, *host;
		uint16_t port;
		bool is_name;
	} forms[] = {
		{ "http://10.2.0.16:8080", "10.2.0.16", 8080, false },
		{ "http://***@Proxy.Contoso.com:3128/", "proxy.contoso.com", 3128, true },
		{ "proxy.contoso.com", "proxy.contoso.com", 0, true },
		{ "https://[2001:db8::1]:443", "2001:db8::1", 443, false },
		{ "http://[2001:db8::1]", "2001:db8::1", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *const row[1][2] = { { "https_proxy", forms[i].value } };

		told(row, 1);
		assert_int_equal(settings.count, 1);
		assert_string_equal(settings.list[0].host, forms[i].host);
		assert_int_equal(settings.list[0].port, forms[i].port);
		assert_int_equal(settings.list[0].is_name, forms[i].is_name);
		assert_ptr_equal(pp_proxy_setting_for(&settings, 443), &settings.list[0]);
		assert_null(pp_proxy_setting_for(&settings, 80));
	}
}

static void no_proxy_is_named(void **state)
{
	static const char *const rows[][2] = {
		{ "https_proxy", "" }, { "https_proxy", "http://" }, { "https_proxy", "[::1" },
		{ "proxy.url", " " },  { "Port", "8080" },           { "MDSD_PROXY_MODE", "application" },
	};

	(void)state;
	told(rows, sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(settings.count, 0);
}

static void what_others_read_counts_for_nothing(void **state)
{
	static const char *const rows[][2] = { { "https_proxy", "http://10.2.0.16:8080" } };
	struct pp_notes all = { .list = list, .count = 1 };

	(void)state;
	told(rows, 1);
	notes[0].flags = 0;
	memset(&settings, 0, sizeof(settings));
	pp_proxy_settings_add(&settings, &all);
	assert_null(pp_proxy_setting_for(&settings, 443));
}

static bool bypassed(const char *host, const char *ip, const char *category)
{
	struct pp_addr at = addr(ip);

	return pp_proxy_bypassed(&settings, host, &at, category);
}

static void exemptions(void **state)
{
	static const char *const rows[][2] = {
		{ "no_proxy", "localhost, .contoso.com,fabrikam.com,10.1.0.0/16,2001:db8::7" },
		{ "proxy.bypass (preview)", "[\"ARM\", \"AAD\"]" },
	};

	(void)state;
	told(rows, 2);
	assert_true(bypassed("a.contoso.com", "203.0.113.1", "other"));
	assert_true(bypassed("fabrikam.com", "203.0.113.1", "other"));
	assert_true(bypassed("x.Fabrikam.com", "203.0.113.1", "other"));
	assert_false(bypassed("notfabrikam.com", "203.0.113.1", "other"));
	assert_true(bypassed(NULL, "10.1.2.3", "other"));
	assert_false(bypassed(NULL, "10.2.2.3", "other"));
	assert_true(bypassed(NULL, "2001:db8::7", "other"));
	assert_true(bypassed("login.microsoftonline.com", "203.0.113.1", "entra-id"));
	assert_false(bypassed("gbl.his.arc.azure.com", "203.0.113.1", "arc"));
	/* Never meant for a proxy. */
	assert_true(bypassed(NULL, "168.63.129.16", "platform"));
	assert_true(bypassed(NULL, "169.254.169.254", "other"));
	assert_true(bypassed(NULL, "127.0.0.1", "other"));
}

static void a_star_exempts_all(void **state)
{
	static const char *const rows[][2] = { { "NO_PROXY", "*" } };

	(void)state;
	told(rows, 1);
	assert_true(bypassed("gbl.his.arc.azure.com", "203.0.113.1", "arc"));
}

static void which_proxy_is_meant(void **state)
{
	static const char *const rows[][2] = { { "https_proxy", "http://10.2.0.16:8080" },
					       { "http_proxy", "10.2.0.17" } };
	static const char *const name[][2] = { { "https_proxy", "http://proxy.contoso.com:8080" } };
	struct pp_endpoint_addr at = { addr("10.2.0.16"), 8080 }, other = { addr("10.2.0.16"), 3128 };
	struct pp_endpoint_addr any = { addr("10.2.0.17"), 3128 };

	(void)state;
	told(rows, 2);
	assert_true(pp_proxy_is_set(&settings, &at));
	assert_false(pp_proxy_is_set(&settings, &other));
	assert_true(pp_proxy_is_set(&settings, &any));
	/* Whose address nobody knows may be any. */
	told(name, 1);
	assert_true(pp_proxy_is_set(&settings, &at));
	settings.list[0].addresses[settings.list[0].address_count++] = addr("10.9.9.9");
	assert_false(pp_proxy_is_set(&settings, &at));
}

static void more_than_there_is_room_for(void **state)
{
	static const char *rows[32][2];

	(void)state;
	for (size_t i = 0; i < 32; i++) {
		rows[i][0] = "https_proxy";
		rows[i][1] = "http://10.2.0.16:8080";
	}
	told((const char *const(*)[2])rows, 32);
	assert_int_equal(settings.count, PP_PROXY_SETTINGS_MAX);
	assert_true(bypassed("gbl.his.arc.azure.com", "203.0.113.1", "arc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_of_a_proxy),
		cmocka_unit_test(no_proxy_is_named),
		cmocka_unit_test(what_others_read_counts_for_nothing),
		cmocka_unit_test(exemptions),
		cmocka_unit_test(a_star_exempts_all),
		cmocka_unit_test(which_proxy_is_meant),
		cmocka_unit_test(more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

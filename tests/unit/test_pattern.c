#include "attribute/pattern.h"
#include "attribute/prefix.h"
#include "support/cmocka_all.h"
#include "support/guard.h"

#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct fixture {
	struct pp_pool pool;
	struct pp_arena arena;
};

static int set_up(void **state)
{
	struct fixture *fix = malloc(sizeof(*fix));

	pp_pool_init(&fix->pool, 0);
	pp_arena_init(&fix->arena, &fix->pool);
	*state = fix;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fix = *state;

	pp_arena_reset(&fix->arena);
	pp_pool_done(&fix->pool);
	free(fix);
	return 0;
}

static struct pp_pattern parsed(struct fixture *fix, const char *text)
{
	struct pp_pattern pattern;
	const char *why;

	assert_int_equal(pp_pattern_parse(&fix->arena, text, &pattern, &why), PP_OK);
	return pattern;
}

static bool matches(struct fixture *fix, const char *text, const char *name)
{
	struct pp_pattern pattern = parsed(fix, text);
	struct pp_host host;

	return pp_host_set(&host, name) && pp_pattern_match(&pattern, &host);
}

static void grammar(void **state)
{
	static const struct {
		const char *pattern, *host;
		bool match;
	} cases[] = {
		{ "login.microsoftonline.com", "login.microsoftonline.com", true },
		{ "login.microsoftonline.com", "LOGIN.MicrosoftOnline.COM.", true },
		{ "Login.MicrosoftOnline.com", "login.microsoftonline.com", true },
		{ "login.microsoftonline.com", "a.login.microsoftonline.com", false },
		{ "login.microsoftonline.com", "xlogin.microsoftonline.com", false },
		{ "*.x.com", "a.x.com", true },
		{ "*.x.com", "a.b.c.x.com", true },
		{ "*.x.com", "x.com", false },
		{ "*.x.com", ".x.com", false },
		{ "*.x.com", "ax.com", false },
		{ "azgn*.servicebus.windows.net", "azgn12-prod.servicebus.windows.net", true },
		{ "azgn*.servicebus.windows.net", "azgn.servicebus.windows.net", true },
		{ "azgn*.servicebus.windows.net", "azgn.b.servicebus.windows.net", false },
		{ "azgn*.servicebus.windows.net", "a.azgn1.servicebus.windows.net", false },
		{ "g*-prod-*-sb.servicebus.windows.net", "gv3-prod-ty1-001-sb.servicebus.windows.net", true },
		{ "g*-prod-*-sb.servicebus.windows.net", "g3-prd-ty1-sb.servicebus.windows.net", false },
		{ "pod01-rec2.*.backup.windowsazure.com", "pod01-rec2.jpe.backup.windowsazure.com", true },
		{ "pod01-rec2.*.backup.windowsazure.com", "pod01-rec2.a.b.backup.windowsazure.com", false },
		{ "pod01-rec2.*.backup.windowsazure.com", "pod01-rec2.backup.windowsazure.com", false },
		{ "pod01-rec2.*.backup.windowsazure.com", "pod01-rec2..backup.windowsazure.com", false },
		{ "pod01-prot*.*.backup.windowsazure.com", "pod01-prot1.jpe.backup.windowsazure.com", true },
		{ "*.privatelink.*.backup.windowsazure.com", "v.s.privatelink.jpe.backup.windowsazure.com", true },
		{ "*.privatelink.*.backup.windowsazure.com", "privatelink.jpe.backup.windowsazure.com", false },
		{ "wpad.*", "wpad.corp.example", true },
		{ "wpad.*", "wpad.x", true },
		{ "wpad.*", "wpad", false },
		{ "wpad.*", "wpad.", false },
		{ "wpad.*", "xwpad.corp", false },
		{ "wpad.*.example.*", "wpad.corp.example.org", true },
		{ "wpad.*.example.*", "wpad.example.org", false },
		{ "wpad", "wpad.", true },
		{ "*-gas.guestconfiguration.azure.com", "westus3-gas.guestconfiguration.azure.com", true },
		{ "*-gas.guestconfiguration.azure.com", "a.westus3-gas.guestconfiguration.azure.com", false },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (matches(*state, cases[i].pattern, cases[i].host) != cases[i].match)
			fail_msg("%s %s %s", cases[i].pattern, cases[i].match ? "misses" : "hits", cases[i].host);
}

static void bad_patterns(void **state)
{
	static const char *const bad[] = {
		"",
		"*",
		"*.*",
		".x.com",
		"x.com.",
		"a..b",
		"**.x.com",
		"a**b.x",
		"*.x.*",
		"a b.com",
		"a/b",
		"x.com/",
		"a,b.c",
		"a:443",
		"*.*.*",
		"\xc3\xa9.com",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com",
	};
	struct fixture *fix = *state;
	struct pp_pattern pattern;
	const char *why;
	char text[300];

	for (size_t i = 0; i < COUNT(bad); i++) {
		why = NULL;
		if (pp_pattern_parse(&fix->arena, bad[i], &pattern, &why) != PP_MALFORMED || !why)
			fail_msg("'%s' is taken", bad[i]);
	}
	for (size_t i = 0; i < 254; i++)
		text[i] = i % 2 ? '.' : 'a';
	text[254] = 'a';
	text[255] = '\0';
	assert_int_equal(pp_pattern_parse(&fix->arena, text, &pattern, &why), PP_MALFORMED);
}

/* Index over the patterns; the text of the one found. */
static const char *best(struct fixture *fix, const char *const *text, uint32_t count, const char *name)
{
	struct pp_pattern *patterns = pp_arena_alloc(&fix->arena, (count + 1) * sizeof(*patterns));
	struct pp_pattern_index *index;
	struct pp_host host;
	uint32_t found;

	for (uint32_t i = 0; i < count; i++)
		patterns[i] = parsed(fix, text[i]);
	assert_int_equal(pp_pattern_index_new(&fix->arena, patterns, count, &index), PP_OK);
	assert_true(pp_host_set(&host, name));
	found = pp_pattern_index_find(index, &host);
	return found == PP_PATTERN_NONE ? NULL : text[found];
}

static void longest_match(void **state)
{
	static const char *const list[] = {
		"*.windows.net",
		"*.servicebus.windows.net",
		"cwap-*.servicebus.windows.net",
		"cwap-*-relay.servicebus.windows.net",
		"accounts.accesscontrol.windows.net",
		"*.accesscontrol.windows.net",
		"*.backup.windowsazure.com",
		"*.privatelink.*.backup.windowsazure.com",
		"pod01-rec2.*.backup.windowsazure.com",
		"wpad.*",
		"wpad",
		"*.login.microsoft.com",
		"login.microsoft.com",
		"*.r.login.microsoft.com",
		"*.microsoft.com",
	};
	static const struct {
		const char *host, *pattern;
	} cases[] = {
		{ "cwap-eur1-dwc2.servicebus.windows.net", "cwap-*.servicebus.windows.net" },
		{ "cwap-eur1-relay.servicebus.windows.net", "cwap-*-relay.servicebus.windows.net" },
		{ "x.servicebus.windows.net", "*.servicebus.windows.net" },
		{ "a.cwap-x.servicebus.windows.net", "*.servicebus.windows.net" },
		{ "servicebus.windows.net", "*.windows.net" },
		{ "accounts.accesscontrol.windows.net", "accounts.accesscontrol.windows.net" },
		{ "b.accesscontrol.windows.net", "*.accesscontrol.windows.net" },
		{ "pod01-rec2.jpe.backup.windowsazure.com", "pod01-rec2.*.backup.windowsazure.com" },
		{ "pod01-manag1.jpe.backup.windowsazure.com", "*.backup.windowsazure.com" },
		{ "v.s.privatelink.jpe.backup.windowsazure.com", "*.privatelink.*.backup.windowsazure.com" },
		{ "wpad.contoso.local", "wpad.*" },
		{ "wpad", "wpad" },
		{ "x.australiacentral.r.login.microsoft.com", "*.r.login.microsoft.com" },
		{ "eastus.login.microsoft.com", "*.login.microsoft.com" },
		{ "login.microsoft.com", "login.microsoft.com" },
		{ "microsoft.com", NULL },
		{ "windows.net", NULL },
		{ "net", NULL },
		{ "example.org", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *found = best(*state, list, COUNT(list), cases[i].host);

		if (found != cases[i].pattern && (!found || !cases[i].pattern || strcmp(found, cases[i].pattern) != 0))
			fail_msg("%s: %s", cases[i].host, found ? found : "nothing");
	}
	assert_null(best(*state, list, 0, "example.org"));
}

static void order_decides_last(void **state)
{
	static const char *const list[] = { "ab*.x.com", "*bc.x.com", "ab*.x.com" };

	assert_ptr_equal(best(*state, list, COUNT(list), "abc.x.com"), list[0]);
}

/* The index finds what trying every pattern finds. */
static void index_agrees(void **state)
{
	static const char *const label[] = { "a", "b", "*", "a*", "*b", "a*b" };
	struct fixture *fix = *state;
	struct pp_pattern patterns[200];
	struct pp_pattern_index *index;
	uint32_t count = 0, seed = 1;

	while (count < COUNT(patterns)) {
		char text[64] = "";
		const char *why;

		for (unsigned n = 1 + (seed >> 8) % 4; n > 0; n--) {
			seed = seed * 1103515245 + 12345;
			strcat(text, label[(seed >> 16) % COUNT(label)]);
			strcat(text, n > 1 ? "." : "");
		}
		seed = seed * 1103515245 + 12345;
		count += pp_pattern_parse(&fix->arena, text, &patterns[count], &why) == PP_OK;
	}
	assert_int_equal(pp_pattern_index_new(&fix->arena, patterns, count, &index), PP_OK);
	for (unsigned bits = 0; bits < 1 << 12; bits++) {
		struct pp_host host;
		char name[32];
		uint32_t want = PP_PATTERN_NONE;

		snprintf(name, sizeof(name), "%s.%s.%s.%s", label[bits & 1], bits & 2 ? "ab" : "xb",
			 bits & 4 ? "b" : "aab", label[bits >> 3 & 1]);
		assert_true(pp_host_set(&host, name + 2 * (bits >> 4 & 1)));
		for (uint32_t i = 0; i < count; i++)
			if (pp_pattern_match(&patterns[i], &host) &&
			    (want == PP_PATTERN_NONE || pp_pattern_compare(&patterns[want], &patterns[i]) > 0))
				want = i;
		assert_int_equal(pp_pattern_index_find(index, &host), want);
	}
}

/* No name makes a search slow or read past its end. */
static void hostile_names(void **state)
{
	static const char *const list[] = { "a*a*a*a*b.x.com", "*.x.com", "a.*" };
	struct pp_guard guard = pp_guard_open(PP_HOST_MAX + 2);
	char name[PP_HOST_MAX + 2];
	struct pp_host host;

	memset(name, 'a', sizeof(name));
	for (size_t len = 0; len <= PP_HOST_MAX + 1; len++) {
		const char *text;

		name[len] = '\0';
		text = (const char *)pp_guard_bytes(&guard, name, len + 1);
		assert_int_equal(pp_host_set(&host, text), len > 0 && len <= PP_HOST_MAX);
		name[len] = len % 64 == 63 ? '.' : 'a';
	}
	memset(name, '.', PP_HOST_MAX);
	name[PP_HOST_MAX] = '\0';
	assert_null(best(*state, list, COUNT(list), name));
	memset(name, 'a', PP_HOST_MAX);
	memcpy(name + PP_HOST_MAX - 6, ".x.com", 6);
	assert_string_equal(best(*state, list, COUNT(list), name), "*.x.com");
	assert_false(pp_host_set(&host, ""));
	assert_false(pp_host_set(&host, "."));
	pp_guard_close(&guard);
}

static void globs(void **state)
{
	(void)state;
	assert_true(pp_glob("Microsoft Azure RSA TLS Issuing CA *", "microsoft azure rsa tls issuing ca 03"));
	assert_true(pp_glob("*.goskope.com", "ca.customer.goskope.com"));
	assert_true(pp_glob("*a*b*", "xxaxxbxx"));
	assert_true(pp_glob("DigiCert*", "DigiCert"));
	assert_false(pp_glob("DigiCert*", "xDigiCert"));
	assert_false(pp_glob("a*b", "ac"));
	assert_false(pp_glob("", "a"));
	assert_true(pp_glob("*", ""));
	assert_true(pp_same_text("ARC", "arc"));
	assert_false(pp_same_text("arc", "arcs"));
	assert_false(pp_same_text("\xc3\x84", "\xc3\xa4"));
}

static void prefix_text(void **state)
{
	static const struct {
		const char *text, *net;
		unsigned bits;
	} good[] = {
		{ "168.63.129.16", "168.63.129.16", 128 },
		{ "20.190.128.0/18", "20.190.128.0", 114 },
		{ "20.190.128.*", "20.190.128.0", 120 },
		{ "40.126.*", "40.126.0.0", 112 },
		{ "10.*", "10.0.0.0", 104 },
		{ "0.0.0.0/0", "0.0.0.0", 96 },
		{ "2603:1006:2000::/48", "2603:1006:2000::", 48 },
		{ "::1", "::1", 128 },
	};
	static const char *const bad[] = {
		"",           "*",          "1.*.3.4",          "1.2.3.4.*",   "1.2.3.4*", "20.190.129.0/18",
		"1.2.3.0/33", "1.2.3.0/",   "1.2.3.0/-1",       "1.2.3.0/024", "256.*",    "1.2.3",
		"::/129",     "2603::1/64", "1234567890.1.1.*", "host",
	};
	struct pp_prefix prefix;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct pp_addr net;

		assert_int_equal(pp_prefix_parse(good[i].text, &prefix, &why), PP_OK);
		assert_int_equal(pp_addr_parse(good[i].net, &net), PP_OK);
		assert_true(pp_addr_equal(&prefix.net, &net));
		assert_int_equal(prefix.bits, good[i].bits);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (pp_prefix_parse(bad[i], &prefix, &why) != PP_MALFORMED)
			fail_msg("'%s' is taken", bad[i]);
}

static void prefix_search(void **state)
{
	static const char *const text[] = {
		"20.0.0.0/8",  "20.60.0.0/14", "20.60.172.0/23", "20.60.172.0/23",
		"20.60.173.7", "20.64.0.0/16", "2603::/16",      "0.0.0.0/0",
	};
	static const struct {
		const char *addr;
		uint32_t value, next;
	} cases[] = {
		{ "20.60.173.7", 4, 2 },
		{ "20.60.173.8", 2, 3 },
		{ "20.60.174.1", 1, 0 },
		{ "20.63.255.255", 1, 0 },
		{ "20.64.255.255", 5, 0 },
		{ "20.65.0.0", 0, 7 },
		{ "2603:1::1", 6, PP_PREFIX_NONE },
		{ "9.9.9.9", 7, PP_PREFIX_NONE },
		{ "2604::", PP_PREFIX_NONE, 0 },
	};
	struct pp_prefix list[COUNT(text)];
	const char *why;

	(void)state;
	for (uint32_t i = 0; i < COUNT(text); i++) {
		assert_int_equal(pp_prefix_parse(text[i], &list[i], &why), PP_OK);
		list[i].value = i;
	}
	pp_prefix_sort(list, COUNT(list));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pp_addr addr;
		uint32_t at;

		assert_int_equal(pp_addr_parse(cases[i].addr, &addr), PP_OK);
		at = pp_prefix_find(list, COUNT(list), &addr);
		assert_int_equal(at == PP_PREFIX_NONE ? at : list[at].value, cases[i].value);
		if (at == PP_PREFIX_NONE)
			continue;
		at = list[at].parent;
		assert_int_equal(at == PP_PREFIX_NONE ? at : list[at].value, cases[i].next);
	}
	assert_int_equal(pp_prefix_find(list, 0, &list[0].net), PP_PREFIX_NONE);
}

/* Whatever is in a network passes; most of what shares no beginning with any of them does not. */
static void filter_of_prefixes(void **state)
{
	static const struct {
		const char *prefix, *passes[3], *stopped[2];
	} cases[] = {
		{ "20.60.173.4/30", { "20.60.173.7", "20.60.0.1" }, { "20.61.173.7", "20::" } },
		{ "20.64.0.0/11", { "20.64.0.0", "20.80.1.2", "20.95.255.255" }, { "20.63.255.255", "20.96.0.0" } },
		{ "0.0.0.0/0", { "0.0.0.0", "255.255.255.255" } },
		{ "2603:1000::/24", { "2603:1000::1", "2603::" }, { "2604::", "38.4.0.1" } },
		{ "fc00::/7", { "fc00::1", "fd12::", "fdff:ffff::" }, { "fe00::", "fbff::" } },
		{ "::/0", { "1.2.3.4", "2603::", "255.255.0.0" } },
		{ "::/64", { "::1", "1.2.3.4" } },
		{ "::ffff:0:0/96", { "::ffff:9.9.9.9", "1.2.3.4" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pp_prefix_filter filter = { { 0 } };
		struct pp_prefix prefix;
		struct pp_addr addr;
		const char *why;

		assert_int_equal(pp_prefix_parse(cases[i].prefix, &prefix, &why), PP_OK);
		pp_prefix_filter_add(&filter, &prefix, 1);
		for (size_t k = 0; k < COUNT(cases[i].passes) && cases[i].passes[k]; k++) {
			assert_int_equal(pp_addr_parse(cases[i].passes[k], &addr), PP_OK);
			assert_true(pp_prefix_filter_passes(&filter, &addr));
		}
		for (size_t k = 0; k < COUNT(cases[i].stopped) && cases[i].stopped[k]; k++) {
			assert_int_equal(pp_addr_parse(cases[i].stopped[k], &addr), PP_OK);
			assert_false(pp_prefix_filter_passes(&filter, &addr));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grammar),       cmocka_unit_test(bad_patterns),
		cmocka_unit_test(longest_match), cmocka_unit_test(order_decides_last),
		cmocka_unit_test(index_agrees),  cmocka_unit_test(hostile_names),
		cmocka_unit_test(globs),         cmocka_unit_test(prefix_text),
		cmocka_unit_test(prefix_search), cmocka_unit_test(filter_of_prefixes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

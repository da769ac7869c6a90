#include "attribute/catalogue.h"
#include "support/cmocka_all.h"
#include "support/guard.h"

#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ROW(category, pattern) category "\tarc\t" pattern "\t443\tpurpose\tpublic\tunknown\t-\tyes\tsource\t2026-11\n"

static struct pp_span span(const char *text) { return (struct pp_span){ (const uint8_t *)text, strlen(text) }; }

static int set_up(void **state)
{
	struct pp_data_error error = { 0 };
	struct pp_catalogue *catalogue;

	if (pp_catalogue_new(&catalogue, &error) != PP_OK) {
		fprintf(stderr, "%s:%u: %s\n", error.file, error.line, error.what);
		return 1;
	}
	*state = catalogue;
	return 0;
}

static int tear_down(void **state)
{
	pp_catalogue_free(*state);
	return 0;
}

static const char *category(const struct pp_catalogue *catalogue, const char *host)
{
	const struct pp_endpoint_row *row = pp_catalogue_host(catalogue, host);

	return row ? row->category : NULL;
}

static const char *addr_category(const struct pp_catalogue *catalogue, const char *text)
{
	const struct pp_endpoint_row *row;
	struct pp_addr addr;

	assert_int_equal(pp_addr_parse(text, &addr), PP_OK);
	row = pp_catalogue_addr(catalogue, &addr);
	return row ? row->category : NULL;
}

static void shipped_hosts(void **state)
{
	static const struct {
		const char *host, *category;
	} cases[] = {
		{ "login.microsoftonline.com", "entra-id" },
		{ "Login.MicrosoftOnline.com.", "entra-id" },
		{ "enterpriseregistration.windows.net", "entra-id" },
		{ "account.activedirectory.windowsazure.com", "entra-id" },
		{ "accounts.accesscontrol.windows.net", "entra-id" },
		{ "0a1b.bootstrap.msappproxy.net", "app-proxy" },
		{ "cwap-eur1-dwc2.servicebus.windows.net", "service-bus" },
		{ "azgn12-prod.servicebus.windows.net", "service-bus" },
		{ "gbl.his.arc.azure.com", "arc" },
		{ "eus.his.arc.azure.com", "arc" },
		{ "westus3-gas.guestconfiguration.azure.com", "guest-config" },
		{ "oaasguestconfigjpes1.blob.core.windows.net", "guest-config" },
		{ "account.blob.core.windows.net", "storage" },
		{ "md-dlbrhcw4gn5r.z33.blob.storage.azure.net", "storage" },
		{ "global.handler.control.monitor.azure.com", "monitor-control" },
		{ "japaneast.handler.control.monitor.azure.com", "monitor-control" },
		{ "dce-x1.japaneast-1.ingest.monitor.azure.com", "monitor-ingest" },
		{ "w.ods.opinsights.azure.com", "monitor-ingest" },
		{ "pod01-manag1.jpe.backup.windowsazure.com", "backup" },
		{ "v.idm.privatelink.jpe.backup.windowsazure.com", "backup" },
		{ "hypervrecoverymanager.windowsazure.com", "site-recovery" },
		{ "pod01-rcm1.jpe.hypervrecoverymanager.windowsazure.com", "site-recovery" },
		{ "v.vault.azure.net", "key-vault" },
		{ "management.azure.com", "arm" },
		{ "oneocsp.microsoft.com", "certificate-validation" },
		{ "www.microsoft.com", "certificate-validation" },
		{ "ctldl.windowsupdate.com", "windows-update" },
		{ "wpad.contoso.local", "wpad" },
		{ "wpad", "wpad" },
		{ "download.microsoft.com", "download" },
		{ "www.msftncsi.com", "os-connectivity" },
		{ "anything.microsoft.com", "azure-broad" },
		{ "example.org", NULL },
		{ "microsoft.com", NULL },
		{ "evilwindows.net", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *found = category(*state, cases[i].host);

		if (found != cases[i].category &&
		    (!found || !cases[i].category || strcmp(found, cases[i].category) != 0))
			fail_msg("%s: %s", cases[i].host, found ? found : "nothing");
	}
}

static void shipped_addresses(void **state)
{
	assert_string_equal(addr_category(*state, "168.63.129.16"), "platform");
	assert_string_equal(addr_category(*state, "169.254.169.254"), "platform");
	assert_string_equal(addr_category(*state, "127.0.0.1"), "platform");
	assert_string_equal(addr_category(*state, "20.190.128.9"), "entra-id");
	assert_string_equal(addr_category(*state, "20.190.191.255"), "entra-id");
	assert_string_equal(addr_category(*state, "40.126.63.255"), "entra-id");
	assert_null(addr_category(*state, "40.126.64.0"));
	assert_null(addr_category(*state, "8.8.8.8"));
	assert_null(addr_category(*state, "2001:db8::1"));
}

static void shipped_rows(void **state)
{
	size_t count = pp_catalogue_count(*state);

	assert_true(count >= 289);
	for (size_t i = 0; i < count; i++) {
		const struct pp_endpoint_row *row = pp_catalogue_at(*state, i), *found;

		assert_string_equal(row->file, "filters/endpoints.tsv");
		assert_true(row->line > 0);
		if (strchr(row->pattern, '*') || strchr(row->pattern, '/') ||
		    !strpbrk(row->pattern, "abcdefghijklmnopqrstuvwxyz"))
			continue;
		found = pp_catalogue_host(*state, row->pattern);
		assert_non_null(found);
		assert_string_equal(found->pattern, row->pattern);
		assert_string_equal(found->category, row->category);
	}
	assert_null(pp_catalogue_at(*state, count));
}

/* The word is one of a comma separated list, as a whole. */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ',') && (at[len] == '\0' || at[len] == ','))
			return true;
	return false;
}

static bool has_row(const struct pp_catalogue *catalogue, const char *agent, const char *name, bool yes)
{
	for (size_t i = 0; i < pp_catalogue_count(catalogue); i++) {
		const struct pp_endpoint_row *row = pp_catalogue_at(catalogue, i);
		bool shared = !yes && (has_word(row->agents, "all") || has_word(row->agents, "all Azure VMs"));

		if (strcmp(row->category, name) == 0 && (shared || has_word(row->agents, agent)) &&
		    (!yes || strcmp(row->required, "yes") == 0))
			return true;
	}
	return false;
}

static bool profile_names(const struct pp_agent_row *agent, const char *name)
{
	for (unsigned i = 0; i < agent->required_count; i++)
		if (strcmp(agent->required[i], name) == 0)
			return true;
	for (unsigned i = 0; i < agent->optional_count; i++)
		if (strcmp(agent->optional[i], name) == 0)
			return true;
	return false;
}

/* agents.tsv repeats endpoints.tsv in another order; neither may drift from the other. */
static void profiles_follow_rows(void **state)
{
	for (size_t i = 0; i < pp_catalogue_agent_count(*state); i++) {
		const struct pp_agent_row *agent = pp_catalogue_agent_at(*state, i);

		for (unsigned k = 0; k < agent->required_count; k++)
			if (!has_row(*state, agent->name, agent->required[k], true))
				fail_msg("%s: no row requires %s", agent->name, agent->required[k]);
		for (unsigned k = 0; k < agent->optional_count; k++)
			if (!has_row(*state, agent->name, agent->optional[k], false))
				fail_msg("%s: no row for %s", agent->name, agent->optional[k]);
		for (size_t k = 0; k < pp_catalogue_count(*state); k++) {
			const struct pp_endpoint_row *row = pp_catalogue_at(*state, k);

			if (strcmp(row->cloud, "public") == 0 && strcmp(row->category, "azure-broad") != 0 &&
			    has_word(row->agents, agent->name) && !profile_names(agent, row->category))
				fail_msg("%s: the profile lacks %s", agent->name, row->category);
		}
	}
}

static void shipped_agents(void **state)
{
	static const char *const names[] = {
		"entra-connector",    "entra-updater", "arc",       "ama",     "mars",    "wlbackup-sql",
		"wlbackup-hana",      "vm-backup",     "ilr",       "asr-a2a", "asr-h2a", "asr-vmware",
		"asr-vmware-classic", "guest-agent",   "connector", "backup",  "asr",     "ARC",
	};
	const struct pp_agent_row *agent;

	for (size_t i = 0; i < COUNT(names); i++)
		assert_non_null(pp_catalogue_agent(*state, names[i]));
	assert_null(pp_catalogue_agent(*state, "nobody"));
	assert_null(pp_catalogue_agent(*state, ""));
	agent = pp_catalogue_agent(*state, "Connector");
	assert_string_equal(agent->name, "entra-connector");
	assert_string_equal(agent->services[0], "WAPCSvc");
	assert_true(agent->client_certificate);
	assert_string_equal(agent->mtls_categories, "app-proxy");
	assert_string_equal(agent->proxy, "none");
	assert_string_equal(agent->inspection, "forbidden");
	agent = pp_catalogue_agent(*state, "vm-backup");
	assert_int_equal(agent->service_count, 0);
	assert_int_equal(agent->required_count, 1);
	assert_false(agent->client_certificate);
	assert_null(pp_catalogue_agent_at(*state, pp_catalogue_agent_count(*state)));
}

static void shipped_issuers(void **state)
{
	static const struct {
		const char *cn, *o;
		int kind; /* -1: none */
		const char *product;
	} cases[] = {
		{ "Microsoft Azure RSA TLS Issuing CA 07", "Microsoft Corporation", PP_ISSUER_AZURE, "-" },
		{ "Microsoft TLS G2 RSA CA OCSP 16", "Microsoft Corporation", PP_ISSUER_AZURE, "-" },
		{ "Microsoft Azure TLS Issuing CA 02", "Microsoft Corporation", PP_ISSUER_AZURE, "-" },
		{ "DigiCert Global G2 TLS RSA SHA256 2020 CA1", "DigiCert Inc", PP_ISSUER_AZURE, "-" },
		{ "DigiCert EV RSA CA G2", "DigiCert Inc", PP_ISSUER_PUBLIC, "-" },
		{ "R11", "Let's Encrypt", PP_ISSUER_PUBLIC, "-" },
		{ "WE1", "Google Trust Services", PP_ISSUER_PUBLIC, "-" },
		{ "Cloudflare Inc ECC CA-3", "Cloudflare, Inc.", PP_ISSUER_PUBLIC, "-" },
		{ "Gateway CA - Cloudflare Managed G1 18ef", "Cloudflare, Inc.", PP_ISSUER_INSPECTOR,
		  "Cloudflare Gateway" },
		{ "Zscaler Intermediate Root CA (zscalerthree.net) (t) ", "Zscaler Inc.", PP_ISSUER_INSPECTOR,
		  "Zscaler" },
		{ "FGT61E4Q16000000", "Fortinet", PP_ISSUER_INSPECTOR, "Fortinet FortiGate" },
		{ "ca.customer.goskope.com", "Customer", PP_ISSUER_INSPECTOR, "Netskope" },
		{ "Cisco Umbrella Secondary SubCA ams-SG", "Cisco", PP_ISSUER_INSPECTOR, "Cisco Umbrella" },
		{ "mitmproxy", NULL, PP_ISSUER_INSPECTOR, "mitmproxy" },
		{ "DO_NOT_TRUST_FiddlerRoot", "DO_NOT_TRUST", PP_ISSUER_INSPECTOR, "Fiddler" },
		{ "PortSwigger CA", "PortSwigger", PP_ISSUER_INSPECTOR, "Burp Suite" },
		{ "Symantec Class 3 Secure Server CA - G4", "Symantec Corporation", PP_ISSUER_PUBLIC, "-" },
		{ "Contoso Issuing CA 1", "Contoso", -1, NULL },
		{ NULL, NULL, -1, NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct pp_issuer_row *row = pp_catalogue_issuer(*state, cases[i].cn, cases[i].o);

		if ((row ? (int)row->kind : -1) != cases[i].kind)
			fail_msg("%s: wrong kind", cases[i].cn);
		if (row)
			assert_string_equal(row->product, cases[i].product);
	}
}

static void bad_rows(void **state)
{
	static const char tail[] = "\tarc\thost.example\t443\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n";
	static const struct {
		const char *row, *what;
	} cases[] = {
		{ "arc\tarc\thost.example\n", "3 columns where 11 are due" },
		{ "arc\tarc\ta.example\t443\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\tmore\n",
		  "12 columns where 11 are due" },
		{ "arc\t\ta.example\t443\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n", "column 2 is empty" },
		{ "nothing\tarc\ta.example\t443\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n",
		  "unknown category 'nothing'" },
		{ "other\tarc\ta.example\t443\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n", "unknown category 'other'" },
		{ "arc\tarc\t*\t443\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n", "bad pattern '*': only wildcards" },
		{ "arc\tarc\thttps://a.example\t443\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n",
		  "bad pattern 'https://a.example'" },
		{ "arc\tarc\t1.2.3.4/33\t443\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n",
		  "bad pattern '1.2.3.4/33': bad prefix length" },
		{ "arc\tarc\ta.example\t443;80\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n", "bad ports '443;80'" },
		{ "arc\tarc\ta.example\t0\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n", "bad ports '0'" },
		{ "arc\tarc\ta.example\t65536\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n", "bad ports '65536'" },
		{ "arc\tarc\ta.example\t90-80\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n", "bad ports '90-80'" },
		{ "arc\tarc\ta.example\t80,\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n", "bad ports '80,'" },
		{ "arc\tarc\ta.example\t443\tp\tmars\tunknown\t-\tyes\ts\t2026-11\n", "unknown cloud 'mars'" },
		{ "arc\tarc\ta.example\t443\tp\tpublic\tmaybe\t-\tyes\ts\t2026-11\n",
		  "unknown tls_inspection 'maybe'" },
		{ "arc\tarc\ta.example\t443\tp\tpublic\tunknown\t-\tye\ts\t2026-11\n", "unknown required 'ye'" },
		{ "arc\tarc\ta.example\t443\tp\tpublic\tunknown\t-\tyes\ts\t23.11.2026\n", "bad date '23.11.2026'" },
		{ "arc\tarc\ta.ex\xffmple\t443\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n",
		  "byte 13 (0xff) is not UTF-8" },
		{ "arc\tarc\ta.example\t443\t\xc0\xaf\tpublic\tunknown\t-\tyes\ts\t2026-11\n", "is not UTF-8" },
		{ "arc\tarc\ta.example\t443\t\x1b[2J\tpublic\tunknown\t-\tyes\ts\t2026-11\n",
		  "control character (0x1b)" },
		{ "# \xed\xa0\x80\n", "is not UTF-8" },
		{ "entra-id\tarc\tFirst.example\t443\tp\tpublic\tunknown\t-\tyes\ts\t2026-11\n",
		  "is 'arc' in line 2 and cannot be 'entra-id'" },
	};
	struct pp_catalogue *catalogue;

	(void)state;
	assert_int_equal(pp_catalogue_new_empty(&catalogue), PP_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pp_data_error error = { 0 };
		char text[1024];

		snprintf(text, sizeof(text), "# comment\n%s%sarc%s", ROW("arc", "first.example"), cases[i].row, tail);
		assert_int_equal(pp_catalogue_add_endpoints(catalogue, "bad.tsv", span(text), &error), PP_MALFORMED);
		assert_string_equal(error.file, "bad.tsv");
		assert_int_equal(error.line, 3);
		if (!strstr(error.what, cases[i].what))
			fail_msg("'%s' instead of '%s'", error.what, cases[i].what);
		assert_int_equal(pp_catalogue_count(catalogue), 0);
		assert_null(pp_catalogue_host(catalogue, "first.example"));
	}
	pp_catalogue_free(catalogue);
}

static void limits(void **state)
{
	static const char row[] = ROW("arc", "a.example");
	struct pp_catalogue *catalogue;
	struct pp_data_error error = { 0 };
	size_t len = sizeof(row) - 1;
	char *text = malloc((PP_CATALOGUE_ROWS_MAX + 1) * len + 1);
	enum pp_err err = PP_OK;

	(void)state;
	assert_int_equal(pp_catalogue_new_empty(&catalogue), PP_OK);
	for (size_t i = 0; i <= PP_CATALOGUE_ROWS_MAX; i++)
		memcpy(text + i * len, row, len);
	text[(PP_CATALOGUE_ROWS_MAX + 1) * len] = '\0';
	assert_int_equal(pp_catalogue_add_endpoints(catalogue, "big.tsv", span(text), &error), PP_LIMIT);
	assert_non_null(strstr(error.what, "more than 100000 rows"));
	memset(text, '#', PP_CATALOGUE_LINE_MAX + 1);
	text[PP_CATALOGUE_LINE_MAX + 1] = '\0';
	assert_int_equal(pp_catalogue_add_endpoints(catalogue, "long.tsv", span(text), &error), PP_MALFORMED);
	assert_non_null(strstr(error.what, "longer than 4096 bytes"));
	text[PP_CATALOGUE_LINE_MAX] = '\0';
	while (err == PP_OK)
		err = pp_catalogue_add_endpoints(catalogue, "one.tsv", span(text), &error);
	assert_int_equal(err, PP_LIMIT);
	assert_non_null(strstr(error.what, "files of this kind"));
	pp_catalogue_free(catalogue);
	free(text);
}

static void editors_forms(void **state)
{
	struct pp_catalogue *catalogue;
	struct pp_data_error error;

	(void)state;
	assert_int_equal(pp_catalogue_new_empty(&catalogue), PP_OK);
	assert_int_equal(pp_catalogue_add_endpoints(
			     catalogue, "crlf.tsv",
			     span("\xef\xbb\xbf# head\r\n\r\n"
				  "arc\tarc\ta.example\t-\tp\tpublic\tunknown\t-\tyes\ts\t2026\r\n"
				  "arm\tarc\tb.example\t53,53/udp,1-2\tp\tchina\tunknown\t-\toptional\ts\t2026-11-23"),
			     &error),
			 PP_OK);
	assert_int_equal(pp_catalogue_count(catalogue), 2);
	assert_string_equal(pp_catalogue_host(catalogue, "a.example")->date, "2026");
	assert_string_equal(pp_catalogue_host(catalogue, "b.example")->date, "2026-11-23");
	assert_int_equal(pp_catalogue_host(catalogue, "b.example")->line, 4);
	assert_int_equal(pp_catalogue_add_endpoints(catalogue, "empty.tsv", (struct pp_span){ NULL, 0 }, &error),
			 PP_OK);
	assert_int_equal(pp_catalogue_count(catalogue), 2);
	pp_catalogue_free(catalogue);
}

static void later_files_win(void **state)
{
	struct pp_catalogue *catalogue;
	struct pp_data_error error;

	(void)state;
	assert_int_equal(pp_catalogue_new_empty(&catalogue), PP_OK);
	assert_int_equal(pp_catalogue_add_endpoints(catalogue, "1",
						    span(ROW("arc", "*.a.example") ROW("arc", "10.0.0.0/8")), &error),
			 PP_OK);
	assert_int_equal(pp_catalogue_add_endpoints(catalogue, "2",
						    span(ROW("arm", "*.a.example") ROW("wpad", "*.example")
							     ROW("arm", "10.0.0.0/8") ROW("wpad", "10.0.0.0/7")),
						    &error),
			 PP_OK);
	assert_string_equal(category(catalogue, "x.a.example"), "arm");
	assert_string_equal(category(catalogue, "x.b.example"), "wpad");
	assert_string_equal(addr_category(catalogue, "10.1.1.1"), "arm");
	assert_string_equal(addr_category(catalogue, "11.1.1.1"), "wpad");
	assert_string_equal(pp_catalogue_at(catalogue, 2)->file, "2");
	pp_catalogue_free(catalogue);
}

static void bad_agents(void **state)
{
	static const struct {
		const char *row, *what;
	} cases[] = {
		{ "a\tt\t-\t-\t-\tnothing\t-\t-\tnone\tunknown\ts\t2026\n", "unknown category 'nothing'" },
		{ "a\tt\t-\t-\t-\t-\t-\tnothing\tnone\tunknown\ts\t2026\n", "unknown category 'nothing'" },
		{ "a\tt\t-\tx,,y\t-\t-\t-\t-\tnone\tunknown\ts\t2026\n", "empty entry in services" },
		{ "a\tt\t-\t-\t1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5\t-\t-\t-\tnone\tunknown\ts\t2026\n",
		  "more than 24 entries in processes" },
		{ "a\tt\t-\t-\t-\t-\t-\t-\tmaybe\tunknown\ts\t2026\n", "unknown proxy 'maybe'" },
		{ "a\tt\t-\t-\t-\t-\t-\t-\tnone\tmaybe\ts\t2026\n", "unknown inspection 'maybe'" },
		{ "FIRST\tt\t-\t-\t-\t-\t-\t-\tnone\tunknown\ts\t2026\n", "agent name 'FIRST' is taken" },
		{ "a\tt\tb,one\t-\t-\t-\t-\t-\tnone\tunknown\ts\t2026\n", "agent alias 'one' is empty or taken" },
		{ "a\tt\tb,,c\t-\t-\t-\t-\t-\tnone\tunknown\ts\t2026\n", "agent alias '' is empty or taken" },
	};
	struct pp_catalogue *catalogue;

	(void)state;
	assert_int_equal(pp_catalogue_new_empty(&catalogue), PP_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pp_data_error error = { 0 };
		char text[512];

		snprintf(text, sizeof(text), "first\tt\tone,two\t-\t-\t-\t-\t-\tnone\tunknown\ts\t2026\n%s",
			 cases[i].row);
		assert_int_equal(pp_catalogue_add_agents(catalogue, "bad.tsv", span(text), &error), PP_MALFORMED);
		assert_int_equal(error.line, 2);
		if (!strstr(error.what, cases[i].what))
			fail_msg("'%s' instead of '%s'", error.what, cases[i].what);
		assert_int_equal(pp_catalogue_agent_count(catalogue), 0);
	}
	pp_catalogue_free(catalogue);
}

static void bad_issuers(void **state)
{
	static const struct {
		const char *row, *what;
	} cases[] = {
		{ "evil\tCN\tx\t-\ts\t2026\n", "unknown kind 'evil'" },
		{ "azure\tOU\tx\t-\ts\t2026\n", "unknown field 'OU'" },
		{ "azure\tCN\t**\t-\ts\t2026\n", "only wildcards" },
		{ "azure\tCN\tx\tproduct\ts\t2026\n", "an inspector needs a product" },
		{ "inspector\tCN\tx\t-\ts\t2026\n", "an inspector needs a product" },
	};
	struct pp_catalogue *catalogue;

	(void)state;
	assert_int_equal(pp_catalogue_new_empty(&catalogue), PP_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pp_data_error error = { 0 };

		assert_int_equal(pp_catalogue_add_issuers(catalogue, "bad.tsv", span(cases[i].row), &error),
				 PP_MALFORMED);
		if (!strstr(error.what, cases[i].what))
			fail_msg("'%s' instead of '%s'", error.what, cases[i].what);
	}
	assert_null(pp_catalogue_issuer(catalogue, "x", "x"));
	pp_catalogue_free(catalogue);
}

/* Every prefix of a file is either taken or refused with a line; none is read past its end. */
static void every_prefix(void **state)
{
	static const char text[] = "# é\n" ROW("arc", "*.a.example") ROW("arc", "10.0.0.0/8") ROW("entra-id", "wpad.*");
	struct pp_guard guard = pp_guard_open(sizeof(text));

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		struct pp_catalogue *catalogue;
		struct pp_data_error error = { 0 };
		struct pp_span cut = { pp_guard_bytes(&guard, text, len), len };
		enum pp_err err;

		assert_int_equal(pp_catalogue_new_empty(&catalogue), PP_OK);
		err = pp_catalogue_add_endpoints(catalogue, "cut.tsv", cut, &error);
		assert_true(err == PP_OK || (err == PP_MALFORMED && error.line > 0 && error.what[0]));
		err = pp_catalogue_add_agents(catalogue, "cut.tsv", cut, &error);
		assert_true(err == PP_OK || err == PP_MALFORMED);
		err = pp_catalogue_add_issuers(catalogue, "cut.tsv", cut, &error);
		assert_true(err == PP_OK || err == PP_MALFORMED);
		pp_catalogue_free(catalogue);
	}
	pp_guard_close(&guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_hosts),
		cmocka_unit_test(shipped_addresses),
		cmocka_unit_test(shipped_rows),
		cmocka_unit_test(shipped_agents),
		cmocka_unit_test(profiles_follow_rows),
		cmocka_unit_test(shipped_issuers),
		cmocka_unit_test(bad_rows),
		cmocka_unit_test(limits),
		cmocka_unit_test(editors_forms),
		cmocka_unit_test(later_files_win),
		cmocka_unit_test(bad_agents),
		cmocka_unit_test(bad_issuers),
		cmocka_unit_test(every_prefix),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

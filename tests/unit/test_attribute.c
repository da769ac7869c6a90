#include "attribute/attribute.h"
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct pp_attributor attributor;
	struct pp_recent_rows recent;
	struct pp_catalogue *catalogue;
	struct pp_service_tags *tags;
	struct pp_names *names;
	struct pp_lookup lookup;
};

static struct pp_addr addr(const char *text)
{
	struct pp_addr result;

	assert_int_equal(pp_addr_parse(text, &result), PP_OK);
	return result;
}

static int set_up(void **state)
{
	static const char tags[] =
	    "{\"values\":[{\"name\":\"AzureKeyVault\",\"properties\":{\"addressPrefixes\":[\"20.5.0.0/16\"]}},"
	    "{\"name\":\"AzureCloud\",\"properties\":{\"addressPrefixes\":[\"20.0.0.0/8\"]}}]}";
	struct fixture *fix = calloc(1, sizeof(*fix));
	struct pp_data_error error;

	assert_int_equal(pp_catalogue_new(&fix->catalogue, &error), PP_OK);
	assert_int_equal(pp_service_tags_read(&fix->tags, "tags",
					      (struct pp_span){ (const uint8_t *)tags, sizeof(tags) - 1 }, &error),
			 PP_OK);
	fix->names = pp_names_new(10, (struct pp_hash_key){ { 3, 4 } });
	fix->lookup = (struct pp_lookup){ .name = "gbl.his.arc.azure.com", .question_count = 1, .address_count = 1 };
	fix->lookup.client.ip = addr("10.0.0.4");
	fix->lookup.addresses[0] = addr("20.9.9.9");
	fix->lookup.questions[0] =
	    (struct pp_dns_question){ .type = PP_DNS_A, .answered = true, .reply = { .ts = 50, .packet = 1 } };
	pp_names_add(fix->names, &fix->lookup, 0);
	fix->attributor = (struct pp_attributor){ fix->catalogue, fix->tags, fix->names, &fix->recent };
	*state = fix;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fix = *state;

	pp_names_free(fix->names);
	pp_service_tags_free(fix->tags);
	pp_catalogue_free(fix->catalogue);
	free(fix);
	return 0;
}

static struct pp_connection connection(const char *server, uint16_t port)
{
	struct pp_connection conn = { .first = { .ts = 100, .packet = 1 } };

	conn.client.ip = addr("10.0.0.4");
	conn.server = (struct pp_endpoint_addr){ addr(server), port };
	return conn;
}

static void expect(void **state, const struct pp_connection *conn, const char *host, uint16_t port,
		   const char *category, const char *by)
{
	struct fixture *fix = *state;
	struct pp_attribution found = pp_attribute_connection(&fix->attributor, conn);
	const char *name = pp_attribution_name(conn->http, conn->tls);

	if (found.by == PP_ATTRIBUTED_BY_CONNECT || found.by == PP_ATTRIBUTED_BY_SNI ||
	    found.by == PP_ATTRIBUTED_BY_HTTP_HOST)
		assert_ptr_equal(name, found.host);
	else
		assert_null(name);
	if (host) {
		assert_non_null(found.host);
		assert_string_equal(found.host, host);
	} else {
		assert_null(found.host);
	}
	assert_int_equal(found.port, port);
	assert_string_equal(found.category, category);
	if (by)
		assert_string_equal(pp_attributed_by_name(found.by), by);
	else
		assert_null(pp_attributed_by_name(found.by));
	assert_int_equal(found.row != NULL && !found.pattern, false);
}

static void connect_wins(void **state)
{
	struct pp_connect connects[] = {
		{ .host = "a.example", .port = 443 },
		{ .host = "login.microsoftonline.com", .port = 443, .tunnel = true },
		{ .host = "b.example", .port = 444 },
	};
	struct pp_http_facts http = { .connects = connects, .connect_count = 3 };
	struct pp_tls_facts tls = { .sni = "eus.his.arc.azure.com" };
	struct pp_connection conn = connection("10.2.0.16", 8080);

	conn.http = &http;
	conn.tls = &tls;
	expect(state, &conn, "login.microsoftonline.com", 443, "entra-id", "connect");
	connects[1].tunnel = false;
	expect(state, &conn, "b.example", 444, "other", "connect");
	connects[2].host = NULL;
	expect(state, &conn, "login.microsoftonline.com", 443, "entra-id", "connect");
	http.connect_count = 0;
	expect(state, &conn, "eus.his.arc.azure.com", 8080, "arc", "sni");
}

/* A tunnel's host is its CONNECT's; behind one that was refused another may be asked for. */
static void request_behind_a_refused_connect(void **state)
{
	struct pp_connect connect = { .host = "a.example", .port = 443, .mark = { .ts = 200, .packet = 2 } };
	struct pp_http_exchange exchange = { .host = "b.example",
					     .absolute_form = true,
					     .mark = { .ts = 300, .packet = 3 } };
	struct pp_http_facts http = {
		.connects = &connect, .connect_count = 1, .exchanges = &exchange, .exchange_count = 1
	};
	struct pp_connection conn = connection("10.2.0.16", 8080);

	conn.http = &http;
	expect(state, &conn, "b.example", 80, "other", "http_host");
	assert_string_equal(pp_attribution_name(&http, NULL), "b.example");
	exchange.mark.ts = 100;
	expect(state, &conn, "a.example", 443, "other", "connect");
	exchange.mark.ts = 300;
	connect.tunnel = true;
	expect(state, &conn, "a.example", 443, "other", "connect");
	assert_string_equal(pp_attribution_name(&http, NULL), "a.example");
}

static void address_as_host(void **state)
{
	struct pp_connect connects[] = { { .host = "168.63.129.16", .port = 80 } };
	struct pp_http_exchange exchange = { .host = "20.5.1.2", .method = "GET" };
	struct pp_http_facts http = {
		.connects = connects, .connect_count = 1, .exchanges = &exchange, .exchange_count = 1
	};
	struct pp_connection conn = connection("10.2.0.16", 3128);

	conn.http = &http;
	expect(state, &conn, "168.63.129.16", 80, "platform", "connect");
	connects[0].host = "2001:db8::7";
	expect(state, &conn, "2001:db8::7", 80, "other", "connect");
	http.connect_count = 0;
	expect(state, &conn, "20.5.1.2", 3128, "key-vault", "http_host");
}

static void http_host(void **state)
{
	struct pp_http_exchange exchanges[] = {
		{ .method = "GET", .host = "crl3.digicert.com", .absolute_form = true },
		{ .method = "GET", .host = "ocsp.digicert.com", .absolute_form = true, .port = 8000 },
		{ .method = "GET", .host = NULL },
	};
	struct pp_http_facts http = { .exchanges = exchanges, .exchange_count = 1 };
	struct pp_tls_facts tls = { 0 };
	struct pp_connection conn = connection("10.2.0.16", 8080);

	conn.http = &http;
	conn.tls = &tls;
	expect(state, &conn, "crl3.digicert.com", 80, "certificate-validation", "http_host");
	http.exchange_count = 3;
	expect(state, &conn, "ocsp.digicert.com", 8000, "certificate-validation", "http_host");
	exchanges[1].host = NULL;
	exchanges[0].absolute_form = false;
	expect(state, &conn, "crl3.digicert.com", 8080, "certificate-validation", "http_host");
}

static void certificate_names(void **state)
{
	struct pp_tls_certificate leaf = { .names = { "www.contoso.example" }, .name_count = 1 };
	struct pp_tls_facts tls = { .certificates = { &leaf }, .certificate_count = 1 };
	struct pp_connection conn = connection("20.1.1.1", 443);

	conn.tls = &tls;
	expect(state, &conn, "www.contoso.example", 443, "other", "certificate");
	leaf.names[0] = "*.contoso.example"; /* names no host, and is of no category */
	expect(state, &conn, NULL, 443, "other", "service_tag");
	leaf.names[0] = "*.blob.core.windows.net";
	expect(state, &conn, NULL, 443, "storage", "certificate");
	leaf.names[leaf.name_count++] = "other.example"; /* one known name among others */
	leaf.names[0] = "login.windows.net";
	expect(state, &conn, "login.windows.net", 443, "entra-id", "certificate");
	leaf.names[leaf.name_count++] = "login.microsoftonline.com"; /* two of one category */
	expect(state, &conn, NULL, 443, "entra-id", "certificate");
	leaf.names[leaf.name_count++] = "eus.his.arc.azure.com"; /* two categories */
	expect(state, &conn, NULL, 443, "other", "service_tag");
	leaf = (struct pp_tls_certificate){ .subject_cn = "gbl.his.arc.azure.com" };
	expect(state, &conn, "gbl.his.arc.azure.com", 443, "arc", "certificate");
	leaf.subject_cn = "FortiGate";
	expect(state, &conn, NULL, 443, "other", "service_tag");
	leaf = (struct pp_tls_certificate){ .names = { "10.0.0.1", "appliance" }, .name_count = 2 };
	expect(state, &conn, NULL, 443, "other", "service_tag");
	leaf = (struct pp_tls_certificate){ .names = { "www.contoso.example" }, .name_count = 1, .unparsed = true };
	expect(state, &conn, NULL, 443, "other", "service_tag");
}

static void dns_answers(void **state)
{
	struct pp_connection conn = connection("20.9.9.9", 443);
	struct pp_tls_certificate leaf = { .names = { "*.blob.core.windows.net" }, .name_count = 1 };
	struct pp_tls_facts tls = { .certificates = { &leaf }, .certificate_count = 1 };

	expect(state, &conn, "gbl.his.arc.azure.com", 443, "arc", "dns");
	conn.tls = &tls; /* a certificate that names no host does not beat an answer that does */
	expect(state, &conn, "gbl.his.arc.azure.com", 443, "arc", "dns");
	conn.tls = NULL;
	conn.first.ts = 49; /* before the answer */
	expect(state, &conn, NULL, 443, "other", "service_tag");
	conn.first.ts = 100;
	conn.client.ip = addr("10.0.0.5");
	expect(state, &conn, NULL, 443, "other", "service_tag");
}

static void addresses(void **state)
{
	struct fixture *fix = *state;
	struct pp_attributor bare = { .catalogue = fix->catalogue };
	struct pp_connection conn = connection("168.63.129.16", 32526);
	struct pp_attribution found;

	expect(state, &conn, NULL, 32526, "platform", "address");
	conn = connection("20.5.7.7", 443);
	expect(state, &conn, NULL, 443, "key-vault", "service_tag");
	conn = connection("192.0.2.1", 443);
	expect(state, &conn, NULL, 443, "other", NULL);
	found = pp_attribute_connection(&bare, &conn);
	assert_string_equal(found.category, "other");
	assert_null(found.pattern);
	found = pp_attribute_host(&bare, "Login.Microsoftonline.com.", 443);
	assert_string_equal(found.category, "entra-id");
	assert_string_equal(found.pattern, "login.microsoftonline.com");
	assert_int_equal(found.by, PP_ATTRIBUTED_BY_NOTHING);
}

/* Whatever was asked before, a name gets the row it gets without memory. */
static void recent_names(void **state)
{
	static const char *const names[] = {
		"gbl.his.arc.azure.com",
		"login.microsoftonline.com",
		"Login.Microsoftonline.com",
		"www.example.com",
		"20.5.7.7",
		"",
		"x",
		"a-name-that-is-too-long-to-be-kept-among-those-of-a-moment-ago.vault.azure.net"
	};
	struct fixture *fix = *state;
	struct pp_attributor bare = { .catalogue = fix->catalogue, .tags = fix->tags };

	for (unsigned i = 0; i < 3000; i++) {
		const char *name = names[(i * 7 + i / 11) % (sizeof(names) / sizeof(names[0]))];
		char other[32];
		struct pp_attribution found, without;

		snprintf(other, sizeof(other), "%u.vault.azure.net", i % 300);
		name = i % 3 ? name : other;
		found = pp_attribute_host(&fix->attributor, name, 443);
		without = pp_attribute_host(&bare, name, 443);
		assert_ptr_equal(found.host, name);
		assert_ptr_equal(found.row, without.row);
		assert_string_equal(found.category, without.category);
		assert_ptr_equal(found.pattern, without.pattern);
		assert_int_equal(found.by, without.by);
		assert_int_equal(found.port, 443);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_wins),      cmocka_unit_test(address_as_host),
		cmocka_unit_test(http_host),         cmocka_unit_test(request_behind_a_refused_connect),
		cmocka_unit_test(certificate_names), cmocka_unit_test(dns_answers),
		cmocka_unit_test(addresses),         cmocka_unit_test(recent_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

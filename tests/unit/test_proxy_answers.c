/* Answers in clear that a proxy may have written: whose word it is, and what it says. */
#include "support/cmocka_all.h"
#include "support/one_world.h"

#include "diagnose/rule.h"

#define PROXY "10.0.0.8"
#define NAME "crl.example.azure"

static struct story *opened(const char *server, uint16_t port)
{
	struct story *s = world_story(&w, w.story_count * 1000, server, port, NULL);

	tell_open(s);
	return s;
}

/* A plain request through a proxy, and its answer. */
static struct pp_http_reply *proxied(uint16_t status)
{
	struct story *s = opened(PROXY, 8080);

	tell_request(s, NAME, "/")->absolute_form = true;
	return tell_answer(s, status);
}

static void assert_verdict(unsigned i, const char *id, enum pp_outcome outcome, enum pp_grade grade)
{
	const struct pp_verdict *verdict = &w.judgements[i].verdict;

	if (strcmp(verdict->rule->id, id) != 0 || verdict->outcome != outcome || verdict->grade != grade)
		fail_msg("connection %u: %s, %s, %s", i, verdict->rule->id, pp_outcome_name(verdict->outcome),
			 pp_grade_name(verdict->grade));
}

/* ------------------------------------------------------------------ whose word it is */

static void test_a_proxy_that_names_itself(void **state)
{
	static const char *const products[] = { "squid/5.7", "tinyproxy/1.11.1", "Zscaler/6.2", "Proxy" };

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		proxied(403)->server = products[i];
	proxied(504)->proxy_agent = "Privoxy/3.0.34";
	world_judge(&w);
	for (unsigned i = 0; i < 4; i++)
		assert_verdict(i, "PRX-07", PP_OUTCOME_FAULT, PP_PROVEN);
	assert_verdict(4, "PRX-11", PP_OUTCOME_FAULT, PP_PROVEN);
}

static void test_a_phrase_of_the_proxys(void **state)
{
	static const uint16_t statuses[] = { 502, 403, 502 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct pp_http_reply *reply = proxied(statuses[i]);

		reply->server = "Apache/2.4.71 (Debian)";
		reply->reason = "Proxy Error";
		if (i == 2) /* passed on, so it is of an Apache in front of the server */
			reply->via = "1.1 proxy.corp.example (squid/5.7)";
	}
	world_judge(&w);
	assert_verdict(0, "PRX-11", PP_OUTCOME_FAULT, PP_STRONG);
	assert_verdict(1, "PRX-07", PP_OUTCOME_FAULT, PP_STRONG);
	assert_verdict(2, "SRV-06", PP_OUTCOME_FAULT, PP_STRONG);
}

static void test_an_answer_that_was_passed_on(void **state)
{
	struct pp_http_reply *reply;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		reply = proxied(i ? 403 : 503);
		reply->server = "origin";
		reply->via = "1.1 proxy.corp.example (squid/5.7)";
	}
	reply = proxied(503); /* Squid puts Via into its own, too */
	reply->server = "squid/5.7";
	reply->via = "1.1 proxy.corp.example (squid/5.7)";
	world_judge(&w);
	assert_verdict(0, "SRV-06", PP_OUTCOME_FAULT, PP_STRONG);
	assert_verdict(1, "OK-01", PP_OUTCOME_OK, PP_PROVEN);
	assert_verdict(2, "PRX-11", PP_OUTCOME_FAULT, PP_PROVEN);
}

static void test_an_answer_of_nobody_knows_whom(void **state)
{
	(void)state;
	proxied(502)->server = "nginx";
	proxied(504)->via = "1.1 proxy.corp.example"; /* its own, or of a server that does not say its name */
	world_judge(&w);
	assert_verdict(0, "PRX-17", PP_OUTCOME_FAULT, PP_CONSISTENT);
	assert_int_equal(w.judgements[0].verdict.owner, PP_OWNER_PROXY);
	assert_verdict(1, "PRX-17", PP_OUTCOME_FAULT, PP_CONSISTENT);
}

static void test_a_refusal_of_nobody_knows_whom(void **state)
{
	(void)state;
	proxied(404)->server = "nginx";
	proxied(200)->server = "nginx";
	world_judge(&w);
	assert_verdict(0, "OK-01", PP_OUTCOME_OK, PP_CONSISTENT);
	assert_verdict(1, "OK-01", PP_OUTCOME_OK, PP_PROVEN);
}

static void test_a_server_asked_directly_speaks_for_itself(void **state)
{
	struct story *s = opened("203.0.113.10", 80);

	(void)state;
	tell_request(s, NAME, "/");
	tell_answer(s, 502)->reason = "Proxy Error"; /* an Apache in front of it */
	world_judge(&w);
	assert_verdict(0, "SRV-06", PP_OUTCOME_FAULT, PP_PROVEN);
}

/* ------------------------------------------------------------------ a proxy that nobody asked */

/* Squid's answer to a request for a server that is `rtt` away. */
static struct pp_http_reply *intercepted(const char *server, int64_t rtt, uint16_t status, const char *error)
{
	struct story *s = world_story(&w, w.story_count * 1000, server, 80, NULL);
	struct pp_http_reply *reply;

	s->rtt = rtt;
	tell_open(s);
	tell_request(s, NAME, "/");
	reply = tell_answer(s, status);
	reply->x_squid_error = error;
	reply->page = PP_PAGE_SQUID;
	return reply;
}

static void test_a_transparent_squid(void **state)
{
	(void)state;
	world_works(&w, 0, "203.0.113.10", NAME); /* the server is far */
	intercepted("203.0.113.10", PP_MS, 403, "ERR_ACCESS_DENIED 0");
	intercepted("203.0.113.10", PP_MS, 503, "ERR_CONNECT_FAIL 111");
	intercepted("203.0.113.10", PP_MS, 302, "302 Access Denied")->page = PP_PAGE_NONE;
	world_judge(&w);
	for (unsigned i = 1; i < 4; i++)
		assert_verdict(i, "FW-09", PP_OUTCOME_FAULT, PP_STRONG);
	assert_int_equal(w.judgements[1].verdict.owner, PP_OWNER_NETWORK);
}

static void test_a_squid_that_may_be_the_servers(void **state)
{
	(void)state;
	intercepted("203.0.113.10", 50 * PP_MS, 503, "ERR_CONNECT_FAIL 111");
	intercepted("203.0.113.10", 50 * PP_MS, 403, "ERR_ACCESS_DENIED 0");
	intercepted("203.0.113.20", PP_MS, 503, "ERR_CONNECT_FAIL 111");
	world_judge(&w);
	for (unsigned i = 0; i < 3; i++)
		assert_verdict(i, "FW-09", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
}

static void test_a_redirect_of_squids_own(void **state)
{
	struct pp_http_reply *reply = proxied(302);

	(void)state;
	reply->x_squid_error = "302 Access Denied";
	reply->server = "squid/5.7";
	proxied(302)->via = "1.1 proxy.corp.example (squid/5.7)";
	world_judge(&w);
	assert_verdict(0, "PRX-07", PP_OUTCOME_FAULT, PP_STRONG);
	assert_verdict(1, "OK-01", PP_OUTCOME_OK, PP_PROVEN);
}

/* ------------------------------------------------------------------ logins */

static struct pp_http_reply *connected(uint16_t status, enum pp_credentials credentials)
{
	struct story *s = opened(PROXY, 8080);
	struct pp_connect *connect = tell_connect(s, NAME, 443);

	connect->credentials = credentials;
	tell_connect_reply(s, status);
	tell_fin(s, PP_SERVER);
	return &connect->reply;
}

static void test_a_login_to_the_network(void **state)
{
	struct story *s = opened("203.0.113.10", 80);

	(void)state;
	tell_request(s, NAME, "/");
	tell_answer(s, 511)->server = "nginx";
	s = opened("203.0.113.10", 80);
	tell_request(s, NAME, "/");
	tell_answer(s, 510)->server = "nginx";
	proxied(511)->server = "nginx";
	connected(511, PP_CREDENTIALS_NONE);
	world_judge(&w);
	assert_verdict(0, "FW-09", PP_OUTCOME_FAULT, PP_STRONG);
	assert_int_equal(w.judgements[0].verdict.owner, PP_OWNER_NETWORK);
	assert_verdict(1, "OK-01", PP_OUTCOME_OK, PP_PROVEN);
	assert_verdict(2, "PRX-04", PP_OUTCOME_FAULT, PP_STRONG);
	assert_verdict(3, "PRX-04", PP_OUTCOME_FAULT, PP_STRONG);
}

/* Some proxies say so to credentials that they do not like; what an origin says to a plain request is passed on. */
static void test_a_401_to_a_connect_wants_credentials(void **state)
{
	struct pp_http_reply *reply = connected(401, PP_CREDENTIALS_BASIC);

	(void)state;
	reply->schemes[reply->scheme_count++] = "Basic";
	proxied(401)->server = "origin";
	w.stories[1].exchanges[0].reply.via = "1.1 proxy.corp.example";
	world_judge(&w);
	assert_verdict(0, "PRX-06", PP_OUTCOME_FAULT, PP_PROVEN);
	assert_verdict(1, "OK-01", PP_OUTCOME_OK, PP_PROVEN);
}

static void test_a_401_to_a_connect_without_credentials(void **state)
{
	struct pp_http_reply *reply = connected(401, PP_CREDENTIALS_NONE);

	(void)state;
	reply->schemes[reply->scheme_count++] = "Basic";
	world_judge(&w);
	assert_verdict(0, "PRX-04", PP_OUTCOME_FAULT, PP_PROVEN);
}

static void test_a_401_that_a_later_leg_satisfies(void **state)
{
	struct pp_http_reply *reply = connected(401, PP_CREDENTIALS_NONE);

	(void)state;
	reply->schemes[reply->scheme_count++] = "Basic";
	connected(200, PP_CREDENTIALS_BASIC);
	world_judge(&w);
	assert_verdict(0, "PRX-05", PP_OUTCOME_OK, PP_PROVEN);
}

/* ------------------------------------------------------------------ what it says */

static void test_what_a_status_tells(void **state)
{
	static const struct {
		uint16_t status;
		const char *error, *id;
	} rows[] = {
		{ 403, NULL, "PRX-07" },
		{ 451, NULL, "PRX-07" },
		{ 302, "302 Access Denied", "PRX-07" },
		{ 302, NULL, "PRX-18" },
		{ 408, NULL, "PRX-18" },
		{ 429, NULL, "PRX-18" },
		{ 500, NULL, "PRX-18" },
		{ 500, "ERR_ICAP_FAILURE 0", "PRX-18" },
		{ 500, "ERR_CANNOT_FORWARD 0", "PRX-11" },
		{ 508, NULL, "PRX-18" },
		{ 502, NULL, "PRX-11" },
		{ 503, "ERR_DNS_FAIL 0", "PRX-11" },
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

	(void)state;
	for (unsigned i = 0; i < ROWS; i++)
		connected(rows[i].status, PP_CREDENTIALS_NONE)->x_squid_error = rows[i].error;
	proxied(500)->x_squid_error = "ERR_ICAP_FAILURE 0";
	proxied(400)->x_squid_error = "ERR_INVALID_URL 0";
	world_judge(&w);
	for (unsigned i = 0; i < ROWS + 2; i++) {
		const struct pp_verdict *verdict = &w.judgements[i].verdict;

		assert_string_equal(verdict->rule->id, i < ROWS ? rows[i].id : "PRX-18");
		assert_int_equal(verdict->outcome, PP_OUTCOME_FAULT);
		assert_int_equal(verdict->owner, PP_OWNER_PROXY);
	}
}

static void test_a_proxy_that_opens_tunnels_is_one(void **state)
{
	static const uint16_t statuses[] = { 400, 405, 501 };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		connected(statuses[i], PP_CREDENTIALS_NONE);
	world_proxied(&w, 9000, PROXY, "other.example.azure");
	world_judge(&w);
	for (unsigned i = 0; i < 3; i++) {
		assert_verdict(i, "PRX-18", PP_OUTCOME_FAULT, PP_STRONG);
		assert_int_equal(w.judgements[i].verdict.owner, PP_OWNER_PROXY);
	}
}

static void test_a_proxy_that_wants_credentials_is_one(void **state)
{
	static const uint16_t wants[] = { 407, 401 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		if (i) {
			world_done(&w);
			world_init(&w);
		}
		connected(400, PP_CREDENTIALS_NONE);
		connected(wants[i], PP_CREDENTIALS_NONE)->schemes[0] = "Negotiate";
		world_judge(&w);
		assert_verdict(0, "PRX-18", PP_OUTCOME_FAULT, PP_STRONG);
	}
}

/* A web server answers the absolute form, too. */
static void test_what_opens_no_tunnel_may_be_no_proxy(void **state)
{
	(void)state;
	connected(405, PP_CREDENTIALS_NONE);
	proxied(200);
	world_proxied(&w, 9000, "10.0.0.9", "other.example.azure");
	world_judge(&w);
	assert_verdict(0, "PRX-15", PP_OUTCOME_FAULT, PP_STRONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_proxy_that_names_itself),
		TEST(test_a_phrase_of_the_proxys),
		TEST(test_an_answer_that_was_passed_on),
		TEST(test_an_answer_of_nobody_knows_whom),
		TEST(test_a_refusal_of_nobody_knows_whom),
		TEST(test_a_server_asked_directly_speaks_for_itself),
		TEST(test_a_transparent_squid),
		TEST(test_a_squid_that_may_be_the_servers),
		TEST(test_a_redirect_of_squids_own),
		TEST(test_a_login_to_the_network),
		TEST(test_a_401_to_a_connect_wants_credentials),
		TEST(test_a_401_to_a_connect_without_credentials),
		TEST(test_a_401_that_a_later_leg_satisfies),
		TEST(test_what_a_status_tells),
		TEST(test_a_proxy_that_opens_tunnels_is_one),
		TEST(test_a_proxy_that_wants_credentials_is_one),
		TEST(test_what_opens_no_tunnel_may_be_no_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The diagnosis as a whole: healthy traffic is never accused, contrasts raise grades, hosts are weighed, one
 * conclusion. */
#include "support/cmocka_all.h"
#include "support/one_world.h"

#include "attribute/catalogue.h"
#include "diagnose/case.h"
#include "diagnose/table.h"

#define SERVER "203.0.113.10"
#define OTHER "203.0.113.20"
#define PROXY "10.0.0.8"
#define NAME "login.example.azure"

static void assert_nobody_accused(void)
{
	world_judge(&w);
	for (unsigned i = 0; i < w.story_count; i++)
		if (w.judgements[i].verdict.outcome == PP_OUTCOME_FAULT)
			fail_msg("connection %u is accused: %s", i, w.judgements[i].verdict.rule->id);
	for (unsigned i = 0; i < w.lookup_count; i++)
		if (w.lookup_judgements[i].verdict.outcome == PP_OUTCOME_FAULT)
			fail_msg("lookup %u is accused: %s", i, w.lookup_judgements[i].verdict.rule->id);
	assert_int_not_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 1);
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->fault_count, 0);
}

static void assert_verdict(unsigned i, const char *id, enum pp_outcome outcome, enum pp_grade grade)
{
	const struct pp_verdict *verdict = &w.judgements[i].verdict;

	assert_string_equal(verdict->rule->id, id);
	assert_int_equal(verdict->outcome, outcome);
	assert_int_equal(verdict->grade, grade);
}

/* ------------------------------------------------------------------ healthy */

static void test_resets_after_the_exchange(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_tls_works(s, NAME, PP_TLS_1_3); /* unread tickets */
	tell_rst(s, PP_CLIENT, PP_PHASE_TLS_ESTABLISHED);
	s = world_story(&w, 1000, SERVER, 443, NAME);
	tell_tls_works(s, NAME, PP_TLS_1_2); /* late close_notify */
	tell_fin(s, PP_SERVER);
	tell_hidden_alert(s, PP_CLIENT);
	tell_rst(s, PP_SERVER, PP_PHASE_CLOSE);
	s = world_story(&w, 2000, OTHER, 443, "www.example.com");
	tell_tls_works(s, "www.example.com", PP_TLS_1_3); /* keep-alive closed by a reset long after */
	tell_wait(s, 240000);
	tell_rst(s, PP_SERVER, PP_PHASE_TLS_ESTABLISHED);
	assert_nobody_accused();
}

static void test_answers_of_azure_in_clear(void **state)
{
	static const uint16_t statuses[] = { 200, 301, 400, 401, 403, 404 };

	(void)state;
	for (unsigned i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct story *s = world_story(&w, i * 1000, SERVER, 80, NAME);

		tell_open(s);
		tell_request(s, NAME, "/");
		tell_answer(s, statuses[i]);
	}
	assert_nobody_accused();
}

static void test_a_client_that_leaves_before_the_answer(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_wait(s, 20);
	tell_rst(s, PP_CLIENT, PP_PHASE_CLIENT_HELLO);
	assert_nobody_accused();
}

/* 60 kB of an answer whose length was announced and is more. */
static struct story *half_an_answer(int64_t ms, const char *name)
{
	struct story *s = world_story(&w, ms, SERVER, 80, name);

	tell_open(s);
	tell_request(s, name, "/crl");
	tell_answer(s, 200)->complete = false;
	tell_bytes(s, PP_SERVER, 60000);
	return s;
}

static void test_half_an_answer_is_nobodys_fault_alone(void **state)
{
	struct story *s = half_an_answer(0, "one.example.com");

	(void)state;
	tell_wait(s, 60000); /* a stream of events, perhaps */
	tell_fin(s, PP_SERVER);
	s = half_an_answer(0, "two.example.com");
	tell_wait(s, 5000); /* given up */
	tell_fin(s, PP_CLIENT);
	s = half_an_answer(0, "three.example.com");
	s->exchanges[0].absolute_form = true;
	tell_fin(s, PP_SERVER);
	s = half_an_answer(0, "four.example.com"); /* the rest was sent, and the capture has lost it */
	s->conn.tcp.side[PP_SERVER].missing = 140000;
	s->conn.tcp.side[PP_SERVER].missing_acked = 140000;
	tell_fin(s, PP_SERVER);
	s = half_an_answer(0, "five.example.com"); /* the client takes no more */
	s->conn.tcp.side[PP_CLIENT].zero_window_ns = 5 * PP_SECOND;
	tell_rst(s, PP_SERVER, PP_PHASE_DATA);
	assert_nobody_accused();
	assert_verdict(0, "SRV-08", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	assert_verdict(1, "SRV-08", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	assert_verdict(2, "SRV-08", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	assert_verdict(3, "OK-01", PP_OUTCOME_OK, PP_PROVEN);
	assert_verdict(4, "OK-01", PP_OUTCOME_OK, PP_CONSISTENT);
}

static void test_a_reset_that_may_have_cut_the_answer_is_not_called_harmless(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_tls_works(s, NAME, PP_TLS_1_3); /* behind a whole record, which may not be the last */
	tell_rst(s, PP_SERVER, PP_PHASE_TLS_ESTABLISHED);
	s = world_story(&w, 5000, SERVER, 443, NAME);
	tell_tls_works(s, NAME, PP_TLS_1_3);
	tell_wait(s, 15000);
	tell_rst(s, PP_SERVER, PP_PHASE_TLS_ESTABLISHED);
	s = half_an_answer(40000, NAME); /* the client's own */
	tell_rst(s, PP_CLIENT, PP_PHASE_DATA);
	assert_nobody_accused();
	assert_verdict(0, "OK-01", PP_OUTCOME_OK, PP_CONSISTENT);
	assert_verdict(1, "OK-02", PP_OUTCOME_OK, PP_STRONG);
	assert_verdict(2, "OK-01", PP_OUTCOME_OK, PP_CONSISTENT);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(w.judgements[i].also_count, 0);
}

static void test_other_protocols(void **state)
{
	struct story *s = world_story(&w, 0, OTHER, 22, NULL);

	(void)state;
	tell_open(s); /* SSH */
	tell_bytes(s, PP_SERVER, 21);
	tell_bytes(s, PP_CLIENT, 21);
	tell_wait(s, 30000);
	tell_rst(s, PP_CLIENT, PP_PHASE_DATA);
	s = world_story(&w, 1000, OTHER, 514, NULL);
	tell_open(s); /* syslog: one voice */
	tell_bytes(s, PP_CLIENT, 300);
	tell_acked(s);
	tell_fin(s, PP_CLIENT);
	s = world_story(&w, 2000, OTHER, 13, NULL);
	tell_open(s); /* daytime */
	tell_bytes(s, PP_SERVER, 30);
	tell_fin(s, PP_SERVER);
	assert_nobody_accused();
}

static void test_a_scan_is_no_fault_of_anybody(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct story *s = world_story(&w, i * 10, OTHER, (uint16_t)(1000 + 37 * i), NULL);

		tell_syns(s, 1);
		tell_wait(s, 50);
		tell_rst(s, PP_SERVER, PP_PHASE_SYN);
	}
	assert_nobody_accused();
}

static void test_connection_tests_of_an_open_port(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_open(s);
	tell_fin(s, PP_CLIENT);
	s = world_story(&w, 1000, SERVER, 443, NAME); /* opened in advance, closed unused */
	tell_open(s);
	tell_wait(s, 60000);
	tell_fin(s, PP_SERVER);
	assert_nobody_accused();
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 2); /* and it proves nothing */
}

static void test_cut_at_both_ends_of_the_capture(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NULL);

	(void)state;
	tell_bytes(s, PP_SERVER, 4000);
	tell_bytes(s, PP_CLIENT, 400);
	tell_fin(s, PP_SERVER);
	s->conn.tcp.midstream = true;
	s = world_story(&w, 1000, SERVER, 443, NAME);
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	w.end = s->now + 20 * PP_MS;
	assert_nobody_accused();
}

static void test_search_list_and_discovery(void **state)
{
	(void)state;
	tell_dns_reply(&w, world_lookup(&w, 0, "wpad.corp.example", 1), PP_RCODE_NXDOMAIN, NULL);
	tell_dns_reply(&w, world_lookup(&w, 10, NAME ".corp.example", 1), PP_RCODE_NXDOMAIN, NULL);
	tell_dns_reply(&w, world_lookup(&w, 20, NAME, 1), 0, SERVER);
	tell_dns_reply(&w, world_lookup(&w, 30, "files.corp.example", 1), PP_RCODE_NXDOMAIN, NULL);
	tell_dns_reply(&w, world_lookup(&w, 60, "files.sub.corp.example", 1), 0, "10.0.0.77");
	tell_dns_reply(&w, world_lookup(&w, 90, "vault.backup.privatelink.jpe.backup.example.azure", 1),
		       PP_RCODE_NXDOMAIN, NULL);
	assert_nobody_accused();
}

static void test_second_resolver_answers(void **state)
{
	struct pp_lookup *first = world_lookup(&w, 0, NAME, 2);

	(void)state;
	first->resolver = story_addr("10.0.0.54", 53);
	tell_dns_reply(&w, world_lookup(&w, 2000, NAME, 1), 0, SERVER);
	world_works(&w, 2500, SERVER, NAME);
	assert_nobody_accused();
	assert_string_equal(w.lookup_judgements[0].verdict.rule->id, "OK-08");
}

static void test_one_lost_attempt_among_successes(void **state)
{
	(void)state;
	world_works(&w, 0, SERVER, NAME);
	tell_syns(world_story(&w, 60000, SERVER, 443, NAME), 4);
	world_works(&w, 90000, SERVER, NAME);
	assert_nobody_accused();
}

static void test_tls_test_with_a_good_certificate(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, "www.example.com");

	(void)state;
	tell_open(s); /* openssl s_client: nothing is asked, tickets arrive, goodbye */
	tell_hello(s, "www.example.com", PP_TLS_1_3, 500);
	tell_server_hello(s, PP_TLS_1_3);
	tell_finished(s);
	tell_wait(s, 50);
	tell_app(s, PP_SERVER, 500);
	tell_wait(s, 1);
	tell_hidden_alert(s, PP_CLIENT);
	tell_fin(s, PP_CLIENT);
	assert_nobody_accused();
	assert_int_equal(w.judgements[0].verdict.outcome, PP_OUTCOME_OK);
}

/* ------------------------------------------------------------------ contrasts */

static struct story *closed_after_hello(int64_t ms, const char *server, const char *sni, int64_t rtt_us)
{
	struct story *s = world_story(&w, ms, server, 443, sni);

	s->rtt = rtt_us * 1000;
	tell_open(s);
	tell_hello(s, sni, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_fin(s, PP_SERVER);
	return s;
}

static void test_terminator_that_lets_another_name_through(void **state)
{
	struct story *s;

	(void)state;
	closed_after_hello(0, SERVER, NAME, 300);
	s = world_story(&w, 1000, SERVER, 443, "allowed.example.azure");
	s->rtt = 300000; /* the same near end, and a far ServerHello */
	tell_open(s);
	tell_hello(s, "allowed.example.azure", PP_TLS_1_3, 500);
	tell_wait(s, 100);
	tell_server_hello(s, PP_TLS_1_3);
	tell_finished(s);
	tell_app(s, PP_CLIENT, 300);
	tell_app(s, PP_SERVER, 3000);
	world_judge(&w);
	assert_verdict(0, "FW-08", PP_OUTCOME_FAULT, PP_STRONG);
	assert_int_equal(w.judgements[1].verdict.outcome, PP_OUTCOME_OK);
}

static void test_several_names_closed_the_same_way(void **state)
{
	(void)state;
	closed_after_hello(0, SERVER, NAME, 300);
	closed_after_hello(100, OTHER, "other.example.azure", 300);
	world_judge(&w);
	assert_verdict(0, "FW-08", PP_OUTCOME_FAULT, PP_STRONG);
	assert_verdict(1, "FW-08", PP_OUTCOME_FAULT, PP_STRONG);
}

static void test_page_470_proves_the_terminator(void **state)
{
	struct story *s;

	(void)state;
	closed_after_hello(0, SERVER, NAME, 300);
	s = world_story(&w, 1000, SERVER, 80, NAME);
	tell_open(s);
	tell_request(s, NAME, "/");
	tell_answer(s, 470)->page = PP_PAGE_AZURE_FIREWALL;
	world_judge(&w);
	assert_verdict(0, "FW-08", PP_OUTCOME_FAULT, PP_PROVEN);
}

static void test_server_that_closes_is_not_a_firewall(void **state)
{
	(void)state;
	closed_after_hello(0, SERVER, "odd.example.com", 50000);
	world_works(&w, 1000, SERVER, "works.example.com");
	world_judge(&w);
	assert_verdict(0, "TLS-03", PP_OUTCOME_FAULT, PP_CONSISTENT);
}

static void test_other_port_makes_silence_a_port_filter(void **state)
{
	struct story *s;

	(void)state;
	tell_syns(world_story(&w, 0, SERVER, 443, NAME), 4);
	s = world_story(&w, 100, SERVER, 80, NAME);
	tell_open(s);
	tell_request(s, NAME, "/");
	tell_answer(s, 200);
	world_judge(&w);
	assert_verdict(0, "FW-01", PP_OUTCOME_FAULT, PP_STRONG);
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 1); /* port 80 does not heal port 443 */
}

/* What the capture's end left open on one port is open, whatever works on another; a mere probe asks nothing. */
static void test_question_open_on_another_port(void **state)
{
	struct story *s;

	(void)state;
	world_works(&w, 0, SERVER, NAME);
	s = world_story(&w, 2000, SERVER, 80, NAME);
	tell_syns(s, 1);
	w.end = s->now + 500 * PP_MS;
	world_judge(&w);
	assert_int_equal(pp_diagnosis_endpoint_at(w.diagnosis, 0)->verdict->outcome, PP_OUTCOME_INCONCLUSIVE);
	world_done(&w);
	tell_syn_ack(s);
	s->conn.tcp.established = story_packet(s, PP_CLIENT);
	tell_fin(s, PP_CLIENT);
	world_judge(&w);
	assert_int_equal(pp_diagnosis_endpoint_at(w.diagnosis, 0)->verdict->outcome, PP_OUTCOME_OK);
}

static void test_reset_without_a_baseline_names_nobody_surely(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, "www.example.com");

	(void)state;
	tell_syns(s, 1);
	tell_wait(s, 50);
	tell_rst(s, PP_SERVER, PP_PHASE_SYN);
	world_judge(&w);
	assert_verdict(0, "SRV-01", PP_OUTCOME_FAULT, PP_CONSISTENT);
}

/* Routers answer a trace of the route because its packets were to get no further; those of a client that loop are no
 * trace. */
static void test_route_trace_is_no_fault(void **state)
{
	for (int loops = 0; loops <= 1; loops++) {
		struct story *s = world_story(&w, 0, SERVER, 443, NULL);

		tell_syns(s, 1);
		s->conn.tcp.side[PP_CLIENT].profile.ttl_min = s->conn.tcp.side[PP_CLIENT].profile.ttl_max =
		    loops ? 64 : 3;
		tell_icmp(s, "10.0.0.1", 11, 0);
		world_judge(&w);
		if (loops)
			assert_verdict(0, "FW-03", PP_OUTCOME_FAULT, PP_STRONG);
		else
			assert_verdict(0, "OK-06", PP_OUTCOME_OK, PP_STRONG);
		done(state);
		fresh(state);
	}
}

/* ------------------------------------------------------------------ several clients in one capture */

static void by_another(struct story *s, bool another)
{
	if (another)
		assert_int_equal(pp_addr_parse("10.0.0.77", &s->conn.client.ip), PP_OK);
}

static void assert_rule(const char *id, enum pp_outcome outcome)
{
	assert_string_equal(w.judgements[0].verdict.rule->id, id);
	assert_int_equal(w.judgements[0].verdict.outcome, outcome);
}

/* A race is lost to an attempt of one's own. */
static void test_another_client_wins_no_race(void **state)
{
	for (int another = 0; another <= 1; another++) {
		bool lost;

		tell_syns(world_story(&w, 0, "198.51.100.98", 443, NAME), 1);
		by_another(world_works(&w, 250, SERVER, NAME), another);
		world_judge(&w);
		lost = strcmp(w.judgements[0].verdict.rule->id, "OK-04") == 0;
		assert_int_equal(lost, !another);
		done(state);
		fresh(state);
	}
}

/* … and a 407 is answered by credentials of one's own. */
static void test_another_client_has_credentials(void **state)
{
	for (int another = 0; another <= 1; another++) {
		struct story *s = world_story(&w, 0, PROXY, 8080, NULL), *next;

		tell_open(s);
		tell_connect(s, NAME, 443);
		tell_connect_reply(s, 407);
		tell_fin(s, PP_CLIENT);
		next = world_story(&w, 500, PROXY, 8080, NULL);
		tell_open(next);
		tell_connect(next, NAME, 443)->credentials = PP_CREDENTIALS_NTLM_FINAL;
		tell_connect_reply(next, 200);
		by_another(next, another);
		world_judge(&w);
		assert_int_equal(w.judgements[0].verdict.outcome, another ? PP_OUTCOME_FAULT : PP_OUTCOME_OK);
		done(state);
		fresh(state);
	}
}

/* It goes past the proxy that works for itself; where others may go straight says nothing about it. */
static void test_another_client_goes_straight(void **state)
{
	for (int another = 0; another <= 1; another++) {
		tell_syns(world_story(&w, 0, SERVER, 443, NAME), 4);
		world_proxied(&w, 100, PROXY, "other.example.azure");
		by_another(world_works(&w, 200, "198.51.100.99", "third.example.azure"), another);
		world_judge(&w);
		assert_string_equal(w.judgements[0].verdict.rule->id, another ? "LOC-04" : "FW-01");
		done(state);
		fresh(state);
	}
}

/* A name that was found by another client, which then reached the host, was not found by this one. */
static void test_another_client_finds_the_name(void **state)
{
	for (int another = 0; another <= 1; another++) {
		struct pp_lookup *lookup = world_lookup(&w, 0, NAME, 1), *other = world_lookup(&w, 1000, NAME, 1);

		tell_dns_reply(&w, lookup, 3, NULL);
		tell_dns_reply(&w, other, 0, SERVER);
		if (another)
			assert_int_equal(pp_addr_parse("10.0.0.77", &other->client.ip), PP_OK);
		by_another(world_works(&w, 1500, SERVER, NAME), another);
		world_judge(&w);
		assert_int_equal(w.lookup_judgements[0].verdict.outcome, another ? PP_OUTCOME_FAULT : PP_OUTCOME_OK);
		done(state);
		fresh(state);
	}
}

/* Its own addresses of both families are one client's, as far as anybody can know. */
static void test_a_client_with_two_addresses(void **state)
{
	(void)state;
	tell_syns(world_story(&w, 0, "2001:db8::10", 443, NAME), 4);
	world_proxied(&w, 100, PROXY, "other.example.azure");
	by_another(world_works(&w, 200, "198.51.100.99", "third.example.azure"), true);
	by_another(world_proxied(&w, 300, PROXY, "fourth.example.azure"), true);
	tell_syns(world_story(&w, 400, "198.51.100.97", 443, "fifth.example.azure"), 4);
	world_judge(&w);
	assert_rule("FW-01", PP_OUTCOME_FAULT); /* somebody goes straight, perhaps the same one */
	assert_string_equal(w.judgements[4].verdict.rule->id, "LOC-04");
	done(state);
	fresh(state);
	tell_syns(world_story(&w, 0, "2001:db8::10", 443, NAME), 4);
	world_proxied(&w, 100, PROXY, "other.example.azure");
	world_judge(&w);
	assert_rule("LOC-04", PP_OUTCOME_FAULT);
}

static void test_another_client_offers_more(void **state)
{
	for (int another = 0; another <= 1; another++) {
		struct story *s = world_story(&w, 1000, SERVER, 443, NAME);

		tell_open(s);
		tell_hello(s, NAME, PP_TLS_1_0, 200);
		tell_acked(s);
		tell_alert(s, PP_SERVER, 70);
		tell_fin(s, PP_SERVER);
		by_another(world_works(&w, 0, SERVER, NAME), another);
		world_judge(&w);
		assert_rule(another ? "LOC-06" : "TLS-01", PP_OUTCOME_FAULT);
		done(state);
		fresh(state);
	}
}

static void test_legs_of_authentication_on_one_connection(void **state)
{
	struct story *s = world_story(&w, 0, PROXY, 8080, NULL);

	(void)state;
	tell_open(s);
	tell_connect(s, NAME, 443);
	tell_connect_reply(s, 407);
	tell_connect(s, NAME, 443)->credentials = PP_CREDENTIALS_NTLM_FIRST;
	tell_connect_reply(s, 407);
	tell_connect(s, NAME, 443)->credentials = PP_CREDENTIALS_NTLM_FINAL;
	tell_connect_reply(s, 200);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_server_hello(s, PP_TLS_1_3);
	tell_finished(s);
	tell_app(s, PP_CLIENT, 300);
	tell_app(s, PP_SERVER, 3000);
	assert_nobody_accused();
	assert_int_equal(w.judgements[0].verdict.outcome, PP_OUTCOME_OK);
}

/* ------------------------------------------------------------------ endpoints, expectations, conclusion */

static const struct pp_endpoint *endpoint_of(const char *host)
{
	for (size_t i = 0; i < pp_diagnosis_endpoint_count(w.diagnosis); i++) {
		const struct pp_endpoint *endpoint = pp_diagnosis_endpoint_at(w.diagnosis, i);

		if (strcmp(endpoint->host, host) == 0)
			return endpoint;
	}
	return NULL;
}

static void deny(int64_t ms, const char *host, uint16_t status)
{
	struct story *s = world_story(&w, ms, PROXY, 8080, NULL);

	tell_open(s);
	tell_connect(s, host, 443);
	tell_connect_reply(s, status);
}

static void test_endpoint_counts_and_owns_its_text(void **state)
{
	char host[] = "denied.example.azure";
	const struct pp_endpoint *endpoint;

	(void)state;
	deny(0, host, 403);
	deny(1000, host, 403);
	world_works(&w, 2000, SERVER, NAME);
	world_judge(&w);
	memset(host, 'x', sizeof(host) - 1); /* the facts are gone after judging */
	endpoint = endpoint_of("denied.example.azure");
	assert_non_null(endpoint);
	assert_int_equal(endpoint->flows, 2);
	assert_int_equal(endpoint->failed, 2);
	assert_int_equal(endpoint->succeeded, 0);
	assert_true(endpoint->proxy);
	assert_false(endpoint->direct);
	assert_string_equal(endpoint->verdict->rule->id, "PRX-07");
	assert_string_equal(endpoint->verdict->host, "denied.example.azure");
	assert_string_equal(pp_diagnosis_endpoint_at(w.diagnosis, 0)->host, "denied.example.azure");
	assert_string_equal(endpoint_of(NAME)->verdict->rule->id, "OK-01");
}

/* ------------------------------------------------------------------ holes in the capture */

/* The hole is no waiting of the client's, unless it was heard of again behind it. */
static void test_a_hole_is_no_silence(void **state)
{
	static const struct {
		bool hole, left;
		enum pp_outcome outcome;
	} rows[] = {
		{ false, false, PP_OUTCOME_FAULT },
		{ true, false, PP_OUTCOME_INCONCLUSIVE },
		{ true, true, PP_OUTCOME_FAULT },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct story *s = world_story(&w, 0, SERVER, 443, NAME);

		tell_open(s);
		tell_hello(s, NAME, PP_TLS_1_3, 500);
		tell_acked(s);
		w.hole = rows[i].hole ? s->now : 0;
		tell_wait(s, 3600 * 1000);
		if (rows[i].left)
			tell_fin(s, PP_CLIENT);
		world_works(&w, 3600 * 1000, "10.0.0.77", "other.example.azure");
		world_judge(&w);
		assert_int_equal(w.judgements[0].verdict.outcome, rows[i].outcome);
		world_done(&w);
		world_init(&w);
	}
}

/* ------------------------------------------------------------------ several hosts on one connection */

static void fetch(struct story *s, const char *host, uint16_t status)
{
	tell_request(s, host, "/x")->absolute_form = true;
	s->exchanges[s->http.exchange_count - 1].port = 80;
	if (status >= 400)
		tell_answer(s, status)->x_squid_error = "ERR_ACCESS_DENIED 0";
	else
		tell_answer(s, status);
	tell_wait(s, 10);
}

static void judge_by_name(void)
{
	static struct pp_attributor attributor;
	struct pp_catalogue *catalogue;

	assert_int_equal(pp_catalogue_new_empty(&catalogue), PP_OK);
	attributor.catalogue = catalogue;
	w.options.attributor = &attributor;
	world_judge(&w);
	pp_catalogue_free(catalogue);
}

static void assert_endpoint(const char *host, const char *id, enum pp_outcome outcome)
{
	const struct pp_endpoint *endpoint = endpoint_of(host);

	assert_non_null(endpoint);
	assert_string_equal(endpoint->verdict->rule->id, id);
	assert_int_equal(endpoint->verdict->outcome, outcome);
	assert_string_equal(endpoint->verdict->host, host);
	assert_int_equal(endpoint->flows, 1);
}

static void test_each_host_of_a_connection_is_judged(void **state)
{
	struct story *s = world_story(&w, 0, PROXY, 8080, NULL);

	(void)state;
	tell_open(s);
	fetch(s, "denied.example.com", 403);
	fetch(s, "healed.example.com", 503);
	fetch(s, "healed.example.com", 200);
	fetch(s, "good.example.com", 200);
	tell_rst(s, PP_SERVER, PP_PHASE_DATA); /* no business of those before */
	judge_by_name();
	assert_verdict(0, "OK-02", PP_OUTCOME_OK, PP_STRONG);
	assert_endpoint("denied.example.com", "PRX-07", PP_OUTCOME_FAULT);
	assert_endpoint("healed.example.com", "OK-01", PP_OUTCOME_OK);
	assert_endpoint("good.example.com", "OK-02", PP_OUTCOME_OK);
	assert_int_equal(w.told, 2);
	assert_int_equal(pp_diagnosis_endpoint_count(w.diagnosis), 3);
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->flows_ok, 1);
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->flows_fault, 0);
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->fault_count, 1);
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 1);
}

static void test_a_good_host_before_a_bad_one(void **state)
{
	struct story *s = world_story(&w, 0, PROXY, 8080, NULL);

	(void)state;
	tell_open(s);
	fetch(s, "good.example.com", 200);
	fetch(s, "denied.example.com", 403);
	judge_by_name();
	assert_verdict(0, "PRX-07", PP_OUTCOME_FAULT, PP_PROVEN);
	assert_endpoint("denied.example.com", "PRX-07", PP_OUTCOME_FAULT);
	assert_endpoint("good.example.com", "OK-01", PP_OUTCOME_OK);
}

static void test_what_is_in_a_tunnel_is_of_its_connect(void **state)
{
	struct story *s = world_story(&w, 0, PROXY, 8080, NULL);

	(void)state;
	tell_open(s);
	tell_connect(s, "denied.example.com", 443);
	tell_connect_reply(s, 403);
	tell_wait(s, 10);
	tell_connect(s, "good.example.com", 80);
	tell_connect_reply(s, 200);
	tell_wait(s, 10);
	tell_request(s, "alias.example.com", "/");
	tell_answer(s, 200);
	s->http.in_tunnel = true;
	story_attribute(&s->who, "good.example.com");
	judge_by_name();
	assert_endpoint("denied.example.com", "PRX-07", PP_OUTCOME_FAULT);
	assert_null(endpoint_of("alias.example.com"));
	assert_int_equal(pp_diagnosis_endpoint_count(w.diagnosis), 2);
}

/* PRX-07 denies a host by its port 443, PRX-08 a port: another host's 443 is neither here nor there. */
static void test_another_hosts_denial_is_not_this_ones(void **state)
{
	struct story *s = world_story(&w, 0, PROXY, 8080, NULL);

	(void)state;
	tell_open(s);
	tell_connect(s, "denied.example.com", 443);
	tell_connect_reply(s, 403);
	tell_wait(s, 10);
	tell_connect(s, "good.example.com", 8443);
	tell_connect_reply(s, 403);
	judge_by_name();
	assert_verdict(0, "PRX-08", PP_OUTCOME_FAULT, PP_PROVEN);
	world_done(&w);
	s->connects[0].host = "good.example.com";
	judge_by_name();
	assert_verdict(0, "PRX-07", PP_OUTCOME_FAULT, PP_PROVEN);
}

static void test_retry_heals_and_breaking_later_does_not(void **state)
{
	(void)state;
	deny(0, "a.example.azure", 503);
	world_proxied(&w, 5000, PROXY, "a.example.azure");
	world_proxied(&w, 0, PROXY, "b.example.azure");
	deny(5000, "b.example.azure", 503);
	deny(9000, "b.example.azure", 503);
	world_judge(&w);
	assert_int_equal(endpoint_of("a.example.azure")->verdict->outcome, PP_OUTCOME_OK);
	assert_int_equal(endpoint_of("b.example.azure")->verdict->outcome, PP_OUTCOME_FAULT);
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->fault_count, 1);
}

static void test_lookup_counts_where_nothing_was_connected(void **state)
{
	const struct pp_endpoint *endpoint;

	(void)state;
	tell_dns_reply(&w, world_lookup(&w, 0, NAME, 1), PP_RCODE_NXDOMAIN, NULL);
	world_judge(&w);
	endpoint = endpoint_of(NAME);
	assert_non_null(endpoint);
	assert_true(endpoint->by_lookup);
	assert_int_equal(endpoint->flows, 0);
	assert_string_equal(endpoint->verdict->rule->id, "DNS-02");
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 1);
}

/* A client that connects all the same has not failed for want of an address. */
static void test_connection_counts_before_a_lookup_without_address(void **state)
{
	(void)state;
	tell_dns_reply(&w, world_lookup(&w, 0, "denied.example.azure", 1), PP_RCODE_NXDOMAIN, NULL);
	deny(100, "denied.example.azure", 403);
	tell_dns_reply(&w, world_lookup(&w, 0, NAME, 1), 0, "0.0.0.0");
	tell_syns(world_story(&w, 100, "0.0.0.0", 443, NAME), 4);
	world_judge(&w);
	assert_string_equal(w.lookup_judgements[0].verdict.rule->id, "DNS-02");
	assert_string_equal(endpoint_of("denied.example.azure")->verdict->rule->id, "PRX-07");
	assert_string_equal(w.judgements[1].verdict.rule->id, "FW-01");
	assert_string_equal(endpoint_of(NAME)->verdict->rule->id, "DNS-05"); /* it was led there */
}

/* DNS over TLS is blocked at all, then in its handshake; the resolver answers without. */
static void test_lookups_without_tls_do_the_job(void **state)
{
	struct story *s = world_story(&w, 0, "10.0.0.53", 853, NULL);

	(void)state;
	tell_syns(s, 4);
	s = world_story(&w, 0, "10.0.0.53", 853, NULL);
	tell_open(s);
	tell_hello(s, NULL, PP_TLS_1_3, 300);
	tell_acked(s);
	tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO);
	s = world_story(&w, 9000, "10.0.0.53", 853, NULL); /* not since */
	tell_syns(s, 4);
	s = world_story(&w, 0, "10.0.0.54", 853, NULL); /* nobody asked that one without */
	tell_syns(s, 4);
	tell_dns_reply(&w, world_lookup(&w, 5000, NAME, 1), 0, SERVER);
	world_judge(&w);
	assert_string_equal(w.judgements[0].verdict.rule->id, "OK-08");
	assert_string_equal(w.judgements[1].verdict.rule->id, "OK-08");
	assert_string_equal(w.judgements[2].verdict.rule->id, "FW-01");
	assert_int_equal(w.judgements[2].verdict.outcome, PP_OUTCOME_INCONCLUSIVE);
	assert_string_equal(w.judgements[3].verdict.rule->id, "FW-01");
	assert_int_equal(w.judgements[3].verdict.outcome, PP_OUTCOME_FAULT);
}

static void test_address_stands_for_a_host_without_a_name(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NULL);

	(void)state;
	tell_syns(s, 4);
	world_judge(&w);
	assert_non_null(endpoint_of(SERVER));
	assert_null(w.judgements[0].verdict.host);
}

static void test_expectations_of_the_profile(void **state)
{
	(void)state;
	w.agent = (struct pp_agent_row){ .name = "test",
					 .required = { "entra-id", "arc" },
					 .required_count = 2,
					 .optional = { "telemetry" },
					 .optional_count = 1,
					 .mtls_categories = "" };
	w.options.agent = &w.agent;
	world_works(&w, 0, SERVER, NAME);
	deny(1000, "denied.example.azure", 403);
	w.stories[1].who.category = "arc";
	world_judge(&w);
	assert_int_equal(pp_diagnosis_expectation_count(w.diagnosis), 3);
	assert_int_equal(pp_diagnosis_expectation_at(w.diagnosis, 0)->seen, PP_SEEN_OK);
	assert_true(pp_diagnosis_expectation_at(w.diagnosis, 0)->required);
	assert_int_equal(pp_diagnosis_expectation_at(w.diagnosis, 1)->seen, PP_SEEN_FAULT);
	assert_string_equal(pp_diagnosis_expectation_at(w.diagnosis, 1)->endpoints[0], "denied.example.azure");
	assert_int_equal(pp_diagnosis_expectation_at(w.diagnosis, 2)->seen, PP_SEEN_NEVER);
	assert_false(pp_diagnosis_expectation_at(w.diagnosis, 2)->required);
}

/* Strong signs about many endpoints tell more than a proof about one, and silence tells least. */
static void test_conclusion_is_the_most_telling_fault(void **state)
{
	const struct pp_conclusion *conclusion;

	(void)state;
	tell_syns(world_story(&w, 0, "203.0.113.30", 443, "silent.example.azure"), 4);
	deny(1000, "denied.example.azure", 403);
	closed_after_hello(2000, SERVER, NAME, 300);
	closed_after_hello(2100, OTHER, "other.example.azure", 300);
	world_judge(&w);
	conclusion = pp_diagnosis_conclusion(w.diagnosis);
	assert_string_equal(conclusion->verdict.rule->id, "FW-08");
	assert_int_equal(conclusion->fault_count, 4);
	assert_string_equal(conclusion->faults[0], "silent.example.azure");
	assert_int_equal(conclusion->exit_status, 1);
	assert_int_equal(conclusion->flows_fault, 4);
}

static void test_missing_gateway(void **state)
{
	const struct pp_conclusion *conclusion;

	(void)state;
	w.neighbours[0] = (struct pp_neighbour){ .target = story_addr("10.0.0.1", 0).ip,
						 .asked_by = story_addr("10.0.0.4", 0).ip,
						 .requests = 5,
						 .first = { STORY_EPOCH, 1, 0 } };
	w.neighbour_count = 1;
	world_judge(&w);
	conclusion = pp_diagnosis_conclusion(w.diagnosis);
	assert_string_equal(conclusion->verdict.rule->id, "LOC-01");
	assert_int_equal(conclusion->verdict.grade, PP_PROVEN);
	assert_int_equal(conclusion->exit_status, 1);
}

/* TLS 1.3: two records of one length behind the handshake are tickets, and the request behind it is unanswered. */
static void test_tickets_are_no_answer(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_server_hello(s, PP_TLS_1_3);
	tell_finished(s);
	tell_app(s, PP_CLIENT, 300);
	tell_wait(s, 50);
	for (unsigned i = 0; i < 2; i++) {
		tell_app(s, PP_SERVER, 250);
		s->tls.server_first[s->tls.server_first_count++] = (struct pp_tls_record){ 23, 250 };
	}
	tell_wait(s, 4000);
	tell_fin(s, PP_CLIENT);
	world_judge(&w);
	assert_string_equal(w.judgements[0].verdict.rule->id, "LOC-02");
	assert_int_equal(w.judgements[0].verdict.outcome, PP_OUTCOME_INCONCLUSIVE);
	world_done(&w);
	s->tls.server_first[s->tls.server_first_count - 1].len = 251; /* an answer then */
	s->tls.app_bytes[PP_SERVER]++;
	world_judge(&w);
	assert_string_equal(w.judgements[0].verdict.rule->id, "OK-01");
	world_done(&w);
	s->tls.server_first[s->tls.server_first_count - 1].len = 250;
	s->tls.app_bytes[PP_SERVER] = 500 + 90; /* … or behind them */
	world_judge(&w);
	assert_string_equal(w.judgements[0].verdict.rule->id, "OK-01");
}

/* One record, behind tickets or alone, when the client has closed. */
static void answer_to_nobody(int64_t ms, bool tickets, bool reset)
{
	struct story *s = world_story(&w, ms, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_server_hello(s, PP_TLS_1_3);
	tell_finished(s);
	tell_app(s, PP_CLIENT, 300);
	for (unsigned i = 0; tickets && i < 2; i++) {
		tell_app(s, PP_SERVER, 250);
		s->tls.server_first[s->tls.server_first_count++] = (struct pp_tls_record){ 23, 250 };
	}
	tell_wait(s, 12000);
	tell_fin(s, PP_CLIENT);
	tell_wait(s, 10000);
	tell_app(s, PP_SERVER, 90);
	s->tls.server_first[s->tls.server_first_count++] = s->tls.last_record[PP_SERVER] =
	    (struct pp_tls_record){ 23, 90 };
	s->tls.last_record_mark[PP_SERVER] = s->conn.tcp.side[PP_SERVER].last_data;
	if (reset)
		tell_rst(s, PP_CLIENT, PP_PHASE_TLS_ESTABLISHED);
}

static void test_an_answer_that_nobody_waited_for(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		answer_to_nobody(i * 1000, i & 1, i < 2);
	assert_nobody_accused();
	assert_verdict(0, "LOC-02", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	assert_verdict(1, "LOC-02", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	assert_verdict(2, "OK-01", PP_OUTCOME_OK, PP_PROVEN); /* it was acknowledged */
	assert_verdict(3, "OK-01", PP_OUTCOME_OK, PP_PROVEN);
}

static void ask_in_vain(const char *asker, const char *target)
{
	w.neighbours[w.neighbour_count++] = (struct pp_neighbour){ .target = story_addr(target, 0).ip,
								   .asked_by = story_addr(asker, 0).ip,
								   .requests = 5,
								   .first = { STORY_EPOCH, 1, 0 } };
}

static bool blames_gateway(void)
{
	const struct pp_rule *rule;

	world_judge(&w);
	rule = pp_diagnosis_conclusion(w.diagnosis)->verdict.rule;
	return rule && strcmp(rule->id, "LOC-01") == 0;
}

/* Requests are broadcast: most of those in a capture are of hosts that have nothing to do with it. */
static void test_gateway_of_another_host(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_syns(s, 4);
	ask_in_vain("10.0.0.77", "10.0.0.99");
	assert_false(blames_gateway());
	world_done(&w);
	ask_in_vain("10.0.0.4", "10.0.0.1"); /* the client itself */
	assert_true(blames_gateway());
}

static void test_gateway_of_a_host_that_was_answered(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_fin(s, PP_SERVER);
	ask_in_vain("10.0.0.4", "10.0.0.99");
	assert_false(blames_gateway());
}

static void test_gateway_of_a_host_whose_resolver_answers(void **state)
{
	struct pp_lookup *lookup = world_lookup(&w, 0, NAME, 1);

	(void)state;
	tell_dns_reply(&w, lookup, PP_RCODE_SERVFAIL, NULL);
	w.neighbours[w.neighbour_count++] = (struct pp_neighbour){ .target = story_addr("10.0.0.99", 0).ip,
								   .asked_by = lookup->client.ip,
								   .requests = 5,
								   .first = { STORY_EPOCH, 1, 0 } };
	assert_false(blames_gateway());
}

static void test_gateways_of_several_hosts_that_say_nothing_else(void **state)
{
	(void)state;
	ask_in_vain("10.0.0.77", "10.0.0.99");
	assert_true(blames_gateway());
	world_done(&w);
	ask_in_vain("10.0.0.78", "10.0.0.98");
	assert_false(blames_gateway());
}

static void test_unanswered_neighbours_beside_working_traffic(void **state)
{
	(void)state;
	w.neighbours[0] = (struct pp_neighbour){ .target = story_addr("10.0.0.99", 0).ip, .requests = 5 };
	w.neighbour_count = 1;
	world_works(&w, 0, SERVER, NAME);
	assert_nobody_accused();
}

static void test_exit_status(void **state)
{
	(void)state;
	world_judge(&w); /* nothing at all */
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 2);
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->outcome, PP_OUTCOME_INCONCLUSIVE);
	world_done(&w);
	world_works(&w, 0, SERVER, NAME);
	world_judge(&w);
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 0);
	assert_null(pp_diagnosis_conclusion(w.diagnosis)->verdict.rule);
	world_done(&w);
	w.agent =
	    (struct pp_agent_row){ .name = "test", .required = { "arc" }, .required_count = 1, .mtls_categories = "" };
	w.options.agent = &w.agent;
	world_judge(&w); /* works, but is nothing the agent needs */
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 2);
}

static void test_proxy_given_by_option(void **state)
{
	struct pp_endpoint_addr proxy = story_addr(PROXY, 3128);

	(void)state;
	w.proxy = &proxy;
	tell_syns(world_story(&w, 0, PROXY, 3128, NULL), 4);
	world_judge(&w);
	assert_verdict(0, "PRX-02", PP_OUTCOME_FAULT, PP_CONSISTENT);
	assert_int_equal(w.judgements[0].verdict.owner, PP_OWNER_PROXY);
}

/* A ring of files is one capture: what waits at the end of one was waited for in the next, unless there is a hole. */
static void test_files_of_a_ring(void **state)
{
	struct pp_source_info infos[3] = { { .packets = 1000 }, { .packets = 1000 }, { .packets = 1000 } };
	struct pp_capture captures[3] = { { .source = &infos[2] }, { .source = &infos[1] }, { .source = &infos[0] } };
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);
	struct pp_judgement judgement;
	struct pp_places places;

	(void)state;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	s->conn.last.file = 1;
	infos[0].first = STORY_EPOCH + 3600 * PP_SECOND; /* file 2: an hour later */
	infos[0].last = infos[0].first + PP_SECOND;
	infos[1].first = STORY_EPOCH; /* file 1 */
	infos[1].last = s->now + PP_SECOND;
	for (unsigned follows = 0; follows < 2; follows++) {
		infos[2].first = infos[1].last + (follows ? 1 : 60) * PP_SECOND; /* file 0 */
		infos[2].last = infos[2].first + 30 * PP_SECOND;
		w.diagnosis = pp_diagnosis_new(&w.options);
		pp_diagnosis_observe(w.diagnosis, &s->conn, &s->who, &places);
		pp_diagnosis_prepare(w.diagnosis, STORY_EPOCH, infos[0].last, captures, 3, NULL, 0);
		pp_diagnosis_judge(w.diagnosis, &s->conn, &s->who, &places, &judgement);
		assert_string_equal(judgement.verdict.rule->id, follows ? "SRV-04" : "CAP-08");
		world_done(&w);
	}
}

/* The tables are capped: more servers than fit are judged without contrasts, and the cap is reported. */
static void test_more_addresses_than_fit(void **state)
{
	struct story *s = world_works(&w, 0, SERVER, NULL);
	struct pp_judgement judgement;
	struct pp_places places;

	(void)state;
	s->who.host = NULL;
	w.diagnosis = pp_diagnosis_new(&w.options);
	assert_non_null(w.diagnosis);
	for (uint32_t i = 0; i < PP_MAP_MOST + 1000; i++) {
		s->conn.server.ip.b[15] = (uint8_t)i;
		s->conn.server.ip.b[14] = (uint8_t)(i >> 8);
		s->conn.server.ip.b[13] = (uint8_t)(i >> 16);
		pp_diagnosis_observe(w.diagnosis, &s->conn, &s->who, &places);
	}
	pp_diagnosis_prepare(w.diagnosis, STORY_EPOCH, s->now, NULL, 0, NULL, 0);
	assert_true(pp_diagnosis_refused(w.diagnosis) > 0);
	pp_diagnosis_judge(w.diagnosis, &s->conn, &s->who, &places, &judgement);
	assert_int_equal(judgement.verdict.outcome, PP_OUTCOME_OK);
	assert_int_equal(pp_diagnosis_conclude(w.diagnosis), PP_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_resets_after_the_exchange),
		TEST(test_answers_of_azure_in_clear),
		TEST(test_a_client_that_leaves_before_the_answer),
		TEST(test_half_an_answer_is_nobodys_fault_alone),
		TEST(test_a_reset_that_may_have_cut_the_answer_is_not_called_harmless),
		TEST(test_other_protocols),
		TEST(test_a_scan_is_no_fault_of_anybody),
		TEST(test_connection_tests_of_an_open_port),
		TEST(test_cut_at_both_ends_of_the_capture),
		TEST(test_search_list_and_discovery),
		TEST(test_second_resolver_answers),
		TEST(test_one_lost_attempt_among_successes),
		TEST(test_tls_test_with_a_good_certificate),
		TEST(test_terminator_that_lets_another_name_through),
		TEST(test_several_names_closed_the_same_way),
		TEST(test_page_470_proves_the_terminator),
		TEST(test_server_that_closes_is_not_a_firewall),
		TEST(test_other_port_makes_silence_a_port_filter),
		TEST(test_question_open_on_another_port),
		TEST(test_reset_without_a_baseline_names_nobody_surely),
		TEST(test_route_trace_is_no_fault),
		TEST(test_another_client_wins_no_race),
		TEST(test_another_client_has_credentials),
		TEST(test_another_client_goes_straight),
		TEST(test_another_client_finds_the_name),
		TEST(test_a_client_with_two_addresses),
		TEST(test_another_client_offers_more),
		TEST(test_legs_of_authentication_on_one_connection),
		TEST(test_endpoint_counts_and_owns_its_text),
		TEST(test_a_hole_is_no_silence),
		TEST(test_each_host_of_a_connection_is_judged),
		TEST(test_a_good_host_before_a_bad_one),
		TEST(test_what_is_in_a_tunnel_is_of_its_connect),
		TEST(test_another_hosts_denial_is_not_this_ones),
		TEST(test_retry_heals_and_breaking_later_does_not),
		TEST(test_lookup_counts_where_nothing_was_connected),
		TEST(test_connection_counts_before_a_lookup_without_address),
		TEST(test_lookups_without_tls_do_the_job),
		TEST(test_address_stands_for_a_host_without_a_name),
		TEST(test_expectations_of_the_profile),
		TEST(test_conclusion_is_the_most_telling_fault),
		TEST(test_tickets_are_no_answer),
		TEST(test_an_answer_that_nobody_waited_for),
		TEST(test_missing_gateway),
		TEST(test_gateway_of_another_host),
		TEST(test_gateway_of_a_host_that_was_answered),
		TEST(test_gateway_of_a_host_whose_resolver_answers),
		TEST(test_gateways_of_several_hosts_that_say_nothing_else),
		TEST(test_unanswered_neighbours_beside_working_traffic),
		TEST(test_exit_status),
		TEST(test_proxy_given_by_option),
		TEST(test_files_of_a_ring),
		TEST(test_more_addresses_than_fit),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}

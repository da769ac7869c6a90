/* Captures that miss something: begun late, ended early, with packets lost.  What healthy traffic looks like then must
 * not be put down to anybody.
 */
#include "support/cmocka_all.h"
#include "support/one_world.h"

#define SERVER "203.0.113.10"
#define PROXY "10.0.0.16"
#define NAME "login.example.azure"

static const struct pp_verdict *judge(void)
{
	world_judge(&w);
	return &w.judgements[0].verdict;
}

static void assert_not_accused(void) { assert_int_not_equal(judge()->outcome, PP_OUTCOME_FAULT); }

static void assert_accused_by(const char *id)
{
	const struct pp_verdict *verdict = judge();

	assert_int_equal(verdict->outcome, PP_OUTCOME_FAULT);
	assert_string_equal(verdict->rule->id, id);
}

static struct story *flight(uint16_t version)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, version, 500);
	tell_server_hello(s, version);
	return s;
}

/* ------------------------------------------------------------------ TLS */

/* The client's Finished and its request are what is missing. */
static void test_leaving_with_bytes_missing(void **state)
{
	struct story *s = flight(PP_TLS_1_3);

	(void)state;
	tell_wait(s, 2);
	tell_hidden_alert(s, PP_CLIENT);
	tell_fin(s, PP_CLIENT);
	assert_accused_by("TRUST-02");
	world_done(&w);
	s->conn.tcp.side[PP_CLIENT].missing_acked = 211;
	assert_not_accused();
}

/* Its reset is beyond what was captured: it has said something. */
static void test_leaving_with_a_reset_beyond(void **state)
{
	struct story *s = flight(PP_TLS_1_3);
	struct pp_tcp_reset *rst;

	(void)state;
	tell_wait(s, 2);
	rst = tell_rst(s, PP_CLIENT, PP_PHASE_SERVER_HELLO);
	assert_accused_by("TRUST-02");
	world_done(&w);
	rst->seq_ahead = 7;
	assert_not_accused();
}

static void test_leaving_without_its_hello(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NULL);

	(void)state;
	s->conn.tls = &s->tls;
	tell_server_hello(s, PP_TLS_1_3);
	tell_wait(s, 2);
	tell_rst(s, PP_CLIENT, PP_PHASE_SERVER_HELLO);
	assert_not_accused();
	world_done(&w);
	tell_alert(s, PP_CLIENT, 48);
	assert_not_accused();
}

/* A session with an answer worked, whatever the request was. */
static void test_answer_to_a_lost_request(void **state)
{
	struct story *s = flight(PP_TLS_1_3);

	(void)state;
	tell_finished(s);
	tell_app(s, PP_SERVER, 700);
	tell_fin(s, PP_CLIENT);
	s->conn.tcp.side[PP_CLIENT].missing_acked = 300;
	assert_int_equal(judge()->outcome, PP_OUTCOME_OK);
	assert_string_equal(w.judgements[0].verdict.rule->id, "OK-01");
}

/* A reset that acknowledges more than was captured tells of the loss. */
static void test_reset_that_acknowledges_more(void **state)
{
	struct story *s = flight(PP_TLS_1_2);
	struct pp_tcp_reset *rst;

	(void)state;
	tell_wait(s, 40);
	rst = tell_rst(s, PP_SERVER, PP_PHASE_SERVER_HELLO);
	rst->ack_ahead = 7;
	assert_not_accused();
	world_done(&w);
	rst->ack_ahead = 0;
	assert_accused_by("SRV-02");
}

/* Behind a whole flight it is the client's turn. */
static void test_silence_after_a_whole_flight(void **state)
{
	static const struct {
		uint16_t version, last;
		bool accused;
	} rows[] = { { PP_TLS_1_2, 0, false },
		     { PP_TLS_1_3, 53, false },
		     { PP_TLS_1_3, 69, false },
		     { PP_TLS_1_3, 1200, true } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct story *s;

		world_init(&w);
		s = flight(rows[i].version);
		s->tls.last_record[PP_SERVER] = (struct pp_tls_record){ 23, rows[i].last };
		tell_wait(s, 20000);
		tell_rst(s, PP_CLIENT, PP_PHASE_SERVER_HELLO);
		if (rows[i].accused)
			assert_accused_by("SRV-04");
		else
			assert_not_accused();
		world_done(&w);
	}
}

/* ------------------------------------------------------------------ TCP */

/* Three segments are sent again within milliseconds where the path's MTU has just been told. */
static void test_repetitions_at_the_captures_end(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_tls_works(s, NAME, PP_TLS_1_3);
	tell_app(s, PP_CLIENT, 400);
	s->conn.tcp.side[PP_CLIENT].stuck_retransmits = 3;
	s->conn.tcp.side[PP_CLIENT].stuck_payload = 1248;
	w.end = s->now + 4 * PP_MS;
	assert_not_accused();
	world_done(&w);
	w.end = s->now + 30 * PP_SECOND;
	assert_accused_by("MTU-02");
}

static void test_answer_missing_when_the_client_left(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);
	struct pp_tcp_side *server = &s->conn.tcp.side[PP_SERVER];

	(void)state;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_wait(s, 300);
	tell_fin(s, PP_CLIENT);
	tell_wait(s, 50);
	server->gap = story_packet(s, PP_SERVER);
	server->gap_bytes = server->missing = 1279;
	assert_not_accused();
	world_done(&w);
	s->conn.tcp.side[PP_CLIENT].fin.ts += 5 * PP_SECOND;
	assert_accused_by("MTU-01");
	world_done(&w);
	server->missing = 0; /* it was filled, piece by piece */
	assert_string_not_equal(judge()->rule->id, "MTU-01");
	world_done(&w);
	server->gap_bytes = server->missing = 126;
	judge();
	assert_string_not_equal(w.judgements[0].verdict.rule->id, "MTU-01");
}

/* How fast it acknowledged once is no bound for how fast it can answer: that may have been delayed. */
static void test_early_reset_without_a_handshake(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_wait(s, 1);
	tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO);
	assert_accused_by("FW-07"); /* after a millisecond, where the server is 50 away */
	world_done(&w);
	s->conn.tcp.handshake_rtt_ns = -1;
	s->conn.tcp.ack_rtt_min_ns = 40 * PP_MS;
	judge();
	assert_string_not_equal(w.judgements[0].verdict.rule->id, "FW-07");
}

/* Its name was looked up before the capture began, so only the port tells what it was for. */
static void test_service_bus_without_a_name(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 5671, NULL);

	(void)state;
	tell_syns(s, 4);
	w.end = s->now + 300 * PP_SECOND;
	assert_accused_by("FW-01");
	world_done(&w);
	world_works(&w, 20000, SERVER, NAME);
	w.end = s->now + 300 * PP_SECOND;
	assert_not_accused();
	world_done(&w);
	s->conn.server.port = s->who.port = 8443;
	assert_accused_by("FW-01");
}

/* ------------------------------------------------------------------ proxies */

static struct story *denied_for_login(int64_t ms)
{
	struct story *s = world_story(&w, ms, PROXY, 8080, NULL);

	tell_open(s);
	tell_connect(s, NAME, 443);
	tell_connect_reply(s, 407);
	return s;
}

/* Saved after a filter: what tells an inspector from the server is how near it is. */
static void test_refusal_of_a_hidden_certificate_without_a_handshake(void **state)
{
	for (int seen = 0; seen <= 1; seen++) {
		struct story *s = flight(PP_TLS_1_3);

		tell_alert(s, PP_CLIENT, 48);
		tell_fin(s, PP_CLIENT);
		if (!seen)
			s->conn.tcp.handshake_rtt_ns = -1;
		if (seen)
			assert_accused_by("TRUST-01");
		else
			assert_not_accused();
		done(state);
		fresh(state);
	}
}

/* The server's messages are missing, the client's refusal of them is not: no race was lost. */
static void test_refusal_of_what_is_missing(void **state)
{
	for (int missing = 0; missing <= 1; missing++) {
		struct story *s = world_story(&w, 0, SERVER, 443, NAME);
		bool lost;

		tell_open(s);
		tell_hello(s, NAME, PP_TLS_1_2, 500);
		if (missing)
			tell_alert(s, PP_CLIENT, 42);
		tell_fin(s, PP_CLIENT);
		world_works(&w, 250, "198.51.100.20", NAME);
		lost = strcmp(judge()->rule->id, "OK-04") == 0;
		assert_int_equal(lost, !missing);
		done(state);
		fresh(state);
	}
}

/* What looks like a scan has said something after all. */
static void test_half_open_scan_that_spoke(void **state)
{
	for (int spoke = 0; spoke <= 1; spoke++) {
		struct story *s = world_story(&w, 0, SERVER, 443, NAME);
		bool scan;

		tell_syns(s, 1);
		tell_syn_ack(s);
		tell_rst(s, PP_CLIENT, PP_PHASE_HANDSHAKE)->seq_ahead = spoke ? 500 : 0;
		s->conn.tcp.rst.acceptable = true;
		scan = strcmp(judge()->rule->id, "OK-06") == 0;
		assert_int_equal(scan, !spoke);
		done(state);
		fresh(state);
	}
}

static void test_credentials_whose_reply_is_missing(void **state)
{
	struct story *s = denied_for_login(0);

	(void)state;
	tell_fin(s, PP_CLIENT);
	assert_accused_by("PRX-04");
	world_done(&w);
	s = world_story(&w, 300, PROXY, 8080, NULL);
	tell_open(s);
	tell_connect(s, NAME, 443)->credentials = PP_CREDENTIALS_NTLM_FINAL;
	assert_not_accused();
}

/* NTLM: the challenge is there, what the client made of it is not. */
static void test_challenge_at_the_captures_end(void **state)
{
	struct story *s = denied_for_login(0);

	(void)state;
	tell_fin(s, PP_CLIENT);
	s = world_story(&w, 300, PROXY, 8080, NULL);
	tell_open(s);
	tell_connect(s, NAME, 443)->credentials = PP_CREDENTIALS_NTLM_FIRST;
	tell_connect_reply(s, 407);
	s->connects[0].reply.challenge = true;
	w.end = s->now + 20 * PP_MS;
	assert_not_accused();
	assert_int_not_equal(w.judgements[1].verdict.outcome, PP_OUTCOME_FAULT);
	world_done(&w);
	s->connects[0].reply.challenge = false;
	assert_accused_by("PRX-04");
	world_done(&w);
	s->connects[0].reply.scheme_count = 0; /* the line with the challenge was not captured */
	assert_not_accused();
	world_done(&w);
	w.end = s->now + 20 * PP_SECOND;
	judge();
	assert_int_equal(w.judgements[1].verdict.outcome, PP_OUTCOME_FAULT);
}

static void test_status_that_is_missing(void **state)
{
	struct story *s = world_story(&w, 0, PROXY, 8080, NULL);

	(void)state;
	tell_open(s);
	tell_connect(s, NAME, 443);
	tell_wait(s, 2);
	tell_fin(s, PP_SERVER);
	assert_accused_by("PRX-10");
	world_done(&w);
	s->conn.tcp.side[PP_SERVER].missing = 295; /* the FIN lies behind them */
	assert_not_accused();
}

static void test_login_at_the_captures_end(void **state)
{
	struct story *s = denied_for_login(0);

	(void)state;
	w.end = s->now + 20 * PP_MS;
	assert_not_accused();
	world_done(&w);
	w.end = s->now + 5 * PP_SECOND;
	assert_accused_by("PRX-04");
}

static void test_request_of_a_connection_joined_midway(void **state)
{
	struct story *s = denied_for_login(0);

	(void)state;
	tell_fin(s, PP_CLIENT);
	s->conn.tcp.midstream = true;
	s->conn.tcp.syn = s->conn.tcp.syn_ack = (struct pp_mark){ 0 };
	assert_accused_by("PRX-04");
}

/* The CONNECT itself is what is missing. */
static void test_hello_to_a_proxy(void **state)
{
	struct story *s = world_story(&w, 5000, PROXY, 8080, NULL);

	(void)state;
	tell_open(s);
	tell_hello(s, "other.example.azure", PP_TLS_1_3, 500);
	tell_acked(s);
	tell_fin(s, PP_SERVER);
	world_proxied(&w, 0, PROXY, NAME);
	assert_accused_by("LOC-04");
	world_done(&w);
	s->conn.tcp.side[PP_CLIENT].missing_acked = 154;
	assert_not_accused();
}

/* ------------------------------------------------------------------ DNS */

/* The answer about the other address type may be what is missing, or still to come. */
static void test_refusal_beside_an_open_query(void **state)
{
	struct pp_lookup *lookup = world_lookup(&w, 0, NAME, 1);

	(void)state;
	lookup->questions[0].type = PP_DNS_AAAA;
	tell_dns_reply(&w, lookup, PP_RCODE_REFUSED, NULL);
	lookup->questions[lookup->question_count++] =
	    (struct pp_dns_question){ .type = PP_DNS_A, .queries = 1, .first_query = lookup->first };
	world_judge(&w);
	assert_int_not_equal(w.lookup_judgements[0].verdict.outcome, PP_OUTCOME_FAULT);
	world_done(&w);
	lookup->questions[1].queries = 3;
	world_judge(&w);
	assert_int_equal(w.lookup_judgements[0].verdict.outcome, PP_OUTCOME_FAULT);
	world_done(&w);
	w.end = lookup->last.ts + PP_SECOND;
	world_judge(&w);
	assert_int_not_equal(w.lookup_judgements[0].verdict.outcome, PP_OUTCOME_FAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_leaving_with_bytes_missing),
		TEST(test_leaving_with_a_reset_beyond),
		TEST(test_leaving_without_its_hello),
		TEST(test_answer_to_a_lost_request),
		TEST(test_reset_that_acknowledges_more),
		TEST(test_silence_after_a_whole_flight),
		TEST(test_repetitions_at_the_captures_end),
		TEST(test_answer_missing_when_the_client_left),
		TEST(test_early_reset_without_a_handshake),
		TEST(test_service_bus_without_a_name),
		TEST(test_credentials_whose_reply_is_missing),
		TEST(test_challenge_at_the_captures_end),
		TEST(test_status_that_is_missing),
		TEST(test_refusal_of_a_hidden_certificate_without_a_handshake),
		TEST(test_refusal_of_what_is_missing),
		TEST(test_half_open_scan_that_spoke),
		TEST(test_login_at_the_captures_end),
		TEST(test_request_of_a_connection_joined_midway),
		TEST(test_hello_to_a_proxy),
		TEST(test_refusal_beside_an_open_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

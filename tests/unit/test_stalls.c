/* Connections that worked and then stop in the middle: what stopped them, and what only looks like it. */
#include "support/cmocka_all.h"
#include "support/one_world.h"

#define SERVER "203.0.113.10"
#define NAME "login.example.azure"

static const struct pp_verdict *judge(void)
{
	world_judge(&w);
	return &w.judgements[0].verdict;
}

static void assert_judged(const char *id, enum pp_outcome outcome)
{
	const struct pp_verdict *verdict = judge();

	assert_string_equal(verdict->rule->id, id);
	assert_int_equal(verdict->outcome, outcome);
}

/* ------------------------------------------------------------------ both sides repeat what they said */

enum { TICKET = 300 };

/* A request of which nothing arrives; the tickets come, and come again because their acknowledgement does not arrive. */
static struct story *unheard_request(void)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_server_hello(s, PP_TLS_1_3);
	tell_finished(s);
	tell_app(s, PP_CLIENT, 114);
	tell_wait(s, 50);
	for (unsigned i = 0; i < 2; i++) {
		tell_app(s, PP_SERVER, TICKET);
		s->tls.server_first[s->tls.server_first_count++] = (struct pp_tls_record){ 23, TICKET };
	}
	s->conn.tcp.side[PP_CLIENT].acked -= 114;
	return s;
}

static void repeat_tickets(struct story *s)
{
	s->conn.tcp.side[PP_SERVER].again = story_packet(s, PP_SERVER);
	s->conn.tcp.side[PP_SERVER].retransmits++;
}

static void test_both_sides_repeat(void **state)
{
	struct story *s = unheard_request();

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		tell_unacked(s, 1, 114);
		repeat_tickets(s);
	}
	assert_judged("FW-15", PP_OUTCOME_FAULT);
	world_done(&w);
	/* The loss heals: the answer acknowledges what was repeated. */
	s->conn.tcp.side[PP_CLIENT].stuck_retransmits = 0;
	tell_app(s, PP_SERVER, 2000);
	assert_judged("OK-01", PP_OUTCOME_OK);
}

/* New bytes go on arriving while one segment is repeated. */
static void test_only_one_side_repeats(void **state)
{
	struct story *s = unheard_request();

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		tell_unacked(s, 1, 114);
		repeat_tickets(s);
		tell_app(s, PP_SERVER, 2000);
		s->conn.tcp.side[PP_CLIENT].acked -= 114;
	}
	assert_int_equal(judge()->outcome, PP_OUTCOME_OK);
}

/* ------------------------------------------------------------------ uploads */

/* Large segments never arrived, or did until something stopped them. */
static void test_cut_upload_is_no_narrow_path(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_tls_works(s, NAME, PP_TLS_1_3);
	tell_app(s, PP_CLIENT, 10000);
	tell_unacked(s, 5, 1448);
	assert_judged("MTU-02", PP_OUTCOME_FAULT);
	world_done(&w);
	s->conn.tcp.side[PP_CLIENT].large_acked = true;
	assert_judged("FW-15", PP_OUTCOME_FAULT);
}

/* ------------------------------------------------------------------ resets of a connection that rested */

/* Whose reset meets the next request on it: the server's, or that of a device which has forgotten the connection. */
static void test_reset_of_a_resting_connection(void **state)
{
	for (int foreign = 0; foreign <= 1; foreign++) {
		struct story *s = world_story(&w, 0, SERVER, 443, NAME);

		tell_tls_works(s, NAME, PP_TLS_1_3);
		s->conn.tcp.longest_idle_ns = 6 * PP_SECOND;
		tell_wait(s, 6000);
		tell_app(s, PP_CLIENT, 300);
		s->conn.tcp.idle_after = s->conn.last;
		tell_wait(s, 1);
		tell_rst(s, PP_SERVER, PP_PHASE_TLS_ESTABLISHED)->ttl = foreign ? 64 : 62;
		if (foreign)
			assert_judged("FW-14", PP_OUTCOME_FAULT);
		else
			assert_judged("IDLE-03", PP_OUTCOME_OK);
		/* That the host works is said beside what excuses it, not beside what accuses. */
		assert_int_equal(w.judgements[0].also_count, !foreign);
		done(state);
		fresh(state);
	}
}

/* ------------------------------------------------------------------ what ICMP says of a transfer */

/* A device rejects one segment after the other; or its word is about a goodbye, or the transfer goes on. */
static void test_rejected_in_the_middle(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_tls_works(s, NAME, PP_TLS_1_3);
	tell_app(s, PP_CLIENT, 10000);
	tell_icmp(s, "10.0.0.1", 3, 13);
	tell_unacked(s, 3, 1448);
	tell_icmp(s, "10.0.0.1", 3, 13);
	assert_judged("FW-02", PP_OUTCOME_FAULT);
	world_done(&w);
	s->conn.tcp.icmp[1].code = 1;
	s->conn.tcp.icmp_count = 2;
	assert_judged("FW-03", PP_OUTCOME_FAULT);
	world_done(&w);
	s->conn.tcp.side[PP_CLIENT].stuck_retransmits = 0;
	tell_app(s, PP_SERVER, 2000);
	assert_judged("OK-01", PP_OUTCOME_OK);
}

/* The server repeats what the client has: its acknowledgements are what is rejected. */
static void test_acknowledgements_rejected(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_tls_works(s, NAME, PP_TLS_1_3);
	for (unsigned i = 0; i < 3; i++) {
		tell_wait(s, 700);
		s->conn.tcp.side[PP_SERVER].again = story_packet(s, PP_SERVER);
		tell_icmp(s, "10.0.0.1", 3, 10);
	}
	assert_judged("FW-02", PP_OUTCOME_FAULT);
}

static void test_rejected_goodbye(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_tls_works(s, NAME, PP_TLS_1_3);
	tell_wait(s, 30000);
	tell_hidden_alert(s, PP_CLIENT);
	tell_icmp(s, "10.0.0.1", 3, 13);
	tell_fin(s, PP_CLIENT);
	tell_unacked(s, 3, 24);
	tell_icmp(s, "10.0.0.1", 3, 13);
	assert_judged("OK-01", PP_OUTCOME_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_both_sides_repeat),
		TEST(test_only_one_side_repeats),
		TEST(test_cut_upload_is_no_narrow_path),
		TEST(test_reset_of_a_resting_connection),
		TEST(test_rejected_in_the_middle),
		TEST(test_acknowledgements_rejected),
		TEST(test_rejected_goodbye),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

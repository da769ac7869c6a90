/* Gates: what the capture could not have shown makes a connection inconclusive and names nobody. */
#include "support/cmocka_all.h"
#include "support/one_world.h"

#include "diagnose/case.h"

#define SERVER "203.0.113.10"
#define NAME "login.example.azure"

static unsigned gates_of(struct story *s)
{
	struct pp_case c;

	world_judge(&w);
	pp_case_of(&c, w.diagnosis, &s->conn, &s->who, &w.places[s - w.stories]);
	return c.gates;
}

static void assert_verdict(unsigned i, const char *id, enum pp_outcome outcome)
{
	assert_string_equal(w.judgements[i].verdict.rule->id, id);
	assert_int_equal(w.judgements[i].verdict.outcome, outcome);
}

static bool names_alternative(unsigned i, const char *id)
{
	const struct pp_verdict *verdict = &w.judgements[i].verdict;

	for (unsigned k = 0; k < verdict->alternative_count; k++)
		if (strcmp(verdict->alternatives[k].rule->id, id) == 0)
			return true;
	return false;
}

/* What nobody listens for on this machine is nobody else's fault. */
static void test_a_port_of_this_machine(void **state)
{
	static const char *const servers[] = { "127.0.0.1", SERVER };

	for (unsigned i = 0; i < 2; i++) {
		struct story *s = world_story(&w, 0, servers[i], 3128, NULL);

		tell_syns(s, 1);
		tell_wait(s, 1);
		tell_rst(s, PP_SERVER, PP_PHASE_SYN)->acceptable = true;
		world_judge(&w);
		assert_verdict(0, "SRV-01", PP_OUTCOME_FAULT);
		assert_int_equal(w.judgements[0].verdict.owner, i == 0 ? PP_OWNER_LOCAL : PP_OWNER_SERVER);
		done(state);
		fresh(state);
	}
}

static void test_each_gate_reads_its_fact(void **state)
{
	struct story *s = world_works(&w, 0, SERVER, NAME);

	(void)state;
	s->conn.tcp.midstream = s->conn.tcp.one_sided = s->conn.tcp.snapped = s->conn.tcp.reordered = true;
	s->conn.tcp.port_reused = true;
	s->conn.tcp.duplicates = s->conn.tcp.offload_segments = 1;
	s->conn.tcp.side[PP_SERVER].missing_acked = 100;
	s->conn.tcp.side[PP_CLIENT].keep_alives = 1;
	assert_int_equal(gates_of(s), PP_CAP(1) | PP_CAP(2) | PP_CAP(3) | PP_CAP(4) | PP_CAP(5) | PP_CAP(6) |
					  PP_CAP(7) | PP_CAP(9) | PP_CAP(12));
}

static void test_clean_connection_passes_all(void **state)
{
	struct story *s = world_works(&w, 0, SERVER, NAME);

	(void)state;
	assert_int_equal(gates_of(s), 0);
}

/* What came first is not known, so nothing is proven of it, health neither. */
static void test_out_of_order_proves_nothing(void **state)
{
	for (int disordered = 0; disordered <= 1; disordered++) {
		world_works(&w, 0, SERVER, NAME)->conn.tcp.disordered = disordered;
		world_judge(&w);
		assert_verdict(0, "OK-01", PP_OUTCOME_OK);
		assert_int_equal(w.judgements[0].verdict.grade, disordered ? PP_CONSISTENT : PP_PROVEN);
		done(state);
		fresh(state);
	}
}

static void test_heavy_drops_shut_the_gate_for_the_file(void **state)
{
	struct story *s = world_works(&w, 0, SERVER, NAME);

	(void)state;
	w.dropped = 50; /* of 100000 packets: says nothing */
	assert_int_equal(gates_of(s) & PP_CAP(9), 0);
	world_done(&w);
	w.dropped = 5000;
	assert_int_equal(gates_of(s) & PP_CAP(9), PP_CAP(9));
}

static void test_syn_in_one_sided_capture_accuses_nobody(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_syns(s, 4);
	s->conn.tcp.one_sided = true;
	world_judge(&w);
	assert_verdict(0, "CAP-02", PP_OUTCOME_INCONCLUSIVE);
	assert_true(names_alternative(0, "FW-01"));
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 2);
}

static void test_capture_that_ends_before_the_answer(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_syns(s, 3);
	w.end = s->now + 200 * PP_MS;
	world_judge(&w);
	assert_verdict(0, "CAP-08", PP_OUTCOME_INCONCLUSIVE);
	assert_true(names_alternative(0, "FW-01"));
}

static void test_client_that_gave_up_was_waited_for(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_syns(s, 3); /* at 0, 1 and 3 s: the next one was due at 7 s */
	w.end = s->now + 5 * PP_SECOND;
	world_judge(&w);
	assert_verdict(0, "FW-01", PP_OUTCOME_FAULT);
}

static void test_close_after_hello_with_lost_packets(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	s->rtt = PP_MS / 3;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_fin(s, PP_SERVER);
	w.dropped = 5000;
	world_judge(&w);
	assert_verdict(0, "CAP-09", PP_OUTCOME_INCONCLUSIVE);
	assert_true(names_alternative(0, "FW-08"));
}

static void test_loopback_has_no_distance(void **state)
{
	struct story *s = world_story(&w, 0, "127.0.0.1", 443, NAME);

	(void)state;
	s->conn.client = story_addr("127.0.0.1", 50000);
	s->rtt = PP_MS / 10;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_fin(s, PP_SERVER);
	world_judge(&w);
	assert_verdict(0, "SRV-03", PP_OUTCOME_FAULT); /* the local process, never a firewall */
	assert_true(names_alternative(0, "FW-08"));
}

/* Alerts, status lines and ICMP stand whatever is missing around them. */
static void test_own_words_pass_every_gate(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_alert(s, PP_SERVER, 112);
	tell_fin(s, PP_SERVER);
	s->conn.tcp.midstream = s->conn.tcp.snapped = true;
	w.dropped = 5000;
	world_judge(&w);
	assert_verdict(0, "TLS-04", PP_OUTCOME_FAULT);
	assert_int_equal(w.judgements[0].verdict.grade, PP_PROVEN);
}

static void test_inference_about_a_joined_connection_is_weak(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO);
	s->conn.tcp.midstream = true;
	world_judge(&w);
	assert_true(w.judgements[0].verdict.outcome != PP_OUTCOME_FAULT ||
		    w.judgements[0].verdict.grade == PP_CONSISTENT);
}

static void test_snapped_answer_is_unknown(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_open(s);
	tell_hello(s, NULL, PP_TLS_1_3, 500);
	s->tls.sni_unknown = true;
	tell_wait(s, 50);
	tell_bytes(s, PP_SERVER, 5000);
	tell_bytes(s, PP_CLIENT, 500);
	tell_fin(s, PP_SERVER);
	s->conn.tcp.snapped = true;
	world_judge(&w);
	assert_verdict(0, "CAP-03", PP_OUTCOME_INCONCLUSIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_port_of_this_machine),
		TEST(test_each_gate_reads_its_fact),
		TEST(test_clean_connection_passes_all),
		TEST(test_out_of_order_proves_nothing),
		TEST(test_heavy_drops_shut_the_gate_for_the_file),
		TEST(test_syn_in_one_sided_capture_accuses_nobody),
		TEST(test_capture_that_ends_before_the_answer),
		TEST(test_client_that_gave_up_was_waited_for),
		TEST(test_close_after_hello_with_lost_packets),
		TEST(test_loopback_has_no_distance),
		TEST(test_own_words_pass_every_gate),
		TEST(test_inference_about_a_joined_connection_is_weak),
		TEST(test_snapped_answer_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

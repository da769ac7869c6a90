/* What the capturing machine told beside its packets: services that failed, and when packets were lost. */
#include "support/cmocka_all.h"
#include "support/one_world.h"

#include "diagnose/case.h"

#define SERVER "203.0.113.10"
#define OTHER "203.0.113.20"
#define NAME "login.example.azure"

static struct pp_note *note(enum pp_note_kind kind)
{
	w.notes[w.noted.count].kind = kind;
	return &w.notes[w.noted.count++];
}

static struct pp_note *service(unsigned flags, uint32_t number)
{
	struct pp_note *unit = note(PP_NOTE_UNIT);

	unit->flags = flags;
	unit->number = number;
	unit->text[0] = "himdsd.service";
	unit->text[1] = flags & PP_NOTE_FAILED ? "failed (exit-code)" : "active (running)";
	unit->text[2] = "1\n2\n3\n4\n5\n6\n7\n8\n";
	return unit;
}

static struct pp_note *failed_service(void) { return service(PP_NOTE_FAILED | PP_NOTE_MEANT, 7); }

static struct story *refused_name(void)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_alert(s, PP_SERVER, 112);
	tell_fin(s, PP_SERVER);
	return s;
}

static const struct pp_conclusion *concluded(void)
{
	world_judge(&w);
	return pp_diagnosis_conclusion(w.diagnosis);
}

static const char *rule_of(const struct pp_conclusion *conclusion)
{
	return conclusion->verdict.rule ? conclusion->verdict.rule->id : "none";
}

/* ------------------------------------------------------------------ services */

static void test_a_failed_service_is_the_fault(void **state)
{
	const struct pp_conclusion *conclusion;

	(void)state;
	failed_service();
	world_works(&w, 0, SERVER, NAME);
	conclusion = concluded();
	assert_string_equal(rule_of(conclusion), "LOC-07");
	assert_int_equal(conclusion->exit_status, 1);
	assert_int_equal(conclusion->outcome, PP_OUTCOME_FAULT);
	assert_int_equal(conclusion->verdict.owner, PP_OWNER_LOCAL);
	assert_int_equal(conclusion->verdict.grade, PP_PROVEN);
	assert_int_equal(conclusion->fault_count, 0);
	/* State, exit status, and the last lines of the log. */
	assert_int_equal(conclusion->verdict.evidence_count, 2 + PP_UNIT_LOG);
	assert_string_equal(conclusion->verdict.evidence[2].text, "3");
	assert_string_equal(conclusion->verdict.evidence[7].text, "8");
}

static void test_a_broken_connection_explains_it(void **state)
{
	const struct pp_conclusion *conclusion;

	(void)state;
	failed_service();
	refused_name();
	conclusion = concluded();
	assert_string_equal(rule_of(conclusion), "TLS-04");
	assert_int_equal(conclusion->machine_count, 1);
	assert_string_equal(conclusion->machine[0].rule->id, "LOC-07");
}

static void test_another_process_explains_nothing(void **state)
{
	static const struct pp_process browser = { .pid = 1, .aimed = true },
				       agent = { .pid = 2, .aimed = true, .ours = true };
	struct story *s = refused_name();

	(void)state;
	failed_service();
	s->conn.process = &browser;
	assert_string_equal(rule_of(concluded()), "LOC-07");
	world_done(&w);
	s->conn.process = &agent;
	assert_string_equal(rule_of(concluded()), "TLS-04");
}

static void test_doubt_makes_it_weak(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);
	const struct pp_conclusion *conclusion;

	(void)state;
	failed_service();
	tell_syns(s, 2);
	w.end = s->now + 100 * PP_MS;
	conclusion = concluded();
	assert_string_equal(rule_of(conclusion), "LOC-07");
	assert_int_equal(conclusion->verdict.grade, PP_CONSISTENT);
	assert_int_equal(conclusion->exit_status, 1);
}

static void test_services_that_are_well(void **state)
{
	const struct pp_conclusion *conclusion;

	(void)state;
	world_works(&w, 0, SERVER, NAME);
	service(PP_NOTE_MEANT, 0);
	service(PP_NOTE_FAILED, 7);                           /* off or broken before, and not asked to run */
	service(PP_NOTE_MEANT | PP_NOTE_RESTARTS, 1)->ts = 0; /* an update */
	conclusion = concluded();
	assert_int_equal(conclusion->exit_status, 0);
	assert_int_equal(conclusion->machine_count, 0);
}

static void test_a_service_that_is_started_again_and_again(void **state)
{
	const struct pp_conclusion *conclusion;

	(void)state;
	world_works(&w, 0, SERVER, NAME);
	service(PP_NOTE_MEANT | PP_NOTE_RESTARTS, 3);
	conclusion = concluded();
	assert_string_equal(rule_of(conclusion), "LOC-07");
	assert_int_equal(conclusion->verdict.grade, PP_STRONG);
}

/* ------------------------------------------------------------------ losses */

static void lost(int64_t from_ms, int64_t until_ms, uint32_t packets)
{
	struct pp_note *loss = note(PP_NOTE_LOST);

	loss->ts = STORY_EPOCH + from_ms * PP_MS;
	loss->until = STORY_EPOCH + until_ms * PP_MS;
	loss->number = packets;
	w.dropped += packets;
}

/* SYNs at 0, 1, 3 and 7 s, and nothing else. */
static const struct pp_verdict *unanswered(void)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	tell_syns(s, 4);
	world_judge(&w);
	return &w.judgements[0].verdict;
}

static void test_silence_beside_a_loss_stands(void **state)
{
	(void)state;
	w.end = STORY_EPOCH + 200 * PP_SECOND;
	lost(-500, -100, 90000); /* before its first packet */
	lost(8100, 8500, 90000); /* when silence had meant something already */
	assert_string_equal(unanswered()->rule->id, "FW-01");
	assert_int_equal(w.judgements[0].verdict.outcome, PP_OUTCOME_FAULT);
}

static void test_silence_in_a_loss_is_none(void **state)
{
	const struct pp_verdict *verdict;

	(void)state;
	w.end = STORY_EPOCH + 200 * PP_SECOND;
	lost(20000, 20100, 1);
	lost(3500, 3600, 1);
	verdict = unanswered();
	assert_string_equal(verdict->rule->id, "CAP-09");
	assert_int_equal(verdict->outcome, PP_OUTCOME_INCONCLUSIVE);
	assert_string_equal(verdict->alternatives[0].rule->id, "FW-01");
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 2);
}

static void test_a_sum_without_times_vetoes_the_whole_file(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);
	struct pp_case c;

	(void)state;
	tell_tls_works(s, NAME, PP_TLS_1_3);
	lost(-500, -100, 5000);
	world_judge(&w);
	pp_case_of(&c, w.diagnosis, &s->conn, &s->who, &w.places[s - w.stories]);
	assert_int_equal(c.gates & (PP_CAP(9) | PP_LOST), 0);
	world_done(&w);
	w.dropped += 5000; /* of which no note tells the time */
	world_judge(&w);
	pp_case_of(&c, w.diagnosis, &s->conn, &s->who, &w.places[s - w.stories]);
	assert_int_equal(c.gates & (PP_CAP(9) | PP_LOST), PP_CAP(9));
}

static void test_what_somebody_says_stands_in_a_loss(void **state)
{
	(void)state;
	refused_name();
	lost(0, 1000, 5000);
	world_judge(&w);
	assert_string_equal(w.judgements[0].verdict.rule->id, "TLS-04");
	assert_int_equal(w.judgements[0].verdict.outcome, PP_OUTCOME_FAULT);
}

static void test_a_lookup_without_answer_in_a_loss(void **state)
{
	(void)state;
	world_lookup(&w, 0, NAME, 3);
	w.end = STORY_EPOCH + 60 * PP_SECOND;
	world_judge(&w);
	assert_int_equal(w.lookup_judgements[0].verdict.outcome, PP_OUTCOME_FAULT);
	world_done(&w);
	lost(100, 600, 1);
	world_judge(&w);
	assert_string_equal(w.lookup_judgements[0].verdict.rule->id, "DNS-01");
	assert_int_equal(w.lookup_judgements[0].verdict.outcome, PP_OUTCOME_INCONCLUSIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_failed_service_is_the_fault),
		TEST(test_a_broken_connection_explains_it),
		TEST(test_another_process_explains_nothing),
		TEST(test_doubt_makes_it_weak),
		TEST(test_services_that_are_well),
		TEST(test_a_service_that_is_started_again_and_again),
		TEST(test_silence_beside_a_loss_stands),
		TEST(test_silence_in_a_loss_is_none),
		TEST(test_a_sum_without_times_vetoes_the_whole_file),
		TEST(test_what_somebody_says_stands_in_a_loss),
		TEST(test_a_lookup_without_answer_in_a_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Wins: only those are kept that somebody may have lost to, and nobody who lost is told otherwise. */
#include "support/cmocka_all.h"
#include "support/one_world.h"

#include "diagnose/case.h"
#include "diagnose/table.h"

#define SERVER "203.0.113.10"
#define OTHER "2001:db8::10"
#define NAME "login.example.azure"

enum { MANY = 1000, CHANCE = 3 }; /* others may have the same bit */

static struct story *loser, *winner;
static struct pp_places places;

/* One of two attempts is left unanswered; without a name only the other family tells that they belong together. */
static void tell_race(const char *name)
{
	loser = world_story(&w, 0, OTHER, 443, name);
	tell_syns(loser, 1);
	winner = world_works(&w, 250, SERVER, NAME);
}

static void observe(struct story *s, struct pp_places *ret_places)
{
	pp_diagnosis_observe(w.diagnosis, &s->conn, &s->who, ret_places);
}

/* The race between wins that nobody lost to, all unlike. */
static void observe_all(void)
{
	struct pp_connection own = winner->conn;
	uint16_t port = winner->who.port;
	struct pp_places anywhere;

	w.diagnosis = pp_diagnosis_new(&w.options);
	assert_non_null(w.diagnosis);
	observe(winner, &anywhere);
	observe(loser, &places);
	for (int i = -MANY / 2; i <= MANY / 2; i++) {
		winner->conn = own;
		winner->who.port = port;
		if (i != 0) {
			winner->conn.first.ts += i * 10 * PP_SECOND + i;
			winner->conn.first.packet = (uint32_t)(i * i);
			winner->conn.first.file = (uint16_t)(i & 3);
			winner->conn.server.port = i & 4 ? 8080 : 443;
			winner->who.port = i & 8 ? 8443 : 443;
		}
		observe(winner, &anywhere);
	}
	winner->conn = own;
	winner->who.port = port;
}

static const char *rule_of_loser(void)
{
	static struct pp_judgement judgement;

	pp_diagnosis_prepare(w.diagnosis, STORY_EPOCH, loser->now + 60 * PP_SECOND, NULL, 0, NULL, 0);
	pp_diagnosis_judge(w.diagnosis, &loser->conn, &loser->who, &places, &judgement);
	if (judgement.verdict.rule == &pp_rule_ok_04)
		assert_memory_equal(&judgement.verdict.evidence[1].mark, &winner->conn.first, sizeof(struct pp_mark));
	return judgement.verdict.rule->id;
}

static void test_kept_for_a_host(void **state)
{
	(void)state;
	tell_race(NAME);
	observe_all();
	assert_int_equal(w.diagnosis->groups.count, 0);
	assert_string_equal(rule_of_loser(), "OK-04");
	assert_in_range(w.diagnosis->groups.count, 1, CHANCE);
	assert_int_equal(w.diagnosis->openings.count, 0);
}

static void test_kept_for_the_other_family(void **state)
{
	(void)state;
	tell_race(NULL);
	observe_all();
	assert_string_equal(rule_of_loser(), "OK-04");
	assert_int_equal(w.diagnosis->groups.count, 0);
	assert_in_range(w.diagnosis->openings.count, 1, CHANCE);
}

static void test_all_are_kept_without_memory_to_wait(void **state)
{
	(void)state;
	w.options.memory = 1 << 16;
	for (int named = 0; named < 2; named++) {
		w.story_count = 0;
		tell_race(named ? NAME : NULL);
		observe_all();
		assert_true(w.diagnosis->wins.settled);
		assert_true(w.diagnosis->groups.count > CHANCE);
		assert_string_equal(rule_of_loser(), "OK-04");
		world_done(&w);
	}
}

/* A loser is called off when another attempt is through, and it is another address that was raced. */
static void test_no_race_was_lost(void **state)
{
	(void)state;
	tell_race(NAME);
	loser->now += 7 * PP_SECOND;
	loser->conn.tcp.syn_last = story_packet(loser, PP_CLIENT);
	observe_all();
	assert_string_not_equal(rule_of_loser(), "OK-04");
	world_done(&w);
	w.story_count = 0;
	tell_race(NAME);
	loser->conn.server = winner->conn.server;
	observe_all();
	assert_string_not_equal(rule_of_loser(), "OK-04");
}

/* The answer that names the loser's address is read when the loser has ended. */
static void test_kept_for_a_name_that_comes_late(void **state)
{
	struct pp_lookup lookup = { .name = NAME, .question_count = 1, .address_count = 1 };
	struct pp_names *names = pp_names_new(10, (struct pp_hash_key){ { 1, 2 } });
	struct pp_attributor attributor = { .names = names };

	(void)state;
	tell_race(NULL);
	lookup.client.ip = loser->conn.client.ip;
	lookup.addresses[0] = loser->conn.server.ip;
	lookup.last.ts = loser->conn.first.ts - PP_SECOND;
	w.options.attributor = &attributor;
	assert_null(pp_names_find(names, &lookup.client.ip, &lookup.addresses[0], loser->conn.first.ts));
	observe_all();
	pp_names_add(names, &lookup, 0);
	loser->conn.tcp.syn_retransmits = 1;
	loser->who.host = NAME;
	places.host = pp_diagnosis_host_place(w.diagnosis, NAME, places.host);
	assert_string_equal(rule_of_loser(), "OK-04");
	pp_names_free(names);
}

/* A connection that a proxy refuses for want of credentials, and beside it hundreds that it serves: among those is the one
 * that was told again.  No more of them are kept than those around it. */
static void test_legs_are_kept_for_who_was_refused(void **state)
{
	enum { SERVED = 500 };
	struct story *refused = world_story(&w, 0, SERVER, 8080, NULL), *served;
	struct pp_connection own;
	struct pp_places anywhere;

	(void)state;
	tell_open(refused);
	tell_connect(refused, NAME, 443);
	tell_connect_reply(refused, 407);
	tell_fin(refused, PP_SERVER);
	served = world_proxied(&w, 300, SERVER, NAME);
	served->connects[0].credentials = PP_CREDENTIALS_NTLM_FINAL;
	own = served->conn;
	for (unsigned memory = 0; memory < 2; memory++) {
		static struct pp_judgement judgement;

		w.options.memory = memory ? 1 << 16 : 0;
		w.diagnosis = pp_diagnosis_new(&w.options);
		observe(served, &anywhere);
		for (int i = 1; i < SERVED; i++) {
			served->conn.first.ts += 60 * PP_SECOND;
			observe(served, &anywhere);
		}
		served->conn = own;
		observe(refused, &places);
		pp_diagnosis_prepare(w.diagnosis, STORY_EPOCH, served->now + 60 * PP_SECOND, NULL, 0, NULL, 0);
		if (memory == 0)
			assert_in_range(w.diagnosis->legs.count, 1, 4 * CHANCE);
		pp_diagnosis_judge(w.diagnosis, &refused->conn, &refused->who, &places, &judgement);
		assert_string_equal(judgement.verdict.rule->id, "PRX-05");
		pp_diagnosis_free(w.diagnosis);
		w.diagnosis = NULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kept_for_a_host),
		TEST(test_kept_for_the_other_family),
		TEST(test_all_are_kept_without_memory_to_wait),
		TEST(test_no_race_was_lost),
		TEST(test_kept_for_a_name_that_comes_late),
		TEST(test_legs_are_kept_for_who_was_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

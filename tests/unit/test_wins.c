/* Wins: only those are kept that somebody may have lost to, and nobody who lost is told otherwise. */
#include "support/cmocka_all.h"
#include "support/facts.h"

#include "diagnose/case.h"

#define SERVER "203.0.113.10"
#define OTHER "2001:db8::10"
#define NAME "login.example.azure"

enum { MANY = 1000, CHANCE = 3 }; /* others may have the same bit */

static struct world w;
static struct story *loser, *winner;
static struct pp_places places;

static int fresh(void **state)
{
	(void)state;
	world_init(&w);
	return 0;
}

static int done(void **state)
{
	(void)state;
	world_done(&w);
	return 0;
}

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

/* The race, and wins that nobody lost to. */
static void observe_all(void)
{
	struct pp_places anywhere;
	int64_t won = winner->conn.first.ts;

	w.diagnosis = pp_diagnosis_new(&w.options);
	assert_non_null(w.diagnosis);
	observe(winner, &anywhere);
	observe(loser, &places);
	for (int i = 1; i <= MANY; i++) {
		winner->conn.first.ts = won + i * 10 * PP_SECOND;
		observe(winner, &anywhere);
	}
}

static const char *rule_of_loser(void)
{
	static struct pp_judgement judgement;

	pp_diagnosis_prepare(w.diagnosis, STORY_EPOCH, loser->now + 60 * PP_SECOND, NULL, 0, NULL, 0);
	pp_diagnosis_judge(w.diagnosis, &loser->conn, &loser->who, &places, &judgement);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)
	const struct CMUnitTest tests[] = {
		TEST(test_kept_for_a_host),
		TEST(test_kept_for_the_other_family),
		TEST(test_all_are_kept_without_memory_to_wait),
		TEST(test_kept_for_a_name_that_comes_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

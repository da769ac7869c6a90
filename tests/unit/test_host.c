/* Hosts: what one connection told is told the same from the record alone, judged or not, and when another one comes. */
#include "support/cmocka_all.h"

#include "diagnose/state.h"

enum { SEEDS = 3000, JUDGED_MOST = 3 };

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static struct pp_mark mark_behind(struct pp_mark first, uint32_t *seed)
{
	first.ts += draw(seed, 10) ? draw(seed, 1000000) : 5 * PP_SECOND;
	first.packet += draw(seed, 10) ? draw(seed, 1000) : UINT32_MAX / 2;
	first.file = (uint16_t)(first.file + (draw(seed, 10) == 0));
	return first;
}

/* As observing fills it; sometimes more than one connection can tell. */
static void tell(struct pp_host *told, struct pp_mark first, struct pp_host_more *more, uint32_t *seed)
{
	told->observed = told->port_count = 1;
	told->one.port = (uint16_t)draw(seed, 65536);
	told->failed_opens = draw(seed, 2);
	told->refusals = draw(seed, 3);
	told->resumed = draw(seed, 2);
	told->more = draw(seed, 10) ? NULL : more;
	if (draw(seed, 2)) {
		told->worked_count = 1;
		told->worked_path = draw(seed, 2) ? PP_BY_PROXY : PP_DIRECT;
		told->one.worked = draw(seed, 10) ? first : mark_behind(first, seed);
		told->one.last_worked = told->one.worked.ts > 0 ? told->one.worked.ts : 0;
	}
	if (draw(seed, 2)) {
		told->passed = mark_behind(first, seed);
		told->passed_len = draw(seed, 3000);
	}
}

static struct pp_host_news draw_news(struct pp_mark first, uint16_t port, uint32_t *seed)
{
	bool fault = draw(seed, 2);

	return (struct pp_host_news){ .first = draw(seed, 5) ? first : mark_behind(first, seed),
				      .port = (uint16_t)(port + (draw(seed, 5) == 0)),
				      .path = draw(seed, 2) ? PP_BY_PROXY : PP_DIRECT,
				      .real = !fault && draw(seed, 2),
				      .fault = fault,
				      .hurt_agent = fault && draw(seed, 2) };
}

static void assert_same(const struct pp_host_record *record, const struct pp_host *expected)
{
	struct pp_host room;
	const struct pp_host *host = pp_host_of(record, &room);

	assert_ptr_equal(host->name, expected->name);
	assert_int_equal(host->observed, expected->observed);
	assert_int_equal(host->failed_opens, expected->failed_opens);
	assert_int_equal(host->worked_count, expected->worked_count);
	assert_int_equal(host->refusals, expected->refusals);
	assert_int_equal(host->one.port, expected->one.port);
	assert_memory_equal(&host->one.worked, &expected->one.worked, sizeof(struct pp_mark));
	assert_int_equal(host->one.last_worked, expected->one.last_worked);
	assert_int_equal(host->one.failed, expected->one.failed);
	assert_int_equal(host->one.succeeded, expected->one.succeeded);
	assert_int_equal(host->one.last_fault, expected->one.last_fault);
	assert_int_equal(host->one.last_ok, expected->one.last_ok);
	assert_ptr_equal(host->more, expected->more);
	assert_memory_equal(&host->passed, &expected->passed, sizeof(struct pp_mark));
	assert_int_equal(host->passed_len, expected->passed_len);
	assert_int_equal(host->flows, expected->flows);
	assert_int_equal(host->failed, expected->failed);
	assert_int_equal(host->succeeded, expected->succeeded);
	assert_true(host->by_path[0] == expected->by_path[0] && host->by_path[1] == expected->by_path[1]);
	assert_int_equal(host->hurt_agent, expected->hurt_agent);
	assert_int_equal(host->port_count, expected->port_count);
	assert_int_equal(host->worked_path, expected->worked_path);
	assert_int_equal(host->resumed, expected->resumed);
}

static void test_told_from_the_record(void **state)
{
	struct pp_diagnosis *diagnosis = pp_diagnosis_new(&(struct pp_diagnosis_options){ .memory = 0 });
	unsigned alone = 0;

	(void)state;
	assert_non_null(diagnosis);
	for (uint32_t i = 0; i < SEEDS; i++) {
		struct pp_host_record record = { .name = "a.example" }, spread = { .name = record.name };
		struct pp_host_more more = { .silent_leaves = 1 };
		struct pp_host told;
		uint32_t seed = i;

		record.first = (struct pp_mark){ .ts = draw(&seed, 3) ? (int64_t)draw(&seed, 1000) * PP_SECOND : -5,
						 .packet = 1 + draw(&seed, 1000),
						 .file = (uint16_t)draw(&seed, 3) };
		pp_host_set_named(&record);
		assert_false(pp_host_is_known(&record));
		spread.first = record.first;
		tell(pp_host_begin(&told, &record), record.first, &more, &seed);
		pp_host_keep(diagnosis, &record, &told);
		*pp_host_all(diagnosis, &spread) = told;
		assert_true(pp_host_is_known(&record) && pp_host_is_named(&record));
		assert_same(&record, &told);
		for (unsigned k = draw(&seed, JUDGED_MOST); k > 0; k--) {
			struct pp_host_news news = draw_news(record.first, told.one.port, &seed);

			pp_host_judged(diagnosis, &record, &news);
			pp_host_judged(diagnosis, &spread, &news);
			assert_same(&record, spread.all);
		}
		alone += !record.all;
		if (draw(&seed, 2))
			assert_same(&spread, pp_host_all(diagnosis, &record));
		assert_true(pp_host_is_known(&record) && pp_host_is_named(&record));
	}
	assert_true(alone > SEEDS / 10);
	pp_diagnosis_free(diagnosis);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_told_from_the_record) };

	_Static_assert(sizeof(struct pp_host_record) <= 80, "there may be one for every other connection");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

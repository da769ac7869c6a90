#include "cli/progress.h"

#include "base/time.h"
#include "support/cmocka_all.h"

#include <string.h>

static void test_time_left(void **unused)
{
	/* Three seconds for a quarter of the file: nine more. */
	struct pp_progress_state state = {
		.packets = 1200000, .bytes = 900000000, .used = 50, .size = 200, .elapsed = 3 * PP_SECOND
	};
	char line[PP_PROGRESS_LINE];

	(void)unused;
	pp_progress_line(line, &state);
	assert_string_equal(line, "reading: 1200000 packets, 900 MB, 300 MB/s, 0:09 min left");
	state.size = 200 * 50;
	pp_progress_line(line, &state);
	assert_string_equal(line, "reading: 1200000 packets, 900 MB, 300 MB/s, 9:57 min left");
	state.used = state.size;
	pp_progress_line(line, &state);
	assert_string_equal(line, "reading: 1200000 packets, 900 MB, 300 MB/s, 0:00 min left");
}

static void test_nobody_knows_how_long(void **unused)
{
	struct pp_progress_state state = { .packets = 5, .bytes = 7000000, .elapsed = 2 * PP_SECOND };
	char line[PP_PROGRESS_LINE];

	(void)unused;
	pp_progress_line(line, &state);
	assert_string_equal(line, "reading: 5 packets, 7 MB, 3 MB/s");
	state.size = 100; /* and nothing of it used yet */
	pp_progress_line(line, &state);
	assert_string_equal(line, "reading: 5 packets, 7 MB, 3 MB/s");
}

static void test_it_stays_one_line(void **unused)
{
	/* Ten terabytes within an hour still fit; what does not is cut. */
	struct pp_progress_state state = { .packets = 20000000000,
					   .bytes = 10000000000000,
					   .used = 1000,
					   .size = 30000,
					   .elapsed = 3600 * PP_SECOND };
	char line[PP_PROGRESS_LINE];

	(void)unused;
	pp_progress_line(line, &state);
	assert_string_equal(line, "reading: 20000000000 packets, 10000000 MB, 2777 MB/s, 1740:00 min left");
	state.packets = state.bytes = UINT64_MAX;
	state.elapsed = PP_SECOND;
	state.size = UINT64_MAX;
	pp_progress_line(line, &state);
	assert_true(strlen(line) < PP_PROGRESS_LINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_left),
		cmocka_unit_test(test_nobody_knows_how_long),
		cmocka_unit_test(test_it_stays_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

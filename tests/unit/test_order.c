/* Frames that stand in a file out of the order of their times. */
#include "support/cmocka_all.h"

#include "source/order.h"
#include "support/capfile.h"

#include <stdlib.h>

enum { MOST = 3 * PP_ORDER_FRAMES };

static struct pp_frame made[MOST], got[MOST]; /* too large for the stack of a test */
static uint8_t bytes[MOST];

/* Frame `i` of that time, one byte of it captured. */
static void make(size_t i, int64_t ts)
{
	bytes[i] = (uint8_t)(i * 7);
	made[i] = (struct pp_frame){
		.ts = ts, .number = (uint32_t)i + 1, .data_view = &bytes[i], .caplen = 1, .len = 1, .has_ts = true
	};
}

/* All that is due, each with its own byte. */
static size_t take(struct pp_order *order, bool all, size_t at)
{
	size_t count;

	while ((count = pp_order_take(order, all, got + at, 5)) > 0)
		for (size_t i = 0; i < count; i++, at++)
			assert_int_equal(*got[at].data_view, (uint8_t)((got[at].number - 1) * 7));
	return at;
}

/* Puts `count` frames, `piece` at a time, and takes them. */
static size_t pass(size_t count, size_t piece)
{
	struct pp_order *order = pp_order_new();
	size_t taken = 0;

	assert_non_null(order);
	for (size_t at = 0; at < count; at += piece) {
		assert_int_equal(pp_order_put(order, made + at, count - at < piece ? count - at : piece), PP_OK);
		taken = take(order, false, taken);
	}
	taken = take(order, true, taken);
	pp_order_free(order);
	return taken;
}

static void assert_in_order(size_t count)
{
	for (size_t i = 1; i < count; i++)
		assert_true(got[i - 1].ts < got[i].ts ||
			    (got[i - 1].ts == got[i].ts && got[i - 1].number < got[i].number));
}

static void test_the_order_is_that_of_times(void **state)
{
	enum { COUNT = 2000 };

	(void)state;
	for (size_t piece = 1; piece <= PP_SOURCE_BATCH; piece += 9) {
		for (size_t i = 0; i < COUNT; i++)
			make(i, ((int64_t)i - (int64_t)(i * 7919 % 400)) * PP_MS);
		assert_int_equal(pass(COUNT, piece), COUNT);
		assert_in_order(COUNT);
	}
}

/* Not before the newest is so much later. */
static void test_frames_wait(void **state)
{
	struct pp_order *order = pp_order_new();

	(void)state;
	make(0, 0);
	make(1, PP_ORDER_WAIT_NS - 1);
	make(2, PP_ORDER_WAIT_NS);
	assert_int_equal(pp_order_put(order, made, 2), PP_OK);
	assert_int_equal(take(order, false, 0), 0);
	assert_int_equal(pp_order_put(order, made + 2, 1), PP_OK);
	assert_int_equal(take(order, false, 0), 1);
	assert_int_equal(got[0].number, 1);
	pp_order_free(order); /* with two of them */
}

static void test_a_clock_that_is_set_back(void **state)
{
	static const int64_t seconds[] = { 100, 101, 50, 51, 102, 52 };
	enum { COUNT = sizeof(seconds) / sizeof(seconds[0]) };

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		make(i, seconds[i] * PP_SECOND);
	assert_int_equal(pass(COUNT, COUNT), COUNT);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(got[i].number, i + 1);
}

/* The ends of what times can be. */
static void test_extreme_times(void **state)
{
	static const int64_t times[] = { INT64_MIN, INT64_MAX, 0, INT64_MIN, -1, INT64_MAX, INT64_MIN + 1 };
	enum { COUNT = sizeof(times) / sizeof(times[0]) };

	(void)state;
	for (size_t piece = 1; piece <= COUNT; piece++) {
		for (size_t i = 0; i < COUNT; i++)
			make(i, times[i]);
		assert_int_equal(pass(COUNT, piece), COUNT);
	}
}

static void test_no_more_are_held(void **state)
{
	static uint8_t large[64 * 1024];
	struct pp_order *order = pp_order_new();
	size_t taken = 0;

	(void)state;
	for (size_t i = 0; i < MOST; i++)
		make(i, 0);
	for (size_t at = 0; at < MOST; at += PP_SOURCE_BATCH) {
		assert_int_equal(pp_order_put(order, made + at, PP_SOURCE_BATCH), PP_OK);
		taken = take(order, false, taken);
		assert_true(at + PP_SOURCE_BATCH - taken <= PP_ORDER_FRAMES);
	}
	assert_int_equal(take(order, true, taken), MOST);
	assert_int_equal(pp_order_pushed(order), MOST - PP_ORDER_FRAMES);
	for (size_t i = 0; i < PP_SOURCE_BATCH; i++) {
		make(i, 0);
		made[i].data_view = large;
		made[i].caplen = sizeof(large);
	}
	for (taken = 0; taken == 0;) {
		assert_int_equal(pp_order_put(order, made, PP_SOURCE_BATCH), PP_OK);
		taken = pp_order_take(order, false, got, 1);
	}
	pp_order_free(order);
}

/* What nobody takes is refused before it is written anywhere. */
static void test_nobody_takes(void **state)
{
	struct pp_order *order = pp_order_new();
	enum pp_err err = PP_OK;

	(void)state;
	for (size_t i = 0; i < PP_SOURCE_BATCH; i++)
		make(i, 0);
	for (size_t put = 0; put <= MOST && err == PP_OK; put += PP_SOURCE_BATCH)
		err = pp_order_put(order, made, PP_SOURCE_BATCH);
	assert_int_equal(err, PP_LIMIT);
	pp_order_free(order);
}

/* ------------------------------------------------------------------ when it is needed */

static bool is_needed(const int64_t *ms, size_t count, size_t piece)
{
	struct pp_order_watch watch = pp_order_watch_init();
	bool needed = false;

	for (size_t i = 0; i < count; i++)
		make(i, ms[i] * PP_MS);
	for (size_t at = 0; at < count; at += piece)
		needed |= pp_order_is_needed(&watch, made + at, count - at < piece ? count - at : piece);
	return needed;
}

static void test_when_it_is_needed(void **state)
{
	static const struct {
		int64_t ms[8];
		size_t count;
		bool needed;
	} rows[] = {
		{ { 0, 1, 2, 3, 4, 5, 6, 7 }, 8, false },
		{ { 0, 30, 10, 40, 20, 50, 30, 60 }, 8, true },          /* one of two ways lags */
		{ { 0, 30, 10, 11, 12, 31, 32, 33 }, 8, false },         /* the clock was set back once */
		{ { 0, 30, 29, 40, 39, 50, 49, 60 }, 8, false },         /* so little is put right elsewhere */
		{ { 0, 900, 100, 901, 101, 902, 102, 903 }, 8, false },  /* so much is no lag */
		{ { 0, 30, 10, 40, 5000, 4990, 5001, 5002 }, 8, false }, /* once, and once more, much later */
		{ { 0, 30, 10, 40, 900, 890, 901, 902 }, 8, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 1; piece <= rows[i].count; piece++)
			assert_int_equal(is_needed(rows[i].ms, rows[i].count, piece), rows[i].needed);
}

/* ------------------------------------------------------------------ a file */

/* Every second packet stands 20 ms later in the file than it was. */
static void test_a_file_of_two_ports(void **state)
{
	enum { COUNT = 3000 };
	struct capfile cap = cap_open();
	struct pp_source *source;
	struct pp_frame frames[PP_SOURCE_BATCH];
	size_t read = 0, count;
	int64_t before = INT64_MIN;

	(void)state;
	cap_pcap(&cap, 0xa1b2c3d4, 2, 4, 1);
	for (unsigned i = 0; i < COUNT; i++) {
		unsigned ms = 1000 + i * 2 - (i % 2 ? 20 : 0);

		cap_record(&cap, ms / 1000, ms % 1000 * 1000, 60, 60);
	}
	assert_int_equal(pp_source_open_bytes(&source, cap.out.p, cap.out.len, 0), PP_OK);
	do {
		assert_int_equal(pp_source_read(source, frames, PP_SOURCE_BATCH, &count), PP_OK);
		for (size_t i = 0; i < count; i++, read++) {
			assert_true(frames[i].ts >= before);
			before = frames[i].ts;
		}
	} while (count > 0);
	assert_int_equal(read, COUNT);
	assert_true(pp_source_info(source)->ordered);
	assert_int_equal(pp_source_info(source)->packets, COUNT);
	pp_source_close(source);
	cap_close(&cap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_order_is_that_of_times), cmocka_unit_test(test_frames_wait),
		cmocka_unit_test(test_a_clock_that_is_set_back),   cmocka_unit_test(test_extreme_times),
		cmocka_unit_test(test_no_more_are_held),           cmocka_unit_test(test_nobody_takes),
		cmocka_unit_test(test_when_it_is_needed),          cmocka_unit_test(test_a_file_of_two_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

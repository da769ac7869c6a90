#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/timeline.h"
#include "support/capfile.h"

enum { FILES_MOST = 4, PACKETS_MOST = 400 };

struct merged {
	size_t count;
	struct {
		int64_t ts;
		uint16_t file;
		uint32_t number, sum;
	} frames[FILES_MOST * PACKETS_MOST];
};

static void make_file(struct capfile *cap, const unsigned *seconds, size_t count)
{
	*cap = cap_open();
	cap_pcap(cap, 0xa1b2c3d4, 2, 4, 1);
	for (size_t i = 0; i < count; i++)
		cap_record(cap, seconds[i], 0, 1000, 1000);
}

static struct pp_timeline *open_timeline(struct capfile *caps, size_t count)
{
	struct pp_source *sources[FILES_MOST] = { 0 };
	struct pp_timeline *timeline = NULL;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(pp_source_open_bytes(&sources[i], caps[i].out.p, caps[i].out.len, (uint16_t)i), PP_OK);
	assert_int_equal(pp_timeline_open(&timeline, sources, count), PP_OK);
	return timeline;
}

/* Merges and closes the files. */
static void merge(struct capfile *caps, size_t count, size_t max, struct merged *ret)
{
	struct pp_timeline *timeline = open_timeline(caps, count);
	struct pp_frame frames[PP_SOURCE_BATCH];
	int64_t before = 0;
	size_t got = 0;

	ret->count = 0;
	do {
		bool late = false;

		assert_int_equal(pp_timeline_read(timeline, frames, max, &got), PP_OK);
		assert_true(got <= max);
		for (size_t i = 0; i < got; i++, ret->count++) {
			late |= frames[i].ts < before;
			before = frames[i].ts;
			ret->frames[ret->count].ts = frames[i].ts / PP_SECOND;
			ret->frames[ret->count].file = frames[i].file;
			ret->frames[ret->count].number = frames[i].number;
			ret->frames[ret->count].sum = seen_frame(&frames[i]).sum;
		}
		assert_true(!late || pp_timeline_tally(timeline).disorder >> 63);
	} while (got > 0);
	pp_timeline_close(timeline);
	for (size_t i = 0; i < count; i++)
		cap_close(&caps[i]);
}

static struct merged result; /* too large for the stack of a test */

static void assert_order(const char *expected)
{
	assert_int_equal(result.count, strlen(expected));
	for (size_t i = 0; i < result.count; i++)
		assert_int_equal(result.frames[i].file, expected[i] - 'a');
}

static void test_by_time(void **state)
{
	static const unsigned a[] = { 1, 4, 5, 9 }, b[] = { 2, 3, 6 }, c[] = { 0, 7, 8 };
	struct capfile caps[3];

	(void)state;
	make_file(&caps[0], a, 4);
	make_file(&caps[1], b, 3);
	make_file(&caps[2], c, 3);
	merge(caps, 3, 64, &result);
	assert_order("cabbaabcca");
	assert_int_equal(result.frames[9].number, 4);
}

static void test_a_tie_goes_to_the_file_named_first(void **state)
{
	static const unsigned a[] = { 1, 2, 2, 3 }, b[] = { 1, 2, 3, 3 };
	struct capfile caps[2];

	(void)state;
	make_file(&caps[0], a, 4);
	make_file(&caps[1], b, 4);
	merge(caps, 2, 64, &result);
	assert_order("abaababb");
}

/* A late frame keeps its place in its file, and follows at once. */
static void test_late_frames_wait_for_nobody(void **state)
{
	static const unsigned a[] = { 5, 1, 6 }, b[] = { 2, 4, 7 };
	struct capfile caps[2];

	(void)state;
	make_file(&caps[0], a, 3);
	make_file(&caps[1], b, 3);
	merge(caps, 2, 64, &result);
	assert_order("bbaaab");
}

static void test_nothing_to_merge(void **state)
{
	static const unsigned a[] = { 2, 1 };
	struct capfile caps[3];

	(void)state;
	make_file(&caps[0], a, 2);
	merge(caps, 1, 1, &result);
	assert_order("aa");
	make_file(&caps[0], a, 0);
	make_file(&caps[1], a, 2);
	make_file(&caps[2], a, 0);
	merge(caps, 3, 64, &result);
	assert_order("bb");
	merge(caps, 0, 64, &result);
	assert_int_equal(result.count, 0);
}

/* More than a batch per file, whatever the caller's batch: every frame once, in order, with its own bytes. */
static void test_many(void **state)
{
	static const size_t batches[] = { 1, 7, 64 };
	static struct merged first;
	unsigned seconds[PACKETS_MOST];

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		struct capfile caps[FILES_MOST];
		int64_t last = 0;

		for (unsigned f = 0; f < FILES_MOST; f++) {
			for (unsigned i = 0; i < PACKETS_MOST; i++)
				seconds[i] = i * (f + 1) / 2;
			make_file(&caps[f], seconds, PACKETS_MOST);
		}
		merge(caps, FILES_MOST, batches[k], &result);
		assert_int_equal(result.count, FILES_MOST * PACKETS_MOST);
		for (size_t i = 0; i < result.count; i++) {
			assert_true(result.frames[i].ts >= last);
			last = result.frames[i].ts;
		}
		if (k == 0)
			first = result;
		for (size_t i = 0; i < result.count; i++) {
			assert_int_equal(result.frames[i].number, first.frames[i].number);
			assert_int_equal(result.frames[i].sum, first.frames[i].sum);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_time),
		cmocka_unit_test(test_a_tie_goes_to_the_file_named_first),
		cmocka_unit_test(test_late_frames_wait_for_nobody),
		cmocka_unit_test(test_nothing_to_merge),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

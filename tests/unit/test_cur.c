/* The cursor: the first byte, the last byte, one past it; what running out means; blocks within blocks. */
#include "support/cmocka_all.h"

#include "base/cur.h"
#include "support/guard.h"

static const uint8_t bytes[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09 };

static void reads_in_both_orders(void **state)
{
	struct pp_cur cur = pp_cur(bytes, sizeof(bytes), PP_MORE), le = cur;

	(void)state;
	assert_int_equal(pp_cur_u8(&cur), 0x01);
	assert_int_equal(pp_cur_u16(&cur), 0x0203);
	assert_int_equal(pp_cur_u24(&cur), 0x040506);
	assert_int_equal(pp_cur_left(&cur), 3);
	assert_int_equal(pp_cur_u16le(&le), 0x0201);
	assert_int_equal(pp_cur_u32le(&le), 0x06050403);
	assert_true(pp_cur_u64(&(struct pp_cur){ bytes, bytes + 8, PP_MORE, PP_OK }) == 0x0102030405060708ULL);
	assert_true(pp_cur_u64le(&(struct pp_cur){ bytes, bytes + 8, PP_MORE, PP_OK }) == 0x0807060504030201ULL);
}

/* Every prefix under the guard page: ten reads, one check, no byte too far. */
static void fails_once_and_for_all(void **state)
{
	struct pp_guard guard = pp_guard_open(sizeof(bytes));

	(void)state;
	for (size_t len = 0; len < sizeof(bytes); len++) {
		struct pp_cur cur = pp_cur(pp_guard_bytes(&guard, bytes, len), len, PP_TRUNCATED);

		pp_cur_u32(&cur);
		pp_cur_u32(&cur);
		pp_cur_u8(&cur);
		assert_int_equal(cur.err, PP_TRUNCATED);
		assert_int_equal(pp_cur_left(&cur), 0);
		assert_int_equal(pp_cur_u8(&cur), 0);
		assert_int_equal(pp_cur_take(&cur, 1).len, 0);
		assert_int_equal(pp_cur_finish(&cur), PP_TRUNCATED);
	}
	pp_guard_close(&guard);
}

static void huge_lengths_do_not_wrap(void **state)
{
	struct pp_cur cur = pp_cur(bytes, sizeof(bytes), PP_MORE);

	(void)state;
	assert_int_equal(pp_cur_take(&cur, SIZE_MAX).len, 0);
	assert_int_equal(cur.err, PP_MORE);
}

static void a_block_promised_its_length(void **state)
{
	struct pp_cur cur = pp_cur(bytes, sizeof(bytes), PP_MORE);
	struct pp_cur child = pp_cur_sub(&cur, 3);

	(void)state;
	assert_int_equal(pp_cur_u32(&child), 0);
	assert_int_equal(child.err, PP_MALFORMED);
	assert_true(pp_cur_ok(&cur));
	assert_int_equal(pp_cur_u8(&cur), 0x04);
	child = pp_cur_sub(&cur, 100);
	assert_int_equal(child.err, PP_MORE);
	assert_int_equal(cur.err, PP_MORE);
}

static void a_cut_block_keeps_what_it_has(void **state)
{
	struct pp_cur cur = pp_cur(bytes, sizeof(bytes), PP_TRUNCATED), child = pp_cur_sub_clip(&cur, 100);

	(void)state;
	assert_int_equal(pp_cur_left(&child), sizeof(bytes));
	assert_int_equal(pp_cur_u8(&child), 0x01);
	pp_cur_skip(&child, 100);
	assert_int_equal(child.err, PP_TRUNCATED);
	assert_int_equal(cur.err, PP_TRUNCATED);
}

static void finish_wants_nothing_left(void **state)
{
	struct pp_cur cur = pp_cur(bytes, 2, PP_MORE);

	(void)state;
	assert_int_equal(pp_cur_finish(&cur), PP_MALFORMED);
	pp_cur_skip(&cur, 2);
	assert_int_equal(pp_cur_finish(&cur), PP_OK);
	assert_int_equal(pp_cur_peek(&cur, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_in_both_orders),          cmocka_unit_test(fails_once_and_for_all),
		cmocka_unit_test(huge_lengths_do_not_wrap),      cmocka_unit_test(a_block_promised_its_length),
		cmocka_unit_test(a_cut_block_keeps_what_it_has), cmocka_unit_test(finish_wants_nothing_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

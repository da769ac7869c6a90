/* Wireshark's numbers of connections that were found in another order than the file's. */
#include "support/cmocka_all.h"

#include "engine/numbers.h"

static void test_numbers_follow_the_file(void **state)
{
	/* Found in this order; the lowest frame of each. */
	static const uint32_t frames[] = { 40, 12, 90, 13 };
	static const uint32_t wanted[] = { 7, 5, 8, 6 };
	struct pp_numbers numbers = { .files = NULL };

	(void)state;
	assert_false(pp_numbers_begun(&numbers, 1));
	assert_int_equal(pp_numbers_begin(&numbers, 1, 2, 5), PP_OK);
	assert_true(pp_numbers_begun(&numbers, 1) && !pp_numbers_begun(&numbers, 0));
	assert_int_equal(pp_numbers_add(&numbers, 1, 2, 1), PP_OK); /* it has its number */
	for (unsigned i = 4; i-- > 0;)                              /* they end in any order */
		assert_int_equal(pp_numbers_add(&numbers, 1, 5 + i, frames[i]), PP_OK);
	pp_numbers_settle(&numbers);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pp_numbers_of(&numbers, 1, 5 + i), wanted[i]);
	assert_int_equal(pp_numbers_of(&numbers, 1, 2), 2);
	assert_int_equal(pp_numbers_of(&numbers, 1, 99), 99);
	assert_int_equal(pp_numbers_of(&numbers, 0, 7), 7);
	pp_numbers_done(&numbers);
}

static void test_many(void **state)
{
	enum { COUNT = 5000 };
	struct pp_numbers numbers = { .files = NULL };

	(void)state;
	assert_int_equal(pp_numbers_begin(&numbers, 0, 1, 0), PP_OK);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(pp_numbers_add(&numbers, 0, i, COUNT - i), PP_OK);
	pp_numbers_settle(&numbers);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(pp_numbers_of(&numbers, 0, i), COUNT - 1 - i);
	pp_numbers_done(&numbers);
}

static void test_none(void **state)
{
	struct pp_numbers numbers = { .files = NULL };

	(void)state;
	pp_numbers_settle(&numbers);
	assert_int_equal(pp_numbers_of(&numbers, 0, 3), 3);
	assert_int_equal(pp_numbers_begin(&numbers, 0, 1, 0), PP_OK);
	pp_numbers_settle(&numbers);
	assert_int_equal(pp_numbers_of(&numbers, 0, 3), 3);
	pp_numbers_done(&numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_follow_the_file),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

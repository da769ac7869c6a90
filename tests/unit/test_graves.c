/* The connections that left last, against a plain list of them. */
#include "support/cmocka_all.h"

#include "flow/graves.h"

#include <stdlib.h>

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state ^ *state >> 31;
}

/* Hashes that differ above the two bits a tombstone keeps for itself. */
static uint64_t hash_of(uint64_t number)
{
	uint64_t state = number;

	(void)next_random(&state);
	return next_random(&state) << 2;
}

static void the_latest_are_found(void **state)
{
	enum { BURIED = PP_TOMBSTONES_MAX + 50000 };
	struct pp_graves graves = { 0 };

	(void)state;
	for (uint32_t i = 0; i < BURIED; i++) {
		struct pp_tombstone *grave;

		assert_null(pp_graves_find(&graves, hash_of(i)));
		grave = pp_graves_dig(&graves, hash_of(i));
		assert_non_null(grave);
		grave->base_seq[0] = i;
	}
	assert_int_equal(graves.lost, BURIED - PP_TOMBSTONES_MAX);
	for (uint32_t i = 0; i < BURIED; i++) {
		const struct pp_tombstone *grave = pp_graves_find(&graves, hash_of(i));

		if (i < BURIED - PP_TOMBSTONES_MAX) {
			assert_null(grave);
		} else {
			assert_non_null(grave);
			assert_int_equal(grave->base_seq[0], i);
		}
	}
	pp_graves_free(&graves);
}

static void buried_again(void **state)
{
	struct pp_graves graves = { 0 };
	struct pp_tombstone *grave = pp_graves_dig(&graves, hash_of(1));

	(void)state;
	assert_non_null(grave);
	grave->base_seq[1] = 7;
	assert_ptr_equal(pp_graves_dig(&graves, hash_of(1)), grave);
	assert_int_equal(graves.count, 1);
	grave->hash_and_set |= 2;
	assert_ptr_equal(pp_graves_find(&graves, hash_of(1)), grave);
	assert_true(pp_tombstone_is_set(grave, 1) && !pp_tombstone_is_set(grave, 0));
	pp_graves_free(&graves);
}

/* More hashes in one bucket than it has slots go into the next ones, and are found as long as they are there. */
static void a_full_bucket_spills(void **state)
{
	enum { SAME = 100 };
	struct pp_graves graves = { 0 };

	(void)state;
	for (uint64_t i = 0; i < SAME; i++)
		assert_non_null(pp_graves_dig(&graves, i << 40));
	for (uint64_t i = 0; i < SAME; i++)
		assert_non_null(pp_graves_find(&graves, i << 40));
	assert_null(pp_graves_find(&graves, (uint64_t)SAME << 40));
	pp_graves_free(&graves);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_are_found),
		cmocka_unit_test(buried_again),
		cmocka_unit_test(a_full_bucket_spills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

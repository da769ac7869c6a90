/* The table of records by key: places, growth, the cap. */
#include "support/cmocka_all.h"

#include "diagnose/map.h"

#include <string.h>

enum { MANY = 5000, MOST = 100 };

struct record {
	struct pp_map_key key;
	uint64_t value;
};

static struct pp_map_key key_of(uint64_t i) { return (struct pp_map_key){ { i, i / 7 } }; }

static void test_places_stay_while_it_grows(void **state)
{
	struct pp_map map;

	(void)state;
	pp_map_init(&map, sizeof(struct record), PP_MAP_MOST, (struct pp_hash_key){ { 5, 6 } });
	for (uint32_t i = 0; i < MANY; i++) {
		struct pp_map_key key = key_of(i);
		struct record *record;

		assert_int_equal(pp_map_look(&map, &key), 0);
		assert_int_equal(pp_map_put(&map, &key), i + 1);
		record = pp_map_place(&map, i + 1);
		assert_int_equal(record->value, 0);
		record->value = i;
	}
	for (uint32_t i = 0; i < MANY; i++) {
		struct pp_map_key key = key_of(i);
		const struct record *record = pp_map_find(&map, &key);

		assert_int_equal(pp_map_put(&map, &key), i + 1);
		assert_int_equal(pp_map_look(&map, &key), i + 1);
		assert_int_equal(record->value, i);
		assert_ptr_equal(pp_map_at(&map, i), record);
	}
	assert_int_equal(map.count, MANY);
	pp_map_done(&map);
}

static void test_a_full_table_refuses(void **state)
{
	struct pp_map map;
	struct pp_map_key key;

	(void)state;
	pp_map_init(&map, sizeof(struct record), MOST, (struct pp_hash_key){ { 5, 6 } });
	for (uint32_t i = 0; i < MOST + 3; i++) {
		key = key_of(i);
		assert_int_equal(pp_map_put(&map, &key), i < MOST ? i + 1 : 0);
	}
	assert_int_equal(map.refused, 3);
	assert_null(pp_map_find(&map, &key));
	assert_null(pp_map_add(&map, &key));
	key = key_of(1);
	assert_int_equal(pp_map_put(&map, &key), 2);
	pp_map_done(&map);
}

static void test_an_empty_table_has_nothing(void **state)
{
	struct pp_map_key key = key_of(1);
	struct pp_map map;

	(void)state;
	pp_map_init(&map, sizeof(struct record), MOST, (struct pp_hash_key){ { 5, 6 } });
	assert_null(pp_map_find(&map, &key));
	assert_null(pp_map_guess(&map, pp_map_prefetch(&map, &key)));
	pp_map_put(&map, &key);
	assert_non_null(pp_map_guess(&map, pp_map_prefetch(&map, &key)));
	pp_map_done(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_stay_while_it_grows),
		cmocka_unit_test(test_a_full_table_refuses),
		cmocka_unit_test(test_an_empty_table_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

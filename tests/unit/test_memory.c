/* Memory of large tables: where it begins, that all of it can be used, and that the heap goes on when it grows by much. */
#include "support/cmocka_all.h"

#include "platform/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void rooms_are_whole(void **state)
{
	const size_t sizes[] = {
		4, 64, 100, PP_MEMORY_HUGE - 1, PP_MEMORY_HUGE, PP_MEMORY_HUGE + 5, 3 * PP_MEMORY_HUGE
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *room = pp_memory_take(sizes[i]);

		assert_non_null(room);
		assert_int_equal((uintptr_t)room % (sizes[i] < PP_MEMORY_HUGE ? 64 : PP_MEMORY_HUGE), 0);
		memset(room, 0xa5, sizes[i]);
		pp_memory_give(room, sizes[i]);
	}
	pp_memory_give(NULL, 64);
	pp_memory_give(NULL, PP_MEMORY_HUGE);
}

static void more_than_there_is_is_refused(void **state)
{
	(void)state;
	assert_null(pp_memory_take(SIZE_MAX / 2));
	assert_null(pp_memory_take(SIZE_MAX));
}

static void the_heap_goes_on(void **state)
{
	enum { PIECES = 3000, BYTES = 4000 };
	static uint8_t *pieces[PIECES];

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		uint8_t *before = malloc(BYTES);

		assert_non_null(before);
		memset(before, 1, BYTES);
		pp_memory_heap_large();
		for (unsigned i = 0; i < PIECES; i++) {
			pieces[i] = malloc(BYTES);
			assert_non_null(pieces[i]);
			memset(pieces[i], (int)(i % 251), BYTES);
		}
		for (unsigned i = 0; i < PIECES; i++) {
			assert_int_equal(pieces[i][BYTES - 1], i % 251);
			free(pieces[i]);
		}
		assert_int_equal(before[BYTES - 1], 1);
		free(before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rooms_are_whole),
		cmocka_unit_test(more_than_there_is_is_refused),
		cmocka_unit_test(the_heap_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

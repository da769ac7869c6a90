/* one_world: what test programs share that judge one world of facts (support/facts.h) in each test. */
#ifndef PP_TEST_ONE_WORLD_H
#define PP_TEST_ONE_WORLD_H

#include "support/facts.h"

static struct world w;

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)

#endif

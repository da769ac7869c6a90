/* Requests for neighbours that nobody answers. */
#include "support/cmocka_all.h"

#include "base/time.h"
#include "engine/engine.h"

static struct pp_packet request(const char *target)
{
	struct pp_packet packet = { .kind = PP_PACKET_NEIGHBOUR };

	assert_int_equal(pp_addr_parse("10.0.0.4", &packet.src), PP_OK);
	assert_int_equal(pp_addr_parse(target, &packet.neighbour), PP_OK);
	return packet;
}

static void ask(struct pp_neighbours *neighbours, const char *target, int64_t ns)
{
	struct pp_packet packet = request(target);

	pp_engine_neighbour(neighbours, &packet, (struct pp_mark){ .ts = ns, .packet = 1 });
}

/* Captures hold a request once for each place that it was seen at. */
static void test_copies(void **state)
{
	static struct pp_neighbours neighbours;

	(void)state;
	for (int64_t second = 0; second < 3; second++)
		for (int64_t copy = 0; copy < 4; copy++)
			ask(&neighbours, "10.0.0.1", second * PP_SECOND + copy * 3000);
	ask(&neighbours, "10.0.0.2", 2 * PP_SECOND); /* another one at the same time */
	assert_int_equal(neighbours.count, 2);
	assert_int_equal(neighbours.list[0].requests, 3);
	assert_int_equal(neighbours.list[1].requests, 1);
	ask(&neighbours, "10.0.0.1", 2 * PP_SECOND + PP_SECOND / 10 + 9001);
	assert_int_equal(neighbours.list[0].requests, 4);
}

static void test_clock_set_back(void **state)
{
	static struct pp_neighbours neighbours;

	(void)state;
	ask(&neighbours, "10.0.0.1", 10 * PP_SECOND);
	ask(&neighbours, "10.0.0.1", 9 * PP_SECOND);
	assert_int_equal(neighbours.list[0].requests, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_clock_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Baselines: hops, lowest round trips of the others, and whose header a reset carries. */
#include "support/cmocka_all.h"
#include "support/one_world.h"

#include "diagnose/case.h"

#define SERVER "203.0.113.10"
#define NAME "login.example.azure"

static struct pp_case c;

static void look_at(const struct story *s)
{
	world_judge(&w);
	pp_case_of(&c, w.diagnosis, &s->conn, &s->who, &w.places[s - w.stories]);
}

static void test_hops_from_the_nearest_start_value(void **state)
{
	(void)state;
	assert_int_equal(pp_hops(64), 0);
	assert_int_equal(pp_hops(62), 2);
	assert_int_equal(pp_hops(128), 0);
	assert_int_equal(pp_hops(117), 11);
	assert_int_equal(pp_hops(255), 0);
	assert_int_equal(pp_hops(1), 63);
	assert_int_equal(pp_hops(0), 64);
}

static void test_lowest_of_the_others(void **state)
{
	struct pp_lowest lowest = { 0 };

	(void)state;
	assert_int_equal(pp_lowest_but(&lowest, 1), -1);
	pp_lowest_add(&lowest, -1, 9); /* not known: not added */
	assert_int_equal(pp_lowest_but(&lowest, 1), -1);
	pp_lowest_add(&lowest, 50, 1);
	assert_int_equal(pp_lowest_but(&lowest, 1), -1);
	assert_int_equal(pp_lowest_but(&lowest, 2), 50);
	pp_lowest_add(&lowest, 40, 2);
	pp_lowest_add(&lowest, 60, 3);
	assert_int_equal(pp_lowest_but(&lowest, 2), 50);
	assert_int_equal(pp_lowest_but(&lowest, 3), 40);
}

static void test_lowest_has_no_order(void **state)
{
	static const int64_t values[] = { 30, 10, 20, 10, 40 };
	struct pp_lowest up = { 0 }, down = { 0 };

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		pp_lowest_add(&up, values[i], i);
		pp_lowest_add(&down, values[4 - i], 4 - i);
	}
	assert_memory_equal(&up, &down, sizeof(up));
}

static void test_ttl_of_the_own_socket_is_not_foreign(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_open(s);
	look_at(s);
	assert_false(pp_ttl_is_foreign(&c, 62));
	assert_false(pp_ttl_is_foreign(&c, 63)); /* one hop: a path changes that much */
	assert_true(pp_ttl_is_foreign(&c, 64));
	assert_false(pp_ttl_is_foreign(&c, 126)); /* as many hops from another start value */
	assert_true(pp_ttl_is_foreign(&c, 47));
}

static void test_without_any_packet_nothing_is_foreign(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_syns(s, 1);
	tell_rst(s, PP_SERVER, PP_PHASE_SYN)->ttl = 64;
	look_at(s);
	assert_false(pp_reset_is_foreign(&c).ttl);
	assert_false(pp_reset_is_foreign(&c).early);
}

static void test_other_connections_are_the_baseline(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 8443, NAME);

	(void)state;
	tell_syns(s, 1);
	tell_wait(s, 1);
	tell_rst(s, PP_SERVER, PP_PHASE_SYN)->ttl = 64;
	world_works(&w, 1000, SERVER, NAME);
	look_at(s);
	assert_true(pp_reset_is_foreign(&c).ttl);
	assert_true(pp_reset_is_foreign(&c).early);
}

static void test_reset_that_answers_nothing_is_not_early(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);
	struct pp_tcp_reset *rst;

	(void)state;
	tell_open(s);
	tell_wait(s, 45);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_wait(s, 5);
	rst = tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO);
	rst->ack_ahead = -500; /* sent before the hello arrived */
	look_at(s);
	assert_false(pp_reset_is_foreign(&c).early);
	rst->ack_ahead = 0;
	world_done(&w);
	look_at(s);
	assert_true(pp_reset_is_foreign(&c).early);
}

static void test_headers_unlike_the_socket(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);
	struct pp_tcp_reset *rst;

	(void)state;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_wait(s, 50);
	rst = tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO);
	look_at(s);
	assert_null(pp_reset_is_foreign(&c).fields);
	world_done(&w);
	rst->has_timestamp = rst->has_ack = false;
	look_at(s);
	assert_string_equal(pp_reset_is_foreign(&c).fields, "timestamps, ACK flag");
}

static void test_near_means_near_to_the_client(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	s->rtt = PP_MS;
	tell_open(s);
	look_at(s);
	assert_true(pp_is_near(&c));
	world_done(&w);
	s->conn.tcp.side[PP_CLIENT].profile.ttl_min = 50; /* the capture was made at the server */
	look_at(s);
	assert_false(pp_is_near(&c));
}

static void test_equal_to_working_connections(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, "other.example.azure");

	(void)state;
	tell_open(s);
	look_at(s);
	assert_false(pp_equals_working(&c)); /* no other to compare with */
	world_done(&w);
	world_works(&w, 1000, SERVER, NAME);
	look_at(s);
	assert_true(pp_equals_working(&c));
	world_done(&w);
	s->conn.tcp.handshake_rtt_ns = PP_MS;
	look_at(s);
	assert_false(pp_equals_working(&c));
}

static void test_options_that_vary(void **state)
{
	struct story *s = world_works(&w, 0, SERVER, NAME);

	(void)state;
	world_works(&w, 1000, SERVER, NAME);
	look_at(s);
	assert_int_equal(c.gates & PP_CAP(11), 0);
	world_done(&w);
	w.stories[1].conn.tcp.side[PP_SERVER].profile.mss = 1300;
	look_at(s);
	assert_int_equal(c.gates & PP_CAP(11), PP_CAP(11));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hops_from_the_nearest_start_value),
		cmocka_unit_test(test_lowest_of_the_others),
		cmocka_unit_test(test_lowest_has_no_order),
		TEST(test_ttl_of_the_own_socket_is_not_foreign),
		TEST(test_without_any_packet_nothing_is_foreign),
		TEST(test_other_connections_are_the_baseline),
		TEST(test_reset_that_answers_nothing_is_not_early),
		TEST(test_headers_unlike_the_socket),
		TEST(test_near_means_near_to_the_client),
		TEST(test_equal_to_working_connections),
		TEST(test_options_that_vary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Filters as libpcap compiles them, for each link type that comes along. */
#include "source/filter.h"

#include "support/cmocka_all.h"

#include <string.h>

enum { LINK_EN10MB = 1, LINK_RAW = 101, LINK_USER0 = 147, LINK_UNKNOWN = 60000, ETHERNET = 14 };

/* A SYN to port 443 over Ethernet; from ETHERNET on, over nothing. */
static const uint8_t syn[] = {
	2,    0, 0,    0,    0, 1, 2, 0, 0,  0, 0, 2, 0x08, 0,                             /* Ethernet */
	0x45, 0, 0,    40,   0, 1, 0, 0, 64, 6, 0, 0, 10,   0,    0,    1,    10, 0, 0, 2, /* IPv4 */
	0xc0, 0, 0x01, 0xbb, 0, 0, 0, 1, 0,  0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0,  0, 0, 0, /* TCP */
};

static struct pp_frame frame_of(uint16_t link_type, size_t from)
{
	const uint32_t len = (uint32_t)(sizeof(syn) - from);

	return (struct pp_frame){ .data_view = syn + from, .caplen = len, .len = len, .link_type = link_type };
}

static struct pp_filter *filter_of(const char *expression)
{
	char error[PP_FILTER_ERROR_TEXT] = "";
	struct pp_filter *filter = NULL;

	assert_int_equal(pp_filter_new(&filter, expression, error), PP_OK);
	assert_string_equal(error, "");
	return filter;
}

static void test_link_types(void **state)
{
	struct pp_filter *filter = filter_of("tcp dst port 443");
	struct pp_frame ethernet = frame_of(LINK_EN10MB, 0), raw = frame_of(LINK_RAW, ETHERNET);
	struct pp_frame shifted = frame_of(LINK_RAW, 0), cut = ethernet;

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		assert_true(pp_filter_passes(filter, &ethernet));
		assert_true(pp_filter_passes(filter, &raw));
		assert_false(pp_filter_passes(filter, &shifted));
	}
	cut.caplen = ETHERNET + 20;
	assert_false(pp_filter_passes(filter, &cut));
	pp_filter_free(filter);

	filter = filter_of("udp or port 80");
	assert_false(pp_filter_passes(filter, &ethernet));
	assert_false(pp_filter_passes(filter, &raw));
	pp_filter_free(filter);
}

/* A link type on which the expression means nothing, and more of them than are kept. */
static void test_other_link_types(void **state)
{
	struct pp_filter *filter = filter_of("tcp");
	struct pp_frame frame = frame_of(LINK_USER0, 0);

	(void)state;
	assert_false(pp_filter_passes(filter, &frame));
	for (unsigned i = 0; i < 2 * PP_LINK_TYPES_MAX; i++) {
		frame.link_type = (uint16_t)(LINK_UNKNOWN + i);
		assert_false(pp_filter_passes(filter, &frame));
	}
	frame.link_type = LINK_EN10MB;
	assert_true(pp_filter_passes(filter, &frame));
	pp_filter_free(filter);
}

static void test_wrong_expressions(void **state)
{
	static const char *const wrong[] = { "tcp and", "port 99999", "no such word" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char error[PP_FILTER_ERROR_TEXT] = "";
		struct pp_filter *filter = NULL;

		assert_int_equal(pp_filter_new(&filter, wrong[i], error), PP_USAGE);
		assert_null(filter);
		assert_true(error[0] && !strchr(error, '\n'));
	}
	pp_filter_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_types),
		cmocka_unit_test(test_other_link_types),
		cmocka_unit_test(test_wrong_expressions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

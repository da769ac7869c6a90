/* nDPI: names a protocol from the packets of one connection; nothing to test where it is not built in. */
#include "support/cmocka_all.h"

#include "dissect/ndpi.h"

#include <string.h>

enum { HEADERS = 40 };

/* An IPv4 and a TCP header; checksums are not looked at. */
static size_t packet(uint8_t bytes[512], bool from_server, uint32_t seq, uint32_t ack, const char *text)
{
	static const uint8_t ends[2][6] = { { 10, 0, 0, 4, 0xc3, 0x50 }, { 10, 0, 0, 5, 0x00, 0x16 } };
	size_t len = HEADERS + strlen(text);

	memset(bytes, 0, HEADERS);
	bytes[0] = 0x45;
	bytes[2] = (uint8_t)(len >> 8);
	bytes[3] = (uint8_t)len;
	bytes[8] = 64;
	bytes[9] = 6;
	memcpy(bytes + 12, ends[from_server], 4);
	memcpy(bytes + 16, ends[!from_server], 4);
	memcpy(bytes + 20, ends[from_server] + 4, 2);
	memcpy(bytes + 22, ends[!from_server] + 4, 2);
	bytes[27] = (uint8_t)seq;
	bytes[31] = (uint8_t)ack;
	bytes[32] = 0x50;
	bytes[33] = 0x18;
	memcpy(bytes + HEADERS, text, strlen(text));
	return len;
}

static void test_names_ssh(void **state)
{
	struct pp_ndpi *ndpi = pp_ndpi_new();
	struct pp_ndpi_flow *flow = pp_ndpi_flow_new(ndpi);
	uint8_t bytes[512];
	char name[64];
	size_t len;

	(void)state;
	if (!flow) {
		assert_null(pp_ndpi_version());
		pp_ndpi_free(ndpi);
		skip();
	}
	assert_non_null(pp_ndpi_version());
	len = packet(bytes, true, 1, 1, "SSH-2.0-OpenSSH_9.2p1\r\n");
	pp_ndpi_packet(ndpi, flow, (struct pp_span){ bytes, len }, 1000000000);
	len = packet(bytes, false, 1, 24, "SSH-2.0-OpenSSH_9.2p1\r\n");
	pp_ndpi_packet(ndpi, flow, (struct pp_span){ bytes, len }, 1001000000);
	assert_true(pp_ndpi_name(ndpi, flow, name, sizeof(name)));
	assert_string_equal(name, "SSH");
	assert_true(pp_ndpi_name(ndpi, flow, name, sizeof(name)));
	pp_ndpi_flow_free(ndpi, flow);
	pp_ndpi_free(ndpi);
}

/* A port alone is no name, and cut packets are no harm. */
static void test_unknown(void **state)
{
	struct pp_ndpi *ndpi = pp_ndpi_new();
	struct pp_ndpi_flow *flow = pp_ndpi_flow_new(ndpi);
	uint8_t bytes[512];
	char name[64];
	size_t len = packet(bytes, false, 1, 1, "\x01\x02 nobody speaks like this");

	(void)state;
	if (!flow) {
		pp_ndpi_free(ndpi);
		skip();
	}
	for (size_t n = 0; n < PP_NDPI_PACKETS; n++) /* none of them is empty, except the first, which does not count */
		assert_false(pp_ndpi_packet(ndpi, flow, (struct pp_span){ bytes, n * len / PP_NDPI_PACKETS }, 1));
	assert_true(pp_ndpi_packet(ndpi, flow, (struct pp_span){ bytes, len }, 1));
	assert_false(pp_ndpi_name(ndpi, flow, name, sizeof(name)));
	assert_false(pp_ndpi_name(ndpi, flow, name, sizeof(name)));
	pp_ndpi_flow_free(ndpi, flow);
	pp_ndpi_free(ndpi);
}

static void test_nothing_asked(void **state)
{
	struct pp_ndpi *ndpi = pp_ndpi_new();
	struct pp_ndpi_flow *flow;

	(void)state;
	pp_ndpi_free(ndpi);
	ndpi = pp_ndpi_new();
	flow = pp_ndpi_flow_new(ndpi);
	pp_ndpi_flow_free(ndpi, flow);
	pp_ndpi_free(ndpi);
	assert_null(pp_ndpi_flow_new(NULL));
	pp_ndpi_flow_free(NULL, NULL);
	pp_ndpi_free(NULL);
}

/* What nDPI has decided on makes room. */
static void test_open_flows_have_a_cap(void **state)
{
	static struct pp_ndpi_flow *flows[PP_NDPI_OPEN_MAX];
	struct pp_ndpi *ndpi = pp_ndpi_new();
	char name[64];

	(void)state;
	for (size_t i = 0; i < PP_NDPI_OPEN_MAX; i++)
		flows[i] = pp_ndpi_flow_new(ndpi);
	if (!flows[0]) {
		pp_ndpi_free(ndpi);
		skip();
	}
	assert_non_null(flows[PP_NDPI_OPEN_MAX - 1]);
	assert_null(pp_ndpi_flow_new(ndpi));
	assert_int_equal(pp_ndpi_refused(ndpi), 1);
	assert_false(pp_ndpi_name(ndpi, flows[0], name, sizeof(name)));
	pp_ndpi_flow_free(ndpi, flows[0]);
	flows[0] = pp_ndpi_flow_new(ndpi);
	assert_non_null(flows[0]);
	assert_int_equal(pp_ndpi_refused(ndpi), 1);
	for (size_t i = 0; i < PP_NDPI_OPEN_MAX; i++)
		pp_ndpi_flow_free(ndpi, flows[i]);
	pp_ndpi_free(ndpi);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_ssh),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_nothing_asked),
		cmocka_unit_test(test_open_flows_have_a_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

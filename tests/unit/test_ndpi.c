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
	pp_ndpi_flow_free(flow);
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
	for (size_t n = 0; n <= len; n++)
		assert_false(pp_ndpi_packet(ndpi, flow, (struct pp_span){ bytes, n }, 1));
	assert_false(pp_ndpi_name(ndpi, flow, name, sizeof(name)));
	assert_false(pp_ndpi_name(ndpi, flow, name, sizeof(name)));
	pp_ndpi_flow_free(flow);
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
	pp_ndpi_flow_free(flow);
	pp_ndpi_free(ndpi);
	assert_null(pp_ndpi_flow_new(NULL));
	pp_ndpi_flow_free(NULL);
	pp_ndpi_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_ssh),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_nothing_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "dissect/tls_13.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SHA256 = 0x1301, SHA384 = 0x1302, CCM_8 = 0x1305 };

/* Records after the ServerHello in the order of the capture: positive lengths are the server's, negative the client's.
 * The packets are numbered from 1.  Lengths as recorded between the stacks named. */
static const struct {
	const char *name;
	uint16_t cipher;
	int records[16];
	unsigned complete, app_client, app_server; /* packets; 0: none */
} cases[] = {
	{ "OpenSSL", SHA384, { 23, 707, 281, 69, -69, -35, 250, 250, 5196, 19, -19 }, 5, 6, 7 },
	{ "Go", SHA256, { 23, 707, 281, 53, -53, 234, -35, 41 }, 5, 7, 6 },
	{ "NSS: the flight in one record", SHA256, { 1037, -53, -35, 154 }, 2, 3, 4 },
	{ "Java: 16 bytes of padding", SHA384, { 23, 707, 281, 69, -85, 250, -51, -35 }, 5, 7, 6 },
	{ "CCM_8", CCM_8, { 15, 699, 273, 45, -45, -27, 226, -11 }, 5, 6, 7 },
	{ "Chrome: empty application settings in front", SHA256, { 231, -63, -100, 80 }, 2, 3, 4 },
	{ "resumed", SHA384, { 23, 69, -69, -35, 250 }, 3, 4, 5 },
	{ "empty certificate", SHA384, { 23, 109, 1130, 281, 69, -25, -69, 19 }, 7, 0, 0 },
	{ "empty certificate in one record", SHA384, { 1500, -77, 250 }, 2, 0, 3 },
	{ "empty certificate, Java", SHA256, { 23, 109, 707, 281, 53, -41, -69, -51 }, 7, 8, 0 },
	{ "certificate", SHA384, { 23, 124, 959, 97, 69, -503, -95, -69, -23 }, 8, 9, 0 },
	{ "certificate in one record, answered", SHA256, { 23, 109, 1130, -1007, -35, 906 }, 6, 0, 6 },
	{ "certificate in one record, refused", SHA256, { 23, 109, 1130, -1007, 19 }, 0, 0, 0 },
	{ "padded by choice, answered", SHA256, { 1037, -512, 512 }, 3, 0, 3 },
	{ "hidden alert, Go", SHA256, { 23, 707, 281, 53, -19 }, 0, 0, 0 },
	{ "hidden alert, Java", SHA384, { 23, 707, 281, 69, -35 }, 0, 0, 0 },
	{ "client leaves", SHA384, { 23, 707, 281, 69, 19 }, 0, 0, 0 },
	{ "closed after the handshake", SHA384, { 23, 707, 281, 69, -69, -19 }, 5, 0, 0 },
	{ "small data is no alert", SHA256, { 1037, -53, -19, -19, 19, 40 }, 2, 3, 5 },
};

static void sequences(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pp_tls_facts facts = { 0 };
		struct pp_tls_13 tls = { 0 };

		print_message("%s\n", cases[i].name);
		pp_tls_13_begin(&tls, cases[i].cipher);
		for (unsigned k = 0; cases[i].records[k]; k++) {
			int len = cases[i].records[k];
			struct pp_mark mark = { .packet = k + 1 };

			pp_tls_13_record(&tls, &facts, PP_CLIENT, len < 0 ? PP_CLIENT : PP_SERVER,
					 (uint16_t)(len < 0 ? -len : len), &mark);
		}
		assert_int_equal(facts.complete, cases[i].complete != 0);
		assert_int_equal(facts.complete_mark.packet, cases[i].complete);
		assert_int_equal(facts.app_data[PP_CLIENT].packet, cases[i].app_client);
		assert_int_equal(facts.app_data[PP_SERVER].packet, cases[i].app_server);
	}
}

static void record(struct pp_tls_13 *tls, struct pp_tls_facts *facts, enum pp_side from, uint16_t len, uint32_t packet)
{
	pp_tls_13_record(tls, facts, PP_CLIENT, from, len, &(struct pp_mark){ .packet = packet });
}

/* 0-RTT data runs on behind the ServerHello until EndOfEarlyData. */
static void early_data(void **state)
{
	struct pp_tls_facts facts = { 0 };
	struct pp_tls_13 tls = { .early = true };

	(void)state;
	pp_tls_13_early(&tls, &facts, PP_CLIENT, 3018, (struct pp_mark){ .packet = 1 });
	pp_tls_13_begin(&tls, SHA384);
	record(&tls, &facts, PP_SERVER, 27, 2);
	record(&tls, &facts, PP_SERVER, 69, 3);
	record(&tls, &facts, PP_CLIENT, 100, 4);
	record(&tls, &facts, PP_CLIENT, 21, 5);
	assert_false(facts.complete);
	record(&tls, &facts, PP_CLIENT, 69, 6);
	assert_true(facts.complete);
	assert_int_equal(facts.complete_mark.packet, 6);
	assert_int_equal(facts.finished[PP_SERVER].packet, 3);
	assert_int_equal(facts.app_data[PP_CLIENT].packet, 1);
	assert_int_equal(facts.app_bytes[PP_CLIENT], 3118);
	assert_int_equal(facts.client_first_count, 1);
	assert_int_equal(facts.client_first[0].len, 69);
}

static void alert_lengths(void **state)
{
	struct pp_tls_facts facts = { 0 };
	struct pp_tls_13 tls = { 0 };

	(void)state;
	pp_tls_13_begin(&tls, SHA256);
	assert_true(pp_tls_13_is_alert(&tls, PP_CLIENT, 19));
	assert_false(pp_tls_13_is_alert(&tls, PP_CLIENT, 35));
	record(&tls, &facts, PP_SERVER, 1037, 1);
	record(&tls, &facts, PP_CLIENT, 35, 2);
	assert_true(pp_tls_13_is_alert(&tls, PP_CLIENT, 35));
	assert_false(pp_tls_13_is_alert(&tls, PP_SERVER, 35));
	pp_tls_13_begin(&tls, CCM_8);
	assert_true(pp_tls_13_is_alert(&tls, PP_SERVER, 11));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences),
		cmocka_unit_test(early_data),
		cmocka_unit_test(alert_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

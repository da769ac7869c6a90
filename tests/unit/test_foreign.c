/* Foreign files: each kind by its first bytes, what only looks like one, and every prefix under the guard page. */
#include "source/foreign.h"

#include "../support/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 300 };

static enum pp_err err_of(const uint8_t *bytes, size_t len)
{
	struct pp_input input;
	enum pp_err err;

	assert_int_equal(pp_input_open_bytes(&input, bytes, len), PP_OK);
	err = pp_foreign_err(&input);
	pp_input_close(&input);
	return err;
}

static void test_magics(void **state)
{
	static const struct {
		enum pp_err err;
		size_t at, len;
		const char *magic;
	} rows[] = {
		{ PP_PACKED, 0, 4, "PK\x03\x04" }, { PP_PACKED, 0, 4, "MSCF" },
		{ PP_PACKED, 0, 3, "BZh" },        { PP_PACKED, 257, 5, "ustar" },
		{ PP_FOREIGN, 0, 4, "GMBU" },      { PP_FOREIGN, 0, 8, "snoop\0\0\0" },
		{ PP_NOTCAPTURE, 1, 4, "GMBU" },   { PP_NOTCAPTURE, 256, 5, "ustar" },
		{ PP_NOTCAPTURE, 0, 6, "snoopy" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pp_guard guard = pp_guard_open(ROOM);
		uint8_t bytes[ROOM] = { 0 };
		size_t end = rows[i].at + rows[i].len;

		memcpy(bytes + rows[i].at, rows[i].magic, rows[i].len);
		for (size_t n = 1; n <= ROOM; n++)
			assert_int_equal(err_of(pp_guard_bytes(&guard, bytes, n), n),
					 n < end ? PP_NOTCAPTURE : rows[i].err);
		pp_guard_close(&guard);
	}
	assert_int_equal(err_of((const uint8_t *)"", 0), PP_EMPTY);
}

/* The size of the buffer, what of it is in use, and the mark of the first event. */
static void test_event_trace(void **state)
{
	static const struct {
		uint32_t size, used;
		uint8_t kind, flags;
		enum pp_err err;
	} rows[] = {
		{ 0x10000, 0x2f8, 2, 0xc0, PP_TRACE },      { 0x10000, 0x10000, 1, 0xc0, PP_TRACE },
		{ 64 << 20, 0x2f8, 2, 0xc0, PP_TRACE },     { 0x10000, 0x10001, 2, 0xc0, PP_NOTCAPTURE },
		{ 0x10000, 72, 2, 0xc0, PP_NOTCAPTURE },    { UINT32_MAX, 0x2f8, 2, 0xc0, PP_NOTCAPTURE },
		{ 0x10000, 0x2f8, 3, 0xc0, PP_NOTCAPTURE }, { 0x10000, 0x2f8, 2, 0x80, PP_NOTCAPTURE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pp_guard guard = pp_guard_open(ROOM);
		uint8_t bytes[ROOM] = { 0 };

		for (unsigned k = 0; k < 4; k++) {
			bytes[k] = (uint8_t)(rows[i].size >> 8 * k);
			bytes[4 + k] = (uint8_t)(rows[i].used >> 8 * k);
		}
		bytes[72] = 2; /* the version of the event's header */
		bytes[74] = rows[i].kind;
		bytes[75] = rows[i].flags;
		for (size_t n = 1; n <= ROOM; n++)
			assert_int_equal(err_of(pp_guard_bytes(&guard, bytes, n), n),
					 n < 76 ? PP_NOTCAPTURE : rows[i].err);
		pp_guard_close(&guard);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_magics),
		cmocka_unit_test(test_event_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

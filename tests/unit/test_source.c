/* The classic format, and what holds for sources of every format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/capfile.h"
#include "support/guard.h"

#define MICRO 0xa1b2c3d4u
#define NANO 0xa1b23c4du
#define MODIFIED 0xa1b2cd34u

static struct seen read_bytes(const struct capfile *cap, size_t max)
{
	struct pp_source *source = NULL;

	assert_int_equal(pp_source_open_bytes(&source, cap->out.p, cap->out.len, 7), PP_OK);
	return seen_all(source, max);
}

static void assert_same(const struct seen *a, const struct seen *b)
{
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->frames, b->frames, sizeof(a->frames));
	assert_int_equal(a->info.bytes, b->info.bytes);
	assert_int_equal(a->info.first, b->info.first);
	assert_int_equal(a->info.last, b->info.last);
	assert_int_equal(a->info.damaged, b->info.damaged);
	assert_int_equal(a->info.damage_offset, b->info.damage_offset);
}

static struct capfile three_packets(bool big, uint32_t magic)
{
	struct capfile cap = cap_open();

	cap.big = big;
	cap_pcap(&cap, magic, 2, 4, 1);
	cap_record(&cap, 1000, 5, 60, 60);
	cap_record(&cap, 999, 7, 0, 100);
	cap_record(&cap, 1001, 2000000, 61, 40);
	return cap;
}

static void assert_three_packets(const struct seen *seen, int64_t unit)
{
	assert_int_equal(seen->count, 3);
	assert_int_equal(seen->info.packets, 3);
	assert_int_equal(seen->info.bytes, 121);
	assert_int_equal(seen->info.snapped, 1);
	assert_int_equal(seen->info.first, 999 * PP_SECOND + 7 * unit);
	assert_int_equal(seen->info.last, 1001 * PP_SECOND + 2000000 * unit); /* a fraction over a second is added */
	assert_int_equal(seen->frames[2].ts, seen->info.last);
	assert_int_equal(seen->frames[2].len, 61); /* never less than what was captured */
	assert_int_equal(seen->frames[2].number, 3);
	assert_int_equal(seen->frames[1].file, 7);
	assert_true(seen->frames[0].has_ts);
	assert_false(seen->info.damaged);
}

static void test_byte_orders_and_units(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct capfile micro = three_packets(big, MICRO), nano = three_packets(big, NANO);
		struct seen seen = read_bytes(&micro, 64);

		assert_three_packets(&seen, 1000);
		assert_string_equal(seen.info.format, "pcap");
		assert_int_equal(seen.info.link_type_count, 1);
		seen = read_bytes(&nano, 2);
		assert_three_packets(&seen, 1);
		cap_close(&micro);
		cap_close(&nano);
	}
}

static void test_modified_record_header(void **state)
{
	struct capfile cap = cap_open();
	struct seen seen;

	(void)state;
	cap_pcap(&cap, MODIFIED, 2, 4, 1);
	for (unsigned i = 0; i < 2; i++) {
		cap_u64(&cap, 10 + i);
		cap_u32(&cap, 20);
		cap_u32(&cap, 20);
		cap_u64(&cap, 0x0102030405060708); /* interface, protocol, packet type */
		cap_data(&cap, 20);
	}
	seen = read_bytes(&cap, 64);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.frames[1].ts, 11 * PP_SECOND);
	assert_int_equal(seen.frames[1].caplen, 20);
	assert_false(seen.info.damaged);
	cap_close(&cap);
}

/* Before version 2.3 the original length came first; with 2.3 either may. */
static void test_lengths_of_old_versions(void **state)
{
	static const struct {
		uint16_t major, minor;
		uint32_t first, second, caplen;
	} rows[] = {
		{ 2, 4, 20, 30, 20 }, { 2, 9, 20, 30, 20 }, { 2, 2, 30, 20, 20 }, { 543, 0, 30, 20, 20 },
		{ 2, 3, 20, 30, 20 }, { 2, 3, 30, 20, 20 }, { 3, 0, 20, 30, 20 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capfile cap = cap_open();
		struct seen seen;

		cap_pcap(&cap, MICRO, rows[i].major, rows[i].minor, 1);
		cap_u64(&cap, 1);
		cap_u32(&cap, rows[i].first);
		cap_u32(&cap, rows[i].second);
		cap_data(&cap, rows[i].caplen);
		seen = read_bytes(&cap, 64);
		assert_int_equal(seen.count, 1);
		assert_int_equal(seen.frames[0].caplen, rows[i].caplen);
		assert_int_equal(seen.frames[0].len, 30);
		assert_false(seen.info.damaged);
		cap_close(&cap);
	}
}

static void test_upper_half_of_the_link_type_is_no_link_type(void **state)
{
	struct capfile cap = cap_open();
	struct seen seen;

	(void)state;
	cap_pcap(&cap, MICRO, 2, 4, 0x34000071);
	cap_record(&cap, 1, 2, 16, 16);
	seen = read_bytes(&cap, 64);
	assert_int_equal(seen.frames[0].link_type, 113);
	assert_int_equal(seen.info.link_types[0], 113);
	cap_close(&cap);
}

static enum pp_err open_only(const void *bytes, size_t len)
{
	struct pp_source *source = NULL;
	enum pp_err err = pp_source_open_bytes(&source, bytes, len, 0);

	pp_source_close(source);
	return err;
}

static void test_not_a_capture(void **state)
{
	struct capfile archaic = cap_open(), empty = cap_open();

	(void)state;
	cap_pcap(&archaic, MICRO, 1, 4, 1);
	cap_pcap(&empty, MICRO, 2, 4, 1);
	assert_int_equal(open_only("", 0), PP_EMPTY);
	assert_int_equal(open_only("GET / HTTP/1.1\r\nHost: example.net\r\n\r\n", 37), PP_NOTCAPTURE);
	assert_int_equal(open_only(archaic.out.p, archaic.out.len), PP_NOTCAPTURE);
	for (size_t len = 1; len < empty.out.len; len++)
		assert_int_equal(open_only(empty.out.p, len), len < 4 ? PP_NOTCAPTURE : PP_CUT);
	assert_int_equal(open_only(empty.out.p, empty.out.len), PP_OK);
	cap_close(&archaic);
	cap_close(&empty);
}

static void test_an_oversized_record_is_damage(void **state)
{
	struct capfile cap = cap_open();
	struct seen seen;

	(void)state;
	cap_pcap(&cap, MICRO, 2, 4, 1);
	cap_record(&cap, 1, 2, 16, 16);
	cap_u64(&cap, 1);
	cap_u32(&cap, PP_FRAME_MAX + 1);
	cap_u32(&cap, PP_FRAME_MAX + 1);
	cap_data(&cap, 400);
	seen = read_bytes(&cap, 64);
	assert_int_equal(seen.count, 1);
	assert_true(seen.info.damaged);
	assert_int_equal(seen.info.damage_offset, 24 + 32);
	cap_close(&cap);
}

/* Cut anywhere: whole records come out, and the damage lies where the cut record begins. */
static void test_every_prefix(void **state)
{
	static const size_t starts[] = { 24, 24 + 76, 24 + 76 + 16, 24 + 76 + 16 + 77 };
	struct capfile cap = three_packets(false, MICRO);
	struct pp_guard guard = pp_guard_open(cap.out.len);

	(void)state;
	for (size_t len = 24; len <= cap.out.len; len++) {
		struct pp_source *source = NULL;
		struct seen seen;
		size_t whole = 0;

		while (whole < 3 && starts[whole + 1] <= len)
			whole++;
		assert_int_equal(pp_source_open_bytes(&source, pp_guard_bytes(&guard, cap.out.p, len), len, 7), PP_OK);
		seen = seen_all(source, 64);
		assert_int_equal(seen.count, whole);
		assert_int_equal(seen.info.damaged, len != starts[whole]);
		assert_int_equal(seen.info.damage_offset, len != starts[whole] ? starts[whole] : 0);
	}
	pp_guard_close(&guard);
	cap_close(&cap);
}

/* Arriving in any two pieces, in batches of any size: the same frames. */
static void test_every_split(void **state)
{
	struct capfile cap = three_packets(true, NANO);
	struct seen whole = read_bytes(&cap, 64);

	(void)state;
	for (size_t first = 1; first <= cap.out.len; first++) {
		struct pp_source *source = NULL;
		struct seen seen;

		feed_stdin(cap.out.p, cap.out.len, first);
		assert_int_equal(pp_source_open(&source, "-", 7), PP_OK);
		seen = seen_all(source, 1 + first % 4);
		assert_same(&whole, &seen);
		assert_string_equal(seen.info.path, "-");
	}
	cap_close(&cap);
}

/* Larger than the window, with records larger than it, read from a file: views of a batch stay valid together. */
static void test_a_large_file(void **state)
{
	char path[] = "/tmp/pp_test_source_XXXXXX";
	int fd = mkstemp(path);
	struct capfile cap = cap_open();
	struct pp_source *source = NULL;
	struct seen whole, seen;

	(void)state;
	cap_pcap(&cap, MICRO, 2, 4, 1);
	for (uint32_t i = 0; i < 40; i++)
		cap_record(&cap, i, 0, i == 20 ? PP_FRAME_MAX : i == 30 ? 300000 : 20000 + i, PP_FRAME_MAX);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, cap.out.p, cap.out.len), cap.out.len);
	close(fd);
	whole = read_bytes(&cap, 64);
	assert_int_equal(whole.count, 40);
	assert_int_equal(pp_source_open(&source, path, 7), PP_OK);
	seen = seen_all(source, 64);
	assert_same(&whole, &seen);
	unlink(path);
	cap_close(&cap);
}

static void test_link_type_names(void **state)
{
	(void)state;
	assert_string_equal(pp_link_type_name(1), "EN10MB");
	assert_string_equal(pp_link_type_name(113), "LINUX_SLL");
	assert_string_equal(pp_link_type_name(276), "LINUX_SLL2");
	assert_null(pp_link_type_name(60000));
}

static void test_closing_nothing(void **state)
{
	(void)state;
	pp_source_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_byte_orders_and_units),
		cmocka_unit_test(test_modified_record_header),
		cmocka_unit_test(test_lengths_of_old_versions),
		cmocka_unit_test(test_upper_half_of_the_link_type_is_no_link_type),
		cmocka_unit_test(test_not_a_capture),
		cmocka_unit_test(test_an_oversized_record_is_damage),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_a_large_file),
		cmocka_unit_test(test_link_type_names),
		cmocka_unit_test(test_closing_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/pcapng_clock.h"
#include "support/capfile.h"
#include "support/guard.h"

enum {
	OLD_PACKET = 2,
	SIMPLE_PACKET = 3,
	NAMES = 4,
	STATISTICS = 5,
	JOURNAL = 9,
	SECRETS = 10,
	UNKNOWN = 0x77,
	SYSDIG_EVENT = 0x204,
	CUSTOM = 0xbad,
	COMMENT = 1,
};

#define TICKS 1600000000000001u /* microseconds: 2020-09-13 */

static struct seen read_some(const void *bytes, size_t len, size_t max)
{
	struct pp_source *source = NULL;

	assert_int_equal(pp_source_open_bytes(&source, bytes, len, 3), PP_OK);
	return seen_all(source, max);
}

/* Reads and closes. */
static struct seen read_cap(struct capfile *cap)
{
	struct seen seen = read_some(cap->out.p, cap->out.len, 64);

	cap_close(cap);
	return seen;
}

static struct capfile one_interface(void)
{
	struct capfile cap = cap_open();

	cap_section(&cap, 1);
	cap_interface(&cap, 1, 0);
	return cap;
}

static void plain_packet(struct capfile *cap) { cap_block_end(cap, cap_packet(cap, 0, TICKS, 61, 100)); }

static void block(struct capfile *cap, uint32_t type, size_t len)
{
	size_t start = cap_block(cap, type);

	cap_data(cap, len);
	cap_block_end(cap, start);
}

static void test_only_a_section(void **state)
{
	struct capfile cap = cap_open();
	struct seen seen;

	(void)state;
	cap_section(&cap, 1);
	seen = read_cap(&cap);
	assert_int_equal(seen.count, 0);
	assert_string_equal(seen.info.format, "pcapng");
	assert_int_equal(seen.info.sections, 1);
	assert_int_equal(seen.info.first, PP_TIME_NONE);
	assert_false(seen.info.damaged);
}

static void simple_packet(struct capfile *cap, uint32_t len, size_t present)
{
	size_t start = cap_block(cap, SIMPLE_PACKET);

	cap_u32(cap, len);
	cap_data(cap, present);
	cap_block_end(cap, start);
}

static void old_packet(struct capfile *cap, uint16_t interface, uint64_t ticks)
{
	size_t start = cap_block(cap, OLD_PACKET);

	cap_u16(cap, interface);
	cap_u16(cap, 0xffff);
	cap_u32(cap, (uint32_t)(ticks >> 32));
	cap_u32(cap, (uint32_t)ticks);
	cap_u32(cap, 30);
	cap_u32(cap, 20);
	cap_data(cap, 30);
	cap_block_end(cap, start);
}

/* Two sections in both byte orders, three interfaces, all kinds of packet blocks. */
static struct capfile everything(bool first_big)
{
	struct capfile cap = cap_open();
	size_t start;

	cap.big = first_big;
	cap_section(&cap, 1);
	cap_interface(&cap, 1, 32);
	plain_packet(&cap);
	simple_packet(&cap, 99, 32);
	old_packet(&cap, 0, TICKS + 1);
	cap.big = !first_big;
	cap_section(&cap, 1);
	cap_interface(&cap, 113, 0);
	start = cap_block(&cap, 1);
	cap_u32(&cap, first_big ? 1 : 0x00010000); /* link type 1 and two reserved bytes */
	cap_u32(&cap, 0);
	cap_option(&cap, 9, 9, 1);
	cap_option(&cap, 14, (uint64_t)-5, 8);
	cap_option(&cap, 0, 0, 0);
	cap_block_end(&cap, start);
	start = cap_packet(&cap, 1, TICKS * 1000 + 7, 0, 0);
	cap_option(&cap, COMMENT, 0x6968, 2);
	cap_option(&cap, 0, 0, 0);
	cap_block_end(&cap, start);
	cap_block_end(&cap, cap_packet(&cap, 0, TICKS, 3, 3));
	return cap;
}

static void assert_frame(const struct seen_frame *frame, int64_t ts, uint32_t caplen, uint32_t len, uint32_t interface)
{
	assert_int_equal(frame->ts, ts);
	assert_int_equal(frame->caplen, caplen);
	assert_int_equal(frame->len, len);
	assert_int_equal(frame->interface, interface);
}

static void test_sections_orders_and_packet_kinds(void **state)
{
	const int64_t ts = (int64_t)TICKS * 1000;

	(void)state;
	for (int big = 0; big < 2; big++) {
		struct capfile cap = everything(big);
		struct seen seen = read_cap(&cap);

		assert_int_equal(seen.count, 5);
		assert_frame(&seen.frames[0], ts, 61, 100, 0);
		assert_frame(&seen.frames[1], ts, 32, 99, 0); /* no time of its own, cut by the snap length */
		assert_false(seen.frames[1].has_ts);
		assert_frame(&seen.frames[2], ts + 1000, 30, 30, 0); /* never shorter than captured */
		assert_frame(&seen.frames[3], ts + 7 - 5 * PP_SECOND, 0, 0, 2);
		assert_frame(&seen.frames[4], ts, 3, 3, 1);
		assert_int_equal(seen.frames[4].link_type, 113);
		assert_int_equal(seen.frames[4].number, 5);
		assert_int_equal(seen.info.link_type_count, 2);
		assert_int_equal(seen.info.interfaces, 3);
		assert_int_equal(seen.info.sections, 2);
		assert_int_equal(seen.info.comments, 1);
		assert_int_equal(seen.info.snapped, 2);
		assert_int_equal(seen.info.first, ts + 7 - 5 * PP_SECOND);
		assert_int_equal(seen.info.last, ts + 1000);
		assert_false(seen.info.damaged);
	}
}

/* Cut anywhere: the frames before the cut, and damage unless the cut falls between two blocks. */
static void test_every_prefix(void **state)
{
	struct capfile cap = everything(true);
	struct seen whole = read_some(cap.out.p, cap.out.len, 64);
	struct pp_guard guard = pp_guard_open(cap.out.len);
	size_t clean = 0, last = 0;

	(void)state;
	for (size_t len = 28; len <= cap.out.len; len++) {
		struct seen seen = read_some(pp_guard_bytes(&guard, cap.out.p, len), len, 64);

		assert_true(seen.count >= last);
		assert_memory_equal(seen.frames, whole.frames, seen.count * sizeof(whole.frames[0]));
		clean += !seen.info.damaged;
		last = seen.count;
	}
	assert_int_equal(clean, 10); /* one per block */
	assert_int_equal(last, 5);
	pp_guard_close(&guard);
	cap_close(&cap);
}

static void test_every_split(void **state)
{
	struct capfile cap = everything(false);
	struct seen whole = read_some(cap.out.p, cap.out.len, 64);

	(void)state;
	for (size_t first = 1; first <= cap.out.len; first++) {
		struct pp_source *source = NULL;
		struct seen seen;

		feed_stdin(cap.out.p, cap.out.len, first);
		assert_int_equal(pp_source_open(&source, "-", 3), PP_OK);
		seen = seen_all(source, 1 + first % 6);
		assert_int_equal(seen.count, whole.count);
		assert_memory_equal(seen.frames, whole.frames, sizeof(whole.frames));
		assert_int_equal(seen.info.comments, whole.info.comments);
		assert_false(seen.info.damaged);
	}
	cap_close(&cap);
}

/* Wireshark numbers some blocks that are no packets; the numbers of those after them must agree with it. */
static void test_numbered_records(void **state)
{
	struct capfile cap = one_interface();
	struct seen seen;

	(void)state;
	block(&cap, CUSTOM, 20);
	plain_packet(&cap);
	block(&cap, UNKNOWN, 20);
	block(&cap, JOURNAL, 40);
	block(&cap, SYSDIG_EVENT, 40);
	plain_packet(&cap);
	seen = read_cap(&cap);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.frames[0].number, 2);
	assert_int_equal(seen.frames[1].number, 5);
	assert_int_equal(seen.info.packets, 5);
	assert_int_equal(seen.info.other_records, 3);
	assert_int_equal(seen.info.skipped_blocks, 4);
	assert_false(seen.info.damaged);
}

/* Blocks that nobody needs are not buffered, so they may be larger than any buffer. */
static void test_large_blocks_pass_by(void **state)
{
	char path[] = "/tmp/pp_test_pcapng_XXXXXX";
	int fd = mkstemp(path);
	struct capfile cap = one_interface();
	struct pp_source *source = NULL;
	struct seen seen;

	(void)state;
	plain_packet(&cap);
	block(&cap, UNKNOWN, 3 << 20);
	plain_packet(&cap);
	block(&cap, SECRETS, 2 << 20);
	plain_packet(&cap);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, cap.out.p, cap.out.len), cap.out.len);
	close(fd);
	assert_int_equal(pp_source_open(&source, path, 0), PP_OK);
	seen = seen_all(source, 64);
	assert_int_equal(seen.count, 3);
	assert_false(seen.info.damaged);
	unlink(path);
	cap_close(&cap);
}

static void statistics(struct capfile *cap, uint32_t interface, uint64_t if_drop, uint64_t os_drop)
{
	size_t start = cap_block(cap, STATISTICS);

	cap_u32(cap, interface);
	cap_u64(cap, 0);
	cap_option(cap, 5, if_drop, 8);
	cap_option(cap, 7, os_drop, 8);
	cap_option(cap, 0, 0, 0);
	cap_block_end(cap, start);
}

static void test_drop_counts(void **state)
{
	struct capfile cap = one_interface();
	struct seen seen;

	(void)state;
	seen = read_some(cap.out.p, cap.out.len, 64);
	assert_false(seen.info.dropped_known);
	cap_interface(&cap, 1, 0);
	statistics(&cap, 0, 10, 1);
	statistics(&cap, 1, UINT64_MAX, 100); /* all ones: not known */
	statistics(&cap, 0, 12, 2);
	statistics(&cap, 9, 1000, 1000);
	seen = read_cap(&cap);
	assert_true(seen.info.dropped_known);
	assert_int_equal(seen.info.dropped, 12 + 2 + 100);
	assert_false(seen.info.damaged);
}

static void test_comments(void **state)
{
	struct capfile cap = one_interface();
	struct seen seen;
	size_t start;

	(void)state;
	start = cap_packet(&cap, 0, TICKS, 10, 10);
	cap_option(&cap, COMMENT, 1, 1);
	cap_option(&cap, COMMENT, 1, 3); /* the list may end with its block */
	cap_block_end(&cap, start);
	start = cap_block(&cap, NAMES);
	cap_option(&cap, 1, 0x61080808, 6); /* a record has the shape of an option */
	cap_option(&cap, 0, 0, 0);
	cap_option(&cap, COMMENT, 1, 1);
	cap_block_end(&cap, start);
	start = cap_block(&cap, SECRETS);
	cap_u32(&cap, 0x544c534b);
	cap_option(&cap, 3, 0, 0); /* little endian: a length of three, then the secrets */
	cap_data(&cap, 3);
	cap_pad(&cap);
	cap_option(&cap, COMMENT, 1, 1);
	cap_block_end(&cap, start);
	start = cap_packet(&cap, 0, TICKS, 10, 10);
	cap_option(&cap, COMMENT, 1, 1);
	cap_u32(&cap, 0x7fff0001); /* a comment far longer than its block costs itself only */
	cap_block_end(&cap, start);
	seen = read_cap(&cap);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.info.comments, 5);
	assert_false(seen.info.damaged);
}

/* A length that forgets its padding is rounded up, at both ends of the block (as Wireshark does). */
static void test_unpadded_length(void **state)
{
	struct capfile cap = one_interface();
	struct seen seen;

	(void)state;
	cap_u32(&cap, UNKNOWN);
	cap_u32(&cap, 17);
	cap_data(&cap, 8);
	cap_u32(&cap, 17);
	plain_packet(&cap);
	seen = read_cap(&cap);
	assert_int_equal(seen.count, 1);
	assert_false(seen.info.damaged);
}

/* Adds one broken thing to a good file; what follows must not be read. */
static void assert_damage(void (*add)(struct capfile *cap))
{
	struct capfile cap = one_interface();
	struct seen seen;
	size_t at;

	plain_packet(&cap);
	at = cap.out.len;
	add(&cap);
	plain_packet(&cap);
	seen = read_cap(&cap);
	assert_int_equal(seen.count, 1);
	assert_true(seen.info.damaged);
	assert_non_null(seen.info.damage);
	assert_int_equal(seen.info.damage_offset, at);
}

static void zeroes(struct capfile *cap) { cap_u64(cap, 0); }
static void length_below_least(struct capfile *cap) { cap_u64(cap, (uint64_t)8 << 32 | UNKNOWN); }
static void unknown_interface(struct capfile *cap) { cap_block_end(cap, cap_packet(cap, 1, TICKS, 10, 10)); }
static void unknown_interface_old(struct capfile *cap) { old_packet(cap, 1, TICKS); }
static void unknown_version(struct capfile *cap) { cap_section(cap, 2); }
static void simple_without_bytes(struct capfile *cap) { simple_packet(cap, 600, 60); }
static void short_packet(struct capfile *cap) { block(cap, 6, 16); }
static void short_simple_packet(struct capfile *cap) { block(cap, SIMPLE_PACKET, 0); }
static void short_interface(struct capfile *cap) { block(cap, 1, 4); }
static void short_statistics(struct capfile *cap) { block(cap, STATISTICS, 8); }
static void larger_than_any_packet(struct capfile *cap) { cap_u64(cap, (uint64_t)0x7ffffffc << 32 | 6); }

static void unknown_byte_order(struct capfile *cap) { block(cap, 0x0a0d0d0a, 20); }

static void simple_without_interface(struct capfile *cap)
{
	cap_section(cap, 1);
	simple_packet(cap, 10, 10);
}

static void lengths_differ(struct capfile *cap)
{
	block(cap, UNKNOWN, 8);
	cap->out.p[cap->out.len - 4] ^= 4;
}

static void packet_longer_than_block(struct capfile *cap)
{
	size_t start = cap_packet(cap, 0, TICKS, 40, 40);

	cap_block_end(cap, start);
	cap->out.p[start + 20] = 44;
}

static void test_damage(void **state)
{
	(void)state;
	assert_damage(zeroes);
	assert_damage(length_below_least);
	assert_damage(unknown_interface);
	assert_damage(unknown_interface_old);
	assert_damage(unknown_version);
	assert_damage(simple_without_bytes);
	assert_damage(short_packet);
	assert_damage(short_simple_packet);
	assert_damage(short_interface);
	assert_damage(short_statistics);
	assert_damage(larger_than_any_packet);
	assert_damage(unknown_byte_order);
	assert_damage(lengths_differ);
	assert_damage(packet_longer_than_block);
}

static void test_a_simple_packet_needs_an_interface_of_its_section(void **state)
{
	struct capfile cap = one_interface();
	struct seen seen;

	(void)state;
	simple_without_interface(&cap);
	seen = read_cap(&cap);
	assert_int_equal(seen.count, 0);
	assert_true(seen.info.damaged);
	assert_int_equal(seen.info.damage_offset, 28 + 20 + 28);
}

static void test_interface_limit(void **state)
{
	struct capfile cap = cap_open();
	struct seen seen;

	(void)state;
	cap_section(&cap, 1);
	for (int i = 0; i < PP_INTERFACES_MAX; i++)
		cap_interface(&cap, (uint16_t)i, 0);
	cap_block_end(&cap, cap_packet(&cap, PP_INTERFACES_MAX - 1, TICKS, 10, 10));
	seen = read_some(cap.out.p, cap.out.len, 64);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.frames[0].link_type, PP_INTERFACES_MAX - 1);
	assert_int_equal(seen.info.link_type_count, PP_LINK_TYPES_MAX);
	assert_false(seen.info.interfaces_over);
	cap_interface(&cap, 1, 0);
	seen = read_cap(&cap);
	assert_true(seen.info.interfaces_over);
	assert_true(seen.info.damaged);
}

static void test_not_pcapng(void **state)
{
	struct capfile cap = cap_open();
	struct pp_source *source = NULL;

	(void)state;
	cap_section(&cap, 1);
	for (size_t len = 1; len < cap.out.len; len++)
		assert_int_equal(pp_source_open_bytes(&source, cap.out.p, len, 0), len < 4 ? PP_NOTCAPTURE : PP_CUT);
	cap.out.p[8] ^= 1; /* the byte order magic */
	assert_int_equal(pp_source_open_bytes(&source, cap.out.p, cap.out.len, 0), PP_NOTCAPTURE);
	cap_close(&cap);
}

static void test_clock(void **state)
{
	static const struct {
		uint8_t resolution;
		int64_t offset;
		uint64_t ticks;
		int64_t ns;
	} rows[] = {
		{ 6, 0, TICKS, INT64_C(1600000000000001000) },
		{ 9, 0, UINT64_C(1600000000123456789), INT64_C(1600000000123456789) },
		{ 9, -1, 1500000000, 500000000 },
		{ 0, 0, 1600000000, INT64_C(1600000000000000000) },
		{ 0x80, 0, 1600000000, INT64_C(1600000000000000000) },
		{ 12, 0, UINT64_C(1600000123456789123), INT64_C(1600000123456789) },
		{ 19, 0, UINT64_MAX, 1844674407 },
		{ 28, 0, UINT64_MAX, 1 },
		{ 29, 0, UINT64_MAX, 0 },
		{ 127, 3, UINT64_MAX, 3 * PP_SECOND },
		{ 0x8a, 0, UINT64_C(1600000000) * 1024 + 512, INT64_C(1600000000500000000) },
		{ 0xa0, 0, UINT64_C(0xe5fa4e6380000000), INT64_C(3858386531500000000) }, /* 32 bits each, as NTP */
		{ 0xbf, 0, UINT64_C(0xc000000000000000), 1500000000 },
		{ 0xc0, 0, UINT64_C(0x8000000000000000), 500000000 },
		{ 0xff, 0, UINT64_MAX, 0 },
		{ 6, 0, (uint64_t)-505425287, INT64_C(-505425287000) }, /* signed, as some writers mean it */
		{ 0x8a, 0, (uint64_t)-512, -500000000 },
		{ 6, 0, UINT64_C(0x7fffffffffffffff), PP_TIME_MOST },
		{ 0, INT64_MAX, UINT64_MAX / 2, PP_TIME_MOST },
		{ 0, INT64_MIN, 0, -PP_TIME_MOST },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pp_pcapng_clock clock = pp_pcapng_clock(rows[i].resolution, rows[i].offset);

		assert_int_equal(pp_pcapng_clock_ns(&clock, rows[i].ticks), rows[i].ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_a_section),
		cmocka_unit_test(test_sections_orders_and_packet_kinds),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_numbered_records),
		cmocka_unit_test(test_large_blocks_pass_by),
		cmocka_unit_test(test_drop_counts),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_unpadded_length),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_a_simple_packet_needs_an_interface_of_its_section),
		cmocka_unit_test(test_interface_limit),
		cmocka_unit_test(test_not_pcapng),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

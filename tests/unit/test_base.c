/* The small things of base/: addresses, time, arenas, buffers, slabs, sequence numbers, the keyed hash. */
#include "support/cmocka_all.h"

#include "base/addr.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/digits.h"
#include "base/hash.h"
#include "base/seq.h"
#include "base/slab.h"
#include "base/time.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct pp_addr addr(const char *text)
{
	struct pp_addr parsed;

	assert_int_equal(pp_addr_parse(text, &parsed), PP_OK);
	return parsed;
}

static void addresses_round_trip(void **state)
{
	static const char *const texts[] = { "192.0.2.1", "2001:db8::1", "::", "0.0.0.0", "fe80::1" };
	char text[PP_ADDR_TEXT];
	struct pp_addr parsed;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		parsed = addr(texts[i]);
		pp_addr_format(&parsed, text);
		assert_string_equal(text, texts[i]);
	}
	assert_int_equal(pp_addr_parse("192.0.2.256", &parsed), PP_MALFORMED);
}

/* Every pattern of zero groups, with groups of one to four digits: as the C library writes them. */
static void addresses_are_written_as_the_library_does(void **state)
{
	static const uint16_t groups[] = { 0x1, 0xab, 0xc0d, 0xffff, 0x10, 0x2001, 0xdb8, 0x100 };
	char text[PP_ADDR_TEXT], expected[PP_ADDR_TEXT];

	(void)state;
	for (unsigned zeros = 0; zeros < 256; zeros++) {
		for (unsigned turn = 0; turn < 8; turn++) {
			struct pp_addr any = { { 0 } };

			for (unsigned i = 0; i < 8; i++) {
				uint16_t group = zeros >> i & 1 ? 0 : groups[(i + turn) % 8];

				any.b[2 * i] = (uint8_t)(group >> 8);
				any.b[2 * i + 1] = (uint8_t)group;
			}
			pp_addr_format(&any, text);
			if (pp_addr_is_v4(&any))
				inet_ntop(AF_INET, any.b + 12, expected, sizeof(expected));
			else
				inet_ntop(AF_INET6, any.b, expected, sizeof(expected));
			assert_string_equal(text, expected);
		}
	}
	for (unsigned byte = 0; byte < 256; byte++) {
		const uint8_t bytes[4] = { (uint8_t)byte, 0, (uint8_t)(255 - byte), 10 };
		struct pp_addr v4 = pp_addr_v4(bytes);

		pp_addr_format(&v4, text);
		assert_string_equal(text, inet_ntop(AF_INET, bytes, expected, sizeof(expected)));
	}
}

static void digits_are_those_of_printf(void **state)
{
	char text[PP_DIGITS_MOST + 1], expected[PP_DIGITS_MOST + 1];

	(void)state;
	for (uint64_t edge = 1, i = 0; i < PP_DIGITS_MOST; edge *= 10, i++) {
		const uint64_t values[] = { edge - 1, edge, edge + 1, edge * 7 };

		for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
			*pp_digits(text, values[k]) = '\0';
			snprintf(expected, sizeof(expected), "%" PRIu64, values[k]);
			assert_string_equal(text, expected);
		}
	}
	*pp_digits(text, UINT64_MAX) = '\0';
	assert_string_equal(text, "18446744073709551615");
	for (uint64_t value = 0; value < 1000000000; value += value < 2000 ? 1 : value / 7) {
		*pp_digits_nine(text, (uint32_t)value) = '\0';
		snprintf(expected, sizeof(expected), "%09" PRIu64, value);
		assert_string_equal(text, expected);
		*pp_digits(text, value) = '\0';
		snprintf(expected, sizeof(expected), "%" PRIu64, value);
		assert_string_equal(text, expected);
	}
	*pp_digits_padded(text, 42, 5) = '\0';
	assert_string_equal(text, "00042");
	assert_true(pp_digits_magnitude(INT64_MIN) == UINT64_C(1) << 63);
}

static void address_classes_have_edges(void **state)
{
	static const struct {
		const char *text;
		bool private, loopback, link_local, bogon;
	} rows[] = {
		{ "10.255.255.255", true, false, false, false },  { "11.0.0.0", false, false, false, false },
		{ "172.15.255.255", false, false, false, false }, { "172.16.0.0", true, false, false, false },
		{ "172.31.255.255", true, false, false, false },  { "172.32.0.0", false, false, false, false },
		{ "100.64.0.1", true, false, false, false },      { "127.8.9.1", false, true, false, true },
		{ "169.254.169.254", false, false, true, false }, { "0.0.0.0", false, false, false, true },
		{ "240.0.0.1", false, false, false, true },       { "::1", false, true, false, true },
		{ "fd00::1", true, false, false, false },         { "fe80::1", false, false, true, false },
		{ "2001:db8::1", false, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pp_addr a = addr(rows[i].text);

		assert_int_equal(pp_addr_is_private(&a), rows[i].private);
		assert_int_equal(pp_addr_is_loopback(&a), rows[i].loopback);
		assert_int_equal(pp_addr_is_link_local(&a), rows[i].link_local);
		assert_int_equal(pp_addr_is_bogon(&a), rows[i].bogon);
	}
}

static void networks_hold_their_addresses(void **state)
{
	struct pp_addr net = addr("20.190.128.0"), in = addr("20.190.191.255"), out = addr("20.190.192.0");
	struct pp_addr net6 = addr("2001:db8::"), in6 = addr("2001:db8:ffff::1");

	(void)state;
	assert_true(pp_addr_in(&in, &net, 18));
	assert_false(pp_addr_in(&out, &net, 18));
	assert_true(pp_addr_in(&in6, &net6, 32));
	assert_false(pp_addr_in(&in, &net6, 0));
	assert_false(pp_addr_in(&in, &net, 33));
}

static void time_is_iso_8601(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000000Z" },
		{ -1, "1969-12-31T23:59:59.999999999Z" },
		{ 951782400 * PP_SECOND, "2000-02-29T00:00:00.000000000Z" },
		{ 1795416060 * PP_SECOND + 5, "2026-11-23T06:41:00.000000005Z" },
		{ 4107542399 * PP_SECOND, "2100-02-28T23:59:59.000000000Z" },
	};
	char text[PP_TIME_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pp_time_format(rows[i].ns, text);
		assert_string_equal(text, rows[i].text);
	}
	assert_int_equal(pp_time_days(1970, 1, 1), 0);
	assert_int_equal(pp_time_days(2026, 11, 23), 20780);
	assert_int_equal(pp_time_days(1600, 3, 1), -135080);
}

static void arenas_recycle_and_stop_at_the_cap(void **state)
{
	struct pp_pool pool;
	struct pp_arena arena;
	size_t after_first;

	(void)state;
	pp_pool_init(&pool, 64 * 1024);
	pp_arena_init(&arena, &pool);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 100; i++) {
			uint8_t *p = pp_arena_alloc(&arena, 100);

			assert_non_null(p);
			assert_int_equal(p[0] | p[99], 0);
			memset(p, 0xff, 100);
		}
		pp_arena_reset(&arena);
		if (round == 0)
			after_first = pool.bytes;
		assert_int_equal(pool.bytes, after_first);
	}
	assert_null(pp_arena_alloc(&arena, 128 * 1024));
	assert_null(pp_arena_alloc(&arena, SIZE_MAX));
	assert_int_equal(pool.refused, 1);
	assert_non_null(pp_arena_alloc(&arena, 16 * 1024));
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
}

static void arena_text_has_no_nul(void **state)
{
	struct pp_pool pool;
	struct pp_arena arena;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	assert_string_equal(pp_arena_text(&arena, (struct pp_span){ (const uint8_t *)"a\0b", 3 }, 10), "a\xef\xbf\xbd"
												       "b");
	assert_string_equal(pp_arena_text(&arena, (struct pp_span){ (const uint8_t *)"abcdef", 6 }, 3), "abc");
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
}

static void buffers_fail_at_their_cap(void **state)
{
	struct pp_buf buf;

	(void)state;
	pp_buf_init(&buf, 1000);
	for (int i = 0; i < 10; i++)
		assert_int_equal(pp_buf_add(&buf,
					    "0123456789012345678901234567890123456789012345678901234567890123456789"
					    "012345678901234567890123456789",
					    100),
				 PP_OK);
	assert_int_equal(pp_buf_add(&buf, "x", 1), PP_LIMIT);
	assert_int_equal(pp_buf_reserve(&buf, SIZE_MAX), PP_LIMIT);
	assert_int_equal(buf.len, 1000);
	pp_buf_done(&buf);
}

static void small_buffers_have_their_cap_too(void **state)
{
	struct pp_buf buf;

	(void)state;
	pp_buf_init(&buf, 10);
	assert_int_equal(pp_buf_add(&buf, "0123456789", 10), PP_OK);
	assert_int_equal(buf.room, 10);
	assert_int_equal(pp_buf_add(&buf, "0", 1), PP_LIMIT);
	pp_buf_done(&buf);
}

static void buffers_leave_their_memory_to_the_next(void **state)
{
	static uint8_t much[1 << 15];
	struct pp_buf one, other, small;
	struct pp_pool pool;
	const uint8_t *p;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_buf_init(&one, sizeof(much));
	pp_buf_init(&other, sizeof(much));
	pp_buf_init(&small, 10);
	pp_buf_borrow(&one, &pool);
	assert_null(one.p);
	assert_int_equal(pp_buf_add(&one, "0123456789", 10), PP_OK);
	p = one.p;
	pp_buf_give_back(&one, &pool);
	assert_true(one.p == NULL && one.len == 0 && one.room == 0 && pool.spare_count == 1);
	pp_buf_borrow(&small, &pool); /* more than it may have */
	assert_null(small.p);
	pp_buf_borrow(&other, &pool);
	pp_buf_borrow(&other, &pool); /* it has some */
	assert_true(other.p == p && other.len == 0 && pool.spare_count == 0);
	assert_int_equal(pp_buf_add(&other, much, sizeof(much)), PP_OK);
	pp_buf_give_back(&other, &pool); /* too large to be kept */
	assert_int_equal(pool.spare_count, 0);
	for (unsigned i = 1; i < PP_POOL_SPARES + 3; i++) {
		struct pp_buf buf;

		pp_buf_init(&buf, 10);
		assert_int_equal(pp_buf_add(&buf, "x", 1), PP_OK);
		pp_buf_give_back(&buf, &pool);
		assert_int_equal(pool.spare_count, i < PP_POOL_SPARES ? i : PP_POOL_SPARES);
	}
	pp_pool_done(&pool);
}

static void slabs_recycle(void **state)
{
	struct pp_slab slab;
	void *first;

	(void)state;
	pp_slab_init(&slab, 24, 4, 4096);
	first = pp_slab_take(&slab);
	assert_non_null(first);
	pp_slab_give(&slab, first);
	assert_ptr_equal(pp_slab_take(&slab), first);
	while (pp_slab_take(&slab))
		;
	assert_int_equal(slab.refused, 1);
	assert_true(slab.bytes <= 4096);
	pp_slab_done(&slab);
}

static void sequence_numbers_wrap(void **state)
{
	(void)state;
	assert_true(pp_seq_lt(0xffffffffu, 0));
	assert_true(pp_seq_lt(0x7fffffffu, 0x80000000u));
	assert_false(pp_seq_lt(0, 0xffffffffu));
	assert_int_equal(pp_seq_diff(5, 0xfffffffbu), 10);
	assert_true(pp_seq_offset(5, 0xfffffffbu, 0xffffffff0LL) == 0xffffffffaLL);
}

static void hash_depends_on_key_and_every_byte(void **state)
{
	struct pp_hash_key key = { { 1, 2 } }, other = { { 1, 3 } };
	uint8_t text[36] = { 0 };

	(void)state;
	/* The last bytes are read in other ways for each number of them, and what lies behind is not. */
	for (size_t len = 1; len < sizeof(text); len++) {
		uint64_t before = pp_hash(&key, text, len);

		assert_true(before == pp_hash(&key, text, len));
		assert_true(before != pp_hash(&other, text, len));
		assert_true(before != pp_hash(&key, text, len - 1));
		for (size_t i = 0; i < sizeof(text); i++) {
			text[i] = 1;
			assert_int_equal(before != pp_hash(&key, text, len), i < len);
			text[i] = 0x80;
			assert_int_equal(before != pp_hash(&key, text, len), i < len);
			text[i] = 0;
		}
	}
}

/* One walk gives two words that depend on every byte, and on the length where the bytes are all zero. */
static void hash_twice(void **state)
{
	struct pp_hash_key key = { { 1, 2 } };
	uint8_t text[40] = { 0 };
	struct pp_hash_pair seen[40];

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		seen[len] = pp_hash_twice(&key, text, len);
		assert_true(seen[len].word[0] != seen[len].word[1]);
		for (size_t i = 0; i < len; i++) {
			struct pp_hash_pair now;

			assert_true(seen[i].word[0] != seen[len].word[0] && seen[i].word[1] != seen[len].word[1]);
			text[i] = 1;
			now = pp_hash_twice(&key, text, len);
			assert_true(now.word[0] != seen[len].word[0] && now.word[1] != seen[len].word[1]);
			text[i] = 0;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_round_trip),
		cmocka_unit_test(addresses_are_written_as_the_library_does),
		cmocka_unit_test(digits_are_those_of_printf),
		cmocka_unit_test(address_classes_have_edges),
		cmocka_unit_test(networks_hold_their_addresses),
		cmocka_unit_test(time_is_iso_8601),
		cmocka_unit_test(arenas_recycle_and_stop_at_the_cap),
		cmocka_unit_test(arena_text_has_no_nul),
		cmocka_unit_test(buffers_fail_at_their_cap),
		cmocka_unit_test(small_buffers_have_their_cap_too),
		cmocka_unit_test(buffers_leave_their_memory_to_the_next),
		cmocka_unit_test(slabs_recycle),
		cmocka_unit_test(sequence_numbers_wrap),
		cmocka_unit_test(hash_depends_on_key_and_every_byte),
		cmocka_unit_test(hash_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

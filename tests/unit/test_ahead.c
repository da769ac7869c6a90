#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/ahead.h"
#include "source/input.h"
#include "support/capfile.h"

#include <errno.h>
#include <lz4frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* Far more than a ring of chunks, so that the thread has to wait. */
enum { PLAIN_LEN = 5 << 20, PACKED_ROOM = PLAIN_LEN + (PLAIN_LEN >> 4) };

struct bytes {
	uint8_t *p;
	size_t len;
};

static size_t pack_gzip(uint8_t *out, const uint8_t *plain)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)plain, .avail_in = PLAIN_LEN };

	z.next_out = out;
	z.avail_out = PACKED_ROOM;
	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return z.total_out;
}

static size_t pack_zstd(uint8_t *out, const uint8_t *plain)
{
	return ZSTD_compress(out, PACKED_ROOM, plain, PLAIN_LEN, 1);
}

static size_t pack_lz4(uint8_t *out, const uint8_t *plain)
{
	const LZ4F_preferences_t checked = { .frameInfo = { .contentChecksumFlag = LZ4F_contentChecksumEnabled } };

	return LZ4F_compressFrame(out, PACKED_ROOM, plain, PLAIN_LEN, &checked);
}

static size_t (*const packers[])(uint8_t *out, const uint8_t *plain) = { pack_gzip, pack_zstd, pack_lz4 };

enum { PACKERS = sizeof(packers) / sizeof(packers[0]) };

struct world {
	struct bytes plain, packed[PACKERS];
	char path[32];
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	uint32_t x = 1;

	assert_non_null(world);
	world->plain = (struct bytes){ malloc(PLAIN_LEN), PLAIN_LEN };
	assert_non_null(world->plain.p);
	for (size_t i = 0; i < PLAIN_LEN; i++) {
		x = x * 1664525 + 1013904223;
		world->plain.p[i] = (uint8_t)(i % 3 ? x >> 24 : i / 8);
	}
	for (size_t k = 0; k < PACKERS; k++) {
		world->packed[k].p = malloc(PACKED_ROOM);
		assert_non_null(world->packed[k].p);
		world->packed[k].len = packers[k](world->packed[k].p, world->plain.p);
		assert_in_range(world->packed[k].len, PLAIN_LEN / 4, PACKED_ROOM);
	}
	*state = world;
	return 0;
}

static int end_world(void **state)
{
	struct world *world = *state;

	for (size_t k = 0; k < PACKERS; k++)
		free(world->packed[k].p);
	free(world->plain.p);
	free(world);
	return 0;
}

static void write_file(struct world *world, const uint8_t *bytes, size_t len)
{
	FILE *file;
	int fd;

	strcpy(world->path, "/tmp/pp_test_ahead_XXXXXX");
	fd = mkstemp(world->path);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* Reads both in the same odd bites and compares all that a reader can see after each.  Returns the bytes read. */
static size_t read_both(struct pp_input *alone, struct pp_input *ahead, const struct bytes *plain)
{
	static const size_t bites[] = { 1, 24, 70000, 16, PP_INPUT_MOST, 1500 };
	size_t len = 0;

	for (unsigned i = 0;; i++) {
		size_t bite = bites[i % (sizeof(bites) / sizeof(bites[0]))];

		assert_int_equal(pp_input_fill(alone, bite), PP_OK);
		assert_int_equal(pp_input_fill(ahead, bite), PP_OK);
		assert_int_equal(pp_input_left(ahead), pp_input_left(alone));
		assert_int_equal(pp_input_offset(ahead), pp_input_offset(alone));
		assert_int_equal(pp_input_used(ahead), pp_input_used(alone));
		assert_ptr_equal(ahead->damage, alone->damage);
		if (pp_input_left(ahead) == 0)
			return len;
		if (bite > pp_input_left(ahead))
			bite = pp_input_left(ahead);
		assert_memory_equal(ahead->window.p, alone->window.p, bite);
		assert_memory_equal(ahead->window.p, plain->p + len, bite);
		pp_input_take(alone, bite);
		pp_input_take(ahead, bite);
		len += bite;
	}
}

/* The file with and without a thread; returns how much of it could be read, and what was wrong then. */
static size_t compare(struct world *world, const uint8_t *bytes, size_t file_len, const char **ret_damage)
{
	struct pp_jobs jobs = { .free = 1 };
	struct pp_input alone, ahead;
	size_t len;

	write_file(world, bytes, file_len);
	assert_int_equal(pp_input_open(&alone, world->path), PP_OK);
	assert_int_equal(pp_input_open(&ahead, world->path), PP_OK);
	pp_input_read_ahead(&ahead, &jobs);
	assert_int_equal(ahead.size, file_len);
	len = read_both(&alone, &ahead, &world->plain);
	assert_null(alone.ahead);
	assert_int_equal(jobs.free, 1); /* given back at the end */
	*ret_damage = ahead.damage;
	pp_input_close(&alone);
	pp_input_close(&ahead);
	unlink(world->path);
	return len;
}

static void test_whole_files(void **state)
{
	struct world *world = *state;
	const char *damage;

	for (size_t k = 0; k < PACKERS; k++) {
		assert_int_equal(compare(world, world->packed[k].p, world->packed[k].len, &damage), PLAIN_LEN);
		assert_null(damage);
	}
}

static void test_cut_files(void **state)
{
	struct world *world = *state;
	const char *damage;

	for (size_t k = 0; k < PACKERS; k++) {
		const struct bytes *packed = &world->packed[k];
		const size_t cuts[] = { 5, 1000, 256 << 10, packed->len / 2, packed->len - 1 };

		for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
			assert_in_range(compare(world, packed->p, cuts[i], &damage), 0, PLAIN_LEN);
			assert_string_equal(damage, "compressed data ends early");
		}
	}
}

/* Behind the last member: all that came before has been handed out. */
static void test_damaged_files(void **state)
{
	struct world *world = *state;
	const char *damage;

	for (size_t k = 0; k < PACKERS; k++) {
		struct bytes *packed = &world->packed[k];

		memcpy(packed->p + packed->len, "garbage, long enough", 20);
		assert_int_equal(compare(world, packed->p, packed->len + 20, &damage), PLAIN_LEN);
		assert_string_equal(damage, "compressed data is damaged");
	}
}

static void test_closed_in_the_middle(void **state)
{
	struct world *world = *state;

	for (size_t k = 0; k < PACKERS; k++) {
		write_file(world, world->packed[k].p, world->packed[k].len);
		for (size_t at = 1; at < PLAIN_LEN / 2; at += PLAIN_LEN / 8) {
			struct pp_jobs jobs = { .free = 1 };
			struct pp_input input;

			assert_int_equal(pp_input_open(&input, world->path), PP_OK);
			pp_input_read_ahead(&input, &jobs);
			assert_int_equal(pp_input_drop(&input, at), PP_OK);
			assert_non_null(input.ahead);
			assert_int_equal(jobs.free, 0);
			pp_input_close(&input);
			assert_int_equal(jobs.free, 1);
		}
		unlink(world->path);
	}
}

/* One thread for two files: the second has it when the first is through. */
static void test_threads_are_passed_on(void **state)
{
	struct world *world = *state;
	struct pp_jobs jobs = { .free = 1 };
	struct pp_input first, second;

	write_file(world, world->packed[0].p, world->packed[0].len);
	assert_int_equal(pp_input_open(&first, world->path), PP_OK);
	assert_int_equal(pp_input_open(&second, world->path), PP_OK);
	pp_input_read_ahead(&first, &jobs);
	pp_input_read_ahead(&second, &jobs);
	assert_int_equal(pp_input_drop(&first, 1), PP_OK);
	assert_int_equal(pp_input_drop(&second, 1), PP_OK);
	assert_non_null(first.ahead);
	assert_null(second.ahead);
	assert_int_equal(pp_input_drop(&first, UINT64_MAX), PP_OK);
	assert_null(first.ahead);
	assert_int_equal(pp_input_drop(&second, PLAIN_LEN / 2), PP_OK);
	assert_non_null(second.ahead);
	pp_input_close(&first);
	pp_input_close(&second);
	assert_int_equal(jobs.free, 1);
	unlink(world->path);
}

/* Plain files, pipes and bytes in memory are read as they come. */
static void test_what_gets_no_thread(void **state)
{
	struct world *world = *state;
	struct pp_jobs jobs = { .free = 1 };
	struct pp_input input;

	write_file(world, world->plain.p, world->plain.len);
	assert_int_equal(pp_input_open(&input, world->path), PP_OK);
	pp_input_read_ahead(&input, &jobs);
	assert_int_equal(pp_input_drop(&input, PLAIN_LEN / 2), PP_OK);
	assert_int_equal(pp_input_used(&input), PLAIN_LEN / 2);
	assert_int_equal(jobs.free, 1);
	pp_input_close(&input);
	unlink(world->path);

	assert_int_equal(pp_input_open_bytes(&input, world->packed[1].p, world->packed[1].len), PP_OK);
	pp_input_read_ahead(&input, &jobs);
	assert_int_equal(pp_input_drop(&input, PLAIN_LEN / 2), PP_OK);
	assert_int_equal(jobs.free, 1);
	pp_input_close(&input);

	feed_stdin(world->packed[1].p, 60000, 0);
	assert_int_equal(pp_input_open(&input, "-"), PP_OK);
	pp_input_read_ahead(&input, &jobs);
	assert_int_equal(pp_input_drop(&input, PLAIN_LEN), PP_OK);
	assert_string_equal(input.damage, "compressed data ends early");
	assert_int_equal(input.size, 0);
	assert_int_equal(jobs.free, 1);
	pp_input_close(&input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_files),           cmocka_unit_test(test_cut_files),
		cmocka_unit_test(test_damaged_files),         cmocka_unit_test(test_closed_in_the_middle),
		cmocka_unit_test(test_threads_are_passed_on), cmocka_unit_test(test_what_gets_no_thread),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}

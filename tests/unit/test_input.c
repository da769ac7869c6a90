#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/input.h"
#include "support/capfile.h"
#include "support/guard.h"

#include <errno.h>
#include <lz4frame.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { PLAIN_LEN = 1000, PACKED_MOST = 4096 };

struct packed {
	uint8_t bytes[PACKED_MOST];
	size_t len;
};

static void make_plain(uint8_t plain[PLAIN_LEN])
{
	uint32_t x = 1;

	for (size_t i = 0; i < PLAIN_LEN; i++) {
		x = x * 1664525 + 1013904223;
		plain[i] = (uint8_t)(i % 3 ? x >> 24 : i / 8);
	}
}

static void add_gzip(struct packed *packed, const uint8_t *plain, size_t len)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)plain, .avail_in = (uInt)len };

	z.next_out = packed->bytes + packed->len;
	z.avail_out = (uInt)(PACKED_MOST - packed->len);
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed->len += z.total_out;
	assert_int_equal(deflateEnd(&z), Z_OK);
}

static void add_zstd(struct packed *packed, const uint8_t *plain, size_t len)
{
	size_t made = ZSTD_compress(packed->bytes + packed->len, PACKED_MOST - packed->len, plain, len, 3);

	assert_false(ZSTD_isError(made));
	packed->len += made;
}

static void add_lz4(struct packed *packed, const uint8_t *plain, size_t len)
{
	size_t made = LZ4F_compressFrame(packed->bytes + packed->len, PACKED_MOST - packed->len, plain, len, NULL);

	assert_false(LZ4F_isError(made));
	packed->len += made;
}

static const struct {
	const char *name;
	void (*add)(struct packed *packed, const uint8_t *plain, size_t len);
} codecs[] = { { "gzip", add_gzip }, { "zstd", add_zstd }, { "lz4", add_lz4 } };

enum { CODECS = sizeof(codecs) / sizeof(codecs[0]), PART = 300 };

/* Two members, as a rotated or appended file has them. */
static struct packed two_members(size_t codec, const uint8_t *plain)
{
	struct packed packed = { .len = 0 };

	codecs[codec].add(&packed, plain, PART);
	codecs[codec].add(&packed, plain + PART, PLAIN_LEN - PART);
	return packed;
}

/* Everything the input gives, checked against the start of `plain`; returns how much that is. */
static size_t drain(struct pp_input *input, const uint8_t *plain)
{
	size_t len = 0;

	for (;;) {
		size_t here;

		assert_int_equal(pp_input_fill(input, 1), PP_OK);
		here = pp_input_left(input);
		if (here == 0)
			return len;
		assert_int_equal(pp_input_offset(input), len);
		assert_true(here <= PLAIN_LEN - len);
		assert_memory_equal(input->window.p, plain + len, here);
		pp_input_take(input, here);
		len += here;
	}
}

static void test_bytes_are_not_copied(void **state)
{
	static const uint8_t bytes[] = "0123456789";
	struct pp_input input;

	(void)state;
	assert_int_equal(pp_input_open_bytes(&input, bytes, 10), PP_OK);
	assert_ptr_equal(input.window.p, bytes);
	assert_int_equal(pp_input_fill(&input, 10), PP_OK);
	pp_input_take(&input, 3);
	assert_int_equal(pp_input_offset(&input), 3);
	assert_int_equal(pp_input_drop(&input, 4), PP_OK);
	assert_int_equal(pp_cur_peek(&input.window, 0), '7');
	assert_int_equal(pp_input_fill(&input, 4), PP_OK);
	assert_int_equal(pp_input_left(&input), 3);
	assert_int_equal(pp_input_drop(&input, 4), PP_OK);
	assert_int_equal(pp_input_left(&input), 0);
	assert_int_equal(pp_input_offset(&input), 10);
	assert_null(input.damage);
	pp_input_close(&input);
}

static void test_codecs(void **state)
{
	uint8_t plain[PLAIN_LEN];

	(void)state;
	make_plain(plain);
	for (size_t k = 0; k < CODECS; k++) {
		struct packed packed = two_members(k, plain);
		struct pp_input input;

		assert_int_equal(pp_input_open_bytes(&input, packed.bytes, packed.len), PP_OK);
		assert_string_equal(input.unpack.codec->name, codecs[k].name);
		assert_int_equal(pp_input_fill(&input, PLAIN_LEN), PP_OK);
		assert_int_equal(pp_input_left(&input), PLAIN_LEN);
		assert_int_equal(drain(&input, plain), PLAIN_LEN);
		assert_null(input.damage);
		pp_input_close(&input);
	}
}

/* Cut anywhere: a start of the plain bytes, and the cut is told unless it falls between two members. */
static void test_codecs_every_prefix(void **state)
{
	struct pp_guard guard = pp_guard_open(PACKED_MOST);
	uint8_t plain[PLAIN_LEN];

	(void)state;
	make_plain(plain);
	for (size_t k = 0; k < CODECS; k++) {
		struct packed packed = two_members(k, plain), first = { .len = 0 };

		codecs[k].add(&first, plain, PART);
		for (size_t len = 4; len < packed.len; len++) {
			const uint8_t *bytes = pp_guard_bytes(&guard, packed.bytes, len);
			struct pp_input input;

			assert_int_equal(pp_input_open_bytes(&input, bytes, len), PP_OK);
			if (len >= first.len)
				assert_true(drain(&input, plain) >= PART);
			else
				assert_true(drain(&input, plain) <= PART);
			if (len == first.len)
				assert_null(input.damage);
			else
				assert_string_equal(input.damage, "compressed data ends early");
			pp_input_close(&input);
		}
	}
	pp_guard_close(&guard);
}

static void test_codecs_every_split(void **state)
{
	uint8_t plain[PLAIN_LEN];

	(void)state;
	make_plain(plain);
	for (size_t k = 0; k < CODECS; k++) {
		struct packed packed = two_members(k, plain);

		for (size_t first = 1; first < packed.len; first++) {
			struct pp_input input;

			feed_stdin(packed.bytes, packed.len, first);
			assert_int_equal(pp_input_open(&input, "-"), PP_OK);
			assert_int_equal(drain(&input, plain), PLAIN_LEN);
			assert_null(input.damage);
			pp_input_close(&input);
		}
	}
}

static void test_codecs_garbage_after_the_end(void **state)
{
	uint8_t plain[PLAIN_LEN];

	(void)state;
	make_plain(plain);
	for (size_t k = 0; k < CODECS; k++) {
		struct packed packed = two_members(k, plain);
		struct pp_input input;

		memcpy(packed.bytes + packed.len, "garbage, long enough", 20);
		assert_int_equal(pp_input_open_bytes(&input, packed.bytes, packed.len + 20), PP_OK);
		assert_int_equal(drain(&input, plain), PLAIN_LEN);
		assert_string_equal(input.damage, "compressed data is damaged");
		pp_input_close(&input);
	}
}

static void test_gzip_padding_is_no_garbage(void **state)
{
	uint8_t plain[PLAIN_LEN];
	struct packed packed;
	struct pp_input input;

	(void)state;
	make_plain(plain);
	packed = two_members(0, plain);
	memset(packed.bytes + packed.len, 0, 512);
	assert_int_equal(pp_input_open_bytes(&input, packed.bytes, packed.len + 512), PP_OK);
	assert_int_equal(drain(&input, plain), PLAIN_LEN);
	assert_null(input.damage);
	pp_input_close(&input);
}

/* Any flipped bit: no crash, and never more than a start of the plain bytes before the checksum stands in the way. */
static void test_codecs_flipped_bits(void **state)
{
	uint8_t plain[PLAIN_LEN];

	(void)state;
	make_plain(plain);
	for (size_t k = 0; k < CODECS; k++) {
		struct packed packed = two_members(k, plain);

		for (size_t bit = 32; bit < 8 * packed.len; bit += 3) {
			struct pp_input input;
			size_t left;

			packed.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(pp_input_open_bytes(&input, packed.bytes, packed.len), PP_OK);
			do {
				assert_int_equal(pp_input_fill(&input, 1), PP_OK);
				left = pp_input_left(&input);
				pp_input_take(&input, left);
			} while (left > 0);
			pp_input_close(&input);
			packed.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

static void make_file(char *path, size_t len)
{
	int fd = mkstemp(path);
	uint8_t bytes[1000];

	assert_true(fd >= 0);
	for (size_t at = 0; at < len; at += sizeof(bytes)) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)((at + i) % 251);
		assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	}
	close(fd);
}

static void test_the_window_grows_to_its_limit(void **state)
{
	char path[] = "/tmp/pp_test_input_XXXXXX";
	size_t len = 3000000, at = PP_INPUT_ROOM - 10;
	struct pp_input input;

	(void)state;
	make_file(path, len);
	assert_int_equal(pp_input_open(&input, path), PP_OK);
	pp_input_take(&input, at);
	assert_int_equal(pp_input_fill(&input, PP_INPUT_MOST + 1), PP_LIMIT);
	assert_int_equal(pp_input_fill(&input, PP_INPUT_MOST), PP_OK);
	assert_int_equal(pp_input_left(&input), PP_INPUT_MOST);
	assert_int_equal(pp_input_offset(&input), at);
	for (size_t i = 0; i < PP_INPUT_MOST; i += 997)
		assert_int_equal(pp_cur_peek(&input.window, i), (at + i) % 251);
	assert_int_equal(pp_input_drop(&input, 2000000), PP_OK);
	at += 2000000;
	assert_int_equal(pp_input_fill(&input, 1), PP_OK);
	assert_int_equal(pp_input_offset(&input), at);
	assert_int_equal(pp_cur_peek(&input.window, 0), at % 251);
	assert_int_equal(pp_input_drop(&input, UINT64_MAX), PP_OK);
	assert_int_equal(pp_input_left(&input), 0);
	assert_int_equal(pp_input_offset(&input), len);
	pp_input_close(&input);
	unlink(path);
}

/* A pipe is read in the same pieces as a file, however its writer dawdles. */
static void test_pipe_that_drips(void **state)
{
	static uint8_t piece[1000];
	struct pp_input input;
	size_t sent = 0;
	int ends[2];
	pid_t writer;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	writer = fork();
	if (writer == 0) {
		for (; sent < 2 * PP_INPUT_ROOM; sent += sizeof(piece)) {
			(void)!write(ends[1], piece, sizeof(piece));
			(void)usleep(20);
		}
		_exit(0);
	}
	(void)close(ends[1]);
	assert_int_equal(pp_input_open_file(&input, (struct pp_file){ ends[0] }), PP_OK);
	assert_int_equal(pp_input_left(&input), PP_INPUT_ROOM);
	pp_input_take(&input, PP_INPUT_ROOM);
	assert_int_equal(pp_input_fill(&input, 1), PP_OK);
	assert_int_equal(pp_input_left(&input), PP_INPUT_ROOM);
	pp_input_close(&input);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
}

static void test_files_that_cannot_be_read(void **state)
{
	struct pp_input input;

	(void)state;
	assert_int_equal(pp_input_open(&input, "/nonexistent/capture.pcap"), PP_IO);
	pp_input_close(&input);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(pp_input_open(&input, "/"), PP_IO);
	pp_input_close(&input);
	assert_int_equal(errno, EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_are_not_copied),
		cmocka_unit_test(test_codecs),
		cmocka_unit_test(test_codecs_every_prefix),
		cmocka_unit_test(test_codecs_every_split),
		cmocka_unit_test(test_codecs_garbage_after_the_end),
		cmocka_unit_test(test_gzip_padding_is_no_garbage),
		cmocka_unit_test(test_codecs_flipped_bits),
		cmocka_unit_test(test_the_window_grows_to_its_limit),
		cmocka_unit_test(test_pipe_that_drips),
		cmocka_unit_test(test_files_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a live capture writes is what the reader reads: blocks, notes, rings of files. */
#include "support/cmocka_all.h"

#include "live/ngwrite.h"
#include "live/trace.h"
#include "source/source.h"
#include "support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct pp_ng_machine machine = { "x86_64", "Linux 6.1", "pathproof" };
static const struct pp_ng_interface eth0 = { "eth0", "tcp port 443", 1, 262144 };
static const struct pp_ng_interface tun0 = { "tun0", NULL, 101, 65535 };

static const struct pp_note process = {
	.kind = PP_NOTE_PROCESS,
	.flags = PP_NOTE_OURS | PP_NOTE_AIMED,
	.number = 812,
	.ts = 1795419211000000123,
	.client = { { { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = 4 } }, 50123 },
	.server = { { { [0] = 0x20, [1] = 0x01, [15] = 1 } }, 443 },
	.text = { "/opt/azcmagent/bin/himds", "himdsd.service" },
};

static struct pp_buf start(void)
{
	struct pp_buf buf;

	pp_buf_init(&buf, 64 << 20);
	assert_int_equal(pp_ng_section(&buf, &machine), PP_OK);
	assert_int_equal(pp_ng_interface(&buf, &eth0), PP_OK);
	assert_int_equal(pp_ng_interface(&buf, &tun0), PP_OK);
	return buf;
}

static struct pp_source *open_bytes(const struct pp_buf *buf)
{
	struct pp_source *source;

	assert_int_equal(pp_source_open_bytes(&source, buf->p, buf->len, 0), PP_OK);
	return source;
}

static void every_block_comes_back(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7 };
	const struct pp_ng_counts counts = { .received = 12, .dropped_if = 1, .dropped_os = 4 };
	struct pp_frame frames[8];
	struct pp_buf buf = start();
	struct pp_source *source;
	size_t count;

	(void)state;
	for (uint32_t len = 0; len <= sizeof(bytes); len++)
		assert_int_equal(pp_ng_packet(&buf, len % 2, 1000000000000000001 + len, bytes, len, len + 9), PP_OK);
	assert_int_equal(pp_ng_statistics(&buf, 0, 5, 6, &counts), PP_OK);
	assert_int_equal(buf.len % 4, 0);
	source = open_bytes(&buf);
	assert_int_equal(pp_source_read(source, frames, 8, &count), PP_OK);
	assert_int_equal(count, 8);
	for (uint32_t len = 0; len <= sizeof(bytes); len++) {
		assert_int_equal(frames[len].ts, 1000000000000000001 + len);
		assert_int_equal(frames[len].caplen, len);
		assert_int_equal(frames[len].len, len + 9);
		assert_int_equal(frames[len].link_type, len % 2 ? 101 : 1);
		assert_memory_equal(frames[len].data_view, bytes, len);
	}
	assert_int_equal(pp_source_read(source, frames, 8, &count), PP_OK);
	assert_int_equal(count, 0);
	assert_false(pp_source_info(source)->damaged);
	assert_int_equal(pp_source_info(source)->dropped, 5);
	pp_source_close(source);
	pp_buf_done(&buf);
}

static void same_note(const struct pp_note *a, const struct pp_note *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->ts, b->ts);
	assert_int_equal(a->until, b->until);
	assert_memory_equal(&a->client.ip, &b->client.ip, sizeof(a->client.ip));
	assert_int_equal(a->client.port, b->client.port);
	assert_memory_equal(&a->server.ip, &b->server.ip, sizeof(a->server.ip));
	assert_int_equal(a->server.port, b->server.port);
	for (unsigned i = 0; i < PP_NOTE_TEXTS; i++) {
		assert_int_equal(a->text[i] != NULL, b->text[i] != NULL);
		if (a->text[i])
			assert_string_equal(a->text[i], b->text[i]);
	}
}

static void a_note_takes_no_number_and_comes_back(void **state)
{
	struct pp_buf buf = start();
	struct pp_frame frames[4];
	struct pp_source *source;
	size_t count;

	(void)state;
	assert_int_equal(pp_note_encode(&buf, &process), PP_OK);
	assert_int_equal(pp_ng_packet(&buf, 0, 7, "abc", 3, 3), PP_OK);
	source = open_bytes(&buf);
	assert_int_equal(pp_source_read(source, frames, 4, &count), PP_OK);
	assert_int_equal(count, 1);
	assert_int_equal(frames[0].number, 1);
	assert_non_null(pp_source_info(source)->notes);
	assert_int_equal(pp_source_info(source)->notes->count, 1);
	same_note(pp_source_info(source)->notes->list[0], &process);
	assert_int_equal(pp_source_info(source)->skipped_blocks, 0);
	pp_source_close(source);
	pp_buf_done(&buf);
}

/* Every prefix of a note's body: refused, or a note with fewer texts; never a byte read behind its end. */
static void every_prefix_of_a_note(void **state)
{
	struct pp_guard guard = pp_guard_open(4096);
	struct pp_notes notes;
	struct pp_buf buf;

	(void)state;
	pp_buf_init(&buf, 1 << 16);
	assert_int_equal(pp_note_encode(&buf, &process), PP_OK);
	pp_notes_init(&notes);
	for (size_t len = 0; len <= buf.len - 12; len++) {
		const uint8_t *body = pp_guard_bytes(&guard, buf.p + 8, len);
		bool taken = pp_notes_add(&notes, pp_cur(body, len, PP_MALFORMED), false);

		assert_int_equal(taken, len >= 60);
	}
	same_note(notes.list[notes.count - 1], &process);
	pp_notes_done(&notes);
	pp_buf_done(&buf);
	pp_guard_close(&guard);
}

/* What lasted comes back with its end; no time is so far off that a difference would overflow. */
static void a_note_that_lasts(void **state)
{
	const struct pp_note loss = {
		.kind = PP_NOTE_LOST, .number = 9, .ts = 5 * PP_SECOND, .until = 6 * PP_SECOND, .text = { "eth0" }
	};
	const struct pp_note wild = { .kind = PP_NOTE_LOST, .ts = INT64_MIN, .until = INT64_MAX };
	struct pp_notes notes;
	struct pp_buf buf;
	size_t first;

	(void)state;
	pp_buf_init(&buf, 1 << 16);
	assert_int_equal(pp_note_encode(&buf, &loss), PP_OK);
	first = buf.len;
	assert_int_equal(pp_note_encode(&buf, &wild), PP_OK);
	pp_notes_init(&notes);
	assert_true(pp_notes_add(&notes, pp_cur(buf.p + 8, first - 12, PP_MALFORMED), false));
	assert_true(pp_notes_add(&notes, pp_cur(buf.p + first + 8, buf.len - first - 12, PP_MALFORMED), false));
	same_note(notes.list[0], &loss);
	assert_int_equal(notes.list[1]->ts, -PP_TIME_MOST);
	assert_int_equal(notes.list[1]->until, PP_TIME_MOST);
	pp_notes_done(&notes);
	pp_buf_done(&buf);
}

static void put_swapped(uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len / 2; i++) {
		uint8_t byte = at[i];

		at[i] = at[len - 1 - i];
		at[len - 1 - i] = byte;
	}
}

static void a_note_of_the_other_byte_order(void **state)
{
	const struct pp_note bare = {
		.kind = PP_NOTE_UNIT, .flags = 2, .number = 0x01020304, .ts = 99, .client.port = 0x1234
	};
	struct pp_notes notes;
	struct pp_buf buf;
	uint8_t *body;

	(void)state;
	pp_buf_init(&buf, 1 << 16);
	assert_int_equal(pp_note_encode(&buf, &bare), PP_OK);
	body = buf.p + 8;
	put_swapped(body + 8, 2);
	put_swapped(body + 10, 2);
	put_swapped(body + 12, 4);
	put_swapped(body + 16, 8);
	put_swapped(body + 40, 2);
	pp_notes_init(&notes);
	assert_true(pp_notes_add(&notes, pp_cur(body, 60, PP_MALFORMED), true));
	same_note(notes.list[0], &bare);
	pp_notes_done(&notes);
	pp_buf_done(&buf);
}

static void the_list_of_notes_is_bounded(void **state)
{
	struct pp_notes notes;
	struct pp_buf buf;

	(void)state;
	pp_buf_init(&buf, 1 << 16);
	assert_int_equal(pp_note_encode(&buf, &process), PP_OK);
	pp_notes_init(&notes);
	for (unsigned i = 0; i < PP_NOTES_MAX + 10; i++)
		assert_true(pp_notes_add(&notes, pp_cur(buf.p + 8, buf.len - 12, PP_MALFORMED), false));
	assert_true(notes.refused >= 10);
	assert_int_equal(notes.count + notes.refused, PP_NOTES_MAX + 10);
	pp_notes_done(&notes);
	pp_buf_done(&buf);
}

/* ---- Files ---- */

static char folder[] = "/tmp/pp-trace-XXXXXX";

static struct pp_trace *open_trace(const char *name, unsigned files, uint64_t bytes, bool force, enum pp_err expected)
{
	static char path[128]; /* a trace borrows its path, and there is one at a time */
	struct pp_trace_options options = {
		.path = path, .ring_files = files, .ring_bytes = bytes, .force = force, .machine = machine
	};
	struct pp_trace *trace = NULL;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(pp_trace_open(&trace, &options), expected);
	if (expected == PP_OK)
		assert_int_equal(pp_trace_interface(trace, &eth0), PP_OK);
	return trace;
}

static void a_ring_is_bounded_and_each_file_stands_alone(void **state)
{
	struct pp_trace *trace = open_trace("ring", 3, 100000, false, PP_OK);
	static const uint8_t bytes[1000];
	struct pp_frame frames[64];
	uint64_t packets = 0;
	char path[4096];

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(pp_trace_packet(trace, 0, i, bytes, sizeof(bytes), sizeof(bytes)), PP_OK);
	assert_int_equal(pp_trace_finish(trace, 1000), PP_OK);
	assert_int_equal(pp_trace_file_count(trace), 3);
	for (unsigned i = 0; i < 3; i++) {
		struct pp_source *source;
		size_t count = 1;

		pp_trace_file(trace, i, path);
		assert_int_equal(pp_source_open(&source, path, 0), PP_OK);
		while (count)
			assert_int_equal(pp_source_read(source, frames, 64, &count), PP_OK);
		assert_false(pp_source_info(source)->damaged);
		assert_true(pp_source_info(source)->dropped_known);
		packets += pp_source_info(source)->packets;
		pp_source_close(source);
		unlink(path);
	}
	assert_in_range(packets, 200, 300);
	pp_trace_free(trace);
}

static void nothing_is_overwritten(void **state)
{
	char path[128], link[128];
	struct stat made;

	(void)state;
	snprintf(path, sizeof(path), "%s/there", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	pp_trace_free(open_trace("there", 0, 0, false, PP_OK));
	assert_int_equal(stat(path, &made), 0);
	assert_int_equal(made.st_mode & 0777, 0600);
	(void)open_trace("there", 0, 0, false, PP_IO);
	assert_int_equal(symlink("there", link), 0);
	(void)open_trace("link", 0, 0, false, PP_IO);
	(void)open_trace("link", 0, 0, true, PP_IO);
	pp_trace_free(open_trace("there", 0, 0, true, PP_OK));
	unlink(path);
	unlink(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_comes_back),
		cmocka_unit_test(a_note_takes_no_number_and_comes_back),
		cmocka_unit_test(every_prefix_of_a_note),
		cmocka_unit_test(a_note_that_lasts),
		cmocka_unit_test(a_note_of_the_other_byte_order),
		cmocka_unit_test(the_list_of_notes_is_bounded),
		cmocka_unit_test(a_ring_is_bounded_and_each_file_stands_alone),
		cmocka_unit_test(nothing_is_overwritten),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}

/* Attacks by whole files: small ones that stand for much, and traffic that opens, cuts and hides without end.  Bounded
 * are memory, tables and what is reported; nothing is timed. */
#include "support/cmocka_all.h"

#include "decode/packet.h"
#include "engine/analysis.h"
#include "support/pkt.h"
#include "test_hostile_heap.h"

#include <stdio.h>
#include <zlib.h>

enum { MEMORY = 16 << 20 };
enum { FLOOD_MOST = 256 << 20 }; /* what diagnose/ keeps of hosts, addresses and attempts has caps of its own */

static const struct pp_hash_key key = { { 0x243f6a8885a308d3, 0x13198a2e03707344 } };

/* ---- Files in memory ---- */

struct file {
	uint8_t *bytes;
	size_t len, room;
	uint32_t frames;
};

static void file_put(struct file *file, const void *bytes, size_t len)
{
	if (len > file->room - file->len) {
		file->room = file->room * 2 + len + (1 << 20);
		file->bytes = realloc(file->bytes, file->room);
		if (!file->bytes)
			abort();
	}
	memcpy(file->bytes + file->len, bytes, len);
	file->len += len;
}

static void file_le32(struct file *file, uint32_t value)
{
	const uint8_t bytes[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
				   (uint8_t)(value >> 24) };

	file_put(file, bytes, sizeof(bytes));
}

static void file_pcap(struct file *file)
{
	*file = (struct file){ .len = 0 };
	file_le32(file, 0xa1b2c3d4);
	file_le32(file, 2 | 4 << 16);
	file_le32(file, 0);
	file_le32(file, 0);
	file_le32(file, 65535);
	file_le32(file, 1);
}

static void file_pcapng(struct file *file)
{
	*file = (struct file){ .len = 0 };
	file_le32(file, 0x0a0d0d0a);
	file_le32(file, 28);
	file_le32(file, 0x1a2b3c4d);
	file_le32(file, 1);
	file_le32(file, UINT32_MAX);
	file_le32(file, UINT32_MAX);
	file_le32(file, 28);
}

/* A TCP segment in Ethernet, a microsecond after the last; written by hand, for there are millions of them. */
struct segment {
	uint32_t src, dst, seq, ack;
	uint16_t sport, dport;
	uint8_t flags;
	const char *text;
	size_t len;
};

static void file_segment(struct file *file, const struct segment *segment)
{
	uint32_t len = 54 + (uint32_t)segment->len;
	uint8_t head[54] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45 };

	pp_pkt_put(head + 16, len - 14, 2);
	head[22] = 64;
	head[23] = 6;
	pp_pkt_put(head + 26, segment->src, 4);
	pp_pkt_put(head + 30, segment->dst, 4);
	pp_pkt_put(head + 34, segment->sport, 2);
	pp_pkt_put(head + 36, segment->dport, 2);
	pp_pkt_put(head + 38, segment->seq, 4);
	pp_pkt_put(head + 42, segment->ack, 4);
	head[46] = 0x50;
	head[47] = segment->flags;
	pp_pkt_put(head + 48, 64240, 2);
	file_le32(file, 1700000000 + file->frames / 1000000);
	file_le32(file, file->frames % 1000000);
	file_le32(file, len);
	file_le32(file, len);
	file_put(file, head, sizeof(head));
	if (segment->len)
		file_put(file, segment->text, segment->len);
	file->frames++;
}

enum { CLIENT = 0x0a000004, SERVER = 0x0a000005 };

static void file_handshake(struct file *file, uint16_t port)
{
	file_segment(file, &(struct segment){ CLIENT, SERVER, 999, 0, port, 80, PP_TCP_SYN, NULL, 0 });
	file_segment(file, &(struct segment){ SERVER, CLIENT, 1999, 1000, 80, port, PP_TCP_SYN | PP_TCP_ACK, NULL, 0 });
	file_segment(file, &(struct segment){ CLIENT, SERVER, 1000, 2000, port, 80, PP_TCP_ACK, NULL, 0 });
}

static void file_close(struct file *file) { free(file->bytes); }

/* ---- Runs ---- */

struct outcome {
	size_t heap_before, heap_most;
	uint64_t connections, packets;
	struct pp_limits_hit limits;
	uint32_t requests;
	uint64_t bytes;
	bool concluded;
};

static void see_progress(void *context, uint64_t frames, uint64_t bytes)
{
	struct outcome *outcome = context;

	(void)frames, (void)bytes;
	if (pp_test_heap() > outcome->heap_most)
		outcome->heap_most = pp_test_heap();
}

static enum pp_err see_capture(void *context, const struct pp_capture *capture, const struct pp_limits_hit *limits)
{
	struct outcome *outcome = context;

	outcome->limits = *limits;
	outcome->packets = capture->source->packets;
	return PP_OK;
}

static enum pp_err see_connection(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
				  const struct pp_judgement *judgement)
{
	struct outcome *outcome = context;

	(void)who, (void)judgement;
	outcome->connections++;
	outcome->bytes += conn->tcp.side[PP_CLIENT].bytes;
	outcome->requests += conn->http ? conn->http->request_total : 0;
	return PP_OK;
}

static enum pp_err see_conclusion(void *context, const struct pp_conclusion *conclusion)
{
	struct outcome *outcome = context;

	(void)conclusion;
	outcome->concluded = true;
	return PP_OK;
}

static void analyse(const struct file *file, struct outcome *outcome)
{
	static struct pp_catalogue *catalogue;
	struct pp_visitor visitor = {
		.context = outcome, .capture = see_capture, .connection = see_connection, .conclusion = see_conclusion
	};
	const struct pp_visitor *const visitors[] = { &visitor };
	struct pp_analysis_options options = {
		.max_memory = MEMORY, .key = key, .progress = see_progress, .progress_context = outcome
	};
	struct pp_analysis *analysis;
	struct pp_source *source;
	struct pp_data_error error;

	if (!catalogue)
		assert_int_equal(pp_catalogue_new(&catalogue, &error), PP_OK);
	options.catalogue = catalogue;
	*outcome = (struct outcome){ .heap_before = pp_test_heap() };
	outcome->heap_most = outcome->heap_before;
	assert_int_equal(pp_source_open_bytes(&source, file->bytes, file->len, 0), PP_OK);
	assert_int_equal(pp_analysis_new(&analysis, &options), PP_OK);
	assert_int_equal(pp_analysis_run(analysis, &source, 1), PP_OK);
	see_progress(outcome, 0, 0);
	assert_int_equal(pp_analysis_visit(analysis, visitors, 1), PP_OK);
	see_progress(outcome, 0, 0);
	pp_analysis_free(analysis);
	assert_true(outcome->concluded);
}

static size_t heap_used(const struct outcome *outcome) { return outcome->heap_most - outcome->heap_before; }

static bool hit(const struct outcome *outcome, const char *limit)
{
	for (unsigned i = 0; i < outcome->limits.n; i++) {
		if (strcmp(outcome->limits.name[i], limit) == 0)
			return true;
	}
	return false;
}

/* ---- Traffic ---- */

/* A request and its body of a mebibyte, a byte in each segment. */
static void one_byte_segments(void **state)
{
	enum { BODY = 1 << 20 };
	static const char head[] = "POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1048576\r\n\r\n";
	const uint32_t len = sizeof(head) - 1 + BODY;
	struct outcome outcome;
	struct file file;

	(void)state;
	file_pcap(&file);
	file_handshake(&file, 50000);
	for (uint32_t i = 0; i < len; i++) {
		const char *at = i < sizeof(head) - 1 ? head + i : "z";

		file_segment(&file, &(struct segment){ CLIENT, SERVER, 1000 + i, 2000, 50000, 80, PP_TCP_ACK, at, 1 });
	}
	analyse(&file, &outcome);
	assert_int_equal(outcome.connections, 1);
	assert_int_equal(outcome.requests, 1);
	assert_int_equal(outcome.bytes, len);
	assert_int_equal(outcome.limits.n, 0);
	assert_true(heap_used(&outcome) <= 4 << 20);
	file_close(&file);
}

/* Data that is never preceded by what it follows: all of it waits, and none of it may wait for ever. */
static void gaps_that_never_fill(void **state)
{
	enum { CONNECTIONS = 20000 };
	static const char text[1400];
	struct outcome outcome;
	struct file file;

	(void)state;
	file_pcap(&file);
	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		uint16_t port = (uint16_t)(20000 + i);

		file_handshake(&file, port);
		file_segment(&file,
			     &(struct segment){ CLIENT, SERVER, 1001, 2000, port, 80, PP_TCP_ACK, text, sizeof(text) });
	}
	analyse(&file, &outcome);
	assert_int_equal(outcome.connections, CONNECTIONS);
	assert_int_equal(outcome.bytes, (uint64_t)CONNECTIONS * sizeof(text));
	assert_true(hit(&outcome, "flows") || hit(&outcome, "reassembly"));
	assert_true(heap_used(&outcome) <= 3 * MEMORY);
	file_close(&file);
}

/* A hole before every byte, on as many connections as it takes to fill what they share. */
static void holes_everywhere(void **state)
{
	enum { CONNECTIONS = 256, BYTES = 1000 };
	struct outcome outcome;
	struct file file;

	(void)state;
	file_pcap(&file);
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		file_handshake(&file, (uint16_t)(20000 + i));
	for (uint32_t n = 1; n <= BYTES; n++) {
		for (uint32_t i = 0; i < CONNECTIONS; i++)
			file_segment(&file, &(struct segment){ CLIENT, SERVER, 1000 + 2 * n, 2000,
							       (uint16_t)(20000 + i), 80, PP_TCP_ACK, "x", 1 });
	}
	analyse(&file, &outcome);
	assert_int_equal(outcome.connections, CONNECTIONS);
	assert_int_equal(outcome.bytes, CONNECTIONS * BYTES);
	assert_true(hit(&outcome, "reassembly"));
	assert_true(heap_used(&outcome) <= MEMORY);
	file_close(&file);
}

/* Connections without end, opened or joined midway: the table has its cap, and each of them is still told of. */
static void flood(uint8_t flags, struct outcome *outcome)
{
	enum { FLOWS = 100000 };
	struct file file;

	file_pcap(&file);
	for (uint32_t i = 0; i < FLOWS; i++)
		file_segment(&file, &(struct segment){ 0x0a000000 + i % 50000, 0x0b000000 + i, i, 1,
						       (uint16_t)(1024 + i % 60000), 443, flags, "\x16\x03\x01",
						       flags & PP_TCP_SYN ? 0 : 3 });
	analyse(&file, outcome);
	assert_int_equal(outcome->connections, FLOWS);
	assert_int_equal(outcome->packets, FLOWS);
	assert_true(hit(outcome, "flows"));
	file_close(&file);
}

static void flows_flood(void **state)
{
	struct outcome outcome;

	(void)state;
	flood(PP_TCP_SYN, &outcome);
	assert_true(heap_used(&outcome) <= FLOOD_MOST);
	flood(PP_TCP_ACK, &outcome);
	assert_true(heap_used(&outcome) <= FLOOD_MOST);
}

/* ---- Formats ---- */

static void a_million_interfaces(void **state)
{
	enum { INTERFACES = 1000000 };
	const struct pp_source_info *info;
	struct pp_frame frames[PP_SOURCE_BATCH];
	struct pp_source *source;
	struct file file;
	size_t count, before;

	(void)state;
	file_pcapng(&file);
	for (uint32_t i = 0; i < INTERFACES; i++) {
		file_le32(&file, 1);
		file_le32(&file, 20);
		file_le32(&file, i & 0xff);
		file_le32(&file, 0);
		file_le32(&file, 20);
	}
	before = pp_test_heap();
	assert_int_equal(pp_source_open_bytes(&source, file.bytes, file.len, 0), PP_OK);
	assert_int_equal(pp_source_read(source, frames, PP_SOURCE_BATCH, &count), PP_OK);
	info = pp_source_info(source);
	assert_int_equal(count, 0);
	assert_int_equal(info->interfaces, PP_INTERFACES_MAX);
	assert_int_equal(info->link_type_count, PP_LINK_TYPES_MAX);
	assert_true(info->interfaces_over);
	assert_true(info->damaged);
	assert_true(pp_test_heap() - before <= 1 << 20);
	pp_source_close(source);
	file_close(&file);
}

enum { MEMBER = 4 << 20 }; /* of zeros, in a gzip member of its own */

static size_t gzip_member(const void *bytes, size_t len, uint8_t *packed, size_t room)
{
	z_stream z = {
		.next_in = (void *)(uintptr_t)bytes, .avail_in = (uInt)len, .next_out = packed, .avail_out = (uInt)room
	};

	if (deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	(void)deflateEnd(&z);
	return room - z.avail_out;
}

/* Ten mebibytes that unpack to ten gibibytes: a pcapng file of huge blocks that nobody needs. */
static void decompression_bomb(void **state)
{
	enum { MEMBERS = 2560 };
	static uint8_t zeros[MEMBER], packed[64 << 10];
	struct pp_frame frames[PP_SOURCE_BATCH];
	size_t count = 1, len, before = pp_test_heap(), most = 0;
	struct pp_source *source;
	struct file head, bomb = { .len = 0 };

	(void)state;
	file_pcapng(&head);
	file_le32(&head, 0x0bad);
	file_le32(&head, 0xfffffffc);
	len = gzip_member(head.bytes, head.len, packed, sizeof(packed));
	file_put(&bomb, packed, len);
	len = gzip_member(zeros, sizeof(zeros), packed, sizeof(packed));
	for (int i = 0; i < MEMBERS; i++)
		file_put(&bomb, packed, len);
	assert_true(bomb.len < 11 << 20);
	before = pp_test_heap();
	assert_int_equal(pp_source_open_bytes(&source, bomb.bytes, bomb.len, 0), PP_OK);
	while (count > 0) {
		assert_int_equal(pp_source_read(source, frames, PP_SOURCE_BATCH, &count), PP_OK);
		most = pp_test_heap() - before > most ? pp_test_heap() - before : most;
	}
	assert_true(most <= 4 << 20);
	assert_true(pp_source_info(source)->damaged);
	assert_string_equal(pp_source_info(source)->damage, "compressed data expands like no capture does");
	pp_source_close(source);
	file_close(&head);
	file_close(&bomb);
}

/* Two SYNs in turn, each a connection of its own, 100 packets in a byte: they end long before they are all read. */
static void packets_packed_too_well(void **state)
{
	enum { MEMBERS = 1200, FRAMES = 6000, MOST = (1 << 18) + (1 << 17) };
	static uint8_t packed[64 << 10];
	struct pp_frame frames[PP_SOURCE_BATCH];
	struct file head, pair = { .len = 0 }, bomb = { .len = 0 };
	const struct pp_source_info *info;
	struct pp_source *source;
	size_t count = 1, len;

	(void)state;
	file_pcap(&head);
	for (uint32_t i = 0; i < FRAMES; i++) {
		pair.frames = 0;
		file_segment(&pair,
			     &(struct segment){ CLIENT, SERVER, i % 2 << 30, 0, 1024, 443, PP_TCP_SYN, NULL, 0 });
	}
	len = gzip_member(head.bytes, head.len, packed, sizeof(packed));
	file_put(&bomb, packed, len);
	len = gzip_member(pair.bytes, pair.len, packed, sizeof(packed));
	for (int i = 0; i < MEMBERS; i++)
		file_put(&bomb, packed, len);
	assert_int_equal(pp_source_open_bytes(&source, bomb.bytes, bomb.len, 0), PP_OK);
	while (count > 0)
		assert_int_equal(pp_source_read(source, frames, PP_SOURCE_BATCH, &count), PP_OK);
	info = pp_source_info(source);
	assert_true(info->packets > 1 << 18 && info->packets < MOST + bomb.len / 8);
	assert_true(info->packets < (uint64_t)MEMBERS * FRAMES);
	assert_true(info->damaged);
	assert_string_equal(info->damage, "compressed data holds more packets than its bytes can tell apart");
	pp_source_close(source);
	file_close(&head);
	file_close(&pair);
	file_close(&bomb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_byte_segments),       cmocka_unit_test(gaps_that_never_fill),
		cmocka_unit_test(holes_everywhere),        cmocka_unit_test(flows_flood),
		cmocka_unit_test(a_million_interfaces),    cmocka_unit_test(decompression_bomb),
		cmocka_unit_test(packets_packed_too_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* capfile: capture files made in memory, read back whole, cut, or in pieces. */
#ifndef PP_TESTS_CAPFILE_H
#define PP_TESTS_CAPFILE_H

#include "base/buf.h"
#include "source/source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Building ---- */

struct capfile {
	struct pp_buf out;
	bool big; /* byte order of what is added next */
};

static inline struct capfile cap_open(void)
{
	struct capfile cap = { .big = false };

	pp_buf_init(&cap.out, 16 << 20);
	return cap;
}

static inline void cap_close(struct capfile *cap) { pp_buf_done(&cap->out); }

static inline void cap_bytes(struct capfile *cap, const void *bytes, size_t len)
{
	if (pp_buf_add(&cap->out, bytes, len) != PP_OK)
		abort();
}

static inline void cap_number(struct capfile *cap, uint64_t value, size_t len)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < len; i++)
		bytes[cap->big ? len - 1 - i : i] = (uint8_t)(value >> 8 * i);
	cap_bytes(cap, bytes, len);
}

static inline void cap_u16(struct capfile *cap, uint16_t value) { cap_number(cap, value, 2); }
static inline void cap_u32(struct capfile *cap, uint32_t value) { cap_number(cap, value, 4); }
static inline void cap_u64(struct capfile *cap, uint64_t value) { cap_number(cap, value, 8); }

/* `len` bytes that differ from one packet to the next. */
static inline void cap_data(struct capfile *cap, size_t len)
{
	size_t seed = cap->out.len;

	for (size_t i = 0; i < len; i++)
		cap_number(cap, (uint8_t)(seed + i), 1);
}

static inline void cap_pcap(struct capfile *cap, uint32_t magic, uint16_t major, uint16_t minor, uint32_t network)
{
	cap_u32(cap, magic);
	cap_u16(cap, major);
	cap_u16(cap, minor);
	cap_u64(cap, 0);
	cap_u32(cap, 65535);
	cap_u32(cap, network);
}

static inline void cap_record(struct capfile *cap, uint32_t seconds, uint32_t fraction, uint32_t caplen, uint32_t len)
{
	cap_u32(cap, seconds);
	cap_u32(cap, fraction);
	cap_u32(cap, caplen);
	cap_u32(cap, len);
	cap_data(cap, caplen);
}

/* A pcapng block is opened, filled, and closed, which settles its lengths. */
static inline size_t cap_block(struct capfile *cap, uint32_t type)
{
	size_t start = cap->out.len;

	cap_u32(cap, type);
	cap_u32(cap, 0);
	return start;
}

static inline void cap_pad(struct capfile *cap) { cap_bytes(cap, "\0\0\0", -cap->out.len & 3); }

static inline void cap_block_end(struct capfile *cap, size_t start)
{
	struct capfile length = { .big = cap->big };

	cap_pad(cap);
	cap_u32(cap, (uint32_t)(cap->out.len + 4 - start));
	length = cap_open();
	length.big = cap->big;
	cap_u32(&length, (uint32_t)(cap->out.len - start));
	memcpy(cap->out.p + start + 4, length.out.p, 4);
	cap_close(&length);
}

static inline void cap_option(struct capfile *cap, uint16_t code, uint64_t value, uint16_t len)
{
	cap_u16(cap, code);
	cap_u16(cap, len);
	cap_number(cap, value, len);
	cap_pad(cap);
}

static inline void cap_section(struct capfile *cap, uint16_t major)
{
	size_t start = cap_block(cap, 0x0a0d0d0a);

	cap_u32(cap, 0x1a2b3c4d);
	cap_u16(cap, major);
	cap_u16(cap, 0);
	cap_u64(cap, UINT64_MAX);
	cap_block_end(cap, start);
}

static inline void cap_interface(struct capfile *cap, uint16_t link_type, uint32_t snaplen)
{
	size_t start = cap_block(cap, 1);

	cap_u16(cap, link_type);
	cap_u16(cap, 0);
	cap_u32(cap, snaplen);
	cap_block_end(cap, start);
}

/* Opens an enhanced packet block; options may follow. */
static inline size_t cap_packet(struct capfile *cap, uint32_t interface, uint64_t ticks, uint32_t caplen, uint32_t len)
{
	size_t start = cap_block(cap, 6);

	cap_u32(cap, interface);
	cap_u32(cap, (uint32_t)(ticks >> 32));
	cap_u32(cap, (uint32_t)ticks);
	cap_u32(cap, caplen);
	cap_u32(cap, len);
	cap_data(cap, caplen);
	cap_pad(cap);
	return start;
}

/* ---- Reading back ---- */

enum { SEEN_MOST = 64 };

/* What a source gave, without its views: comparable with memcmp(). */
struct seen_frame {
	int64_t ts;
	uint32_t caplen, len, number, interface;
	uint32_t link_type, file, has_ts, sum;
};

struct seen {
	size_t count;
	struct seen_frame frames[SEEN_MOST];
	struct pp_source_info info;
};

static inline struct seen_frame seen_frame(const struct pp_frame *frame)
{
	struct seen_frame seen = {
		.ts = frame->ts,
		.caplen = frame->caplen,
		.len = frame->len,
		.number = frame->number,
		.interface = frame->interface,
		.link_type = frame->link_type,
		.file = frame->file,
		.has_ts = frame->has_ts,
	};

	for (uint32_t i = 0; i < frame->caplen; i++)
		seen.sum = seen.sum * 31 + frame->data_view[i];
	return seen;
}

/* Reads to the end in batches of `max`, then closes.  Frames are looked at only after their batch is complete. */
static inline struct seen seen_all(struct pp_source *source, size_t max)
{
	struct pp_frame frames[SEEN_MOST];
	struct seen seen;
	size_t count = 0;

	memset(&seen, 0, sizeof(seen));
	do {
		if (pp_source_read(source, frames, max, &count) != PP_OK || count > SEEN_MOST - seen.count)
			abort();
		for (size_t i = 0; i < count; i++)
			seen.frames[seen.count++] = seen_frame(&frames[i]);
	} while (count > 0);
	seen.info = *pp_source_info(source);
	pp_source_close(source);
	return seen;
}

/* Makes standard input yield the bytes in two reads, cut after `first`.  One datagram is one read. */
static inline void feed_stdin(const void *bytes, size_t len, size_t first)
{
	const uint8_t *p = bytes;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0 || dup2(pair[0], STDIN_FILENO) < 0)
		abort();
	if (first > 0 && send(pair[1], p, first, 0) != (ssize_t)first)
		abort();
	if (len > first && send(pair[1], p + first, len - first, 0) != (ssize_t)(len - first))
		abort();
	close(pair[0]);
	close(pair[1]);
}

#endif

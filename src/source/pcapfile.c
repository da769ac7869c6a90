#include "source/pcapfile.h"

#include <string.h>

enum {
	FILE_HEAD = 24,
	RECORD_HEAD = 16,
	RECORD_HEAD_MODIFIED = 24, /* three further fields: interface index, protocol, packet type */
};

#define MAGIC_MICRO 0xa1b2c3d4u
#define MAGIC_NANO 0xa1b23c4du
#define MAGIC_MODIFIED 0xa1b2cd34u

/* As in the file; a plain copy of it keeps the walk at a few instructions a record. */
struct raw_record {
	uint32_t seconds, fraction, captured, original;
};

static uint32_t host32(const struct pp_pcapfile *pcap, uint32_t value)
{
	return pcap->swap ? __builtin_bswap32(value) : value;
}

static bool set_variant(struct pp_pcapfile *pcap, uint32_t magic)
{
	switch (magic) {
	case MAGIC_MICRO:
		pcap->unit_ns = 1000;
		pcap->head_len = RECORD_HEAD;
		return true;
	case MAGIC_NANO:
		pcap->unit_ns = 1;
		pcap->head_len = RECORD_HEAD;
		return true;
	case MAGIC_MODIFIED:
		pcap->unit_ns = 1000;
		pcap->head_len = RECORD_HEAD_MODIFIED;
		return true;
	default:
		return false;
	}
}

static enum pp_pcapfile_lengths lengths_of_version(unsigned major, unsigned minor)
{
	if (major == 543 || (major == 2 && minor < 3)) /* 543.0 is what DG/UX writes */
		return PP_LENGTHS_ORIGINAL_FIRST;
	return major == 2 && minor == 3 ? PP_LENGTHS_SMALLER_IS_CAPTURED : PP_LENGTHS_CAPTURED_FIRST;
}

static bool settle_variant(struct pp_pcapfile *pcap, uint32_t magic)
{
	pcap->swap = !set_variant(pcap, magic);
	return !pcap->swap || set_variant(pcap, __builtin_bswap32(magic));
}

/* What a file is whose header is not whole. */
static enum pp_err err_of_beginning(struct pp_cur window)
{
	struct pp_span head = pp_cur_take(&window, sizeof(uint32_t));
	struct pp_pcapfile pcap = { 0 };
	uint32_t magic;

	if (!pp_cur_ok(&window))
		return PP_NOTCAPTURE;
	memcpy(&magic, head.p, sizeof(magic));
	return settle_variant(&pcap, magic) ? PP_CUT : PP_NOTCAPTURE;
}

enum pp_err pp_pcapfile_open(struct pp_pcapfile *pcap, struct pp_input *input, struct pp_source_info *info,
			     uint16_t file)
{
	struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snaplen, network;
	} raw;
	enum pp_err err = pp_input_fill(input, FILE_HEAD);
	struct pp_cur cur = input->window;
	struct pp_span head = pp_cur_take(&cur, FILE_HEAD);
	unsigned major, minor;

	_Static_assert(sizeof(raw) == FILE_HEAD, "a pcap file header is laid out without gaps");
	if (err != PP_OK)
		return err;
	if (!pp_cur_ok(&cur))
		return err_of_beginning(input->window);
	memcpy(&raw, head.p, sizeof(raw));
	*pcap = (struct pp_pcapfile){ .input = input, .info = info, .file = file };
	if (!settle_variant(pcap, raw.magic))
		return PP_NOTCAPTURE;
	major = pcap->swap ? __builtin_bswap16(raw.major) : raw.major;
	minor = pcap->swap ? __builtin_bswap16(raw.minor) : raw.minor;
	if (major < 2)
		return PP_NOTCAPTURE;
	pcap->lengths = lengths_of_version(major, minor);
	pcap->link_type = (uint16_t)host32(pcap, raw.network); /* the upper half tells of checksums, if anything */
	pp_input_take(input, FILE_HEAD);
	info->format = "pcap";
	info->interfaces = 1;
	info->link_types[info->link_type_count++] = pcap->link_type;
	return PP_OK;
}

/* Captured and original length as this file means them. */
static inline void settle_lengths(const struct pp_pcapfile *pcap, struct raw_record *raw)
{
	uint32_t first = raw->captured, second = raw->original;

	if (pcap->lengths == PP_LENGTHS_CAPTURED_FIRST)
		return;
	if (pcap->lengths == PP_LENGTHS_ORIGINAL_FIRST || first > second) {
		raw->captured = second;
		raw->original = first;
	}
}

static inline struct raw_record take_head(const struct pp_pcapfile *pcap, struct pp_cur *cur)
{
	struct raw_record raw = { 0 };
	struct pp_span head = pp_cur_take(cur, pcap->head_len);

	if (head.len < sizeof(raw))
		return raw;
	memcpy(&raw, head.p, sizeof(raw));
	if (pcap->swap) {
		raw.seconds = __builtin_bswap32(raw.seconds);
		raw.fraction = __builtin_bswap32(raw.fraction);
		raw.captured = __builtin_bswap32(raw.captured);
		raw.original = __builtin_bswap32(raw.original);
	}
	settle_lengths(pcap, &raw);
	return raw;
}

/* The record at the cursor, which moves past it only if all of it is there and it is sane. */
static inline bool take_record(const struct pp_pcapfile *pcap, struct pp_cur *cur, struct pp_frame *ret_frame)
{
	struct pp_cur at = *cur;
	struct raw_record raw = take_head(pcap, &at);

	if (!pp_cur_ok(&at) || raw.captured > PP_FRAME_MAX || raw.captured > pp_cur_left(&at))
		return false;
	ret_frame->ts = (int64_t)raw.seconds * PP_SECOND + (int64_t)raw.fraction * pcap->unit_ns;
	ret_frame->data_view = pp_cur_take(&at, raw.captured).p;
	ret_frame->caplen = raw.captured;
	ret_frame->len = raw.original < raw.captured ? raw.captured : raw.original;
	ret_frame->link_type = pcap->link_type;
	ret_frame->file = pcap->file;
	ret_frame->spare = 0;
	ret_frame->interface = 0;
	ret_frame->has_ts = true;
	*cur = at;
	return true;
}

static void damage(struct pp_pcapfile *pcap, const char *what)
{
	pcap->info->damaged = true;
	pcap->info->damage_offset = pp_input_offset(pcap->input);
	pcap->info->damage = pcap->input->damage ? pcap->input->damage : what;
}

/* Brings the next record wholly into the window.  PP_END: there is none, or it is damaged. */
static enum pp_err fill_record(struct pp_pcapfile *pcap)
{
	struct pp_input *input = pcap->input;
	enum pp_err err = pp_input_fill(input, pcap->head_len);
	struct pp_cur cur = input->window;
	uint32_t captured = take_head(pcap, &cur).captured;

	if (err != PP_OK)
		return err;
	if (pp_input_left(input) == 0 && !input->damage)
		return PP_END;
	if (!pp_cur_ok(&cur)) {
		damage(pcap, "cut short in the middle of a record header");
		return PP_END;
	}
	if (captured > PP_FRAME_MAX) {
		damage(pcap, "a record claims more bytes than any packet has");
		return PP_END;
	}
	err = pp_input_fill(input, pcap->head_len + captured);
	if (err == PP_OK && pp_input_left(input) < pcap->head_len + captured) {
		damage(pcap, "cut short in the middle of a packet");
		return PP_END;
	}
	return err;
}

/* Records of the usual kind, up to the window's end or the first that is another: our byte order, the usual header, no
 * more captured than there was.  What is the same for all frames is written a word at a time. */
static size_t take_usual(const struct pp_pcapfile *pcap, struct pp_cur *cur, struct pp_frame *frames, size_t max,
			 struct pp_tally *tally)
{
	enum {
		FILE_AT = offsetof(struct pp_frame, file),
		LENGTHS = offsetof(struct pp_frame, caplen), /* `len` lies behind it, in the record as in the frame */
		TAIL = offsetof(struct pp_frame, link_type),
	};
	const struct pp_frame like = { .link_type = pcap->link_type, .file = pcap->file, .has_ts = true };
	const unsigned char *same = (const unsigned char *)&like;
	const uint32_t unit_ns = pcap->unit_ns;
	uint32_t number = (uint32_t)pcap->info->packets;
	uint64_t snapped = tally->snapped, before = (uint64_t)tally->before, disorder = 0;
	struct pp_cur rest = *cur, at = pp_cur_sub_clip(&rest, PP_FRAME_MAX); /* so no record in it is larger */
	size_t count = 0, room = pp_cur_left(&at), used;

	for (; count < max && pp_cur_left(&at) >= RECORD_HEAD; count++) {
		struct pp_frame *frame = &frames[count];
		struct pp_cur bytes = at;
		struct raw_record raw;

		memcpy(&raw, pp_cur_fixed(&bytes, RECORD_HEAD), sizeof(raw));
		if (raw.captured > pp_cur_left(&bytes) || raw.captured > raw.original)
			break;
		frame->ts = (int64_t)raw.seconds * PP_SECOND + (int64_t)raw.fraction * unit_ns;
		frame->number = ++number;
		memcpy((unsigned char *)frame + FILE_AT, same + FILE_AT, sizeof(frame->file) + sizeof(frame->spare));
		frame->data_view = pp_cur_take(&bytes, raw.captured).p;
		memcpy((unsigned char *)frame + LENGTHS, &raw.captured, sizeof(raw.captured) + sizeof(raw.original));
		memcpy((unsigned char *)frame + TAIL, same + TAIL, sizeof(*frame) - TAIL);
		snapped += raw.captured < raw.original;
		disorder |= (uint64_t)frame->ts - before;
		before = (uint64_t)frame->ts;
		at = bytes;
	}
	tally->snapped = snapped;
	used = room - pp_cur_left(&at);
	tally->bytes += used - count * RECORD_HEAD;
	pp_tally_times(tally, frames, count, disorder);
	pp_cur_skip(cur, used);
	return count;
}

static size_t take_unusual(const struct pp_pcapfile *pcap, struct pp_cur *cur, struct pp_frame *frames, size_t max,
			   struct pp_tally *tally)
{
	uint32_t number = (uint32_t)pcap->info->packets;
	size_t count = 0;

	for (; count < max && take_record(pcap, cur, &frames[count]); count++) {
		frames[count].number = ++number;
		pp_tally_add(tally, &frames[count]);
	}
	return count;
}

enum pp_err pp_pcapfile_read(struct pp_pcapfile *pcap, struct pp_frame *frames, size_t max, struct pp_tally *tally,
			     size_t *ret_count)
{
	bool usual = !pcap->swap && pcap->lengths == PP_LENGTHS_CAPTURED_FIRST && pcap->head_len == RECORD_HEAD;
	enum pp_err err = pcap->info->damaged ? PP_END : fill_record(pcap);

	*ret_count = 0;
	if (err != PP_OK)
		return err == PP_END ? PP_OK : err;
	if (usual)
		*ret_count = take_usual(pcap, &pcap->input->window, frames, max, tally);
	if (*ret_count == 0)
		*ret_count = take_unusual(pcap, &pcap->input->window, frames, max, tally);
	pcap->info->packets += *ret_count;
	return PP_OK;
}

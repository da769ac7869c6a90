#include "source/pcapng.h"

#include "source/pcapng_clock.h"

#include <string.h>

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_OLD_PACKET = 2, /* obsolete since 2009, still read */
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_NAMES = 4,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_JOURNAL = 9,
	BLOCK_SECRETS = 10,
	BLOCK_SYSDIG_EVENT = 0x204,
	BLOCK_SYSDIG_EVENT_2 = 0x216,
	BLOCK_SYSDIG_EVENT_2_LARGE = 0x221,
	BLOCK_CUSTOM = 0xbad,
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_CUSTOM_NO_COPY = 0x40000bad,
};

enum { NOTE_BLOCK_MOST = 1 << 16 }; /* a larger block of that type is no note of ours */

enum {
	BLOCK_HEAD = 8, /* type, length */
	BLOCK_TAIL = 4, /* the length again */
	BLOCK_LEAST = BLOCK_HEAD + BLOCK_TAIL,
	SECTION_LEAST = 28,
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_IF_TSRESOL = 9,
	OPTION_IF_TSOFFSET = 14,
	OPTION_ISB_IFDROP = 5,
	OPTION_ISB_OSDROP = 7,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4du

struct interface {
	struct pp_pcapng_clock clock;
	uint64_t dropped_if, dropped_os; /* by the interface, by the system; as last reported */
	uint32_t snaplen;                /* 0: unlimited */
	uint16_t link_type;
};

/* As in the file, after the interface; a time has its high half first in either byte order. */
struct raw_packet {
	uint32_t ticks_high, ticks_low, captured, original;
};

struct block {
	uint32_t type;
	struct pp_cur body; /* closed, without head and tail; empty for a block that passed by */
};

static inline uint16_t take16(const struct pp_pcapng *ng, struct pp_cur *cur)
{
	struct pp_span span = pp_cur_take(cur, sizeof(uint16_t));
	uint16_t value = 0;

	if (span.len)
		memcpy(&value, span.p, sizeof(value));
	return ng->swap ? __builtin_bswap16(value) : value;
}

static inline uint32_t take32(const struct pp_pcapng *ng, struct pp_cur *cur)
{
	struct pp_span span = pp_cur_take(cur, sizeof(uint32_t));
	uint32_t value = 0;

	if (span.len)
		memcpy(&value, span.p, sizeof(value));
	return ng->swap ? __builtin_bswap32(value) : value;
}

static inline uint64_t take64(const struct pp_pcapng *ng, struct pp_cur *cur)
{
	struct pp_span span = pp_cur_take(cur, sizeof(uint64_t));
	uint64_t value = 0;

	if (span.len)
		memcpy(&value, span.p, sizeof(value));
	return ng->swap ? __builtin_bswap64(value) : value;
}

static inline size_t padded(size_t len) { return len + (-len & 3); }

/* Always PP_END, so that it can end whatever it is called from. */
static enum pp_err damage(struct pp_pcapng *ng, const char *what)
{
	ng->info->damaged = true;
	ng->info->damage_offset = ng->block_offset;
	ng->info->damage = what;
	return PP_END;
}

static enum pp_err cut_short(struct pp_pcapng *ng)
{
	return damage(ng, ng->input->damage ? ng->input->damage : "cut short in the middle of a block");
}

/* ---- Options ---- */

/* The next option; false at the end of the list, and where the list is broken. */
static bool next_option(const struct pp_pcapng *ng, struct pp_cur *list, uint16_t *ret_code, struct pp_cur *ret_value)
{
	size_t len;

	*ret_code = take16(ng, list);
	len = take16(ng, list);
	*ret_value = pp_cur_sub(list, len);
	pp_cur_skip(list, padded(len) - len < pp_cur_left(list) ? padded(len) - len : pp_cur_left(list));
	return pp_cur_ok(list) && *ret_code != OPTION_END;
}

/* Goes through the options of a block of which nothing but the comments matters. */
static void count_comments(struct pp_pcapng *ng, struct pp_cur *list)
{
	struct pp_cur value;
	uint16_t code;

	while (next_option(ng, list, &code, &value))
		ng->info->comments += code == OPTION_COMMENT;
}

/* ---- Interfaces ---- */

/* The interface by its number over all sections; the pointer lives until the next one is described. */
static struct interface *interface_at(const struct pp_pcapng *ng, unsigned index)
{
	void *table = ng->interfaces.p;

	return (struct interface *)table + index;
}

/* The interface `id` of this section, or NULL. */
static struct interface *section_interface(const struct pp_pcapng *ng, uint32_t id)
{
	return id < ng->info->interfaces - ng->section_interface ? interface_at(ng, ng->section_interface + id) : NULL;
}

static void note_link_type(struct pp_source_info *info, uint16_t link_type)
{
	for (unsigned i = 0; i < info->link_type_count; i++) {
		if (info->link_types[i] == link_type)
			return;
	}
	if (info->link_type_count < PP_LINK_TYPES_MAX)
		info->link_types[info->link_type_count++] = link_type;
}

static struct pp_pcapng_clock take_clock(struct pp_pcapng *ng, struct pp_cur *options)
{
	uint8_t resolution = PP_CLOCK_MICROSECONDS;
	int64_t offset_seconds = 0;
	struct pp_cur value;
	uint16_t code;

	while (next_option(ng, options, &code, &value)) {
		if (code == OPTION_COMMENT)
			ng->info->comments++;
		else if (code == OPTION_IF_TSRESOL && pp_cur_left(&value) == 1)
			resolution = pp_cur_u8(&value);
		else if (code == OPTION_IF_TSOFFSET && pp_cur_left(&value) == 8)
			offset_seconds = (int64_t)take64(ng, &value);
	}
	return pp_pcapng_clock(resolution, offset_seconds);
}

static enum pp_err take_interface(struct pp_pcapng *ng, struct pp_cur *body)
{
	struct interface interface = { .link_type = take16(ng, body) };
	enum pp_err err;

	pp_cur_skip(body, 2);
	interface.snaplen = take32(ng, body);
	if (!pp_cur_ok(body))
		return damage(ng, "interface description block too short");
	interface.clock = take_clock(ng, body);
	err = pp_buf_add(&ng->interfaces, &interface, sizeof(interface));
	if (err == PP_LIMIT) {
		ng->info->interfaces_over = true;
		return damage(ng, "more interfaces than can be kept apart");
	}
	if (err != PP_OK)
		return err;
	ng->info->interfaces++;
	note_link_type(ng->info, interface.link_type);
	return PP_OK;
}

/* Replaces one interface's count by a later one.  All ones is how "unknown" gets written by mistake. */
static void replace_count(struct pp_source_info *info, uint64_t *count, uint64_t later)
{
	if (later == UINT64_MAX)
		return;
	info->dropped_known = true;
	info->dropped += later - *count; /* modulo 2^64, as the sum itself */
	*count = later;
}

static enum pp_err take_statistics(struct pp_pcapng *ng, struct pp_cur *body)
{
	struct interface *interface = section_interface(ng, take32(ng, body));
	struct pp_cur value;
	uint16_t code;

	pp_cur_skip(body, 8); /* the time of the statistics */
	if (!pp_cur_ok(body))
		return damage(ng, "interface statistics block too short");
	while (next_option(ng, body, &code, &value)) {
		if (code == OPTION_COMMENT)
			ng->info->comments++;
		else if (interface && code == OPTION_ISB_IFDROP && pp_cur_left(&value) == 8)
			replace_count(ng->info, &interface->dropped_if, take64(ng, &value));
		else if (interface && code == OPTION_ISB_OSDROP && pp_cur_left(&value) == 8)
			replace_count(ng->info, &interface->dropped_os, take64(ng, &value));
	}
	return PP_OK;
}

/* ---- Other blocks ---- */

static enum pp_err take_section(struct pp_pcapng *ng, struct pp_cur *body)
{
	uint16_t major;

	pp_cur_skip(body, 4); /* the byte order magic, seen already */
	major = take16(ng, body);
	pp_cur_skip(body, 2 + 8); /* minor version, section length */
	if (!pp_cur_ok(body))
		return damage(ng, "section header block too short");
	if (major != 1)
		return damage(ng, "section of an unknown pcapng version");
	ng->section_interface = ng->info->interfaces;
	ng->info->sections++;
	count_comments(ng, body);
	return PP_OK;
}

static void take_names(struct pp_pcapng *ng, struct pp_cur *body)
{
	while (take16(ng, body) != 0)
		pp_cur_skip(body, padded(take16(ng, body)));
	pp_cur_skip(body, 2);
	count_comments(ng, body);
}

static void take_secrets(struct pp_pcapng *ng, struct pp_cur *body)
{
	pp_cur_skip(body, 4);
	pp_cur_skip(body, padded(take32(ng, body)));
	count_comments(ng, body);
}

/* False when the block is somebody else's of the same type; so is the body of one that passed by. */
static bool take_note(struct pp_pcapng *ng, const struct pp_cur *body)
{
	if (!pp_notes_add(&ng->notes, *body, ng->swap))
		return false;
	ng->info->notes = &ng->notes;
	return true;
}

/* ---- Packets ---- */

/* Captured bytes and options of a packet block, whose other fields are in `frame` already. */
static enum pp_err take_data(struct pp_pcapng *ng, struct pp_cur *body, struct pp_frame *frame)
{
	if (frame->caplen > PP_FRAME_MAX)
		return damage(ng, "a packet block claims more bytes than any packet has");
	frame->data_view = pp_cur_take(body, frame->caplen).p;
	if (!pp_cur_ok(body))
		return damage(ng, "a packet block is too short for its packet");
	if (frame->len < frame->caplen)
		frame->len = frame->caplen;
	frame->number = (uint32_t)++ng->info->packets;
	pp_cur_skip(body, padded(frame->caplen) - frame->caplen);
	if (pp_cur_left(body) > 0)
		count_comments(ng, body);
	return PP_OK;
}

static inline struct raw_packet take_raw_packet(const struct pp_pcapng *ng, struct pp_cur *cur)
{
	struct raw_packet raw = { 0 };
	struct pp_span span = pp_cur_take(cur, sizeof(raw));

	if (!span.len)
		return raw;
	memcpy(&raw, span.p, sizeof(raw));
	if (ng->swap) {
		raw.ticks_high = __builtin_bswap32(raw.ticks_high);
		raw.ticks_low = __builtin_bswap32(raw.ticks_low);
		raw.captured = __builtin_bswap32(raw.captured);
		raw.original = __builtin_bswap32(raw.original);
	}
	return raw;
}

static enum pp_err take_packet(struct pp_pcapng *ng, const struct block *block, struct pp_frame *ret_frame)
{
	struct pp_cur body = block->body;
	uint32_t id = block->type == BLOCK_PACKET ? take32(ng, &body) : take16(ng, &body);
	struct interface *interface = section_interface(ng, id);
	struct raw_packet raw;

	if (block->type == BLOCK_OLD_PACKET)
		pp_cur_skip(&body, 2); /* a drop count that few writers filled in */
	raw = take_raw_packet(ng, &body);
	if (!pp_cur_ok(&body))
		return damage(ng, "packet block too short");
	if (!interface)
		return damage(ng, "a packet block of an interface that is not described");
	ng->last_ts = pp_pcapng_clock_ns(&interface->clock, (uint64_t)raw.ticks_high << 32 | raw.ticks_low);
	*ret_frame = (struct pp_frame){
		.ts = ng->last_ts,
		.caplen = raw.captured,
		.len = raw.original,
		.link_type = interface->link_type,
		.interface = ng->section_interface + id,
		.has_ts = true,
	};
	return take_data(ng, &body, ret_frame);
}

/* Neither interface nor time nor captured length: the first interface's, none, and what its snap length leaves. */
static enum pp_err take_simple_packet(struct pp_pcapng *ng, const struct block *block, struct pp_frame *ret_frame)
{
	struct pp_cur body = block->body;
	struct interface *interface = section_interface(ng, 0);
	uint32_t len = take32(ng, &body);
	struct pp_span data;

	if (!pp_cur_ok(&body))
		return damage(ng, "packet block too short");
	if (!interface)
		return damage(ng, "a packet block of an interface that is not described");
	*ret_frame = (struct pp_frame){
		.ts = ng->last_ts,
		.caplen = interface->snaplen && interface->snaplen < len ? interface->snaplen : len,
		.len = len,
		.link_type = interface->link_type,
		.interface = ng->section_interface,
	};
	data = pp_cur_take(&body, ret_frame->caplen); /* no options may follow */
	body = pp_cur_span(data, PP_MALFORMED);
	return take_data(ng, &body, ret_frame);
}

/* ---- Blocks ---- */

/* What Wireshark gives a frame number to although it is no packet. */
static bool is_numbered_record(uint32_t type)
{
	return type == BLOCK_CUSTOM || type == BLOCK_CUSTOM_NO_COPY || type == BLOCK_JOURNAL ||
	       type == BLOCK_SYSDIG_EVENT || type == BLOCK_SYSDIG_EVENT_2 || type == BLOCK_SYSDIG_EVENT_2_LARGE;
}

static bool is_packet(uint32_t type)
{
	return type == BLOCK_PACKET || type == BLOCK_SIMPLE_PACKET || type == BLOCK_OLD_PACKET;
}

/* Whether a block's body is looked at.  Names and secrets only for their comments, so large ones pass by. */
static bool is_looked_into(uint32_t type, uint64_t total)
{
	if (type == BLOCK_NAMES || type == BLOCK_SECRETS)
		return total <= PP_INPUT_MOST;
	if (type == PP_NOTE_BLOCK)
		return total <= NOTE_BLOCK_MOST;
	return is_packet(type) || type == BLOCK_SECTION || type == BLOCK_INTERFACE || type == BLOCK_STATISTICS;
}

/* Acts on a block.  *ret_is_frame tells whether it became *ret_frame. */
static enum pp_err take_block(struct pp_pcapng *ng, struct block *block, struct pp_frame *ret_frame, bool *ret_is_frame)
{
	*ret_is_frame = is_packet(block->type);
	switch (block->type) {
	case BLOCK_PACKET:
	case BLOCK_OLD_PACKET:
		return take_packet(ng, block, ret_frame);
	case BLOCK_SIMPLE_PACKET:
		return take_simple_packet(ng, block, ret_frame);
	case BLOCK_SECTION:
		return take_section(ng, &block->body);
	case BLOCK_INTERFACE:
		return take_interface(ng, &block->body);
	case BLOCK_STATISTICS:
		return take_statistics(ng, &block->body);
	case BLOCK_NAMES:
		take_names(ng, &block->body);
		return PP_OK;
	case BLOCK_SECRETS:
		take_secrets(ng, &block->body);
		return PP_OK;
	case PP_NOTE_BLOCK:
		ng->info->skipped_blocks += !take_note(ng, &block->body);
		return PP_OK;
	default:
		ng->info->skipped_blocks++;
		ng->info->packets += is_numbered_record(block->type);
		ng->info->other_records += is_numbered_record(block->type);
		return PP_OK;
	}
}

/* At least n bytes in the window.  PP_MORE: not without moving it.  PP_END: the file is over or cut. */
static enum pp_err want(struct pp_pcapng *ng, size_t n, bool may_move)
{
	struct pp_input *input = ng->input;
	enum pp_err err;

	if (n <= pp_input_left(input))
		return PP_OK;
	if (!may_move)
		return PP_MORE;
	err = pp_input_fill(input, n);
	if (err == PP_OK && n > pp_input_left(input))
		return pp_input_left(input) == 0 && !input->damage ? PP_END : cut_short(ng);
	return err;
}

/* The byte order of a section decides how its own header's length is read, so it comes first. */
static bool settle_byte_order(struct pp_pcapng *ng, struct pp_cur head)
{
	uint32_t magic;

	pp_cur_skip(&head, BLOCK_HEAD);
	ng->swap = false;
	magic = take32(ng, &head);
	ng->swap = magic != BYTE_ORDER_MAGIC;
	return !ng->swap || __builtin_bswap32(magic) == BYTE_ORDER_MAGIC;
}

/* Type and whole length of the block at the window's start.  A length that is no multiple of four is rounded up, as
 * Wireshark does for the writers that forget the padding in it. */
static enum pp_err peek_head(struct pp_pcapng *ng, bool may_move, uint32_t *ret_type, uint64_t *ret_total)
{
	enum pp_err err = want(ng, BLOCK_LEAST, may_move);
	struct pp_cur head = ng->input->window;
	uint64_t length;

	if (err != PP_OK)
		return err;
	*ret_type = take32(ng, &head);
	if (*ret_type == BLOCK_SECTION && !settle_byte_order(ng, ng->input->window))
		return damage(ng, "section header of unknown byte order");
	length = take32(ng, &head);
	*ret_total = (length + 3) / 4 * 4;
	return *ret_total < BLOCK_LEAST ? damage(ng, "a block shorter than any block can be") : PP_OK;
}

static enum pp_err check_tail(struct pp_pcapng *ng, struct pp_cur tail, uint64_t total)
{
	uint64_t again = take32(ng, &tail);

	return (again + 3) / 4 * 4 == total ? PP_OK : damage(ng, "the two lengths of a block differ");
}

/* Lets a block pass by, however large it is. */
static enum pp_err pass_block(struct pp_pcapng *ng, uint64_t total)
{
	struct pp_input *input = ng->input;
	enum pp_err err = pp_input_drop(input, total - BLOCK_TAIL);

	if (err == PP_OK)
		err = pp_input_fill(input, BLOCK_TAIL);
	if (err != PP_OK)
		return err;
	if (pp_input_left(input) < BLOCK_TAIL)
		return cut_short(ng);
	err = check_tail(ng, input->window, total);
	pp_input_take(input, BLOCK_TAIL);
	return err;
}

/* Takes the next block out of the input.  PP_MORE: not without moving the window.  PP_END: nothing more to read. */
static enum pp_err next_block(struct pp_pcapng *ng, bool may_move, struct block *ret_block)
{
	uint64_t total = 0;
	struct pp_cur whole;
	enum pp_err err;

	ng->block_offset = pp_input_offset(ng->input);
	err = peek_head(ng, may_move, &ret_block->type, &total);
	if (err != PP_OK)
		return err;
	if (!is_looked_into(ret_block->type, total)) {
		ret_block->body = pp_cur(NULL, 0, PP_MALFORMED);
		return may_move || total <= pp_input_left(ng->input) ? pass_block(ng, total) : PP_MORE;
	}
	if (total > PP_INPUT_MOST)
		return damage(ng, "a block larger than any packet makes it");
	err = want(ng, (size_t)total, may_move);
	if (err != PP_OK)
		return err;
	whole = pp_cur_sub(&ng->input->window, (size_t)total);
	pp_cur_skip(&whole, BLOCK_HEAD);
	ret_block->body = pp_cur_sub(&whole, (size_t)total - BLOCK_LEAST);
	return check_tail(ng, whole, total);
}

enum pp_err pp_pcapng_open(struct pp_pcapng *ng, struct pp_input *input, struct pp_source_info *info)
{
	enum pp_err err = pp_input_fill(input, SECTION_LEAST);
	struct pp_cur head = input->window;

	if (err != PP_OK)
		return err;
	*ng = (struct pp_pcapng){ .input = input, .info = info };
	if (take32(ng, &head) != BLOCK_SECTION ||
	    (pp_input_left(input) >= BLOCK_HEAD + 4 && !settle_byte_order(ng, input->window)))
		return PP_NOTCAPTURE;
	if (pp_input_left(input) < SECTION_LEAST)
		return PP_CUT;
	pp_buf_init(&ng->interfaces, PP_INTERFACES_MAX * sizeof(struct interface));
	pp_notes_init(&ng->notes);
	info->format = "pcapng";
	return PP_OK;
}

enum pp_err pp_pcapng_read(struct pp_pcapng *ng, struct pp_frame *frames, size_t max, size_t *ret_count)
{
	enum pp_err err = ng->info->damaged ? PP_END : PP_OK;
	size_t count = 0;

	while (err == PP_OK && count < max) {
		struct block block;
		bool is_frame = false;

		err = next_block(ng, count == 0, &block);
		if (err == PP_OK)
			err = take_block(ng, &block, &frames[count], &is_frame);
		if (err == PP_OK && is_frame)
			count++;
	}
	*ret_count = count;
	return err == PP_MORE || err == PP_END ? PP_OK : err;
}

void pp_pcapng_close(struct pp_pcapng *ng)
{
	pp_buf_done(&ng->interfaces);
	pp_notes_done(&ng->notes);
}

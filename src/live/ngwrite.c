#include "live/ngwrite.h"

#include <string.h>

enum block_type { BLOCK_INTERFACE = 1, BLOCK_STATISTICS = 5, BLOCK_PACKET = 6, BLOCK_SECTION = 0x0a0d0d0a };

enum option_code {
	OPTION_END = 0,
	SHB_HARDWARE = 2,
	SHB_OS = 3,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	ISB_STARTTIME = 2,
	ISB_ENDTIME = 3,
	ISB_IFRECV = 4,
	ISB_IFDROP = 5,
	ISB_FILTERACCEPT = 6,
	ISB_OSDROP = 7,
	ISB_USRDELIV = 8,
};

enum { TEXT_MAX = 2048, NANOSECONDS = 9, FILTER_IS_TEXT = 0 };

#define BYTE_ORDER_MAGIC 0x1a2b3c4du

static void put(struct pp_buf *buf, const void *bytes, size_t len)
{
	memcpy(buf->p + buf->len, bytes, len);
	buf->len += len;
}

static void put16(struct pp_buf *buf, uint16_t value) { put(buf, &value, sizeof(value)); }
static void put32(struct pp_buf *buf, uint32_t value) { put(buf, &value, sizeof(value)); }
static void put64(struct pp_buf *buf, uint64_t value) { put(buf, &value, sizeof(value)); }

/* A time has its high half first in either byte order. */
static void put_time(struct pp_buf *buf, int64_t ts)
{
	put32(buf, (uint32_t)((uint64_t)ts >> 32));
	put32(buf, (uint32_t)ts);
}

static void pad(struct pp_buf *buf, size_t len)
{
	while (len++ % 4)
		buf->p[buf->len++] = 0;
}

static void put_option(struct pp_buf *buf, uint16_t code, const void *bytes, size_t len)
{
	put16(buf, code);
	put16(buf, (uint16_t)len);
	put(buf, bytes, len);
	pad(buf, len);
}

static void put_text(struct pp_buf *buf, uint16_t code, const char *text)
{
	if (text)
		put_option(buf, code, text, strnlen(text, TEXT_MAX));
}

static void put_count(struct pp_buf *buf, uint16_t code, uint64_t count)
{
	put_option(buf, code, &count, sizeof(count));
}

static void put_when(struct pp_buf *buf, uint16_t code, int64_t ts)
{
	put16(buf, code);
	put16(buf, 8);
	put_time(buf, ts);
}

/* The head with a length that block_end() fills in; *ret_at is where the block begins. */
static enum pp_err block_begin(struct pp_buf *buf, uint32_t type, size_t most, size_t *ret_at)
{
	enum pp_err err = pp_buf_reserve(buf, most);

	if (err != PP_OK)
		return err;
	*ret_at = buf->len;
	put32(buf, type);
	put32(buf, 0);
	return PP_OK;
}

static void block_end(struct pp_buf *buf, size_t at)
{
	uint32_t total = (uint32_t)(buf->len - at) + 4;

	put32(buf, total);
	memcpy(buf->p + at + 4, &total, sizeof(total));
}

static void options_end(struct pp_buf *buf) { put32(buf, OPTION_END); }

enum pp_err pp_ng_section(struct pp_buf *buf, const struct pp_ng_machine *machine)
{
	size_t at;
	enum pp_err err = block_begin(buf, BLOCK_SECTION, 64 + 3 * (TEXT_MAX + 8), &at);

	if (err != PP_OK)
		return err;
	put32(buf, BYTE_ORDER_MAGIC);
	put16(buf, 1);
	put16(buf, 0);
	put64(buf, UINT64_MAX); /* the section's length, which nobody knows before its end */
	put_text(buf, SHB_HARDWARE, machine->hardware);
	put_text(buf, SHB_OS, machine->os);
	put_text(buf, SHB_USERAPPL, machine->application);
	options_end(buf);
	block_end(buf, at);
	return PP_OK;
}

static void put_filter(struct pp_buf *buf, const char *filter)
{
	uint8_t value[TEXT_MAX + 1] = { FILTER_IS_TEXT };
	size_t len = strnlen(filter, TEXT_MAX);

	memcpy(value + 1, filter, len);
	put_option(buf, IF_FILTER, value, len + 1);
}

enum pp_err pp_ng_interface(struct pp_buf *buf, const struct pp_ng_interface *interface)
{
	const uint8_t resolution = NANOSECONDS;
	size_t at;
	enum pp_err err = block_begin(buf, BLOCK_INTERFACE, 64 + 2 * (TEXT_MAX + 8), &at);

	if (err != PP_OK)
		return err;
	put16(buf, interface->link_type);
	put16(buf, 0);
	put32(buf, interface->snaplen);
	put_text(buf, IF_NAME, interface->name);
	put_option(buf, IF_TSRESOL, &resolution, sizeof(resolution));
	if (interface->filter && interface->filter[0])
		put_filter(buf, interface->filter);
	options_end(buf);
	block_end(buf, at);
	return PP_OK;
}

enum pp_err pp_ng_packet(struct pp_buf *buf, uint32_t interface, int64_t ts, const void *bytes, uint32_t caplen,
			 uint32_t len)
{
	size_t at;
	enum pp_err err = block_begin(buf, BLOCK_PACKET, PP_NG_PACKET_BYTES + (size_t)caplen + 3, &at);

	if (err != PP_OK)
		return err;
	put32(buf, interface);
	put_time(buf, ts);
	put32(buf, caplen);
	put32(buf, len);
	put(buf, bytes, caplen);
	pad(buf, caplen);
	block_end(buf, at);
	return PP_OK;
}

enum pp_err pp_ng_statistics(struct pp_buf *buf, uint32_t interface, int64_t first, int64_t last,
			     const struct pp_ng_counts *counts)
{
	size_t at;
	enum pp_err err = block_begin(buf, BLOCK_STATISTICS, 128, &at);

	if (err != PP_OK)
		return err;
	put32(buf, interface);
	put_time(buf, last);
	put_when(buf, ISB_STARTTIME, first);
	put_when(buf, ISB_ENDTIME, last);
	put_count(buf, ISB_IFRECV, counts->received);
	put_count(buf, ISB_IFDROP, counts->dropped_if);
	put_count(buf, ISB_FILTERACCEPT, counts->received);
	put_count(buf, ISB_OSDROP, counts->dropped_os);
	put_count(buf, ISB_USRDELIV, counts->received - counts->dropped_os);
	options_end(buf);
	block_end(buf, at);
	return PP_OK;
}

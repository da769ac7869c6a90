#include "source/foreign.h"

static const struct {
	enum pp_err err;
	uint16_t at;
	uint8_t len;
	const char *magic;
} kinds[] = {
	{ PP_PACKED, 0, 4, "PK\x03\x04" },         /* ZIP */
	{ PP_PACKED, 0, 4, "MSCF" },               /* cabinet: netsh trace makes one beside its ETL */
	{ PP_PACKED, 0, 6, "7z\xbc\xaf\x27\x1c" }, /* 7-Zip */
	{ PP_PACKED, 0, 6, "Rar!\x1a\x07" },       /* RAR */
	{ PP_PACKED, 0, 6, "\xfd\x37\x7aXZ\0" },   /* xz */
	{ PP_PACKED, 0, 3, "BZh" },                /* bzip2 */
	{ PP_PACKED, 257, 5, "ustar" },            /* tar, also in what is unpacked here */
	{ PP_FOREIGN, 0, 4, "GMBU" },              /* Network Monitor 2 and 3 */
	{ PP_FOREIGN, 0, 4, "RTSS" },              /* Network Monitor 1 */
	{ PP_FOREIGN, 0, 8, "snoop\0\0\0" },       /* RFC 1761 */
};

enum { MOST = 262 };

/* A buffer of an event trace (pktmon's are of many MiB) begins with its size and what of it is in use; the first event
 * describes the system, for a processor of 32 or 64 bits. */
static bool is_event_trace(struct pp_cur start)
{
	enum { BUFFER_HEAD = 72, BUFFER_MOST = 256 << 20, SYSTEM_32 = 1, SYSTEM_64 = 2, MARKED = 0xc0 };
	uint32_t size = pp_cur_u32le(&start), used = pp_cur_u32le(&start);
	uint8_t kind, flags;

	pp_cur_skip(&start, BUFFER_HEAD - 8 + 2);
	kind = pp_cur_u8(&start);
	flags = pp_cur_u8(&start);
	return pp_cur_ok(&start) && size <= BUFFER_MOST && used > BUFFER_HEAD && used <= size &&
	       (kind == SYSTEM_32 || kind == SYSTEM_64) && flags == MARKED;
}

enum pp_err pp_foreign_err(struct pp_input *input)
{
	enum pp_err err = pp_input_fill(input, MOST);
	struct pp_cur start = input->window;

	if (err != PP_OK)
		return err;
	if (pp_cur_left(&start) == 0)
		return PP_EMPTY;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct pp_cur at = start;
		struct pp_span magic;

		pp_cur_skip(&at, kinds[i].at);
		magic = pp_cur_take(&at, kinds[i].len);
		if (pp_cur_ok(&at) && pp_span_equal(magic, kinds[i].magic, kinds[i].len))
			return kinds[i].err;
	}
	return is_event_trace(start) ? PP_TRACE : PP_NOTCAPTURE;
}

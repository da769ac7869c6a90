#include "report/escape.h"

#include <stdio.h>
#include <string.h>

static const char hex[] = "0123456789abcdef";

struct range {
	uint32_t from, to;
};

static bool in_ranges(uint32_t code, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (code >= ranges[i].from && code <= ranges[i].to)
			return true;
	return false;
}

#define IN_RANGES(code, ranges) in_ranges(code, ranges, sizeof(ranges) / sizeof((ranges)[0]))

/* What may follow a lead byte: how many bytes, and the bounds of the first of them (Unicode table 3-7), which exclude
 * overlong forms, surrogates and everything beyond U+10FFFF. */
static unsigned follow(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if (lead >= 0xe0 && lead <= 0xef) {
		if (lead == 0xe0)
			*low = 0xa0;
		if (lead == 0xed)
			*high = 0x9f;
		return 2;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		if (lead == 0xf0)
			*low = 0x90;
		if (lead == 0xf4)
			*high = 0x8f;
		return 3;
	}
	return 0;
}

struct pp_rune pp_rune(const char *text)
{
	const struct pp_rune bad = { .code = 0xfffd, .len = 1, .valid = false };
	uint8_t lead = (uint8_t)text[0], low, high;
	struct pp_rune rune = { .code = lead, .len = 1, .valid = true };
	unsigned more;

	if (lead < 0x80)
		return rune;
	more = follow(lead, &low, &high);
	if (!more)
		return bad;
	rune.code = lead & (0x3fu >> more);
	for (unsigned i = 1; i <= more; i++) {
		uint8_t byte = (uint8_t)text[i]; /* the NUL at the end is out of bounds and ends this loop */

		if (byte < low || byte > high)
			return (struct pp_rune){ .code = 0xfffd, .len = (uint8_t)i, .valid = false };
		rune.code = rune.code << 6 | (byte & 0x3fu);
		rune.len++;
		low = 0x80;
		high = 0xbf;
	}
	return rune;
}

bool pp_rune_unsafe(uint32_t code)
{
	static const struct range unsafe[] = {
		{ 0x00, 0x1f },     { 0x7f, 0x9f },     { 0xad, 0xad },     { 0x61c, 0x61c },      { 0x180e, 0x180e },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfdd0, 0xfdef },    { 0xfeff, 0xfeff },
		{ 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0xe000, 0xf8ff }, { 0xe0000, 0x10ffff },
	};

	if (code >= 0x20 && code < 0x7f)
		return false;
	return IN_RANGES(code, unsafe) || (code & 0xfffe) == 0xfffe;
}

unsigned pp_rune_width(uint32_t code)
{
	/* Combining marks of the scripts that are likely here; a missing one only costs a column of alignment. */
	static const struct range none[] = {
		{ 0x300, 0x36f },   { 0x483, 0x489 },   { 0x591, 0x5bd },   { 0x610, 0x61a },   { 0x64b, 0x65f },
		{ 0x93c, 0x93c },   { 0x941, 0x948 },   { 0xe31, 0xe31 },   { 0xe34, 0xe3a },   { 0xe47, 0xe4e },
		{ 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0x302a, 0x302d }, { 0x3099, 0x309a },
		{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
	};
	/* East Asian Width W and F. */
	static const struct range wide[] = {
		{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2329, 0x232a },   { 0x23e9, 0x23ec },
		{ 0x2e80, 0x303e },   { 0x3041, 0x33ff },   { 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },
		{ 0xa000, 0xa4cf },   { 0xa960, 0xa97f },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f },
		{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
	};

	if (code < 0x300)
		return 1;
	if (IN_RANGES(code, none))
		return 0;
	return IN_RANGES(code, wide) ? 2 : 1;
}

unsigned pp_rune_show(const char *text, struct pp_rune rune, char safe[PP_RUNE_TEXT])
{
	unsigned len = 0;

	if (rune.valid && !pp_rune_unsafe(rune.code)) {
		memcpy(safe, text, rune.len);
		safe[rune.len] = '\0';
		return pp_rune_width(rune.code);
	}
	if (rune.valid && rune.code >= 0x80)
		return (unsigned)snprintf(safe, PP_RUNE_TEXT, "\\u{%04x}", (unsigned)rune.code);
	for (unsigned i = 0; i < rune.len; i++) {
		safe[len++] = '\\';
		safe[len++] = 'x';
		safe[len++] = hex[(uint8_t)text[i] >> 4];
		safe[len++] = hex[(uint8_t)text[i] & 15];
	}
	safe[len] = '\0';
	return len;
}

size_t pp_text_columns(const char *text)
{
	char safe[PP_RUNE_TEXT];
	size_t columns = 0;

	for (;;) {
		struct pp_rune rune;

		while (pp_shows_itself(*text)) {
			columns++;
			text++;
		}
		if (!*text)
			return columns;
		rune = pp_rune(text);
		columns += pp_rune_show(text, rune, safe);
		text += rune.len;
	}
}

/* True for ASCII that every place takes as it is. */
static bool is_plain(char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; }

/* Sixteen bytes compared at once; the compiler knows which instructions that takes. */
typedef int8_t vector __attribute__((vector_size(16)));
typedef uint8_t octets __attribute__((vector_size(16)));
typedef uint64_t words __attribute__((vector_size(16)));
enum { VECTOR = sizeof(vector) };

/* All bits set for each byte that is_plain() is false for.  A signed byte below the space is a control character or no
 * ASCII, and one more makes such a byte of DEL. */
static inline vector odd_ones(vector bytes)
{
	vector next = (vector)((octets)bytes + 1);

	return (next <= ' ') | (bytes == '"') | (bytes == '\\');
}

static inline bool none(vector odd)
{
	uint64_t halves[2];

	memcpy(halves, &odd, sizeof(halves));
	return (halves[0] | halves[1]) == 0;
}

static inline vector load(const char *text)
{
	vector bytes;

	memcpy(&bytes, text, sizeof(bytes));
	return bytes;
}

size_t pp_escape_plain(const char *text, size_t len)
{
	size_t at = 0;

	while (len - at >= VECTOR && none(odd_ones(load(text + at))))
		at += VECTOR;
	if (len - at < VECTOR && len >= VECTOR && none(odd_ones(load(text + len - VECTOR))))
		return len;
	while (at < len && is_plain(text[at]))
		at++;
	return at;
}

/* Of a text that is shorter than a vector: its first and its last bytes, which may overlap, fill one. */
static bool copy_short(char *to, const char *text, size_t len)
{
	enum { HALF = VECTOR / 2, QUARTER = VECTOR / 4 };

	if (len >= HALF) {
		uint64_t first, last;

		memcpy(&first, text, HALF);
		memcpy(&last, text + len - HALF, HALF);
		memcpy(to, &first, HALF);
		memcpy(to + len - HALF, &last, HALF);
		return none(odd_ones((vector)(words){ first, last }));
	}
	if (len >= QUARTER) {
		uint32_t first, last;

		memcpy(&first, text, QUARTER);
		memcpy(&last, text + len - QUARTER, QUARTER);
		memcpy(to, &first, QUARTER);
		memcpy(to + len - QUARTER, &last, QUARTER);
		return none(odd_ones((vector)(words){ first | (uint64_t)last << 32, first | (uint64_t)last << 32 }));
	}
	for (size_t i = 0; i < len; i++) {
		if (!is_plain(text[i]))
			return false;
		to[i] = text[i];
	}
	return true;
}

bool pp_escape_copy(char *to, const char *text, size_t len)
{
	vector bytes, odd = { 0 };

	if (len < VECTOR)
		return copy_short(to, text, len);
	for (size_t at = 0; at + VECTOR < len; at += VECTOR) {
		bytes = load(text + at);
		memcpy(to + at, &bytes, VECTOR);
		odd |= odd_ones(bytes);
	}
	bytes = load(text + len - VECTOR); /* the last ones, some of them perhaps once more */
	memcpy(to + len - VECTOR, &bytes, VECTOR);
	return none(odd | odd_ones(bytes));
}

void pp_escape_show(struct pp_out *out, const char *text)
{
	const char *end = text + strlen(text);
	char safe[PP_RUNE_TEXT];

	while (text < end) {
		size_t run = pp_escape_plain(text, (size_t)(end - text));

		pp_out_bytes(out, text, run);
		text += run;
		if (text < end) {
			struct pp_rune rune = pp_rune(text);

			(void)pp_rune_show(text, rune, safe);
			pp_out_text(out, safe);
			text += rune.len;
		}
	}
}

static void json_unit(struct pp_out *out, unsigned unit)
{
	const char text[6] = {
		'\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15]
	};

	pp_out_bytes(out, text, sizeof(text));
}

static void json_rune(struct pp_out *out, const char *text, struct pp_rune rune)
{
	if (rune.code == '"' || rune.code == '\\') {
		pp_out_char(out, '\\');
		pp_out_char(out, (char)rune.code);
	} else if (!rune.valid) {
		pp_out_text(out, "\xef\xbf\xbd");
	} else if (!pp_rune_unsafe(rune.code)) {
		pp_out_bytes(out, text, rune.len);
	} else if (rune.code < 0x10000) {
		json_unit(out, rune.code);
	} else {
		json_unit(out, 0xd800 + ((rune.code - 0x10000) >> 10));
		json_unit(out, 0xdc00 + (rune.code & 0x3ff));
	}
}

void pp_escape_json(struct pp_out *out, const char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		size_t run = pp_escape_plain(text, (size_t)(end - text));

		pp_out_bytes(out, text, run);
		text += run;
		if (text < end) {
			struct pp_rune rune = pp_rune(text);

			json_rune(out, text, rune);
			text += rune.len;
		}
	}
}

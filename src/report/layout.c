#include "report/layout.h"

#include "report/escape.h"

#include <string.h>

/* ---- Text ---- */

static const char *const on[] = {
	[PP_PLAIN] = "",         [PP_BOLD] = "\033[1m",   [PP_DIM] = "\033[2m",
	[PP_RED] = "\033[1;31m", [PP_GREEN] = "\033[32m", [PP_YELLOW] = "\033[33m",
};

static const char off[] = "\033[0m";

void pp_layout_init(struct pp_layout *layout, struct pp_out *out, unsigned width, bool color)
{
	if (width == 0)
		width = PP_WIDTH_DEFAULT;
	if (width < PP_WIDTH_MIN)
		width = PP_WIDTH_MIN;
	*layout = (struct pp_layout){ .out = out, .width = width, .color = color };
}

void pp_layout_end(struct pp_layout *layout)
{
	pp_out_char(layout->out, '\n');
	layout->column = 0;
}

static void space(struct pp_layout *layout)
{
	pp_out_char(layout->out, ' ');
	layout->column++;
}

void pp_layout_to(struct pp_layout *layout, unsigned column)
{
	if (layout->column > column)
		space(layout);
	while (layout->column < column)
		space(layout);
}

static void wrap(struct pp_layout *layout, unsigned indent)
{
	pp_layout_end(layout);
	pp_layout_to(layout, indent);
}

/* Closing marks stay with what they close (a small part of the Japanese line breaking rules, JIS X 4051). */
static bool stays_behind(uint32_t code)
{
	static const uint32_t marks[] = {
		0x3001, 0x3002, 0x300d, 0x300f, 0x3011, 0x30fc, 0xff01, 0xff09, 0xff0c, 0xff1a, 0xff1f,
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (code == marks[i])
			return true;
	return false;
}

/* A path or URL may be parted behind its slashes. */
static bool parts_behind(const char *slash)
{
	return slash[0] == '/' && slash[1] != '/' && slash[1] != ' ' && slash[1] != '\0';
}

/* Length in bytes of what should not be parted at `text`, which is no space: a word, a part of a path, or one East
 * Asian character with the marks behind it. */
static size_t word(const char *text, unsigned *ret_columns)
{
	char safe[PP_RUNE_TEXT];
	size_t len = 0;
	bool wide = false;

	*ret_columns = 0;
	while (text[len] && text[len] != ' ') {
		struct pp_rune rune = { .code = (uint8_t)text[len], .len = 1, .valid = true };
		unsigned columns = 1;
		bool is_wide;

		if (!pp_shows_itself(text[len])) {
			rune = pp_rune(text + len);
			columns = pp_rune_show(text + len, rune, safe);
		}
		is_wide = rune.valid && columns == 2;
		if (len && (is_wide || wide) && !stays_behind(rune.code))
			break;
		if (len && parts_behind(text + len - 1))
			break;
		wide = is_wide;
		len += rune.len;
		*ret_columns += columns;
	}
	return len;
}

/* Writes what of these bytes shows itself and fits the line, at least one byte.  Returns how many. */
static size_t put_plain(struct pp_layout *layout, unsigned indent, const char *text, size_t len)
{
	size_t room, n = 0;

	if (layout->column >= layout->width && layout->column > indent)
		wrap(layout, indent);
	room = layout->column < layout->width ? layout->width - layout->column : 1;
	while (n < len && n < room && pp_shows_itself(text[n]))
		n++;
	pp_out_bytes(layout->out, text, n);
	layout->column += (unsigned)n;
	return n;
}

/* Writes bytes of one word, broken wherever the line ends: for words longer than a line. */
static void put(struct pp_layout *layout, unsigned indent, const char *text, size_t len)
{
	char safe[PP_RUNE_TEXT];

	for (size_t at = 0; at < len;) {
		struct pp_rune rune;
		unsigned columns;

		if (pp_shows_itself(text[at])) {
			at += put_plain(layout, indent, text + at, len - at);
			continue;
		}
		rune = pp_rune(text + at);
		columns = pp_rune_show(text + at, rune, safe);
		if (layout->column + columns > layout->width && layout->column > indent)
			wrap(layout, indent);
		pp_out_text(layout->out, safe);
		layout->column += columns;
		at += rune.len;
	}
}

static void words(struct pp_layout *layout, unsigned indent, const char *text)
{
	while (*text) {
		size_t spaces = strspn(text, " "), len;
		unsigned columns;

		text += spaces;
		if (!*text)
			return;
		len = word(text, &columns);
		if (layout->column + (spaces != 0) + columns > layout->width && layout->column > indent)
			wrap(layout, indent);
		else if (spaces)
			space(layout);
		put(layout, indent, text, len);
		text += len;
	}
}

void pp_layout_text(struct pp_layout *layout, enum pp_style style, unsigned indent, const char *text)
{
	bool styled = layout->color && style != PP_PLAIN;

	if (styled)
		pp_out_text(layout->out, on[style]);
	words(layout, indent, text);
	if (styled)
		pp_out_text(layout->out, off);
}

/* ---- Tables ---- */

void pp_table_init(struct pp_table *table, unsigned columns, unsigned right)
{
	*table = (struct pp_table){ .columns = columns, .right = right };
	pp_buf_init(&table->cells, PP_TABLE_BYTES);
}

void pp_table_done(struct pp_table *table) { pp_buf_done(&table->cells); }

/* A full table is cut back to whole rows. */
static void give_up(struct pp_table *table)
{
	size_t keep = table->cells.len;

	for (unsigned i = 0; i < table->at; i++) {
		keep--;
		while (keep && table->cells.p[keep - 1] != '\0')
			keep--;
	}
	table->cells.len = keep;
	table->full = true;
}

void pp_table_cell(struct pp_table *table, const char *text)
{
	size_t columns = pp_text_columns(text);

	if (!table->full && pp_buf_add(&table->cells, text, strlen(text) + 1) != PP_OK)
		give_up(table);
	if (!table->full && columns > table->width[table->at])
		table->width[table->at] = (unsigned)columns;
	table->at = (table->at + 1) % table->columns;
	if (table->at == 0 && table->full)
		table->dropped++;
	else if (table->at == 0)
		table->rows++;
}

/* Takes from the widest columns until the row fits; up to a third of the line is left for the last one, which wraps. */
static void fit(struct pp_table *table, unsigned room)
{
	unsigned fixed = 0, last = table->width[table->columns - 1];
	unsigned most = room - (last < room / 3 ? last : room / 3);

	for (unsigned i = 0; i + 1 < table->columns; i++)
		fixed += table->width[i] + 2;
	while (fixed > most) {
		unsigned widest = 0;

		for (unsigned i = 1; i + 1 < table->columns; i++)
			if (table->width[i] > table->width[widest])
				widest = i;
		if (table->width[widest] <= 8)
			return;
		table->width[widest]--;
		fixed--;
	}
}

static void cell(const struct pp_table *table, struct pp_layout *layout, unsigned column, unsigned start,
		 const char *text)
{
	unsigned columns = (unsigned)pp_text_columns(text);

	if (column > 0 && layout->column > start - 2)
		wrap(layout, start);
	pp_layout_to(layout, start);
	if (table->right >> column & 1 && columns < table->width[column])
		pp_layout_to(layout, start + table->width[column] - columns);
	if (column + 1 == table->columns)
		pp_layout_text(layout, PP_PLAIN, start, text);
	else
		put(layout, start, text, strlen(text));
}

void pp_table_print(struct pp_table *table, struct pp_layout *layout, unsigned indent)
{
	const char *text = (const char *)table->cells.p;
	size_t left = table->cells.len;

	fit(table, layout->width > indent ? layout->width - indent : 0);
	while (left) {
		bool head = table->head && text == (const char *)table->cells.p && layout->color;
		unsigned start = indent;

		if (head)
			pp_out_text(layout->out, on[PP_DIM]);
		for (unsigned i = 0; i < table->columns; i++) {
			size_t len = strlen(text) + 1;

			if (text[0])
				cell(table, layout, i, start, text);
			start += table->width[i] + 2;
			text += len;
			left -= len;
		}
		if (head)
			pp_out_text(layout->out, off);
		pp_layout_end(layout);
	}
}

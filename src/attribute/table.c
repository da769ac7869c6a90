#include "attribute/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum pp_err pp_table_fail(struct pp_table *table, const char *format, ...)
{
	va_list args;

	table->error->file = table->file;
	table->error->line = table->line;
	va_start(args, format);
	vsnprintf(table->error->what, sizeof(table->error->what), format, args);
	va_end(args);
	return PP_MALFORMED;
}

enum pp_err pp_table_fail_with(struct pp_table *table, enum pp_err err)
{
	(void)pp_table_fail(table, "%s", pp_err_text(err));
	return err;
}

/* Length of the UTF-8 sequence at p, which ends before `end`; 0: none there (RFC 3629 section 4). */
static size_t utf8_len(const unsigned char *p, const unsigned char *end)
{
	static const struct {
		unsigned char first, last; /* of the leading byte */
		unsigned char low, high;   /* of the second byte: keeps out overlong forms and surrogates */
		unsigned char len;
	} form[] = {
		{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
		if (p[0] < form[i].first || p[0] > form[i].last)
			continue;
		if (form[i].len > end - p || (form[i].len > 1 && (p[1] < form[i].low || p[1] > form[i].high)))
			return 0;
		for (size_t k = 2; k < form[i].len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return form[i].len;
	}
	return 0;
}

/* Sixteen bytes compared at once; the compiler knows which instructions that takes. */
typedef int8_t vector __attribute__((vector_size(16)));

/* How many bytes from `at` on are ASCII without control characters, or tabs.  A signed byte below the space is a control
 * character or no ASCII. */
static size_t plain(const unsigned char *at, const unsigned char *stop)
{
	const unsigned char *from = at;

	for (; (size_t)(stop - at) >= sizeof(vector); at += sizeof(vector)) {
		uint64_t halves[2];
		vector bytes;

		memcpy(&bytes, at, sizeof(bytes));
		bytes = ((bytes < ' ') & (bytes != '\t')) | (bytes == 0x7f);
		memcpy(halves, &bytes, sizeof(halves));
		if (halves[0] | halves[1])
			break;
	}
	while (at < stop && ((*at >= ' ' && *at < 0x7f) || *at == '\t'))
		at++;
	return (size_t)(at - from);
}

/* Text people can read: UTF-8 without control characters other than the tab. */
static enum pp_err check_text(struct pp_table *table, const char *line, const char *end)
{
	const unsigned char *at = (const unsigned char *)line, *stop = (const unsigned char *)end;

	while (at < stop) {
		size_t len;

		at += plain(at, stop); /* nearly all */
		if (at == stop)
			break;
		len = utf8_len(at, stop);
		if (len == 0)
			return pp_table_fail(table, "byte %zu (0x%02x) is not UTF-8",
					     (size_t)(at - (const unsigned char *)line) + 1, *at);
		if (*at < 0x20 || *at == 0x7f)
			return pp_table_fail(table, "byte %zu is a control character (0x%02x)",
					     (size_t)(at - (const unsigned char *)line) + 1, *at);
		at += len;
	}
	return PP_OK;
}

/* The end of the line at p, its line end not included. */
static char *line_end(char *p, char *end, char **ret_next)
{
	char *stop = memchr(p, '\n', (size_t)(end - p));

	*ret_next = stop ? stop + 1 : end;
	if (!stop)
		stop = end;
	return stop > p && stop[-1] == '\r' ? stop - 1 : stop;
}

static bool is_row(const char *line, const char *end) { return line < end && line[0] != '#'; }

enum pp_err pp_table_open(struct pp_table *table, struct pp_arena *arena, const char *file, struct pp_span text,
			  struct pp_data_error *error)
{
	char *next;

	*table = (struct pp_table){ .error = error, .file = file };
	if (text.len >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		text = (struct pp_span){ text.p + 3, text.len - 3 };
	/* One byte more: the last field of a text without a final line end needs its NUL too. */
	table->at = pp_arena_alloc(arena, text.len + 1);
	table->file = pp_arena_copy(arena, file, strlen(file) + 1);
	if (!table->at || !table->file) {
		table->file = file;
		return pp_table_fail_with(table, PP_NOMEM);
	}
	if (text.len)
		memcpy(table->at, text.p, text.len);
	table->end = table->at + text.len;
	for (char *at = table->at; at < table->end; at = next)
		table->rows += is_row(at, line_end(at, table->end, &next));
	if (table->rows > PP_CATALOGUE_ROWS_MAX) {
		(void)pp_table_fail(table, "more than %d rows", PP_CATALOGUE_ROWS_MAX);
		return PP_LIMIT;
	}
	return PP_OK;
}

static enum pp_err cut_fields(struct pp_table *table, char *line, char **ret_fields, unsigned want)
{
	unsigned count = 0;

	for (char *tab;; line = tab + 1) {
		tab = strchr(line, '\t');
		if (tab)
			*tab = '\0';
		if (count < want)
			ret_fields[count] = line;
		count++;
		if (!tab)
			break;
	}
	if (count != want)
		return pp_table_fail(table, "%u columns where %u are due", count, want);
	for (unsigned i = 0; i < want; i++)
		if (ret_fields[i][0] == '\0')
			return pp_table_fail(table, "column %u is empty; write '-' for none", i + 1);
	return PP_OK;
}

enum pp_err pp_table_next(struct pp_table *table, char **ret_fields, unsigned want)
{
	while (table->at < table->end) {
		char *line = table->at, *end = line_end(line, table->end, &table->at);
		enum pp_err err;

		table->line++;
		if (end - line > PP_CATALOGUE_LINE_MAX)
			return pp_table_fail(table, "line is longer than %d bytes", PP_CATALOGUE_LINE_MAX);
		err = check_text(table, line, end);
		if (err != PP_OK)
			return err;
		if (!is_row(line, end))
			continue;
		*end = '\0';
		return cut_fields(table, line, ret_fields, want);
	}
	return PP_END;
}

enum pp_err pp_table_word(struct pp_table *table, const char *column, const char *value, const char *words)
{
	size_t len = strlen(value);

	if (!strchr(value, ' '))
		for (const char *at = words; (at = strstr(at, value)); at += len)
			if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
				return PP_OK;
	return pp_table_fail(table, "unknown %s '%.40s' (known: %s)", column, value, words);
}

enum pp_err pp_table_date(struct pp_table *table, const char *value)
{
	static const char form[] = "dddd-dd-dd";
	size_t len = strlen(value);
	bool good = len == 4 || len == 7 || len == 10;

	for (size_t i = 0; good && i < len; i++)
		good = form[i] == 'd' ? value[i] >= '0' && value[i] <= '9' : value[i] == form[i];
	return good ? PP_OK : pp_table_fail(table, "bad date '%.40s': write 2026, 2026-11 or 2026-11-23", value);
}

enum pp_err pp_table_list(struct pp_table *table, const char *column, char *field, unsigned max, const char **ret_list,
			  unsigned *ret_count)
{
	unsigned count = 0;

	*ret_count = 0;
	if (strcmp(field, "-") == 0)
		return PP_OK;
	for (char *comma;; field = comma + 1) {
		comma = strchr(field, ',');
		if (comma)
			*comma = '\0';
		if (*field == '\0')
			return pp_table_fail(table, "empty entry in %s", column);
		if (count == max)
			return pp_table_fail(table, "more than %u entries in %s", max, column);
		ret_list[count++] = field;
		if (!comma)
			break;
	}
	*ret_count = count;
	return PP_OK;
}

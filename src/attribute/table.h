/* table: the tab-separated text of filters/, read line by line into fields.
 *
 * Shape   a copy of the text is cut into fields in place, so a field lives as long as the arena the copy is in.  Lines
 * may end in CR LF, the text may begin with a byte order mark: editors write both. Errors  PP_MALFORMED, PP_LIMIT or
 * PP_NOMEM with `error` filled in. Limits  PP_CATALOGUE_ROWS_MAX rows, PP_CATALOGUE_LINE_MAX bytes a line.
 */
#ifndef PP_ATTRIBUTE_TABLE_H
#define PP_ATTRIBUTE_TABLE_H

#include "attribute/catalogue.h"

struct pp_table {
	struct pp_data_error *error;
	char *at, *end;
	const char *file; /* a copy in the arena */
	unsigned line;    /* of the row last given, from 1 */
	size_t rows;      /* lines that are neither empty nor comments: the most pp_table_next() can give */
};

enum pp_err PP_MUST_CHECK pp_table_open(struct pp_table *table, struct pp_arena *arena, const char *file,
					struct pp_span text, struct pp_data_error *error);
/* The next row's fields; PP_END behind the last.  A row with another number of fields than `want` is an error. */
enum pp_err PP_MUST_CHECK pp_table_next(struct pp_table *table, char **ret_fields, unsigned want);

/* Says what is wrong with the current row and gives PP_MALFORMED. */
enum pp_err pp_table_fail(struct pp_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for what is not the row's fault; `err` is PP_LIMIT or PP_NOMEM. */
enum pp_err pp_table_fail_with(struct pp_table *table, enum pp_err err);

/* PP_OK when `value` is one of the words of the space separated `words`; the error names the column. */
enum pp_err PP_MUST_CHECK pp_table_word(struct pp_table *table, const char *column, const char *value,
					const char *words);
/* Year, optionally with month and day. */
enum pp_err PP_MUST_CHECK pp_table_date(struct pp_table *table, const char *value);
/* Cuts a comma separated field into `ret_list`; "-" is the empty list. */
enum pp_err PP_MUST_CHECK pp_table_list(struct pp_table *table, const char *column, char *field, unsigned max,
					const char **ret_list, unsigned *ret_count);

#endif

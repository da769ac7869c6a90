/* layout: words into lines and cells into tables, for a fixed number of columns.
 *
 * Shape   text is written from the current column on and wrapped at spaces (and between East Asian characters) with a
 *         hanging indent; everything is escaped on the way (report/escape.h), so any text may be given.
 *         The same text, width and colour give the same bytes: nothing here asks the terminal or the locale.
 * Errors  those of the output are kept in pp_out; a table that grows beyond PP_TABLE_BYTES drops further rows and
 *         counts them.
 * Owns    a table owns its cells until pp_table_done().
 */
#ifndef PP_REPORT_LAYOUT_H
#define PP_REPORT_LAYOUT_H

#include "base/buf.h"
#include "report/out.h"

#include <stdbool.h>

enum { PP_WIDTH_DEFAULT = 100, PP_WIDTH_MIN = 60, PP_TABLE_COLUMNS = 8, PP_TABLE_BYTES = 8 << 20 };

enum pp_style { PP_PLAIN, PP_BOLD, PP_DIM, PP_RED, PP_GREEN, PP_YELLOW };

struct pp_layout {
	struct pp_out *out;
	unsigned width;  /* columns of a line */
	unsigned column; /* where the next character goes, from 0 */
	bool color;
};

/* `width` 0: the default. */
void pp_layout_init(struct pp_layout *layout, struct pp_out *out, unsigned width, bool color);
/* Spaces up to `column`; one when the line is beyond it already. */
void pp_layout_to(struct pp_layout *layout, unsigned column);
/* Wrapped text; lines after the first begin at `indent`. */
void pp_layout_text(struct pp_layout *layout, enum pp_style style, unsigned indent, const char *text);
void pp_layout_end(struct pp_layout *layout); /* ends the line */

/* Rows are collected first, so that columns get the width they need. */
struct pp_table {
	struct pp_buf cells;  /* NUL-terminated, row by row */
	unsigned columns, at; /* per row; next cell */
	unsigned right;       /* bit n: column n is aligned to the right */
	unsigned width[PP_TABLE_COLUMNS];
	bool head; /* the first row names the columns */
	bool full;
	uint32_t rows, dropped; /* kept; given up */
};

void pp_table_init(struct pp_table *table, unsigned columns, unsigned right);
void pp_table_done(struct pp_table *table);
void pp_table_cell(struct pp_table *table, const char *text); /* `columns` of these make a row */
/* At `indent`; the last column wraps, and a cell that is wider than its share pushes the next one to a new line. */
void pp_table_print(struct pp_table *table, struct pp_layout *layout, unsigned indent);

#endif

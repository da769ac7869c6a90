/* escape: text from a capture made safe for the place where it is written.
 *
 * Shape   a rune is one character of UTF-8 text, or the bytes that are none.  Whoever writes walks the text with
 *         pp_rune() and writes each rune in the form of its place, so nothing reaches a terminal or a JSON string raw.
 * Model   unsafe is what moves a cursor, ends a line, hides, turns the reading order round or has no agreed shape: C0,
 *         DEL, C1, bidi controls, invisible format characters, tags, private use, non-characters.
 * Source  RFC 3629 and Unicode 15 section 3.9 (maximal subparts), RFC 8259 section 7, UAX #9 section 2, UAX #11.
 */
#ifndef PP_REPORT_ESCAPE_H
#define PP_REPORT_ESCAPE_H

#include "report/out.h"

#include <stdbool.h>

enum { PP_RUNE_TEXT = 16 }; /* longest safe form of one rune, with its NUL */

struct pp_rune {
	uint32_t code; /* U+FFFD for bytes that are no UTF-8 */
	uint8_t len;   /* bytes of the text, 1 to 4 */
	bool valid;
};

/* The first rune of NUL-terminated text; `*text` is not '\0'. */
struct pp_rune pp_rune(const char *text);
bool pp_rune_unsafe(uint32_t code);
unsigned pp_rune_width(uint32_t code); /* columns on a terminal: 0, 1 or 2 */

/* The rune as a person sees it: itself, or \xNN for a byte below 0x80 or outside UTF-8, or \u{NNNN}.  Returns its
 * columns. */
unsigned pp_rune_show(const char *text, struct pp_rune rune, char safe[PP_RUNE_TEXT]);
/* True for ASCII that is shown as it is, in one column: nearly all there is. */
static inline bool pp_shows_itself(char c) { return c >= ' ' && c < 0x7f; }
/* Columns of a whole text once shown. */
size_t pp_text_columns(const char *text);
void pp_escape_show(struct pp_out *out, const char *text);

/* Length of the leading run of ASCII that every place takes as it is. */
size_t pp_escape_plain(const char *text, size_t len);
/* Copies a text, most of which are short; false when it is not all such ASCII: the copy is then worth nothing. */
bool pp_escape_copy(char *to, const char *text, size_t len);

/* The inside of a JSON string: valid UTF-8, U+FFFD for what was none, unsafe characters as \uNNNN. */
void pp_escape_json(struct pp_out *out, const char *text);

#endif

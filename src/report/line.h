/* line: one sentence under construction, of bounded length and never truncated inside a character.
 *
 * Shape   pieces are added; pp_line_expand() adds a message whose {placeholders} a resolver writes.  A resolver is used
 *         instead of printf formats because translators may then reorder values freely and a wrong message can never
 *         read memory.
 * Limits  PP_LINE_BYTES in all and PP_LINE_VALUE for one value from the capture; what is beyond becomes "...".
 */
#ifndef PP_REPORT_LINE_H
#define PP_REPORT_LINE_H

#include "base/addr.h"

#include <stdbool.h>

enum { PP_LINE_BYTES = 2048, PP_LINE_VALUE = 300, PP_PLACEHOLDER_BYTES = 16 };

/* Not to be copied: `text` may lie inside. */
struct pp_line {
	char *text; /* NUL-terminated */
	size_t len;
	bool cut;
	char own[PP_LINE_BYTES];
};

void pp_line_start_at(struct pp_line *line, char text[PP_LINE_BYTES]); /* empty, in memory of the caller's */
static inline void pp_line_start(struct pp_line *line) { pp_line_start_at(line, line->own); }
void pp_line_add(struct pp_line *line, const char *text);
void pp_line_add_bytes(struct pp_line *line, const char *text, size_t len);
void pp_line_value(struct pp_line *line, const char *text); /* of a length nobody vouches for; NULL adds nothing */
void pp_line_i64(struct pp_line *line, int64_t value);
void pp_line_addr(struct pp_line *line, const struct pp_addr *addr);
void pp_line_endpoint(struct pp_line *line, const struct pp_endpoint_addr *endpoint); /* 10.0.0.4:443, [::1]:443 */
/* 2026-11-23T06:41:00.123Z: enough for a person to find it in a log.  Nothing for PP_TIME_NONE. */
void pp_line_time(struct pp_line *line, int64_t ns);
/* A duration with the unit that reads best: "0.31 ms", "7.1 s", "4 min 3 s". */
void pp_line_duration(struct pp_line *line, int64_t ns);

/* The same without a line: what pp_line_endpoint() and pp_line_duration() add is put at `at`, at most PP_LINE_PUT bytes
 * without a NUL; returns where it ends. */
enum { PP_LINE_PUT = 64 };
char *pp_put_endpoint(char *at, const struct pp_endpoint_addr *endpoint);
char *pp_put_duration(char *at, int64_t ns);

/* Cuts a message behind its next placeholder: `ret_len` bytes of text stand before it.  False when there is none: all
 * of it is text. */
bool pp_message_cut(const char **message, size_t *ret_len, char name[PP_PLACEHOLDER_BYTES]);

/* Writes the value of placeholder `name` ("a", "a:ms") to the line; false when there is no such placeholder. */
typedef bool (*pp_resolve)(const void *context, const char *name, struct pp_line *line);
/* An unknown placeholder stays as it is.  An empty value takes the space before it along. */
void pp_line_expand(struct pp_line *line, const char *message, pp_resolve resolve, const void *context);

#endif

/* pattern: host patterns of the catalogue and the search for the best one.
 *
 * Shape   '*.x'       one or more labels, then .x, but not x itself
 *         'a*b.x'     a '*' inside a label stays inside that label, and may be empty
 *         'a.*.x'     a '*' that is a whole middle label is exactly one label
 *         'a.*'       a, then one or more labels
 *         The best pattern: exact name, then most literal labels counted from the right, then most literal characters,
 *         then the order given.
 * Errors  PP_MALFORMED with a reason; PP_NOMEM.
 * Owns    nothing: text and index live in the arena given.
 * Limits  PP_HOST_MAX bytes; a longer host matches nothing.
 */
#ifndef PP_ATTRIBUTE_PATTERN_H
#define PP_ATTRIBUTE_PATTERN_H

#include "base/arena.h"

#include <stdbool.h>

enum { PP_HOST_MAX = 1024, PP_PATTERN_TEXT_MAX = 253, PP_LABEL_MAX = 63 };

#define PP_PATTERN_NONE UINT32_MAX

/* A host name ready for matching: ASCII lower case, no final dot. */
struct pp_host {
	size_t len;
	char text[PP_HOST_MAX];
};

/* False when the name is empty or too long. */
bool pp_host_set(struct pp_host *host, const char *name);

enum pp_pattern_kind {
	PP_PATTERN_EXACT,
	PP_PATTERN_SUFFIX, /* literal at its right end */
	PP_PATTERN_PREFIX, /* ends in '.*' */
};

struct pp_pattern {
	const char *text; /* lower case */
	uint16_t len;
	uint16_t left; /* length of the part before the literal labels at the right end, without its final dot */
	uint16_t literal_labels; /* at the right end */
	uint16_t literal_chars;  /* neither '*' nor '.' */
	enum pp_pattern_kind kind;
};

enum pp_err PP_MUST_CHECK pp_pattern_parse(struct pp_arena *arena, const char *text, struct pp_pattern *ret_pattern,
					   const char **ret_why);
bool pp_pattern_match(const struct pp_pattern *pattern, const struct pp_host *host);
/* Negative when `a` is the better match, 0 when only the order decides. */
int pp_pattern_compare(const struct pp_pattern *a, const struct pp_pattern *b);

/* '*' matches any run of characters, dots too; ASCII letters compare without case. */
bool pp_glob(const char *pattern, const char *text);
bool pp_same_text(const char *a, const char *b); /* ASCII letters compare without case */

struct pp_pattern_index;
/* Keeps pointers to the patterns. */
enum pp_err PP_MUST_CHECK pp_pattern_index_new(struct pp_arena *arena, const struct pp_pattern *patterns,
					       uint32_t count, struct pp_pattern_index **ret_index);
/* The best pattern that matches, by its place in the array; PP_PATTERN_NONE. */
uint32_t pp_pattern_index_find(const struct pp_pattern_index *index, const struct pp_host *host);

#endif

/* template: a piece of JSON that is the same every time but for a few values: written once, filled in often.
 *
 * Shape   a template is found by its key.  A new one is empty: its JSON is written with `json`, a message's placeholders
 *         become places for values, and pp_template_keep() ends it.  pp_template_fill() writes the text and asks for each
 *         value where it stands.
 * Owns    its templates until pp_templates_done().
 * Errors  none outward: without memory for more, all are forgotten and made again.
 * Limits  PP_TEMPLATES_BYTES, PP_TEMPLATE_PLACES values in one.
 */
#ifndef PP_REPORT_TEMPLATE_H
#define PP_REPORT_TEMPLATE_H

#include "base/arena.h"
#include "report/json.h"
#include "report/line.h"

enum {
	PP_TEMPLATE_WORDS = 14,
	PP_TEMPLATE_PLACES = 16,
	PP_TEMPLATE_SLOTS = 512,
	PP_TEMPLATES_BYTES = 2 << 20,
	PP_TEMPLATE_PARTS = 1000
};

/* What the text depends on: addresses of constants and small numbers; the rest is zero. */
struct pp_template_key {
	uintptr_t word[PP_TEMPLATE_WORDS];
};

struct pp_template_place {
	uint32_t end; /* of the text before it */
	int value;
};

struct pp_template {
	struct pp_template_key key;
	const char *text;
	uint32_t len;
	uint32_t place_count;
	struct pp_template_place places[PP_TEMPLATE_PLACES];
};

struct pp_templates {
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_template *slots[PP_TEMPLATE_SLOTS]; /* by a hash of the key; the last one stays */
	uint32_t generation;                          /* how often all were forgotten */
	struct pp_template now;                       /* the one being written, … */
	struct pp_json json;                          /* … with this, … */
	struct pp_out out;                            /* … to here */
};

void pp_templates_init(struct pp_templates *templates);
void pp_templates_done(struct pp_templates *templates);

const struct pp_template *pp_template_find(const struct pp_templates *templates, const struct pp_template_key *key);
/* Begins a new one; what is written to the JSON it gives belongs to it. */
struct pp_json *pp_template_new(struct pp_templates *templates, const struct pp_template_key *key);
void pp_template_place(struct pp_templates *templates, int value);
/* A member whose text is a message; `value_of` gives a placeholder's number, or -1. */
void pp_template_message(struct pp_templates *templates, const char *key, const char *message,
			 int (*value_of)(const char *name));
/* Valid until the next pp_template_new(). */
const struct pp_template *pp_template_keep(struct pp_templates *templates);

/* How values are come by.  `value` adds one to the line and says whether it is known to need no escaping; an empty one
 * takes the space before it along.  `part` writes the JSON of a place from PP_TEMPLATE_PARTS on. */
struct pp_filler {
	bool (*value)(const void *context, struct pp_line *line, int value);
	void (*part)(const void *context, struct pp_out *out, int part);
	const void *context;
};

void pp_template_fill(const struct pp_template *template, struct pp_out *out, const struct pp_filler *filler);

#endif

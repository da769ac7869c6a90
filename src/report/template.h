/* template: a piece of JSON that is the same every time but for a few values: written once, filled in often.
 *
 * Shape   a template is found by its key.  A new one is empty: its JSON is written with `json`, a message's placeholders
 *         become places for values, and pp_template_keep() ends it.  pp_template_fill() copies its text and has the
 *         caller put at each place what belongs there.
 * Owns    its templates until pp_templates_done().
 * Errors  none outward: without memory for more, all are forgotten and made again.
 * Limits  PP_TEMPLATES_BYTES, PP_TEMPLATE_PLACES values in one, PP_TEMPLATE_TEXT bytes of text.
 */
#ifndef PP_REPORT_TEMPLATE_H
#define PP_REPORT_TEMPLATE_H

#include "base/arena.h"
#include "report/json.h"
#include "report/line.h"

enum {
	PP_TEMPLATE_WORDS = 24,
	PP_TEMPLATE_PLACES = 80,
	PP_TEMPLATE_SLOTS = 512,
	PP_TEMPLATE_LATEST_BITS = 7,
	PP_TEMPLATES_BYTES = 2 << 20,
	PP_TEMPLATE_ROOM = 256, /* bytes that can be put at a place without asking */
	PP_TEMPLATE_TEXT = PP_OUT_BYTES - PP_TEMPLATE_ROOM - PP_OUT_BLOCK,
};

/* What the text depends on: addresses of constants and small numbers, at least one. */
struct pp_template_key {
	size_t count;
	uintptr_t word[PP_TEMPLATE_WORDS];
};

struct pp_template_place {
	uint32_t len;      /* of the text between the place before and this one */
	uint8_t value, of; /* which value, and of which of the things the caller has a number for */
	bool space;        /* that text ends in a space */
};

struct pp_template {
	struct pp_template_key key;
	const char *text; /* with PP_OUT_BLOCK bytes behind it that may be read */
	uint32_t len;
	uint32_t place_count;
	struct pp_template_place places[PP_TEMPLATE_PLACES];
};

struct pp_templates {
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_template *slots[PP_TEMPLATE_SLOTS];             /* by a hash of the key; the last one stays */
	struct pp_template *latest[1 << PP_TEMPLATE_LATEST_BITS]; /* found, by the ends of the key */
	struct pp_template now;                                   /* the one being written, … */
	uint32_t now_placed; /* (how much of its text stands before its last place) */
	struct pp_json json; /* … with this, … */
	struct pp_out out;   /* … to here */
};

void pp_templates_init(struct pp_templates *templates);
void pp_templates_done(struct pp_templates *templates);

const struct pp_template *pp_template_find(struct pp_templates *templates, const struct pp_template_key *key);
/* Begins a new one; what is written to the JSON it gives belongs to it. */
struct pp_json *pp_template_new(struct pp_templates *templates, const struct pp_template_key *key);
void pp_template_place(struct pp_templates *templates, unsigned value, unsigned of);
/* A member whose text is a message, with a place for the value of each placeholder; `value_of` gives its number, or -1. */
void pp_template_message(struct pp_templates *templates, const char *key, const char *message,
			 int (*value_of)(const char *name), unsigned of);
/* Valid until the next pp_template_new(); NULL when the text is longer than PP_TEMPLATE_TEXT. */
const struct pp_template *pp_template_keep(struct pp_templates *templates);

/* Puts what belongs to a place at `at` and returns where it ended, NULL when there is nothing to put.  Up to
 * PP_TEMPLATE_ROOM bytes have room; for more it asks. */
typedef char *(*pp_template_put)(const void *context, char *at, unsigned value, unsigned of);

/* For a place that a text from the capture belongs to: cut as pp_line_value() does it, and escaped. */
char *pp_template_put_text(struct pp_out *out, char *at, const char *text);

/* Inline so that `put` is no call through a pointer.  Nothing at a place takes the space before it along. */
static inline char *pp_template_fill(const struct pp_template *template, struct pp_out *out, char *at,
				     pp_template_put put, const void *context)
{
	const struct pp_template_place *place = template->places, *last = place + template->place_count;
	const char *text = template->text;

	for (; place < last; place++) {
		size_t len = place->len;
		char *end;

		at = pp_out_more(out, at, len + PP_OUT_BLOCK + PP_TEMPLATE_ROOM);
		at = pp_out_piece(at, text, len);
		text += len;
		end = put(context, at, place->value, place->of);
		at = end ? end : at - place->space;
	}
	at = pp_out_more(out, at, template->len + PP_OUT_BLOCK + PP_TEMPLATE_ROOM);
	return pp_out_piece(at, text, (size_t)(template->text + template->len - text));
}

#endif

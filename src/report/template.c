#include "report/template.h"

#include "report/escape.h"

#include <assert.h>
#include <string.h>

enum { PROBES = 8 };

/* Nothing is ever drained: a template is far smaller than the buffer. */
static enum pp_err never(void *context, const void *bytes, size_t len)
{
	(void)context;
	(void)bytes;
	(void)len;
	return PP_LIMIT;
}

void pp_templates_init(struct pp_templates *templates)
{
	memset(templates->slots, 0, sizeof(templates->slots));
	templates->generation = 0;
	pp_pool_init(&templates->pool, PP_TEMPLATES_BYTES);
	pp_arena_init(&templates->arena, &templates->pool);
	pp_out_init(&templates->out, (struct pp_sink){ never, NULL });
	pp_json_init(&templates->json, &templates->out);
}

void pp_templates_done(struct pp_templates *templates)
{
	pp_arena_reset(&templates->arena);
	pp_pool_done(&templates->pool);
}

/* Where the key's template is, or where it belongs: among PROBES neighbours the one that holds it or the first free
 * one, else the first of them gives way. */
static size_t slot_of(const struct pp_templates *templates, const struct pp_template_key *key)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < PP_TEMPLATE_WORDS; i++)
		hash = (hash ^ key->word[i]) * UINT64_C(0x9e3779b97f4a7c15);
	hash >>= 32;
	for (size_t i = 0; i < PROBES; i++) {
		const struct pp_template *template = templates->slots[(hash + i) % PP_TEMPLATE_SLOTS];

		if (!template || memcmp(&template->key, key, sizeof(*key)) == 0)
			return (hash + i) % PP_TEMPLATE_SLOTS;
	}
	return hash % PP_TEMPLATE_SLOTS;
}

const struct pp_template *pp_template_find(const struct pp_templates *templates, const struct pp_template_key *key)
{
	const struct pp_template *template = templates->slots[slot_of(templates, key)];

	return template && memcmp(&template->key, key, sizeof(*key)) == 0 ? template : NULL;
}

struct pp_json *pp_template_new(struct pp_templates *templates, const struct pp_template_key *key)
{
	templates->now = (struct pp_template){ .key = *key };
	templates->out.len = 0;
	templates->json.comma = false;
	templates->json.depth = 0;
	return &templates->json;
}

void pp_template_place(struct pp_templates *templates, int value)
{
	struct pp_template *now = &templates->now;

	assert(now->place_count < PP_TEMPLATE_PLACES);
	if (now->place_count < PP_TEMPLATE_PLACES)
		now->places[now->place_count++] = (struct pp_template_place){ (uint32_t)templates->out.len, value };
}

static void literal(struct pp_templates *templates, const char *text, size_t len)
{
	char copy[PP_LINE_BYTES];

	assert(len < sizeof(copy)); /* the rule table's texts are checked for it */
	len = len < sizeof(copy) ? len : sizeof(copy) - 1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	pp_escape_json(&templates->out, copy);
}

void pp_template_message(struct pp_templates *templates, const char *key, const char *message,
			 int (*value_of)(const char *name))
{
	char name[PP_PLACEHOLDER_BYTES];
	const char *text = message;
	size_t len;

	if (!message || !message[0])
		return;
	pp_json_key(&templates->json, key);
	pp_out_char(&templates->out, '"');
	for (; pp_message_cut(&message, &len, name); text = message) {
		int value = value_of(name);

		literal(templates, text, value < 0 ? (size_t)(message - text) : len);
		if (value >= 0)
			pp_template_place(templates, value);
	}
	literal(templates, text, len);
	pp_out_char(&templates->out, '"');
}

const struct pp_template *pp_template_keep(struct pp_templates *templates)
{
	struct pp_template *now = &templates->now, *kept;
	char *text;

	now->len = (uint32_t)templates->out.len;
	now->text = templates->out.bytes;
	for (int tries = 0; tries < 2; tries++) {
		text = pp_arena_copy(&templates->arena, now->text, now->len);
		kept = pp_arena_copy(&templates->arena, now, sizeof(*now));
		if (text && kept) {
			kept->text = text;
			templates->slots[slot_of(templates, &now->key)] = kept;
			return kept;
		}
		memset(templates->slots, 0, sizeof(templates->slots));
		pp_arena_reset(&templates->arena);
		templates->generation++;
	}
	return now;
}

/* Phrased where it stands; what needs escaping is written once more. */
static void fill_value(struct pp_out *out, const struct pp_filler *filler, int value)
{
	struct pp_line line;
	bool is_plain;

	pp_line_start_at(&line, pp_out_room(out, PP_OUT_PIECE));
	is_plain = filler->value(filler->context, &line, value);
	if (line.len == 0) {
		if (out->len && out->bytes[out->len - 1] == ' ')
			out->len--;
	} else if (is_plain || pp_escape_plain(line.text, line.len) == line.len) {
		pp_out_until(out, line.text + line.len);
	} else {
		memcpy(line.own, line.text, line.len + 1);
		pp_escape_json(out, line.own);
	}
}

void pp_template_fill(const struct pp_template *template, struct pp_out *out, const struct pp_filler *filler)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < template->place_count; i++) {
		const struct pp_template_place *place = &template->places[i];

		pp_out_bytes(out, template->text + at, place->end - at);
		if (place->value >= PP_TEMPLATE_PARTS)
			filler->part(filler->context, out, place->value);
		else
			fill_value(out, filler, place->value);
		at = place->end;
	}
	pp_out_bytes(out, template->text + at, template->len - at);
}

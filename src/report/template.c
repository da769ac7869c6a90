#include "report/template.h"

#include "report/escape.h"

#include <assert.h>
#include <string.h>

enum { PROBES = 8 };

/* Nothing is drained: what does not fit into the buffer is no template. */
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
	memset(templates->latest, 0, sizeof(templates->latest));
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

static bool is_for(const struct pp_template *template, const struct pp_template_key *key)
{
	return template->key.count == key->count &&
	       memcmp(template->key.word, key->word, key->count * sizeof(key->word[0])) == 0;
}

/* A key's template is one of PROBES neighbours. */
static size_t first_slot(const struct pp_template_key *key)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < key->count; i++)
		hash = (hash ^ key->word[i]) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(hash >> 32);
}

static struct pp_template *search(const struct pp_templates *templates, const struct pp_template_key *key)
{
	size_t first = first_slot(key);

	for (size_t i = 0; i < PROBES; i++) {
		struct pp_template *template = templates->slots[(first + i) % PP_TEMPLATE_SLOTS];

		if (!template || is_for(template, key))
			return template;
	}
	return NULL;
}

const struct pp_template *pp_template_find(struct pp_templates *templates, const struct pp_template_key *key)
{
	uint64_t ends = (key->word[0] ^ key->word[key->count - 1]) * UINT64_C(0x9e3779b97f4a7c15);
	struct pp_template **latest = &templates->latest[ends >> (64 - PP_TEMPLATE_LATEST_BITS)];

	if (!*latest || !is_for(*latest, key))
		*latest = search(templates, key);
	return *latest;
}

/* In the first free one of them, else instead of the first. */
static void file(struct pp_templates *templates, struct pp_template *template)
{
	size_t first = first_slot(&template->key);

	for (size_t i = 0; i < PROBES; i++) {
		struct pp_template **slot = &templates->slots[(first + i) % PP_TEMPLATE_SLOTS];

		if (!*slot) {
			*slot = template;
			return;
		}
	}
	templates->slots[first % PP_TEMPLATE_SLOTS] = template;
}

struct pp_json *pp_template_new(struct pp_templates *templates, const struct pp_template_key *key)
{
	templates->now = (struct pp_template){ .key = *key };
	templates->now_placed = 0;
	templates->out.err = PP_OK;
	templates->out.len = 0;
	templates->json.comma = false;
	templates->json.depth = 0;
	return &templates->json;
}

void pp_template_place(struct pp_templates *templates, unsigned value, unsigned of)
{
	struct pp_template *now = &templates->now;
	const struct pp_out *out = &templates->out;
	uint32_t len = (uint32_t)out->len - templates->now_placed;

	assert(now->place_count < PP_TEMPLATE_PLACES);
	if (now->place_count == PP_TEMPLATE_PLACES)
		return;
	now->places[now->place_count++] = (struct pp_template_place){
		.len = len,
		.value = (uint8_t)value,
		.of = (uint8_t)of,
		.space = len && out->bytes[out->len - 1] == ' ',
	};
	templates->now_placed = (uint32_t)out->len;
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
			 int (*value_of)(const char *name), unsigned of)
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
			pp_template_place(templates, (unsigned)value, of);
	}
	literal(templates, text, len);
	pp_out_char(&templates->out, '"');
}

const struct pp_template *pp_template_keep(struct pp_templates *templates)
{
	struct pp_template *now = &templates->now, *kept;
	char *text;

	if (templates->out.err != PP_OK || templates->out.len > PP_TEMPLATE_TEXT)
		return NULL;
	now->len = (uint32_t)templates->out.len;
	now->text = templates->out.bytes;
	for (int tries = 0; tries < 2; tries++) {
		text = pp_arena_alloc(&templates->arena, now->len + PP_OUT_BLOCK);
		kept = pp_arena_copy(&templates->arena, now, sizeof(*now));
		if (text && kept) {
			memcpy(text, now->text, now->len);
			kept->text = text;
			file(templates, kept);
			return kept;
		}
		memset(templates->slots, 0, sizeof(templates->slots));
		memset(templates->latest, 0, sizeof(templates->latest));
		pp_arena_reset(&templates->arena);
	}
	return now;
}

static char *put_cut_and_escaped(struct pp_out *out, char *at, const char *text)
{
	struct pp_line line;

	pp_line_start(&line);
	pp_line_value(&line, text);
	pp_out_until(out, at);
	pp_escape_json(out, line.text);
	return pp_out_room(out, 0);
}

char *pp_template_put_text(struct pp_out *out, char *at, const char *text)
{
	size_t len = strlen(text);

	static_assert((int)PP_TEMPLATE_ROOM <= (int)PP_LINE_VALUE, "what has room need not be cut");
	if (len == 0)
		return NULL;
	return len <= PP_TEMPLATE_ROOM && pp_escape_copy(at, text, len) ? at + len : put_cut_and_escaped(out, at, text);
}

#include "report/json_evidence.h"

#include "report/phrase.h"

static_assert((int)PP_PHRASE_PUT <= (int)PP_TEMPLATE_ROOM, "what is phrased has room");

static const char *path_of(const struct pp_json_evidence *writer, uint16_t file)
{
	return file < writer->path_count ? writer->paths[file] : NULL;
}

struct evidence_fill {
	struct pp_out *out;
	const struct pp_evidence *evidence;
};

static char *evidence_value(const void *context, char *at, int value)
{
	const struct evidence_fill *fill = context;
	const char *text = pp_phrase_evidence_text(fill->evidence, value);
	char *end;

	if (text)
		return pp_template_put_text(fill->out, at, text);
	end = pp_phrase_put_evidence(at, PP_ENGLISH, fill->evidence, value);
	return end > at ? end : NULL;
}

/* "what":"…"} */
static const struct pp_template *new_evidence_template(struct pp_templates *templates, const char *message)
{
	const struct pp_template_key key = { 1, { (uintptr_t)message } };
	const struct pp_template *template = pp_template_find(templates, &key);

	if (template)
		return template;
	(void)pp_template_new(templates, &key);
	pp_template_message(templates, "what", message, pp_phrase_evidence_value);
	pp_out_char(&templates->out, '}');
	return pp_template_keep(templates);
}

static const struct pp_template *evidence_template(struct pp_json_evidence *writer, const struct pp_evidence *evidence)
{
	const char *message = pp_phrase_evidence_message(PP_ENGLISH, evidence);
	const struct pp_template *template;

	if (writer->latest.message[evidence->kind] == message)
		return writer->latest.template[evidence->kind];
	template = new_evidence_template(&writer->sentences, message);
	if (writer->latest.generation != writer->sentences.generation) {
		memset(&writer->latest, 0, sizeof(writer->latest));
		writer->latest.generation = writer->sentences.generation;
	}
	writer->latest.message[evidence->kind] = message;
	writer->latest.template[evidence->kind] = template;
	return template;
}

static char *put_evidence(struct pp_json_evidence *writer, char *at, const struct pp_evidence *evidence, uint16_t file)
{
	const struct evidence_fill fill = { writer->json->out, evidence };
	const char *path = path_of(writer, evidence->mark.file);

	at = pp_json_put(pp_out_more(fill.out, at, 2 * PP_JSON_MEMBER), "{");
	if (pp_seen(evidence->mark)) {
		if (evidence->mark.file != file && path) {
			at = pp_json_put_string(writer->json, pp_json_put(at, "\"file\":"), path);
			at = pp_json_put(at, ",");
		}
		at = pp_json_put(at, "\"packet\":");
		at = pp_json_put(pp_digits(at, evidence->mark.packet), ",");
	}
	return pp_template_fill(evidence_template(writer, evidence), fill.out, at, evidence_value, &fill);
}

char *pp_json_put_evidence(struct pp_json_evidence *writer, char *at, const struct pp_evidence *evidence,
			   unsigned count, uint16_t file)
{
	for (unsigned i = 0; i < count; i++) {
		*at = ',';
		at = put_evidence(writer, at + (i > 0), &evidence[i], file);
	}
	return at;
}

void pp_json_evidence_init(struct pp_json_evidence *writer, struct pp_json *json, const char *const *paths,
			   unsigned path_count)
{
	writer->json = json;
	writer->paths = paths;
	writer->path_count = path_count;
	pp_templates_init(&writer->sentences);
	memset(&writer->latest, 0, sizeof(writer->latest));
}

void pp_json_evidence_done(struct pp_json_evidence *writer) { pp_templates_done(&writer->sentences); }

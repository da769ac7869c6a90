#include "report/json_verdict.h"

/* ---- Templates ---- */

/* Places of a verdict's template beside those of its messages.  They are of the verdict itself or, counted from 1, of
 * one of its evidences. */
enum { PLACE_FILE = PP_PHRASE_VALUES, PLACE_PACKET, PLACE_FILTER };
enum { OF_VERDICT = 0 };

/* How an evidence names its packet. */
enum where { NOWHERE, IN_SAME_FILE, IN_OTHER_FILE, WHERE_BITS = 2 };

static enum where where_is(const struct pp_evidence *evidence, uint16_t file)
{
	if (!pp_seen(evidence->mark))
		return NOWHERE;
	return evidence->mark.file == file ? IN_SAME_FILE : IN_OTHER_FILE;
}

static void evidence_object(struct pp_templates *templates, const struct pp_evidence *evidence, enum where where,
			    unsigned of)
{
	struct pp_json *json = &templates->json;

	pp_json_object(json, NULL);
	if (where == IN_OTHER_FILE) {
		pp_json_key(json, "file");
		pp_template_place(templates, PLACE_FILE, of);
	}
	if (where != NOWHERE) {
		pp_json_key(json, "packet");
		pp_template_place(templates, PLACE_PACKET, of);
	}
	pp_template_message(templates, "what", pp_phrase_evidence_message(PP_ENGLISH, evidence),
			    pp_phrase_evidence_value, of);
	pp_json_object_end(json);
}

void pp_json_domain_owner_grade(struct pp_json *json, const struct pp_verdict *verdict)
{
	pp_json_constant(json, "domain", pp_domain_name(verdict->domain));
	pp_json_constant(json, "owner", pp_owner_name(verdict->owner));
	if (verdict->grade != PP_GRADE_NONE)
		pp_json_constant(json, "grade", pp_grade_name(verdict->grade));
}

static bool resolve_unnamed(const void *context, const char *name, struct pp_line *line)
{
	(void)context;
	if (pp_phrase_verdict_value(name) != PP_PHRASE_SERVICE)
		return false;
	pp_line_add(line, PP_PHRASE_UNNAMED);
	return true;
}

/* Where there is no name, what is said instead is no value: it is part of the template. */
static void verdict_message(struct pp_templates *templates, const char *key, const char *message,
			    const struct pp_verdict *verdict)
{
	struct pp_line line;

	pp_line_start(&line);
	if (message && !verdict->host) {
		pp_line_expand(&line, message, resolve_unnamed, NULL);
		message = line.text;
	}
	pp_template_message(templates, key, message, pp_phrase_verdict_value, OF_VERDICT);
}

static void alternatives(struct pp_templates *templates, const struct pp_verdict *verdict)
{
	struct pp_json *json = &templates->json;

	if (!verdict->alternative_count)
		return;
	pp_json_list(json, "alternatives");
	for (unsigned i = 0; i < verdict->alternative_count; i++) {
		const struct pp_alternative *alternative = &verdict->alternatives[i];

		if (!alternative->rule)
			continue;
		pp_json_object(json, NULL);
		pp_json_constant(json, "rule", alternative->rule->id);
		verdict_message(templates, "why_not", alternative->why_not, verdict);
		pp_json_object_end(json);
	}
	pp_json_list_end(json);
}

/* All of a verdict but its values. */
static const struct pp_template *new_verdict_template(struct pp_templates *templates, const struct pp_template_key *key,
						      const struct pp_verdict *v, uint16_t file)
{
	struct pp_json *json = pp_template_new(templates, key);

	pp_json_object(json, NULL);
	pp_json_constant(json, "rule", v->rule->id);
	pp_json_constant(json, "name", v->rule->name);
	pp_json_constant(json, "outcome", pp_outcome_name(v->outcome));
	pp_json_domain_owner_grade(json, v);
	verdict_message(templates, "summary", v->rule->summary, v);
	pp_json_list(json, "evidence");
	for (unsigned i = 0; i < v->evidence_count; i++)
		evidence_object(templates, &v->evidence[i], where_is(&v->evidence[i], file), i + 1);
	pp_json_list_end(json);
	alternatives(templates, v);
	verdict_message(templates, "next_test", v->next_test ? v->next_test : v->rule->next_test, v);
	verdict_message(templates, "remedy", v->rule->remedy, v);
	pp_template_place(templates, PLACE_FILTER, OF_VERDICT);
	pp_json_object_end(json);
	return pp_template_keep(templates);
}

static const struct pp_template *verdict_template(struct pp_templates *templates, const struct pp_verdict *v,
						  uint16_t file)
{
	struct pp_template_key key; /* only what counts is set */
	const struct pp_template *template;
	uintptr_t where = 0;

	static_assert(4 + 2 * PP_ALTERNATIVES_MAX + PP_EVIDENCE_MAX <= PP_TEMPLATE_WORDS, "a verdict's key fits");
	static_assert(PP_EVIDENCE_MAX * WHERE_BITS <= 31,
		      "where they are, and whether there is a name, fits into a word");
	key.count = 4;
	for (unsigned i = 0; i < v->evidence_count; i++) {
		key.word[key.count++] = (uintptr_t)pp_phrase_evidence_message(PP_ENGLISH, &v->evidence[i]);
		where = where << WHERE_BITS | where_is(&v->evidence[i], file);
	}
	for (unsigned i = 0; i < v->alternative_count; i++) {
		key.word[key.count++] = (uintptr_t)v->alternatives[i].rule;
		key.word[key.count++] = (uintptr_t)v->alternatives[i].why_not;
	}
	key.word[0] = (uintptr_t)v->rule;
	key.word[1] = (uintptr_t)v->next_test;
	key.word[2] = (uintptr_t)((unsigned)v->outcome << 24 | (unsigned)v->grade << 16 | (unsigned)v->domain << 8 |
				  (unsigned)v->owner);
	key.word[3] = where << 1 | (v->host != NULL);
	template = pp_template_find(templates, &key);
	return template ? template : new_verdict_template(templates, &key, v, file);
}

/* ---- Values ---- */

struct verdict_fill {
	struct pp_json_verdicts *verdicts;
	const struct pp_verdict *verdict;
	const struct pp_json_subject *subject;
};

static char *put_filter(const struct verdict_fill *fill, char *at)
{
	const struct pp_json_subject *subject = fill->subject;

	if (subject->stream) {
		at = pp_json_put(at, ",\"wireshark_filter\":\"tcp.stream eq ");
		return pp_json_put(pp_digits(at, *subject->stream), "\"");
	}
	return pp_json_put_text(fill->verdicts->json, at, "wireshark_filter", subject->filter);
}

/* As pp_phrase_put_verdict() does it; the line has often named the address already. */
static char *phrase_server(struct pp_json_verdicts *verdicts, char *at, const struct pp_verdict *verdict)
{
	const struct pp_endpoint_addr *server = &verdict->server;
	bool bracket = !pp_addr_is_v4(&server->ip);

	if (!pp_addr_is_set(&server->ip) || !server->port)
		return pp_phrase_put_verdict(at, PP_ENGLISH, verdict, PP_PHRASE_SERVER);
	*at = '[';
	at = pp_json_put_addr(verdicts->json, at + bracket, &server->ip);
	*at = ']';
	at[bracket] = ':';
	return pp_digits(at + bracket + 1, server->port);
}

/* The next verdict is often about the same one. */
static char *put_server(struct pp_json_verdicts *verdicts, char *at, const struct pp_verdict *verdict)
{
	const struct pp_endpoint_addr *server = &verdict->server;
	char *end;

	if (verdicts->server.port != server->port || !pp_addr_equal(&verdicts->server.ip, &server->ip) ||
	    !verdicts->server_len) {
		end = phrase_server(verdicts, verdicts->server_text, verdict);
		verdicts->server = *server;
		verdicts->server_len = (size_t)(end - verdicts->server_text);
	}
	memcpy(at, verdicts->server_text, PP_LINE_PUT);
	return at + verdicts->server_len;
}

/* Texts, and what has to be phrased. */
static char *other_evidence_value(const struct pp_json_verdicts *verdicts, char *at, const struct pp_evidence *evidence,
				  unsigned value)
{
	uint16_t file = evidence->mark.file;
	char *end;

	if (value == PP_PHRASE_TEXT)
		return pp_template_put_text(verdicts->json->out, at, pp_phrase_evidence_text(evidence, (int)value));
	if (value == PLACE_FILE)
		return pp_json_put_string(verdicts->json, at, file < verdicts->path_count ? verdicts->paths[file] : "");
	end = pp_phrase_put_evidence(at, PP_ENGLISH, evidence, (int)value);
	return end > at ? end : NULL;
}

static inline char *evidence_value(const struct pp_json_verdicts *verdicts, char *at,
				   const struct pp_evidence *evidence, unsigned value)
{
	if (value == PLACE_PACKET)
		return pp_digits(at, evidence->mark.packet);
	if (value == PP_PHRASE_A || value == PP_PHRASE_B)
		return pp_phrase_put_number(at, value == PP_PHRASE_A ? evidence->a : evidence->b);
	return other_evidence_value(verdicts, at, evidence, value);
}

static char *other_verdict_value(const struct verdict_fill *fill, char *at, unsigned value)
{
	const char *text = pp_phrase_verdict_text(fill->verdict, (int)value);
	char *end;

	if (text)
		return pp_template_put_text(fill->verdicts->json->out, at, text);
	end = pp_phrase_put_verdict(at, PP_ENGLISH, fill->verdict, (int)value);
	return end > at ? end : NULL;
}

/* What most verdicts are made of stands here, the rest is called. */
static inline char *verdict_value(const void *context, char *at, unsigned value, unsigned of)
{
	const struct verdict_fill *fill = context;
	const struct pp_verdict *verdict = fill->verdict;

	if (of != OF_VERDICT)
		return evidence_value(fill->verdicts, at, &verdict->evidence[of - 1], value);
	if (value == PLACE_FILTER)
		return put_filter(fill, at);
	if (value == PP_PHRASE_NUMBER)
		return pp_phrase_put_number(at, verdict->number);
	if (value == PP_PHRASE_SERVER || (value == PP_PHRASE_HOST && !verdict->host))
		return put_server(fill->verdicts, at, verdict);
	return other_verdict_value(fill, at, value);
}

static char *put_verdict(struct pp_json_verdicts *verdicts, char *at, const struct pp_verdict *verdict,
			 const struct pp_json_subject *subject)
{
	const struct verdict_fill fill = { verdicts, verdict, subject };

	return pp_template_fill(verdict_template(verdicts->templates, verdict, subject->file), verdicts->json->out, at,
				verdict_value, &fill);
}

char *pp_json_put_judgement(struct pp_json_verdicts *verdicts, char *at, const struct pp_judgement *judged,
			    const struct pp_json_subject *subject)
{
	if (judged->verdict.rule)
		at = put_verdict(verdicts, pp_json_put(at, ",\"verdict\":"), &judged->verdict, subject);
	if (!judged->also_count)
		return at;
	at = pp_json_put(at, ",\"also\":[");
	for (unsigned i = 0, written = 0; i < judged->also_count; i++) {
		if (!judged->also[i].rule)
			continue;
		*at = ',';
		at = put_verdict(verdicts, at + (written++ > 0), &judged->also[i], subject);
	}
	return pp_json_put(at, "]");
}

void pp_json_verdict(struct pp_json_verdicts *verdicts, const char *key, const struct pp_verdict *verdict,
		     const struct pp_json_subject *subject)
{
	struct pp_json *json = verdicts->json;

	if (!verdict->rule)
		return;
	pp_json_key(json, key);
	pp_out_until(json->out, put_verdict(verdicts, pp_out_room(json->out, 0), verdict, subject));
}

void pp_json_verdicts_init(struct pp_json_verdicts *verdicts, struct pp_json *json, struct pp_templates *templates,
			   const char *const *paths, unsigned path_count)
{
	verdicts->json = json;
	verdicts->templates = templates;
	verdicts->paths = paths;
	verdicts->path_count = path_count;
	verdicts->server = (struct pp_endpoint_addr){ .port = 0 };
	verdicts->server_len = 0;
}

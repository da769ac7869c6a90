#include "report/json_verdict.h"

#include "report/phrase.h"

void pp_json_domain_owner_grade(struct pp_json *json, const struct pp_verdict *verdict)
{
	pp_json_constant(json, "domain", pp_domain_name(verdict->domain));
	pp_json_constant(json, "owner", pp_owner_name(verdict->owner));
	if (verdict->grade != PP_GRADE_NONE)
		pp_json_constant(json, "grade", pp_grade_name(verdict->grade));
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
		pp_template_message(templates, "why_not", alternative->why_not, pp_phrase_verdict_value);
		pp_json_object_end(json);
	}
	pp_json_list_end(json);
}

/* Places of a verdict's template beside those of its messages. */
enum { PLACE_EVIDENCE = 100, PLACE_FILTER };

/* All of a verdict but its values. */
static const struct pp_template *new_verdict_template(struct pp_templates *templates, const struct pp_template_key *key,
						      const struct pp_verdict *v)
{
	struct pp_json *json = pp_template_new(templates, key);

	pp_json_object(json, NULL);
	pp_json_constant(json, "rule", v->rule->id);
	pp_json_constant(json, "name", v->rule->name);
	pp_json_constant(json, "outcome", pp_outcome_name(v->outcome));
	pp_json_domain_owner_grade(json, v);
	pp_template_message(templates, "summary", v->rule->summary, pp_phrase_verdict_value);
	pp_json_list(json, "evidence");
	pp_template_place(templates, PLACE_EVIDENCE);
	pp_json_list_end(json);
	alternatives(templates, v);
	pp_template_message(templates, "next_test", v->next_test ? v->next_test : v->rule->next_test,
			    pp_phrase_verdict_value);
	pp_template_message(templates, "remedy", v->rule->remedy, pp_phrase_verdict_value);
	pp_template_place(templates, PLACE_FILTER);
	pp_json_object_end(json);
	return pp_template_keep(templates);
}

static const struct pp_template *verdict_template(struct pp_templates *templates, const struct pp_verdict *v)
{
	struct pp_template_key key; /* only what counts is set */
	const struct pp_template *template;

	static_assert(3 + 2 * PP_ALTERNATIVES_MAX <= PP_TEMPLATE_WORDS, "a verdict's key fits");
	key.count = 3;
	key.word[0] = (uintptr_t)v->rule;
	key.word[1] = (uintptr_t)v->next_test;
	key.word[2] = (uintptr_t)((unsigned)v->outcome << 24 | (unsigned)v->grade << 16 | (unsigned)v->domain << 8 |
				  (unsigned)v->owner);
	for (unsigned i = 0; i < v->alternative_count; i++) {
		key.word[key.count++] = (uintptr_t)v->alternatives[i].rule;
		key.word[key.count++] = (uintptr_t)v->alternatives[i].why_not;
	}
	template = pp_template_find(templates, &key);
	return template ? template : new_verdict_template(templates, &key, v);
}

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

static char *verdict_value(const void *context, char *at, int value)
{
	const struct verdict_fill *fill = context;
	const char *text;
	char *end;

	if (value == PLACE_EVIDENCE)
		return pp_json_put_evidence(&fill->verdicts->evidence, at, fill->verdict->evidence,
					    fill->verdict->evidence_count, fill->subject->file);
	if (value == PLACE_FILTER)
		return put_filter(fill, at);
	text = pp_phrase_verdict_text(fill->verdict, value);
	if (text)
		return pp_template_put_text(fill->verdicts->json->out, at, text);
	end = pp_phrase_put_verdict(at, PP_ENGLISH, fill->verdict, value);
	return end > at ? end : NULL;
}

static char *put_verdict(struct pp_json_verdicts *verdicts, char *at, const struct pp_verdict *verdict,
			 const struct pp_json_subject *subject)
{
	const struct verdict_fill fill = { verdicts, verdict, subject };

	return pp_template_fill(verdict_template(verdicts->templates, verdict), verdicts->json->out, at, verdict_value,
				&fill);
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
	pp_json_evidence_init(&verdicts->evidence, json, paths, path_count);
}

void pp_json_verdicts_done(struct pp_json_verdicts *verdicts) { pp_json_evidence_done(&verdicts->evidence); }

#include "report/jsonl.h"

#include "report/host.h"
#include "report/json_facts.h"
#include "report/names.h"
#include "report/phrase.h"

#include <string.h>

static const char *path_of(const struct pp_jsonl *jsonl, uint16_t file)
{
	return file < jsonl->path_count ? jsonl->paths[file] : NULL;
}

/* ---- Evidence ---- */

static bool evidence_value(const void *context, struct pp_line *line, int value)
{
	pp_phrase_fill_evidence(line, PP_ENGLISH, context, value);
	return pp_phrase_evidence_is_plain(value);
}

static const struct pp_template *new_evidence_template(struct pp_templates *templates, const char *message)
{
	const struct pp_template_key key = { { (uintptr_t)message } };
	const struct pp_template *template = pp_template_find(templates, &key);

	if (template)
		return template;
	(void)pp_template_new(templates, &key);
	pp_template_message(templates, "what", message, pp_phrase_evidence_value);
	return pp_template_keep(templates);
}

static const struct pp_template *evidence_template(struct pp_jsonl *jsonl, const struct pp_evidence *evidence)
{
	const char *message = pp_phrase_evidence_message(PP_ENGLISH, evidence);
	const struct pp_template *template;

	if (jsonl->latest.message[evidence->kind] == message && jsonl->latest.generation == jsonl->templates.generation)
		return jsonl->latest.template[evidence->kind];
	template = new_evidence_template(&jsonl->templates, message);
	if (jsonl->latest.generation != jsonl->templates.generation) {
		memset(&jsonl->latest, 0, sizeof(jsonl->latest));
		jsonl->latest.generation = jsonl->templates.generation;
	}
	jsonl->latest.message[evidence->kind] = message;
	jsonl->latest.template[evidence->kind] = template;
	return template;
}

static void evidence(struct pp_jsonl *jsonl, const struct pp_evidence *evidence, uint16_t file)
{
	struct pp_json *json = &jsonl->json;
	const struct pp_filler filler = { evidence_value, NULL, evidence };
	bool elsewhere = pp_seen(evidence->mark) && evidence->mark.file != file;
	char *at = pp_json_put(pp_out_room(json->out, PP_JSON_MEMBER), json->comma ? ",{" : "{");

	if (elsewhere) {
		pp_out_until(json->out, at);
		json->comma = false;
		pp_json_text(json, "file", path_of(jsonl, evidence->mark.file));
		at = pp_json_put(pp_out_room(json->out, PP_JSON_MEMBER), ",");
	}
	if (pp_seen(evidence->mark)) {
		at = pp_digits(pp_json_put(at, "\"packet\":"), evidence->mark.packet);
		*at++ = ',';
	}
	pp_out_until(json->out, at);
	pp_template_fill(evidence_template(jsonl, evidence), json->out, &filler);
	pp_out_char(json->out, '}');
	json->comma = true;
}

/* ---- Verdicts, alike in all records ---- */

static void domain_owner_grade(struct pp_json *json, const struct pp_verdict *verdict)
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
enum { PART_EVIDENCE = PP_TEMPLATE_PARTS, PART_FILTER };

/* All of a verdict but its values. */
static const struct pp_template *new_verdict_template(struct pp_templates *templates, const struct pp_template_key *key,
						      const struct pp_verdict *v)
{
	struct pp_json *json = pp_template_new(templates, key);

	pp_json_object(json, NULL);
	pp_json_constant(json, "rule", v->rule->id);
	pp_json_constant(json, "name", v->rule->name);
	pp_json_constant(json, "outcome", pp_outcome_name(v->outcome));
	domain_owner_grade(json, v);
	pp_template_message(templates, "summary", v->rule->summary, pp_phrase_verdict_value);
	pp_json_list(json, "evidence");
	pp_template_place(templates, PART_EVIDENCE);
	pp_json_list_end(json);
	alternatives(templates, v);
	pp_template_message(templates, "next_test", v->next_test ? v->next_test : v->rule->next_test,
			    pp_phrase_verdict_value);
	pp_template_message(templates, "remedy", v->rule->remedy, pp_phrase_verdict_value);
	pp_template_place(templates, PART_FILTER);
	pp_json_object_end(json);
	return pp_template_keep(templates);
}

static const struct pp_template *verdict_template(struct pp_templates *templates, const struct pp_verdict *v)
{
	struct pp_template_key key = { { (uintptr_t)v->rule, (uintptr_t)v->next_test,
					 (uintptr_t)((unsigned)v->outcome << 24 | (unsigned)v->grade << 16 |
						     (unsigned)v->domain << 8 | (unsigned)v->owner) } };
	const struct pp_template *template;

	_Static_assert(3 + 2 * PP_ALTERNATIVES_MAX <= PP_TEMPLATE_WORDS, "a verdict's key fits");
	for (unsigned i = 0; i < v->alternative_count; i++) {
		key.word[3 + 2 * i] = (uintptr_t)v->alternatives[i].rule;
		key.word[4 + 2 * i] = (uintptr_t)v->alternatives[i].why_not;
	}
	template = pp_template_find(templates, &key);
	return template ? template : new_verdict_template(templates, &key, v);
}

/* What packet numbers refer to, and how Wireshark shows what the verdict is about: a stream, a filter or nothing. */
struct subject {
	uint16_t file;
	const uint32_t *stream;
	const struct pp_line *filter;
};

struct verdict_fill {
	struct pp_jsonl *jsonl;
	const struct pp_verdict *verdict;
	const struct subject *subject;
};

static bool verdict_value(const void *context, struct pp_line *line, int value)
{
	const struct verdict_fill *fill = context;

	pp_phrase_fill_verdict(line, PP_ENGLISH, fill->verdict, value);
	return pp_phrase_verdict_is_plain(fill->verdict, value);
}

static void wireshark_filter(struct pp_json *json, const struct subject *subject)
{
	char *at;

	if (subject->stream) {
		at = pp_json_put(pp_out_room(json->out, PP_JSON_MEMBER), ",\"wireshark_filter\":\"tcp.stream eq ");
		at = pp_digits(at, *subject->stream);
		*at = '"';
		pp_out_until(json->out, at + 1);
	} else if (subject->filter) {
		json->comma = true;
		pp_json_text(json, "wireshark_filter", subject->filter->text);
	}
}

static void verdict_part(const void *context, struct pp_out *out, int part)
{
	const struct verdict_fill *fill = context;
	struct pp_json *json = &fill->jsonl->json;

	(void)out;
	if (part == PART_FILTER) {
		wireshark_filter(json, fill->subject);
		return;
	}
	json->comma = false;
	for (unsigned i = 0; i < fill->verdict->evidence_count; i++)
		evidence(fill->jsonl, &fill->verdict->evidence[i], fill->subject->file);
}

static void verdict(struct pp_jsonl *jsonl, const char *key, const struct pp_verdict *v, const struct subject *subject)
{
	const struct verdict_fill fill = { jsonl, v, subject };
	const struct pp_filler filler = { verdict_value, verdict_part, &fill };

	if (!v->rule)
		return;
	pp_json_key(&jsonl->json, key);
	pp_template_fill(verdict_template(&jsonl->templates, v), jsonl->json.out, &filler);
	jsonl->json.comma = true;
}

static void judgement(struct pp_jsonl *jsonl, const struct pp_judgement *judged, const struct subject *subject)
{
	verdict(jsonl, "verdict", &judged->verdict, subject);
	if (!judged->also_count)
		return;
	pp_json_list(&jsonl->json, "also");
	for (unsigned i = 0; i < judged->also_count; i++)
		verdict(jsonl, NULL, &judged->also[i], subject);
	pp_json_list_end(&jsonl->json);
}

static void attribution(struct pp_json *json, const struct pp_attribution *who)
{
	pp_json_object(json, "endpoint");
	pp_json_text(json, "host", who->host);
	pp_json_constant(json, "category", who->category); /* as long as the catalogue */
	pp_json_constant(json, "pattern", who->pattern);
	pp_json_constant(json, "by", pp_attributed_by_name(who->by));
	pp_json_object_end(json);
}

/* ---- capture ---- */

static void link_types(struct pp_json *json, const struct pp_source_info *source)
{
	struct pp_line line;

	pp_json_list(json, "link_types");
	for (unsigned i = 0; i < source->link_type_count; i++) {
		pp_line_start(&line);
		pp_name_link_type(&line, source->link_types[i]);
		pp_json_text(json, NULL, line.text);
	}
	pp_json_list_end(json);
}

static void undecoded_layers(struct pp_json *json, const struct pp_capture *capture)
{
	if (!capture->unknown_count)
		return;
	pp_json_list(json, "undecoded_layers");
	for (unsigned i = 0; i < capture->unknown_count; i++) {
		pp_json_object(json, NULL);
		pp_json_text(json, "layer", capture->unknown[i].layer);
		pp_json_u64(json, "packets", capture->unknown[i].frames);
		pp_json_object_end(json);
	}
	pp_json_list_end(json);
}

static void damage(struct pp_json *json, const struct pp_source_info *source)
{
	if (!source->damaged)
		return;
	pp_json_object(json, "damage");
	pp_json_u64(json, "offset", source->damage_offset);
	pp_json_text(json, "what", source->damage);
	pp_json_object_end(json);
}

static enum pp_err on_capture(void *context, const struct pp_capture *capture, const struct pp_limits_hit *limits)
{
	struct pp_jsonl *jsonl = context;
	struct pp_json *json = &jsonl->json;
	const struct pp_source_info *source = capture->source;

	pp_json_record(json, "capture");
	pp_json_text(json, "file", source->path);
	pp_json_text(json, "format", source->format);
	pp_json_text(json, "compression", source->compression);
	pp_json_u64(json, "packets", source->packets);
	pp_json_u64(json, "bytes", source->bytes);
	pp_json_time(json, "first", source->first);
	pp_json_time(json, "last", source->last);
	link_types(json, source);
	if (source->dropped_known)
		pp_json_u64(json, "dropped", source->dropped);
	damage(json, source);
	pp_json_u64(json, "duplicates", capture->duplicates);
	pp_json_u64(json, "snapped", source->snapped);
	pp_json_u64(json, "undecoded", capture->undecoded);
	undecoded_layers(json, capture);
	pp_json_u64(json, "flows", capture->flows);
	pp_json_notes(json, source->notes);
	pp_json_list(json, "limits_hit");
	for (unsigned i = 0; i < limits->n; i++)
		pp_json_text(json, NULL, limits->name[i]);
	pp_json_list_end(json);
	pp_json_end(json);
	return json->out->err;
}

/* ---- flow ---- */

static void flow_head(struct pp_jsonl *jsonl, const struct pp_connection *conn)
{
	struct pp_json *json = &jsonl->json;
	const struct pp_tcp_side *client = &conn->tcp.side[PP_CLIENT], *server = &conn->tcp.side[PP_SERVER];
	char *at;

	pp_json_constant(json, "file", path_of(jsonl, conn->file)); /* as long as this writer */
	at = pp_out_room(json->out, 3 * PP_JSON_MEMBER);
	at = pp_json_put_u64(at, "stream", conn->stream);
	at = pp_json_put_u64(at, "first_packet", conn->first.packet);
	pp_out_until(json->out, pp_json_put_u64(at, "last_packet", conn->last.packet));
	if (conn->last.file != conn->file)
		pp_json_text(json, "last_file", path_of(jsonl, conn->last.file));
	at = pp_out_room(json->out, 8 * PP_JSON_MEMBER);
	at = pp_json_put_time(json, at, "first", conn->first.ts);
	at = pp_json_put_ms(at, "duration_ms", conn->last.ts - conn->first.ts);
	at = pp_json_put_endpoint(at, "client", &conn->client);
	at = pp_json_put_endpoint(at, "server", &conn->server);
	at = pp_json_put_sides(at, "packets", client->packets, server->packets);
	pp_out_until(json->out, pp_json_put_sides(at, "bytes", client->bytes, server->bytes));
}

/* The last component of a path of either system. */
static const char *file_name(const char *path)
{
	const char *name = path;

	for (; path && *path; path++)
		if ((*path == '/' || *path == '\\') && path[1])
			name = path + 1;
	return name;
}

static void process(struct pp_json *json, const struct pp_process *process)
{
	if (!process)
		return;
	pp_json_object(json, "process");
	pp_json_u64(json, "pid", process->pid);
	pp_json_text(json, "exe", file_name(process->path));
	pp_json_text(json, "path", process->path);
	pp_json_text(json, "service", process->unit);
	pp_json_object_end(json);
}

static enum pp_err on_connection(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
				 const struct pp_judgement *judged)
{
	struct pp_jsonl *jsonl = context;
	struct pp_json *json = &jsonl->json;
	const struct subject subject = { .file = conn->file, .stream = &conn->stream };

	pp_json_record(json, "flow");
	flow_head(jsonl, conn);
	pp_json_tcp(json, &conn->tcp);
	pp_json_connects(json, conn->http);
	pp_json_tls(json, &jsonl->templates, conn->tls);
	pp_json_http(json, conn->http);
	attribution(json, who);
	process(json, conn->process);
	if (conn->protocol) {
		pp_json_object(json, "protocol");
		pp_json_text(json, "ndpi", conn->protocol);
		pp_json_object_end(json);
	}
	judgement(jsonl, judged, &subject);
	pp_json_end(json);
	return json->out->err;
}

/* ---- lookup, endpoint, expectation, conclusion ---- */

static enum pp_err on_lookup(void *context, const struct pp_lookup *lookup, const struct pp_attribution *who,
			     const struct pp_judgement *judged)
{
	struct pp_jsonl *jsonl = context;
	struct pp_json *json = &jsonl->json;
	struct pp_line line;

	pp_json_record(json, "lookup");
	pp_json_text(json, "file", path_of(jsonl, lookup->first.file));
	pp_json_endpoint(json, "client", &lookup->client);
	pp_json_endpoint(json, "resolver", &lookup->resolver);
	pp_json_text(json, "name", lookup->name);
	pp_json_u64(json, "queries", pp_lookup_queries(lookup));
	pp_line_start(&line);
	pp_name_lookup_status(&line, lookup);
	pp_json_text(json, "status", line.text);
	pp_json_list(json, "addresses");
	for (unsigned i = 0; i < lookup->address_count; i++)
		pp_json_addr(json, NULL, &lookup->addresses[i]);
	pp_json_list_end(json);
	pp_json_list(json, "aliases");
	for (unsigned i = 0; i < lookup->alias_count; i++)
		pp_json_text(json, NULL, lookup->aliases[i]);
	pp_json_list_end(json);
	pp_json_ms(json, "rtt_ms", pp_lookup_rtt(lookup));
	pp_json_u64(json, "first_packet", lookup->first.packet);
	pp_json_time(json, "first", lookup->first.ts);
	attribution(json, who);
	pp_line_start(&line);
	pp_filter_lookup(&line, lookup->name);
	judgement(jsonl, judged, &(struct subject){ .file = lookup->first.file, .filter = &line });
	pp_json_end(json);
	return json->out->err;
}

static enum pp_err on_endpoint(void *context, const struct pp_endpoint *endpoint)
{
	struct pp_jsonl *jsonl = context;
	struct pp_json *json = &jsonl->json;
	struct subject subject = { .file = endpoint->file };
	struct pp_line filter;

	pp_json_record(json, "endpoint");
	pp_json_text(json, "host", endpoint->host);
	pp_json_text(json, "category", endpoint->category);
	pp_json_u64(json, "flows", endpoint->flows);
	pp_json_u64(json, "failed", endpoint->failed);
	pp_json_u64(json, "succeeded", endpoint->succeeded);
	pp_json_list(json, "paths");
	if (endpoint->direct)
		pp_json_text(json, NULL, "direct");
	if (endpoint->proxy)
		pp_json_text(json, NULL, "proxy");
	pp_json_list_end(json);
	pp_line_start(&filter);
	if (endpoint->by_lookup) {
		pp_filter_lookup(&filter, endpoint->host);
		subject.filter = &filter;
		pp_json_text(json, "file", path_of(jsonl, endpoint->file));
	} else if (endpoint->flows) {
		subject.stream = &endpoint->stream;
		pp_json_text(json, "file", path_of(jsonl, endpoint->file));
		pp_json_u64(json, "stream", endpoint->stream);
	}
	verdict(jsonl, "verdict", endpoint->verdict, &subject);
	pp_json_end(json);
	return json->out->err;
}

static enum pp_err on_expectation(void *context, const struct pp_expectation *expectation)
{
	static const char *const seen[] = {
		[PP_SEEN_OK] = "ok",
		[PP_SEEN_FAULT] = "fault",
		[PP_SEEN_NEVER] = "never_contacted",
	};
	struct pp_jsonl *jsonl = context;
	struct pp_json *json = &jsonl->json;

	pp_json_record(json, "expectation");
	pp_json_text(json, "category", expectation->category);
	pp_json_bool(json, "required", expectation->required);
	pp_json_text(json, "seen", seen[expectation->seen]);
	pp_json_list(json, "endpoints");
	for (unsigned i = 0; i < expectation->endpoint_count; i++)
		pp_json_text(json, NULL, expectation->endpoints[i]);
	pp_json_list_end(json);
	pp_json_end(json);
	return json->out->err;
}

static enum pp_err on_conclusion(void *context, const struct pp_conclusion *conclusion)
{
	struct pp_jsonl *jsonl = context;
	struct pp_json *json = &jsonl->json;
	const struct subject none = { .file = 0 };
	struct pp_line summary;

	pp_line_start(&summary);
	pp_phrase_conclusion(&summary, PP_ENGLISH, conclusion);
	pp_json_record(json, "conclusion");
	pp_json_constant(json, "outcome", pp_outcome_name(conclusion->outcome));
	domain_owner_grade(json, &conclusion->verdict);
	if (conclusion->verdict.rule)
		pp_json_constant(json, "rule", conclusion->verdict.rule->id);
	pp_json_text(json, "summary", summary.text);
	pp_json_list(json, "faults");
	for (unsigned i = 0; i < conclusion->fault_count; i++)
		pp_json_text(json, NULL, conclusion->faults[i]);
	pp_json_list_end(json);
	if (conclusion->machine_count) {
		pp_json_list(json, "machine");
		for (unsigned i = 0; i < conclusion->machine_count; i++)
			verdict(jsonl, NULL, &conclusion->machine[i], &none);
		pp_json_list_end(json);
	}
	pp_json_u64(json, "exit_status", (uint64_t)conclusion->exit_status);
	pp_json_end(json);
	return json->out->err;
}

void pp_jsonl_init(struct pp_jsonl *jsonl, struct pp_out *out, const char *const *paths, unsigned path_count)
{
	pp_json_init(&jsonl->json, out);
	pp_templates_init(&jsonl->templates);
	memset(&jsonl->latest, 0, sizeof(jsonl->latest));
	jsonl->paths = paths;
	jsonl->path_count = path_count;
	jsonl->visitor = (struct pp_visitor){
		.context = jsonl,
		.capture = on_capture,
		.connection = on_connection,
		.lookup = on_lookup,
		.endpoint = on_endpoint,
		.expectation = on_expectation,
		.conclusion = on_conclusion,
	};
}

void pp_jsonl_done(struct pp_jsonl *jsonl) { pp_templates_done(&jsonl->templates); }

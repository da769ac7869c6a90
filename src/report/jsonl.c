#include "report/jsonl.h"

#include "report/host.h"
#include "report/json_facts.h"
#include "report/names.h"
#include "report/phrase.h"

static const char *path_of(const struct pp_jsonl *jsonl, uint16_t file)
{
	return file < jsonl->path_count ? jsonl->paths[file] : NULL;
}

/* The category is never unknown. */
static char *put_attribution(struct pp_json *json, char *at, const struct pp_attribution *who)
{
	const char *by = pp_attributed_by_name(who->by);

	at = pp_json_put(pp_out_more(json->out, at, 5 * PP_JSON_MEMBER), ",\"endpoint\":{");
	if (who->host)
		at = pp_json_put(pp_json_put_string(json, pp_json_put(at, "\"host\":"), who->host), ",");
	at = pp_json_put_constant(json, pp_json_put(at, "\"category\":"), who->category); /* as long as the catalogue */
	if (who->pattern)
		at = pp_json_put_constant(json, pp_json_put_key(at, "pattern"), who->pattern);
	if (by)
		at = pp_json_put_constant(json, pp_json_put_key(at, "by"), by);
	return pp_json_put(at, "}");
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

static char *put_flow_head(struct pp_jsonl *jsonl, char *at, const struct pp_connection *conn)
{
	const struct pp_tcp_side *client = &conn->tcp.side[PP_CLIENT], *server = &conn->tcp.side[PP_SERVER];
	const char *file = path_of(jsonl, conn->file), *last_file = path_of(jsonl, conn->last.file);
	struct pp_json *json = &jsonl->json;

	if (file)
		at = pp_json_put_constant(json, pp_json_put_key(at, "file"), file); /* as long as this writer */
	at = pp_json_put_u64(at, "stream", conn->stream);
	at = pp_json_put_u64(at, "first_packet", conn->first.packet);
	at = pp_json_put_u64(at, "last_packet", conn->last.packet);
	if (conn->last.file != conn->file)
		at = pp_json_put_text(json, at, "last_file", last_file);
	at = pp_json_put_time(json, at, "first", conn->first.ts);
	at = pp_json_put_ms(at, "duration_ms", conn->last.ts - conn->first.ts);
	at = pp_json_put_endpoint(json, at, "client", &conn->client);
	at = pp_json_put_endpoint(json, at, "server", &conn->server);
	at = pp_json_put_sides(at, "packets", client->packets, server->packets);
	return pp_json_put_sides(at, "bytes", client->bytes, server->bytes);
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

static char *put_process(struct pp_json *json, char *at, const struct pp_process *process)
{
	if (!process)
		return at;
	at = pp_json_put(pp_out_more(json->out, at, 5 * PP_JSON_MEMBER), ",\"process\":{\"pid\":");
	at = pp_digits(at, process->pid);
	at = pp_json_put_text(json, at, "exe", file_name(process->path));
	at = pp_json_put_text(json, at, "path", process->path);
	at = pp_json_put_text(json, at, "service", process->unit);
	return pp_json_put(at, "}");
}

static enum pp_err on_connection(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
				 const struct pp_judgement *judged)
{
	struct pp_jsonl *jsonl = context;
	struct pp_json *json = &jsonl->json;
	const struct pp_json_subject subject = { .file = conn->file, .stream = &conn->stream };
	char *at = pp_out_room(json->out, PP_OUT_PIECE);

	at = pp_json_put(at, "{\"record\":\"flow\",\"schema\":" PP_JSON_SCHEMA);
	at = put_flow_head(jsonl, at, conn);
	at = pp_json_put_tcp(json, at, &conn->tcp);
	if (conn->http)
		at = pp_json_put_connects(json, at, conn->http);
	if (conn->tls)
		at = pp_json_put_tls(json, &jsonl->templates, at, conn->tls);
	if (conn->http)
		at = pp_json_put_http(json, at, conn->http);
	at = put_attribution(json, at, who);
	at = put_process(json, at, conn->process);
	at = pp_out_more(json->out, at, PP_OUT_PIECE);
	if (conn->protocol)
		at = pp_json_put(pp_json_put_string(json, pp_json_put(at, ",\"protocol\":{\"ndpi\":"), conn->protocol),
				 "}");
	at = pp_json_put_judgement(&jsonl->verdicts, at, judged, &subject);
	pp_out_until(json->out, pp_json_put(at, "}\n"));
	return json->out->err;
}

/* ---- lookup, endpoint, expectation, conclusion ---- */

static enum pp_err on_lookup(void *context, const struct pp_lookup *lookup, const struct pp_attribution *who,
			     const struct pp_judgement *judged)
{
	struct pp_jsonl *jsonl = context;
	struct pp_json *json = &jsonl->json;
	struct pp_line line;
	char *at;

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
	pp_line_start(&line);
	pp_filter_lookup(&line, lookup->name);
	at = put_attribution(json, pp_out_room(json->out, PP_OUT_PIECE), who);
	at = pp_out_more(json->out, at, PP_OUT_PIECE);
	at = pp_json_put_judgement(&jsonl->verdicts, at, judged,
				   &(struct pp_json_subject){ .file = lookup->first.file, .filter = line.text });
	pp_out_until(json->out, at);
	pp_json_end(json);
	return json->out->err;
}

static enum pp_err on_endpoint(void *context, const struct pp_endpoint *endpoint)
{
	struct pp_jsonl *jsonl = context;
	struct pp_json *json = &jsonl->json;
	struct pp_json_subject subject = { .file = endpoint->file };
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
		subject.filter = filter.text;
		pp_json_text(json, "file", path_of(jsonl, endpoint->file));
	} else if (endpoint->flows) {
		subject.stream = &endpoint->stream;
		pp_json_text(json, "file", path_of(jsonl, endpoint->file));
		pp_json_u64(json, "stream", endpoint->stream);
	}
	pp_json_verdict(&jsonl->verdicts, "verdict", endpoint->verdict, &subject);
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
	const struct pp_json_subject none = { .file = 0 };
	struct pp_line summary;

	pp_line_start(&summary);
	pp_phrase_conclusion(&summary, PP_ENGLISH, conclusion);
	pp_json_record(json, "conclusion");
	pp_json_constant(json, "outcome", pp_outcome_name(conclusion->outcome));
	pp_json_domain_owner_grade(json, &conclusion->verdict);
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
			pp_json_verdict(&jsonl->verdicts, NULL, &conclusion->machine[i], &none);
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
	pp_json_verdicts_init(&jsonl->verdicts, &jsonl->json, &jsonl->templates, paths, path_count);
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

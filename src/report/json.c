#include "report/json.h"

#include "report/escape.h"

#include <assert.h>

enum { SCHEMA = 1 };

static void quoted(struct pp_out *out, const char *text)
{
	pp_out_char(out, '"');
	pp_escape_json(out, text);
	pp_out_char(out, '"');
}

static void member(struct pp_json *json, const char *key)
{
	if (json->comma)
		pp_out_char(json->out, ',');
	json->comma = true;
	if (key) {
		quoted(json->out, key);
		pp_out_char(json->out, ':');
	}
}

static void open(struct pp_json *json, const char *key, char bracket)
{
	member(json, key);
	pp_out_char(json->out, bracket);
	json->comma = false;
	json->depth++;
}

static void close(struct pp_json *json, char bracket)
{
	assert(json->depth > 0);
	pp_out_char(json->out, bracket);
	json->comma = true;
	json->depth--;
}

void pp_json_init(struct pp_json *json, struct pp_out *out) { *json = (struct pp_json){ .out = out }; }

void pp_json_record(struct pp_json *json, const char *record)
{
	assert(json->depth == 0);
	json->comma = false;
	open(json, NULL, '{');
	pp_json_text(json, "record", record);
	pp_json_u64(json, "schema", SCHEMA);
}

void pp_json_end(struct pp_json *json)
{
	close(json, '}');
	assert(json->depth == 0);
	pp_out_char(json->out, '\n');
}

void pp_json_object(struct pp_json *json, const char *key) { open(json, key, '{'); }

void pp_json_object_end(struct pp_json *json) { close(json, '}'); }

void pp_json_list(struct pp_json *json, const char *key) { open(json, key, '['); }

void pp_json_list_end(struct pp_json *json) { close(json, ']'); }

void pp_json_text(struct pp_json *json, const char *key, const char *text)
{
	if (!text)
		return;
	member(json, key);
	quoted(json->out, text);
}

void pp_json_u64(struct pp_json *json, const char *key, uint64_t value)
{
	member(json, key);
	pp_out_u64(json->out, value);
}

void pp_json_bool(struct pp_json *json, const char *key, bool value)
{
	member(json, key);
	pp_out_text(json->out, value ? "true" : "false");
}

void pp_json_time(struct pp_json *json, const char *key, int64_t ns)
{
	char text[PP_TIME_TEXT];

	if (ns == PP_TIME_NONE)
		return;
	pp_time_format(ns, text);
	if (text[0])
		pp_json_text(json, key, text);
}

void pp_json_ms(struct pp_json *json, const char *key, int64_t ns)
{
	if (ns < 0)
		return;
	member(json, key);
	pp_out_decimal(json->out, ns, 6);
}

void pp_json_addr(struct pp_json *json, const char *key, const struct pp_addr *addr)
{
	char text[PP_ADDR_TEXT];

	if (!pp_addr_is_set(addr))
		return;
	pp_addr_format(addr, text);
	pp_json_text(json, key, text);
}

void pp_json_endpoint(struct pp_json *json, const char *key, const struct pp_endpoint_addr *endpoint)
{
	pp_json_object(json, key);
	pp_json_addr(json, "ip", &endpoint->ip);
	pp_json_u64(json, "port", endpoint->port);
	pp_json_object_end(json);
}

#include "report/json.h"

#include "report/escape.h"

#include <assert.h>

enum { SCHEMA = 1 };

void pp_json_open(struct pp_json *json, char bracket)
{
	pp_out_char(json->out, bracket);
	json->comma = false;
	json->depth++;
}

void pp_json_close(struct pp_json *json, char bracket)
{
	assert(json->depth > 0);
	pp_out_char(json->out, bracket);
	json->comma = true;
	json->depth--;
}

void pp_json_init(struct pp_json *json, struct pp_out *out)
{
	*json = (struct pp_json){ .out = out, .date.day = INT64_MIN };
}

void pp_json_record(struct pp_json *json, const char *record)
{
	assert(json->depth == 0);
	json->comma = false;
	pp_json_object(json, NULL);
	pp_json_text(json, "record", record);
	pp_json_u64(json, "schema", SCHEMA);
}

void pp_json_end(struct pp_json *json)
{
	pp_json_close(json, '}');
	assert(json->depth == 0);
	pp_out_char(json->out, '\n');
}

void pp_json_text_value(struct pp_json *json, const char *text)
{
	pp_out_char(json->out, '"');
	pp_escape_json(json->out, text);
	pp_out_char(json->out, '"');
}

static void plain_value(struct pp_json *json, const char *text, size_t len)
{
	char *at = pp_out_room(json->out, len + 2);

	*at++ = '"';
	memcpy(at, text, len);
	at += len;
	*at++ = '"';
	pp_out_until(json->out, at);
}

void pp_json_constant_value(struct pp_json *json, const char *text)
{
	uint32_t hash = (uint32_t)((uintptr_t)text * UINT32_C(0x9e3779b1)) >> (32 - PP_JSON_PLAIN_BITS);
	struct pp_json_plain *plain = &json->plain[hash];

	if (plain->text != text) {
		size_t len = strlen(text);

		if (len > PP_JSON_PLAIN_MAX || pp_escape_plain(text, len) < len) {
			pp_json_text_value(json, text);
			return;
		}
		*plain = (struct pp_json_plain){ text, len };
	}
	plain_value(json, text, plain->len);
}

void pp_json_time(struct pp_json *json, const char *key, int64_t ns)
{
	int64_t rest, day = pp_time_day(ns, &rest);
	char *at;

	if (ns == PP_TIME_NONE)
		return;
	if (day != json->date.day) {
		json->date.day = day;
		json->date.len = (size_t)(pp_time_date(day, json->date.text) - json->date.text);
	}
	if (json->date.len == 0)
		return;
	pp_json_key(json, key);
	at = pp_out_room(json->out, PP_TIME_TEXT);
	*at++ = '"';
	memcpy(at, json->date.text, PP_TIME_DATE);
	at = pp_time_clock(rest, at + PP_TIME_DATE);
	*at++ = '"';
	pp_out_until(json->out, at);
}

void pp_json_ms(struct pp_json *json, const char *key, int64_t ns)
{
	if (ns < 0)
		return;
	pp_json_key(json, key);
	pp_out_decimal(json->out, ns, 6);
}

void pp_json_addr(struct pp_json *json, const char *key, const struct pp_addr *addr)
{
	char *at;

	if (!pp_addr_is_set(addr))
		return;
	pp_json_key(json, key);
	at = pp_out_room(json->out, PP_ADDR_TEXT + 2);
	*at++ = '"';
	at = pp_addr_format(addr, at);
	*at++ = '"';
	pp_out_until(json->out, at);
}

void pp_json_endpoint(struct pp_json *json, const char *key, const struct pp_endpoint_addr *endpoint)
{
	pp_json_object(json, key);
	pp_json_addr(json, "ip", &endpoint->ip);
	pp_json_u64(json, "port", endpoint->port);
	pp_json_object_end(json);
}

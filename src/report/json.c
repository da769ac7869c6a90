#include "report/json.h"

#include "report/escape.h"

#include <assert.h>

/* A text up to here fits into the room of its member, with a key. */
enum { SHORT_TEXT = 64 };

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
	*json = (struct pp_json){ .out = out, .latest.second = INT64_MIN };
}

void pp_json_record(struct pp_json *json, const char *record)
{
	assert(json->depth == 0);
	json->comma = false;
	pp_json_object(json, NULL);
	pp_json_text(json, "record", record);
	pp_out_text(json->out, ",\"schema\":" PP_JSON_SCHEMA);
}

void pp_json_end(struct pp_json *json)
{
	pp_json_close(json, '}');
	assert(json->depth == 0);
	pp_out_char(json->out, '\n');
}

char *pp_json_put_string(struct pp_json *json, char *at, const char *text)
{
	size_t len = strlen(text);

	*at++ = '"';
	if (len <= SHORT_TEXT && pp_escape_plain(text, len) == len) {
		memcpy(at, text, len);
		at += len;
	} else {
		pp_out_until(json->out, at);
		pp_escape_json(json->out, text);
		at = pp_out_room(json->out, PP_OUT_PIECE);
	}
	*at = '"';
	return at + 1;
}

char *pp_json_put_constant(struct pp_json *json, char *at, const char *text)
{
	uint32_t hash = (uint32_t)((uintptr_t)text * UINT32_C(0x9e3779b1)) >> (32 - PP_JSON_PLAIN_BITS);
	struct pp_json_plain *plain = &json->plain[hash];

	if (plain->text != text) {
		size_t len = strlen(text);

		if (len > PP_JSON_PLAIN_MAX - 2 || pp_escape_plain(text, len) < len)
			return pp_json_put_string(json, at, text);
		(void)pp_json_put_string(json, plain->quoted, text);
		plain->len = len + 2;
		plain->text = text;
	}
	memcpy(at, plain->quoted, PP_JSON_PLAIN_MAX);
	return at + plain->len;
}

char *pp_json_put_time(struct pp_json *json, char *at, const char *key, int64_t ns)
{
	uint32_t rest;
	int64_t second = pp_time_seconds(ns, &rest);

	if (ns == PP_TIME_NONE)
		return at;
	if (second != json->latest.second) {
		json->latest.second = second;
		json->latest.known = pp_time_whole(second, json->latest.text) > json->latest.text;
	}
	if (!json->latest.known)
		return at;
	at = pp_json_put_key(at, key);
	*at++ = '"';
	memcpy(at, json->latest.text, PP_TIME_WHOLE);
	return pp_json_put(pp_digits_padded(at + PP_TIME_WHOLE, rest, 9), "Z\"");
}

char *pp_json_put_ms(char *at, const char *key, int64_t ns)
{
	return ns < 0 ? at : pp_digits_decimal(pp_json_put_key(at, key), (uint64_t)ns, 6);
}

static char *put_addr(char *at, const struct pp_addr *addr)
{
	*at = '"';
	at = pp_addr_format(addr, at + 1);
	*at = '"';
	return at + 1;
}

char *pp_json_put_endpoint(char *at, const char *key, const struct pp_endpoint_addr *endpoint)
{
	at = pp_json_put_key(at, key);
	if (pp_addr_is_set(&endpoint->ip))
		at = pp_json_put(put_addr(pp_json_put(at, "{\"ip\":"), &endpoint->ip), ",\"port\":");
	else
		at = pp_json_put(at, "{\"port\":");
	at = pp_digits(at, endpoint->port);
	*at = '}';
	return at + 1;
}

/* ---- The same one by one ---- */

/* What was put begins with a comma, which may not be due. */
static void take(struct pp_json *json, char *begin, char *end)
{
	if (end == begin)
		return;
	if (!json->comma)
		memmove(begin, begin + 1, (size_t)(--end - begin));
	json->comma = true;
	pp_out_until(json->out, end);
}

void pp_json_time(struct pp_json *json, const char *key, int64_t ns)
{
	char *at = pp_out_room(json->out, PP_JSON_MEMBER);

	take(json, at, pp_json_put_time(json, at, key, ns));
}

void pp_json_ms(struct pp_json *json, const char *key, int64_t ns)
{
	char *at = pp_out_room(json->out, PP_JSON_MEMBER);

	take(json, at, pp_json_put_ms(at, key, ns));
}

void pp_json_endpoint(struct pp_json *json, const char *key, const struct pp_endpoint_addr *endpoint)
{
	char *at = pp_out_room(json->out, PP_JSON_MEMBER);

	take(json, at, pp_json_put_endpoint(at, key, endpoint));
}

void pp_json_addr(struct pp_json *json, const char *key, const struct pp_addr *addr)
{
	if (!pp_addr_is_set(addr))
		return;
	pp_json_key(json, key);
	pp_out_until(json->out, put_addr(pp_out_room(json->out, PP_ADDR_TEXT + 2), addr));
}

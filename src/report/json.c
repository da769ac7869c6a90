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

static void new_second(struct pp_json *json, int64_t ns);

void pp_json_init(struct pp_json *json, struct pp_out *out)
{
	*json = (struct pp_json){ .out = out };
	new_second(json, 0);
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
	if (len <= SHORT_TEXT && pp_escape_copy(at, text, len)) {
		at += len;
	} else {
		pp_out_until(json->out, at);
		pp_escape_json(json->out, text);
		at = pp_out_room(json->out, PP_OUT_PIECE);
	}
	*at = '"';
	return at + 1;
}

/* Two that fall on one place do not drive each other out: the second has the next place. */
char *pp_json_put_new_constant(struct pp_json *json, char *at, const char *text, struct pp_json_plain *plain)
{
	struct pp_json_plain *next = &json->plain[(size_t)(plain - json->plain) ^ 1];
	size_t len;

	if (next->text == text) {
		memcpy(at, next->quoted, PP_JSON_PLAIN_MAX);
		return at + next->len;
	}
	if (plain->text)
		plain = next;
	len = strlen(text);
	if (len <= PP_JSON_PLAIN_MAX - 2 && pp_escape_plain(text, len) == len) {
		plain->text = text;
		plain->len = (size_t)(pp_json_put_string(json, plain->quoted, text) - plain->quoted);
	}
	return pp_json_put_string(json, at, text);
}

char *pp_json_put_new_addr(char *at, const struct pp_addr *addr, struct pp_json_addr *kept)
{
	kept->addr = *addr;
	kept->len = (size_t)(pp_addr_format(addr, kept->text) - kept->text);
	memcpy(at, kept->text, sizeof(kept->text));
	return at + kept->len;
}

char *pp_json_put_place(struct pp_json *json, char *at, const struct pp_endpoint_addr *endpoint)
{
	if (pp_addr_is_set(&endpoint->ip))
		at = pp_json_put(pp_json_put_addr(json, pp_json_put(at, "{\"ip\":\""), &endpoint->ip), "\",\"port\":");
	else
		at = pp_json_put(at, "{\"port\":");
	return pp_json_put(pp_digits(at, endpoint->port), "}");
}

static void new_second(struct pp_json *json, int64_t ns)
{
	uint32_t rest;
	int64_t second = pp_time_seconds(ns, &rest);

	json->latest.begin = (int64_t)((uint64_t)ns - rest); /* wraps for the first second there is */
	json->latest.known = pp_time_whole(second, json->latest.text) > json->latest.text;
}

char *pp_json_put_instant(struct pp_json *json, char *at, int64_t ns)
{
	if (ns == PP_TIME_NONE)
		return NULL;
	if ((uint64_t)ns - (uint64_t)json->latest.begin >= PP_SECOND)
		new_second(json, ns);
	if (!json->latest.known)
		return NULL;
	*at++ = '"';
	memcpy(at, json->latest.text, PP_TIME_WHOLE);
	return pp_json_put(pp_digits_nine(at + PP_TIME_WHOLE, (uint32_t)((uint64_t)ns - (uint64_t)json->latest.begin)),
			   "Z\"");
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

	take(json, at, pp_json_put_endpoint(json, at, key, endpoint));
}

void pp_json_addr(struct pp_json *json, const char *key, const struct pp_addr *addr)
{
	char *at;

	if (!pp_addr_is_set(addr))
		return;
	pp_json_key(json, key);
	at = pp_json_put(pp_out_room(json->out, PP_JSON_MEMBER), "\"");
	pp_out_until(json->out, pp_json_put(pp_json_put_addr(json, at, addr), "\""));
}

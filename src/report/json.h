/* json: JSON written as it is said: nothing is built up, nothing is allocated.
 *
 * Shape   pp_json_record() to pp_json_end() make one line.  `key` NULL is an element of a list.  A text that is NULL or
 *         a time that is PP_TIME_NONE is unknown and writes nothing: absent knowledge is an absent field.
 *         Keys are literals that need no escaping; what takes one is inline so that the compiler measures it.
 * Source  RFC 8259; CONTRACT "JSON Lines" for the forms of times, addresses and milliseconds.
 */
#ifndef PP_REPORT_JSON_H
#define PP_REPORT_JSON_H

#include "base/addr.h"
#include "base/time.h"
#include "report/out.h"

#define PP_JSON_SCHEMA "1"

enum { PP_JSON_PLAIN_BITS = 8, PP_JSON_PLAIN_MAX = 48 };

/* A short constant text that needs no escaping, known by its address. */
struct pp_json_plain {
	const char *text;
	size_t len;
	char quoted[PP_JSON_PLAIN_MAX]; /* "text" with its quotes, `len` bytes */
};

/* An address as text: lines are about few clients, and say the server's more than once. */
enum { PP_JSON_ADDR_BITS = 5 };
struct pp_json_addr {
	struct pp_addr addr;
	size_t len; /* 0: none yet */
	char text[PP_ADDR_TEXT + 2];
};

struct pp_json {
	struct pp_out *out;
	bool comma; /* something stands before the next member */
	unsigned depth;
	struct {
		int64_t begin; /* of the second, ns */
		bool known;    /* false: a year that is not written */
		char text[PP_TIME_WHOLE];
	} latest;                                            /* time */
	struct pp_json_addr addrs[1 << PP_JSON_ADDR_BITS];   /* by a hash of the address; the last one stays */
	struct pp_json_plain plain[1 << PP_JSON_PLAIN_BITS]; /* by a hash of the address, or beside it */
};

void pp_json_init(struct pp_json *json, struct pp_out *out);
void pp_json_record(struct pp_json *json, const char *record); /* {"record":…,"schema":1 */
void pp_json_end(struct pp_json *json);                        /* } and the end of the line */

/* What stands before a value: the comma that is due, and the key unless it is NULL. */
static inline void pp_json_key(struct pp_json *json, const char *key)
{
	size_t len = key ? strlen(key) : 0;
	char *at = pp_out_room(json->out, len + sizeof(",\"\":"));

	*at = ',';
	at += json->comma;
	json->comma = true;
	if (key) {
		*at++ = '"';
		memcpy(at, key, len);
		at += len;
		*at++ = '"';
		*at++ = ':';
	}
	pp_out_until(json->out, at);
}

/* ---- Many members in one go (out.h) ----
 * They write at `at` and return where they ended; the caller has asked for room, PP_JSON_MEMBER for each and at most
 * PP_OUT_PIECE together.  A longer text makes its own and then room for PP_OUT_PIECE again.  Something stands before
 * the first. */
enum { PP_JSON_MEMBER = 96 };

static inline char *pp_json_put(char *at, const char *literal)
{
	size_t len = strlen(literal);

	memcpy(at, literal, len);
	return at + len;
}

static inline char *pp_json_put_key(char *at, const char *key)
{
	at = pp_json_put(pp_json_put(at, ",\""), key);
	return pp_json_put(at, "\":");
}

static inline char *pp_json_put_u64(char *at, const char *key, uint64_t value)
{
	return pp_digits(pp_json_put_key(at, key), value);
}

static inline char *pp_json_put_bool(char *at, const char *key, bool value)
{
	at = pp_json_put_key(at, key);
	memcpy(at, value ? "true " : "false", strlen("false"));
	return at + strlen("false") - value;
}

/* Two of them as an object: {"client":…,"server":…}. */
static inline char *pp_json_put_sides(char *at, const char *key, uint64_t client, uint64_t server)
{
	at = pp_digits(pp_json_put(pp_json_put_key(at, key), "{\"client\":"), client);
	at = pp_digits(pp_json_put(at, ",\"server\":"), server);
	*at = '}';
	return at + 1;
}

/* Values without keys. */
char *pp_json_put_string(struct pp_json *json, char *at, const char *text); /* "text" */
char *pp_json_put_new_constant(struct pp_json *json, char *at, const char *text, struct pp_json_plain *plain);
char *pp_json_put_new_addr(char *at, const struct pp_addr *addr, struct pp_json_addr *kept);
char *pp_json_put_instant(struct pp_json *json, char *at, int64_t ns); /* NULL: unknown */
char *pp_json_put_place(struct pp_json *json, char *at,
			const struct pp_endpoint_addr *endpoint); /* {"ip":…,"port":…} */

/* "text", see pp_json_constant(). */
static inline char *pp_json_put_constant(struct pp_json *json, char *at, const char *text)
{
	uint32_t hash = (uint32_t)((uintptr_t)text * UINT32_C(0x9e3779b1)) >> (32 - PP_JSON_PLAIN_BITS);
	struct pp_json_plain *plain = &json->plain[hash];

	if (plain->text != text)
		return pp_json_put_new_constant(json, at, text, plain);
	memcpy(at, plain->quoted, PP_JSON_PLAIN_MAX);
	return at + plain->len;
}

/* Without quotes. */
static inline char *pp_json_put_addr(struct pp_json *json, char *at, const struct pp_addr *addr)
{
	struct pp_addr_words words = pp_addr_words(addr);
	uint64_t hash = (words.high ^ words.low) * UINT64_C(0x9e3779b97f4a7c15);
	struct pp_json_addr *kept = &json->addrs[hash >> (64 - PP_JSON_ADDR_BITS)];

	if (!pp_addr_equal(&kept->addr, addr) || kept->len == 0)
		return pp_json_put_new_addr(at, addr, kept);
	memcpy(at, kept->text, sizeof(kept->text));
	return at + kept->len;
}

static inline char *pp_json_put_text(struct pp_json *json, char *at, const char *key, const char *text)
{
	return text ? pp_json_put_string(json, pp_json_put_key(at, key), text) : at;
}

static inline char *pp_json_put_time(struct pp_json *json, char *at, const char *key, int64_t ns)
{
	char *end = pp_json_put_instant(json, pp_json_put_key(at, key), ns);

	return end ? end : at;
}

/* Milliseconds; negative is unknown. */
static inline char *pp_json_put_ms(char *at, const char *key, int64_t ns)
{
	return ns < 0 ? at : pp_digits_decimal(pp_json_put_key(at, key), (uint64_t)ns, 6);
}

static inline char *pp_json_put_endpoint(struct pp_json *json, char *at, const char *key,
					 const struct pp_endpoint_addr *endpoint)
{
	return pp_json_put_place(json, pp_json_put_key(at, key), endpoint);
}

void pp_json_open(struct pp_json *json, char bracket);
void pp_json_close(struct pp_json *json, char bracket);

static inline void pp_json_object(struct pp_json *json, const char *key)
{
	pp_json_key(json, key);
	pp_json_open(json, '{');
}

static inline void pp_json_object_end(struct pp_json *json) { pp_json_close(json, '}'); }

static inline void pp_json_list(struct pp_json *json, const char *key)
{
	pp_json_key(json, key);
	pp_json_open(json, '[');
}

static inline void pp_json_list_end(struct pp_json *json) { pp_json_close(json, ']'); }

static inline void pp_json_text(struct pp_json *json, const char *key, const char *text)
{
	if (!text)
		return;
	pp_json_key(json, key);
	pp_out_until(json->out, pp_json_put_string(json, pp_out_room(json->out, PP_JSON_MEMBER), text));
}

/* The same for a text that lives as long as the program: what is found out about it once is remembered. */
static inline void pp_json_constant(struct pp_json *json, const char *key, const char *text)
{
	if (!text)
		return;
	pp_json_key(json, key);
	pp_out_until(json->out, pp_json_put_constant(json, pp_out_room(json->out, PP_JSON_MEMBER), text));
}

static inline void pp_json_u64(struct pp_json *json, const char *key, uint64_t value)
{
	pp_json_key(json, key);
	pp_out_u64(json->out, value);
}

static inline void pp_json_bool(struct pp_json *json, const char *key, bool value)
{
	pp_json_key(json, key);
	pp_out_text(json->out, value ? "true" : "false");
}

void pp_json_time(struct pp_json *json, const char *key, int64_t ns);
void pp_json_ms(struct pp_json *json, const char *key, int64_t ns); /* milliseconds; negative is unknown */
void pp_json_addr(struct pp_json *json, const char *key, const struct pp_addr *addr);
void pp_json_endpoint(struct pp_json *json, const char *key, const struct pp_endpoint_addr *endpoint);

#endif

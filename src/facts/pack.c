#include "facts/pack.h"

#include <stddef.h>
#include <string.h>

/* One member of a struct that refers to something outside it. */
enum member_kind {
	MEMBER_TEXT, /* const char *, NUL-terminated or NULL */
	MEMBER_SPAN, /* struct pp_span */
	MEMBER_LIST, /* pointer to an array of `of` structs, their number in an unsigned at `count_at`; or to one */
	MEMBER_CERTIFICATE, /* a certificate; one that belongs to the run stays a pointer */
};

struct shape;

struct member {
	enum member_kind kind;
	size_t at;
	size_t repeat;          /* an array of that many such members */
	const struct shape *of; /* MEMBER_LIST */
	size_t count_at;        /* MEMBER_LIST; ONE: a pointer to a single struct */
};

struct shape {
	size_t size;
	const struct member *members;
	size_t member_count;
};

#define ONE SIZE_MAX
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define TEXT(type, name)                                                                                               \
	{                                                                                                              \
		MEMBER_TEXT, offsetof(type, name), 1, NULL, 0                                                          \
	}
#define TEXTS(type, name, n)                                                                                           \
	{                                                                                                              \
		MEMBER_TEXT, offsetof(type, name), n, NULL, 0                                                          \
	}
#define SPAN(type, name)                                                                                               \
	{                                                                                                              \
		MEMBER_SPAN, offsetof(type, name), 1, NULL, 0                                                          \
	}
#define LIST(type, name, shape, count)                                                                                 \
	{                                                                                                              \
		MEMBER_LIST, offsetof(type, name), 1, shape, offsetof(type, count)                                     \
	}
#define POINTER(type, name, shape)                                                                                     \
	{                                                                                                              \
		MEMBER_LIST, offsetof(type, name), 1, shape, ONE                                                       \
	}
#define REPLY(type)                                                                                                    \
	TEXT(type, reply.reason), TEXTS(type, reply.schemes, PP_SCHEMES_MAX), TEXT(type, reply.server),                \
	    TEXT(type, reply.via), TEXT(type, reply.x_squid_error), TEXT(type, reply.proxy_agent),                     \
	    TEXT(type, reply.location), TEXT(type, reply.date), TEXT(type, reply.content_type)

static const struct member connect_members[] = {
	TEXT(struct pp_connect, host),
	TEXT(struct pp_connect, user_agent),
	REPLY(struct pp_connect),
};
static const struct shape connect_shape = { sizeof(struct pp_connect), connect_members, COUNT(connect_members) };

static const struct member exchange_members[] = {
	TEXT(struct pp_http_exchange, method), TEXT(struct pp_http_exchange, host),
	TEXT(struct pp_http_exchange, target), TEXT(struct pp_http_exchange, user_agent),
	REPLY(struct pp_http_exchange),
};
static const struct shape exchange_shape = { sizeof(struct pp_http_exchange), exchange_members,
					     COUNT(exchange_members) };

static const struct member http_members[] = {
	LIST(struct pp_http_facts, connects, &connect_shape, connect_count),
	LIST(struct pp_http_facts, exchanges, &exchange_shape, exchange_count),
};
static const struct shape http_shape = { sizeof(struct pp_http_facts), http_members, COUNT(http_members) };

static const struct member certificate_members[] = {
	TEXT(struct pp_tls_certificate, subject),    TEXT(struct pp_tls_certificate, issuer),
	TEXT(struct pp_tls_certificate, issuer_cn),  TEXT(struct pp_tls_certificate, issuer_o),
	TEXT(struct pp_tls_certificate, subject_cn), TEXTS(struct pp_tls_certificate, names, PP_TLS_NAMES_MAX),
};
static const struct shape certificate_shape = { sizeof(struct pp_tls_certificate), certificate_members,
						COUNT(certificate_members) };

static const struct member tls_members[] = {
	TEXT(struct pp_tls_facts, sni),
	TEXTS(struct pp_tls_facts, alpn, PP_TLS_ALPN_MAX),
	TEXT(struct pp_tls_facts, selected_alpn),
	{ MEMBER_CERTIFICATE, offsetof(struct pp_tls_facts, certificates), PP_TLS_CERTIFICATES_MAX, &certificate_shape,
	  0 },
};
static const struct shape tls_shape = { sizeof(struct pp_tls_facts), tls_members, COUNT(tls_members) };

static const struct member connection_members[] = {
	POINTER(struct pp_connection, http, &http_shape),
	POINTER(struct pp_connection, tls, &tls_shape),
	TEXT(struct pp_connection, protocol),
	SPAN(struct pp_connection, server_head),
	SPAN(struct pp_connection, client_head),
};
static const struct shape connection_shape = { sizeof(struct pp_connection), connection_members,
					       COUNT(connection_members) };

/* ------------------------------------------------------------------ images */

enum { WORD = 8, MAP_BITS = 64, IMAGE_WORDS_MAX = 4 * MAP_BITS, AT_ONCE = 4 };

/* The next word, if it is not zero: written, and its bit set. */
static inline void pack_word(uint8_t **to, uint64_t word, uint64_t *bits, size_t at)
{
	if (word == 0)
		return;
	memcpy(*to, &word, WORD);
	*to += WORD;
	*bits |= UINT64_C(1) << at;
}

/* Writes the words of `from` that are not zero, at most MAP_BITS of them, and says which they are.  Most are zero, and
 * neighbours together. */
static uint64_t pack_words(uint8_t **to, const uint8_t *from, size_t count)
{
	uint64_t bits = 0, word[AT_ONCE];
	size_t at = 0;

	for (; at + AT_ONCE <= count; at += AT_ONCE) {
		memcpy(word, from + at * WORD, sizeof(word));
		if ((word[0] | word[1] | word[2] | word[3]) == 0)
			continue;
		for (size_t k = 0; k < AT_ONCE; k++)
			pack_word(to, word[k], &bits, at + k);
	}
	for (; at < count; at++) {
		memcpy(word, from + at * WORD, WORD);
		pack_word(to, word[0], &bits, at);
	}
	return bits;
}

/* Sizes are compile-time constants of this file, all multiples of a word (the compiler pads to pointer alignment). */
static enum pp_err pack_image(struct pp_buf *out, const void *image, size_t size)
{
	size_t words = size / WORD, map_bytes = (words + MAP_BITS - 1) / MAP_BITS * WORD;
	const uint8_t *from = image;
	enum pp_err err = pp_buf_reserve(out, map_bytes + size);
	uint8_t *map, *to;

	if (err != PP_OK)
		return err;
	map = out->p + out->len;
	to = map + map_bytes;
	for (size_t begin = 0; begin < words; begin += MAP_BITS, map += WORD, from += MAP_BITS * WORD) {
		size_t left = words - begin;
		uint64_t bits = left >= MAP_BITS ? pack_words(&to, from, MAP_BITS) : pack_words(&to, from, left);

		memcpy(map, &bits, WORD);
	}
	out->len = (size_t)(to - out->p);
	return PP_OK;
}

static size_t bits_set(uint64_t bits)
{
	bits -= bits >> 1 & UINT64_C(0x5555555555555555);
	bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
	bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (size_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

/* The image's memory is zero. */
static void unpack_image(struct pp_cur *cur, void *image, size_t size)
{
	size_t words = size / WORD, maps = (words + MAP_BITS - 1) / MAP_BITS, set = 0;
	struct pp_span map = pp_cur_take(cur, maps * WORD), from;
	uint64_t bits[IMAGE_WORDS_MAX / MAP_BITS] = { 0 };
	uint8_t *to = image;
	const uint8_t *at;

	if (map.len == 0)
		return;
	memcpy(bits, map.p, map.len);
	for (size_t i = 0; i < maps; i++)
		set += bits_set(bits[i]);
	from = pp_cur_take(cur, set * WORD);
	if (from.len == 0 || (words % MAP_BITS && bits[maps - 1] >> words % MAP_BITS))
		return;
	at = from.p;
	for (size_t i = 0; i < maps; i++, to += MAP_BITS * WORD) {
		for (uint64_t left = bits[i]; left; left &= left - 1, at += WORD)
			memcpy(to + (size_t)__builtin_ctzll(left) * WORD, at, WORD);
	}
}

/* ------------------------------------------------------------------ walking */

static size_t list_count(const struct member *member, const uint8_t *object)
{
	unsigned count;

	if (member->count_at == ONE)
		return 1;
	memcpy(&count, object + member->count_at, sizeof(count));
	return count;
}

static enum pp_err pack_object(struct pp_buf *out, const struct shape *shape, const void *object);

static enum pp_err pack_text(struct pp_buf *out, const uint8_t *at)
{
	const char *text;

	memcpy(&text, at, sizeof(text));
	return text ? pp_buf_add(out, text, strlen(text) + 1) : PP_OK;
}

static enum pp_err pack_span(struct pp_buf *out, const uint8_t *at)
{
	struct pp_span span;

	memcpy(&span, at, sizeof(span));
	return span.p ? pp_buf_add(out, span.p, span.len) : PP_OK;
}

static enum pp_err pack_list(struct pp_buf *out, const struct member *member, const uint8_t *object)
{
	const uint8_t *list;
	enum pp_err err = PP_OK;

	memcpy(&list, object + member->at, sizeof(list));
	for (size_t i = 0; list && i < list_count(member, object) && err == PP_OK; i++)
		err = pack_object(out, member->of, list + i * member->of->size);
	return err;
}

enum { KEPT = 'k', PACKED = 'p' };

static enum pp_err pack_certificate(struct pp_buf *out, const struct member *member, const uint8_t *at)
{
	const struct pp_tls_certificate *certificate;
	char how;
	enum pp_err err;

	memcpy(&certificate, at, sizeof(certificate));
	if (!certificate)
		return PP_OK;
	how = certificate->shared ? KEPT : PACKED;
	err = pp_buf_add(out, &how, 1);
	return err == PP_OK && how == PACKED ? pack_object(out, member->of, certificate) : err;
}

static enum pp_err pack_member(struct pp_buf *out, const struct member *member, size_t repeat, const uint8_t *object)
{
	const uint8_t *at = object + member->at + repeat * sizeof(char *);

	switch (member->kind) {
	case MEMBER_TEXT:
		return pack_text(out, at);
	case MEMBER_SPAN:
		return pack_span(out, at);
	case MEMBER_LIST:
		return pack_list(out, member, object);
	case MEMBER_CERTIFICATE:
		return pack_certificate(out, member, at);
	}
	return PP_UNSUPPORTED;
}

static enum pp_err pack_object(struct pp_buf *out, const struct shape *shape, const void *object)
{
	enum pp_err err = pack_image(out, object, shape->size);

	for (size_t i = 0; i < shape->member_count && err == PP_OK; i++) {
		for (size_t n = 0; n < shape->members[i].repeat && err == PP_OK; n++)
			err = pack_member(out, &shape->members[i], n, object);
	}
	return err;
}

static enum pp_err unpack_object(struct pp_cur *cur, struct pp_arena *arena, const struct shape *shape, void *object);

static enum pp_err unpack_text(struct pp_cur *cur, uint8_t *at)
{
	struct pp_cur ahead = *cur;
	struct pp_span rest = pp_cur_rest(&ahead), taken;
	const char *text;

	memcpy(&text, at, sizeof(text));
	if (!text)
		return PP_OK;
	taken = pp_cur_take(cur, rest.len ? strnlen((const char *)rest.p, rest.len) + 1 : 1);
	if (taken.len == 0)
		return PP_MALFORMED;
	text = (const char *)taken.p;
	memcpy(at, &text, sizeof(text));
	return PP_OK;
}

static enum pp_err unpack_span(struct pp_cur *cur, uint8_t *at)
{
	struct pp_span span;

	memcpy(&span, at, sizeof(span));
	if (!span.p)
		return PP_OK;
	span = pp_cur_take(cur, span.len);
	memcpy(at, &span, sizeof(span));
	return PP_OK;
}

static enum pp_err unpack_list(struct pp_cur *cur, struct pp_arena *arena, const struct member *member, uint8_t *object)
{
	size_t count = list_count(member, object);
	uint8_t *list;
	enum pp_err err = PP_OK;

	memcpy(&list, object + member->at, sizeof(list));
	if (!list)
		return PP_OK;
	list = pp_arena_alloc(arena, count * member->of->size);
	if (!list)
		return PP_NOMEM;
	memcpy(object + member->at, &list, sizeof(list));
	for (size_t i = 0; i < count && err == PP_OK; i++)
		err = unpack_object(cur, arena, member->of, list + i * member->of->size);
	return err;
}

static enum pp_err unpack_certificate(struct pp_cur *cur, struct pp_arena *arena, const struct member *member,
				      uint8_t *at)
{
	uint8_t *certificate;

	memcpy(&certificate, at, sizeof(certificate));
	if (!certificate || pp_cur_u8(cur) == KEPT)
		return cur->err;
	certificate = pp_arena_alloc(arena, member->of->size);
	if (!certificate)
		return PP_NOMEM;
	memcpy(at, &certificate, sizeof(certificate));
	return unpack_object(cur, arena, member->of, certificate);
}

static enum pp_err unpack_member(struct pp_cur *cur, struct pp_arena *arena, const struct member *member, size_t repeat,
				 uint8_t *object)
{
	uint8_t *at = object + member->at + repeat * sizeof(char *);

	switch (member->kind) {
	case MEMBER_TEXT:
		return unpack_text(cur, at);
	case MEMBER_SPAN:
		return unpack_span(cur, at);
	case MEMBER_LIST:
		return unpack_list(cur, arena, member, object);
	case MEMBER_CERTIFICATE:
		return unpack_certificate(cur, arena, member, at);
	}
	return PP_UNSUPPORTED;
}

static enum pp_err unpack_object(struct pp_cur *cur, struct pp_arena *arena, const struct shape *shape, void *object)
{
	enum pp_err err = PP_OK;

	unpack_image(cur, object, shape->size);
	for (size_t i = 0; i < shape->member_count && err == PP_OK; i++) {
		for (size_t n = 0; n < shape->members[i].repeat && err == PP_OK && pp_cur_ok(cur); n++)
			err = unpack_member(cur, arena, &shape->members[i], n, object);
	}
	return err != PP_OK ? err : cur->err;
}

enum pp_err pp_pack_connection(struct pp_buf *out, const struct pp_connection *conn)
{
	_Static_assert(sizeof(struct pp_connection) % WORD == 0 && sizeof(struct pp_http_facts) % WORD == 0 &&
			   sizeof(struct pp_tls_facts) % WORD == 0 && sizeof(struct pp_connect) % WORD == 0 &&
			   sizeof(struct pp_http_exchange) % WORD == 0 && sizeof(struct pp_tls_certificate) % WORD == 0,
		       "images are whole words");
	_Static_assert(sizeof(struct pp_connection) <= IMAGE_WORDS_MAX * WORD &&
			   sizeof(struct pp_tls_facts) <= IMAGE_WORDS_MAX * WORD,
		       "the largest images fit their map");

	return pack_object(out, &connection_shape, conn);
}

enum pp_err pp_unpack_connection(struct pp_span bytes, struct pp_arena *arena, struct pp_connection **ret_conn)
{
	struct pp_cur cur = pp_cur_span(bytes, PP_MALFORMED);
	struct pp_connection *conn = pp_arena_alloc(arena, sizeof(*conn));
	enum pp_err err;

	if (!conn)
		return PP_NOMEM;
	err = unpack_object(&cur, arena, &connection_shape, conn);
	if (err == PP_OK)
		err = pp_cur_finish(&cur);
	if (err == PP_OK)
		*ret_conn = conn;
	return err;
}

#include "facts/pack.h"

#include "facts/layout.h"

#include <string.h>

struct unpacker {
	struct pp_cur cur;
	struct pp_arena *arena;
	const struct pp_patterns *patterns;
	struct pp_image_base base;
	uint64_t marks[PART + PART_MARKS_MAX];
};

/* ------------------------------------------------------------------ structs */

#define TAKE_MARKS(T, from, to)                                                                                        \
	for (size_t i = 0; i < MARKS(T, from, to); i++)                                                                \
		marks[i] = pp_image_take(&in, unpacker->marks[*as++]);                                                 \
	pp_image_set_marks((struct pp_mark *)(void *)AT(T, from), marks, MARKS(T, from, to), unpacker->base);          \
	marks += MARKS(T, from, to);
#define TAKE_WORDS(T, from, to)                                                                                        \
	for (size_t i = 0; i < BYTES(T, from, to); i += IMAGE_WORD)                                                    \
		set_word(AT(T, from) + i, pp_image_take(&in, pp_image_word(USUAL(T, from) + i)));
#define TAKE_REPEATED(T, from, to)                                                                                     \
	for (size_t i = 0; i < BYTES(T, from, to); i += IMAGE_WORD)                                                    \
		set_word(AT(T, from) + i, pp_image_take(&in, pp_image_word(AT(T, from) + i - IMAGE_WORD)));
#define TAKE_WHOLE(T, from, to)                                                                                        \
	memcpy(AT(T, from), at, BYTES(T, from, to));                                                                   \
	at += BYTES(T, from, to);
#define TAKE_FIXED(T, from, to)                                                                                        \
	{                                                                                                              \
		at = pp_cur_fixed(&unpacker->cur, BYTES(T, from, to));                                                 \
		if (!at)                                                                                               \
			return 0;                                                                                      \
		TAKE_WHOLE(T, from, to)                                                                                \
	}
#define TAKE_CHANGED(T, from, to)                                                                                      \
	if (head >> bit++ & 1)                                                                                         \
		TAKE_FIXED(T, from, to)                                                                                \
	else                                                                                                           \
		memcpy(AT(T, from), USUAL(T, from), BYTES(T, from, to));
#define TAKE_IF_SET(T, from, to)                                                                                       \
	if (head >> bit++ & 1)                                                                                         \
	TAKE_FIXED(T, from, to)

PP_IMAGE void set_word(uint8_t *to, uint64_t word) { memcpy(to, &word, sizeof(word)); }

/* As many words as there are bits. */
static inline bool skip_words(struct unpacker *unpacker, uint64_t given)
{
	pp_cur_skip(&unpacker->cur, (size_t)__builtin_popcountll(given) * IMAGE_WORD);
	return pp_cur_ok(&unpacker->cur);
}

/* take_…() reads a struct into memory that is zero and gives its references' bits: none when the bytes do not suffice. */
#define TAKE(name, LIST, T, first, refs_at, refs_max, part, apart)                                                     \
	PP_SELDOM static bool take_far_##name(struct unpacker *unpacker, uint8_t *object, uint64_t *ret_head)          \
	{                                                                                                              \
		const uint8_t *at = pp_cur_fixed(&unpacker->cur, IMAGE_WORD + name##_far);                             \
                                                                                                                       \
		if (!at)                                                                                               \
			return false;                                                                                  \
		*ret_head = pp_image_word(at);                                                                         \
		at += IMAGE_WORD;                                                                                      \
		LIST(TAKE_WHOLE, TAKE_WHOLE, TAKE_WHOLE, NOTHING, NOTHING, NOTHING, T)                                 \
		memset(unpacker->marks + (part), 0, name##_marks * sizeof(unpacker->marks[0]));                        \
		return true;                                                                                           \
	}                                                                                                              \
	PP_APART static void take_near_##name(struct unpacker *unpacker, uint8_t *object, const uint8_t *usual,        \
					      struct pp_image_in in)                                                   \
	{                                                                                                              \
		const uint8_t *as = name##_as;                                                                         \
		uint64_t *marks = unpacker->marks + (part);                                                            \
                                                                                                                       \
		LIST(TAKE_MARKS, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, T)                                       \
		LIST(NOTHING, TAKE_WORDS, TAKE_REPEATED, NOTHING, NOTHING, NOTHING, T)                                 \
		(void)marks;                                                                                           \
		(void)as;                                                                                              \
	}                                                                                                              \
	static uint64_t take_##name(struct unpacker *unpacker, T *to)                                                  \
	{                                                                                                              \
		uint8_t *object = (uint8_t *)to;                                                                       \
		const uint8_t *front = pp_cur_fixed(&unpacker->cur, IMAGE_WORD), *usual;                               \
		uint64_t given = front ? pp_image_word(front) : 0, head = 0;                                           \
		unsigned kind = given >> KIND_AT & (KINDS - 1), bit = 0;                                               \
		struct pp_image_in in = { unpacker->cur.p, given };                                                    \
		bool far = given & FAR;                                                                                \
                                                                                                                       \
		const uint8_t *at;                                                                                     \
                                                                                                                       \
		if (!front || !(far ? take_far_##name(unpacker, object, &head)                                         \
				    : skip_words(unpacker, given >> (64 - name##_given))))                             \
			return 0;                                                                                      \
		at = pp_cur_fixed(&unpacker->cur, name##_varying * IMAGE_WORD);                                        \
		if (name##_varying > 0 && !at)                                                                         \
			return 0;                                                                                      \
		usual = (const uint8_t *)&unpacker->patterns->name.plain[kind];                                        \
		if (!far)                                                                                              \
			head = pp_image_take(&in, unpacker->patterns->name.head[kind]);                                \
		LIST(NOTHING, NOTHING, NOTHING, TAKE_WHOLE, NOTHING, NOTHING, T)                                       \
		LIST(NOTHING, NOTHING, NOTHING, NOTHING, TAKE_CHANGED, TAKE_IF_SET, T)                                 \
		if (!far)                                                                                              \
			take_near_##name(unpacker, object, usual, in);                                                 \
		(void)bit;                                                                                             \
		return head >> name##_bits & ((UINT64_C(1) << (refs_max)) - 1);                                        \
	}

IMAGES(TAKE)

/* ------------------------------------------------------------------ what they refer to */

static const char *unpack_text(struct unpacker *unpacker)
{
	struct pp_cur ahead = unpacker->cur;
	struct pp_span rest = pp_cur_rest(&ahead), taken;

	taken = pp_cur_take(&unpacker->cur, rest.len ? strnlen((const char *)rest.p, rest.len) + 1 : 1);
	return taken.len ? (const char *)taken.p : NULL;
}

static void unpack_texts(struct unpacker *unpacker, const char **texts, uint64_t refs)
{
	for (; refs && pp_cur_ok(&unpacker->cur); refs &= refs - 1)
		texts[__builtin_ctzll(refs)] = unpack_text(unpacker);
}

static void *make(struct unpacker *unpacker, size_t count, size_t size)
{
	void *made = pp_cur_ok(&unpacker->cur) ? pp_arena_alloc(unpacker->arena, count * size) : NULL;

	if (!made)
		pp_cur_fail(&unpacker->cur, PP_NOMEM);
	return made;
}

static const struct pp_tls_certificate *unpack_certificate(struct unpacker *unpacker)
{
	struct pp_tls_certificate *certificate;
	struct pp_span taken;
	uint64_t names = 0;

	if (pp_cur_u8(&unpacker->cur)) {
		const struct pp_tls_certificate *kept = NULL;

		taken = pp_cur_take(&unpacker->cur, sizeof(kept));
		memcpy(&kept, taken.p, taken.len);
		return kept;
	}
	certificate = make(unpacker, 1, sizeof(*certificate));
	if (!certificate)
		return NULL;
	unpack_texts(unpacker, &certificate->subject, take_certificate(unpacker, certificate));
	taken = pp_cur_take(&unpacker->cur, sizeof(names));
	memcpy(&names, taken.p, taken.len);
	unpack_texts(unpacker, certificate->names, names);
	return certificate;
}

static const struct pp_tls_facts *unpack_tls(struct unpacker *unpacker)
{
	struct pp_tls_facts *tls = make(unpacker, 1, sizeof(*tls));
	const char **texts;
	uint64_t refs;

	if (!tls)
		return NULL;
	refs = take_tls(unpacker, tls);
	texts = &tls->sni;
	for (uint64_t known = texts_known(refs); known; known &= known - 1)
		texts[__builtin_ctzll(known) / 2] = refs & known & -known ? pp_tls_http_1_1 : pp_tls_h2;
	for (uint64_t here = texts_here(refs); here && pp_cur_ok(&unpacker->cur); here &= here - 1)
		texts[__builtin_ctzll(here) / 2] = unpack_text(unpacker);
	for (refs >>= TLS_TEXT_BITS; refs && pp_cur_ok(&unpacker->cur); refs &= refs - 1)
		tls->certificates[__builtin_ctzll(refs)] = unpack_certificate(unpacker);
	return tls;
}

static const struct pp_http_facts *unpack_http(struct unpacker *unpacker)
{
	struct pp_http_facts *http = make(unpacker, 1, sizeof(*http));
	uint64_t refs;

	if (!http)
		return NULL;
	refs = take_http(unpacker, http);
	if (refs & 1)
		http->connects = make(unpacker, http->connect_count, sizeof(*http->connects));
	for (unsigned i = 0; http->connects && i < http->connect_count && pp_cur_ok(&unpacker->cur); i++)
		unpack_texts(unpacker, &http->connects[i].reply.reason, take_connect(unpacker, &http->connects[i]));
	if (refs & 2)
		http->exchanges = make(unpacker, http->exchange_count, sizeof(*http->exchanges));
	for (unsigned i = 0; http->exchanges && i < http->exchange_count && pp_cur_ok(&unpacker->cur); i++)
		unpack_texts(unpacker, &http->exchanges[i].reply.reason, take_exchange(unpacker, &http->exchanges[i]));
	return http;
}

static struct pp_span unpack_span(struct unpacker *unpacker)
{
	size_t len = 0;
	struct pp_span taken = pp_cur_take(&unpacker->cur, sizeof(len));

	memcpy(&len, taken.p, taken.len);
	return pp_cur_take(&unpacker->cur, len);
}

static void unpack_first(struct unpacker *unpacker, uint8_t head, struct pp_connection *conn)
{
	struct pp_span taken = pp_cur_take(&unpacker->cur, head & NEAR ? sizeof(uint64_t) : sizeof(conn->first));
	uint64_t distance = 0;

	if (head & NEAR) {
		memcpy(&distance, taken.p, taken.len);
		pp_image_go_on(&conn->first, distance);
	} else {
		memcpy(&conn->first, taken.p, taken.len);
	}
	unpacker->base = pp_image_base(&conn->first);
	unpacker->marks[NOWHERE] = 0;
	(void)pp_image_words_of(&unpacker->marks[FIRST], &conn->first, 1, unpacker->base);
}

static void unpack_heads(struct unpacker *unpacker, uint64_t refs, struct pp_connection *conn)
{
	struct pp_span taken;

	if (refs & PROTOCOL_REF)
		unpack_texts(unpacker, &conn->protocol, 1);
	if (refs & SERVER_REF)
		conn->server_head = unpack_span(unpacker);
	if (refs & CLIENT_REF)
		conn->client_head = unpack_span(unpacker);
	if (refs & STREAM_REF) {
		taken = pp_cur_take(&unpacker->cur, sizeof(conn->stream));
		memcpy(&conn->stream, taken.p, taken.len);
	}
}

enum pp_err pp_unpack_connection(struct pp_span bytes, const struct pp_pack_place *place, struct pp_arena *arena,
				 struct pp_connection **ret_conn)
{
	struct unpacker unpacker;
	struct pp_connection *conn = pp_arena_alloc(arena, sizeof(*conn));
	uint64_t refs;
	uint8_t head;
	enum pp_err err;

	if (!conn)
		return PP_NOMEM;
	if (!bytes.p) /* no bytes at all */
		return PP_MALFORMED;
	unpacker.cur = pp_cur_span(bytes, PP_MALFORMED);
	unpacker.arena = arena;
	unpacker.patterns = place->patterns;
	conn->first = place->near;
	conn->index = conn->stream = place->index;
	head = pp_cur_u8(&unpacker.cur);
	if (head & PP_BRIEF) {
		if (!pp_brief_take(bytes, place->patterns->brief, conn))
			return PP_MALFORMED;
		*ret_conn = conn;
		return PP_OK;
	}
	unpack_first(&unpacker, head, conn);
	refs = take_connection(&unpacker, conn);
	if (refs & HTTP_REF)
		conn->http = unpack_http(&unpacker);
	if (refs & TLS_REF)
		conn->tls = unpack_tls(&unpacker);
	unpack_heads(&unpacker, refs, conn);
	err = pp_cur_finish(&unpacker.cur);
	if (err == PP_OK)
		*ret_conn = conn;
	return err;
}

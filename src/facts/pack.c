#include "facts/pack.h"

#include "facts/brief.h"
#include "facts/image.h"
#include "facts/layout.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct pp_patterns *pp_patterns_new(void) { return calloc(1, sizeof(struct pp_patterns)); }
void pp_patterns_free(struct pp_patterns *patterns) { free(patterns); }

static unsigned kind_of(uint64_t word) { return (unsigned)(word * UINT64_C(0x9e3779b97f4a7c15) >> (64 - KIND_BITS)); }

/* The end of the buffer while it is written; its `len` is brought up to date where it has to grow. */
struct packer {
	struct pp_buf *out;
	uint8_t *at, *end;
	struct pp_patterns *patterns;
	struct pp_image_base base;
	uint64_t marks[PART + PART_MARKS_MAX];
};

PP_SELDOM static enum pp_err grow(struct packer *packer, size_t need)
{
	struct pp_buf *out = packer->out;
	enum pp_err err;

	out->len = (size_t)(packer->at - out->p);
	err = pp_buf_reserve(out, need);
	if (err != PP_OK)
		return err;
	packer->at = out->p + out->len;
	packer->end = out->p + out->room;
	return PP_OK;
}

static inline enum pp_err make_room(struct packer *packer, size_t need)
{
	return (size_t)(packer->end - packer->at) >= need ? PP_OK : grow(packer, need);
}

#define NOTE_MARKS(T, from, to)                                                                                        \
	near &= pp_image_words_of(marks, (const struct pp_mark *)(const void *)AT(T, from), MARKS(T, from, to),        \
				  packer->base);                                                                       \
	marks += MARKS(T, from, to);
#define NOTE_SELDOM(T, from, to) head |= (uint64_t)(pp_image_any(AT(T, from), WORDS(T, from, to)) != 0) << bit++;
#define NOTE_CHANGED(T, from, to)                                                                                      \
	head |= (uint64_t)(pp_image_differ(AT(T, from), USUAL(T, from), WORDS(T, from, to)) != 0) << bit++;
#define NOTE_USUAL(T, from, to) memcpy(usual + offsetof(T, from), AT(T, from), BYTES(T, from, to));
#define PUT_WHOLE_MARKS(T, from, to)                                                                                   \
	at = put_whole_marks(at, (const struct pp_mark *)(const void *)AT(T, from), MARKS(T, from, to));
#define PUT_WHOLE(T, from, to)                                                                                         \
	memcpy(at, AT(T, from), BYTES(T, from, to));                                                                   \
	at += BYTES(T, from, to);
#define PUT_WORDS(T, from, to)                                                                                         \
	for (size_t i = 0; i < BYTES(T, from, to); i += IMAGE_WORD)                                                    \
		pp_image_give(&out, pp_image_word(AT(T, from) + i), pp_image_word(USUAL(T, from) + i));
#define PUT_REPEATED(T, from, to)                                                                                      \
	for (size_t i = 0; i < BYTES(T, from, to); i += IMAGE_WORD)                                                    \
		pp_image_give(&out, pp_image_word(AT(T, from) + i), pp_image_word(AT(T, from) + i - IMAGE_WORD));
#define PUT_IF_SET(T, from, to)                                                                                        \
	if (head >> bit++ & 1) {                                                                                       \
		PUT_WHOLE(T, from, to)                                                                                 \
	}

static uint8_t *put_whole_marks(uint8_t *at, const struct pp_mark *mark, unsigned count)
{
	static const struct pp_mark none;

	for (unsigned i = 0; i < count; i++, at += sizeof(*mark))
		memcpy(at, pp_seen(mark[i]) ? &mark[i] : &none, sizeof(*mark));
	return at;
}

/* put_…() writes the words that are not as expected, and what is there seldom. */
#define PUT(name, LIST, T, first, refs_at, refs_max, part, apart)                                                      \
	PP_SELDOM static uint8_t *put_far_##name(struct packer *packer, const uint8_t *object, uint64_t head,          \
						 unsigned kind)                                                        \
	{                                                                                                              \
		uint64_t given = FAR | kind << KIND_AT;                                                                \
		uint8_t *at = packer->at;                                                                              \
                                                                                                                       \
		memcpy(at, &given, sizeof(given));                                                                     \
		memcpy(at + IMAGE_WORD, &head, sizeof(head));                                                          \
		at += 2 * IMAGE_WORD;                                                                                  \
		LIST(PUT_WHOLE_MARKS, PUT_WHOLE, PUT_WHOLE, NOTHING, NOTHING, NOTHING, T)                              \
		memset(packer->marks + (part), 0, name##_marks * sizeof(packer->marks[0]));                            \
		return at;                                                                                             \
	}                                                                                                              \
	PP_SELDOM static void note_##name(struct pp_patterns *patterns, const uint8_t *object, unsigned kind)          \
	{                                                                                                              \
		uint8_t *usual = (uint8_t *)&patterns->name.plain[kind];                                               \
                                                                                                                       \
		LIST(NOTHING, NOTE_USUAL, NOTHING, NOTHING, NOTE_USUAL, NOTHING, T)                                    \
		patterns->name.there |= UINT64_C(1) << kind;                                                           \
	}                                                                                                              \
	PP_APART static enum pp_err put_##name(struct packer *packer, const T *from, uint64_t refs, unsigned kind)     \
	{                                                                                                              \
		const uint8_t *object = (const uint8_t *)from;                                                         \
		const uint8_t *usual = (const uint8_t *)&packer->patterns->name.plain[kind];                           \
		uint64_t head = refs << name##_bits, *marks = packer->marks + (part);                                  \
		enum pp_err err = make_room(packer, name##_most);                                                      \
		struct pp_image_out out = { packer->at + IMAGE_WORD, 0 };                                              \
		unsigned bit = 0;                                                                                      \
		bool near = true, is_first = !(packer->patterns->name.there >> kind & 1);                              \
		uint8_t *at;                                                                                           \
                                                                                                                       \
		if (err != PP_OK)                                                                                      \
			return err;                                                                                    \
		if (is_first)                                                                                          \
			note_##name(packer->patterns, object, kind);                                                   \
		LIST(NOTE_MARKS, NOTHING, NOTHING, NOTHING, NOTE_CHANGED, NOTE_SELDOM, T)                              \
		if (is_first)                                                                                          \
			packer->patterns->name.head[kind] = head;                                                      \
		pp_image_give(&out, head, packer->patterns->name.head[kind]);                                          \
		for (unsigned i = 0; i != name##_marks; i++)                                                           \
			pp_image_give(&out, packer->marks[(part) + i], packer->marks[name##_as[i]]);                   \
		LIST(NOTHING, PUT_WORDS, PUT_REPEATED, NOTHING, NOTHING, NOTHING, T)                                   \
		out.given = out.given << (64 - name##_given) | kind << KIND_AT;                                        \
		memcpy(packer->at, &out.given, IMAGE_WORD);                                                            \
		at = near ? out.at : put_far_##name(packer, object, head, kind);                                       \
		bit = 0;                                                                                               \
		LIST(NOTHING, NOTHING, NOTHING, PUT_WHOLE, NOTHING, NOTHING, T)                                        \
		LIST(NOTHING, NOTHING, NOTHING, NOTHING, PUT_IF_SET, PUT_IF_SET, T)                                    \
		(void)bit;                                                                                             \
		(void)marks;                                                                                           \
		packer->at = at;                                                                                       \
		return PP_OK;                                                                                          \
	}

IMAGES(PUT)

/* ------------------------------------------------------------------ packing */

/* Which of the pointers that lie there are not NULL. */
PP_IMAGE uint64_t refs_at(const void *first, unsigned count)
{
	const uint8_t *at = first;
	uint64_t refs = 0;

	for (unsigned i = 0; i < count; i++) {
		const void *pointer;

		memcpy(&pointer, at + i * sizeof(pointer), sizeof(pointer));
		refs |= (uint64_t)(pointer != NULL) << i;
	}
	return refs;
}

static enum pp_err pack_bytes(struct packer *packer, const void *bytes, size_t len)
{
	enum pp_err err = make_room(packer, len);

	if (err != PP_OK)
		return err;
	memcpy(packer->at, bytes, len);
	packer->at += len;
	return PP_OK;
}

static enum pp_err pack_text(struct packer *packer, const char *text)
{
	return pack_bytes(packer, text, strlen(text) + 1);
}

static enum pp_err pack_texts(struct packer *packer, const char *const *texts, uint64_t refs)
{
	enum pp_err err = PP_OK;

	for (; refs && err == PP_OK; refs &= refs - 1)
		err = pack_text(packer, texts[__builtin_ctzll(refs)]);
	return err;
}

static inline enum text_code text_code(const char *text)
{
	if (text == pp_tls_h2)
		return TEXT_H2;
	return text == pp_tls_http_1_1 ? TEXT_HTTP_1_1 : text ? TEXT_HERE : TEXT_NONE;
}

static inline uint64_t text_codes(const struct pp_tls_facts *tls)
{
	uint64_t codes = text_code(tls->sni) | text_code(tls->selected_alpn) << 2;

	for (unsigned i = 0; i < tls->alpn_count && i < PP_TLS_ALPN_MAX; i++)
		codes |= (uint64_t)text_code(tls->alpn[i]) << (2 * i + 4);
	return codes;
}

static enum pp_err pack_own_certificate(struct packer *packer, const struct pp_tls_certificate *certificate)
{
	uint64_t refs = refs_at(&certificate->subject, CERTIFICATE_TEXTS);
	uint64_t names = refs_at(certificate->names, PP_TLS_NAMES_MAX);
	enum pp_err err = put_certificate(packer, certificate, refs, 0);

	if (err == PP_OK)
		err = pack_texts(packer, &certificate->subject, refs);
	if (err == PP_OK)
		err = pack_bytes(packer, &names, sizeof(names));
	return err == PP_OK ? pack_texts(packer, certificate->names, names) : err;
}

/* One that belongs to the run stays a pointer. */
static enum pp_err pack_certificate(struct packer *packer, const struct pp_tls_certificate *certificate)
{
	enum pp_err err = pack_bytes(packer, &certificate->shared, 1);

	if (err == PP_OK && certificate->shared)
		return pack_bytes(packer, &certificate, sizeof(certificate));
	return err == PP_OK ? pack_own_certificate(packer, certificate) : err;
}

static enum pp_err pack_tls(struct packer *packer, const struct pp_tls_facts *tls)
{
	const char *const *texts = &tls->sni;
	unsigned count = tls->certificate_count;
	uint64_t codes = text_codes(tls);
	uint64_t refs = refs_at(tls->certificates, count < PP_TLS_CERTIFICATES_MAX ? count : PP_TLS_CERTIFICATES_MAX);
	unsigned kind = kind_of(pp_image_word((const uint8_t *)tls->ja4 + 3 * IMAGE_WORD) ^
				pp_image_word((const uint8_t *)&tls->record_version));
	enum pp_err err = put_tls(packer, tls, codes | refs << TLS_TEXT_BITS, kind);

	for (uint64_t here = texts_here(codes); here && err == PP_OK; here &= here - 1)
		err = pack_text(packer, texts[__builtin_ctzll(here) / 2]);
	for (; refs && err == PP_OK; refs &= refs - 1)
		err = pack_certificate(packer, tls->certificates[__builtin_ctzll(refs)]);
	return err;
}

static enum pp_err pack_http(struct packer *packer, const struct pp_http_facts *http)
{
	enum pp_err err = put_http(packer, http, refs_at(&http->connects, HTTP_REFS), 0);

	for (unsigned i = 0; http->connects && i < http->connect_count && err == PP_OK; i++) {
		const struct pp_connect *connect = &http->connects[i];
		uint64_t refs = refs_at(&connect->reply.reason, CONNECT_REFS);

		err = put_connect(packer, connect, refs, 0);
		if (err == PP_OK)
			err = pack_texts(packer, &connect->reply.reason, refs);
	}
	for (unsigned i = 0; http->exchanges && i < http->exchange_count && err == PP_OK; i++) {
		const struct pp_http_exchange *exchange = &http->exchanges[i];
		uint64_t refs = refs_at(&exchange->reply.reason, EXCHANGE_REFS);

		err = put_exchange(packer, exchange, refs, 0);
		if (err == PP_OK)
			err = pack_texts(packer, &exchange->reply.reason, refs);
	}
	return err;
}

static enum pp_err pack_span(struct packer *packer, struct pp_span span)
{
	enum pp_err err = pack_bytes(packer, &span.len, sizeof(span.len));

	return err == PP_OK ? pack_bytes(packer, span.p, span.len) : err;
}

static enum pp_err pack_first(struct packer *packer, const struct pp_mark *first, const struct pp_mark *near)
{
	uint64_t distance;
	bool is_near = pp_image_near(first, near, &distance);
	uint8_t head = is_near ? NEAR : 0;
	enum pp_err err = pack_bytes(packer, &head, sizeof(head));

	if (err != PP_OK)
		return err;
	return is_near ? pack_bytes(packer, &distance, sizeof(distance)) : pack_bytes(packer, first, sizeof(*first));
}

static enum pp_err pack_heads(struct packer *packer, const struct pp_connection *conn)
{
	enum pp_err err = PP_OK;

	if (conn->protocol)
		err = pack_texts(packer, &conn->protocol, 1);
	if (err == PP_OK && conn->server_head.p)
		err = pack_span(packer, conn->server_head);
	if (err == PP_OK && conn->client_head.p)
		err = pack_span(packer, conn->client_head);
	if (err == PP_OK && conn->stream != conn->index)
		err = pack_bytes(packer, &conn->stream, sizeof(conn->stream));
	return err;
}

/* Those of one client and one system are of a kind. */
static unsigned connection_kind(const struct pp_connection *conn, uint64_t refs)
{
	return kind_of(pp_addr_words(&conn->client.ip).low ^
		       pp_image_word((const uint8_t *)&conn->tcp.side[PP_CLIENT].profile) ^ refs << 32);
}

static enum pp_err pack_whole(struct pp_buf *out, const struct pp_connection *conn, const struct pp_pack_place *place)
{
	struct packer packer; /* most of its marks are set when they are needed */
	uint64_t refs = (conn->http ? HTTP_REF : 0) | (conn->tls ? TLS_REF : 0) | (conn->protocol ? PROTOCOL_REF : 0) |
			(conn->server_head.p ? SERVER_REF : 0) | (conn->client_head.p ? CLIENT_REF : 0) |
			(conn->stream != conn->index ? STREAM_REF : 0);
	enum pp_err err;

	packer.out = out;
	packer.at = out->p + out->len;
	packer.end = out->p + out->room;
	packer.patterns = place->patterns;
	packer.base = pp_image_base(&conn->first);
	packer.marks[NOWHERE] = 0;
	(void)pp_image_words_of(&packer.marks[FIRST], &conn->first, 1, packer.base);
	err = pack_first(&packer, &conn->first, &place->near);
	if (err == PP_OK)
		err = put_connection(&packer, conn, refs, connection_kind(conn, refs));
	if (err == PP_OK && conn->http)
		err = pack_http(&packer, conn->http);
	if (err == PP_OK && conn->tls)
		err = pack_tls(&packer, conn->tls);
	if (err == PP_OK)
		err = pack_heads(&packer, conn);
	if (err == PP_OK)
		out->len = (size_t)(packer.at - out->p);
	return err;
}

enum pp_err pp_pack_connection(struct pp_buf *out, const struct pp_connection *conn, const struct pp_pack_place *place)
{
	enum pp_err err = pp_buf_reserve(out, PP_BRIEF_MAX); /* a new buffer has no address yet */
	size_t len = 0;

	if (err != PP_OK)
		return err;
	if (!pp_seen(conn->tcp.syn_ack)) /* as most have that have more to say */
		len = pp_brief_put(conn, &place->near, place->patterns->brief, out->p + out->len);
	out->len += len;
	return len ? PP_OK : pack_whole(out, conn, place);
}

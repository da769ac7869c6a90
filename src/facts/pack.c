#include "facts/pack.h"

#include "facts/brief.h"
#include "facts/image.h"

#include <stddef.h>
#include <string.h>

/* ------------------------------------------------------------------ what lies where */

/* The stretches of each struct, in its order: marks M, words W and words that are seldom set S (facts/image.h), each to
 * the field at which the next begins; behind the last one lie the references. */
#define CONNECTION(M, W, S, T)                                                                                         \
	M(T, last, index)                                                                                              \
	W(T, index, tcp.side[0].first_data)                                                                            \
	M(T, tcp.side[0].first_data, tcp.side[0].gap)                                                                  \
	S(T, tcp.side[0].gap, tcp.side[0].packets)                                                                     \
	W(T, tcp.side[0].packets, tcp.side[0].retransmits)                                                             \
	S(T, tcp.side[0].retransmits, tcp.side[1].first_data)                                                          \
	M(T, tcp.side[1].first_data, tcp.side[1].gap)                                                                  \
	S(T, tcp.side[1].gap, tcp.side[1].packets)                                                                     \
	W(T, tcp.side[1].packets, tcp.side[1].retransmits)                                                             \
	S(T, tcp.side[1].retransmits, tcp.syn)                                                                         \
	M(T, tcp.syn, tcp.rst)                                                                                         \
	S(T, tcp.rst, tcp.rst.since_other_ns)                                                                          \
	W(T, tcp.rst.since_other_ns, tcp.duplicates)                                                                   \
	S(T, tcp.duplicates, http)
#define TLS(M, W, S, T)                                                                                                \
	M(T, client_hello_begin, certificate_request)                                                                  \
	S(T, certificate_request, ja4)                                                                                 \
	W(T, ja4, client_first_count)                                                                                  \
	S(T, client_first_count, certificate_count)                                                                    \
	S(T, certificate_count, alert_count)                                                                           \
	S(T, alert_count, alerts[1])                                                                                   \
	S(T, alerts[1], sni)
#define CERTIFICATE(M, W, S, T) W(T, not_before, subject)
#define HTTP(M, W, S, T) M(T, reply_without_request, connect_count) W(T, connect_count, connects)
#define REQUEST(M, W, S, T) W(T, credentials, begin) M(T, begin, reply.body_bytes) W(T, reply.body_bytes, reply.reason)

enum {
	CONNECTION_REFS = 5, /* http, tls, protocol, and the two heads */
	TLS_TEXTS = 2 + PP_TLS_ALPN_MAX,
	TLS_TEXT_BITS = 2 * TLS_TEXTS, /* enum text_code */
	TLS_REFS = TLS_TEXT_BITS + PP_TLS_CERTIFICATES_MAX,
	CERTIFICATE_TEXTS = 5,
	HTTP_REFS = 2,
	CONNECT_REFS = (sizeof(struct pp_connect) - offsetof(struct pp_connect, reply.reason)) / sizeof(char *),
	EXCHANGE_REFS =
	    (sizeof(struct pp_http_exchange) - offsetof(struct pp_http_exchange, reply.reason)) / sizeof(char *),
};

/* The end of the buffer while it is written; its `len` is brought up to date where it has to grow. */
struct packer {
	struct pp_buf *out;
	uint8_t *at, *end;
	struct pp_image_base base;
};

struct unpacker {
	struct pp_cur cur;
	struct pp_arena *arena;
	struct pp_image_base base;
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

/* In front of a struct stands a word of bits: FAR, one for each stretch S that is there, and the references' above. */
enum { FAR = 1, HEAD_BYTES = 8, HEAD_BITS = 64 };

#define BYTES(T, from, to) (offsetof(T, to) - offsetof(T, from))
#define WORDS(T, from, to) (BYTES(T, from, to) / IMAGE_WORD)
#define MARKS(T, from, to) (BYTES(T, from, to) / sizeof(struct pp_mark))
#define NOTHING(T, from, to)
#define COUNT_MARKS(T, from, to) +MARKS(T, from, to)
#define COUNT_WORDS(T, from, to) +WORDS(T, from, to)
#define COUNT_ONE(T, from, to) +1

#define PUT_MARKS(T, from, to)                                                                                         \
	near &= pp_image_put_marks(at, (const struct pp_mark *)(const void *)(object + offsetof(T, from)),             \
				   MARKS(T, from, to), packer->base);                                                  \
	at += MARKS(T, from, to) * IMAGE_WORD;
#define PUT_WHOLE_MARKS(T, from, to)                                                                                   \
	at = put_whole_marks(at, (const struct pp_mark *)(const void *)(object + offsetof(T, from)),                   \
			     MARKS(T, from, to));
#define PUT_WORDS(T, from, to)                                                                                         \
	memcpy(at, object + offsetof(T, from), BYTES(T, from, to));                                                    \
	at += BYTES(T, from, to);
#define PUT_SELDOM(T, from, to)                                                                                        \
	bit <<= 1;                                                                                                     \
	if (pp_image_any(object + offsetof(T, from), WORDS(T, from, to))) {                                            \
		head |= bit;                                                                                           \
		PUT_WORDS(T, from, to)                                                                                 \
	}
#define TAKE_MARKS(T, from, to)                                                                                        \
	at = take_marks((struct pp_mark *)(void *)(object + offsetof(T, from)), at, MARKS(T, from, to), head & FAR,    \
			unpacker->base);
#define TAKE_WORDS(T, from, to)                                                                                        \
	memcpy(object + offsetof(T, from), at, BYTES(T, from, to));                                                    \
	at += BYTES(T, from, to);
#define TAKE_SELDOM(T, from, to)                                                                                       \
	bit <<= 1;                                                                                                     \
	if (head & bit) {                                                                                              \
		at = pp_cur_fixed(&unpacker->cur, BYTES(T, from, to));                                                 \
		if (!at)                                                                                               \
			return 0;                                                                                      \
		TAKE_WORDS(T, from, to)                                                                                \
	}

static uint8_t *put_whole_marks(uint8_t *at, const struct pp_mark *mark, unsigned count)
{
	static const struct pp_mark none;

	for (unsigned i = 0; i < count; i++, at += sizeof(*mark))
		memcpy(at, pp_seen(mark[i]) ? &mark[i] : &none, sizeof(*mark));
	return at;
}

PP_IMAGE const uint8_t *take_marks(struct pp_mark *mark, const uint8_t *at, unsigned count, bool far,
				   struct pp_image_base base)
{
	if (far) {
		memcpy(mark, at, count * sizeof(*mark));
		return at + count * sizeof(*mark);
	}
	pp_image_take_marks(mark, at, count, base);
	return at + (size_t)count * IMAGE_WORD;
}

/* put_…() writes the bits, what is always there, and what is there seldom.  take_…() reads them into memory that is zero
 * and gives the references' bits: none when the bytes do not suffice. */
#define IMAGE(name, LIST, T, first, refs_at, refs_max)                                                                 \
	enum {                                                                                                         \
		name##_marks = 0 LIST(COUNT_MARKS, NOTHING, NOTHING, T),                                               \
		name##_words = 0 LIST(NOTHING, COUNT_WORDS, NOTHING, T),                                               \
		name##_seldom = 0 LIST(NOTHING, NOTHING, COUNT_WORDS, T),                                              \
		name##_bits = 1 LIST(NOTHING, NOTHING, COUNT_ONE, T),                                                  \
		name##_near = name##_marks * IMAGE_WORD + name##_words * IMAGE_WORD,                                   \
		name##_far = name##_marks * sizeof(struct pp_mark) + name##_words * IMAGE_WORD,                        \
		name##_most = HEAD_BYTES + name##_far + name##_seldom * IMAGE_WORD                                     \
	};                                                                                                             \
	_Static_assert(name##_far + name##_seldom * IMAGE_WORD == BYTES(T, first, refs_at), "whole words and marks");  \
	_Static_assert((unsigned)name##_bits + (refs_max) <= HEAD_BITS, "bits");                                       \
	PP_SELDOM static uint8_t *put_far_##name(uint8_t *at, const uint8_t *object)                                   \
	{                                                                                                              \
		LIST(PUT_WHOLE_MARKS, PUT_WORDS, NOTHING, T)                                                           \
		return at;                                                                                             \
	}                                                                                                              \
	static enum pp_err put_##name(struct packer *packer, const T *from, uint64_t refs)                             \
	{                                                                                                              \
		const uint8_t *object = (const uint8_t *)from;                                                         \
		uint64_t head = refs << name##_bits, bit = FAR;                                                        \
		enum pp_err err = make_room(packer, name##_most);                                                      \
		bool near = true;                                                                                      \
		uint8_t *at = packer->at + HEAD_BYTES;                                                                 \
                                                                                                                       \
		if (err != PP_OK)                                                                                      \
			return err;                                                                                    \
		LIST(PUT_MARKS, PUT_WORDS, NOTHING, T)                                                                 \
		if (!near) {                                                                                           \
			head |= FAR;                                                                                   \
			at = put_far_##name(packer->at + HEAD_BYTES, object);                                          \
		}                                                                                                      \
		LIST(NOTHING, NOTHING, PUT_SELDOM, T)                                                                  \
		(void)bit;                                                                                             \
		memcpy(packer->at, &head, HEAD_BYTES);                                                                 \
		packer->at = at;                                                                                       \
		return PP_OK;                                                                                          \
	}                                                                                                              \
	static uint64_t take_##name(struct unpacker *unpacker, T *to)                                                  \
	{                                                                                                              \
		uint8_t *object = (uint8_t *)to;                                                                       \
		const uint8_t *at = pp_cur_fixed(&unpacker->cur, HEAD_BYTES);                                          \
		uint64_t head = at ? pp_image_word(at) : 0, bit = FAR;                                                 \
                                                                                                                       \
		at = pp_cur_fixed(&unpacker->cur, head & FAR ? name##_far : name##_near);                              \
		if (!at)                                                                                               \
			return 0;                                                                                      \
		LIST(TAKE_MARKS, TAKE_WORDS, NOTHING, T)                                                               \
		LIST(NOTHING, NOTHING, TAKE_SELDOM, T)                                                                 \
		(void)bit;                                                                                             \
		return head >> name##_bits & ((UINT64_C(1) << (refs_max)) - 1);                                        \
	}

IMAGE(connection, CONNECTION, struct pp_connection, last, http, CONNECTION_REFS)
IMAGE(tls, TLS, struct pp_tls_facts, client_hello_begin, sni, TLS_REFS)
IMAGE(certificate, CERTIFICATE, struct pp_tls_certificate, not_before, subject, CERTIFICATE_TEXTS)
IMAGE(http, HTTP, struct pp_http_facts, reply_without_request, connects, HTTP_REFS)
IMAGE(connect, REQUEST, struct pp_connect, credentials, reply.reason, CONNECT_REFS)
IMAGE(exchange, REQUEST, struct pp_http_exchange, credentials, reply.reason, EXCHANGE_REFS)

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

/* Of TLS's texts most are always the same, and lie nowhere else. */
enum text_code { TEXT_NONE, TEXT_HERE, TEXT_H2, TEXT_HTTP_1_1 };

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

/* A bit at the lower one of every code that is no constant, and of every one that is. */
static inline uint64_t texts_here(uint64_t codes) { return codes & ~(codes >> 1) & 0x55555; }
static inline uint64_t texts_known(uint64_t codes) { return codes >> 1 & 0x55555; }

static enum pp_err pack_own_certificate(struct packer *packer, const struct pp_tls_certificate *certificate)
{
	uint64_t refs = refs_at(&certificate->subject, CERTIFICATE_TEXTS);
	uint64_t names = refs_at(certificate->names, PP_TLS_NAMES_MAX);
	enum pp_err err = put_certificate(packer, certificate, refs);

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
	enum pp_err err = put_tls(packer, tls, codes | refs << TLS_TEXT_BITS);

	for (uint64_t here = texts_here(codes); here && err == PP_OK; here &= here - 1)
		err = pack_text(packer, texts[__builtin_ctzll(here) / 2]);
	for (; refs && err == PP_OK; refs &= refs - 1)
		err = pack_certificate(packer, tls->certificates[__builtin_ctzll(refs)]);
	return err;
}

static enum pp_err pack_http(struct packer *packer, const struct pp_http_facts *http)
{
	enum pp_err err = put_http(packer, http, refs_at(&http->connects, HTTP_REFS));

	for (unsigned i = 0; http->connects && i < http->connect_count && err == PP_OK; i++) {
		const struct pp_connect *connect = &http->connects[i];
		uint64_t refs = refs_at(&connect->reply.reason, CONNECT_REFS);

		err = put_connect(packer, connect, refs);
		if (err == PP_OK)
			err = pack_texts(packer, &connect->reply.reason, refs);
	}
	for (unsigned i = 0; http->exchanges && i < http->exchange_count && err == PP_OK; i++) {
		const struct pp_http_exchange *exchange = &http->exchanges[i];
		uint64_t refs = refs_at(&exchange->reply.reason, EXCHANGE_REFS);

		err = put_exchange(packer, exchange, refs);
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

/* The first byte of a connection that is not brief (facts/brief.h). */
enum { WHOLE = 0 };

enum { HTTP_REF = 1, TLS_REF = 2, PROTOCOL_REF = 4, SERVER_REF = 8, CLIENT_REF = 16 };

static enum pp_err pack_whole(struct pp_buf *out, const struct pp_connection *conn)
{
	static const uint8_t whole = WHOLE;
	struct packer packer = { out, out->p + out->len, out->p + out->room, pp_image_base(&conn->first) };
	uint64_t refs = (conn->http ? HTTP_REF : 0) | (conn->tls ? TLS_REF : 0) | (conn->protocol ? PROTOCOL_REF : 0) |
			(conn->server_head.p ? SERVER_REF : 0) | (conn->client_head.p ? CLIENT_REF : 0);
	enum pp_err err = pack_bytes(&packer, &whole, sizeof(whole));

	if (err == PP_OK)
		err = pack_bytes(&packer, &conn->first, sizeof(conn->first));
	if (err == PP_OK)
		err = put_connection(&packer, conn, refs);
	if (err == PP_OK && conn->http)
		err = pack_http(&packer, conn->http);
	if (err == PP_OK && conn->tls)
		err = pack_tls(&packer, conn->tls);
	if (err == PP_OK && conn->protocol)
		err = pack_texts(&packer, &conn->protocol, 1);
	if (err == PP_OK && conn->server_head.p)
		err = pack_span(&packer, conn->server_head);
	if (err == PP_OK && conn->client_head.p)
		err = pack_span(&packer, conn->client_head);
	if (err == PP_OK)
		out->len = (size_t)(packer.at - out->p);
	return err;
}

enum pp_err pp_pack_connection(struct pp_buf *out, const struct pp_connection *conn)
{
	enum pp_err err = pp_buf_reserve(out, PP_BRIEF_MAX); /* a new buffer has no address yet */
	size_t len = 0;

	if (err != PP_OK)
		return err;
	if (!pp_seen(conn->tcp.syn_ack)) /* as most have that have more to say */
		len = pp_brief_put(conn, out->p + out->len);
	out->len += len;
	return len ? PP_OK : pack_whole(out, conn);
}

/* ------------------------------------------------------------------ unpacking */

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

enum pp_err pp_unpack_connection(struct pp_span bytes, struct pp_arena *arena, struct pp_connection **ret_conn)
{
	struct unpacker unpacker = { .cur = pp_cur_span(bytes, PP_MALFORMED), .arena = arena };
	struct pp_connection *conn = make(&unpacker, 1, sizeof(*conn));
	struct pp_span first;
	uint64_t refs;
	enum pp_err err;

	if (!conn)
		return PP_NOMEM;
	if (bytes.len == 0)
		return PP_MALFORMED;
	if (bytes.p[0] != WHOLE) {
		if (!pp_brief_take(bytes, conn))
			return PP_MALFORMED;
		*ret_conn = conn;
		return PP_OK;
	}
	pp_cur_skip(&unpacker.cur, 1);
	first = pp_cur_take(&unpacker.cur, sizeof(conn->first));
	memcpy(&conn->first, first.p, first.len);
	unpacker.base = pp_image_base(&conn->first);
	refs = take_connection(&unpacker, conn);
	if (refs & HTTP_REF)
		conn->http = unpack_http(&unpacker);
	if (refs & TLS_REF)
		conn->tls = unpack_tls(&unpacker);
	if (refs & PROTOCOL_REF)
		unpack_texts(&unpacker, &conn->protocol, 1);
	if (refs & SERVER_REF)
		conn->server_head = unpack_span(&unpacker);
	if (refs & CLIENT_REF)
		conn->client_head = unpack_span(&unpacker);
	err = pp_cur_finish(&unpacker.cur);
	if (err == PP_OK)
		*ret_conn = conn;
	return err;
}

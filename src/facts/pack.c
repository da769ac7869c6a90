#include "facts/pack.h"

#include "facts/brief.h"
#include "facts/image.h"

#include <stddef.h>
#include <string.h>

/* ------------------------------------------------------------------ what lies where */

/* The stretches of each struct, marks M and words W, each to the field at which the next begins; behind the last one lie
 * the references. */
#define CONNECTION(M, W, T)                                                                                            \
	M(T, first, index)                                                                                             \
	W(T, index, tcp.side[0].first_data)                                                                            \
	M(T, tcp.side[0].first_data, tcp.side[0].packets)                                                              \
	W(T, tcp.side[0].packets, tcp.side[1].first_data)                                                              \
	M(T, tcp.side[1].first_data, tcp.side[1].packets)                                                              \
	W(T, tcp.side[1].packets, tcp.syn)                                                                             \
	M(T, tcp.syn, tcp.rst.idle_ns)                                                                                 \
	W(T, tcp.rst.idle_ns, http)
#define TLS(M, W, T) M(T, client_hello_begin, ja4) W(T, ja4, sni)
#define CERTIFICATE(M, W, T) W(T, not_before, subject)
#define HTTP(M, W, T) M(T, reply_without_request, connect_count) W(T, connect_count, connects)
#define REQUEST(M, W, T) W(T, credentials, begin) M(T, begin, reply.body_bytes) W(T, reply.body_bytes, reply.reason)

enum {
	CONNECTION_REFS = 5, /* http, tls, protocol, and the two heads */
	TLS_TEXTS = 2 + PP_TLS_ALPN_MAX,
	TLS_REFS = TLS_TEXTS + PP_TLS_CERTIFICATES_MAX,
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
	const struct pp_mark *before;
};

struct unpacker {
	struct pp_cur cur;
	struct pp_arena *arena;
	struct pp_mark before;
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

#define SLOTS(T, from, to, size) ((offsetof(T, to) - offsetof(T, from)) / (size))
#define NOTHING(T, from, to)
#define COUNT_MARKS(T, from, to) +SLOTS(T, from, to, sizeof(struct pp_mark))
#define COUNT_WORDS(T, from, to) +SLOTS(T, from, to, IMAGE_WORD)
#define PUT_MARKS(T, from, to)                                                                                         \
	pp_image_put_marks(&image, (const struct pp_mark *)(const void *)(object + offsetof(T, from)),                 \
			   SLOTS(T, from, to, sizeof(struct pp_mark)));
#define PUT_WORDS(T, from, to) pp_image_put_words(&image, object + offsetof(T, from), SLOTS(T, from, to, IMAGE_WORD));
#define TAKE_MARKS(T, from, to)                                                                                        \
	pp_image_take_marks(&image, (struct pp_mark *)(void *)(object + offsetof(T, from)),                            \
			    SLOTS(T, from, to, sizeof(struct pp_mark)));
#define TAKE_WORDS(T, from, to) pp_image_take_words(&image, object + offsetof(T, from), SLOTS(T, from, to, IMAGE_WORD));

/* put_…() writes the bits, those of the references above those of the marks, and the stretches.  take_…() reads them
 * into memory that is zero and gives the references' bits: none when the bytes do not suffice. */
#define IMAGE(name, LIST, T, refs_max)                                                                                 \
	enum {                                                                                                         \
		name##_marks = 0 LIST(COUNT_MARKS, NOTHING, T),                                                        \
		name##_words = 0 LIST(NOTHING, COUNT_WORDS, T),                                                        \
		name##_bits = (1 + (name##_words + IMAGE_BITS - 1) / IMAGE_BITS) * 8,                                  \
		name##_most = name##_bits + name##_marks * MARK_WHOLE_BYTES + (name##_words + 1) * IMAGE_WORD          \
	};                                                                                                             \
	_Static_assert((unsigned)name##_marks * 2 + (refs_max) <= IMAGE_BITS &&                                        \
			   (unsigned)name##_words <= IMAGE_WORDS_MAX,                                                  \
		       "bits");                                                                                        \
	static enum pp_err put_##name(struct packer *packer, const T *from, uint64_t refs)                             \
	{                                                                                                              \
		const uint8_t *object = (const uint8_t *)from;                                                         \
		struct pp_image_out image = { .before = packer->before };                                              \
		enum pp_err err = make_room(packer, name##_most);                                                      \
                                                                                                                       \
		if (err != PP_OK)                                                                                      \
			return err;                                                                                    \
		image.to = packer->at + name##_bits;                                                                   \
		LIST(PUT_MARKS, PUT_WORDS, T)                                                                          \
		image.marks |= refs << 2 * name##_marks;                                                               \
		memcpy(packer->at, &image.marks, 8);                                                                   \
		memcpy(packer->at + 8, image.words, name##_bits - 8);                                                  \
		packer->at = image.to;                                                                                 \
		packer->before = image.before;                                                                         \
		return PP_OK;                                                                                          \
	}                                                                                                              \
	static uint64_t take_##name(struct unpacker *unpacker, T *to)                                                  \
	{                                                                                                              \
		uint8_t *object = (uint8_t *)to;                                                                       \
		struct pp_image_in image = { .before = unpacker->before };                                             \
		struct pp_span bits = pp_cur_take(&unpacker->cur, name##_bits), bytes;                                 \
                                                                                                                       \
		if (bits.len == 0)                                                                                     \
			return 0;                                                                                      \
		memcpy(&image.marks, bits.p, 8);                                                                       \
		memcpy(image.words, bits.p + 8, name##_bits - 8);                                                      \
		bytes = pp_cur_take(&unpacker->cur, pp_image_bytes(&image, name##_marks));                             \
		if (!pp_cur_ok(&unpacker->cur))                                                                        \
			return 0;                                                                                      \
		image.from = bytes.p;                                                                                  \
		LIST(TAKE_MARKS, TAKE_WORDS, T)                                                                        \
		unpacker->before = image.before;                                                                       \
		return image.marks >> 2 * name##_marks & ((UINT64_C(1) << (refs_max)) - 1);                            \
	}

IMAGE(connection, CONNECTION, struct pp_connection, CONNECTION_REFS)
IMAGE(tls, TLS, struct pp_tls_facts, TLS_REFS)
IMAGE(certificate, CERTIFICATE, struct pp_tls_certificate, CERTIFICATE_TEXTS)
IMAGE(http, HTTP, struct pp_http_facts, HTTP_REFS)
IMAGE(connect, REQUEST, struct pp_connect, CONNECT_REFS)
IMAGE(exchange, REQUEST, struct pp_http_exchange, EXCHANGE_REFS)

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

static enum pp_err pack_texts(struct packer *packer, const char *const *texts, uint64_t refs)
{
	enum pp_err err = PP_OK;

	for (; refs && err == PP_OK; refs &= refs - 1) {
		const char *text = texts[__builtin_ctzll(refs)];

		err = pack_bytes(packer, text, strlen(text) + 1);
	}
	return err;
}

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
	uint64_t refs = refs_at(&tls->sni, TLS_REFS);
	enum pp_err err = put_tls(packer, tls, refs);

	if (err == PP_OK)
		err = pack_texts(packer, &tls->sni, refs & ((1u << TLS_TEXTS) - 1));
	for (refs >>= TLS_TEXTS; refs && err == PP_OK; refs &= refs - 1)
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
	static const struct pp_mark none;
	static const uint8_t whole = WHOLE;
	struct packer packer = { out, out->p + out->len, out->p + out->room, &none };
	uint64_t refs = (conn->http ? HTTP_REF : 0) | (conn->tls ? TLS_REF : 0) | (conn->protocol ? PROTOCOL_REF : 0) |
			(conn->server_head.p ? SERVER_REF : 0) | (conn->client_head.p ? CLIENT_REF : 0);
	enum pp_err err = pack_bytes(&packer, &whole, sizeof(whole));

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

static void unpack_texts(struct unpacker *unpacker, const char **texts, uint64_t refs)
{
	for (; refs && pp_cur_ok(&unpacker->cur); refs &= refs - 1) {
		struct pp_cur ahead = unpacker->cur;
		struct pp_span rest = pp_cur_rest(&ahead), taken;

		taken = pp_cur_take(&unpacker->cur, rest.len ? strnlen((const char *)rest.p, rest.len) + 1 : 1);
		if (taken.len)
			texts[__builtin_ctzll(refs)] = (const char *)taken.p;
	}
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
	uint64_t refs;

	if (!tls)
		return NULL;
	refs = take_tls(unpacker, tls);
	unpack_texts(unpacker, &tls->sni, refs & ((1u << TLS_TEXTS) - 1));
	for (refs >>= TLS_TEXTS; refs && pp_cur_ok(&unpacker->cur); refs &= refs - 1)
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
	uint64_t refs;
	enum pp_err err;

	if (!conn)
		return PP_NOMEM;
	if (bytes.len != 0 && bytes.p[0] != WHOLE) {
		if (!pp_brief_take(bytes, conn))
			return PP_MALFORMED;
		*ret_conn = conn;
		return PP_OK;
	}
	pp_cur_skip(&unpacker.cur, 1);
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

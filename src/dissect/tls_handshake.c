/* Handshake messages: the bytes of handshake records put together into messages, and messages read into facts.
 *
 * Messages may share records or run over several.  One that lies whole in one chunk is parsed where it is; only one that
 * does not, and is of a kind that is read, is held.
 */
#include "dissect/tls_state.h"

#include "dissect/tls_certificate.h"
#include "dissect/tls_hellos.h"
#include "dissect/x509.h"

enum {
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	NEW_SESSION_TICKET = 4,
	HELLO_RETRY_REQUEST = 6, /* a message of its own in the drafts before 22 */
	CERTIFICATE = 11,
	SERVER_KEY_EXCHANGE = 12,
	CERTIFICATE_REQUEST = 13,
	SERVER_HELLO_DONE = 14,
	CERTIFICATE_VERIFY = 15,
	CLIENT_KEY_EXCHANGE = 16,
	FINISHED = 20,
	CERTIFICATE_STATUS = 22,
	NEXT_PROTOCOL = 67,
	V2_HEADER_LEN = 3, /* type and version */
	NAME_MAX_LEN = 255,
};

/* --- messages → facts --- */

static const char *keep_text(struct pp_tls *tls, struct pp_span text)
{
	const char *kept = pp_arena_text(tls->arena, text, NAME_MAX_LEN);

	tls->facts.clipped |= !kept || text.len > NAME_MAX_LEN;
	return kept;
}

const char pp_tls_h2[] = "h2", pp_tls_http_1_1[] = "http/1.1";

static const char *keep_protocol(struct pp_tls *tls, struct pp_span name)
{
	if (pp_span_equal(name, pp_tls_h2, sizeof(pp_tls_h2) - 1))
		return pp_tls_h2;
	return pp_span_equal(name, pp_tls_http_1_1, sizeof(pp_tls_http_1_1) - 1) ? pp_tls_http_1_1
										 : keep_text(tls, name);
}

/* In each byte bit 7 says whether it is one of 'A' to 'Z', and becomes what makes it small. */
static uint64_t lower_word(uint64_t word)
{
	const uint64_t each = UINT64_C(0x0101010101010101), bit_7 = each << 7;
	uint64_t low = word & ~bit_7;
	uint64_t from_a = low + each * (0x80 - 'A'), behind_z = low + each * (0x7f - 'Z');

	return word | (from_a & ~behind_z & ~word & bit_7) >> 2;
}

static void lower(char *text, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); text += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		word = lower_word(word);
		memcpy(text, &word, sizeof(word));
	}
	for (; len > 0; text++, len--)
		*text = (char)lower_word((uint8_t)*text);
}

static const char *keep_host(struct pp_tls *tls, struct pp_span name)
{
	char *host = pp_arena_text(tls->arena, name, NAME_MAX_LEN);

	tls->facts.clipped |= !host || name.len > NAME_MAX_LEN;
	if (host)
		lower(host, strlen(host));
	return host;
}

/* From here on the sides have their parts. */
static void hello_begins(struct pp_tls *tls, enum pp_side from)
{
	if (pp_seen(tls->facts.client_hello_begin))
		return;
	tls->facts.client_hello_begin = tls->sides[from].message.begin;
	tls->facts.client_hello_from_server = from == PP_SERVER;
	tls->client = from;
}

/* Without 1.3 on offer the answer cannot have its shape. */
static void limit_shape(struct pp_tls *tls, const struct pp_tls_client_hello *hello)
{
	for (unsigned i = 0; i < hello->version_count; i++) {
		if (pp_tls_is_13(hello->versions[i]))
			return;
	}
	if (hello->version_count > 0 && tls->shape == PP_TLS_SHAPE_UNKNOWN)
		tls->shape = PP_TLS_SHAPE_12;
}

/* `ja4` NULL: it has none. */
static void keep_client_hello(struct pp_tls *tls, enum pp_side from, const struct pp_tls_client_hello *hello,
			      const char *ja4)
{
	struct pp_tls_facts *facts = &tls->facts;
	const struct pp_tls_side *side = &tls->sides[from];

	hello_begins(tls, from);
	facts->client_hello_len = side->message.len;
	facts->client_hello_len += side->message.type == PP_TLS_V2_CLIENT_HELLO ? V2_HEADER_LEN : PP_TLS_MESSAGE_HEADER;
	facts->record_version = hello->v2 ? PP_SSL_2 : side->framer.record.version;
	facts->legacy_version = hello->legacy_version;
	facts->sni = hello->has_sni ? keep_host(tls, hello->sni) : NULL;
	facts->sni_unknown = !hello->has_sni && !hello->whole;
	facts->offered_count = hello->version_count;
	memcpy(facts->offered, hello->versions, sizeof(facts->offered));
	facts->alpn_count = hello->alpn_count;
	for (unsigned i = 0; i < hello->alpn_count; i++)
		facts->alpn[i] = keep_protocol(tls, hello->alpn[i]);
	facts->offers_psk = hello->psk || hello->ticket;
	facts->post_quantum = hello->post_quantum;
	facts->session_id_offered = hello->session_id.len > 0;
	facts->cipher_count = hello->cipher_count;
	facts->clipped |= hello->clipped;
	if (ja4)
		memcpy(facts->ja4, ja4, sizeof(facts->ja4));
	tls->session_id_len = 0;
	if (hello->session_id.len > 0 && hello->session_id.len <= PP_TLS_SESSION_ID_MAX) {
		memcpy(tls->session_id, hello->session_id.p, hello->session_id.len);
		tls->session_id_len = (uint8_t)hello->session_id.len;
	}
	limit_shape(tls, hello);
}

/* False for what is none.  In SSLv2 format the message has no header of its own, and the framer took its type and
 * version for the record's. */
static bool read_client_hello(struct pp_tls *tls, enum pp_side from, struct pp_cur cur,
			      struct pp_tls_client_hello *ret_hello, char ret_ja4[PP_JA4_TEXT])
{
	const struct pp_tls_side *side = &tls->sides[from];

	if (side->message.type == PP_TLS_V2_CLIENT_HELLO) {
		(void)pp_tls_v2_client_hello_read(cur, side->framer.record.version, ret_hello);
		pp_tls_hellos_ja4(tls->hellos, ret_hello, ret_ja4);
		return true;
	}
	(void)pp_tls_hellos_read(tls->hellos, cur, ret_hello, ret_ja4);
	return ret_hello->legacy_version >> 8 == 3 || (ret_hello->legacy_version == 0 && cur.on_short == PP_TRUNCATED);
}

static void no_hello_after_all(struct pp_tls *tls)
{
	if (tls->facts.client_hello_count == 0)
		tls->facts.client_hello_begin = (struct pp_mark){ 0 };
}

static void client_hello(struct pp_tls *tls, enum pp_side from, struct pp_cur cur)
{
	struct pp_tls_client_hello hello;
	char ja4[PP_JA4_TEXT];

	if (!read_client_hello(tls, from, cur, &hello, ja4)) {
		no_hello_after_all(tls);
		return;
	}
	if (tls->facts.client_hello_count++ == 0) {
		keep_client_hello(tls, from, &hello, ja4);
		tls->facts.client_hello = tls->sides[from].mark;
		tls->facts.partial_client_hello = false;
	}
	tls->early_data = hello.early_data;
	tls->t13.early = hello.early_data;
	tls->hello_ready = true;
}

/* It will not get any further. */
static void partial_client_hello(struct pp_tls *tls, enum pp_side from, struct pp_cur cur)
{
	struct pp_tls_client_hello hello;
	char ja4[PP_JA4_TEXT];

	if (tls->facts.client_hello_count > 0)
		return;
	if (!read_client_hello(tls, from, cur, &hello, ja4)) {
		no_hello_after_all(tls);
		return;
	}
	hello.whole = false;
	keep_client_hello(tls, from, &hello, NULL);
	tls->facts.partial_client_hello = true;
}

static bool echoes_session_id(const struct pp_tls *tls, struct pp_span session_id)
{
	return session_id.len > 0 && pp_span_equal(session_id, tls->session_id, tls->session_id_len);
}

static void keep_server_hello(struct pp_tls *tls, const struct pp_tls_server_hello *hello)
{
	struct pp_tls_facts *facts = &tls->facts;
	bool is_13 = pp_tls_is_13(hello->version);

	facts->version = hello->version;
	facts->cipher = hello->cipher;
	tls->shape = is_13 ? PP_TLS_SHAPE_13 : PP_TLS_SHAPE_12;
	if (hello->retry)
		return;
	tls->negotiated = true;
	facts->resumed = is_13 ? hello->psk : echoes_session_id(tls, hello->session_id);
	facts->downgrade = is_13 ? 0 : hello->downgrade;
	if (hello->alpn.len > 0)
		facts->selected_alpn = keep_protocol(tls, hello->alpn);
	if (is_13)
		pp_tls_13_begin(&tls->t13, hello->cipher);
}

bool pp_tls_count_server_hello(struct pp_tls *tls, enum pp_side from, bool retry)
{
	if (pp_seen(tls->facts.client_hello_begin) && from == tls->client)
		return false;
	tls->client = pp_other_side(from);
	tls->facts.server_hello_count++;
	tls->facts.hello_retry |= retry;
	pp_mark_first(&tls->facts.server_hello, tls->sides[from].mark);
	return true;
}

static void server_hello(struct pp_tls *tls, enum pp_side from, struct pp_cur cur)
{
	struct pp_tls_server_hello hello;

	(void)pp_tls_server_hello_read(cur, &hello);
	if (hello.legacy_version >> 8 != 3 && !pp_tls_is_13(hello.legacy_version))
		return;
	if (pp_tls_count_server_hello(tls, from, hello.retry) && !tls->negotiated)
		keep_server_hello(tls, &hello);
}

static void hello_retry_request(struct pp_tls *tls, enum pp_side from, struct pp_cur cur)
{
	struct pp_tls_server_hello hello = { .version = pp_cur_u16(&cur), .retry = true };

	if (pp_tls_is_13(hello.version) && pp_tls_count_server_hello(tls, from, true) && !tls->negotiated)
		keep_server_hello(tls, &hello);
}

static void keep_chain(struct pp_tls *tls, const struct pp_tls_chain *chain)
{
	struct pp_tls_facts *facts = &tls->facts;
	unsigned n = 0;

	facts->certificates_cut = chain->cut;
	facts->clipped |= chain->clipped;
	while (n < chain->count && n < PP_TLS_CERTIFICATES_MAX) {
		facts->certificates[n] = pp_certificates_get(tls->certificates, chain->der[n], tls->arena);
		if (!facts->certificates[n])
			break;
		n++;
	}
	facts->clipped |= n < chain->count;
	facts->certificate_count = n;
}

static void server_certificate(struct pp_tls *tls, struct pp_cur cur, struct pp_mark mark)
{
	struct pp_tls_chain chain;

	pp_mark_first(&tls->facts.certificate, mark);
	if (tls->facts.certificate_count)
		return;
	pp_tls_certificate_read(cur, &chain);
	keep_chain(tls, &chain);
}

static void client_certificate(struct pp_tls *tls, const struct pp_tls_message *message, struct pp_mark mark)
{
	if (pp_seen(tls->facts.client_certificate))
		return;
	tls->facts.client_certificate = mark;
	tls->facts.client_certificate_len = message->len < 3 ? 0 : message->len - 3;
}

/* A server may echo the session id and yet negotiate anew: only a full handshake has this message. */
static void server_hello_done(struct pp_tls *tls, struct pp_mark mark)
{
	if (pp_seen(tls->facts.server_hello_done))
		return;
	tls->facts.server_hello_done = mark;
	tls->facts.resumed = false;
}

/* The message is whole, or torn and at its end: `cur` then holds its beginning. */
static void message_read(struct pp_tls *tls, enum pp_side from, struct pp_cur cur)
{
	struct pp_tls_facts *facts = &tls->facts;
	struct pp_tls_side *side = &tls->sides[from];
	bool by_client = from == tls->client;

	switch (side->message.type) {
	case CLIENT_HELLO:
	case PP_TLS_V2_CLIENT_HELLO:
		client_hello(tls, from, cur);
		break;
	case SERVER_HELLO:
		server_hello(tls, from, cur);
		break;
	case HELLO_RETRY_REQUEST:
		hello_retry_request(tls, from, cur);
		break;
	case CERTIFICATE:
		if (by_client)
			client_certificate(tls, &side->message, side->mark);
		else
			server_certificate(tls, cur, side->mark);
		break;
	case CERTIFICATE_REQUEST:
		if (!by_client)
			pp_mark_first(&facts->certificate_request, side->mark);
		break;
	case SERVER_HELLO_DONE:
		if (!by_client)
			server_hello_done(tls, side->mark);
		break;
	}
	/* In 1.3 all of these are encrypted. */
	if (tls->shape == PP_TLS_SHAPE_UNKNOWN && side->message.type >= CERTIFICATE &&
	    side->message.type <= CLIENT_KEY_EXCHANGE)
		tls->shape = PP_TLS_SHAPE_12;
}

/* --- handshake stream → messages --- */

static inline void message_close(struct pp_tls *tls, struct pp_tls_message *message)
{
	if (message->held.p)
		pp_buf_give_back(&message->held, tls->arena->pool);
	message->open = false;
	message->torn = false;
	message->have = 0;
}

static inline void message_done(struct pp_tls *tls, enum pp_side from, struct pp_span body)
{
	struct pp_tls_message *message = &tls->sides[from].message;

	message_read(tls, from, pp_cur_span(body, message->torn ? PP_TRUNCATED : PP_MALFORMED));
	message_close(tls, message);
}

/* The rest of the message will never be told apart from what follows it, or never comes: read its beginning. */
void pp_tls_message_abandon(struct pp_tls *tls, enum pp_side from)
{
	struct pp_tls_message *message = &tls->sides[from].message;
	struct pp_cur cur;

	if (!pp_tls_message_waits(message))
		return;
	cur = pp_cur_span(pp_buf_span(&message->held), PP_TRUNCATED);
	if (!message->open) {
		message->type = message->head[0];
		message->len = 0;
	}
	if (message->type == CLIENT_HELLO || message->type == PP_TLS_V2_CLIENT_HELLO)
		partial_client_hello(tls, from, cur);
	else if (message->type == CERTIFICATE && message->open && from != tls->client)
		server_certificate(tls, cur, tls->sides[from].mark);
	message_close(tls, message);
}

static inline bool message_is_wanted(const struct pp_tls *tls, enum pp_side from, uint8_t type)
{
	switch (type) {
	case CLIENT_HELLO:
	case PP_TLS_V2_CLIENT_HELLO:
	case SERVER_HELLO:
	case HELLO_RETRY_REQUEST:
		return true;
	case CERTIFICATE:
		return from != tls->client && tls->facts.certificate_count == 0;
	default:
		return false;
	}
}

static inline void message_open(struct pp_tls *tls, enum pp_side from, uint8_t type, uint32_t len)
{
	struct pp_tls_message *message = &tls->sides[from].message;

	message->type = type;
	message->len = message->left = len;
	message->open = true;
	message->hold = message_is_wanted(tls, from, type);
	if (type == CLIENT_HELLO || type == PP_TLS_V2_CLIENT_HELLO)
		hello_begins(tls, from);
	if (message->hold && len > PP_TLS_MESSAGE_MAX) {
		tls->facts.clipped = true;
		message->torn = true;
	}
}

/* Known types; what is not read anyway has to end in the record where it begins. */
static bool message_is_plausible(const struct pp_tls *tls, enum pp_side from, uint8_t type, uint32_t len)
{
	switch (type) {
	case CLIENT_HELLO:
	case SERVER_HELLO:
	case CERTIFICATE:
		return len <= PP_TLS_MESSAGE_MAX;
	case NEW_SESSION_TICKET:
	case HELLO_RETRY_REQUEST:
	case SERVER_KEY_EXCHANGE:
	case CERTIFICATE_REQUEST:
	case SERVER_HELLO_DONE:
	case CERTIFICATE_VERIFY:
	case CLIENT_KEY_EXCHANGE:
	case FINISHED:
	case CERTIFICATE_STATUS:
	case NEXT_PROTOCOL:
		return len <= tls->sides[from].framer.record.len;
	default:
		return false;
	}
}

/* The four bytes of a header, gathered where they do not come at once; NULL: it needs more. */
static inline const uint8_t *message_head(struct pp_tls_message *message, struct pp_cur *cur)
{
	if (message->have == 0 && pp_cur_left(cur) >= PP_TLS_MESSAGE_HEADER)
		return pp_cur_fixed(cur, PP_TLS_MESSAGE_HEADER);
	while (message->have < PP_TLS_MESSAGE_HEADER) {
		if (pp_cur_left(cur) == 0)
			return NULL;
		message->head[message->have++] = pp_cur_u8(cur);
	}
	message->have = 0;
	return message->head;
}

/* False: its header needs more bytes, or there is none here. */
static inline bool message_begin(struct pp_tls *tls, enum pp_side from, struct pp_cur *cur)
{
	struct pp_tls_side *side = &tls->sides[from];
	struct pp_tls_message *message = &side->message;
	const uint8_t *head;
	uint32_t len;

	if (message->have == 0)
		message->begin = side->in_body ? side->mark : side->record_begin;
	side->in_body = true;
	head = message_head(message, cur);
	if (!head)
		return false;
	len = pp_be32(head) & 0xffffff;
	if (side->suspect && !message_is_plausible(tls, from, head[0], len)) {
		side->skipping = true;
		return false;
	}
	side->suspect = false;
	message_open(tls, from, head[0], len);
	return true;
}

static inline void message_body(struct pp_tls *tls, enum pp_side from, struct pp_cur *cur)
{
	struct pp_tls_message *message = &tls->sides[from].message;
	uint32_t n = pp_cur_left(cur) < message->left ? (uint32_t)pp_cur_left(cur) : message->left;
	struct pp_span part = pp_cur_take(cur, n);

	if (n == message->len) {
		message_done(tls, from, part);
		return;
	}
	message->left -= n;
	if (message->hold && !message->torn) {
		pp_buf_borrow(&message->held, tls->arena->pool);
		if (pp_buf_add(&message->held, part.p, part.len) != PP_OK) {
			tls->facts.clipped = true;
			message->torn = true;
		}
	}
	if (message->left == 0)
		message_done(tls, from, pp_buf_span(&message->held));
}

void pp_tls_message_open(struct pp_tls *tls, enum pp_side from, uint8_t type, uint32_t len)
{
	message_open(tls, from, type, len);
}

void pp_tls_message_body(struct pp_tls *tls, enum pp_side from, struct pp_cur *cur) { message_body(tls, from, cur); }

void pp_tls_handshake_bytes(struct pp_tls *tls, enum pp_side from, struct pp_span body)
{
	struct pp_tls_side *side = &tls->sides[from];
	struct pp_cur cur = pp_cur_span(body, PP_MORE);

	while (pp_cur_left(&cur) > 0 && !side->skipping) {
		if (!side->message.open && !message_begin(tls, from, &cur))
			return;
		message_body(tls, from, &cur);
	}
}

void pp_tls_handshake_gap(struct pp_tls *tls, enum pp_side from, uint32_t missing)
{
	struct pp_tls_side *side = &tls->sides[from];
	struct pp_tls_message *message = &side->message;

	if (side->skipping)
		return;
	side->in_body = true;
	if (message->open && missing <= message->left) {
		message->torn = true;
		message->left -= missing;
		if (message->left == 0)
			message_done(tls, from, pp_buf_span(&message->held));
		return;
	}
	pp_tls_message_abandon(tls, from);
	side->skipping = true;
	side->suspect = true;
}

/* The session: what the records of both sides say, put together.
 *
 * Each side has a framer (tls_record.h) and behind it a reader of handshake messages, which may share records or run
 * over several.  A message that lies whole in one chunk is parsed where it is; only one that does not, and is of a kind
 * that is read, is held.  What remains of a record once it is known to be encrypted, or to have lost its alignment to a
 * gap, is skipped by length.
 *
 * Three shapes decide what a record means.  Up to TLS 1.2 the record type is true and ChangeCipherSpec turns encryption
 * on; in 1.3 everything after ServerHello is "application data" (tls_13.h); and before a ServerHello that the capture
 * may have lost, neither is known.
 *
 * Sides are those of the connection in every array of the facts.  "client" below is the side that sent the ClientHello.
 */
#include "dissect/tls.h"

#include "base/buf.h"
#include "dissect/ja4.h"
#include "dissect/tls_13.h"
#include "dissect/tls_certificate.h"
#include "dissect/tls_hello.h"
#include "dissect/tls_record.h"
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
	MESSAGE_HEADER_LEN = 4,
	V2_HEADER_LEN = 3, /* type and version */
	/* The longest encrypted Finished: SSL 3.0 or CBC with SHA-384. */
	SEALED_FINISHED_MAX = 100,
	NAME_MAX_LEN = 255,
	SESSION_ID_MAX = 32,
};

enum shape { SHAPE_UNKNOWN, SHAPE_12, SHAPE_13 };

/* The handshake message of one side that is being read. */
struct message {
	struct pp_buf held;
	struct pp_mark begin;
	uint8_t head[MESSAGE_HEADER_LEN], have;
	uint8_t type; /* as on the wire, or PP_TLS_V2_CLIENT_HELLO */
	bool open;    /* the header is read, the body not */
	bool hold;    /* the body is wanted */
	bool torn;    /* bytes of it are missing: what is held is its beginning */
	uint32_t len, left;
};

struct side {
	struct pp_tls_framer framer;
	struct message message;
	struct pp_mark mark; /* packet of the latest bytes */
	struct pp_mark record_begin;
	bool in_body;   /* some of the current record's body was read */
	bool encrypted; /* the current handshake record is */
	bool skipping;  /* the rest of the current handshake record is of unknown alignment */
	bool suspect;   /* at the start or taken up midway: a message has to look like one */
	bool holes;
	uint8_t alert[2], alert_have;
};

struct pp_tls {
	struct pp_tls_facts facts;
	struct side sides[2];
	struct pp_tls_13 t13;
	struct pp_arena *arena;
	struct pp_certificates *certificates;
	struct pp_ja4_cache *ja4;
	enum pp_side client;
	enum shape shape;
	bool early_data;  /* offered */
	bool negotiated;  /* a ServerHello that is no HelloRetryRequest was seen */
	bool hello_ready; /* for pp_tls_take_hello() */
	uint8_t session_id[SESSION_ID_MAX], session_id_len;
};

struct pp_tls *pp_tls_new(struct pp_arena *arena, struct pp_certificates *certificates, struct pp_ja4_cache *ja4)
{
	struct pp_tls *tls = pp_arena_alloc(arena, sizeof(*tls));

	if (!tls)
		return NULL;
	tls->arena = arena;
	tls->certificates = certificates;
	tls->ja4 = ja4;
	for (unsigned side = 0; side < 2; side++) {
		pp_buf_init(&tls->sides[side].message.held, PP_TLS_MESSAGE_MAX);
		tls->sides[side].suspect = true;
	}
	return tls;
}

void pp_tls_free(struct pp_tls *tls)
{
	if (!tls)
		return;
	pp_buf_done(&tls->sides[PP_CLIENT].message.held);
	pp_buf_done(&tls->sides[PP_SERVER].message.held);
}

const struct pp_tls_facts *pp_tls_facts(const struct pp_tls *tls) { return &tls->facts; }

bool pp_tls_take_hello(struct pp_tls *tls)
{
	bool ready = tls->hello_ready;

	tls->hello_ready = false;
	return ready;
}

/* --- messages → facts --- */

static const char *keep_text(struct pp_tls *tls, struct pp_span text)
{
	const char *kept = pp_arena_text(tls->arena, text, NAME_MAX_LEN);

	tls->facts.clipped |= !kept || text.len > NAME_MAX_LEN;
	return kept;
}

static const char *keep_host(struct pp_tls *tls, struct pp_span name)
{
	char *host = pp_arena_text(tls->arena, name, NAME_MAX_LEN);

	tls->facts.clipped |= !host || name.len > NAME_MAX_LEN;
	for (char *c = host; c && *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
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
	if (hello->version_count > 0 && tls->shape == SHAPE_UNKNOWN)
		tls->shape = SHAPE_12;
}

static void keep_client_hello(struct pp_tls *tls, enum pp_side from, const struct pp_tls_client_hello *hello)
{
	struct pp_tls_facts *facts = &tls->facts;
	const struct side *side = &tls->sides[from];

	hello_begins(tls, from);
	facts->client_hello_len = side->message.len;
	facts->client_hello_len += side->message.type == PP_TLS_V2_CLIENT_HELLO ? V2_HEADER_LEN : MESSAGE_HEADER_LEN;
	facts->record_version = hello->v2 ? PP_SSL_2 : side->framer.record.version;
	facts->legacy_version = hello->legacy_version;
	facts->sni = hello->has_sni ? keep_host(tls, hello->sni) : NULL;
	facts->sni_unknown = !hello->has_sni && !hello->whole;
	facts->offered_count = hello->version_count;
	memcpy(facts->offered, hello->versions, sizeof(facts->offered));
	facts->alpn_count = hello->alpn_count;
	for (unsigned i = 0; i < hello->alpn_count; i++)
		facts->alpn[i] = keep_text(tls, hello->alpn[i]);
	facts->offers_psk = hello->psk || hello->ticket;
	facts->post_quantum = hello->post_quantum;
	facts->session_id_offered = hello->session_id.len > 0;
	facts->cipher_count = hello->cipher_count;
	facts->clipped |= hello->clipped;
	pp_ja4(tls->ja4, hello, facts->ja4);
	tls->session_id_len = 0;
	if (hello->session_id.len > 0 && hello->session_id.len <= SESSION_ID_MAX) {
		memcpy(tls->session_id, hello->session_id.p, hello->session_id.len);
		tls->session_id_len = (uint8_t)hello->session_id.len;
	}
	limit_shape(tls, hello);
}

/* False for what is none.  In SSLv2 format the message has no header of its own, and the framer took its type and
 * version for the record's. */
static bool read_client_hello(const struct side *side, struct pp_cur cur, struct pp_tls_client_hello *ret_hello)
{
	if (side->message.type == PP_TLS_V2_CLIENT_HELLO) {
		(void)pp_tls_v2_client_hello_read(cur, side->framer.record.version, ret_hello);
		return true;
	}
	(void)pp_tls_client_hello_read(cur, ret_hello);
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

	if (!read_client_hello(&tls->sides[from], cur, &hello)) {
		no_hello_after_all(tls);
		return;
	}
	if (tls->facts.client_hello_count++ == 0) {
		keep_client_hello(tls, from, &hello);
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

	if (tls->facts.client_hello_count > 0)
		return;
	if (!read_client_hello(&tls->sides[from], cur, &hello)) {
		no_hello_after_all(tls);
		return;
	}
	hello.whole = false;
	keep_client_hello(tls, from, &hello);
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
	tls->shape = is_13 ? SHAPE_13 : SHAPE_12;
	if (hello->retry)
		return;
	tls->negotiated = true;
	facts->resumed = is_13 ? hello->psk : echoes_session_id(tls, hello->session_id);
	facts->downgrade = is_13 ? 0 : hello->downgrade;
	if (hello->alpn.len > 0)
		facts->selected_alpn = keep_text(tls, hello->alpn);
	if (is_13)
		pp_tls_13_begin(&tls->t13, hello->cipher);
}

/* False: it comes from the wrong side. */
static bool count_server_hello(struct pp_tls *tls, enum pp_side from, bool retry)
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
	if (count_server_hello(tls, from, hello.retry) && !tls->negotiated)
		keep_server_hello(tls, &hello);
}

static void hello_retry_request(struct pp_tls *tls, enum pp_side from, struct pp_cur cur)
{
	struct pp_tls_server_hello hello = { .version = pp_cur_u16(&cur), .retry = true };

	if (pp_tls_is_13(hello.version) && count_server_hello(tls, from, true) && !tls->negotiated)
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

static void server_certificate(struct pp_tls *tls, struct pp_cur cur)
{
	struct pp_tls_chain chain;

	if (tls->facts.certificate_count)
		return;
	pp_tls_certificate_read(cur, &chain);
	keep_chain(tls, &chain);
}

static void client_certificate(struct pp_tls *tls, const struct message *message, struct pp_mark mark)
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
	struct side *side = &tls->sides[from];
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
		if (by_client) {
			client_certificate(tls, &side->message, side->mark);
		} else {
			server_certificate(tls, cur);
			pp_mark_first(&facts->certificate, side->mark);
		}
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
	if (tls->shape == SHAPE_UNKNOWN && side->message.type >= CERTIFICATE &&
	    side->message.type <= CLIENT_KEY_EXCHANGE)
		tls->shape = SHAPE_12;
}

/* --- handshake stream → messages --- */

static void message_close(struct message *message)
{
	pp_buf_done(&message->held);
	message->open = false;
	message->torn = false;
	message->have = 0;
}

static void message_done(struct pp_tls *tls, enum pp_side from, struct pp_span body)
{
	struct message *message = &tls->sides[from].message;

	message_read(tls, from, pp_cur_span(body, message->torn ? PP_TRUNCATED : PP_MALFORMED));
	message_close(message);
}

/* The rest of the message will never be told apart from what follows it, or never comes: read its beginning. */
static void message_abandon(struct pp_tls *tls, enum pp_side from)
{
	struct message *message = &tls->sides[from].message;
	struct pp_cur cur = pp_cur_span(pp_buf_span(&message->held), PP_TRUNCATED);

	if (!message->open && message->have > 0) {
		message->type = message->head[0];
		message->len = 0;
	}
	if (message->open || message->have > 0) {
		if (message->type == CLIENT_HELLO || message->type == PP_TLS_V2_CLIENT_HELLO)
			partial_client_hello(tls, from, cur);
		else if (message->type == CERTIFICATE && message->open && from != tls->client)
			server_certificate(tls, cur);
	}
	message_close(message);
}

static bool message_is_wanted(const struct pp_tls *tls, enum pp_side from, uint8_t type)
{
	if (type == CERTIFICATE)
		return from != tls->client && tls->facts.certificate_count == 0;
	return type == CLIENT_HELLO || type == PP_TLS_V2_CLIENT_HELLO || type == SERVER_HELLO ||
	       type == HELLO_RETRY_REQUEST;
}

static void message_open(struct pp_tls *tls, enum pp_side from, uint8_t type, uint32_t len)
{
	struct message *message = &tls->sides[from].message;

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

/* False: its header needs more bytes, or there is none here. */
static bool message_begin(struct pp_tls *tls, enum pp_side from, struct pp_cur *cur)
{
	struct side *side = &tls->sides[from];
	struct message *message = &side->message;
	struct pp_cur head;
	uint8_t type;
	uint32_t len;

	if (message->have == 0)
		message->begin = side->in_body ? side->mark : side->record_begin;
	side->in_body = true;
	while (message->have < MESSAGE_HEADER_LEN) {
		if (pp_cur_left(cur) == 0)
			return false;
		message->head[message->have++] = pp_cur_u8(cur);
	}
	message->have = 0;
	head = pp_cur(message->head, MESSAGE_HEADER_LEN, PP_MALFORMED);
	type = pp_cur_u8(&head);
	len = pp_cur_u24(&head);
	if (side->suspect && !message_is_plausible(tls, from, type, len)) {
		side->skipping = true;
		return false;
	}
	side->suspect = false;
	message_open(tls, from, type, len);
	return true;
}

static void message_body(struct pp_tls *tls, enum pp_side from, struct pp_cur *cur)
{
	struct message *message = &tls->sides[from].message;
	uint32_t n = pp_cur_left(cur) < message->left ? (uint32_t)pp_cur_left(cur) : message->left;
	struct pp_span part = pp_cur_take(cur, n);

	if (n == message->len) {
		message_done(tls, from, part);
		return;
	}
	message->left -= n;
	if (message->hold && !message->torn && pp_buf_add(&message->held, part.p, part.len) != PP_OK) {
		tls->facts.clipped = true;
		message->torn = true;
	}
	if (message->left == 0)
		message_done(tls, from, pp_buf_span(&message->held));
}

static void handshake_bytes(struct pp_tls *tls, enum pp_side from, struct pp_span body)
{
	struct side *side = &tls->sides[from];
	struct pp_cur cur = pp_cur_span(body, PP_MORE);

	while (pp_cur_left(&cur) > 0 && !side->skipping) {
		if (!side->message.open && !message_begin(tls, from, &cur))
			return;
		message_body(tls, from, &cur);
	}
}

static void handshake_gap(struct pp_tls *tls, enum pp_side from, uint32_t missing)
{
	struct side *side = &tls->sides[from];
	struct message *message = &side->message;

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
	message_abandon(tls, from);
	side->skipping = true;
	side->suspect = true;
}

/* --- records --- */

static void check_complete(struct pp_tls *tls, struct pp_mark mark)
{
	struct pp_tls_facts *facts = &tls->facts;

	if (facts->complete || !pp_seen(facts->finished[PP_CLIENT]) || !pp_seen(facts->finished[PP_SERVER]))
		return;
	facts->complete = true;
	facts->complete_mark = mark;
}

static bool is_encrypted(const struct pp_tls *tls, enum pp_side from, uint16_t len)
{
	if (tls->shape == SHAPE_13 || !pp_seen(tls->facts.ccs[from]))
		return false;
	/* One-sided: behind a ChangeCipherSpec comes the Finished, or in 1.3 a second ClientHello, which is longer. */
	return tls->shape == SHAPE_12 || len <= SEALED_FINISHED_MAX;
}

static void change_cipher_spec(struct pp_tls *tls, enum pp_side from)
{
	struct pp_tls_facts *facts = &tls->facts;
	const struct side *side = &tls->sides[from];

	/* Up to 1.2 a server that ends its flight without ServerHelloDone has taken up the ticket. */
	if (!pp_seen(facts->ccs[from]) && from != tls->client && tls->negotiated && tls->shape == SHAPE_12 &&
	    facts->offers_psk && !side->holes && !pp_seen(facts->server_hello_done))
		facts->resumed = true;
	pp_mark_first(&facts->ccs[from], side->mark);
}

/* Suites that only authenticate: the record is the message with its MAC behind it. */
static bool is_unencrypted(uint16_t cipher)
{
	const char *name = cipher ? pp_tls_cipher_name(cipher) : NULL;

	return name && strstr(name, "_WITH_NULL_") != NULL;
}

static void add_alert(struct pp_tls_facts *facts, const struct pp_tls_alert *alert)
{
	/* The last place is for the latest alert: it tells the end. */
	if (facts->alert_count == PP_TLS_ALERTS_MAX) {
		facts->alert_count--;
		facts->clipped = true;
	}
	facts->alerts[facts->alert_count++] = *alert;
}

/* Two bytes are in clear: no cipher leaves them so short.  Behind a ChangeCipherSpec they must also make sense. */
static void alert(struct pp_tls *tls, enum pp_side from, uint16_t len)
{
	const struct side *side = &tls->sides[from];
	bool is_plain = side->alert_have == 2 && (len == 2 || is_unencrypted(tls->facts.cipher));
	struct pp_tls_alert alert = { .mark = side->mark, .from = from, .record_len = len };

	if (is_encrypted(tls, from, len))
		is_plain = is_plain && (side->alert[0] == 1 || side->alert[0] == 2);
	alert.encrypted = !is_plain;
	alert.level = is_plain ? side->alert[0] : 0;
	alert.code = is_plain ? side->alert[1] : 0;
	add_alert(&tls->facts, &alert);
}

static void application_data_12(struct pp_tls *tls, enum pp_side from, uint16_t len)
{
	struct pp_tls_facts *facts = &tls->facts;
	struct pp_mark mark = tls->sides[from].mark;

	pp_mark_first(&facts->app_data[from], mark);
	facts->app_bytes[from] += len;
	/* Whoever sends data has the other's Finished; only a client may start before (RFC 7918). */
	if (tls->negotiated && !facts->complete &&
	    (from != tls->client || pp_seen(facts->finished[pp_other_side(from)]))) {
		facts->complete = true;
		facts->complete_mark = mark;
	}
}

static void application_data(struct pp_tls *tls, enum pp_side from, uint16_t len)
{
	struct pp_mark mark = tls->sides[from].mark;
	bool is_early = tls->early_data && from == tls->client && !tls->negotiated;

	if (tls->shape == SHAPE_13 && tls->negotiated)
		pp_tls_13_record(&tls->t13, &tls->facts, tls->client, from, len, mark);
	else if (is_early)
		pp_tls_13_early(&tls->t13, &tls->facts, from, len, mark);
	else if (tls->shape == SHAPE_12 || !pp_seen(tls->facts.client_hello_begin))
		application_data_12(tls, from, len);
}

static void give_up(struct pp_tls *tls)
{
	tls->sides[PP_CLIENT].framer.framing = PP_TLS_GIVEN_UP;
	tls->sides[PP_SERVER].framer.framing = PP_TLS_GIVEN_UP;
}

/* SSL 2.0 itself: what follows are its own records, encrypted. */
static void v2_server_hello(struct pp_tls *tls, enum pp_side from)
{
	if (!count_server_hello(tls, from, false))
		return;
	tls->facts.version = PP_SSL_2;
	give_up(tls);
}

static void record_begin(struct pp_tls *tls, enum pp_side from, const struct pp_tls_header *record)
{
	struct side *side = &tls->sides[from];

	side->in_body = false;
	side->skipping = false;
	side->alert_have = 0;
	side->encrypted = record->type == PP_TLS_HANDSHAKE && is_encrypted(tls, from, record->len);
	if (record->type == PP_TLS_V2_CLIENT_HELLO) {
		side->message.begin = side->record_begin;
		message_open(tls, from, PP_TLS_V2_CLIENT_HELLO, record->len);
	}
}

static void record_body(struct pp_tls *tls, enum pp_side from, const struct pp_tls_piece *piece)
{
	struct side *side = &tls->sides[from];
	struct pp_cur cur = pp_cur_span(piece->body, PP_MORE);

	switch (piece->record.type) {
	case PP_TLS_HANDSHAKE:
		if (!side->encrypted)
			handshake_bytes(tls, from, piece->body);
		break;
	case PP_TLS_V2_CLIENT_HELLO:
		if (side->message.open)
			message_body(tls, from, &cur);
		break;
	case PP_TLS_ALERT:
		while (side->alert_have < sizeof(side->alert) && pp_cur_left(&cur) > 0 && !piece->torn)
			side->alert[side->alert_have++] = pp_cur_u8(&cur);
		break;
	}
}

static void record_end(struct pp_tls *tls, enum pp_side from, const struct pp_tls_header *record)
{
	struct side *side = &tls->sides[from];

	tls->facts.last_record[from] = (struct pp_tls_record){ record->type, record->len };
	tls->facts.last_record_mark[from] = side->mark;
	switch (record->type) {
	case PP_TLS_CHANGE_CIPHER_SPEC:
		change_cipher_spec(tls, from);
		break;
	case PP_TLS_ALERT:
		alert(tls, from, record->len);
		break;
	case PP_TLS_HANDSHAKE:
		if (side->encrypted) {
			pp_mark_first(&tls->facts.finished[from], side->mark);
			check_complete(tls, side->mark);
		}
		break;
	case PP_TLS_APPLICATION_DATA:
		application_data(tls, from, record->len);
		break;
	case PP_TLS_V2_SERVER_HELLO:
		v2_server_hello(tls, from);
		break;
	}
}

static void read_piece(struct pp_tls *tls, enum pp_side from, const struct pp_tls_piece *piece)
{
	if (piece->begins)
		record_begin(tls, from, &piece->record);
	record_body(tls, from, piece);
	if (piece->ends)
		record_end(tls, from, &piece->record);
}

/* --- bytes that are no records --- */

static void add_not_tls(struct pp_tls_facts *facts, struct pp_cur cur)
{
	size_t n = strlen(facts->not_tls_head);

	while (n + 1 < sizeof(facts->not_tls_head) && pp_cur_left(&cur) > 0) {
		uint8_t c = pp_cur_u8(&cur);

		facts->not_tls_head[n++] = (char)(c >= 0x20 && c < 0x7f ? c : '.');
	}
	facts->not_tls_http = strncmp(facts->not_tls_head, "HTTP/", 5) == 0;
}

static void lose(struct pp_tls *tls, enum pp_side from)
{
	struct side *side = &tls->sides[from];

	message_abandon(tls, from);
	side->suspect = true;
	side->holes = true;
	tls->facts.desynchronised[from] = true;
	if (from != tls->client && !tls->negotiated)
		tls->facts.server_first_unseen = true;
}

/* `at_start`: nothing of that side was a record yet.  The answer to a ClientHello is then something else; otherwise the
 * capture joined the session midway or the stream is broken. */
static void no_record(struct pp_tls *tls, enum pp_side from, bool at_start, struct pp_cur rest)
{
	struct side *side = &tls->sides[from];

	if (!at_start || from == tls->client || !pp_seen(tls->facts.client_hello_begin)) {
		lose(tls, from);
		return;
	}
	side->framer.framing = PP_TLS_GIVEN_UP;
	tls->facts.not_tls = side->record_begin;
	add_not_tls(&tls->facts, pp_cur(side->framer.head, side->framer.have, PP_MORE));
	add_not_tls(&tls->facts, rest);
}

void pp_tls_data(struct pp_tls *tls, enum pp_side from, struct pp_span bytes, struct pp_mark mark)
{
	struct side *side = &tls->sides[from];
	struct pp_tls_framer *framer = &side->framer;
	struct pp_cur cur = pp_cur_span(bytes, PP_MORE);
	bool at_start = framer->framing == PP_TLS_FRESH;
	enum pp_tls_found found;
	struct pp_tls_piece piece;

	if (framer->framing == PP_TLS_GIVEN_UP && pp_seen(tls->facts.not_tls) && from != tls->client)
		add_not_tls(&tls->facts, cur);
	if (!pp_tls_framer_resume(framer, bytes))
		return;
	tls->facts.desynchronised[from] = false;
	side->mark = mark;
	if (!framer->in_body && framer->have == 0)
		side->record_begin = mark;
	while ((found = pp_tls_framer_next(framer, &cur, &piece)) == PP_TLS_PIECE) {
		at_start = false;
		read_piece(tls, from, &piece);
		if (piece.ends)
			side->record_begin = mark;
		if (framer->framing == PP_TLS_GIVEN_UP)
			return;
	}
	if (found == PP_TLS_NO_RECORD)
		no_record(tls, from, at_start, cur);
}

uint32_t pp_tls_opaque(const struct pp_tls *tls, enum pp_side from)
{
	const struct pp_tls_framer *framer = &tls->sides[from].framer;

	return framer->framing == PP_TLS_KEPT && framer->in_body && framer->record.type == PP_TLS_APPLICATION_DATA
		   ? framer->left - 1u
		   : 0;
}

void pp_tls_skip(struct pp_tls *tls, enum pp_side from, uint32_t count, struct pp_mark mark)
{
	struct side *side = &tls->sides[from];

	if (count > pp_tls_opaque(tls, from))
		return;
	side->framer.left = (uint16_t)(side->framer.left - count);
	side->mark = mark;
}

void pp_tls_gap(struct pp_tls *tls, enum pp_side from, uint64_t missing)
{
	struct side *side = &tls->sides[from];
	struct pp_tls_piece piece;

	if (missing == 0 || side->framer.framing == PP_TLS_GIVEN_UP)
		return;
	side->holes = true;
	if (!pp_tls_framer_gap(&side->framer, missing, &piece)) {
		lose(tls, from);
		return;
	}
	if (from != tls->client && !tls->negotiated)
		tls->facts.server_first_unseen = true;
	if ((piece.record.type == PP_TLS_HANDSHAKE && !side->encrypted) || piece.record.type == PP_TLS_V2_CLIENT_HELLO)
		handshake_gap(tls, from, (uint32_t)missing);
	read_piece(tls, from, &piece);
}

/* --- the end --- */

/* The session was ended by a fatal alert in clear: what the other side sent then means nothing any more. */
static bool was_ended_by(const struct pp_tls_facts *facts, enum pp_side side)
{
	for (unsigned i = 0; i < facts->alert_count; i++) {
		if (facts->alerts[i].from == side && !facts->alerts[i].encrypted && facts->alerts[i].level == 2)
			return true;
	}
	return false;
}

/* In 1.3 an alert under encryption is a record of its length that nothing follows. */
static bool ends_with_hidden_alert(const struct pp_tls *tls, enum pp_side from)
{
	const struct pp_tls_facts *facts = &tls->facts;
	const struct pp_tls_framer *framer = &tls->sides[from].framer;

	if (tls->shape != SHAPE_13 || !tls->negotiated || was_ended_by(facts, pp_other_side(from)))
		return false;
	if (facts->desynchronised[from] || framer->in_body || framer->have > 0)
		return false;
	if (facts->last_record[from].type != PP_TLS_APPLICATION_DATA || (from == tls->client && tls->t13.early))
		return false;
	return pp_tls_13_is_alert(&tls->t13, from, facts->last_record[from].len);
}

void pp_tls_finish(struct pp_tls *tls)
{
	struct pp_tls_facts *facts = &tls->facts;
	const struct pp_mark *last = facts->last_record_mark;
	enum pp_side first = last[PP_CLIENT].ts <= last[PP_SERVER].ts ? PP_CLIENT : PP_SERVER;

	for (unsigned i = 0; i < 2; i++) {
		enum pp_side from = i == 0 ? first : pp_other_side(first);

		message_abandon(tls, from);
		if (ends_with_hidden_alert(tls, from))
			add_alert(facts, &(struct pp_tls_alert){ .mark = last[from],
								 .from = from,
								 .encrypted = true,
								 .record_len = facts->last_record[from].len });
	}
}

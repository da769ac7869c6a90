/* The session: what the records of both sides say, put together.
 *
 * Each side has a framer (tls_record.h) and behind it a reader of handshake messages (tls_handshake.c).  What remains of
 * a record once it is known to be encrypted, or to have lost its alignment to a gap, is skipped by length.
 *
 * Three shapes decide what a record means.  Up to TLS 1.2 the record type is true and ChangeCipherSpec turns encryption
 * on; in 1.3 everything after ServerHello is "application data" (tls_13.h); and before a ServerHello that the capture
 * may have lost, neither is known.
 *
 * Sides are those of the connection in every array of the facts.  "client" below is the side that sent the ClientHello.
 */
#include "dissect/tls_state.h"

/* The longest encrypted Finished: SSL 3.0 or CBC with SHA-384. */
enum { SEALED_FINISHED_MAX = 100 };

struct pp_tls *pp_tls_new(struct pp_arena *arena, struct pp_certificates *certificates, struct pp_tls_hellos *hellos)
{
	struct pp_tls *tls = pp_arena_alloc(arena, sizeof(*tls));

	if (!tls)
		return NULL;
	tls->arena = arena;
	tls->certificates = certificates;
	tls->hellos = hellos;
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
	for (unsigned side = 0; side < 2; side++)
		if (tls->sides[side].message.held.p)
			pp_buf_done(&tls->sides[side].message.held);
}

const struct pp_tls_facts *pp_tls_facts(const struct pp_tls *tls) { return &tls->facts; }

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
	if (tls->shape == PP_TLS_SHAPE_13 || !pp_seen(tls->facts.ccs[from]))
		return false;
	/* One-sided: behind a ChangeCipherSpec comes the Finished, or in 1.3 a second ClientHello, which is longer. */
	return tls->shape == PP_TLS_SHAPE_12 || len <= SEALED_FINISHED_MAX;
}

static void change_cipher_spec(struct pp_tls *tls, enum pp_side from)
{
	struct pp_tls_facts *facts = &tls->facts;
	const struct pp_tls_side *side = &tls->sides[from];

	/* Up to 1.2 a server that ends its flight without ServerHelloDone has taken up the ticket. */
	if (!pp_seen(facts->ccs[from]) && from != tls->client && tls->negotiated && tls->shape == PP_TLS_SHAPE_12 &&
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
	const struct pp_tls_side *side = &tls->sides[from];
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

static inline void application_data(struct pp_tls *tls, enum pp_side from, uint16_t len)
{
	const struct pp_mark *mark = &tls->sides[from].mark;
	bool is_early = tls->early_data && from == tls->client && !tls->negotiated;

	if (tls->shape == PP_TLS_SHAPE_13 && tls->negotiated)
		pp_tls_13_record(&tls->t13, &tls->facts, tls->client, from, len, mark);
	else if (is_early)
		pp_tls_13_early(&tls->t13, &tls->facts, from, len, *mark);
	else if (tls->shape == PP_TLS_SHAPE_12 || !pp_seen(tls->facts.client_hello_begin))
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
	if (!pp_tls_count_server_hello(tls, from, false))
		return;
	tls->facts.version = PP_SSL_2;
	give_up(tls);
}

static inline void record_begin(struct pp_tls *tls, enum pp_side from, const struct pp_tls_header *record)
{
	struct pp_tls_side *side = &tls->sides[from];

	side->in_body = false;
	side->skipping = false;
	side->alert_have = 0;
	side->encrypted = record->type == PP_TLS_HANDSHAKE && is_encrypted(tls, from, record->len);
	if (record->type == PP_TLS_V2_CLIENT_HELLO) {
		side->message.begin = side->record_begin;
		pp_tls_message_open(tls, from, PP_TLS_V2_CLIENT_HELLO, record->len);
	}
}

PP_SELDOM static void v2_body(struct pp_tls *tls, enum pp_side from, struct pp_span body)
{
	struct pp_cur cur = pp_cur_span(body, PP_MORE);

	if (tls->sides[from].message.open)
		pp_tls_message_body(tls, from, &cur);
}

static inline void record_body(struct pp_tls *tls, enum pp_side from, struct pp_span body)
{
	struct pp_tls_side *side = &tls->sides[from];
	struct pp_cur cur = pp_cur_span(body, PP_MORE);

	switch (side->framer.record.type) {
	case PP_TLS_HANDSHAKE:
		if (!side->encrypted)
			pp_tls_handshake_bytes(tls, from, body);
		break;
	case PP_TLS_V2_CLIENT_HELLO:
		v2_body(tls, from, body);
		break;
	case PP_TLS_ALERT:
		while (side->alert_have < sizeof(side->alert) && pp_cur_left(&cur) > 0 && !side->framer.torn)
			side->alert[side->alert_have++] = pp_cur_u8(&cur);
		break;
	}
}

static inline void keep_last_record(struct pp_tls *tls, enum pp_side from, uint8_t type, uint16_t len,
				    const struct pp_mark *mark)
{
	tls->facts.last_record[from] = (struct pp_tls_record){ type, len };
	tls->facts.last_record_mark[from] = *mark;
}

static inline void record_end(struct pp_tls *tls, enum pp_side from, const struct pp_tls_header *record)
{
	struct pp_tls_side *side = &tls->sides[from];

	keep_last_record(tls, from, record->type, record->len, &side->mark);
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
	case PP_TLS_V2_SERVER_HELLO:
		v2_server_hello(tls, from);
		break;
	}
}

/* A piece of the framer's record, which is no application data. */
static inline void read_content(struct pp_tls *tls, enum pp_side from, struct pp_span body, bool begins, bool ends)
{
	const struct pp_tls_framer *framer = &tls->sides[from].framer;

	if (begins)
		record_begin(tls, from, &framer->record);
	record_body(tls, from, body);
	if (ends)
		record_end(tls, from, &framer->record);
}

static inline void read_piece(struct pp_tls *tls, enum pp_side from, const struct pp_tls_piece *piece)
{
	if (piece->record.type != PP_TLS_APPLICATION_DATA) {
		read_content(tls, from, piece->body, piece->begins, piece->ends);
	} else if (piece->ends) { /* only its length is of interest */
		keep_last_record(tls, from, piece->record.type, piece->record.len, &tls->sides[from].mark);
		application_data(tls, from, piece->record.len);
	}
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
	struct pp_tls_side *side = &tls->sides[from];

	pp_tls_message_abandon(tls, from);
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
	struct pp_tls_side *side = &tls->sides[from];

	if (!at_start || from == tls->client || !pp_seen(tls->facts.client_hello_begin)) {
		lose(tls, from);
		return;
	}
	side->framer.framing = PP_TLS_GIVEN_UP;
	tls->facts.not_tls = side->record_begin;
	add_not_tls(&tls->facts, pp_cur(side->framer.head, side->framer.have, PP_MORE));
	add_not_tls(&tls->facts, rest);
}

/* Records of application data are next, or the rest of one: as it is once a session stands. */
static inline bool is_plain(const struct pp_tls_framer *framer)
{
	return framer->framing == PP_TLS_KEPT && framer->have == 0 &&
	       (!framer->in_body || framer->record.type == PP_TLS_APPLICATION_DATA);
}

/* Whether one begins at `p`; its header and that it ends somewhere. */
static inline bool begins_application_data(const uint8_t *p)
{
	uint16_t len = pp_be16(p + 3);

	return p[0] == PP_TLS_APPLICATION_DATA && p[1] == 3 && p[2] <= 4 && len > 0 && len <= PP_TLS_BODY_MAX;
}

/* What read_records() makes of them, in fewer steps.  Gives how many bytes they are: up to what is something else. */
static inline size_t read_application_data(struct pp_tls *tls, enum pp_side from, struct pp_span bytes,
					   const struct pp_mark *mark)
{
	struct pp_tls_side *side = &tls->sides[from];
	struct pp_tls_framer *framer = &side->framer;
	struct pp_cur cur = pp_cur_span(bytes, PP_MORE);
	uint32_t left = framer->in_body ? framer->left : 0;
	uint16_t len = framer->record.len;

	tls->facts.desynchronised[from] = false;
	side->mark = *mark;
	while (pp_cur_left(&cur) > 0) {
		if (left == 0) {
			struct pp_cur look = cur;
			const uint8_t *p = pp_cur_fixed(&look, PP_TLS_HEADER_LEN);

			if (!p || !begins_application_data(p))
				break;
			len = pp_be16(p + 3);
			framer->record = (struct pp_tls_header){ PP_TLS_APPLICATION_DATA, pp_be16(p + 1), len };
			framer->torn = false;
			side->record_begin = *mark;
			left = len;
			cur = look;
		}
		if (pp_cur_left(&cur) < left) {
			left -= (uint32_t)pp_cur_left(&cur);
			(void)pp_cur_rest(&cur);
			break;
		}
		pp_cur_skip(&cur, left);
		left = 0;
		keep_last_record(tls, from, PP_TLS_APPLICATION_DATA, len, mark);
		application_data(tls, from, len);
	}
	framer->in_body = left > 0;
	framer->left = (uint16_t)left;
	return bytes.len - pp_cur_left(&cur);
}

static inline void read_records(struct pp_tls *tls, enum pp_side from, struct pp_span bytes, const struct pp_mark *mark)
{
	struct pp_tls_side *side = &tls->sides[from];
	struct pp_tls_framer *framer = &side->framer;
	struct pp_cur cur = pp_cur_span(bytes, PP_MORE);
	bool at_start = framer->framing == PP_TLS_FRESH, began_before;
	enum pp_tls_found found;
	struct pp_tls_piece piece;

	if (framer->framing == PP_TLS_GIVEN_UP && pp_seen(tls->facts.not_tls) && from != tls->client)
		add_not_tls(&tls->facts, cur);
	if (!pp_tls_framer_resume(framer, bytes))
		return;
	tls->facts.desynchronised[from] = false;
	side->mark = *mark;
	began_before = framer->in_body || framer->have > 0;
	if (!began_before)
		side->record_begin = *mark;
	while ((found = pp_tls_framer_next(framer, &cur, &piece)) == PP_TLS_PIECE) {
		at_start = false;
		read_piece(tls, from, &piece);
		if (piece.ends && began_before) {
			side->record_begin = *mark; /* as all the others will */
			began_before = false;
		}
		if (framer->framing == PP_TLS_GIVEN_UP)
			return;
	}
	if (found == PP_TLS_NO_RECORD)
		no_record(tls, from, at_start, cur);
}

/* A function of its own, or the way for one record would pay for its frame. */
PP_APART static struct pp_talk_after data(struct pp_tls *tls, enum pp_side from, struct pp_span bytes,
					  const struct pp_mark *mark)
{
	read_records(tls, from, bytes, mark);
	return (struct pp_talk_after){ pp_tls_opaque(tls, from), pp_tls_take_hello(tls) };
}

struct pp_talk_after pp_tls_data(struct pp_tls *tls, enum pp_side from, struct pp_span bytes,
				 const struct pp_mark *mark)
{
	size_t done = is_plain(&tls->sides[from].framer) ? read_application_data(tls, from, bytes, mark) : 0;

	if (done == 0 || done < bytes.len)
		return data(tls, from, pp_span_behind(bytes, done), mark);
	return (struct pp_talk_after){ pp_tls_opaque(tls, from), pp_tls_take_hello(tls) };
}

void pp_tls_skip(struct pp_tls *tls, enum pp_side from, uint32_t count, struct pp_mark mark)
{
	struct pp_tls_side *side = &tls->sides[from];

	if (count > pp_tls_opaque(tls, from))
		return;
	side->framer.left = (uint16_t)(side->framer.left - count);
	side->mark = mark;
}

void pp_tls_gap(struct pp_tls *tls, enum pp_side from, uint64_t missing)
{
	struct pp_tls_side *side = &tls->sides[from];
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
		pp_tls_handshake_gap(tls, from, (uint32_t)missing);
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

	if (tls->shape != PP_TLS_SHAPE_13 || !tls->negotiated || was_ended_by(facts, pp_other_side(from)))
		return false;
	if (facts->desynchronised[from] || framer->in_body || framer->have > 0)
		return false;
	if (facts->last_record[from].type != PP_TLS_APPLICATION_DATA || (from == tls->client && tls->t13.early))
		return false;
	return pp_tls_13_is_alert(&tls->t13, from, facts->last_record[from].len);
}

static bool ends_inside_record(const struct pp_tls_framer *framer)
{
	return framer->framing == PP_TLS_KEPT && (framer->in_body ? !framer->torn : framer->have > 0);
}

void pp_tls_finish(struct pp_tls *tls)
{
	struct pp_tls_facts *facts = &tls->facts;
	const struct pp_mark *last = facts->last_record_mark;
	enum pp_side first = last[PP_CLIENT].ts <= last[PP_SERVER].ts ? PP_CLIENT : PP_SERVER;

	facts->server_record_cut = ends_inside_record(&tls->sides[PP_SERVER].framer);
	for (unsigned i = 0; i < 2; i++) {
		enum pp_side from = i == 0 ? first : pp_other_side(first);

		if (pp_tls_message_waits(&tls->sides[from].message))
			pp_tls_message_abandon(tls, from);
		if (ends_with_hidden_alert(tls, from))
			add_alert(facts, &(struct pp_tls_alert){ .mark = last[from],
								 .from = from,
								 .encrypted = true,
								 .record_len = facts->last_record[from].len });
	}
}

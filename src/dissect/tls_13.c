#include "dissect/tls_13.h"

#include "base/err.h"

enum {
	MESSAGE_HEADER = 4,
	TYPE = 1, /* the content type, behind the content */
	ALERT = 2,
	EMPTY_CERTIFICATE = MESSAGE_HEADER + 4,
	EMPTY_SETTINGS = MESSAGE_HEADER + 2 + 4, /* EncryptedExtensions by the client with empty ALPS (BoringSSL) */
	END_OF_EARLY_DATA = MESSAGE_HEADER,
	JAVA_PADDING = 16,
};

/* Suites whose hash is not SHA-256 or whose tag is not 16 bytes. */
static const struct {
	uint16_t cipher;
	uint8_t hash, tag;
} unusual[] = {
	{ 0x1302, 48, 16 }, /* AES_256_GCM_SHA384 */
	{ 0x1305, 32, 8 },  /* AES_128_CCM_8_SHA256 */
	{ 0x1306, 64, 16 }, /* AEGIS_256_SHA512 */
	{ 0xc0b4, 32, 32 }, /* SHA256_SHA256: integrity only (RFC 9150) */
	{ 0xc0b5, 48, 48 }, /* SHA384_SHA384 */
};

void pp_tls_13_begin(struct pp_tls_13 *state, uint16_t cipher)
{
	uint16_t hash = 32, tag = 16;

	for (size_t i = 0; i < sizeof(unusual) / sizeof(unusual[0]); i++) {
		if (unusual[i].cipher == cipher) {
			hash = unusual[i].hash;
			tag = unusual[i].tag;
		}
	}
	state->tag = tag;
	state->finished = (uint16_t)(MESSAGE_HEADER + hash);
}

/* The length of a record with so much content. */
static uint16_t sealed(const struct pp_tls_13 *state, uint16_t content)
{
	return (uint16_t)(content + TYPE + state->tag);
}

static inline bool is_alert(const struct pp_tls_13 *state, enum pp_side from, uint16_t len)
{
	return len == sealed(state, ALERT) + state->padding[from];
}

bool pp_tls_13_is_alert(const struct pp_tls_13 *state, enum pp_side from, uint16_t len)
{
	return is_alert(state, from, len);
}

/* The padding with which the record would be this content, or -1. */
static int padding_for(const struct pp_tls_13 *state, uint16_t content, uint16_t len)
{
	uint16_t bare = sealed(state, content);

	return len == bare ? 0 : len == bare + JAVA_PADDING ? JAVA_PADDING : -1;
}

/* The padding with which the record would end the client's flight, or -1.  Stacks that put several messages in one
 * record do not pad, and their flight is its first record; later a CertificateVerify can be as long. */
static int padding_for_finished(const struct pp_tls_13 *state, uint16_t len)
{
	static const uint8_t before[] = { EMPTY_CERTIFICATE, EMPTY_SETTINGS, EMPTY_SETTINGS + EMPTY_CERTIFICATE };

	for (size_t i = 0; i < sizeof(before) && !state->flight; i++) {
		if (len == sealed(state, (uint16_t)(before[i] + state->finished)))
			return 0;
	}
	return padding_for(state, state->finished, len);
}

static inline void application_data(struct pp_tls_facts *facts, enum pp_side from, uint16_t len, struct pp_mark mark)
{
	pp_mark_first(&facts->app_data[from], mark);
	facts->app_bytes[from] += len;
}

static void complete(struct pp_tls_13 *state, struct pp_tls_facts *facts, enum pp_side client, struct pp_mark finished,
		     struct pp_mark now)
{
	facts->complete = true;
	facts->complete_mark = now;
	pp_mark_first(&facts->finished[client], finished);
	if (pp_seen(state->server_last))
		pp_mark_first(&facts->finished[pp_other_side(client)], state->server_last);
	/* Early data was application data, but only now is there a connection it belonged to. */
	if (pp_seen(state->early_data))
		facts->app_data[client] = state->early_data;
}

static void note(struct pp_tls_record *list, unsigned *count, uint16_t len)
{
	if (*count < PP_TLS_RECORDS_MAX)
		list[(*count)++] = (struct pp_tls_record){ 23, len };
}

PP_APART static void client_flight(struct pp_tls_13 *state, struct pp_tls_facts *facts, enum pp_side client,
				   uint16_t len, const struct pp_mark *mark)
{
	int padding = padding_for_finished(state, len);

	if (state->early && padding < 0) {
		/* An accepted 0-RTT ends with EndOfEarlyData; data of just that length would be read as its end, and
		 * then the next record as a flight of unknown length, which costs nothing. */
		if (len == sealed(state, END_OF_EARLY_DATA))
			state->early = false;
		else
			pp_tls_13_early(state, facts, client, len, *mark);
		return;
	}
	state->early = false;
	note(facts->client_first, &facts->client_first_count, len);
	state->client_last = *mark;
	if (padding >= 0) {
		state->padding[client] = (uint8_t)padding;
		complete(state, facts, client, *mark, *mark);
	} else if (padding_for(state, ALERT, len) < 0) {
		state->flight = true;
	} else {
		/* Nothing else a client sends here is as short as an alert, so this also shows the padding. */
		state->padding[client] = (uint8_t)padding_for(state, ALERT, len);
	}
}

PP_APART static void server_flight(struct pp_tls_13 *state, struct pp_tls_facts *facts, enum pp_side client,
				   uint16_t len, const struct pp_mark *mark)
{
	enum pp_side server = pp_other_side(client);

	note(facts->server_first, &facts->server_first_count, len);
	if (state->flight && padding_for(state, ALERT, len) < 0) {
		complete(state, facts, client, state->client_last, *mark);
		application_data(facts, server, len, *mark);
	} else if (!state->flight) {
		pp_mark_set(&state->server_last, mark->ts, mark->packet, mark->file);
	}
}

static inline void after_handshake(struct pp_tls_13 *state, struct pp_tls_facts *facts, enum pp_side from, uint16_t len,
				   const struct pp_mark *mark)
{
	if (pp_seen(state->small[from])) {
		application_data(facts, from, state->small_len[from], state->small[from]);
		state->small[from] = (struct pp_mark){ 0 };
	}
	if (is_alert(state, from, len)) {
		state->small[from] = *mark;
		state->small_len[from] = len;
	} else {
		application_data(facts, from, len, *mark);
	}
}

void pp_tls_13_early(struct pp_tls_13 *state, struct pp_tls_facts *facts, enum pp_side client, uint16_t len,
		     struct pp_mark mark)
{
	pp_mark_first(&state->early_data, mark);
	facts->app_bytes[client] += len;
}

void pp_tls_13_record(struct pp_tls_13 *state, struct pp_tls_facts *facts, enum pp_side client, enum pp_side from,
		      uint16_t len, const struct pp_mark *mark)
{
	if (facts->complete) {
		if (from == client)
			note(facts->client_first, &facts->client_first_count, len);
		else
			note(facts->server_first, &facts->server_first_count, len);
		after_handshake(state, facts, from, len, mark);
	} else if (from == client) {
		client_flight(state, facts, client, len, mark);
	} else {
		server_flight(state, facts, client, len, mark);
	}
}

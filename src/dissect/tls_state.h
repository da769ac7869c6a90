/* tls_state: a session under way: what its records and its handshake messages share; private to dissect/. */
#ifndef PP_DISSECT_TLS_STATE_H
#define PP_DISSECT_TLS_STATE_H

#include "base/buf.h"
#include "dissect/tls.h"
#include "dissect/tls_13.h"
#include "dissect/tls_record.h"

enum { PP_TLS_MESSAGE_HEADER = 4, PP_TLS_SESSION_ID_MAX = 32 };

enum pp_tls_shape { PP_TLS_SHAPE_UNKNOWN, PP_TLS_SHAPE_12, PP_TLS_SHAPE_13 };

/* The handshake message of one side that is being read. */
struct pp_tls_message {
	struct pp_buf held;
	struct pp_mark begin;
	uint8_t head[PP_TLS_MESSAGE_HEADER], have;
	uint8_t type;  /* as on the wire, or PP_TLS_V2_CLIENT_HELLO */
	bool open;     /* the header is read, the body not */
	bool hold : 1; /* the body is wanted */
	bool torn : 1; /* bytes of it are missing: what is held is its beginning */
	uint32_t len, left;
};

/* A message began and is not whole. */
static inline bool pp_tls_message_waits(const struct pp_tls_message *message)
{
	return message->open || message->have > 0;
}

struct pp_tls_side {
	struct pp_tls_framer framer;
	bool in_body;   /* some of the current record's body was read */
	bool encrypted; /* the current handshake record is */
	bool skipping;  /* the rest of the current handshake record is of unknown alignment */
	bool suspect;   /* at the start or taken up midway: a message has to look like one */
	bool holes;
	uint8_t alert[2], alert_have;
	struct pp_mark mark; /* packet of the latest bytes */
	struct pp_mark record_begin;
	struct pp_tls_message message;
};

_Static_assert(sizeof(void *) != 8 || sizeof(struct pp_tls_side) == 128, "a side is found by a shift");

struct pp_tls {
	struct pp_tls_facts facts;
	struct pp_tls_side sides[2];
	struct pp_tls_13 t13;
	struct pp_arena *arena;
	struct pp_certificates *certificates;
	struct pp_tls_hellos *hellos;
	enum pp_side client;
	enum pp_tls_shape shape;
	bool early_data;  /* offered */
	bool negotiated;  /* a ServerHello that is no HelloRetryRequest was seen */
	bool hello_ready; /* for pp_tls_take_hello() */
	uint8_t session_id[PP_TLS_SESSION_ID_MAX], session_id_len;
};

/* How many bytes of that side say nothing, if they come next: all but the last of the application data in a record. */
static inline uint32_t pp_tls_opaque(const struct pp_tls *tls, enum pp_side from)
{
	const struct pp_tls_framer *framer = &tls->sides[from].framer;
	bool inside = framer->framing == PP_TLS_KEPT && framer->in_body;

	return inside && framer->record.type == PP_TLS_APPLICATION_DATA ? framer->left - 1u : 0;
}

/* True from the moment the whole first ClientHello was seen, and again for every further one; clears the flag.  The
 * flow then watches for its acknowledgement. */
static inline bool pp_tls_take_hello(struct pp_tls *tls)
{
	bool ready = tls->hello_ready;

	tls->hello_ready = false;
	return ready;
}

/* tls_handshake.c: the bytes of handshake records, and those that are missing. */
void pp_tls_handshake_bytes(struct pp_tls *tls, enum pp_side from, struct pp_span body);
void pp_tls_handshake_gap(struct pp_tls *tls, enum pp_side from, uint32_t missing);
/* A message without a header of its own: an SSL 2.0 hello. */
void pp_tls_message_open(struct pp_tls *tls, enum pp_side from, uint8_t type, uint32_t len);
void pp_tls_message_body(struct pp_tls *tls, enum pp_side from, struct pp_cur *cur);
/* No more of the message under way will come: its beginning is read. */
void pp_tls_message_abandon(struct pp_tls *tls, enum pp_side from);
/* False: it comes from the wrong side. */
bool pp_tls_count_server_hello(struct pp_tls *tls, enum pp_side from, bool retry);

#endif

/* tls: the records of both sides of one TLS session → struct pp_tls_facts.
 *
 * Shape   bytes are pushed in order per side, cut anywhere; facts are the same for every cut.  Only handshake messages
 *         are held (up to PP_TLS_MESSAGE_MAX each), application data is skipped over by its record lengths.
 * Errors  none outward: what is broken becomes a fact.
 * Owns    pp_tls: its buffers; the facts' text lives in the arena given at the start.
 * Limits  PP_TLS_MESSAGE_MAX bytes of one handshake message; a larger one is skipped and sets `clipped`.
 * Source  RFC 8446, RFC 5246 (and appendix E.2 for the SSLv2 hello), draft-hickman-netscape-ssl for its layout.
 */
#ifndef PP_DISSECT_TLS_H
#define PP_DISSECT_TLS_H

#include "base/arena.h"
#include "dissect/tls_facts.h"

enum { PP_TLS_MESSAGE_MAX = 1 << 17 };

struct pp_tls;
struct pp_tls_hellos;   /* hellos met before (dissect/tls_hellos.h); may be NULL */
struct pp_certificates; /* certificates already parsed, by SHA-256, shared over a run (dissect/x509.h) */

/* What the first bytes of a side look like. */
enum pp_tls_look {
	PP_TLS_NO,
	PP_TLS_MORE,         /* so far it could be: fewer bytes than needed */
	PP_TLS_CLIENT_HELLO, /* a handshake record that begins with a ClientHello, or an SSLv2-format one */
	PP_TLS_SERVER_HELLO,
	PP_TLS_OTHER_RECORD, /* some other plausible TLS record (alert, application data midway, …) */
};
enum pp_tls_look pp_tls_look(struct pp_span head);

/* NULL when memory or the arena's cap is gone. */
struct pp_tls *pp_tls_new(struct pp_arena *arena, struct pp_certificates *certificates, struct pp_tls_hellos *hellos);
void pp_tls_free(struct pp_tls *tls);
/* What is to be known behind the bytes of a side. */
struct pp_talk_after {
	/* How many bytes of that side, if they come in order, say nothing: the inside of an encrypted record, or of a
	 * stream that nobody knows.  They need not be shown one by one; a skip tells how many there were, and the last
	 * one's packet, before that side has anything else. */
	uint32_t opaque;
	bool request; /* the client completed a request or a ClientHello since this was told last */
};

/* `side` is who sent the bytes; `mark` the packet that carried them.  `offered_by` decides nothing here: a ClientHello
 * may come from either side (facts: client_hello_from_server). */
struct pp_talk_after pp_tls_data(struct pp_tls *tls, enum pp_side side, struct pp_span bytes,
				 const struct pp_mark *mark);
/* `count` bytes that say nothing, by pp_tls_opaque(): what pp_tls_data() would do; `mark` is that of the last one. */
void pp_tls_skip(struct pp_tls *tls, enum pp_side side, uint32_t count, struct pp_mark mark);
/* `missing` bytes of that side will never come. */
void pp_tls_gap(struct pp_tls *tls, enum pp_side side, uint64_t missing);
/* Draws the inferences that need the end (partial hello, TLS 1.3 completion); call once before reading the facts. */
void pp_tls_finish(struct pp_tls *tls);
const struct pp_tls_facts *pp_tls_facts(const struct pp_tls *tls);

/* Names as printed: "1.2", "TLS_AES_128_GCM_SHA256", "unknown_ca"; NULL for numbers without a name. */
const char *pp_tls_version_name(uint16_t version);
const char *pp_tls_cipher_name(uint16_t cipher);
const char *pp_tls_alert_name(uint8_t code);

#endif

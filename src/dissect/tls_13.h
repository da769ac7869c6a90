/* tls_13: what the lengths of encrypted records tell of a TLS 1.3 handshake.
 *
 * From ServerHello on every record says "application data" and hides its content; its length does not hide much:
 * content, type (1 byte), AEAD tag and padding, if any.  This file draws the inferences and nothing else:
 *
 *   - a client that sends anything but an alert after the ServerHello has the server's whole flight, for only then has
 *     it something to say: nothing, an empty Certificate, or Certificate and CertificateVerify, and then Finished;
 *   - a Finished has one length per cipher suite, alone or in one record behind an empty Certificate or an
 *     EncryptedExtensions with empty application settings (ALPS);
 *   - a flight in one record of unknown length (NSS and BoringSSL with a client certificate) or with padding is taken
 *     for complete when the server answers with more than an alert;
 *   - after that, records are application data; NewSessionTicket and KeyUpdate cannot be told from it here
 *     (diagnose/shape.c knows a pair of tickets that nothing follows);
 *   - an alert-sized record is an alert only where nothing follows it; pp_tls_finish() decides that.
 *
 * Not handled: a client that pads to lengths of its choice and whose server stays silent remains incomplete.
 *
 * Source  RFC 8446 sections 4.4 and 5.2 to 5.4; OpenJDK's OutputRecord pads every record with 16 zero bytes.
 */
#ifndef PP_DISSECT_TLS_13_H
#define PP_DISSECT_TLS_13_H

#include "dissect/tls_facts.h"

struct pp_tls_13 {
	uint16_t tag, finished; /* lengths for the negotiated suite */
	uint8_t padding[2];     /* what every record of that side carries, where it is known */
	bool early;             /* 0-RTT: the client's records are early data until its handshake flight */
	bool flight;            /* the client sent some of its flight */
	struct pp_mark early_data, server_last, client_last;
	/* By side: an alert-sized record after the handshake, until more follows and it was none. */
	struct pp_mark small[2];
	uint16_t small_len[2];
};

/* `client` is the side that sent the ClientHello, wherever it stands in the connection. */
void pp_tls_13_early(struct pp_tls_13 *state, struct pp_tls_facts *facts, enum pp_side client, uint16_t len,
		     struct pp_mark mark);
void pp_tls_13_begin(struct pp_tls_13 *state, uint16_t cipher);
void pp_tls_13_record(struct pp_tls_13 *state, struct pp_tls_facts *facts, enum pp_side client, enum pp_side from,
		      uint16_t len, const struct pp_mark *mark);
/* Whether a record of that length, the last one of its side, can only be an alert. */
bool pp_tls_13_is_alert(const struct pp_tls_13 *state, enum pp_side from, uint16_t len);

#endif

/* tls_facts: what one TLS session showed in clear, as plain facts.
 *
 * Units   lengths in bytes; versions and codes as numbered by IANA and the RFCs, in host order.
 * Owns    nothing: text and lists live in the connection's arena.
 * Limits  the *_MAX below; a list that was longer sets `clipped`.
 * Source  RFC 8446, RFC 5246, RFC 6066 (SNI), RFC 7301 (ALPN), RFC 8701 (GREASE), JA4 (FoxIO, BSD-3-Clause part).
 */
#ifndef PP_DISSECT_TLS_FACTS_H
#define PP_DISSECT_TLS_FACTS_H

#include "flow/mark.h"

#include <stddef.h>

enum {
	PP_TLS_VERSIONS_MAX = 8,
	PP_TLS_ALPN_MAX = 8,
	PP_TLS_ALERTS_MAX = 8,
	PP_TLS_CERTIFICATES_MAX = 8,
	PP_TLS_NAMES_MAX = 64,
	PP_TLS_RECORDS_MAX = 8,
	PP_JA4_TEXT = 40,
};

enum {
	PP_TLS_1_0 = 0x0301,
	PP_TLS_1_1 = 0x0302,
	PP_TLS_1_2 = 0x0303,
	PP_TLS_1_3 = 0x0304,
	PP_SSL_2 = 0x0002,
	PP_SSL_3 = 0x0300
};

struct pp_tls_alert {
	struct pp_mark mark;
	uint8_t from;        /* enum pp_side */
	bool encrypted;      /* level and code are hidden; `record_len` is all there is */
	uint8_t level, code; /* 1 warning, 2 fatal; IANA TLS Alerts */
	uint16_t record_len;
};

struct pp_tls_certificate {
	int64_t not_before, not_after; /* ns since the epoch, clamped to int64 */
	uint8_t sha256[32];            /* of the DER */
	unsigned name_count;
	bool self_issued; /* subject equals issuer */
	bool unparsed;    /* the DER is broken: only sha256 is valid */
	bool shared;      /* belongs to the run's certificates, not to the connection */
	bool clipped;
	const char *subject, *issuer;     /* RFC 4514-like text, most specific RDN first: "CN=…, O=…, C=…" */
	const char *issuer_cn, *issuer_o; /* NULL: absent */
	const char *subject_cn;
	const char *names[PP_TLS_NAMES_MAX]; /* dNSName and iPAddress of the subjectAltName */
};

struct pp_tls_record {
	uint8_t type; /* 20 change_cipher_spec, 21 alert, 22 handshake, 23 application_data */
	uint16_t len;
};

/* In this order in memory: marks, plain values (of both what is seldom there last), references (facts/layout.h). */
struct pp_tls_facts {
	struct pp_mark client_hello_begin;         /* the packet with the first ClientHello's first byte */
	struct pp_mark client_hello, server_hello; /* the packet that completed each; first ones */
	struct pp_mark certificate;
	struct pp_mark server_hello_done; /* ≤ 1.2: ServerHelloDone; 1.3: not visible */
	struct pp_mark ccs[2];            /* ChangeCipherSpec by side */
	struct pp_mark finished[2]; /* ≤ 1.2: encrypted handshake record after CCS; 1.3: inferred from record sizes */
	struct pp_mark complete_mark;
	struct pp_mark app_data[2]; /* first application_data of each side that is not handshake */
	struct pp_mark last_record_mark[2];
	struct pp_mark certificate_request; /* ≤ 1.2 */
	struct pp_mark client_certificate;  /* ≤ 1.2: the client's Certificate message */
	struct pp_mark not_tls;             /* first bytes from the server after the ClientHello are no TLS record */

	char ja4[PP_JA4_TEXT]; /* "" when the hello was not whole */
	uint64_t app_bytes[2];
	struct pp_tls_record last_record[2]; /* last whole record of each side */
	uint16_t record_version, legacy_version;
	uint16_t version;            /* negotiated; 0: no ServerHello */
	uint16_t cipher;             /* IANA cipher suite */
	uint32_t client_hello_count; /* a HelloRetryRequest counts as a ServerHello */
	uint32_t server_hello_count;
	uint32_t client_hello_len; /* of the first, handshake header included */
	uint16_t cipher_count;
	uint8_t downgrade;             /* sentinel in ServerHello.random: 0 none, 1 to 1.2, 2 to 1.1 or lower */
	bool complete;                 /* both Finished seen or inferred: docs/rules.md "complete_hs" */
	bool offers_psk, post_quantum; /* pre_shared_key or session ticket; a ML-KEM key share */
	bool session_id_offered;
	bool resumed; /* PSK accepted, or session id / ticket taken up */
	bool hello_retry;
	bool client_hello_from_server; /* sent by the side that did not open the connection */
	bool partial_client_hello;     /* began and never completed */
	bool sni_unknown;              /* the hello was cut before its end: absence of SNI could not be seen */
	unsigned offered_count, alpn_count;
	uint16_t offered[PP_TLS_VERSIONS_MAX]; /* supported_versions without GREASE, or what legacy_version implies,
						       best first */
	unsigned client_first_count, server_first_count; /* encrypted records only, in order */
	/* 1.3: the client's first encrypted records after the server's flight tell the same (docs/rules.md). */
	struct pp_tls_record client_first[PP_TLS_RECORDS_MAX], server_first[PP_TLS_RECORDS_MAX];
	unsigned certificate_count;
	uint32_t client_certificate_len; /* of that message's certificate list; 0: empty */
	bool certificates_cut;           /* could not be read whole */
	bool server_first_unseen;        /* bytes before the ServerHello are missing from the capture */
	bool desynchronised[2];          /* record framing lost for a gap: later records could not be seen */
	bool server_record_cut;          /* the server's bytes end inside a record */
	bool clipped;
	bool not_tls_http;     /* `not_tls` begins with "HTTP/" */
	char not_tls_head[16]; /* … printable form of its beginning */
	unsigned alert_count;
	struct pp_tls_alert alerts[PP_TLS_ALERTS_MAX];

	const char *sni;           /* lower case as sent; NULL: extension absent */
	const char *selected_alpn; /* ≤ 1.2 only */
	const char *alpn[PP_TLS_ALPN_MAX];
	const struct pp_tls_certificate *certificates[PP_TLS_CERTIFICATES_MAX]; /* ≤ 1.2, leaf first */
};

/* Names of protocols that nearly every session has: where a fact is one of them, it is this text. */
extern const char pp_tls_h2[], pp_tls_http_1_1[];

#endif

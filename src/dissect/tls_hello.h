/* tls_hello: ClientHello, ServerHello and the hellos in SSLv2 format → plain structs.
 *
 * Shape   in: the body of one handshake message, its header removed, or the beginning of one.
 * Errors  PP_TRUNCATED: a beginning (the cursor's on_short); PP_MALFORMED: the message lies.  Either way the fields
 *         read before that hold, and one broken extension does not cost the others.
 * Owns    nothing; spans point into the input and die with it.
 * Limits  PP_TLS_VERSIONS_MAX and PP_TLS_ALPN_MAX entries; more sets `clipped`.
 * Source  RFC 8446 section 4.1, RFC 5246 section 7.4.1 and appendix E.2, RFC 6066 section 3 (SNI), RFC 7301 (ALPN),
 *         RFC 5077 (tickets), draft-ietf-tls-tls13-18…21 (a ServerHello without session id).
 */
#ifndef PP_DISSECT_TLS_HELLO_H
#define PP_DISSECT_TLS_HELLO_H

#include "base/cur.h"
#include "dissect/tls_facts.h"

enum { PP_TLS_TYPES_KEPT = 32 };

struct pp_tls_client_hello {
	bool whole; /* read to its end without fault */
	bool clipped;
	bool v2; /* in SSLv2 format */
	uint16_t legacy_version;
	struct pp_span session_id;
	struct pp_span ciphers; /* cipher suites of two bytes (SSLv2 format: of three) */
	uint16_t cipher_count;  /* without GREASE */
	struct pp_span extensions;
	/* Types of the first extensions as sent; `extension_count` is that of all. */
	uint16_t extension_types[PP_TLS_TYPES_KEPT], extension_count;
	bool has_versions;
	/* Without GREASE, as sent; where there is no extension, legacy_version. */
	uint16_t versions[PP_TLS_VERSIONS_MAX];
	unsigned version_count;
	bool has_sni;
	struct pp_span sni; /* the first host_name; empty when the extension is */
	struct pp_span alpn[PP_TLS_ALPN_MAX];
	unsigned alpn_count;
	struct pp_span signature_algorithms;
	bool psk, ticket, early_data, post_quantum;
};

struct pp_tls_server_hello {
	bool whole;
	uint16_t legacy_version, version; /* version: from supported_versions where it is there */
	struct pp_span session_id;
	uint16_t cipher;
	struct pp_span alpn;
	bool retry, psk;
	uint8_t downgrade; /* as in struct pp_tls_facts */
};

enum pp_err pp_tls_client_hello_read(struct pp_cur cur, struct pp_tls_client_hello *ret_hello);
/* `version` is the field in front of the body, which the framer took for its header (dissect/tls_record.h). */
enum pp_err pp_tls_v2_client_hello_read(struct pp_cur cur, uint16_t version, struct pp_tls_client_hello *ret_hello);
enum pp_err pp_tls_server_hello_read(struct pp_cur cur, struct pp_tls_server_hello *ret_hello);

/* TLS 1.3 and what came before it under other numbers: the IETF drafts (0x7fXX), BoringSSL's experiments (0x7eXX) and
 * Facebook's (0xfbXX).  From draft 16 on they hide what the RFC hides. */
bool pp_tls_is_13(uint16_t version);

/* The values set aside to be ignored: 0x0a0a, 0x1a1a, … 0xfafa (RFC 8701). */
static inline bool pp_tls_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

#endif

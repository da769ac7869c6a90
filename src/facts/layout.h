/* layout: which kinds of fields lie where in the structs of a connection, for pack.c and unpack.c alone.
 *
 * Shape   a line per stretch of a struct, used in both directions of packing; and for each mark another one that it often
 *         is: the first data is what completes a ClientHello, the last data is the last record.
 */
#ifndef PP_FACTS_LAYOUT_H
#define PP_FACTS_LAYOUT_H

#include "facts/brief.h"
#include "facts/image.h"

#include <stddef.h>

/* The stretches of each struct, in its order: marks M; words W that may be as in the pattern; words that usually repeat the
 * one before them R; stretches that are hardly ever as in the pattern V, or hardly ever another than there C; and those
 * that are seldom set S (facts/image.h); each to the field at which the next begins.  Behind the last one lie the
 * references. */
#define SIDE(M, W, R, V, C, S, T, side, next)                                                                          \
	M(T, side.first_data, side.gap)                                                                                \
	S(T, side.gap, side.packets)                                                                                   \
	V(T, side.packets, side.profile)                                                                               \
	C(T, side.profile, side.profile.ip_id_last)                                                                    \
	V(T, side.profile.ip_id_last, side.acked)                                                                      \
	R(T, side.acked, side.retransmits)                                                                             \
	S(T, side.retransmits, next)
#define CONNECTION(M, W, R, V, C, S, T)                                                                                \
	M(T, last, index)                                                                                              \
	C(T, file, client.ip.b[12])                                                                                    \
	V(T, client.ip.b[12], server.ip.b[2])                                                                          \
	W(T, server.ip.b[2], server.ip.b[10])                                                                          \
	V(T, server.ip.b[10], tcp.side[0].first_data)                                                                  \
	SIDE(M, W, R, V, C, S, T, tcp.side[0], tcp.side[1].first_data)                                                 \
	SIDE(M, W, R, V, C, S, T, tcp.side[1], tcp.syn)                                                                \
	M(T, tcp.syn, tcp.rst)                                                                                         \
	S(T, tcp.rst, tcp.rst.peer_later)                                                                              \
	S(T, tcp.rst.peer_later, tcp.rst.idle_ns)                                                                      \
	S(T, tcp.rst.idle_ns, tcp.rst.since_other_ns)                                                                  \
	W(T, tcp.rst.since_other_ns, tcp.handshake_rtt_ns)                                                             \
	V(T, tcp.handshake_rtt_ns, tcp.syn_count)                                                                      \
	C(T, tcp.syn_count, tcp.longest_idle_ns)                                                                       \
	V(T, tcp.longest_idle_ns, tcp.watch_begin)                                                                     \
	W(T, tcp.watch_begin, tcp.duplicates)                                                                          \
	S(T, tcp.duplicates, tcp.icmp)                                                                                 \
	S(T, tcp.icmp, tcp.icmp[1])                                                                                    \
	S(T, tcp.icmp[1], http)
#define TLS(M, W, R, V, C, S, T)                                                                                       \
	M(T, client_hello_begin, certificate_request)                                                                  \
	S(T, certificate_request, ja4)                                                                                 \
	C(T, ja4, ja4[32])                                                                                             \
	W(T, ja4[32], app_bytes)                                                                                       \
	V(T, app_bytes, record_version)                                                                                \
	C(T, record_version, client_hello_len)                                                                         \
	W(T, client_hello_len, offers_psk)                                                                             \
	C(T, offers_psk, client_first_count)                                                                           \
	W(T, client_first_count, certificate_count)                                                                    \
	S(T, certificate_count, alert_count)                                                                           \
	W(T, alert_count, alerts)                                                                                      \
	M(T, alerts, alerts[0].from)                                                                                   \
	W(T, alerts[0].from, alerts[1])                                                                                \
	S(T, alerts[1], sni)
#define CERTIFICATE(M, W, R, V, C, S, T) W(T, not_before, subject)
#define HTTP(M, W, R, V, C, S, T) M(T, reply_without_request, connect_count) W(T, connect_count, connects)
#define REQUEST(M, W, R, V, C, S, T)                                                                                   \
	W(T, credentials, begin) M(T, begin, reply.body_bytes) W(T, reply.body_bytes, reply.reason)

/* Marks by their words: none, the connection's first one, its others in their order, and then those of one of the
 * structs it refers to. */
enum {
	NOWHERE,
	FIRST,
	LAST,
	C_DATA,
	C_LAST_DATA,
	C_LAST,
	C_FIN,
	S_DATA,
	S_LAST_DATA,
	S_LAST,
	S_FIN,
	SYN,
	SYN_LAST,
	SYN_ACK,
	ESTABLISHED,
	WATCH,
	WATCH_ACKED,
	WATCH_ANSWER,
	IDLE_BEFORE,
	IDLE_AFTER,
	PART,
	PART_MARKS_MAX = 15,
};

/* For each mark of a struct one that lies before it and that it often is. */
static const uint8_t connection_as[] = { NOWHERE, NOWHERE, C_DATA, LAST,   C_LAST,      NOWHERE,
					 S_DATA,  LAST,    S_LAST, FIRST,  SYN,         NOWHERE,
					 NOWHERE, C_DATA,  S_DATA, S_DATA, S_LAST_DATA, S_LAST_DATA };
enum { HELLO = PART + 2, TLS_CERTIFICATE, DONE, C_CCS, S_CCS, C_FINISHED };
static const uint8_t tls_as[] = { C_DATA,          WATCH,       S_DATA,      NOWHERE,     TLS_CERTIFICATE,
				  TLS_CERTIFICATE, HELLO,       C_CCS,       S_CCS,       C_FINISHED,
				  C_LAST_DATA,     S_LAST_DATA, C_LAST_DATA, S_LAST_DATA, NOWHERE };
static const uint8_t http_as[] = { NOWHERE };
static const uint8_t connect_as[] = { C_DATA, PART, NOWHERE, PART + 2 };
static const uint8_t exchange_as[] = { C_DATA, PART, NOWHERE, PART + 2 };
static const uint8_t certificate_as[] = { NOWHERE };

enum {
	CONNECTION_REFS = 6, /* http, tls, protocol, the two heads, and the stream's number */
	TLS_TEXTS = 2 + PP_TLS_ALPN_MAX,
	TLS_TEXT_BITS = 2 * TLS_TEXTS, /* enum text_code */
	TLS_REFS = TLS_TEXT_BITS + PP_TLS_CERTIFICATES_MAX,
	CERTIFICATE_TEXTS = 5,
	HTTP_REFS = 2,
	CONNECT_REFS = (sizeof(struct pp_connect) - offsetof(struct pp_connect, reply.reason)) / sizeof(char *),
	EXCHANGE_REFS =
	    (sizeof(struct pp_http_exchange) - offsetof(struct pp_http_exchange, reply.reason)) / sizeof(char *),
};

/* The first one of each kind that was packed, its words W and the bits of its head: nothing is changed once it is there,
 * so a kind tells the same to whoever unpacks. */
enum { KIND_BITS = 4, KINDS = 1 << KIND_BITS };

#define PATTERNS(T, name)                                                                                              \
	struct {                                                                                                       \
		uint64_t there; /* bits */                                                                             \
		uint64_t head[KINDS];                                                                                  \
		T plain[KINDS];                                                                                        \
	} name

struct pp_patterns {
	struct pp_brief_pattern brief[PP_BRIEF_PATTERNS];
	PATTERNS(struct pp_connection, connection);
	PATTERNS(struct pp_tls_facts, tls);
	PATTERNS(struct pp_http_facts, http);
	PATTERNS(struct pp_connect, connect);
	PATTERNS(struct pp_http_exchange, exchange);
	PATTERNS(struct pp_tls_certificate, certificate);
};

/* In front of a struct stands a word: from the highest bit on which of its words are given, and below its kind, or that
 * it is FAR.  The first word is its head: bits for the stretches S and C that are there, and above them the references.
 * Behind its words lie the stretches V, then S and C. */
enum { FAR = 1, KIND_AT = 1, GIVEN_BITS = 64 - KIND_AT - KIND_BITS };

/* All of them, each with the field its image begins at, where its references are and how many there are; where its marks
 * lie among the words of marks; and how many bytes are packed elsewhere. */
#define IMAGES(DO)                                                                                                     \
	DO(connection, CONNECTION, struct pp_connection, last, http, CONNECTION_REFS, LAST, 2 * sizeof(uint32_t))      \
	DO(tls, TLS, struct pp_tls_facts, client_hello_begin, sni, TLS_REFS, PART, 0)                                  \
	DO(certificate, CERTIFICATE, struct pp_tls_certificate, not_before, subject, CERTIFICATE_TEXTS, PART, 0)       \
	DO(http, HTTP, struct pp_http_facts, reply_without_request, connects, HTTP_REFS, PART, 0)                      \
	DO(connect, REQUEST, struct pp_connect, credentials, reply.reason, CONNECT_REFS, PART, 0)                      \
	DO(exchange, REQUEST, struct pp_http_exchange, credentials, reply.reason, EXCHANGE_REFS, PART, 0)

#define AT(T, field) (object + offsetof(T, field))
#define USUAL(T, field) (usual + offsetof(T, field))
#define BYTES(T, from, to) (offsetof(T, to) - offsetof(T, from))
#define WORDS(T, from, to) (BYTES(T, from, to) / IMAGE_WORD)
#define MARKS(T, from, to) (BYTES(T, from, to) / sizeof(struct pp_mark))
#define NOTHING(T, from, to)
#define COUNT_MARKS(T, from, to) +MARKS(T, from, to)
#define COUNT_WORDS(T, from, to) +WORDS(T, from, to)
#define COUNT_ONE(T, from, to) +1

#define CONSTANTS(name, LIST, T, first, refs_at, refs_max, part, apart)                                                \
	enum {                                                                                                         \
		name##_marks = 0 LIST(COUNT_MARKS, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, T),                    \
		name##_words = 0 LIST(NOTHING, COUNT_WORDS, COUNT_WORDS, NOTHING, NOTHING, NOTHING, T),                \
		name##_varying = 0 LIST(NOTHING, NOTHING, NOTHING, COUNT_WORDS, NOTHING, NOTHING, T),                  \
		name##_whole = 0 LIST(NOTHING, NOTHING, NOTHING, COUNT_WORDS, COUNT_WORDS, COUNT_WORDS, T),            \
		name##_bits = 0 LIST(NOTHING, NOTHING, NOTHING, NOTHING, COUNT_ONE, COUNT_ONE, T),                     \
		name##_given = 1 + name##_marks + name##_words,                                                        \
		name##_far = name##_marks * sizeof(struct pp_mark) + name##_words * IMAGE_WORD,                        \
		name##_most = 2 * IMAGE_WORD + name##_far + name##_whole * IMAGE_WORD                                  \
	};                                                                                                             \
	_Static_assert(name##_far + name##_whole * IMAGE_WORD + (apart) == BYTES(T, first, refs_at), "all of it");     \
	_Static_assert((unsigned)name##_bits + (refs_max) <= 64 && (unsigned)name##_given <= GIVEN_BITS, "bits");      \
	_Static_assert((part) + (unsigned)name##_marks <= PART + PART_MARKS_MAX, "marks");                             \
	_Static_assert(name##_marks == 0 || sizeof(name##_as) == (unsigned)name##_marks, "one for each");

IMAGES(CONSTANTS)

/* Of TLS's texts most are always the same, and lie nowhere else. */
enum text_code { TEXT_NONE, TEXT_HERE, TEXT_H2, TEXT_HTTP_1_1 };

/* A bit at the lower one of every code that is no constant, and of every one that is. */
static inline uint64_t texts_here(uint64_t codes) { return codes & ~(codes >> 1) & 0x55555; }
static inline uint64_t texts_known(uint64_t codes) { return codes >> 1 & 0x55555; }

/* The first byte of a connection that is not brief (facts/brief.h): 0, or that its first mark lies NEAR others. */
enum { NEAR = 1 << 1 };

enum { HTTP_REF = 1, TLS_REF = 2, PROTOCOL_REF = 4, SERVER_REF = 8, CLIENT_REF = 16, STREAM_REF = 32 };

#endif

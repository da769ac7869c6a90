/* talk: what the two sides of one connection say to each other: finds the protocol and feeds its dissector.
 *
 * Shape   bytes are pushed in order per side.  The first bytes decide: HTTP/1, TLS, DNS over TCP, or other.  A CONNECT
 * that was granted starts the decision again for what is inside the tunnel; TLS that begins later in a stream nobody
 *         knew (STARTTLS, SOCKS, a capture joined midway) is found at the start of a segment.
 * Owns    its dissectors and buffers; facts live in the arena given at the start.
 * Limits  PP_TALK_HEAD bytes held while undecided; PP_TALK_PROBES segments probed for late TLS.
 */
#ifndef PP_DISSECT_TALK_H
#define PP_DISSECT_TALK_H

#include "dissect/dns_facts.h"
#include "dissect/http.h"
#include "dissect/tls.h"
#include "flow/tcp_facts.h"

enum { PP_TALK_HEAD = 32, PP_TALK_PROBES = 64 };

struct pp_talk;

/* What a run's talks share.  `dns_message` is called for every message of a DNS-over-TCP connection; may be NULL. */
struct pp_talk_shared {
	struct pp_certificates *certificates;
	struct pp_tls_hellos *hellos; /* may be NULL */
	void (*dns_message)(void *context, enum pp_side side, struct pp_span message, struct pp_mark mark);
};

/* `context` is passed to the shared callbacks.  `server_port` 53 is DNS.  NULL without memory. */
struct pp_talk *pp_talk_new(struct pp_arena *arena, const struct pp_talk_shared *shared, void *context,
			    uint16_t server_port);
void pp_talk_free(struct pp_talk *talk);
struct pp_talk_after pp_talk_data(struct pp_talk *talk, enum pp_side side, struct pp_span bytes,
				  const struct pp_mark *mark);
void pp_talk_skip(struct pp_talk *talk, enum pp_side side, uint32_t count, struct pp_mark mark);
void pp_talk_gap(struct pp_talk *talk, enum pp_side side, uint64_t missing);
void pp_talk_finish(struct pp_talk *talk);

/* The phase the payload shows; PP_PHASE_UNKNOWN before any. */
enum pp_phase pp_talk_phase(const struct pp_talk *talk);
/* Nobody knows the protocol: nDPI may be asked. */
bool pp_talk_unknown(const struct pp_talk *talk);
bool pp_talk_known(const struct pp_talk *talk);                       /* it is known, or was: for ever */
const struct pp_http_facts *pp_talk_http(const struct pp_talk *talk); /* NULL: none */
const struct pp_tls_facts *pp_talk_tls(const struct pp_talk *talk);   /* NULL: none */
/* The first bytes of the sides where they tell something: of what nobody knows, of SOCKS, of an answer to HTTP that is
 * none.  Elsewhere both are left alone. */
void pp_talk_heads(const struct pp_talk *talk, struct pp_span *ret_client, struct pp_span *ret_server);

/* Who opened the connection, judged by what the first payload of `side` says: PP_BY_CLIENT_HELLO, PP_BY_SERVER_HELLO,
 * PP_BY_HTTP, or PP_BY_PORT for no sign.  *ret_client is the side that speaks as the client. */
enum pp_sides_by pp_talk_who(struct pp_span head, enum pp_side side, enum pp_side *ret_client);

#endif

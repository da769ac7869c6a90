/* shape: what one connection's own facts come to, before anything around it is known: how far it got, how it ended,
 * whether it did its job.  Private to diagnose/.
 */
#ifndef PP_DIAGNOSE_SHAPE_H
#define PP_DIAGNOSE_SHAPE_H

#include "dissect/socks.h"
#include "facts/facts.h"

/* How far it got; every connection is at exactly one, and each layer of the rule table asks about some. */
enum pp_stage {
	PP_STAGE_NOTHING, /* no packet of its own (known from an ICMP quote), or joined midway and nothing recognised */
	PP_STAGE_SYN,     /* no SYN-ACK */
	PP_STAGE_OPEN,    /* TCP handshake, no payload */
	PP_STAGE_CONNECT, /* CONNECT without a reply */
	PP_STAGE_DENIED,  /* CONNECT answered, and not by a 2xx */
	PP_STAGE_TUNNEL,  /* 2xx, nothing in the tunnel yet */
	PP_STAGE_HELLO,   /* ClientHello, no ServerHello */
	PP_STAGE_FLIGHT,  /* ServerHello, handshake incomplete */
	PP_STAGE_SECURE,  /* TLS handshake complete */
	PP_STAGE_ASKED,   /* plain HTTP request without an answer */
	PP_STAGE_ANSWERED,  /* its latest plain HTTP request was answered */
	PP_STAGE_DATA,      /* another protocol, both sides spoke */
	PP_STAGE_ONE_VOICE, /* another protocol, one side spoke */
	PP_STAGE_SOCKS,     /* SOCKS, not granted */
	PP_STAGE_OPAQUE,    /* TLS or HTTP, but the capture holds too little of it */
	PP_STAGES
};

enum pp_ending { PP_STILL_OPEN, PP_CLIENT_FIN, PP_SERVER_FIN, PP_CLIENT_RST, PP_SERVER_RST };

struct pp_shape {
	enum pp_stage stage;
	enum pp_ending ending;
	struct pp_mark end;                      /* the first FIN, or RST that its receiver would accept */
	const struct pp_connect *connect;        /* the last one; NULL: none */
	const struct pp_http_exchange *exchange; /* the last one; NULL: none, or a CONNECT came behind it */
	const struct pp_tls_facts *tls;          /* NULL: none, or no ClientHello of the client */
	const struct pp_tls_certificate *leaf;   /* NULL: not seen */
	struct pp_socks socks;
	bool asked_proxy; /* CONNECT, absolute-form or SOCKS: whoever is there was taken for a proxy */
	bool tunnel;      /* a 2xx or SOCKS opened one */
	bool passed;      /* a ServerHello or an HTTP reply came back for what was asked */
	bool worked;      /* it did its job: data both ways behind whatever handshakes there were */
	bool unread;      /* too little was captured of each packet to tell what was spoken */
	bool unheard;     /* what answers its latest request came when the client had gone */
	bool went_on;     /* both sides spoke after the reset: nobody took it */
	uint16_t offer;   /* highest TLS version offered, 0: none */
	int64_t near_ns;  /* SYN to SYN-ACK, else the fastest acknowledgement; -1 */
	int64_t hello_ns; /* ClientHello to ServerHello; -1 */
};

void pp_shape_of(const struct pp_connection *conn, struct pp_shape *ret_shape);

/* That side sent bytes which the capture does not hold: the other side acknowledged them, or a reset counts them. */
bool pp_sent_unseen(const struct pp_tcp_facts *tcp, enum pp_side side);
bool pp_anything_unseen(const struct pp_tcp_facts *tcp); /* either did */

/* When that side sent bytes last, new ones or some again. */
static inline struct pp_mark pp_last_sent(const struct pp_tcp_side *side)
{
	return side->again.ts > side->last_data.ts ? side->again : side->last_data;
}
/* Bytes of the server came behind this request (no mark: ever); those of an earlier answer did not. */
bool pp_spoke_since(const struct pp_tcp_side *server, struct pp_mark request);

/* The bytes that were captured of the server end inside what was announced: a Content-Length, chunks, a TLS record. */
static inline bool pp_answer_lacks_end(const struct pp_shape *shape)
{
	if (shape->stage == PP_STAGE_ANSWERED)
		return !shape->exchange->reply.complete;
	return shape->stage == PP_STAGE_SECURE && shape->tls->server_record_cut;
}
/* The same, and every byte was captured. */
bool pp_answer_is_cut(const struct pp_connection *conn, const struct pp_shape *shape);

/* The client has turned to something else, perhaps to a sibling that was faster. */
static inline bool pp_is_given_up(const struct pp_shape *shape)
{
	if (shape->stage == PP_STAGE_SYN)
		return shape->ending != PP_SERVER_RST;
	return (shape->stage == PP_STAGE_OPEN || shape->stage == PP_STAGE_HELLO) &&
	       (shape->ending == PP_CLIENT_FIN || shape->ending == PP_CLIENT_RST);
}

/* Its opening is done; of an unknown protocol both sides have spoken. */
static inline bool pp_is_in_session(const struct pp_shape *shape)
{
	return shape->worked || shape->stage == PP_STAGE_SECURE || shape->stage == PP_STAGE_DATA;
}

/* Its TLS handshake may have been completed by what the snap length cut off. */
bool pp_may_be_complete(const struct pp_connection *conn);

bool pp_reply_is_squids(const struct pp_http_reply *reply); /* its own words, asked as a proxy or not */
/* The proxy itself speaks, not an origin behind it. */
bool pp_reply_is_proxys(const struct pp_http_exchange *exchange);
bool pp_reason_is_proxys(const struct pp_http_reply *reply); /* its reason phrase says so */
/* A proxy's answer that wants credentials: to a CONNECT only it can say 401, too. */
static inline bool pp_wants_credentials(const struct pp_http_reply *reply, bool to_connect)
{
	return reply->status == 407 || (to_connect && reply->status == 401);
}
/* A proxy was asked, and nothing tells whether it or the origin wrote the answer. */
bool pp_author_is_open(const struct pp_http_exchange *exchange);
/* Never an origin's: who controls access to the network wants a login (RFC 6585 section 6). */
enum { PP_NETWORK_LOGIN = 511 };
static inline bool pp_is_gateway_error(uint16_t status) { return status >= 502 && status <= 504; }
/* A status of an origin that says "I am here": all but what others say, and the gateway errors 502 to 504. */
bool pp_status_is_reachable(uint16_t status);

#endif

#include "dissect/talk.h"

#include "dissect/dns_tcp.h"
#include "dissect/socks.h"
#include "dissect/tls_state.h"

#include <string.h>

enum talk_kind { TALK_UNDECIDED, TALK_HTTP, TALK_TLS, TALK_DNS, TALK_OTHER };

/* The first bytes of a side, held until they decide. */
struct head {
	uint8_t bytes[PP_TALK_HEAD];
	uint8_t len;
	struct pp_mark mark;
};

struct pp_talk {
	struct pp_arena *arena;
	const struct pp_talk_shared *shared;
	void *context;
	enum talk_kind kind; /* of the connection, or of the tunnel's inside */
	struct pp_http *http;
	struct pp_tls *tls;
	struct pp_dns_tcp *dns;
	struct head held[2];  /* undecided bytes */
	struct head first[2]; /* the first bytes, for the record, … */
	bool torn[2];         /* … and what came next was not captured */
	uint16_t server_port;
	uint16_t probes;
	bool talked[2];
	bool hello;     /* one was completed, and is to be told */
	bool tunnel;    /* a CONNECT was granted, */
	bool inside[2]; /* and this side's HTTP before it is over */
};

struct pp_talk *pp_talk_new(struct pp_arena *arena, const struct pp_talk_shared *shared, void *context,
			    uint16_t server_port)
{
	struct pp_talk *talk = pp_arena_alloc(arena, sizeof(*talk));

	if (!talk)
		return NULL;
	talk->arena = arena;
	talk->shared = shared;
	talk->context = context;
	talk->server_port = server_port;
	return talk;
}

void pp_talk_free(struct pp_talk *talk)
{
	if (!talk)
		return;
	pp_http_free(talk->http);
	pp_tls_free(talk->tls);
	pp_dns_tcp_free(talk->dns);
}

/* ------------------------------------------------------------------ deciding */

static enum talk_kind decide_tls(struct pp_talk *talk)
{
	if (!talk->tls)
		talk->tls = pp_tls_new(talk->arena, talk->shared->certificates, talk->shared->hellos);
	return talk->tls ? TALK_TLS : TALK_OTHER;
}

static enum talk_kind decide_http(struct pp_talk *talk)
{
	if (!talk->http)
		talk->http = pp_http_new(talk->arena);
	return talk->http ? TALK_HTTP : TALK_OTHER;
}

static enum talk_kind decide_dns(struct pp_talk *talk)
{
	talk->dns = pp_dns_tcp_new(talk->arena);
	return talk->dns ? TALK_DNS : TALK_OTHER;
}

/* The kind these first bytes speak of, or TALK_UNDECIDED while there are too few of them. */
static enum talk_kind decide(struct pp_talk *talk, struct pp_span head)
{
	enum pp_tls_look tls = pp_tls_look(head);
	enum pp_http_look http;

	if (tls != PP_TLS_NO && tls != PP_TLS_MORE)
		return decide_tls(talk);
	http = pp_http_look(head);
	if (http == PP_HTTP_REQUEST || http == PP_HTTP_REPLY)
		return decide_http(talk);
	if (talk->server_port == 53)
		return decide_dns(talk);
	return (tls == PP_TLS_MORE || http == PP_HTTP_MORE) && head.len < PP_TALK_HEAD ? TALK_UNDECIDED : TALK_OTHER;
}

enum pp_sides_by pp_talk_who(struct pp_span head, enum pp_side side, enum pp_side *ret_client)
{
	enum pp_tls_look tls = pp_tls_look(head);

	*ret_client = side;
	if (tls == PP_TLS_CLIENT_HELLO)
		return PP_BY_CLIENT_HELLO;
	if (pp_http_look(head) == PP_HTTP_REQUEST)
		return PP_BY_HTTP;
	*ret_client = pp_other_side(side);
	if (tls == PP_TLS_SERVER_HELLO)
		return PP_BY_SERVER_HELLO;
	return pp_http_look(head) == PP_HTTP_REPLY ? PP_BY_HTTP : PP_BY_PORT;
}

/* ------------------------------------------------------------------ feeding */

static void hold(struct head *head, struct pp_span bytes, struct pp_mark mark)
{
	size_t room = sizeof(head->bytes) - head->len;

	if (head->len == 0)
		head->mark = mark;
	if (bytes.len < sizeof(head->bytes) || head->len > 0) {
		size_t n = bytes.len < room ? bytes.len : room;

		memcpy(head->bytes + head->len, bytes.p, n);
		head->len = (uint8_t)(head->len + n);
	} else {
		memcpy(head->bytes, bytes.p, sizeof(head->bytes));
		head->len = sizeof(head->bytes);
	}
}

static void feed(struct pp_talk *talk, enum pp_side side, struct pp_span bytes, struct pp_mark mark);

static void feed_dns(struct pp_talk *talk, enum pp_side side, struct pp_span bytes, struct pp_mark mark)
{
	struct pp_span message;

	while (pp_dns_tcp_next(talk->dns, side, &bytes, &message)) {
		if (talk->shared->dns_message)
			talk->shared->dns_message(talk->context, side, message, mark);
	}
}

static void feed_tls(struct pp_talk *talk, enum pp_side side, struct pp_span bytes, struct pp_mark mark)
{
	talk->hello |= pp_tls_data(talk->tls, side, bytes, &mark).request;
}

/* HTTP takes what is its own; behind a granted CONNECT the question what is spoken begins anew, for each side where its
 * own HTTP ends: a late reply still belongs to HTTP when the client is already inside the tunnel. */
static void feed_http(struct pp_talk *talk, enum pp_side side, struct pp_span bytes, struct pp_mark mark)
{
	struct pp_cur cur = pp_cur_span(bytes, PP_MORE);

	pp_cur_skip(&cur, pp_http_data(talk->http, side, bytes, mark));
	if (!pp_http_tunnel(talk->http))
		return;
	if (talk->kind == TALK_HTTP) {
		talk->kind = TALK_UNDECIDED;
		talk->inside[0] = talk->inside[1] = false;
		talk->talked[0] = talk->talked[1] = false;
	}
	talk->tunnel = true;
	if (pp_cur_left(&cur) == 0)
		return;
	talk->inside[side] = true;
	feed(talk, side, pp_cur_rest(&cur), mark);
}

static void probe_late_tls(struct pp_talk *talk, struct pp_span bytes)
{
	if (talk->probes == PP_TALK_PROBES)
		return;
	talk->probes++;
	if (pp_tls_look(bytes) == PP_TLS_CLIENT_HELLO)
		talk->kind = decide_tls(talk);
}

/* Decides by this side's first bytes, held ones before new ones; what was held is fed first then. */
static void feed_undecided(struct pp_talk *talk, enum pp_side side, struct pp_span bytes, struct pp_mark mark)
{
	struct head *held = &talk->held[side];
	enum pp_side other = pp_other_side(side);

	if (held->len == 0) {
		talk->kind = decide(talk, bytes);
		if (talk->kind == TALK_UNDECIDED)
			hold(held, bytes, mark);
	} else {
		struct head before = *held;
		uint8_t taken;

		hold(held, bytes, mark);
		taken = (uint8_t)(held->len - before.len);
		talk->kind = decide(talk, (struct pp_span){ held->bytes, held->len });
		if (talk->kind == TALK_UNDECIDED && taken == bytes.len)
			return;
		if (talk->kind == TALK_UNDECIDED)
			talk->kind = TALK_OTHER;
		held->len = 0;
		feed(talk, side, (struct pp_span){ before.bytes, before.len }, before.mark);
	}
	if (talk->kind == TALK_UNDECIDED)
		return;
	if (talk->held[other].len) {
		struct head before = talk->held[other];

		talk->held[other].len = 0;
		feed(talk, other, (struct pp_span){ before.bytes, before.len }, before.mark);
	}
	feed(talk, side, bytes, mark);
}

/* What this side says is still HTTP's: the tunnel is open, but it is not through. */
static inline bool is_before_tunnel(const struct pp_talk *talk, enum pp_side side)
{
	return talk->tunnel && !talk->inside[side];
}

static void feed(struct pp_talk *talk, enum pp_side side, struct pp_span bytes, struct pp_mark mark)
{
	if (is_before_tunnel(talk, side) && talk->kind != TALK_HTTP) {
		feed_http(talk, side, bytes, mark);
		return;
	}
	talk->talked[side] = true;
	switch (talk->kind) {
	case TALK_UNDECIDED:
		feed_undecided(talk, side, bytes, mark);
		return;
	case TALK_HTTP:
		feed_http(talk, side, bytes, mark);
		return;
	case TALK_TLS:
		feed_tls(talk, side, bytes, mark);
		return;
	case TALK_DNS:
		feed_dns(talk, side, bytes, mark);
		return;
	case TALK_OTHER:
		probe_late_tls(talk, bytes);
		if (talk->kind == TALK_TLS)
			feed_tls(talk, side, bytes, mark);
		return;
	}
}

static inline uint32_t opaque(const struct pp_talk *talk, enum pp_side side)
{
	if (is_before_tunnel(talk, side))
		return 0;
	if (talk->kind == TALK_TLS)
		return pp_tls_opaque(talk->tls, side);
	return talk->kind == TALK_OTHER && talk->probes == PP_TALK_PROBES &&
		       (talk->first[side].len == PP_TALK_HEAD || talk->torn[side])
		   ? UINT32_MAX
		   : 0;
}

static inline bool take_request(struct pp_talk *talk)
{
	bool tls = talk->tls && pp_tls_take_hello(talk->tls); /* after a gap */
	bool http = talk->http && pp_http_take_request(talk->http);
	bool hello = talk->hello;

	talk->hello = false;
	return hello || tls || http;
}

/* What was recognised needs no head; but who is asked for HTTP may answer with anything. */
static inline bool is_head_asked(const struct pp_talk *talk, enum pp_side side)
{
	return !talk->tls && (!talk->http || side == PP_SERVER);
}

PP_APART static struct pp_talk_after data(struct pp_talk *talk, enum pp_side side, struct pp_span bytes,
					  struct pp_mark mark)
{
	if (talk->first[side].len < PP_TALK_HEAD && !talk->torn[side] && is_head_asked(talk, side))
		hold(&talk->first[side], bytes, mark);
	feed(talk, side, bytes, mark);
	return (struct pp_talk_after){ opaque(talk, side), take_request(talk) };
}

/* Once TLS is spoken there is nothing else to ask. */
struct pp_talk_after pp_talk_data(struct pp_talk *talk, enum pp_side side, struct pp_span bytes,
				  const struct pp_mark *mark)
{
	if (talk->kind != TALK_TLS || is_before_tunnel(talk, side))
		return data(talk, side, bytes, *mark);
	talk->talked[side] = true;
	return pp_tls_data(talk->tls, side, bytes, mark);
}

void pp_talk_skip(struct pp_talk *talk, enum pp_side side, uint32_t count, struct pp_mark mark)
{
	if (talk->kind == TALK_TLS)
		pp_tls_skip(talk->tls, side, count, mark);
}

void pp_talk_gap(struct pp_talk *talk, enum pp_side side, uint64_t missing)
{
	talk->torn[side] = true;
	switch (talk->kind) {
	case TALK_UNDECIDED:
		/* Too few bytes to decide, and the next ones do not continue them. */
		talk->held[side].len = 0;
		return;
	case TALK_HTTP:
		pp_http_gap(talk->http, side, missing);
		return;
	case TALK_TLS:
		pp_tls_gap(talk->tls, side, missing);
		return;
	case TALK_DNS:
		pp_dns_tcp_gap(talk->dns, side);
		return;
	case TALK_OTHER:
		return;
	}
}

void pp_talk_finish(struct pp_talk *talk)
{
	if (talk->http)
		pp_http_finish(talk->http);
	if (talk->tls)
		pp_tls_finish(talk->tls);
}

/* ------------------------------------------------------------------ telling */

static enum pp_phase tls_phase(const struct pp_tls_facts *tls)
{
	if (tls->complete)
		return PP_PHASE_TLS_ESTABLISHED;
	if (pp_seen(tls->server_hello))
		return PP_PHASE_SERVER_HELLO;
	return pp_seen(tls->client_hello) ? PP_PHASE_CLIENT_HELLO : PP_PHASE_DATA;
}

static enum pp_phase http_phase(const struct pp_talk *talk, const struct pp_http_facts *http)
{
	const struct pp_connect *last = http->connect_count ? &http->connects[http->connect_count - 1] : NULL;

	if (!last)
		return PP_PHASE_DATA;
	if (last->tunnel)
		return talk->talked[PP_CLIENT] || talk->talked[PP_SERVER] ? PP_PHASE_DATA : PP_PHASE_TUNNEL;
	return last->reply.status == 0 ? PP_PHASE_CONNECT : PP_PHASE_DATA;
}

enum pp_phase pp_talk_phase(const struct pp_talk *talk)
{
	if (talk->tls)
		return tls_phase(pp_tls_facts(talk->tls));
	if (talk->http)
		return http_phase(talk, pp_http_facts(talk->http));
	return talk->talked[PP_CLIENT] || talk->talked[PP_SERVER] ? PP_PHASE_DATA : PP_PHASE_UNKNOWN;
}

bool pp_talk_unknown(const struct pp_talk *talk) { return talk->kind == TALK_OTHER && !talk->http && !talk->tls; }

bool pp_talk_known(const struct pp_talk *talk) { return talk->http || talk->tls; }

const struct pp_http_facts *pp_talk_http(const struct pp_talk *talk)
{
	return talk->http ? pp_http_facts(talk->http) : NULL;
}

const struct pp_tls_facts *pp_talk_tls(const struct pp_talk *talk)
{
	return talk->tls ? pp_tls_facts(talk->tls) : NULL;
}

static struct pp_span head_of(const struct pp_talk *talk, enum pp_side side)
{
	return (struct pp_span){ talk->first[side].bytes, talk->first[side].len };
}

/* Nothing was recognised; or a proxy was asked by SOCKS before that; or HTTP, and the answer is none. */
static bool tells_head(const struct pp_talk *talk)
{
	if (pp_talk_unknown(talk))
		return true;
	if (talk->http)
		return !talk->tls && pp_http_facts(talk->http)->malformed[PP_SERVER];
	return pp_socks_look(head_of(talk, PP_CLIENT), head_of(talk, PP_SERVER)).word != PP_SOCKS_NONE;
}

void pp_talk_heads(const struct pp_talk *talk, struct pp_span *ret_client, struct pp_span *ret_server)
{
	if (!tells_head(talk))
		return;
	*ret_client = head_of(talk, PP_CLIENT);
	*ret_server = head_of(talk, PP_SERVER);
}

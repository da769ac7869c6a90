#include "diagnose/shape.h"

#include <string.h>

static bool names_a_proxy(const char *text)
{
	static const char *const names[] = { "squid", "Squid", "BlueCoat", "Zscaler", "proxy", "Proxy" };

	for (size_t i = 0; text && i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(text, names[i]))
			return true;
	return false;
}

bool pp_reply_is_squids(const struct pp_http_reply *reply)
{
	return reply->x_squid_error || reply->page == PP_PAGE_SQUID;
}

/* The proxy's Via beside the Server of another: it passed on what an origin wrote.  Proxies put Via into their own answers,
 * too, so by itself it tells nothing. */
static bool is_relayed(const struct pp_http_reply *reply)
{
	return reply->via && reply->server && !names_a_proxy(reply->server) && !pp_reply_is_squids(reply);
}

/* Apache's reason for what its mod_proxy says itself. */
bool pp_reason_is_proxys(const struct pp_http_reply *reply)
{
	return reply->reason && strcmp(reply->reason, "Proxy Error") == 0 && !is_relayed(reply);
}

bool pp_reply_is_proxys(const struct pp_http_exchange *exchange)
{
	const struct pp_http_reply *reply = &exchange->reply;

	return reply->status == 407 ||
	       (exchange->absolute_form && (reply->status == PP_NETWORK_LOGIN || pp_reply_is_squids(reply) ||
					    reply->page == PP_PAGE_BLOCK || names_a_proxy(reply->server) ||
					    (reply->proxy_agent && !is_relayed(reply)) || pp_reason_is_proxys(reply)));
}

bool pp_author_is_open(const struct pp_http_exchange *exchange)
{
	return exchange->absolute_form && !is_relayed(&exchange->reply) && !pp_reply_is_proxys(exchange);
}

/* Squid sends some of its own with a redirect to a page that tells why (deny_info). */
static bool is_refusal(const struct pp_http_exchange *exchange)
{
	return exchange->reply.x_squid_error || (pp_reply_is_proxys(exchange) && exchange->reply.status >= 400);
}

bool pp_status_is_reachable(uint16_t status)
{
	return status >= 100 && status != 407 && status != 470 && status != PP_NETWORK_LOGIN &&
	       !pp_is_gateway_error(status);
}

/* ------------------------------------------------------------------ what was not captured */

enum { UNSEEN_MOST = 1 << 20 }; /* more than that only a forged reset counts */

static bool is_some(int32_t ahead) { return ahead > 0 && ahead < UNSEEN_MOST; }

bool pp_sent_unseen(const struct pp_tcp_facts *tcp, enum pp_side side)
{
	const struct pp_tcp_reset *rst = &tcp->rst;
	bool missing = tcp->side[side].missing > 0;

	if (tcp->side[side].missing_acked)
		return true;
	if (!pp_seen(rst->mark) || !rst->acceptable)
		return false;
	if (rst->from == side)
		return is_some(rst->seq_ahead);
	return rst->has_ack && (is_some(rst->ack_ahead) || (missing && rst->ack_ahead == 0));
}

bool pp_anything_unseen(const struct pp_tcp_facts *tcp)
{
	if (!pp_seen(tcp->rst.mark))
		return tcp->side[PP_CLIENT].missing_acked | tcp->side[PP_SERVER].missing_acked;
	return pp_sent_unseen(tcp, PP_CLIENT) || pp_sent_unseen(tcp, PP_SERVER);
}

bool pp_answer_is_cut(const struct pp_connection *conn, const struct pp_shape *shape)
{
	const struct pp_tcp_facts *tcp = &conn->tcp;

	/* With a request that was lost, whose answer this is would be a guess, too. */
	return pp_answer_lacks_end(shape) && !(shape->exchange && conn->http->malformed[PP_SERVER]) && !tcp->snapped &&
	       !tcp->side[PP_CLIENT].missing && !tcp->side[PP_SERVER].missing && !pp_anything_unseen(tcp);
}

/* ------------------------------------------------------------------ how it ended */

static void earlier(struct pp_shape *shape, enum pp_ending ending, struct pp_mark mark)
{
	if (!pp_seen(mark) || (shape->ending != PP_STILL_OPEN && mark.ts >= shape->end.ts))
		return;
	shape->ending = ending;
	shape->end = mark;
}

static void find_end(struct pp_shape *shape, const struct pp_tcp_facts *tcp)
{
	const struct pp_tcp_reset *rst = &tcp->rst;

	if (!pp_seen(rst->mark) && !pp_seen(tcp->side[PP_CLIENT].fin) && !pp_seen(tcp->side[PP_SERVER].fin))
		return;
	shape->went_on = pp_seen(rst->mark) && pp_last_sent(&tcp->side[PP_CLIENT]).ts > rst->mark.ts &&
			 pp_last_sent(&tcp->side[PP_SERVER]).ts > rst->mark.ts;
	earlier(shape, PP_CLIENT_FIN, tcp->side[PP_CLIENT].fin);
	earlier(shape, PP_SERVER_FIN, tcp->side[PP_SERVER].fin);
	if (rst->acceptable && !shape->went_on)
		earlier(shape, rst->from == PP_CLIENT ? PP_CLIENT_RST : PP_SERVER_RST, rst->mark);
}

PP_APART static bool met_a_reset(const struct pp_tcp_facts *tcp, const struct pp_shape *shape, int64_t said)
{
	return tcp->rst.from == PP_CLIENT && said > shape->end.ts &&
	       (shape->ending == PP_CLIENT_RST || (shape->ending == PP_CLIENT_FIN && tcp->rst.mark.ts >= said));
}

/* The client had closed before this came, and answers it with a reset; who only has nothing more to ask acknowledges it. */
static inline bool came_too_late(const struct pp_tcp_facts *tcp, const struct pp_shape *shape,
				 const struct pp_mark *said)
{
	return pp_seen(tcp->rst.mark) && pp_seen(*said) && met_a_reset(tcp, shape, said->ts);
}

/* ------------------------------------------------------------------ how far it got */

static uint16_t best_offer(const struct pp_tls_facts *tls)
{
	uint16_t best = 0;

	for (unsigned i = 0; i < tls->offered_count; i++)
		if (tls->offered[i] > best)
			best = tls->offered[i];
	return best ? best : tls->legacy_version;
}

/* An encrypted one says that there was an answer, and no more. */
static bool any_alert_is_read(const struct pp_tls_facts *tls)
{
	for (unsigned i = 0; i < tls->alert_count; i++)
		if (!tls->alerts[i].encrypted)
			return true;
	return false;
}

/* What was captured of it may be less than it was; with nothing behind the request there was nothing. */
bool pp_spoke_since(const struct pp_tcp_side *server, struct pp_mark request)
{
	return server->bytes > 0 && (!pp_seen(request) || pp_mark_later(&server->last_data, &request));
}

/* Bytes of the server are there, but not in a form that says what they were. */
static bool hidden(const struct pp_connection *conn, const struct pp_tls_facts *tls)
{
	const struct pp_tcp_side *server = &conn->tcp.side[PP_SERVER];

	/* The client did not get those bytes either (MTU-01). */
	if (server->missing && !server->missing_acked && !conn->tcp.snapped)
		return false;
	return !any_alert_is_read(tls) && !pp_seen(tls->not_tls) &&
	       (conn->tcp.snapped || tls->desynchronised[PP_SERVER] || tls->server_first_unseen ||
		server->missing_acked) &&
	       (pp_spoke_since(server, tls->client_hello) || server->missing_acked);
}

enum { MORE_THAN_ALERT = 64 }; /* bytes; a Finished and what goes with it are more, an alert is less */

/* The client sent more behind its ClientHello than it says to a server that it refuses. */
bool pp_may_be_complete(const struct pp_connection *conn)
{
	const struct pp_tls_facts *tls = conn->tls;

	return conn->tcp.snapped && tls && pp_seen(tls->client_hello) && conn->tcp.side[PP_SERVER].bytes > 0 &&
	       conn->tcp.side[PP_CLIENT].bytes > (uint64_t)tls->client_hello_len + MORE_THAN_ALERT;
}

static enum pp_stage tls_stage(const struct pp_connection *conn, const struct pp_tls_facts *tls)
{
	bool hello = pp_seen(tls->server_hello) && tls->server_hello_count > (tls->hello_retry ? 1U : 0U);

	if (tls->complete || (tls->app_bytes[PP_CLIENT] && tls->app_bytes[PP_SERVER]))
		return PP_STAGE_SECURE;
	if (hello)
		return tls->version == PP_SSL_2 || tls->desynchronised[PP_SERVER] || tls->desynchronised[PP_CLIENT] ||
			       (pp_may_be_complete(conn) && !any_alert_is_read(tls))
			   ? PP_STAGE_OPAQUE
			   : PP_STAGE_FLIGHT;
	if (!pp_seen(tls->client_hello) && !tls->partial_client_hello)
		return PP_STAGE_OPAQUE;
	return hidden(conn, tls) ? PP_STAGE_OPAQUE : PP_STAGE_HELLO;
}

static enum pp_stage http_stage(const struct pp_connection *conn, const struct pp_shape *shape)
{
	const struct pp_tcp_facts *tcp = &conn->tcp;
	const struct pp_tcp_side *server = &tcp->side[PP_SERVER];

	if (shape->exchange) {
		if (shape->unheard)
			return PP_STAGE_ASKED;
		if (pp_seen(shape->exchange->reply.mark))
			return PP_STAGE_ANSWERED;
		return (tcp->snapped && pp_spoke_since(server, shape->exchange->mark)) || server->missing_acked ||
			       pp_seen(shape->exchange->reply.begin)
			   ? PP_STAGE_OPAQUE
			   : PP_STAGE_ASKED;
	}
	if (!shape->connect)
		return pp_seen(conn->http->reply_without_request) ? PP_STAGE_OPAQUE : PP_STAGE_NOTHING;
	if (shape->unheard)
		return PP_STAGE_CONNECT;
	if (shape->connect->tunnel)
		return PP_STAGE_TUNNEL;
	if (pp_seen(shape->connect->reply.mark))
		return PP_STAGE_DENIED;
	return tcp->snapped && pp_spoke_since(server, shape->connect->mark) ? PP_STAGE_OPAQUE : PP_STAGE_CONNECT;
}

/* The server went on after the tunnel's 2xx with something that is neither TLS nor HTTP. */
static bool other_in_tunnel(const struct pp_connection *conn, const struct pp_connect *connect)
{
	return conn->tcp.side[PP_SERVER].last_data.ts > connect->reply.mark.ts &&
	       conn->tcp.side[PP_CLIENT].last_data.ts > connect->reply.mark.ts;
}

/* Of a connection without a byte of payload. */
static enum pp_stage opening_stage(const struct pp_tcp_facts *tcp)
{
	if (pp_seen(tcp->syn_ack) || pp_seen(tcp->established))
		return PP_STAGE_OPEN;
	return pp_seen(tcp->syn) ? PP_STAGE_SYN : PP_STAGE_NOTHING;
}

static enum pp_stage stage_of(const struct pp_connection *conn, const struct pp_shape *shape)
{
	const struct pp_tcp_facts *tcp = &conn->tcp;
	bool client = tcp->side[PP_CLIENT].bytes > 0, server = tcp->side[PP_SERVER].bytes > 0;
	enum pp_stage stage;

	if (shape->tls)
		return tls_stage(conn, shape->tls);
	if (conn->http) {
		stage = http_stage(conn, shape);
		if (stage == PP_STAGE_TUNNEL && other_in_tunnel(conn, shape->connect))
			return PP_STAGE_DATA;
		if (stage != PP_STAGE_NOTHING)
			return stage;
	}
	if (shape->asked_proxy && !shape->tunnel)
		return PP_STAGE_SOCKS;
	if (client && server)
		return PP_STAGE_DATA;
	if (server || (client && !(tcp->fast_open && !pp_seen(tcp->syn_ack))))
		return PP_STAGE_ONE_VOICE;
	return opening_stage(tcp);
}

enum {
	TICKETS = 2,
	TICKET_LEAST = 150
}; /* OpenSSL's, and so that of most servers; its tickets are 200 bytes or more */
static const int64_t TICKETS_WITHIN_NS = 250 * PP_MS; /* the second may wait for an acknowledgement that is delayed */

/* NewSessionTicket looks like application data (dissect/tls_13.h): two records of one length right behind the handshake
 * and nothing else are tickets, and no answer; nor is one that came too late behind them. */
static bool only_tickets_came(const struct pp_connection *conn, const struct pp_shape *shape)
{
	const struct pp_tls_facts *tls = shape->tls;
	uint64_t bytes = tls->app_bytes[PP_SERVER];
	unsigned count = tls->server_first_count;
	uint16_t len;
	bool late;

	if (bytes > (TICKETS + 1) * (uint64_t)UINT16_MAX || tls->version < PP_TLS_1_3 || count <= TICKETS)
		return false;
	late = came_too_late(&conn->tcp, shape, &tls->last_record_mark[PP_SERVER]);
	bytes -= late ? tls->last_record[PP_SERVER].len : 0;
	count -= late;
	if (count <= TICKETS)
		return false;
	len = tls->server_first[count - 1].len;
	if (len < TICKET_LEAST || tls->server_first[count - TICKETS].len != len || bytes != (uint64_t)TICKETS * len)
		return false;
	return late || conn->tcp.side[PP_SERVER].last_data.ts - tls->complete_mark.ts <=
			   TICKETS_WITHIN_NS + (conn->tcp.handshake_rtt_ns > 0 ? conn->tcp.handshake_rtt_ns : 0);
}

enum { TELLING = 16 }; /* bytes that TLS and HTTP are known by, or not to be either */

static bool is_read(const struct pp_tcp_side *side, struct pp_span head)
{
	return side->bytes == 0 || head.len >= TELLING || head.len >= side->bytes;
}

/* Bytes were counted of which the capture holds next to none; what looks like another protocol may be anything, TLS that
 * failed too. */
static bool is_unread(const struct pp_connection *conn, enum pp_stage stage)
{
	if (!conn->tcp.snapped || (stage != PP_STAGE_DATA && stage != PP_STAGE_ONE_VOICE))
		return false;
	return (conn->http && !conn->http->connect_count) ||
	       (!conn->http && (!is_read(&conn->tcp.side[PP_CLIENT], conn->client_head) ||
				!is_read(&conn->tcp.side[PP_SERVER], conn->server_head)));
}

static bool did_its_job(const struct pp_connection *conn, const struct pp_shape *shape)
{
	const struct pp_http_reply *reply = shape->exchange ? &shape->exchange->reply : NULL;

	switch (shape->stage) {
	case PP_STAGE_SECURE:
		return shape->tls->app_bytes[PP_SERVER] > 0 && !shape->unheard && !only_tickets_came(conn, shape) &&
		       (shape->tls->app_bytes[PP_CLIENT] > 0 || pp_sent_unseen(&conn->tcp, PP_CLIENT));
	case PP_STAGE_ANSWERED:
		return pp_status_is_reachable(reply->status) && reply->page == PP_PAGE_NONE &&
		       !is_refusal(shape->exchange);
	case PP_STAGE_DATA:
		return !shape->unread && conn->tcp.side[PP_SERVER].bytes > 0;
	default:
		return false;
	}
}

static void read_tls(struct pp_shape *shape, const struct pp_connection *conn)
{
	const struct pp_tls_facts *tls = conn->tls;

	shape->tls = tls;
	if (pp_seen(conn->tcp.rst.mark))
		shape->unheard = came_too_late(&conn->tcp, shape, &tls->app_data[PP_SERVER]);
	shape->offer = tls->client_hello_count ? best_offer(tls) : 0;
	shape->leaf = tls->certificate_count && !tls->certificates[0]->unparsed ? tls->certificates[0] : NULL;
	if (pp_seen(tls->server_hello) && pp_seen(tls->client_hello))
		shape->hello_ns = tls->server_hello.ts - tls->client_hello.ts;
}

static void read_http(struct pp_shape *shape, const struct pp_connection *conn)
{
	const struct pp_http_facts *http = conn->http;

	if (http->connect_count)
		shape->connect = &http->connects[http->connect_count - 1];
	if (http->exchange_count)
		shape->exchange = &http->exchanges[http->exchange_count - 1];
	if (shape->connect && shape->exchange && shape->connect->mark.ts > shape->exchange->mark.ts)
		shape->exchange = NULL;
	if (shape->exchange)
		shape->unheard = came_too_late(&conn->tcp, shape, &shape->exchange->reply.begin);
	else if (shape->connect)
		shape->unheard = came_too_late(&conn->tcp, shape, &shape->connect->reply.begin);
	shape->asked_proxy = shape->connect || (shape->exchange && shape->exchange->absolute_form);
	shape->tunnel = shape->connect && shape->connect->tunnel && (shape->exchange || !shape->unheard);
}

static void read_socks(struct pp_shape *shape, const struct pp_connection *conn)
{
	shape->socks = pp_socks_look(conn->client_head, conn->server_head);
	shape->asked_proxy = shape->socks.word != PP_SOCKS_NONE;
	shape->tunnel = shape->socks.word == PP_SOCKS_GRANTED;
}

/* Nobody ever said anything: most of a scan, or of a dead network. */
static bool is_silent(const struct pp_connection *conn)
{
	return !conn->http && !conn->tls && !(conn->tcp.side[PP_CLIENT].bytes | conn->tcp.side[PP_SERVER].bytes);
}

void pp_shape_of(const struct pp_connection *conn, struct pp_shape *ret_shape)
{
	struct pp_shape *shape = ret_shape;

	*shape = (struct pp_shape){ .near_ns = conn->tcp.handshake_rtt_ns, .hello_ns = -1 };
	if (shape->near_ns < 0)
		shape->near_ns = conn->tcp.ack_rtt_min_ns;
	find_end(shape, &conn->tcp);
	if (is_silent(conn)) {
		shape->stage = opening_stage(&conn->tcp);
		return;
	}
	if (conn->http)
		read_http(shape, conn);
	else if (conn->client_head.len)
		read_socks(shape, conn);
	if (conn->tls && !conn->tls->client_hello_from_server)
		read_tls(shape, conn);
	shape->stage = stage_of(conn, shape);
	shape->unread = is_unread(conn, shape->stage);
	shape->passed =
	    shape->stage == PP_STAGE_FLIGHT || shape->stage == PP_STAGE_SECURE || shape->stage == PP_STAGE_ANSWERED;
	shape->worked = did_its_job(conn, shape);
}

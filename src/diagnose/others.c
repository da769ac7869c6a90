#include "diagnose/others.h"

/* Of a CONNECT, or of another request. */
struct request {
	const char *host;
	struct pp_mark begin, mark;
	const struct pp_http_reply *reply;
};

static unsigned count_of(const struct pp_http_facts *http) { return http->connect_count + http->exchange_count; }

static struct request request_at(const struct pp_http_facts *http, unsigned at)
{
	const struct pp_http_exchange *exchange;

	if (at < http->connect_count) {
		const struct pp_connect *connect = &http->connects[at];

		return (struct request){ connect->host, connect->begin, connect->mark, &connect->reply };
	}
	exchange = &http->exchanges[at - http->connect_count];
	return (struct request){ exchange->host, exchange->begin, exchange->mark, &exchange->reply };
}

static bool is_answered(const struct request *request)
{
	return request->host && request->host[0] && pp_seen(request->reply->mark);
}

/* A later one for the same host says what became of it. */
static bool is_outdone(const struct pp_http_facts *http, unsigned at, const struct request *request)
{
	for (unsigned i = 0; i < count_of(http); i++) {
		struct request other = request_at(http, i);

		if (i != at && is_answered(&other) && strcmp(other.host, request->host) == 0 &&
		    (pp_mark_later(&other.mark, &request->mark) ||
		     (pp_mark_same(&other.mark, &request->mark) && i > at)))
			return true;
	}
	return false;
}

/* What lies in a tunnel goes where the tunnel goes, whatever it calls itself. */
static bool is_others(const struct pp_http_facts *http, unsigned at, const char *host)
{
	struct request request = request_at(http, at);
	bool connect = at < http->connect_count;

	return is_answered(&request) && strcmp(request.host, host) != 0 &&
	       !(connect ? http->connects[at].tunnel : http->in_tunnel) && !is_outdone(http, at, &request);
}

static struct pp_tcp_side side_of(const struct pp_tcp_side *side, struct pp_mark mark)
{
	return (struct pp_tcp_side){ .profile = side->profile, .first_data = mark, .last_data = mark, .last = mark };
}

/* How it was opened and what the capture could not show; how it went on and ended is of no concern to this request. */
static struct pp_tcp_facts tcp_of(const struct pp_tcp_facts *tcp, const struct request *request)
{
	return (struct pp_tcp_facts){
		.side = { side_of(&tcp->side[PP_CLIENT], request->mark),
			  side_of(&tcp->side[PP_SERVER], request->reply->mark) },
		.syn = tcp->syn,
		.syn_last = tcp->syn_last,
		.syn_ack = tcp->syn_ack,
		.established = tcp->established,
		.rst.since_other_ns = -1,
		.handshake_rtt_ns = tcp->handshake_rtt_ns,
		.ack_rtt_min_ns = tcp->ack_rtt_min_ns,
		.syn_count = tcp->syn_count,
		.syn_ack_count = tcp->syn_ack_count,
		.sides_by = tcp->sides_by,
		.midstream = tcp->midstream,
		.one_sided = tcp->one_sided,
		.reordered = tcp->reordered,
		.snapped = tcp->snapped,
		.disordered = tcp->disordered,
		.more_elsewhere = tcp->more_elsewhere,
	};
}

static void take(const struct pp_connection *conn, unsigned at, struct pp_other *ret_other)
{
	struct request request = request_at(conn->http, at);
	unsigned connects = conn->http->connect_count;

	ret_other->http = (struct pp_http_facts){ 0 };
	if (at < connects) {
		ret_other->http.connects = &conn->http->connects[at];
		ret_other->http.connect_count = 1;
	} else {
		ret_other->http.exchanges = &conn->http->exchanges[at - connects];
		ret_other->http.exchange_count = 1;
	}
	ret_other->conn = *conn;
	ret_other->conn.http = &ret_other->http;
	ret_other->conn.tls = NULL;
	ret_other->conn.first = request.begin;
	ret_other->conn.last = request.reply->mark;
	ret_other->conn.tcp = tcp_of(&conn->tcp, &request);
}

bool pp_others_next(const struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
		    const struct pp_attribution *who, unsigned *at, struct pp_other *ret_other)
{
	const struct pp_attributor *attributor = diagnosis->options.attributor;

	if (!attributor || !who->host || !conn->http)
		return false;
	while (*at < count_of(conn->http)) {
		unsigned now = (*at)++;

		if (!is_others(conn->http, now, who->host))
			continue;
		take(conn, now, ret_other);
		ret_other->who = pp_attribute_connection(attributor, &ret_other->conn);
		return true;
	}
	return false;
}

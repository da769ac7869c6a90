/* Evidence shared by the rules: one function for each thing that several of them cite. */
#include "diagnose/case.h"

void pp_cite_syn(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (pp_seen(c->tcp->syn))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_SYN,
						       .mark = c->tcp->syn,
						       .a = c->tcp->syn_count,
						       .b = (c->tcp->syn_last.ts - c->tcp->syn.ts) / PP_MS });
}

void pp_cite_syn_ack(const struct pp_case *c, struct pp_verdict *verdict)
{
	int64_t rtt = c->tcp->handshake_rtt_ns;

	if (pp_seen(c->tcp->syn_ack))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_SYN_ACK,
						       .mark = c->tcp->syn_ack,
						       .side = PP_SERVER,
						       .a = c->server->profile.ttl_syn,
						       .b = rtt < 0 ? -1 : rtt / 1000 });
}

void pp_cite_hello(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	if (tls && pp_seen(tls->client_hello))
		pp_cite(verdict, (struct pp_evidence){ .kind = tls->sni_unknown ? PP_EV_HELLO_CUT : PP_EV_CLIENT_HELLO,
						       .mark = tls->client_hello,
						       .text = tls->sni ? tls->sni : "",
						       .a = tls->client_hello_len,
						       .b = c->tcp->watch_segments });
}

static void cite_connect(const struct pp_connect *connect, struct pp_verdict *verdict)
{
	pp_cite(verdict, (struct pp_evidence){
			     .kind = PP_EV_CONNECT, .mark = connect->mark, .text = connect->host, .a = connect->port });
	if (connect->credentials == PP_CREDENTIALS_UNSEEN)
		pp_cite(verdict,
			(struct pp_evidence){ .kind = PP_EV_CAPTURE,
					      .mark = connect->mark,
					      .text = N_("no credentials in the part of the request that was read") });
	else
		pp_cite(verdict, (struct pp_evidence){
				     .kind = PP_EV_CREDENTIALS, .mark = connect->mark, .a = connect->credentials });
}

static void cite_exchange(const struct pp_http_exchange *exchange, struct pp_verdict *verdict)
{
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_HTTP_REQUEST,
					       .mark = exchange->mark,
					       .text = exchange->host ? exchange->host : exchange->method });
}

static void cite_socks(const struct pp_case *c, struct pp_verdict *verdict)
{
	pp_cite(verdict, (struct pp_evidence){
			     .kind = PP_EV_SOCKS, .mark = c->client->first_data, .a = c->shape.socks.version });
}

void pp_cite_request(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (c->shape.tls && pp_seen(c->shape.tls->client_hello))
		pp_cite_hello(c, verdict);
	else if (c->shape.exchange)
		cite_exchange(c->shape.exchange, verdict);
	else if (c->shape.connect)
		cite_connect(c->shape.connect, verdict);
	else if (c->shape.socks.version)
		cite_socks(c, verdict);
}

void pp_cite_tunnel(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_connect *connect = c->shape.connect;

	if (!connect) {
		cite_socks(c, verdict);
		return;
	}
	pp_cite(verdict, (struct pp_evidence){
			     .kind = PP_EV_CONNECT, .mark = connect->mark, .text = connect->host, .a = connect->port });
	pp_cite_reply(verdict, &connect->reply, true);
}

void pp_cite_acked(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (pp_seen(c->tcp->watch_acked))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_HELLO_ACKED,
						       .mark = c->tcp->watch_acked,
						       .side = PP_SERVER,
						       .a = (c->tcp->watch_acked.ts - c->tcp->watch.ts) / PP_MS,
						       .b = !c->shape.tls });
}

void pp_cite_silence(const struct pp_case *c, struct pp_verdict *verdict, struct pp_mark since)
{
	int64_t until = c->shape.ending == PP_STILL_OPEN ? c->end : c->shape.end.ts;

	if (pp_seen(since) && until > since.ts)
		pp_cite(verdict, (struct pp_evidence){
				     .kind = PP_EV_NO_ANSWER, .mark = since, .a = (until - since.ts) / PP_MS });
}

void pp_cite_reset(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tcp_reset *rst = &c->tcp->rst;
	const struct pp_tcp_profile *profile = &c->tcp->side[rst->from].profile;

	if (pp_seen(rst->mark))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_RST,
						       .mark = rst->mark,
						       .side = rst->from,
						       .a = rst->ttl,
						       .b = profile->ttl_data ? profile->ttl_data : profile->ttl_syn,
						       .text = rst->has_ack ? "RST,ACK" : "RST" });
}

void pp_cite_foreign(const struct pp_case *c, struct pp_verdict *verdict, const struct pp_foreign *foreign)
{
	const struct pp_tcp_reset *rst = &c->tcp->rst;
	int64_t lowest =
	    c->tcp->handshake_rtt_ns >= 0 ? c->tcp->handshake_rtt_ns : pp_lowest_but(&c->address->rtt, c->conn->index);

	if (foreign->early)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_RST_EARLY,
						       .mark = rst->mark,
						       .side = rst->from,
						       .a = foreign->after_ns / 1000,
						       .b = lowest / 1000 });
	if (foreign->header)
		pp_cite(verdict,
			(struct pp_evidence){
			    .kind = PP_EV_RST_FOREIGN, .mark = rst->mark, .side = rst->from, .text = foreign->fields });
	if (pp_seen(rst->peer_later))
		pp_cite(verdict, (struct pp_evidence){
				     .kind = PP_EV_PEER_AFTER_RST, .mark = rst->peer_later, .side = rst->from });
}

void pp_cite_fin(const struct pp_case *c, struct pp_verdict *verdict, enum pp_side side)
{
	struct pp_mark fin = c->tcp->side[side].fin;

	if (pp_seen(fin))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_FIN,
						       .mark = fin,
						       .side = side,
						       .a = side,
						       .b = pp_seen(c->tcp->watch) && fin.ts >= c->tcp->watch.ts
								? (fin.ts - c->tcp->watch.ts) / PP_MS
								: -1 });
}

void pp_cite_end(const struct pp_case *c, struct pp_verdict *verdict)
{
	switch (c->shape.ending) {
	case PP_CLIENT_FIN:
	case PP_SERVER_FIN:
		pp_cite_fin(c, verdict, c->shape.ending == PP_CLIENT_FIN ? PP_CLIENT : PP_SERVER);
		return;
	case PP_CLIENT_RST:
	case PP_SERVER_RST:
		pp_cite_reset(c, verdict);
		return;
	case PP_STILL_OPEN:
		return;
	}
}

void pp_cite_alert(struct pp_verdict *verdict, const struct pp_tls_alert *alert)
{
	if (alert->encrypted)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_ALERT_HIDDEN,
						       .mark = alert->mark,
						       .side = alert->from,
						       .a = alert->record_len });
	else
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_ALERT,
						       .mark = alert->mark,
						       .side = alert->from,
						       .a = alert->code,
						       .b = alert->level });
}

void pp_cite_server_hello(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	if (tls && pp_seen(tls->server_hello))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_SERVER_HELLO,
						       .mark = tls->server_hello,
						       .side = PP_SERVER,
						       .a = tls->version,
						       .b = c->shape.hello_ns < 0 ? -1 : c->shape.hello_ns / PP_MS });
}

void pp_cite_certificate(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (c->shape.leaf)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CERTIFICATE,
						       .mark = c->shape.tls->certificate,
						       .side = PP_SERVER,
						       .text = c->shape.leaf->issuer });
}

void pp_cite_data(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (c->server->bytes || c->client->bytes)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_DATA,
						       .mark = c->server->last_data,
						       .a = (int64_t)c->server->bytes,
						       .b = (int64_t)c->client->bytes });
}

void pp_cite_reply(struct pp_verdict *verdict, const struct pp_http_reply *reply, bool proxy)
{
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_HTTP_STATUS,
					       .mark = reply->mark,
					       .side = PP_SERVER,
					       .a = reply->status,
					       .b = proxy,
					       .text = reply->reason });
	for (unsigned i = 0; i < reply->scheme_count; i++)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_AUTHENTICATE,
						       .mark = reply->mark,
						       .side = PP_SERVER,
						       .text = reply->schemes[i] });
	if (reply->x_squid_error)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_UPSTREAM_ERROR,
						       .mark = reply->mark,
						       .side = PP_SERVER,
						       .text = reply->x_squid_error });
	if (reply->server)
		pp_cite(verdict,
			(struct pp_evidence){
			    .kind = PP_EV_PRODUCT, .mark = reply->mark, .side = PP_SERVER, .text = reply->server });
}

void pp_cite_gap(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (pp_seen(c->server->gap))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_GAP,
						       .mark = c->server->gap,
						       .side = PP_SERVER,
						       .a = (int64_t)c->server->gap_bytes });
}

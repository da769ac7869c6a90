/* SRV: the server itself. */
#include "diagnose/case.h"
#include "dissect/tls_record.h"

#define REMEDY                                                                                                         \
	N_("Service side: listener, health, application log; the process that owns the port must explain its reset.")
#define NEXT_SERVER N_("Capture at the server, or look at its log, at the same time.")

/* ------------------------------------------------------------------ SRV-01 */

static bool port_closed(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tcp_reset *rst = &c->tcp->rst;
	int64_t lowest = pp_lowest_but(&c->address->rtt, c->conn->index);

	if (!pp_stage_is(c, PP_STAGE_SYN) || !pp_seen(rst->mark) || rst->from != PP_SERVER || !rst->acceptable ||
	    c->path != PP_DIRECT)
		return false;
	pp_cite_syn(c, verdict);
	pp_cite_reset(c, verdict);
	if (pp_lookups_beside(c)) /* they tell what it means */
		verdict->outcome = PP_OUTCOME_INCONCLUSIVE;
	return pp_hit(verdict, lowest >= 0 && !pp_address_ttl_is_foreign(c, rst->ttl) ? PP_STRONG : PP_CONSISTENT);
}

const struct pp_rule pp_rule_srv_01 = {
	.id = "SRV-01",
	.name = N_("port closed"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_SERVER,
	.owner = PP_OWNER_SERVER,
	.most = PP_STRONG,
	.needs = PP_NEED_START,
	.signs = PP_IF(SYN) | PP_IF(RESET_BY_SERVER) | PP_IF(DIRECT),
	.match = port_closed,
	.summary =
	    N_("{server} refuses the connection for {service}: nothing listens on that port, or a device in front "
	       "answers in its name."),
	.when = N_("RST,ACK to the SYN with the round trip and hop count of that address; without other packets of it "
		   "the grade is lowest."),
	.traps = N_("A packet filter's reset has the same bytes (FW-04). Windows tries three to five times: that is "
		    "one attempt."),
	.next_test =
	    N_("Connect to another port of {address} that is known to be open and compare TTL and round trip."),
	.remedy = REMEDY,
	.source = "R9293 3.5.2, M-KB175523, LAB 1",
	.alternatives = "FW-04",
};

/* ------------------------------------------------------------------ SRV-02 */

static bool from_live_socket(const struct pp_case *c)
{
	const struct pp_tcp_reset *rst = &c->tcp->rst;

	return rst->has_ack && rst->window != 0 && (rst->has_timestamp || !c->server->profile.timestamps);
}

static bool waits_for_server(const struct pp_case *c)
{
	switch (c->shape.stage) {
	case PP_STAGE_HELLO:
	case PP_STAGE_FLIGHT:
	case PP_STAGE_ASKED:
		return true;
	case PP_STAGE_SECURE:
		return c->shape.tls->app_bytes[PP_CLIENT] && !c->shape.tls->app_bytes[PP_SERVER] && pp_is_pending(c);
	default:
		return false;
	}
}

static bool speaks_like_terminator(const struct pp_case *c)
{
	return pp_closed_after_hello(c->conn, &c->shape) && c->path == PP_DIRECT &&
	       pp_terminator_here(c) != PP_NO_TERMINATOR;
}

/* A reset on a connection that had done its job and was asked again is shown and not accused: the client only retries.
 */
static bool application_reset(const struct pp_case *c, struct pp_verdict *verdict)
{
	struct pp_foreign foreign;
	bool again =
	    c->shape.worked && pp_is_pending(c) && c->tcp->rst.after != PP_PHASE_CLOSE && !pp_reset_after_idle(c->tcp);

	if (c->shape.ending != PP_SERVER_RST || (again ? c->shape.tunnel : c->shape.asked_proxy) ||
	    pp_alert_from(c, PP_CLIENT) || (!waits_for_server(c) && !again) || pp_is_outdone(c))
		return false;
	/* Without its SYN-ACK there is no other packet to tell a device's reset by. */
	if (pp_stage_is(c, PP_STAGE_HELLO) && (c->gates & PP_CAP(1)))
		return false;
	foreign = pp_reset_is_foreign(c);
	if (foreign.ttl || foreign.early || speaks_like_terminator(c))
		return false;
	pp_cite_syn_ack(c, verdict);
	pp_cite_request(c, verdict);
	pp_cite_acked(c, verdict);
	pp_cite_reset(c, verdict);
	if (again)
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, from_live_socket(c) ? PP_STRONG : PP_CONSISTENT);
}

const struct pp_rule pp_rule_srv_02 = {
	.id = "SRV-02",
	.name = N_("server application reset"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_SERVER,
	.owner = PP_OWNER_SERVER,
	.most = PP_STRONG,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS,
	.signs = PP_IF(SERVER_RST),
	.match = application_reset,
	.summary =
	    N_("{server} itself resets the connection while the request for {service} is pending: the process that "
	       "owns the port has to explain it."),
	.when = N_("RST with the hop count, timestamps and acknowledgement of the server's own socket after it took "
		   "the request."),
	.traps = N_("A device that copies the server's header; a nearby terminator that resets (FW-08)."),
	.next_test = NEXT_SERVER,
	.remedy = REMEDY,
	.source = "M-TCPIP, LAB 10, LAB 11",
	.alternatives = "FW-07,FW-08,SRV-07",
};

/* ------------------------------------------------------------------ SRV-03, SRV-04 */

static bool closes_without_answer(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool asked = pp_stage_is(c, PP_STAGE_ASKED) || pp_stage_is(c, PP_STAGE_HELLO);
	struct pp_mark since = c->tcp->watch;

	if (c->gates & PP_CAP(1) || pp_is_outdone(c))
		return false;
	if (!asked || c->shape.ending != PP_SERVER_FIN || c->shape.asked_proxy || c->server->bytes ||
	    c->server->missing || !pp_seen(c->tcp->watch_acked) || c->tcp->watch_acked.ts > c->shape.end.ts)
		return false;
	pp_cite_request(c, verdict);
	pp_cite_acked(c, verdict);
	pp_cite_end(c, verdict);
	verdict->number = (c->shape.end.ts - since.ts) / PP_MS;
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_srv_03 = {
	.id = "SRV-03",
	.name = N_("server closed without answering"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_SERVER,
	.owner = PP_OWNER_SERVER,
	.most = PP_CONSISTENT,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS,
	.signs = PP_IF(SERVER_FIN),
	.match = closes_without_answer,
	.summary =
	    N_("{server} takes the request for {service} and closes after {n} ms without answering: the server, or "
	       "a device that speaks for it, which cannot be told apart from this capture."),
	.when = N_("The request is acknowledged, then FIN without a byte."),
	.traps = N_("A firewall that ends TCP itself closes the same way (FW-08)."),
	.next_test = NEXT_SERVER,
	.remedy = REMEDY,
	.source = "LAB 9",
	.alternatives = "FW-08,TLS-03",
};

/* Then it is the client's turn.  In TLS 1.3 the last message is told by the length of a Finished, which Java pads. */
static bool flight_is_over(const struct pp_tls_facts *tls)
{
	const struct pp_tls_record *last = &tls->last_record[PP_SERVER];
	unsigned finished = pp_finished_len(tls);

	return pp_seen(tls->server_hello_done) ||
	       (tls->version >= PP_TLS_1_3 && last->type == PP_TLS_APPLICATION_DATA &&
		(last->len == finished || last->len == finished + 16));
}

static bool silent(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool asked =
	    pp_stage_is(c, PP_STAGE_ASKED) || pp_stage_is(c, PP_STAGE_HELLO) || pp_stage_is(c, PP_STAGE_FLIGHT);

	if (!asked || c->shape.asked_proxy || pp_closed_by_server(c) || !pp_seen(c->tcp->watch_acked) ||
	    c->server->missing ||
	    (pp_stage_is(c, PP_STAGE_FLIGHT) ? c->client->last_data.ts > c->server->last_data.ts
					     : pp_spoke_since(c->server, c->tcp->watch) && !c->shape.unheard))
		return false;
	if (pp_stage_is(c, PP_STAGE_FLIGHT) && flight_is_over(c->shape.tls))
		return false;
	if (pp_stage_is(c, PP_STAGE_FLIGHT) && pp_closed_by_client(c) &&
	    c->shape.end.ts - c->server->last_data.ts < PP_PATIENCE_NS)
		return false;
	pp_cite_request(c, verdict);
	pp_cite_acked(c, verdict);
	pp_cite_silence(c, verdict, c->tcp->watch);
	pp_cite_end(c, verdict);
	if (c->shape.unheard && pp_stage_is(c, PP_STAGE_ASKED))
		pp_cite_reply(verdict, &c->shape.exchange->reply, false);
	/* Half an answer, and then nobody even gives up: rather an excerpt of a capture than a silence. */
	if (pp_stage_is(c, PP_STAGE_FLIGHT) && c->shape.ending == PP_STILL_OPEN)
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_srv_04 = {
	.id = "SRV-04",
	.name = N_("server silent"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_SERVER,
	.owner = PP_OWNER_SERVER,
	.most = PP_CONSISTENT,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_WAITED | PP_NEED_NO_DROPS,
	.signs = PP_IF(ACKED),
	.match = silent,
	.summary = N_(
	    "{server} acknowledged the request for {service} and said nothing more while the client waited: a hung "
	    "server, its upstream, or a device that drops the answer, which cannot be told apart from this capture."),
	.when = N_("ClientHello or request fully acknowledged, nothing follows for 10 s or until the client gives up "
		   "(what comes then is answered by its reset), and no later segment shows a gap."),
	.traps = N_("Large answers lost on the way show a gap in a later segment (MTU-01); behind a complete server "
		    "flight it is the client's turn."),
	.next_test = NEXT_SERVER,
	.remedy = REMEDY,
	.source = "LAB",
	.alternatives = "MTU-01,FW-06,CAP-08",
};

/* ------------------------------------------------------------------ SRV-05 to SRV-07 */

static bool window_stall(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tcp_side *server = c->server;
	bool to_the_end = pp_seen(server->zero_window) &&
			  server->zero_window.ts + server->zero_window_ns + PP_SECOND >= c->conn->last.ts;

	if (server->zero_window_ns < PP_SILENCE_NS || !to_the_end)
		return false;
	pp_cite_data(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_ZERO_WINDOW,
					       .mark = server->zero_window,
					       .side = PP_SERVER,
					       .a = server->zero_window_ns / PP_MS });
	verdict->number = server->zero_window_ns / PP_SECOND;
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_srv_05 = {
	.id = "SRV-05",
	.name = N_("receive window stall"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_SERVER,
	.owner = PP_OWNER_SERVER,
	.most = PP_PROVEN,
	.needs = PP_NEED_BOTH_SIDES,
	.signs = PP_IF(FULL_WINDOW),
	.match = window_stall,
	.summary =
	    N_("{server} takes no more data of {service}: it has announced a full receive window for {n} s, until "
	       "the end."),
	.when = N_("The server announces window 0 for 10 s or more and does not open it again."),
	.traps = N_("A client that announces 0 is busy itself; a window that opens again was only slow."),
	.next_test = NEXT_SERVER,
	.remedy = REMEDY,
	.source = "R9293 3.8.6",
	.alternatives = "FW-15",
};

static bool gateway_error(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_http_exchange *exchange = c->shape.exchange;

	if (!pp_stage_is(c, PP_STAGE_ANSWERED) || !pp_is_gateway_error(exchange->reply.status) ||
	    pp_reply_is_proxys(exchange) || pp_author_is_open(exchange) || pp_reply_is_squids(&exchange->reply) ||
	    exchange->reply.page == PP_PAGE_AZURE_FIREWALL)
		return false;
	pp_cite_request(c, verdict);
	pp_cite_reply(verdict, &exchange->reply, false);
	verdict->number = exchange->reply.status;
	if (c->gates & PP_CAP(3) && !exchange->reply.server) /* a proxy that nobody asked may be the author */
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	/* Behind the proxy that was asked there may be another one. */
	return pp_hit(verdict, exchange->absolute_form ? PP_STRONG : PP_PROVEN);
}

const struct pp_rule pp_rule_srv_06 = {
	.id = "SRV-06",
	.name = N_("HTTP error in clear"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_SERVER,
	.owner = PP_OWNER_SERVER,
	.most = PP_PROVEN,
	.signs = PP_IF(ANSWER),
	.match = gateway_error,
	.summary = N_("{host} itself answers with the gateway error {n}: the connection works, what lies behind that "
		      "server does not."),
	.when =
	    N_("502, 503 or 504 over plain HTTP, not from a proxy: it was asked directly, or the proxy's Via stands "
	       "beside the Server of another. 400, 403 and 404 of an Azure service mean that it is reachable."),
	.traps = N_("A transparent proxy may be the author; Squid tells that it is (FW-09)."),
	.next_test = NEXT_SERVER,
	.remedy = N_("Look at the service behind it; HTTP 400, 403 or 404 from Azure need identity and permissions, "
		     "not the network."),
	.source = "R9110 15.6, SEED0",
	.alternatives = "PRX-11,PRX-17,FW-09",
};

static bool accept_and_close(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool open = pp_stage_is(c, PP_STAGE_OPEN),
	     asked = pp_stage_is(c, PP_STAGE_HELLO) || pp_stage_is(c, PP_STAGE_ASKED);
	bool rst = c->shape.ending == PP_SERVER_RST;
	struct pp_foreign foreign = { 0 };

	if ((!open && !asked) || c->shape.asked_proxy || !pp_closed_by_server(c) || c->server->bytes ||
	    !pp_seen(c->tcp->established) || c->shape.end.ts - c->tcp->established.ts > PP_AT_ONCE_NS)
		return false;
	if (asked && pp_seen(c->tcp->watch_acked) && c->tcp->watch_acked.ts <= c->shape.end.ts)
		return false;
	if (rst)
		foreign = pp_reset_is_foreign(c);
	if (rst && (foreign.ttl || foreign.early || (asked && (!c->tcp->rst.has_ack || c->tcp->rst.ack_ahead >= 0))))
		return false;
	pp_cite_syn_ack(c, verdict);
	pp_cite_request(c, verdict);
	pp_cite_end(c, verdict);
	if (open)
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_srv_07 = {
	.id = "SRV-07",
	.name = N_("accepts and closes at once"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_SERVER,
	.owner = PP_OWNER_SERVER,
	.most = PP_STRONG,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS,
	.signs = PP_IF(OPENED) | PP_IF(SERVER_CLOSED),
	.match = accept_and_close,
	.summary =
	    N_("{server} accepts the connection for {service} and closes it at once, before it took the request: a "
	       "load balancer without a backend, or a server at its limits."),
	.when = N_("FIN or RST from the server within a second of the handshake, before the request is acknowledged."),
	.traps = N_("Where the client sent nothing it may have been a probe."),
	.next_test = NEXT_SERVER,
	.remedy = REMEDY,
	.source = "LAB 11",
	.alternatives = "FW-08,SRV-02",
};

/* ------------------------------------------------------------------ SRV-08 */

/* When the client said goodbye, in words or by closing, if it did so first. */
static bool client_left(const struct pp_case *c, int64_t *ret_ts)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	*ret_ts = c->shape.end.ts;
	for (unsigned i = 0; tls && i < tls->alert_count; i++) {
		if (tls->alerts[i].from != PP_CLIENT || tls->alerts[i].mark.ts > c->shape.end.ts)
			continue;
		*ret_ts = tls->alerts[i].mark.ts;
		return true;
	}
	return pp_closed_by_client(c);
}

/* Its bytes arrived, the next ones were due, and it closes: neither the path nor a pause explains that. */
static bool server_broke_off(const struct pp_case *c, int64_t pause)
{
	struct pp_foreign foreign = { 0 };

	if (c->shape.ending == PP_SERVER_RST)
		foreign = pp_reset_is_foreign(c);
	return c->path == PP_DIRECT && pause < PP_SILENCE_NS && c->server->stuck_retransmits == 0 && !foreign.ttl &&
	       !foreign.early;
}

static bool breaks_off(const struct pp_case *c, struct pp_verdict *verdict)
{
	int64_t until, pause;
	bool left;

	if (c->shape.ending == PP_STILL_OPEN || !c->shape.worked || !pp_answer_is_cut(c->conn, &c->shape) ||
	    c->client->zero_window_ns >= PP_AT_ONCE_NS) /* the client takes no more */
		return false;
	left = client_left(c, &until);
	pause = until - c->server->last_data.ts;
	if (left && pause < PP_PATIENCE_NS)
		return false;
	if (pp_stage_is(c, PP_STAGE_ANSWERED)) {
		pp_cite_request(c, verdict);
		pp_cite_reply(verdict, &c->shape.exchange->reply, false);
	}
	pp_cite_data(c, verdict);
	pp_cite_end(c, verdict);
	if (left || !server_broke_off(c, pause))
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_srv_08 = {
	.id = "SRV-08",
	.name = N_("answer broken off"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_SERVER,
	.owner = PP_OWNER_SERVER,
	.most = PP_CONSISTENT,
	.needs = PP_NEED_BOTH_SIDES,
	.signs = PP_IF(WORKED) | PP_IF(CUT),
	.match = breaks_off,
	.summary =
	    N_("The answer of {server} for {service} breaks off before its end: the server, what lies behind it, or "
	       "a device that speaks for it, which cannot be told apart from this capture."),
	.when = N_(
	    "FIN or RST of the server before all of Content-Length, the last chunk, or the end of a TLS record, with "
	    "every byte before it captured. Undecided by way of a proxy, after a pause of 10 s, and "
	    "where the client closes after 3 s without another byte."),
	.traps = N_(
	    "A client that leaves early on purpose, or takes no more (its receive window is full). A stream of events may "
	    "be closed without a last chunk. What ends at a record's end may be cut, too."),
	.next_test = NEXT_SERVER,
	.remedy = REMEDY,
	.source = "R9112 8, R8446 6.1",
	.alternatives = "FW-13,FW-14,SRV-02",
};

/* PRX: the way to a proxy and through it: its name, its port, its silence, and what becomes of tunnels. */
#include "diagnose/rules_prx.h"

#include "diagnose/lookup.h"

/* ------------------------------------------------------------------ PRX-01 to PRX-03: before any request */

static bool is_proxy_name(const struct pp_case *c)
{
	const struct pp_diagnosis_options *options = &c->diagnosis->options;

	for (unsigned i = 0; i < options->proxy_name_count; i++)
		if (strcmp(options->proxy_names[i], c->lookup->name) == 0)
			return true;
	return options->settings && pp_proxy_is_named(options->settings, c->lookup->name);
}

/* The same failures as DNS-01 to DNS-04; which names are proxies' only --proxy and noted settings tell. */
static bool name_unknown(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_lookup *lookup = c->lookup;
	uint8_t rcode = PP_RCODE_NOERROR;
	bool answered;

	if (!is_proxy_name(c) || lookup->address_count)
		return false;
	answered = pp_lookup_rcode(lookup, &rcode);
	if (answered ? rcode == PP_RCODE_NOERROR : c->end - lookup->first.ts < 5 * PP_SECOND || c->gates & PP_CAP(9))
		return false;
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_DNS_QUERY,
					       .mark = lookup->first,
					       .text = lookup->name,
					       .a = lookup->questions[0].type,
					       .b = lookup->questions[0].queries });
	if (answered)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_DNS_REPLY,
						       .mark = lookup->last,
						       .side = PP_SERVER,
						       .text = lookup->name,
						       .a = rcode });
	return pp_hit(verdict, rcode == PP_RCODE_NXDOMAIN || rcode == PP_RCODE_REFUSED ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_prx_01 = {
	.id = "PRX-01",
	.name = N_("proxy name does not resolve"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_DNS,
	.most = PP_PROVEN,
	.match = name_unknown,
	.summary = N_("The name of the configured proxy, {host}, does not resolve at {server}, so nothing that uses it "
		      "can connect."),
	.when = N_("DNS-01 to DNS-04 for a name given with --proxy or set on the machine of a live capture; the "
		   "packets alone do not say which names are proxies'."),
	.traps = N_("The client may reach the proxy by address."),
	.next_test = N_("Resolve the proxy's name from this machine."),
	.remedy = REMEDY_TEAM,
	.source = "SEED4, ENTRA-PX",
	.alternatives = "DNS-02",
};

static bool proxy_silent(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!pp_stage_is(c, PP_STAGE_SYN) || c->path != PP_BY_PROXY || pp_seen(c->tcp->rst.mark))
		return false;
	pp_cite_syn(c, verdict);
	pp_cite_silence(c, verdict, c->tcp->syn);
	verdict->number = c->tcp->syn_count;
	pp_name_proxy(c, verdict);
	if (c->tcp->syn_retransmits < 2)
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_prx_02 = {
	.id = "PRX-02",
	.name = N_("proxy unreachable"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_CONSISTENT,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_WAITED,
	.signs = PP_IF(SYN) | PP_IF(NO_RESET) | PP_IF(PROXY),
	.match = proxy_silent,
	.summary = N_("The proxy {proxy} does not answer the SYN (sent {n} times): the proxy is down or the way to it "
		      "is blocked, which cannot be told apart from this capture; the proxy team has to look first."),
	.when = N_("SYN and at least two retransmissions to an address and port known as a proxy, without SYN-ACK, RST "
		   "or ICMP."),
	.traps = N_("The proxy may be given by a wrong address."),
	.next_test = N_("Capture at the proxy: does the SYN arrive?"),
	.remedy = REMEDY_TEAM,
	.source = "SEED4, ENTRA-PX",
	.alternatives = "FW-01",
};

static bool proxy_refuses(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tcp_reset *rst = &c->tcp->rst;

	if (!pp_stage_is(c, PP_STAGE_SYN) || c->path != PP_BY_PROXY || !pp_seen(rst->mark) || rst->from != PP_SERVER ||
	    !rst->acceptable)
		return false;
	pp_cite_syn(c, verdict);
	pp_cite_reset(c, verdict);
	pp_name_proxy(c, verdict);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_prx_03 = {
	.id = "PRX-03",
	.name = N_("proxy refuses"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_STRONG,
	.needs = PP_NEED_START,
	.signs = PP_IF(SYN) | PP_IF(RESET_BY_SERVER) | PP_IF(PROXY),
	.match = proxy_refuses,
	.summary = N_("The proxy {proxy} refuses the connection: nothing listens on that port; the proxy service is "
		      "down or the port is wrong."),
	.when = N_("RST to the SYN from an address and port known as a proxy, not from a nearer device."),
	.traps = N_("A firewall in front of the proxy may refuse in its name (FW-04)."),
	.next_test = N_("Check the proxy service and its port."),
	.remedy = REMEDY_TEAM,
	.source = "SEED4, LAB 1",
	.alternatives = "FW-04",
};

/* ------------------------------------------------------------------ PRX-09, PRX-10: no answer */

/* A CONNECT, or a plain request in absolute form. */
static bool asked_proxy(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_CONNECT) ||
	       (pp_stage_is(c, PP_STAGE_ASKED) && c->shape.asked_proxy && !c->shape.tunnel);
}

/* Not even part of a status line; what answered an earlier request came before it. */
static bool proxy_unheard(const struct pp_case *c)
{
	if (!asked_proxy(c))
		return false;
	return c->shape.unheard ||
	       !pp_spoke_since(c->server, c->shape.exchange ? c->shape.exchange->mark : c->shape.connect->mark);
}

static bool silent_on_request(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool plain = pp_stage_is(c, PP_STAGE_ASKED);

	if (!proxy_unheard(c) || pp_closed_by_server(c))
		return false;
	if (plain && (!pp_seen(c->tcp->watch_acked) || c->server->missing)) /* FW-06, MTU-01 */
		return false;
	pp_cite_request(c, verdict);
	pp_cite_silence(c, verdict, c->tcp->watch);
	pp_cite_end(c, verdict);
	if (c->shape.unheard)
		pp_cite_reply(verdict, plain ? &c->shape.exchange->reply : &c->shape.connect->reply, true);
	pp_name_proxy(c, verdict);
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_prx_09 = {
	.id = "PRX-09",
	.name = N_("proxy silent"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_CONSISTENT,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_WAITED | PP_NEED_NO_DROPS,
	.signs = PP_IF(UNANSWERED) | PP_IF(PROXY),
	.match = silent_on_request,
	.summary = N_("The proxy {proxy} took the request for {host} and did not answer it while the client waited: a "
		      "slow upstream or a hung proxy, which cannot be told apart from this capture; the proxy's log "
		      "knows."),
	.when = N_(
	    "CONNECT sent, perhaps after a 407 to an earlier one, or a plain request in absolute form acknowledged, and "
	    "no byte of an answer to it until the client gives up or for 10 s."),
	.traps = N_("A proxy waits for its own connection to the destination: the cause may lie behind it."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_TEAM,
	.source = "R9110 9.3.6, LAB",
	.alternatives = "PRX-11,CAP-08",
};

/* A proxy that closes behind an answer does so whatever comes next: the request must have reached it first. */
static bool closed_after_answer(const struct pp_case *c)
{
	bool by_reset = c->shape.ending == PP_SERVER_RST && c->tcp->rst.has_ack && c->tcp->rst.ack_ahead == 0;
	bool taken = pp_seen(c->tcp->watch_acked) && c->tcp->watch_acked.ts <= c->shape.end.ts;

	return c->server->bytes && !taken && !by_reset;
}

/* Between plain requests it may close for want of one (RFC 9112 9.5), just when the next is on its way. */
static bool closes_on_request(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool between = pp_stage_is(c, PP_STAGE_ASKED) && c->server->bytes;

	if (!proxy_unheard(c) || !pp_closed_by_server(c) || c->server->missing || closed_after_answer(c))
		return false;
	pp_cite_request(c, verdict);
	pp_cite_end(c, verdict);
	pp_name_proxy(c, verdict);
	return pp_hit(verdict, between ? PP_CONSISTENT : PP_STRONG);
}

const struct pp_rule pp_rule_prx_10 = {
	.id = "PRX-10",
	.name = N_("proxy closes without a status"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_STRONG,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS,
	.signs = PP_IF(UNANSWERED) | PP_IF(PROXY) | PP_IF(SERVER_CLOSED),
	.match = closes_on_request,
	.summary = N_("The proxy {proxy} closes the connection on the request for {host} without giving a status."),
	.when = N_(
	    "FIN or RST after the CONNECT or the plain request in absolute form, without any payload behind it; where an "
	    "earlier one was answered, this one was acknowledged before the close."),
	.traps =
	    N_("A device between client and proxy may reset in its name (FW-07). A proxy that closes behind an answer "
	       "may cross the next request."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_TEAM,
	.source = "R9110 9.3.6, LAB",
	.alternatives = "FW-13,PRX-15",
};

/* ------------------------------------------------------------------ PRX-12 to PRX-14: inside the tunnel */

/* Behind a SOCKS grant the server has said no more; the time is that of the whole talk with the proxy. */
static int64_t granted_after(const struct pp_case *c)
{
	const struct pp_connect *connect = c->shape.connect;

	return connect ? connect->reply.mark.ts - connect->mark.ts : c->server->last_data.ts - c->client->first_data.ts;
}

static bool tunnel_cut(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool hello = pp_stage_is(c, PP_STAGE_HELLO);

	if (!c->shape.tunnel || !(hello || pp_stage_is(c, PP_STAGE_TUNNEL)) || !pp_closed_by_server(c) ||
	    c->server->missing || (hello && (pp_alert_from(c, PP_SERVER) || pp_seen(c->shape.tls->not_tls))))
		return false;
	pp_cite_tunnel(c, verdict);
	pp_cite_hello(c, verdict);
	pp_cite_end(c, verdict);
	verdict->number = granted_after(c) / PP_MS;
	pp_name_proxy(c, verdict);
	return pp_hit(verdict, hello ? PP_STRONG : PP_CONSISTENT);
}

const struct pp_rule pp_rule_prx_12 = {
	.id = "PRX-12",
	.name = N_("tunnel opened, then cut"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_STRONG,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS,
	.signs = PP_IF(TUNNEL) | PP_IF(SERVER_CLOSED),
	.match = tunnel_cut,
	.summary = N_("The proxy {proxy} opened the tunnel to {host} (after {n} ms) and closed it before any TLS "
		      "answer: the proxy, or what lies behind it, cuts this name."),
	.when = N_("2xx to the CONNECT, ClientHello sent, then FIN or RST without a TLS byte. A 2xx that came at once "
		   "points at the proxy itself, one that took an upstream round trip at what lies behind it."),
	.traps = N_("A proxy must pass the far side's close on, so the far side may have closed."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_TEAM,
	.source = "R9110 9.3.6, LAB 24",
	.alternatives = "FW-08,TLS-03,FW-13",
};

static bool tunnel_silent(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!c->shape.tunnel || !pp_stage_is(c, PP_STAGE_HELLO) || pp_closed_by_server(c) ||
	    pp_seen(c->tcp->watch_answer) || !pp_seen(c->tcp->watch_acked))
		return false;
	pp_cite_tunnel(c, verdict);
	pp_cite_hello(c, verdict);
	pp_cite_acked(c, verdict);
	pp_cite_silence(c, verdict, c->tcp->watch);
	pp_name_proxy(c, verdict);
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_prx_13 = {
	.id = "PRX-13",
	.name = N_("tunnel opened, then silence"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_CONSISTENT,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_WAITED | PP_NEED_NO_DROPS,
	.signs = PP_IF(TUNNEL) | PP_IF(HELLO),
	.match = tunnel_silent,
	.summary = N_("The proxy {proxy} opened the tunnel to {host} and acknowledged the ClientHello, but nothing "
		      "comes back: proxy, firewall behind it or server cannot be told apart from this capture."),
	.when = N_("2xx to the CONNECT, ClientHello acknowledged by the proxy, no answer."),
	.traps = N_("Large answers may be lost between client and proxy (MTU-01)."),
	.next_test = N_("Capture on the proxy's outside."),
	.remedy = REMEDY_TEAM,
	.source = "LAB",
	.alternatives = "SRV-04,MTU-01",
};

/* A note beside the inner verdict: who the other end of an inner alert is. */
static bool inner_tls(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!c->shape.tunnel || !c->shape.tls || c->shape.worked || !pp_seen(c->shape.tls->client_hello) ||
	    (!pp_seen(c->tcp->watch_answer) && !pp_seen(c->shape.tls->server_hello)))
		return false;
	pp_cite_tunnel(c, verdict);
	pp_name_proxy(c, verdict);
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_prx_14 = {
	.id = "PRX-14",
	.name = N_("TLS failure inside the tunnel"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_INCONCLUSIVE,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_NONE,
	.most = PP_PROVEN,
	.signs = PP_IF(TUNNEL) | PP_IF(FAILED),
	.match = inner_tls,
	.summary = N_("This happened inside a tunnel through the proxy {proxy}: its other end is {host} itself, unless "
		      "the proxy inspects TLS."),
	.when = N_("A TLS, trust or client-certificate rule hits inside a tunnel; it is judged as if the connection "
		   "were direct."),
	.traps = N_("An inspecting proxy is itself the TLS peer (INSP-01)."),
	.next_test = N_("Compare the certificate shown here with the one seen without the proxy."),
	.remedy = REMEDY_TEAM,
	.source = "R9110 9.3.6",
	.alternatives = "",
};

/* ------------------------------------------------------------------ PRX-16 */

/* The direct attempt that would not have been made with a script. */
static bool direct_for_want_of_script(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_overview *seen = pp_overview_of(c);

	if (!pp_stage_is(c, PP_STAGE_SYN) || c->path != PP_DIRECT || pp_seen(c->tcp->rst.mark) || pp_is_wpad(c) ||
	    c->tcp->syn_retransmits < 2 || !pp_is_web_port(c->conn->server.port) || !pp_seen(seen->pac_failed) ||
	    seen->pac_failed.ts > c->conn->first.ts || pp_seen(seen->direct_worked))
		return false;
	pp_cite_syn(c, verdict);
	pp_cite_silence(c, verdict, c->tcp->syn);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_HTTP_REQUEST, .mark = seen->pac_failed, .text = "wpad" });
	return pp_hit(verdict, PP_STRONG);
}

static bool pac_failed(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_overview *seen = pp_overview_of(c);
	const struct pp_http_reply *reply = pp_stage_is(c, PP_STAGE_ANSWERED) ? &c->shape.exchange->reply : NULL;

	if (direct_for_want_of_script(c, verdict))
		return true;
	if (!pp_is_wpad(c) || (reply && reply->status < 400) || (!reply && c->shape.worked) ||
	    !pp_seen(seen->direct_unanswered) || seen->last_direct_unanswered <= c->conn->first.ts ||
	    pp_seen(seen->direct_worked))
		return false;
	pp_cite_syn(c, verdict);
	pp_cite_request(c, verdict);
	if (reply)
		pp_cite_reply(verdict, reply, false);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_SYN, .mark = seen->direct_unanswered, .a = 1 });
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_prx_16 = {
	.id = "PRX-16",
	.name = N_("PAC or WPAD failure"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_STRONG,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_WAITED,
	.signs = PP_IF(PAC),
	.match = pac_failed,
	.summary = N_("The proxy configuration script (WPAD or PAC) cannot be fetched, so clients go direct, where "
		      "they are blocked; this hits {host}."),
	.when = N_("The wpad or PAC host resolves, fetching its script fails, and direct attempts that follow stay "
		   "unanswered."),
	.traps = N_("Where clients can go direct, a missing script is normal."),
	.next_test = N_("Fetch the script by hand."),
	.remedy = REMEDY_SETTING,
	.source = "SEED4",
	.alternatives = "FW-01,DNS-09",
};

/* PRX: forward proxies.  A proxy's status line is its own word and proves who spoke; why it said so is its log's
 * business. */
#include "diagnose/lookup.h"

#define REMEDY_TEAM                                                                                                    \
	N_("Give the proxy team the time, the CONNECT target and the status: the proxy or its way out is down, or "    \
	   "cuts tunnels.")
#define REMEDY_LOGIN                                                                                                   \
	N_("Allow the agent's destinations without authentication (the private network connector cannot "              \
	   "authenticate); for Azure Monitor Agent use no authentication or Basic.")
#define REMEDY_URLS N_("Allow the published names, and CONNECT to 443 and, for revocation lists, 80.")
#define REMEDY_SETTING                                                                                                 \
	N_("Configure or bypass the proxy for the account that runs the agent (http:// prefix, host and port; "        \
	   "connector and updater each).")
#define NEXT_PROXY_LOG N_("Ask for the proxy's access log at this time for {host}.")

enum { AUTHENTICATION_REQUIRED = 407 };

static void name_proxy(const struct pp_case *c, struct pp_verdict *verdict) { verdict->proxy = c->conn->server; }

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
	name_proxy(c, verdict);
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
	name_proxy(c, verdict);
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

/* ------------------------------------------------------------------ PRX-04 to PRX-06: authentication */

/* The latest proxied request that ended in 407, as reply and what it carried. */
static const struct pp_http_reply *denied_for_login(const struct pp_case *c, enum pp_credentials *ret_credentials)
{
	const struct pp_http_reply *reply = pp_proxy_reply(c);

	if (!reply || reply->status != AUTHENTICATION_REQUIRED)
		return NULL;
	*ret_credentials =
	    pp_stage_is(c, PP_STAGE_DENIED) ? c->shape.connect->credentials : c->shape.exchange->credentials;
	return reply;
}

static bool legs_end_well(const struct pp_case *c, struct pp_verdict *verdict)
{
	enum pp_credentials credentials;
	const struct pp_http_reply *reply = denied_for_login(c, &credentials);
	struct pp_mark granted;

	if (!reply) /* all legs on this connection */
		return false;
	granted = pp_leg_granted(c);
	if (!pp_seen(granted))
		return false;
	pp_cite_request(c, verdict);
	pp_cite_reply(verdict, reply, true);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_PATH, .mark = granted, .text = "proxy" });
	name_proxy(c, verdict);
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_prx_05 = {
	.id = "PRX-05",
	.name = N_("authentication in several legs"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_OK,
	.domain = PP_DOMAIN_NONE,
	.owner = PP_OWNER_NONE,
	.most = PP_PROVEN,
	.match = legs_end_well,
	.summary = N_("The proxy {proxy} asked for authentication and was satisfied by a later leg for {host}; a 407 "
		      "on the way is normal."),
	.when = N_("A 407 whose attempt group ends in another status, possibly on a new socket."),
	.traps = N_("The 407 of another process that has no credentials."),
	.next_test = N_("None needed."),
	.remedy = N_("No action."),
	.source = "MS-GRV, CISCO-NTLM, MS-NTHT",
	.alternatives = "",
};

static bool login_missing(const struct pp_case *c, struct pp_verdict *verdict)
{
	enum pp_credentials credentials;
	const struct pp_http_reply *reply = denied_for_login(c, &credentials);

	if (!reply || pp_seen(pp_leg_rejected(c)))
		return false;
	pp_cite_request(c, verdict);
	pp_cite_reply(verdict, reply, true);
	pp_cite_end(c, verdict);
	verdict->detail = reply->scheme_count ? reply->schemes[0] : "HTTP";
	name_proxy(c, verdict);
	return pp_hit(verdict, reply->scheme_count ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_prx_04 = {
	.id = "PRX-04",
	.name = N_("authentication required and not given"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.match = login_missing,
	.summary = N_("The proxy {proxy} demands authentication ({detail}) for {host}, and the client gives none: the "
		      "proxy has to let the agent's destinations through without it."),
	.when = N_("407 is the last status of the attempt group, and no final credentials were sent."),
	.traps = N_("The first legs of NTLM or Negotiate look the same until the last one succeeds (PRX-05)."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_LOGIN,
	.source = "R9110 15.5.8, SEED4, ENTRA-PX, AMA-NET",
	.alternatives = "PRX-06,PRX-05",
};

static bool login_rejected(const struct pp_case *c, struct pp_verdict *verdict)
{
	enum pp_credentials credentials;
	const struct pp_http_reply *reply = denied_for_login(c, &credentials);
	struct pp_mark rejected;

	if (!reply)
		return false;
	rejected = pp_leg_rejected(c);
	if (!pp_seen(rejected))
		return false;
	pp_cite_request(c, verdict);
	pp_cite_reply(verdict, reply, true);
	if (rejected.packet != reply->mark.packet)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_HTTP_STATUS,
						       .mark = rejected,
						       .side = PP_SERVER,
						       .a = AUTHENTICATION_REQUIRED,
						       .b = 1 });
	name_proxy(c, verdict);
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_prx_06 = {
	.id = "PRX-06",
	.name = N_("credentials rejected"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.match = login_rejected,
	.summary = N_("The proxy {proxy} rejects the credentials the client sent for {host}."),
	.when = N_("Credentials with final content (Basic, NTLM type 3, a Negotiate token) answered by 407 again, "
		   "without a challenge."),
	.traps = N_("The second leg of NTLM carries a type 1 message and is answered by a challenge."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_LOGIN,
	.source = "R9110 15.5.8, MS-NTHT",
	.alternatives = "PRX-04",
};

/* ------------------------------------------------------------------ PRX-07, PRX-08, PRX-11, PRX-15: other answers */

static bool is_wrong_kind(uint16_t status) { return status == 400 || status == 405 || status == 501; }

/* 404 and 5xx say that the proxy tried and failed; every other refusal is its policy. */
static bool is_upstream_error(uint16_t status) { return status == 404 || (status >= 500 && status != 501); }

static bool is_policy(const struct pp_http_reply *reply)
{
	return reply->status != AUTHENTICATION_REQUIRED && reply->status != 470 && !is_wrong_kind(reply->status) &&
	       !is_upstream_error(reply->status) &&
	       (reply->status < 200 || reply->status >= 300 || reply->page == PP_PAGE_BLOCK);
}

static void cite_answer(const struct pp_case *c, struct pp_verdict *verdict, const struct pp_http_reply *reply)
{
	pp_cite_request(c, verdict);
	pp_cite_reply(verdict, reply, true);
	verdict->number = reply->status;
	verdict->detail = reply->x_squid_error ? reply->x_squid_error : reply->reason ? reply->reason : "-";
	name_proxy(c, verdict);
}

static bool is_web_port(uint16_t port) { return port == 443 || port == 80; }

static bool port_denied(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_DENIED) && !is_web_port(c->shape.connect->port) && !pp_seen(c->host->denied_443);
}

static bool policy_denies(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_http_reply *reply = pp_proxy_reply(c);

	if (!reply || !is_policy(reply) || (reply->status == 403 && port_denied(c)))
		return false;
	if (pp_stage_is(c, PP_STAGE_ANSWERED) && reply->status < 400)
		return false;
	cite_answer(c, verdict, reply);
	return pp_hit(verdict, reply->status == 403 || reply->page != PP_PAGE_NONE ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_prx_07 = {
	.id = "PRX-07",
	.name = N_("policy denies"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.match = policy_denies,
	.summary =
	    N_("The proxy {proxy} denies {host} by its policy (status {n}, {detail}): the proxy team has to allow it."),
	.when = N_("The final status is 403, or a deny page, from the proxy itself."),
	.traps = N_("A 403 inside TLS, or of an origin over plain HTTP, is not the proxy's. The client's RST behind it "
		    "is harmless."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_URLS,
	.source = "SEED4, LAB 20",
	.alternatives = "PRX-08,SRV-06",
};

static bool port_not_allowed(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_http_reply *reply = pp_proxy_reply(c);

	if (!reply || reply->status != 403 || !port_denied(c))
		return false;
	cite_answer(c, verdict, reply);
	verdict->number = c->shape.connect->port;
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_prx_08 = {
	.id = "PRX-08",
	.name = N_("CONNECT port not allowed"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.match = port_not_allowed,
	.summary = N_("The proxy {proxy} does not allow CONNECT to port {n} of {host} ({detail})."),
	.when = N_("403 for a port other than 443 and 80, and the host's port 443 is not denied."),
	.traps = N_("When 443 of the same host is denied too, it is the host (PRX-07)."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_URLS,
	.source = "R9110 9.3.6, SEED4, LAB 20",
	.alternatives = "PRX-07",
};

static bool upstream_failed(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_http_reply *reply = pp_proxy_reply(c);

	if (!reply || !is_upstream_error(reply->status))
		return false;
	cite_answer(c, verdict, reply);
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_prx_11 = {
	.id = "PRX-11",
	.name = N_("upstream failed, the proxy says so"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.match = upstream_failed,
	.summary = N_("The proxy {proxy} could not reach {host} itself (status {n}, {detail}): DNS, route or firewall "
		      "at the proxy's own way out."),
	.when = N_("5xx or 404 from the proxy. Squid: ERR_CONNECT_FAIL 111 refused, 110 silent, 113 or 101 routing; "
		   "ERR_DNS_FAIL or 500 ERR_CANNOT_FORWARD 0 its DNS. Elsewhere 502 bad answer, 504 time-out."),
	.traps =
	    N_("Status codes are not the same for one cause in all products; the error's number is the proxy's errno."),
	.next_test = N_("Resolve and connect to {host} from the proxy itself."),
	.remedy = N_("The proxy was reached, its upstream failed: repair DNS, route or firewall at the proxy's egress "
		     "according to the error's detail."),
	.source = "R9110 15.6, LAB 20, SQUID",
	.alternatives = "PRX-07",
};

/* An alert is the answer of a TLS port to a plain CONNECT. */
static bool answered_with_tls(const struct pp_case *c)
{
	const struct pp_span *head = &c->conn->server_head;

	return pp_stage_is(c, PP_STAGE_CONNECT) && head->len >= 2 && head->p[0] == 21 && head->p[1] == 3;
}

static bool hello_answered_by_proxy(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_HELLO) && !c->shape.asked_proxy && c->service->proxy &&
	       c->shape.tls->not_tls_http;
}

static bool not_a_proxy(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_http_reply *reply = pp_stage_is(c, PP_STAGE_DENIED) ? &c->shape.connect->reply : NULL;

	if (!(reply && is_wrong_kind(reply->status)) && !answered_with_tls(c) && !hello_answered_by_proxy(c))
		return false;
	pp_cite_request(c, verdict);
	if (reply)
		pp_cite_reply(verdict, reply, false);
	else
		pp_cite(verdict,
			(struct pp_evidence){ .kind = PP_EV_NOT_TLS,
					      .side = PP_SERVER,
					      .mark = c->shape.tls ? c->shape.tls->not_tls : c->server->first_data,
					      .text = c->shape.tls ? c->shape.tls->not_tls_head : "TLS" });
	name_proxy(c, verdict);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_prx_15 = {
	.id = "PRX-15",
	.name = N_("not a proxy, or wrong scheme"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_LOCAL,
	.most = PP_STRONG,
	.match = not_a_proxy,
	.summary = N_("What listens at {server} is not the kind of proxy that this machine takes it for: the proxy "
		      "setting (host, port or scheme) is very probably wrong."),
	.when = N_("400, 405 or 501 to a CONNECT, a TLS alert to a plain CONNECT, or an HTTP answer of a proxy to a "
		   "ClientHello."),
	.traps = N_("A proxy that finds the request malformed for another reason."),
	.next_test = N_("Request http://{host}/ through {server} by hand."),
	.remedy = REMEDY_SETTING,
	.source = "SEED4, SEED2, LAB 26",
	.alternatives = "TLS-08,LOC-04",
};

/* ------------------------------------------------------------------ PRX-09, PRX-10: no answer */

static bool silent_on_connect(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!pp_stage_is(c, PP_STAGE_CONNECT) || pp_closed_by_server(c) || c->server->bytes)
		return false;
	pp_cite_request(c, verdict);
	pp_cite_silence(c, verdict, c->tcp->watch);
	pp_cite_end(c, verdict);
	name_proxy(c, verdict);
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
	.match = silent_on_connect,
	.summary = N_("The proxy {proxy} took the CONNECT for {host} and never answered it: a slow upstream or a hung "
		      "proxy, which cannot be told apart from this capture; the proxy's log knows."),
	.when = N_("CONNECT sent, no status line until the client gives up or for 10 s."),
	.traps = N_("A proxy waits for its own connection to the destination: the cause may lie behind it."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_TEAM,
	.source = "R9110 9.3.6, LAB",
	.alternatives = "PRX-11,CAP-08",
};

static bool closes_on_connect(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!pp_stage_is(c, PP_STAGE_CONNECT) || !pp_closed_by_server(c) || c->server->bytes)
		return false;
	pp_cite_request(c, verdict);
	pp_cite_end(c, verdict);
	name_proxy(c, verdict);
	return pp_hit(verdict, PP_STRONG);
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
	.match = closes_on_connect,
	.summary = N_("The proxy {proxy} closes the connection on the CONNECT for {host} without giving a status."),
	.when = N_("FIN or RST after the CONNECT, without any payload."),
	.traps = N_("A device between client and proxy may reset in its name (FW-07)."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_TEAM,
	.source = "R9110 9.3.6, LAB",
	.alternatives = "FW-13,PRX-15",
};

/* ------------------------------------------------------------------ PRX-12 to PRX-14: inside the tunnel */

static bool tunnel_cut(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool hello = pp_stage_is(c, PP_STAGE_HELLO);

	if (!c->shape.tunnel || !(hello || pp_stage_is(c, PP_STAGE_TUNNEL)) || !pp_closed_by_server(c) ||
	    (hello && (pp_alert_from(c, PP_SERVER) || pp_seen(c->shape.tls->not_tls))))
		return false;
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONNECT,
					       .mark = c->shape.connect->mark,
					       .text = c->shape.connect->host,
					       .a = c->shape.connect->port });
	pp_cite_reply(verdict, &c->shape.connect->reply, true);
	pp_cite_hello(c, verdict);
	pp_cite_end(c, verdict);
	verdict->number = (c->shape.connect->reply.mark.ts - c->shape.connect->mark.ts) / PP_MS;
	name_proxy(c, verdict);
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
	pp_cite_reply(verdict, &c->shape.connect->reply, true);
	pp_cite_hello(c, verdict);
	pp_cite_acked(c, verdict);
	pp_cite_silence(c, verdict, c->tcp->watch);
	name_proxy(c, verdict);
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
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONNECT,
					       .mark = c->shape.connect->mark,
					       .text = c->shape.connect->host,
					       .a = c->shape.connect->port });
	name_proxy(c, verdict);
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
	const struct pp_overview *seen = &c->diagnosis->seen;

	if (!pp_stage_is(c, PP_STAGE_SYN) || c->path != PP_DIRECT || pp_seen(c->tcp->rst.mark) || pp_is_wpad(c) ||
	    c->tcp->syn_retransmits < 2 || !is_web_port(c->conn->server.port) || !pp_seen(seen->pac_failed) ||
	    seen->pac_failed.ts > c->conn->first.ts || pp_seen(seen->direct_worked))
		return false;
	pp_cite_syn(c, verdict);
	pp_cite_silence(c, verdict, c->tcp->syn);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_HTTP_REQUEST, .mark = seen->pac_failed, .text = "wpad" });
	return pp_hit(verdict, PP_STRONG);
}

static bool pac_failed(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_overview *seen = &c->diagnosis->seen;
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

/* PRX: what a proxy says.  Its status line is its own word and proves who spoke; why it said so is its log's business. */
#include "diagnose/rules_prx.h"

static const int64_t NEXT_LEG_NS = 200 * PP_MS; /* within which a client comes again on another connection */

/* ------------------------------------------------------------------ PRX-04 to PRX-06: authentication */

/* Credentials, or, by the proxy or a portal on its way out, 511. */
static bool wants_login(const struct pp_case *c, const struct pp_http_reply *reply)
{
	return pp_wants_credentials(reply, pp_stage_is(c, PP_STAGE_DENIED)) || reply->status == PP_NETWORK_LOGIN;
}

/* The latest proxied request that ended in the demand of a login, as reply and what it carried. */
static const struct pp_http_reply *denied_for_login(const struct pp_case *c, enum pp_credentials *ret_credentials)
{
	const struct pp_http_reply *reply = pp_proxy_reply(c);

	if (!reply || !wants_login(c, reply))
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
	pp_name_proxy(c, verdict);
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
	.signs = PP_IF(PROXY_REPLY),
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

/* The capture ends before the client would have come with credentials, or with those of the next leg. */
static bool may_come_again(const struct pp_case *c, const struct pp_http_reply *reply, enum pp_credentials credentials)
{
	int64_t since = c->end - reply->mark.ts;

	return (c->shape.ending == PP_STILL_OPEN && since < PP_AT_ONCE_NS) ||
	       (credentials == PP_CREDENTIALS_UNSEEN && since < NEXT_LEG_NS);
}

static bool login_missing(const struct pp_case *c, struct pp_verdict *verdict)
{
	enum pp_credentials credentials;
	const struct pp_http_reply *reply = denied_for_login(c, &credentials);

	if (!reply || pp_seen(pp_leg_rejected(c)) || pp_leg_pending(c))
		return false;
	pp_cite_request(c, verdict);
	pp_cite_reply(verdict, reply, true);
	pp_cite_end(c, verdict);
	verdict->detail = reply->scheme_count ? reply->schemes[0] : "HTTP";
	pp_name_proxy(c, verdict);
	if (may_come_again(c, reply, credentials))
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, reply->scheme_count && credentials != PP_CREDENTIALS_UNSEEN ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_prx_04 = {
	.id = "PRX-04",
	.name = N_("authentication required and not given"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.signs = PP_IF(PROXY_REPLY),
	.match = login_missing,
	.summary = N_("The proxy {proxy} demands authentication ({detail}) for {host}, and the client is not seen to "
		      "give any: the proxy has to let the agent's destinations through without it."),
	.when = N_("407 (or 401 to a CONNECT) is the last status of the attempt group, no final credentials were sent, "
		   "and the capture goes on long enough for the client to send some; or 511, which is never the "
		   "origin's."),
	.traps = N_("The first legs of NTLM or Negotiate look the same until the last one succeeds (PRX-05). Where "
		    "the snap length cut the request off, credentials may have been in it. A 511 may be of a portal "
		    "on the proxy's own way out."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_LOGIN,
	.source = "R9110 15.5.8, R6585 6, SEED4, ENTRA-PX, AMA-NET",
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
		pp_cite(
		    verdict,
		    (struct pp_evidence){
			.kind = PP_EV_HTTP_STATUS, .mark = rejected, .side = PP_SERVER, .a = reply->status, .b = 1 });
	pp_name_proxy(c, verdict);
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
	.signs = PP_IF(PROXY_REPLY),
	.match = login_rejected,
	.summary = N_("The proxy {proxy} rejects the credentials the client sent for {host}."),
	.when = N_("Credentials with final content (Basic, NTLM type 3, a Negotiate token) answered by 407 again (or "
		   "by 401 where it was a CONNECT), without a challenge."),
	.traps = N_("The second leg of NTLM carries a type 1 message and is answered by a challenge."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_LOGIN,
	.source = "R9110 15.5.8, MS-NTHT",
	.alternatives = "PRX-04",
};

/* ------------------------------------------------------------------ PRX-07, PRX-08, PRX-11, PRX-15 to PRX-18 */

static bool is_wrong_kind(uint16_t status) { return status == 400 || status == 405 || status == 501; }

static bool holds(const char *text, const char *what) { return text && strstr(text, what); }

/* It tried to get there and failed.  A bare 500 does not say so, but what says more may be cut off. */
static bool is_upstream_error(const struct pp_case *c, const struct pp_http_reply *reply)
{
	if (reply->status == 500)
		return holds(reply->x_squid_error, "ERR_CANNOT_FORWARD") || holds(reply->reason, "Unable to connect") ||
		       (!reply->x_squid_error && c->gates & PP_CAP(3));
	return reply->status == 404 || pp_is_gateway_error(reply->status);
}

/* Squid's redirects (deny_info) lead to a page that tells why not. */
static bool is_policy(const struct pp_http_reply *reply)
{
	return reply->status == 403 || reply->status == 451 || reply->page == PP_PAGE_BLOCK ||
	       (reply->x_squid_error && reply->status < 400);
}

/* What the proxy's own answer to the latest request tells. */
enum answer { NO_REFUSAL, OF_LOGIN, OF_UPSTREAM, OF_POLICY, OF_WRONG_KIND, OF_ITS_OWN };

static enum answer answer_of(const struct pp_case *c)
{
	const struct pp_http_reply *reply = pp_proxy_reply(c);

	if (!reply || reply->status == 470 || reply->page == PP_PAGE_AZURE_FIREWALL)
		return NO_REFUSAL;
	if (pp_stage_is(c, PP_STAGE_ANSWERED) && reply->status < 400 && !reply->x_squid_error)
		return NO_REFUSAL; /* a page may well speak of blocking */
	if (wants_login(c, reply))
		return OF_LOGIN;
	if (is_upstream_error(c, reply))
		return OF_UPSTREAM;
	if (is_policy(reply))
		return OF_POLICY;
	return pp_stage_is(c, PP_STAGE_DENIED) && is_wrong_kind(reply->status) && !c->service->tunnels ? OF_WRONG_KIND
												       : OF_ITS_OWN;
}

static void cite_answer(const struct pp_case *c, struct pp_verdict *verdict, const struct pp_http_reply *reply)
{
	pp_cite_request(c, verdict);
	pp_cite_reply(verdict, reply, true);
	verdict->number = reply->status;
	verdict->detail = reply->x_squid_error ? reply->x_squid_error : reply->reason ? reply->reason : "-";
	pp_name_proxy(c, verdict);
}

/* An origin behind it might use the same phrase; and a 500 is read as what it mostly is where it is cut. */
static enum pp_grade surely_proxys(const struct pp_case *c, const struct pp_http_reply *reply)
{
	bool guessed = reply->status == 500 && !reply->x_squid_error && c->gates & PP_CAP(3);

	return guessed || (pp_stage_is(c, PP_STAGE_ANSWERED) && pp_reason_is_proxys(reply)) ? PP_STRONG : PP_PROVEN;
}

static bool port_denied(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_DENIED) && !pp_is_web_port(c->shape.connect->port) &&
	       !pp_seen(pp_host_rest(c->host)->denied_443);
}

static bool policy_denies(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_http_reply *reply = pp_proxy_reply(c);

	if (answer_of(c) != OF_POLICY || (reply->status == 403 && port_denied(c)))
		return false;
	cite_answer(c, verdict, reply);
	return pp_hit(verdict,
		      reply->status == 403 || reply->page != PP_PAGE_NONE ? surely_proxys(c, reply) : PP_STRONG);
}

const struct pp_rule pp_rule_prx_07 = {
	.id = "PRX-07",
	.name = N_("policy denies"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.signs = PP_IF(PROXY_REPLY),
	.match = policy_denies,
	.summary =
	    N_("The proxy {proxy} denies {host} by its policy (status {n}, {detail}): the proxy team has to allow it."),
	.when = N_("The final status is 403 or 451, a deny page, or a redirect of Squid's to one, from the proxy "
		   "itself."),
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
	.signs = PP_IF(PROXY_REPLY),
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

	if (answer_of(c) != OF_UPSTREAM)
		return false;
	cite_answer(c, verdict, reply);
	return pp_hit(verdict, surely_proxys(c, reply));
}

const struct pp_rule pp_rule_prx_11 = {
	.id = "PRX-11",
	.name = N_("upstream failed, the proxy says so"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.signs = PP_IF(PROXY_REPLY),
	.match = upstream_failed,
	.summary = N_("The proxy {proxy} could not reach {host} itself (status {n}, {detail}): DNS, route or firewall "
		      "at the proxy's own way out."),
	.when = N_("502, 503, 504 or 404 from the proxy, or a 500 that tells the same. Squid: ERR_CONNECT_FAIL 111 "
		   "refused, 110 silent, 113 or 101 routing; ERR_DNS_FAIL or 500 ERR_CANNOT_FORWARD 0 its DNS. "
		   "Elsewhere 502 bad answer, 504 time-out; 500 \"Unable to connect\" is tinyproxy's."),
	.traps =
	    N_("Status codes are not the same for one cause in all products; the error's number is the proxy's errno."),
	.next_test = N_("Resolve and connect to {host} from the proxy itself."),
	.remedy = N_("The proxy was reached, its upstream failed: repair DNS, route or firewall at the proxy's egress "
		     "according to the error's detail."),
	.source = "R9110 15.6, LAB 20, SQUID",
	.alternatives = "PRX-07,PRX-18",
};

static bool not_served(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (answer_of(c) != OF_ITS_OWN)
		return false;
	cite_answer(c, verdict, pp_proxy_reply(c));
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_prx_18 = {
	.id = "PRX-18",
	.name = N_("not served, the proxy does not say why"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_STRONG,
	.signs = PP_IF(PROXY_REPLY),
	.match = not_served,
	.summary =
	    N_("The proxy {proxy} does not serve the request for {host} (status {n}, {detail}); whether its policy, "
	       "its load, a service of its own or its way out is the cause, its log tells."),
	.when = N_("A status of the proxy's own that tells neither a login nor a policy nor its way out: a bare 500 or "
		   "508, 408, 421, 429, a redirect of a CONNECT; Squid's ERR_ICAP_FAILURE; 400, 405 or 501 to a "
		   "CONNECT where others were granted or need credentials."),
	.traps = N_("A redirect may lead to a login page, or to one that tells why the proxy denies it."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_TEAM,
	.source = "R9110 15, R6585, SQUID",
	.alternatives = "PRX-07,PRX-11",
};

static bool gateway_error(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_http_reply *reply = pp_stage_is(c, PP_STAGE_ANSWERED) ? &c->shape.exchange->reply : NULL;

	if (!reply || !pp_is_gateway_error(reply->status) || !pp_author_is_open(c->shape.exchange))
		return false;
	cite_answer(c, verdict, reply);
	if (c->gates & PP_CAP(3)) /* what tells may be cut off */
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_prx_17 = {
	.id = "PRX-17",
	.name = N_("gateway error of the proxy or the server"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_CONSISTENT,
	.signs = PP_IF(ANSWER) | PP_IF(PROXY),
	.match = gateway_error,
	.summary = N_("The request for {host} through the proxy {proxy} ends in the gateway error {n} ({detail}): the "
		      "proxy did not get there, or passes on what the server said, which cannot be told apart from "
		      "this capture; the proxy's log knows."),
	.when = N_("502, 503 or 504 to a plain HTTP request through a proxy, and nothing in the answer tells whether "
		   "the proxy or the server wrote it. Undecided where the answer was cut."),
	.traps = N_("A proxy that adds no Via passes an origin's error on unmarked."),
	.next_test = NEXT_PROXY_LOG,
	.remedy = REMEDY_TEAM,
	.source = "R9110 15.6, R9110 7.6.3",
	.alternatives = "PRX-11,SRV-06",
};

/* What somebody who speaks no HTTP says to a CONNECT: a TLS port sends an alert, others greet or decline; NULL: nothing. */
static const char *answered_otherwise(const struct pp_case *c)
{
	struct pp_span head = c->conn->server_head;

	if (!pp_stage_is(c, PP_STAGE_CONNECT) || head.len < 2 || c->gates & PP_CAP(3) || c->server->missing)
		return NULL;
	if (head.p[0] == 21 && head.p[1] == 3)
		return N_("a TLS alert");
	if (pp_socks_declines(head))
		return "SOCKS 5";
	return head.len >= 4 && head.p[0] >= ' ' && memcmp(head.p, "HTTP", 4) != 0 ? N_("another protocol") : NULL;
}

static void cite_otherwise(const struct pp_case *c, struct pp_verdict *verdict, const char *what)
{
	pp_cite(verdict, (struct pp_evidence){
			     .kind = PP_EV_NOT_HTTP, .side = PP_SERVER, .mark = c->server->first_data, .text = what });
}

/* HTTP came back; or nothing, and elsewhere it speaks HTTP. */
static bool speaks_no_socks(const struct pp_case *c)
{
	return c->shape.socks.word == PP_SOCKS_NOT_SPOKEN || pp_asked_http_by_socks(c);
}

static void cite_not_socks(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (c->shape.socks.word != PP_SOCKS_NOT_SPOKEN)
		pp_cite_silence(c, verdict, c->client->first_data);
	else
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_SOCKS,
						       .side = PP_SERVER,
						       .mark = c->server->first_data,
						       .a = c->shape.socks.version,
						       .text = N_("none, but of another protocol") });
}

static bool hello_answered_by_proxy(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_HELLO) && !c->shape.asked_proxy && c->service->proxy &&
	       c->shape.tls->not_tls_http && !(c->gates & PP_CAP(1)); /* or a CONNECT was not captured */
}

static bool not_a_proxy(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_http_reply *reply = answer_of(c) == OF_WRONG_KIND ? &c->shape.connect->reply : NULL;
	bool hello = hello_answered_by_proxy(c), socks = speaks_no_socks(c);
	const char *otherwise = answered_otherwise(c);

	if (!reply && !otherwise && !hello && !socks)
		return false;
	pp_cite_request(c, verdict);
	if (reply)
		pp_cite_reply(verdict, reply, false);
	else if (otherwise)
		cite_otherwise(c, verdict, otherwise);
	else if (socks)
		cite_not_socks(c, verdict);
	else
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_NOT_TLS,
						       .side = PP_SERVER,
						       .mark = c->shape.tls->not_tls,
						       .text = c->shape.tls->not_tls_head });
	pp_name_proxy(c, verdict);
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
	.signs = PP_IF(PROXY),
	.match = not_a_proxy,
	.summary = N_("What listens at {server} is not the kind of proxy that this machine takes it for: the proxy "
		      "setting (host, port or scheme) is very probably wrong."),
	.when = N_(
	    "400, 405 or 501 to a CONNECT where none was granted or needs credentials, an answer to a CONNECT "
	    "that is no HTTP (a TLS alert, a banner, SOCKS), HTTP, TLS or another version as the answer to SOCKS, none to "
	    "SOCKS where CONNECT has opened tunnels, or an HTTP answer of a proxy to a ClientHello."),
	.traps = N_("A proxy that finds the request malformed for another reason."),
	.next_test = N_("Request http://{host}/ through {server} by hand."),
	.remedy = REMEDY_SETTING,
	.source = "SEED4, SEED2, LAB 26",
	.alternatives = "TLS-08,LOC-04",
};

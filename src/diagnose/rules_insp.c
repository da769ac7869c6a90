/* INSP: somebody in the middle ends TLS and speaks to the server himself.  Inspection that works is stated, not
 * accused. */
#include "diagnose/case.h"

#define REMEDY                                                                                                         \
	N_("Exclude the agent's names from TLS inspection: client certificates are lost in it, and several agents do " \
	   "not support it.")
#define NEXT_BYPASS                                                                                                    \
	N_("Exempt {host} from inspection for one test, or compare its certificate with one seen from another network.")

enum { ERROR_PAGE_LEAST = 1500, ERROR_PAGE_MOST = 8192 };

static const char *inspector_name(const struct pp_case *c)
{
	if (c->issuer && c->issuer->product && c->issuer->product[0] != '-' && c->issuer->product[0])
		return c->issuer->product;
	if (!c->shape.leaf)
		return c->path == PP_BY_PROXY ? N_("the proxy") : N_("a device on the path");
	return c->shape.leaf->issuer_cn  ? c->shape.leaf->issuer_cn
	       : c->shape.leaf->issuer_o ? c->shape.leaf->issuer_o
					 : c->shape.leaf->issuer;
}

static void name_inspector(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (c->shape.tunnel) {
		if (c->shape.connect)
			pp_cite_reply(verdict, &c->shape.connect->reply, true);
		verdict->proxy = c->conn->server;
	}
	verdict->detail = inspector_name(c);
}

static void cite_inspector(const struct pp_case *c, struct pp_verdict *verdict)
{
	pp_cite_certificate(c, verdict);
	name_inspector(c, verdict);
	pp_cite_server_hello(c, verdict);
}

/* ------------------------------------------------------------------ INSP-01 */

static bool foreign_issuer(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!c->shape.leaf || c->inspected == PP_NOT_INSPECTED)
		return false;
	cite_inspector(c, verdict);
	pp_cite_data(c, verdict);
	return pp_hit_as(verdict, c->shape.worked ? PP_OUTCOME_OK : PP_OUTCOME_INCONCLUSIVE,
			 c->inspected == PP_SURELY_INSPECTED ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_insp_01 = {
	.id = "INSP-01",
	.name = N_("certificate signed by an inspector"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_INCONCLUSIVE,
	.domain = PP_DOMAIN_INSPECTION,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.signs = PP_IF(LEAF) | PP_IF(INSPECTED),
	.match = foreign_issuer,
	.summary = N_("TLS to {host} is inspected: its certificate was issued by {detail}, not by an authority of that "
		      "service."),
	.when = N_("The issuer (visible up to TLS 1.2) is a known inspector, or for an Azure name is no listed public "
		   "authority."),
	.traps = N_("A public authority that is not listed yet; a service of one's own under a public name. The "
		    "outcome is ok while the connection works."),
	.next_test = NEXT_BYPASS,
	.remedy = REMEDY,
	.source = "SEED4, AMA-NET, AZ-PREM, LAB 22",
	.alternatives = "TRUST-01",
};

/* ------------------------------------------------------------------ INSP-02, INSP-03: notes */

static bool early_200(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (c->inspected != PP_LIKELY_INSPECTED || c->shape.leaf || !pp_granted_early(&c->shape))
		return false;
	cite_inspector(c, verdict);
	verdict->number = c->shape.hello_ns / PP_MS;
	return pp_hit_as(verdict, c->shape.worked ? PP_OUTCOME_OK : PP_OUTCOME_INCONCLUSIVE, PP_STRONG);
}

const struct pp_rule pp_rule_insp_02 = {
	.id = "INSP-02",
	.name = N_("tunnel granted too early"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_INCONCLUSIVE,
	.domain = PP_DOMAIN_INSPECTION,
	.owner = PP_OWNER_PROXY,
	.most = PP_STRONG,
	.signs = PP_IF(TUNNEL) | PP_IF(INSPECTED),
	.match = early_200,
	.summary = N_("The proxy granted the tunnel to {host} before it can have asked anybody, and the ServerHello "
		      "then took {n} ms: it very probably inspects TLS."),
	.when = N_("CONNECT is granted within 5 ms, and the ServerHello takes at least 20 ms and ten times as long."),
	.traps = N_("A proxy close to a busy server."),
	.next_test = NEXT_BYPASS,
	.remedy = REMEDY,
	.source = "LAB 24",
	.alternatives = "",
};

static bool nearby_terminator(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (c->path != PP_DIRECT || !c->shape.passed || !c->shape.tls || c->shape.near_ns < 0 ||
	    c->shape.hello_ns < c->shape.near_ns + PP_WAN_GAP_NS || c->shape.hello_ns < 5 * c->shape.near_ns ||
	    !pp_is_near(c) || c->gates & PP_CAP(10))
		return false;
	if (pp_lowest_but(&c->address->rtt, c->conn->index) < 2 * c->shape.near_ns + PP_WAN_GAP_NS && !pp_is_azure(c))
		return false;
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_TERMINATOR,
					       .mark = c->shape.tls->server_hello,
					       .a = c->shape.near_ns / 1000,
					       .b = c->shape.hello_ns / PP_MS });
	return pp_hit_as(verdict, c->shape.worked ? PP_OUTCOME_OK : PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
}

const struct pp_rule pp_rule_insp_03 = {
	.id = "INSP-03",
	.name = N_("nearby terminator on a direct connection"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_INCONCLUSIVE,
	.domain = PP_DOMAIN_INSPECTION,
	.owner = PP_OWNER_PROXY,
	.most = PP_STRONG,
	.needs = PP_NEED_START | PP_NEED_REAL_NETWORK,
	.signs = PP_IF(DIRECT) | PP_IF(FAR_HELLO),
	.match = nearby_terminator,
	.summary = N_("TCP to {server} ends near this machine, but the ServerHello of {service} comes from far away: a "
		      "device in between ends TCP."),
	.when = N_("TCP round trip within 5 ms, ServerHello at least 10 ms and five times later."),
	.traps = N_("A slow server, a load balancer or content network nearby, a SYN proxy."),
	.next_test = N_("Compare the round trips of several servers: a terminator gives them all the same."),
	.remedy = REMEDY,
	.source = "LAB 9, LAB 22",
	.alternatives = "",
};

/* ------------------------------------------------------------------ INSP-04 to INSP-06 */

const struct pp_rule pp_rule_insp_04 = {
	.id = "INSP-04",
	.name = N_("inspection breaks mutual TLS"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_INSPECTION,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.match = NULL,
	.summary =
	    N_("TLS inspection removes the client certificate on the way to {host}; the verdict is given as MTLS-03."),
	.when = N_("See MTLS-03."),
	.traps = N_("See MTLS-03."),
	.next_test = NEXT_BYPASS,
	.remedy = REMEDY,
	.source = "SEED4, AZ-PREM",
	.alternatives = "MTLS-03",
};

static bool hidden_failure(const struct pp_case *c, struct pp_verdict *verdict)
{
	uint64_t bytes;

	if (!pp_stage_is(c, PP_STAGE_SECURE) || c->inspected == PP_NOT_INSPECTED || c->shape.ending == PP_STILL_OPEN)
		return false;
	bytes = c->shape.tls->app_bytes[PP_SERVER];
	if (bytes < ERROR_PAGE_LEAST || bytes > ERROR_PAGE_MOST)
		return false;
	cite_inspector(c, verdict);
	pp_cite_data(c, verdict);
	pp_cite_end(c, verdict);
	verdict->number = (int64_t)bytes;
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_insp_05 = {
	.id = "INSP-05",
	.name = N_("failure may be hidden by inspection"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_INCONCLUSIVE,
	.domain = PP_DOMAIN_INSPECTION,
	.owner = PP_OWNER_PROXY,
	.most = PP_CONSISTENT,
	.signs = PP_IF(HANDSHAKE) | PP_IF(INSPECTED),
	.match = hidden_failure,
	.summary = N_("TLS to {host} is inspected, and one short answer of {n} bytes was all: it may be the "
		      "inspector's error page, which cannot be told apart from this capture."),
	.when = N_("An inspected handshake completes, one short response (about 2 to 6 kB), then the connection ends."),
	.traps = N_("A short answer of the service itself."),
	.next_test = N_("Look at the client's log for the HTTP status, or at the proxy's for the upstream."),
	.remedy = REMEDY,
	.source = "LAB 24",
	.alternatives = "OK-01,PRX-11",
};

/* An inspector that the client does not trust breaks every name, but for those it leaves alone. */
static bool only_time_tells(const struct pp_case *c)
{
	return c->shape.tunnel && !c->shape.leaf && !c->service->inspects;
}

static bool inspector_untrusted(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!c->shape.tls || pp_trust_of(c) != PP_TRUST_INSPECTION)
		return false;
	name_inspector(c, verdict);
	pp_cite_refusal(c, verdict);
	if (pp_may_only_look(c) || (only_time_tells(c) && (c->doubted || pp_seen(pp_overview_of(c)->proxy_worked))))
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, c->inspected == PP_SURELY_INSPECTED && pp_trust_alert(c) ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_insp_06 = {
	.id = "INSP-06",
	.name = N_("inspector not trusted by the agent"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_INSPECTION,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.signs = PP_IF(DISTRUST),
	.match = inspector_untrusted,
	.summary = N_("TLS inspection by {detail} breaks the connection to {host}: the client refuses the certificate "
		      "it was shown, so the name has to be excluded from inspection."),
	.when =
	    N_("INSP-01 (or INSP-02, where the certificate is hidden) holds, and the client refuses or leaves.  Where "
	       "it is hidden and something else works through the same proxy, or the client only leaves while "
	       "tickets are on their way, it is undecided."),
	.traps = N_("The server has nothing to do with it: everything seen comes from the inspector."),
	.next_test = NEXT_BYPASS,
	.remedy = N_("Exclude the agent's names from TLS inspection; second best, install the inspection authority in "
		     "the machine store for the service's account."),
	.source = "SEED4, AMA-NET, AZ-CERT, LAB 24",
	.alternatives = "TRUST-01,TRUST-02",
};

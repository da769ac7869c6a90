/* TRUST: the client refused the server's certificate.  trust.c finds the cause; each row here is one of them. */
#include "diagnose/case.h"
#include "dissect/tls.h"

#define REMEDY_CHAIN N_("The server must present a valid and complete chain for the name the client asks for.")
#define NEXT_SHOW                                                                                                      \
	N_("Look at the certificate that {host} shows to this machine, e.g. with openssl s_client, and compare it "    \
	   "with one seen from another network.")

enum { SEEN_OFTEN = 2, SEEN_ALWAYS = 3 };

/* Whom the client wanted to talk to, or who answered, is not known: a certificate that cannot be read may be an inspector's,
 * the more so where it stood in clear and the capture does not hold it; and behind a proxy or without a TCP handshake
 * nothing tells how near it is.  What is expired or revoked is the server's own. */
static bool may_be_anybodys(const struct pp_case *c)
{
	const struct pp_tls_facts *tls = c->shape.tls;
	bool lacks_it = tls->version < PP_TLS_1_3 && c->gates & (PP_CAP(3) | PP_CAP(9));
	bool far = c->path == PP_BY_PROXY && pp_trust_owner(c) == PP_OWNER_LOCAL;

	return !pp_seen(tls->client_hello) || (!c->shape.leaf && (c->tcp->handshake_rtt_ns < 0 || lacks_it || far));
}

/* ------------------------------------------------------------------ TRUST-01 */

static bool client_says_so(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert = c->shape.tls ? pp_trust_alert(c) : NULL;
	const char *name;

	if (!alert || pp_trust_of(c) != PP_TRUST_OTHER)
		return false;
	name = pp_tls_alert_name(alert->code);
	pp_cite_refusal(c, verdict);
	pp_cite_end(c, verdict);
	verdict->detail = name ? name : "alert";
	verdict->owner = pp_trust_owner(c);
	if (may_be_anybodys(c))
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_trust_01 = {
	.id = "TRUST-01",
	.name = N_("the client rejects the certificate"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TRUST,
	.owner = PP_OWNER_LOCAL,
	.most = PP_PROVEN,
	.signs = PP_IF(DISTRUST),
	.match = client_says_so,
	.summary = N_("The client itself rejects the certificate of {host} with the alert {detail}: it does not trust "
		      "what it was shown."),
	.when = N_("Alert 42 to 46 or 48 from the client right after the server's messages; the RST or FIN behind it "
		   "is a consequence."),
	.traps =
	    N_("The code is the client library's opinion: Go always says bad_certificate. In TLS 1.3 the "
	       "certificate is hidden, so inspection cannot be excluded; behind a proxy, or where the TCP handshake is "
	       "missing, too, it stays undecided."),
	.next_test = NEXT_SHOW,
	.remedy = N_("Compare the certificate shown with the expected one; install the missing root on this machine, "
		     "or have the service show a certificate of a public authority."),
	.source = "R8446 6, OSSL, GO119, LAB 13, LAB 14",
	.alternatives = "INSP-06,TRUST-03,TRUST-04,TRUST-06",
};

/* ------------------------------------------------------------------ TRUST-02 */

/* After a complete handshake leaving is what a test of the connection looks like too: only doing so always, and never
 * working, makes it a refusal.  A certificate that can be read and is in order gives no reason to leave. */
static bool client_leaves(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool complete = pp_stage_is(c, PP_STAGE_SECURE),
	     never = !c->host->resumed && !pp_seen(pp_host_worked(c->host, c->path));
	bool listed = c->shape.leaf && c->issuer;

	if (!c->shape.tls || pp_trust_alert(c) || pp_trust_of(c) != PP_TRUST_OTHER || (complete && listed))
		return false;
	pp_cite_refusal(c, verdict);
	verdict->owner = pp_trust_owner(c);
	verdict->number = pp_host_rest(c->host)->silent_leaves;
	if (listed || may_be_anybodys(c) || pp_may_only_look(c) ||
	    (complete && !(never && pp_host_rest(c->host)->silent_leaves >= SEEN_ALWAYS)))
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, never && pp_host_rest(c->host)->silent_leaves >= SEEN_OFTEN ? PP_STRONG : PP_CONSISTENT);
}

const struct pp_rule pp_rule_trust_02 = {
	.id = "TRUST-02",
	.name = N_("the client leaves silently"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TRUST,
	.owner = PP_OWNER_LOCAL,
	.most = PP_STRONG,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_WHOLE_FRAMES | PP_NEED_NO_DROPS,
	.signs = PP_IF(DISTRUST),
	.match = client_leaves,
	.summary = N_("The client leaves {host} right after it was shown the certificate, without a word ({n} times): "
		      "many clients refuse a certificate like that; a cancelled attempt cannot be told apart from this "
		      "capture."),
	.when = N_("A ClientHello and a complete server flight, no alert from the client, then FIN or RST within 1 s "
		   "and no application data; no byte of the client is missing."),
	.traps =
	    N_("The client was cancelled, only probes, or misses its own certificate. Where session tickets were on "
	       "their way when it left, it is undecided."),
	.next_test = NEXT_SHOW,
	.remedy = N_("Look into the client's log for the certificate error; compare the certificate shown with the "
		     "expected one."),
	.source = "CURL-SCH, DN-8811, DN-SSL, LAB 13, LAB 14",
	.alternatives = "INSP-06,TRUST-04,LOC-02",
};

/* ------------------------------------------------------------------ TRUST-03 to TRUST-06 */

static bool is_cause(const struct pp_case *c, enum pp_trust cause) { return c->shape.tls && pp_trust_of(c) == cause; }

static bool out_of_date(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_certificate *wrong;

	if (!is_cause(c, PP_TRUST_TIME))
		return false;
	wrong = c->shape.leaf;
	for (unsigned i = 0; i < c->shape.tls->certificate_count; i++) {
		const struct pp_tls_certificate *certificate = c->shape.tls->certificates[i];
		int64_t at = c->shape.tls->certificate.ts;

		if (!certificate->unparsed && (certificate->not_before > at || certificate->not_after < at)) {
			wrong = certificate;
			break;
		}
	}
	pp_cite_refusal(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CERTIFICATE_TIME,
					       .mark = c->shape.tls->certificate,
					       .side = PP_SERVER,
					       .a = wrong->not_before,
					       .b = wrong->not_after });
	verdict->detail = wrong->subject_cn ? wrong->subject_cn : wrong->subject;
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_trust_03 = {
	.id = "TRUST-03",
	.name = N_("certificate expired or not yet valid"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TRUST,
	.owner = PP_OWNER_SERVER,
	.most = PP_PROVEN,
	.signs = PP_IF(DISTRUST),
	.match = out_of_date,
	.summary =
	    N_("The certificate that {host} shows ({detail}) is not valid at this time, and the client refuses it."),
	.when = N_("A certificate that can be read (TLS 1.2 or older) does not cover the capture's time, and the "
		   "client refuses."),
	.traps = N_("A capture made with a wrong clock."),
	.next_test = NEXT_SHOW,
	.remedy = REMEDY_CHAIN,
	.source = "R5246 7.4.2, LAB 13",
	.alternatives = "LOC-05",
};

/* A public service is not in the next room: a captive portal or the like answered in its place. */
static bool answered_nearby(const struct pp_case *c)
{
	return c->path == PP_DIRECT && pp_is_azure(c) && pp_is_near(c) && !pp_addr_is_private(&c->conn->server.ip);
}

static bool not_for_that_name(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_certificate *leaf = c->shape.leaf;

	if (!is_cause(c, PP_TRUST_NAME))
		return false;
	verdict->detail = leaf->name_count ? leaf->names[0] : leaf->subject_cn ? leaf->subject_cn : leaf->subject;
	pp_cite_refusal(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CERTIFICATE_NAME,
					       .mark = c->shape.tls->certificate,
					       .side = PP_SERVER,
					       .text = verdict->detail });
	if (strstr(c->shape.tls->sni, "privatelink."))
		verdict->owner = PP_OWNER_DNS;
	if (!answered_nearby(c))
		return pp_hit(verdict, PP_PROVEN);
	pp_cite_syn_ack(c, verdict);
	verdict->owner = PP_OWNER_NETWORK;
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_trust_04 = {
	.id = "TRUST-04",
	.name = N_("certificate for another name"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TRUST,
	.owner = PP_OWNER_SERVER,
	.most = PP_PROVEN,
	.signs = PP_IF(DISTRUST),
	.match = not_for_that_name,
	.summary = N_("The certificate shown for {host} is made out to {detail}, not to that name, and the client "
		      "refuses it."),
	.when = N_("The names of the certificate (TLS 1.2 or older) do not cover the server name asked for, and the "
		   "client refuses.  Where a public Azure service answers within a LAN round trip, a device on the way "
		   "answered in its place, and the network team owns it."),
	.traps = N_("Connecting to a privatelink name: then the name is wrong, not the certificate."),
	.next_test = NEXT_SHOW,
	.remedy = N_("The server must present a certificate for the name; for private endpoints use the public name, "
		     "not privatelink.*."),
	.source = "RFC 6125 6.4.3, JP-PE, LAB 13",
	.alternatives = "INSP-06",
};

static bool revocation_unreachable(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!is_cause(c, PP_TRUST_REVOCATION))
		return false;
	pp_cite_refusal(c, verdict);
	pp_cite(verdict,
		(struct pp_evidence){ .kind = PP_EV_SYN, .mark = pp_overview_of(c)->revocation_failed, .a = 1 });
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_trust_05 = {
	.id = "TRUST-05",
	.name = N_("revocation lists unreachable"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TRUST,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.signs = PP_IF(DISTRUST),
	.match = revocation_unreachable,
	.summary = N_("The client refuses {host} after it could not reach the revocation lists (CRL, OCSP, CTL on port "
		      "80): those hosts have to be allowed."),
	.when = N_("After the server's certificate, attempts to CRL, OCSP, AIA or CTL hosts on port 80 fail, and 5 to "
		   "60 s later the client refuses."),
	.traps = N_("The failing lists may belong to another certificate."),
	.next_test = N_("Fetch one of the lists from this machine."),
	.remedy = N_("Allow crl3 and crl4.digicert.com, ocsp.digicert.com, oneocsp.microsoft.com, crl.microsoft.com, "
		     "ctldl.windowsupdate.com and www.microsoft.com/pkiops on port 80."),
	.source = "SEED4, DN-SSL",
	.alternatives = "TRUST-01,TRUST-02",
};

static bool chain_incomplete(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!is_cause(c, PP_TRUST_CHAIN))
		return false;
	pp_cite_refusal(c, verdict);
	verdict->detail = c->shape.leaf->issuer_cn ? c->shape.leaf->issuer_cn : c->shape.leaf->issuer;
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_trust_06 = {
	.id = "TRUST-06",
	.name = N_("chain incomplete"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TRUST,
	.owner = PP_OWNER_SERVER,
	.most = PP_STRONG,
	.needs = PP_NEED_WHOLE_FRAMES,
	.signs = PP_IF(DISTRUST),
	.match = chain_incomplete,
	.summary = N_("{host} sends its own certificate without the intermediate {detail}, so the client cannot build "
		      "the chain and refuses."),
	.when = N_("Only the leaf is in the Certificate message (TLS 1.2 or older), an intermediate issued it, and the "
		   "client refuses."),
	.traps = N_("Windows fetches missing intermediates itself where it may (AIA)."),
	.next_test = NEXT_SHOW,
	.remedy = REMEDY_CHAIN,
	.source = "R5246 7.4.2",
	.alternatives = "TRUST-01,TRUST-05",
};

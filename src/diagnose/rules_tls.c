/* TLS: negotiation.  An alert proves who sent it; whether that was the server or an inspector, its certificate tells.
 */
#include "diagnose/case.h"
#include "dissect/tls.h"

#define REMEDY_ALIGN                                                                                                   \
	N_("Align cipher suites, groups and ALPN of client and service; on a new Windows Server look at the firewall " \
	   "first, because its suites usually match.")
#define REMEDY_SERVER                                                                                                  \
	N_("Wrong host, port or virtual host, or a fault of the server: check the name, the port and the service's "   \
	   "health.")
#define NEXT_CLIENT N_("Connect to {host} from this machine with openssl s_client and compare versions and suites.")

enum {
	UNEXPECTED_MESSAGE = 10,
	BAD_RECORD_MAC = 20,
	RECORD_OVERFLOW = 22,
	HANDSHAKE_FAILURE = 40,
	ILLEGAL_PARAMETER = 47,
	DECODE_ERROR = 50,
	DECRYPT_ERROR = 51,
	PROTOCOL_VERSION = 70,
	INSUFFICIENT_SECURITY = 71,
	INTERNAL_ERROR = 80,
	INAPPROPRIATE_FALLBACK = 86,
	MISSING_EXTENSION = 109,
	UNSUPPORTED_EXTENSION = 110,
	UNRECOGNIZED_NAME = 112,
	NO_APPLICATION_PROTOCOL = 120,
};

/* Whatever the TLS peer did, an inspecting peer did it. */
static void blame_inspector(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (c->inspected != PP_NOT_INSPECTED)
		verdict->owner = PP_OWNER_PROXY;
}

static bool hit_alert(const struct pp_case *c, struct pp_verdict *verdict, const struct pp_tls_alert *alert,
		      enum pp_grade grade)
{
	const char *name = pp_tls_alert_name(alert->code);

	pp_cite_hello(c, verdict);
	pp_cite_server_hello(c, verdict);
	pp_cite_alert(verdict, alert);
	verdict->detail = name ? name : "alert";
	verdict->number = alert->code;
	blame_inspector(c, verdict);
	return pp_hit(verdict, grade);
}

/* The server's alert in answer to the ClientHello, or one of those codes behind a HelloRetryRequest. */
static const struct pp_tls_alert *refusal(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_HELLO) ? pp_alert_from(c, PP_SERVER) : NULL;
}

/* ------------------------------------------------------------------ TLS-01, TLS-02 */

static bool version_mismatch(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert = pp_alert_from(c, PP_SERVER);
	const char *name;

	if (!alert || alert->code != PROTOCOL_VERSION)
		alert = pp_alert_from(c, PP_CLIENT);
	if (!alert || alert->code != PROTOCOL_VERSION)
		return false;
	name = pp_tls_version_name(c->shape.offer);
	hit_alert(c, verdict, alert, PP_PROVEN);
	verdict->detail = name ? name : "?";
	return true;
}

const struct pp_rule pp_rule_tls_01 = {
	.id = "TLS-01",
	.name = N_("version mismatch"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_SERVER,
	.most = PP_PROVEN,
	.signs = PP_IF(ALERT),
	.match = version_mismatch,
	.summary = N_("Client and {host} have no TLS version in common (the client offers up to {detail}): the alert "
		      "protocol_version says so."),
	.when = N_("Alert 70 from the server, or from the client after a ServerHello it did not offer. A client that "
		   "offers at most TLS 1.1 is LOC-06."),
	.traps = N_("An inspector in the middle may be the one that lacks the version."),
	.next_test = NEXT_CLIENT,
	.remedy = N_("Enable a common TLS version (1.2 or newer) on the side that lacks it."),
	.source = "R8446 6.2, LAB 13",
	.alternatives = "LOC-06,TLS-02",
};

/* The server refuses the ClientHello, or the client what the server chose. */
static bool nothing_common(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert = refusal(c);

	if (!alert)
		alert = pp_alert_from(c, PP_CLIENT);
	return alert && (alert->code == HANDSHAKE_FAILURE || alert->code == INSUFFICIENT_SECURITY) &&
	       !c->shape.tls->hello_retry && hit_alert(c, verdict, alert, PP_PROVEN);
}

const struct pp_rule pp_rule_tls_02 = {
	.id = "TLS-02",
	.name = N_("no common parameters"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_LOCAL,
	.most = PP_PROVEN,
	.needs = PP_NEED_WHOLE_FRAMES,
	.signs = PP_IF(ALERT),
	.match = nothing_common,
	.summary = N_("This machine and {host} have no TLS parameters in common ({detail}): no cipher suite, group or "
		      "signature algorithm that both accept."),
	.when = N_("Alert 40 or 71 from the server straight after the ClientHello, or from the client after the "
		   "ServerHello."),
	.traps = N_("After a client certificate was asked, 40 means that one (MTLS-01)."),
	.next_test = NEXT_CLIENT,
	.remedy = REMEDY_ALIGN,
	.source = "R5246 7.2.2, SEED3, LAB 13",
	.alternatives = "TLS-01,LOC-06",
};

/* ------------------------------------------------------------------ TLS-03 */

static bool server_closes(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!pp_closed_after_hello(c->conn, &c->shape) || c->shape.ending != PP_SERVER_FIN || c->path != PP_DIRECT ||
	    pp_is_outdone(c) || pp_terminator_here(c) != PP_NO_TERMINATOR)
		return false;
	pp_cite_syn_ack(c, verdict);
	pp_cite_hello(c, verdict);
	pp_cite_acked(c, verdict);
	pp_cite_end(c, verdict);
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_tls_03 = {
	.id = "TLS-03",
	.name = N_("silent close after ClientHello"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_SERVER,
	.most = PP_CONSISTENT,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS,
	.signs = PP_IF(HELLO) | PP_IF(SERVER_FIN) | PP_IF(DIRECT),
	.match = server_closes,
	.summary = N_("{server} takes the ClientHello for {service} and closes without an alert, at the distance of a "
		      "server: its TLS stack or its settings for that name, or a firewall next to it, which cannot be "
		      "told apart from this capture."),
	.when = N_("The shape of FW-08, but the TCP end is not near, and hop count and round trip are those of the "
		   "address's other connections."),
	.traps = N_("A terminator answers for everything, so equal distance to one that works does not clear a nearby "
		    "device (FW-08)."),
	.next_test = N_("Repeat with more cipher suites and versions to the same name, and with another name to the "
			"same address."),
	.remedy = REMEDY_ALIGN,
	.source = "SEED3",
	.alternatives = "FW-08,SRV-03,TLS-02",
};

/* ------------------------------------------------------------------ TLS-04 to TLS-07, TLS-09, TLS-10: alerts */

static bool unknown_name(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert = refusal(c);

	return alert && alert->code == UNRECOGNIZED_NAME && hit_alert(c, verdict, alert, PP_PROVEN);
}

const struct pp_rule pp_rule_tls_04 = {
	.id = "TLS-04",
	.name = N_("unknown name"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_SERVER,
	.most = PP_PROVEN,
	.signs = PP_IF(HELLO) | PP_IF(ALERT),
	.match = unknown_name,
	.summary = N_("{server} does not know the name {host} (alert unrecognized_name): wrong host, or the name is "
		      "not set up there."),
	.when = N_("Fatal alert 112 from the server."),
	.traps = N_("As a warning it ends nothing."),
	.next_test = N_("Check which names that server or load balancer serves."),
	.remedy = REMEDY_SERVER,
	.source = "R6066 3, LAB 16",
	.alternatives = "TLS-02",
};

static bool no_protocol(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert = pp_alert_from(c, PP_SERVER);

	return alert && alert->code == NO_APPLICATION_PROTOCOL && hit_alert(c, verdict, alert, PP_PROVEN);
}

const struct pp_rule pp_rule_tls_05 = {
	.id = "TLS-05",
	.name = N_("no application protocol"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_SERVER,
	.most = PP_PROVEN,
	.signs = PP_IF(ALERT),
	.match = no_protocol,
	.summary = N_("{host} supports none of the application protocols (ALPN) that this client offers."),
	.when = N_("Alert 120 from the server."),
	.traps = N_("An inspector that knows HTTP/1.1 only."),
	.next_test = NEXT_CLIENT,
	.remedy = REMEDY_ALIGN,
	.source = "R8446 6.2",
	.alternatives = "TLS-02",
};

static bool retry_failed(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert;

	if (!pp_stage_is(c, PP_STAGE_HELLO) || !c->shape.tls->hello_retry)
		return false;
	alert = pp_alert_from(c, PP_SERVER);
	if (!alert)
		alert = pp_alert_from(c, PP_CLIENT);
	if (alert)
		return hit_alert(c, verdict, alert, PP_PROVEN);
	if (!pp_closed_by_server(c))
		return false;
	pp_cite_hello(c, verdict);
	pp_cite_server_hello(c, verdict);
	pp_cite_end(c, verdict);
	verdict->detail = "HelloRetryRequest";
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_tls_06 = {
	.id = "TLS-06",
	.name = N_("group negotiation failed"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_LOCAL,
	.most = PP_PROVEN,
	.signs = PP_IF(HELLO) | PP_IF(RETRY),
	.match = retry_failed,
	.summary = N_("{host} asked for another key exchange group (HelloRetryRequest), and the second attempt failed "
		      "({detail})."),
	.when = N_("Two ClientHellos with a HelloRetryRequest between, then an alert, RST or FIN."),
	.traps = N_("The second hello may be lost because it is large (FW-11)."),
	.next_test = NEXT_CLIENT,
	.remedy = REMEDY_ALIGN,
	.source = "R8446 4.1.4",
	.alternatives = "FW-11,TLS-02",
};

static bool is_integrity_error(uint8_t code)
{
	switch (code) {
	case UNEXPECTED_MESSAGE:
	case BAD_RECORD_MAC:
	case RECORD_OVERFLOW:
	case ILLEGAL_PARAMETER:
	case DECODE_ERROR:
	case DECRYPT_ERROR:
	case MISSING_EXTENSION:
	case UNSUPPORTED_EXTENSION:
		return true;
	default:
		return false;
	}
}

static bool integrity(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert = pp_alert_from(c, PP_SERVER);

	if (!alert || !is_integrity_error(alert->code))
		alert = pp_alert_from(c, PP_CLIENT);
	return alert && is_integrity_error(alert->code) && hit_alert(c, verdict, alert, PP_STRONG);
}

const struct pp_rule pp_rule_tls_07 = {
	.id = "TLS-07",
	.name = N_("integrity error"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.signs = PP_IF(ALERT),
	.match = integrity,
	.summary = N_("The TLS handshake with {host} fails with {detail}: a device rewrites the stream, or an "
		      "implementation is wrong."),
	.when = N_("Alert 10, 20, 22, 47, 50, 51, 109 or 110 from either side; the client's only where it answers what "
		   "the server sent."),
	.traps =
	    N_("Offload artefacts of the capture only look like damage; OpenSSL, GnuTLS and Java answer the end of "
	       "a connection with such alerts, too."),
	.next_test = N_("Capture on both sides and compare the bytes."),
	.remedy = N_("Find the device that rewrites the stream, or the implementation bug: capture on both sides and "
		     "compare."),
	.source = "R8446 6.2, M-TCPIP",
	.alternatives = "TLS-02,TLS-10",
};

static bool fallback_refused(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert = pp_alert_from(c, PP_SERVER);

	return alert && alert->code == INAPPROPRIATE_FALLBACK && hit_alert(c, verdict, alert, PP_PROVEN);
}

const struct pp_rule pp_rule_tls_09 = {
	.id = "TLS-09",
	.name = N_("fallback refused"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_LOCAL,
	.most = PP_PROVEN,
	.signs = PP_IF(ALERT),
	.match = fallback_refused,
	.summary = N_("This machine retried {host} with a lower TLS version and was refused for it; the failure of its "
		      "first attempt is the cause."),
	.when = N_("Alert 86 from the server."),
	.traps = N_("Look for the connection before it."),
	.next_test = N_("Find the first attempt to {host} in the capture."),
	.remedy = REMEDY_ALIGN,
	.source = "R8446 6.2",
	.alternatives = "FW-06,FW-07",
};

/* Codes that say no more than "I failed" or "not you". */
static bool peer_failed(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert = refusal(c);

	if (!alert)
		alert = pp_stage_is(c, PP_STAGE_FLIGHT) ? pp_alert_from(c, PP_SERVER) : NULL;
	if (!alert)
		return false;
	if (alert->code == INTERNAL_ERROR)
		return hit_alert(c, verdict, alert, PP_PROVEN);
	switch (alert->code) {
	case PROTOCOL_VERSION:
	case HANDSHAKE_FAILURE:
	case INSUFFICIENT_SECURITY:
	case UNRECOGNIZED_NAME:
	case NO_APPLICATION_PROTOCOL:
	case INAPPROPRIATE_FALLBACK:
		return pp_stage_is(c, PP_STAGE_FLIGHT) && hit_alert(c, verdict, alert, PP_STRONG);
	default:
		return !is_integrity_error(alert->code) && hit_alert(c, verdict, alert, PP_STRONG);
	}
}

const struct pp_rule pp_rule_tls_10 = {
	.id = "TLS-10",
	.name = N_("the server failed"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_SERVER,
	.most = PP_PROVEN,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_WHOLE_FRAMES | PP_NEED_NO_DROPS,
	.signs = PP_IF(ALERT),
	.match = peer_failed,
	.summary = N_("{host} ends the TLS handshake with the alert {detail}: a fault or refusal of that server."),
	.when = N_("Alert internal_error (80), or another alert that names no cause, from the server."),
	.traps = N_("An inspector answers so when its own upstream fails."),
	.next_test = N_("Look at the service's health and log."),
	.remedy = REMEDY_SERVER,
	.source = "R8446 6.2",
	.alternatives = "TLS-02",
};

/* ------------------------------------------------------------------ TLS-08 */

static bool no_tls_there(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!pp_stage_is(c, PP_STAGE_HELLO) || !pp_seen(c->shape.tls->not_tls))
		return false;
	pp_cite_hello(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_NOT_TLS,
					       .mark = c->shape.tls->not_tls,
					       .side = PP_SERVER,
					       .text = c->shape.tls->not_tls_head });
	verdict->detail = c->shape.tls->not_tls_head;
	if (c->gates & PP_CAP(1) &&
	    !pp_is_web_port(c->conn->server.port)) /* what was said before may have been CONNECT */
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_tls_08 = {
	.id = "TLS-08",
	.name = N_("peer does not speak TLS"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_LOCAL,
	.most = PP_PROVEN,
	.needs = PP_NEED_NO_DROPS,
	.signs = PP_IF(HELLO) | PP_IF(NOT_TLS),
	.match = no_tls_there,
	.summary = N_("What answers for {service} at {server} does not speak TLS (it begins with \"{detail}\"): wrong "
		      "port, a plain proxy or a captive portal."),
	.when = N_("The first bytes from the server after the ClientHello are HTTP, a banner or no TLS record."),
	.traps = N_(
	    "A protocol that begins in clear, or a tunnel: joined midway on a port other than 443 and 80, it is undecided."),
	.next_test = N_("Ask {server} in plain HTTP what it is."),
	.remedy = N_("Correct host, port or proxy setting of the client, or remove the captive portal from the path."),
	.source = "LAB 26",
	.alternatives = "PRX-15,LOC-04",
};

/* ------------------------------------------------------------------ TLS-11, TLS-12 */

static const struct pp_tls_alert *hidden_alert(const struct pp_case *c)
{
	for (unsigned i = 0; i < c->shape.tls->alert_count; i++)
		if (c->shape.tls->alerts[i].from == PP_SERVER && c->shape.tls->alerts[i].encrypted)
			return &c->shape.tls->alerts[i];
	return NULL;
}

/* A connection opened in advance and closed for want of a request ends with close_notify, which looks the same: only
 * what comes right behind the handshake is a refusal. */
static bool alert_unseen(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_facts *tls = c->shape.tls;
	const struct pp_tls_alert *alert;
	struct pp_mark left;
	bool at_once;

	if (!tls || (!pp_stage_is(c, PP_STAGE_FLIGHT) && !pp_stage_is(c, PP_STAGE_SECURE)) || !pp_closed_by_server(c) ||
	    tls->app_bytes[PP_SERVER] || pp_client_auth_of(tls) >= PP_AUTH_EMPTY)
		return false;
	alert = hidden_alert(c);
	if (!alert || (pp_left_first(&c->shape, &left) && left.ts <= alert->mark.ts)) /* it answers a goodbye */
		return false;
	at_once = alert->mark.ts - (tls->complete ? tls->complete_mark.ts : tls->server_hello.ts) <= PP_AT_ONCE_NS;
	if (!at_once)
		return false;
	pp_cite_server_hello(c, verdict);
	pp_cite_alert(verdict, alert);
	pp_cite_end(c, verdict);
	blame_inspector(c, verdict);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_tls_11 = {
	.id = "TLS-11",
	.name = N_("hidden alert"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_SERVER,
	.most = PP_STRONG,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS,
	.signs = PP_IF(HANDSHAKE) | PP_IF(SERVER_CLOSED) | PP_IF(ALERT),
	.match = alert_unseen,
	.summary = N_("{host} ends TLS with an alert that is encrypted, so its reason cannot be read; the server's log "
		      "has it."),
	.when = N_(
	    "The server's last record before its FIN has the size of an alert, it never sent application data, and the "
	    "client had not said goodbye before."),
	.traps = N_("Two bytes of data have the same size; after a client certificate was asked it is MTLS-01."),
	.next_test = N_("Ask for the server's TLS log at this time."),
	.remedy = REMEDY_SERVER,
	.source = "R8446 5.2, LAB 15",
	.alternatives = "MTLS-01,MTLS-02,TLS-12",
};

static bool handshake_truncated(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!pp_stage_is(c, PP_STAGE_FLIGHT) || !pp_seen(c->shape.tls->client_hello) ||
	    c->shape.ending != PP_SERVER_FIN || pp_alert_from(c, PP_SERVER) || pp_alert_from(c, PP_CLIENT) ||
	    c->server->missing || pp_trust_of(c) != PP_TRUST_FINE)
		return false;
	pp_cite_hello(c, verdict);
	pp_cite_server_hello(c, verdict);
	pp_cite_end(c, verdict);
	blame_inspector(c, verdict);
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_tls_12 = {
	.id = "TLS-12",
	.name = N_("handshake cut short"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_TLS,
	.owner = PP_OWNER_SERVER,
	.most = PP_CONSISTENT,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS,
	.signs = PP_IF(SERVER_FIN),
	.match = handshake_truncated,
	.summary = N_("{host} begins its TLS answer and then closes: a failing server, or an inspector that gave up on "
		      "its upstream, which cannot be told apart from this capture."),
	.when = N_("ServerHello, incomplete handshake, then FIN from the server without an alert that can be read."),
	.traps = N_("A server that refuses a client certificate without an alert."),
	.next_test = NEXT_CLIENT,
	.remedy = REMEDY_SERVER,
	.source = "AZ-PREM",
	.alternatives = "INSP-05,TLS-11,SRV-02",
};

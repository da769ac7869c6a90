/* MTLS: the client's own certificate.  In TLS 1.3 it is hidden; lengths of records tell what was sent (contrast.c). */
#include "diagnose/case.h"

#define REMEDY_RESTORE                                                                                                 \
	N_("Restore the agent's certificate and private key; Arc: disconnect and register again if its cached "        \
	   "certificate was deleted.")

enum {
	CERTIFICATE_FIRST = 42,
	CERTIFICATE_LAST = 49,
	HANDSHAKE_FAILURE = 40,
	DECRYPT_ERROR = 51,
	CERTIFICATE_REQUIRED = 116
};
enum { ERROR_ANSWER_MOST = 1500, FAILED_ANSWER_MOST = 4096 };
#define CLOSE_AFTER_ANSWER_NS (500 * PP_MS)

static bool in_handshake_or_behind(const struct pp_case *c)
{
	return c->shape.tls && (pp_stage_is(c, PP_STAGE_FLIGHT) || pp_stage_is(c, PP_STAGE_SECURE));
}

/* A hidden alert of the server right behind the handshake, unless it answers a goodbye: later it may end a connection that
 * was opened in advance.  The client may close right behind it as well. */
static const struct pp_tls_alert *hidden_word(const struct pp_case *c)
{
	const struct pp_tls_facts *tls = c->shape.tls;
	struct pp_mark left;
	bool goodbye = pp_left_first(&c->shape, &left);
	int64_t done = tls->complete ? tls->complete_mark.ts : tls->server_hello.ts;

	for (unsigned i = 0; i < tls->alert_count && c->shape.ending != PP_STILL_OPEN; i++) {
		const struct pp_tls_alert *alert = &tls->alerts[i];

		if (alert->from == PP_SERVER && alert->encrypted)
			return (goodbye && left.ts <= alert->mark.ts) || alert->mark.ts - done > PP_AT_ONCE_NS ? NULL
													       : alert;
	}
	return NULL;
}

/* Where the capture lost something a hidden one may be the end of a session that worked. */
static const struct pp_tls_alert *server_alert(const struct pp_case *c)
{
	const struct pp_tls_alert *alert = pp_alert_from(c, PP_SERVER);

	return alert || c->gates & PP_CAP(9) ? alert : hidden_word(c);
}

static void cite_client_certificate(const struct pp_case *c, struct pp_verdict *verdict, bool empty)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	if (pp_seen(tls->certificate_request))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CERTIFICATE_REQUEST,
						       .mark = tls->certificate_request,
						       .side = PP_SERVER });
	if (empty || pp_seen(tls->client_certificate))
		pp_cite(verdict,
			(struct pp_evidence){ .kind = PP_EV_CLIENT_CERTIFICATE,
					      .mark = pp_seen(tls->client_certificate) ? tls->client_certificate
										       : tls->finished[PP_CLIENT],
					      .a = empty ? 0 : (int64_t)tls->client_certificate_len });
	else
		pp_cite(verdict,
			(struct pp_evidence){ .kind = PP_EV_CERTIFICATE_SENT, .mark = tls->finished[PP_CLIENT] });
}

/* ------------------------------------------------------------------ MTLS-01 */

/* The server answered once, shortly, and closed: nginx says 400 inside.  Others close after a short answer in health.
 */
static bool short_answer_and_close(const struct pp_case *c)
{
	return c->shape.worked && c->shape.tls->app_bytes[PP_SERVER] <= ERROR_ANSWER_MOST && pp_closed_by_server(c) &&
	       c->shape.end.ts - c->shape.tls->app_data[PP_SERVER].ts <= CLOSE_AFTER_ANSWER_NS;
}

static bool no_certificate(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert;

	if (!in_handshake_or_behind(c) || pp_client_auth_of(c->shape.tls) != PP_AUTH_EMPTY)
		return false;
	alert = c->shape.worked ? NULL : server_alert(c);
	if (short_answer_and_close(c)) {
		cite_client_certificate(c, verdict, true);
		pp_cite_data(c, verdict);
		pp_cite_end(c, verdict);
		return pp_profile_wants_mtls(c) ? pp_hit(verdict, PP_STRONG)
						: pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	}
	if (c->shape.worked || c->shape.tls->app_bytes[PP_SERVER] ||
	    (!alert && (!pp_closed_by_server(c) || c->gates & PP_CAP(9))))
		return false;
	cite_client_certificate(c, verdict, true);
	if (alert)
		pp_cite_alert(verdict, alert);
	pp_cite_end(c, verdict);
	return pp_hit(verdict, alert ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_mtls_01 = {
	.id = "MTLS-01",
	.name = N_("client certificate asked, none given"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_MTLS,
	.owner = PP_OWNER_LOCAL,
	.most = PP_PROVEN,
	.signs = PP_IF(HANDSHAKE) | PP_IF(OBJECTION),
	.match = no_certificate,
	.summary = N_("{host} asks for a client certificate, this machine has none to give, and the server ends the "
		      "connection."),
	.when = N_("CertificateRequest and an empty Certificate from the client (TLS 1.3: by record length), then "
		   "alert 40 or 116, a hidden alert, or the end."),
	.traps = N_("Some services ask without requiring: it is a fault only when the server then aborts."),
	.next_test = N_("Look for the agent's certificate and its private key on this machine."),
	.remedy = REMEDY_RESTORE,
	.source = "R5246 7.4.6, R8446 4.4.2.4, ARC-TS, LAB 15",
	.alternatives = "MTLS-02,TLS-11",
};

/* ------------------------------------------------------------------ MTLS-02 */

static bool says_certificate(const struct pp_tls_alert *alert)
{
	return (alert->code >= CERTIFICATE_FIRST && alert->code <= CERTIFICATE_LAST) ||
	       alert->code == HANDSHAKE_FAILURE || alert->code == DECRYPT_ERROR || alert->code == CERTIFICATE_REQUIRED;
}

static bool certificate_rejected(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert;

	if (!in_handshake_or_behind(c) || c->shape.worked || pp_client_auth_of(c->shape.tls) != PP_AUTH_SENT)
		return false;
	alert = server_alert(c);
	if (!alert || (!alert->encrypted && !says_certificate(alert)) ||
	    (alert->encrypted && c->shape.tls->app_bytes[PP_SERVER]))
		return false;
	cite_client_certificate(c, verdict, false);
	pp_cite_alert(verdict, alert);
	pp_cite_end(c, verdict);
	return pp_hit(verdict, alert->encrypted ? PP_STRONG : PP_PROVEN);
}

const struct pp_rule pp_rule_mtls_02 = {
	.id = "MTLS-02",
	.name = N_("client certificate rejected"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_MTLS,
	.owner = PP_OWNER_LOCAL,
	.most = PP_PROVEN,
	.signs = PP_IF(HANDSHAKE) | PP_IF(ALERT),
	.match = certificate_rejected,
	.summary = N_("{host} rejects the client certificate of this machine: expired, revoked, or of an authority it "
		      "does not know."),
	.when = N_("A client certificate was sent, then alert 40, 42 to 49, 51 or 116 from the server, or in TLS 1.3 a "
		   "hidden alert and the end."),
	.traps = N_("In TLS 1.3 the alert's reason is hidden."),
	.next_test = N_("Check the dates and the issuer of the agent's certificate."),
	.remedy = REMEDY_RESTORE,
	.source = "R8446 6.2, ARC-TS",
	.alternatives = "MTLS-01,TLS-11",
};

/* ------------------------------------------------------------------ MTLS-03 */

static bool certificate_lost(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	if (!pp_stage_is(c, PP_STAGE_SECURE) || c->inspected == PP_NOT_INSPECTED || tls->resumed || !tls->complete ||
	    pp_client_auth_of(tls) != PP_AUTH_NOT_ASKED || !pp_is_mtls(c) || c->shape.ending == PP_STILL_OPEN ||
	    tls->app_bytes[PP_SERVER] > FAILED_ANSWER_MOST)
		return false;
	pp_cite_certificate(c, verdict);
	pp_cite_server_hello(c, verdict);
	if (pp_seen(pp_host_rest(c->host)->asked_certificate))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CERTIFICATE_REQUEST,
						       .mark = pp_host_rest(c->host)->asked_certificate,
						       .side = PP_SERVER });
	pp_cite_data(c, verdict);
	pp_cite_end(c, verdict);
	if (!c->shape.leaf && !pp_seen(pp_host_rest(c->host)->asked_certificate)) /* only the time tells */
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, pp_seen(pp_host_rest(c->host)->asked_certificate) && c->inspected == PP_SURELY_INSPECTED
				   ? PP_PROVEN
				   : PP_STRONG);
}

const struct pp_rule pp_rule_mtls_03 = {
	.id = "MTLS-03",
	.name = N_("client certificate lost by inspection"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_MTLS,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_WHOLE_FRAMES | PP_NEED_NO_DROPS,
	.signs = PP_IF(HANDSHAKE) | PP_IF(INSPECTED),
	.match = certificate_lost,
	.summary = N_("TLS inspection loses the client certificate that {host} requires: here nobody asks for it, so "
		      "the service cannot recognise this machine; the name has to be excluded from inspection."),
	.when = N_("A service that asks for a client certificate (by its profile, or on another path of this capture) "
		   "does not ask here, the connection is inspected, and it ends after a short answer."),
	.traps = N_("Resumption hides the request; some services ask later inside TLS."),
	.next_test = N_("Exempt {host} from inspection for one test."),
	.remedy = N_("Exclude the agent's names from TLS inspection; the client certificate is lost in it."),
	.source = "SEED4, AZ-PREM, LAB 22",
	.alternatives = "INSP-05",
};

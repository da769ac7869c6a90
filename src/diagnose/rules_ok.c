/* OK: nothing wrong.  What looks alarming in healthy traffic has a row here, so that it is named instead of accused. */
#include "diagnose/case.h"

#define NONE_NEEDED N_("None needed.")
#define NO_ACTION N_("No action.")

#define NOTEWORTHY_DELAY_NS (900 * PP_MS)
#define RECOVERY_NS (60 * PP_SECOND)
#define LAST_SYN_NS (3 * PP_SECOND) /* a resolver that does not call off the loser lets it repeat its SYN */

#define OK_ROW(number, title, test, if_signs, grade, summary_text, when_text, traps_text, source_text)                 \
	{                                                                                                              \
		.id = "OK-" number, .name = title, .scope = PP_SCOPE_CONNECTION, .outcome = PP_OUTCOME_OK,             \
		.domain = PP_DOMAIN_NONE, .owner = PP_OWNER_NONE, .most = grade, .signs = if_signs, .match = test,     \
		.summary = summary_text, .when = when_text, .traps = traps_text, .next_test = NONE_NEEDED,             \
		.remedy = NO_ACTION, .source = source_text, .alternatives = "",                                        \
	}

static void cite_success(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	if (tls && pp_seen(tls->complete_mark))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_COMPLETE, .mark = tls->complete_mark });
	if (pp_stage_is(c, PP_STAGE_ANSWERED))
		pp_cite_reply(verdict, &c->shape.exchange->reply, false);
	pp_cite_data(c, verdict);
}

/* ------------------------------------------------------------------ OK-01, OK-02, OK-07 */

/* One voice is enough for protocols that only report or only greet; what was said must have arrived.  A resolver is asked
 * and answers. */
static bool one_voice_heard(const struct pp_case *c)
{
	return !pp_lookups_beside(c) && pp_stage_is(c, PP_STAGE_ONE_VOICE) && !pp_seen(c->tcp->rst.mark) &&
	       c->client->stuck_retransmits == 0 && c->client->acked >= c->client->bytes;
}

/* Where the ServerHello was cut off, what looks like data may be the rest of a TLS 1.3 handshake, or an alert. */
static bool may_be_handshake(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_SECURE) && c->gates & PP_CAP(3) && !pp_seen(c->shape.tls->server_hello) &&
	       !c->shape.tls->complete;
}

/* Somebody broke it off (SRV-08: who), or may have: TLS does not show where an answer ends, so a reset of the server
 * straight behind its data, without a goodbye of either side, may come at its end or cut it. */
static bool may_be_cut(const struct pp_case *c)
{
	if (c->shape.ending == PP_STILL_OPEN)
		return false;
	return (pp_answer_lacks_end(&c->shape) && pp_answer_is_cut(c->conn, &c->shape)) ||
	       (pp_stage_is(c, PP_STAGE_SECURE) && c->shape.ending == PP_SERVER_RST && c->shape.tls->alert_count == 0 &&
		c->shape.end.ts - c->server->last_data.ts < PP_AT_ONCE_NS);
}

/* A refusal in clear through a proxy that names nobody. */
static bool may_be_proxys(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_ANSWERED) && c->shape.exchange->reply.status >= 400 &&
	       pp_author_is_open(c->shape.exchange);
}

static bool complete(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool unheard, cut;

	if (!c->shape.worked && !one_voice_heard(c))
		return false;
	cite_success(c, verdict);
	cut = c->signs & (PP_IF(CUT) | PP_IF(SERVER_RST)) && may_be_cut(c);
	if (cut)
		pp_cite_end(c, verdict);
	unheard = pp_stage_is(c, PP_STAGE_SECURE) && c->shape.tls->app_bytes[PP_CLIENT] == 0; /* the capture lost it */
	return pp_hit(verdict,
		      unheard || cut || may_be_handshake(c) || may_be_proxys(c) || pp_stage_is(c, PP_STAGE_ONE_VOICE)
			  ? PP_CONSISTENT
			  : PP_PROVEN);
}

const struct pp_rule pp_rule_ok_01 = OK_ROW(
    "01", N_("works"), complete, PP_IF(SPOKE), PP_PROVEN, N_("{host} works."),
    N_("TLS handshake complete and application data both ways, or a final HTTP status, or data of another protocol; "
       "any orderly end. Consistent where the answer was not whole when the client left, or where "
       "the server resets straight behind its data in TLS."),
    N_("What happens inside TLS cannot be seen, nor where an answer ends there; a status of 400 or more through a "
       "proxy may be the proxy's."),
    "diagnosis facts 2.13");

static bool reset_after_end(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!c->shape.worked || !pp_seen(c->tcp->rst.mark) || c->shape.went_on || may_be_cut(c))
		return false;
	cite_success(c, verdict);
	pp_cite_reset(c, verdict);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_ok_02 = OK_ROW(
    "02", N_("reset after the end"), reset_after_end, PP_IF(WORKED) | PP_IF(RESET), PP_STRONG,
    N_("{host} works; the reset came after the exchange was done and is harmless."),
    N_("RST after close_notify or FIN, or behind the last byte of the answer; in TLS, where that byte is not known, of "
       "the client or after a second of silence."),
    N_("Unread tickets or close_notify make a stack reset by rule; .NET closes without close_notify."),
    "R9293 SHLD-3, DN-44660, DN-44764, LAB 15, LAB 24");

static bool resumed(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!c->shape.tls || !c->shape.tls->resumed || (!c->shape.worked && !pp_stage_is(c, PP_STAGE_SECURE)) ||
	    (pp_closed_by_server(c) && !c->shape.worked))
		return false;
	pp_cite_server_hello(c, verdict);
	cite_success(c, verdict);
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_ok_07 =
    OK_ROW("07", N_("session resumption"), resumed, PP_IF(RESUMED), PP_PROVEN,
	   N_("{host} works; the TLS session was resumed, so no certificate was shown."),
	   N_("PSK accepted, or an abbreviated handshake."), N_("It also hides inspection and a CertificateRequest."),
	   "R8446 2.2, LAB 19");

/* ------------------------------------------------------------------ OK-03, OK-09, OK-10 */

static bool slow_open(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!c->shape.worked || c->tcp->syn_retransmits == 0 || !pp_seen(c->tcp->syn_ack) ||
	    c->tcp->syn_ack.ts - c->tcp->syn.ts < NOTEWORTHY_DELAY_NS)
		return false;
	pp_cite_syn(c, verdict);
	pp_cite_syn_ack(c, verdict);
	cite_success(c, verdict);
	verdict->number = (c->tcp->syn_ack.ts - c->tcp->syn.ts) / PP_MS;
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_ok_03 = OK_ROW(
    "03", N_("SYN repeated, then answered"), slow_open, PP_IF(WORKED) | PP_IF(SYN_AGAIN), PP_PROVEN,
    N_("{host} works; its TCP connection was opened only after {n} ms because a SYN had to be repeated."),
    N_("SYN retransmitted and then answered."), N_("Delay only; if it repeats, packets are being lost."), "R6298");

static bool reset_ignored(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!pp_seen(c->tcp->rst.mark) || !c->shape.worked || (c->tcp->rst.acceptable && !c->shape.went_on))
		return false;
	pp_cite_reset(c, verdict);
	cite_success(c, verdict);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_ok_09 =
    OK_ROW("09", N_("reset ignored"), reset_ignored, PP_IF(WORKED) | PP_IF(RESET), PP_STRONG,
	   N_("{host} works; a stale or forged reset was not accepted, and the connection went on."),
	   N_("A RST outside what the receiver accepts, and data continues."), N_("Somebody may try to inject resets."),
	   "R5961");

static bool fast_open_repeated(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!c->shape.worked || !c->tcp->fast_open || c->tcp->syn_retransmits == 0)
		return false;
	pp_cite_syn(c, verdict);
	cite_success(c, verdict);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_ok_10 = OK_ROW(
    "10", N_("TCP Fast Open retried without data"), fast_open_repeated, PP_IF(WORKED) | PP_IF(SYN_AGAIN), PP_STRONG,
    N_("{host} works; a device dropped the data in the SYN (TCP Fast Open), and the client tried again without it."),
    N_("Data in the SYN, the SYN repeated without it, then success."), N_("Delay only."), "R7413 7.1");

/* ------------------------------------------------------------------ OK-04, OK-08: somebody else did the job */

/* Who waited longer than a race lasts was let down; and who calls off a handshake has met more than silence. */
static bool abandoned(const struct pp_case *c)
{
	if (pp_stage_is(c, PP_STAGE_HELLO) && (c->shape.end.ts - c->conn->first.ts > PP_GROUP_NS ||
					       pp_alert_from(c, PP_CLIENT) || pp_anything_unseen(c->tcp)))
		return false;
	return pp_is_given_up(&c->shape) && (pp_stage_is(c, PP_STAGE_SYN) || !pp_alert_from(c, PP_SERVER));
}

/* The loser's address and port answer others before and after: addresses race, and this one is well. */
static bool answers_others(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_SYN) && pp_seen(c->service->answered) &&
	       c->service->answered.ts <= c->tcp->syn_last.ts + PP_GROUP_NS &&
	       c->service->last_answered >= c->tcp->syn.ts - PP_GROUP_NS;
}

static bool lost_race(const struct pp_case *c, struct pp_verdict *verdict)
{
	struct pp_mark winner;

	/* Who was refused did not lose to anybody; nor did who goes on asking when another one has long been answered. */
	if (!abandoned(c) || answers_others(c) || (pp_stage_is(c, PP_STAGE_HELLO) && c->tcp->watch_retransmits) ||
	    !pp_sibling_won(c, &winner) || c->tcp->syn_last.ts - winner.ts > LAST_SYN_NS)
		return false;
	pp_cite_syn(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_OTHER,
					       .mark = winner,
					       .text = c->host->name ? c->host->name : N_("another address") });
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_ok_04 = OK_ROW(
    "04", N_("lost the race"), lost_race, PP_IF(EARLY) | PP_IF(NOT_REFUSED), PP_STRONG,
    N_("A parallel attempt to {host} won, so this one was given up; that is how Happy Eyeballs works."),
    N_("SYN abandoned or reset while a sibling that began within 2 s works; the last SYN comes no later than 3 s "
       "after the sibling's first, and its own address and port answer nobody else at that time."),
    N_("One address family may be broken all the time."), "R8305, CF23 4.2");

/* DNS over TLS where it can be had, else without (RFC 7858 section 4.1). */
static bool asked_without_tls(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_name *lookups = c->conn->server.port == PP_DNS_OVER_TLS_PORT ? pp_lookups_beside(c) : NULL;

	if (!lookups || lookups->last_answered < c->conn->first.ts)
		return false;
	pp_cite_syn(c, verdict);
	pp_cite(verdict,
		(struct pp_evidence){ .kind = PP_EV_CONTRAST_PORT, .mark = lookups->answered, .a = PP_DNS_PORT });
	return pp_hit(verdict, PP_STRONG);
}

static bool fell_back(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_host_port *port = pp_host_port(c->host, c->who->port);
	int64_t later;

	if (asked_without_tls(c, verdict))
		return true;
	if (!pp_stage_is(c, PP_STAGE_SYN))
		return false;
	if (pp_is_wpad(c) && (pp_seen(pp_overview_of(c)->direct_worked) || pp_seen(pp_overview_of(c)->proxy_worked))) {
		pp_cite_syn(c, verdict);
		return pp_hit(verdict, PP_STRONG);
	}
	if (!c->who->host || pp_seen(c->service->answered) || !pp_seen(pp_host_worked(c->host, PP_DIRECT)) || !port ||
	    !pp_seen(port->worked) || !pp_host_worked_for(c))
		return false;
	later = port->last_worked;
	if (later < c->conn->first.ts || later - c->conn->first.ts > RECOVERY_NS)
		return false;
	pp_cite_syn(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_PATH,
					       .mark = pp_host_worked(c->host, PP_DIRECT),
					       .text = "direct" });
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_ok_08 = OK_ROW(
    "08", N_("fallback succeeded"), fell_back, PP_IF(FAILED) | PP_IF(EXCUSABLE), PP_STRONG,
    N_("This attempt for {host} failed, and another address, resolver or path did the job; it costs time, it is no "
       "fault."),
    N_("A later attempt for the same name works: another address, family, resolver or path; or DNS over TLS (853) "
       "fails, and the same resolver answers on port 53."),
    N_("The first choice stays broken and delays every start."), "R8305, SEED4");

/* ------------------------------------------------------------------ OK-05, OK-06: nobody wanted anything */

/* What a server says to a client that has left, such as an alert about the missing hello, answers nothing. */
static bool said_nothing(const struct pp_case *c)
{
	return (pp_stage_is(c, PP_STAGE_ONE_VOICE) || pp_stage_is(c, PP_STAGE_OPAQUE)) && pp_closed_by_client(c) &&
	       c->client->bytes == 0 && pp_seen(c->server->first_data) && c->server->first_data.ts > c->shape.end.ts;
}

/* The server closes because the client does. */
static bool said_goodbye(const struct pp_case *c)
{
	struct pp_mark left;

	return pp_stage_is(c, PP_STAGE_SECURE) && pp_left_first(&c->shape, &left);
}

static bool only_looked(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_facts *tls = c->shape.tls;
	bool open = pp_stage_is(c, PP_STAGE_OPEN) || said_nothing(c), tunnel = pp_stage_is(c, PP_STAGE_TUNNEL);
	bool quiet =
	    pp_stage_is(c, PP_STAGE_SECURE) && tls->app_bytes[PP_CLIENT] == 0 && pp_trust_of(c) == PP_TRUST_FINE;
	bool trusted = pp_stage_is(c, PP_STAGE_SECURE) && tls->app_bytes[PP_CLIENT] == 0 && c->shape.leaf &&
		       c->issuer && c->inspected == PP_NOT_INSPECTED;

	if (!open && !tunnel && !quiet && !trusted)
		return false;
	if (c->gates & PP_CAP(9)) /* what it said may be what is missing */
		return false;
	if (c->shape.ending == PP_STILL_OPEN && c->gates & PP_CAP(8))
		return false;
	if (pp_closed_by_server(c) && !said_goodbye(c) &&
	    (tunnel || c->shape.end.ts - c->conn->first.ts <= 2 * PP_AT_ONCE_NS))
		return false;
	pp_cite_syn_ack(c, verdict);
	pp_cite_end(c, verdict);
	/* A TLS handshake is worth something; an open port is not. */
	if (quiet || trusted)
		return pp_hit(verdict, PP_STRONG);
	return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
}

const struct pp_rule pp_rule_ok_05 = OK_ROW(
    "05", N_("only probed"), only_looked, PP_IF(QUIET), PP_STRONG,
    N_("The client only opened the connection to {host} and asked for nothing; a port test like this proves nothing "
       "about reachability behind a firewall or proxy."),
    N_("Handshake, then the end or silence without a request."),
    N_("Azure Firewall completes TCP even for what it denies; Test-NetConnection ignores the proxy."),
    "AZ-JPFW, SEED0, SEED3");

static bool half_open_scan(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_OPEN) && c->shape.ending == PP_CLIENT_RST && !pp_seen(c->tcp->established) &&
	       c->tcp->syn_retransmits == 0 && !pp_anything_unseen(c->tcp);
}

static bool from_outside(const struct pp_case *c)
{
	return c->address->is_client && !pp_addr_is_private(&c->conn->client.ip) &&
	       !pp_addr_is_loopback(&c->conn->client.ip) && pp_addr_is_private(&c->conn->server.ip);
}

static bool probes_many(const struct pp_case *c)
{
	struct pp_map_key key = pp_key_of_addr(&c->conn->client.ip);
	const struct pp_baseline *client;

	if (!c->diagnosis->seen.scanner || c->tcp->icmp_count || c->who->host || c->who->row ||
	    pp_is_web_port(c->conn->server.port))
		return false;
	client = pp_map_find(&c->diagnosis->addresses, &key);
	return client && client->scans;
}

static bool scan(const struct pp_case *c)
{
	return half_open_scan(c) || (pp_stage_is(c, PP_STAGE_SYN) &&
				     (c->address->scanned || from_outside(c) || probes_many(c) || pp_traces_route(c)));
}

/* Whose hello or request was captured is judged by that, however it was opened. */
static bool already_open(const struct pp_case *c)
{
	bool known = c->shape.exchange || c->shape.connect ||
		     (c->shape.tls && (pp_seen(c->shape.tls->client_hello) || pp_seen(c->shape.tls->server_hello)));

	return c->gates & PP_CAP(1) && !known && c->client->bytes && c->server->bytes && !c->tcp->one_sided &&
	       !(c->shape.ending == PP_SERVER_RST && pp_is_pending(c)) && c->client->stuck_retransmits == 0;
}

static bool probe_or_old(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (scan(c)) {
		pp_cite_syn(c, verdict);
		pp_cite_end(c, verdict);
		return pp_hit(verdict, PP_STRONG);
	}
	if (!already_open(c))
		return false;
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CAPTURE,
					       .mark = c->conn->first,
					       .text = N_("the connection was already open when the capture began") });
	pp_cite_data(c, verdict);
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_ok_06 = OK_ROW(
    "06", N_("probe, scan, or open before the capture"), probe_or_old, PP_IF(PROBE), PP_STRONG,
    N_("Nothing wrong was seen with {host}: a probe or scan, or a connection that was open before the capture began."),
    N_("Many ports or hosts asked in vain, half-open connections, attempts from outside at this host, SYNs of a route "
       "trace (TTL of 30 or less); or a connection joined midway, with data both ways and no reset while a request "
       "waits."),
    N_("How a connection joined midway was opened cannot be known."), "CF23 4.2, WS");

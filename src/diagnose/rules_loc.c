/* LOC: the host that runs the agent. */
#include "diagnose/case.h"

#define REMEDY_PROXY                                                                                                   \
	N_("Configure or bypass the proxy for the account that runs the agent: defaultProxy in the connector's and "   \
	   "the updater's configuration, the machine's proxy settings for Local System and the service account; "      \
	   "bypass localhost, 168.63.129.16 and 169.254.169.254.")

enum { ANSWERS_UNTAKEN = 3 };

/* ------------------------------------------------------------------ LOC-01 */

static bool says_unreachable(const struct pp_icmp_error *error)
{
	return error->ip_version == 6 ? error->type == 1 && (error->code == 0 || error->code == 3)
				      : error->type == 3 && error->code <= 1;
}

static bool no_route(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_icmp_error *error = pp_icmp_of(c, says_unreachable);

	if (!error || !pp_addr_equal(&error->from, &c->conn->client.ip))
		return false;
	pp_cite(verdict,
		(struct pp_evidence){
		    .kind = PP_EV_ICMP, .mark = error->mark, .a = error->type, .b = error->code, .addr = error->from });
	verdict->device = error->from;
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_loc_01 = {
	.id = "LOC-01",
	.name = N_("no route, or the gateway does not answer"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_LOCAL,
	.owner = PP_OWNER_LOCAL,
	.most = PP_PROVEN,
	.signs = PP_IF(ICMP),
	.match = no_route,
	.summary = N_("This host cannot reach its own gateway or has no route to {host}, so no packet leaves it: "
		      "network card, VLAN or default gateway of this machine."),
	.when = N_("At least three ARP or neighbour requests for the next hop without a reply, from a host that was "
		   "never answered by another, or an ICMP unreachable from the host itself; no SYN leaves."),
	.traps = N_("The reply may have passed outside the capture point; requests for addresses that nobody owns are "
		    "noise, and those of other hosts are broadcast to this one."),
	.next_test = N_("Ping the default gateway and look at the ARP table."),
	.remedy = N_("Check network card, VLAN and default gateway."),
	.source = "R9293 3.9.2.2",
	.alternatives = "FW-03",
};

/* ------------------------------------------------------------------ LOC-02 */

static const int64_t GIVE_UP_NS = 3 * PP_SECOND; /* sooner it is a choice, not impatience */

static bool client_gave_up(const struct pp_case *c, struct pp_verdict *verdict)
{
	struct pp_mark since = pp_seen(c->tcp->watch) ? c->tcp->watch : c->client->last_data;

	if (!pp_closed_by_client(c) || c->shape.worked || !pp_seen(since) ||
	    (pp_seen(c->tcp->watch_answer) && !c->shape.unheard))
		return false;
	if (c->shape.end.ts - since.ts < GIVE_UP_NS)
		return false;
	pp_cite_request(c, verdict);
	pp_cite_end(c, verdict);
	verdict->number = (c->shape.end.ts - since.ts) / PP_SECOND;
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_loc_02 = {
	.id = "LOC-02",
	.name = N_("the client gave up first"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_INCONCLUSIVE,
	.domain = PP_DOMAIN_LOCAL,
	.owner = PP_OWNER_NONE,
	.most = PP_STRONG,
	.signs = PP_IF(CLIENT_LEFT) | PP_IF(FAILED),
	.match = client_gave_up,
	.summary =
	    N_("The client itself ended the connection to {host} after {n} s; from this capture it cannot be told "
	       "why."),
	.when = N_("FIN or RST from the client while it waits, without an alert or an error of the peer."),
	.traps =
	    N_("It names a victim: what was pending decides. Windows ends failed retransmissions with RST,ACK itself."),
	.next_test = N_("Look at the client's log for the time-out or cancellation at this time."),
	.remedy = N_("Look for the cause of what was pending; the client only reacted."),
	.source = "M-TCPIP",
	.alternatives = "SRV-04,FW-06,CAP-08",
};

/* ------------------------------------------------------------------ LOC-03 */

static bool is_required(const struct pp_agent_row *agent, const char *category)
{
	for (unsigned i = 0; agent && i < agent->required_count; i++)
		if (strcmp(agent->required[i], category) == 0)
			return true;
	return false;
}

static bool any_address_contacted(const struct pp_case *c)
{
	for (unsigned i = 0; i < c->lookup->address_count; i++) {
		struct pp_map_key key = pp_key_of_addr(&c->lookup->addresses[i]);

		if (pp_map_find(&c->diagnosis->addresses, &key))
			return true;
	}
	return false;
}

/* Only for what the agent's profile requires: browsers look up names that they never contact. */
static bool resolved_and_left(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_lookup *lookup = c->lookup;

	if (lookup->address_count == 0 || c->host->observed ||
	    !is_required(c->diagnosis->options.agent, c->who->category) || c->end - lookup->last.ts < 30 * PP_SECOND ||
	    pp_seen(pp_overview_of(c)->proxy_worked) || any_address_contacted(c))
		return false;
	pp_cite(verdict,
		(struct pp_evidence){ .kind = PP_EV_DNS_ADDRESS, .mark = lookup->last, .addr = lookup->addresses[0] });
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_loc_03 = {
	.id = "LOC-03",
	.name = N_("no SYN although the name resolved"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_INCONCLUSIVE,
	.domain = PP_DOMAIN_LOCAL,
	.owner = PP_OWNER_LOCAL,
	.most = PP_CONSISTENT,
	.match = resolved_and_left,
	.summary = N_("{host} was resolved, but no connection to it was tried in this capture: a local filter, the "
		      "agent itself or another network card cannot be told apart from this capture."),
	.when = N_("A name the agent requires was answered, and within 30 s no SYN went to any of its addresses or to "
		   "a proxy."),
	.traps = N_("The traffic may leave by another network card, or the connection was open before."),
	.next_test = N_("Capture on all network cards and look for local drops in the firewall's audit log."),
	.remedy = N_("Audit local drops: auditpol /set /subcategory:\"Filtering Platform Packet Drop\", netsh wfp show "
		     "state."),
	.source = "M-TCPIP",
	.alternatives = "CAP-08",
};

/* ------------------------------------------------------------------ LOC-04 */

/* The client speaks TLS to a port where others speak HTTP proxy; it may have asked for a tunnel where the capture lost
 * something, or cut what it said first. */
static bool tls_to_proxy(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_HELLO) && !(c->gates & PP_CAP(9)) && c->service->proxy &&
	       pp_mark_same(&c->client->first_data, &c->shape.tls->client_hello_begin) && !c->shape.asked_proxy &&
	       !pp_seen(c->shape.tls->not_tls) && (pp_closed_by_server(c) || !pp_seen(c->tcp->watch_answer));
}

/* It goes direct where nothing direct works, while others on this host use a proxy that does. */
static bool direct_past_proxy(const struct pp_case *c)
{
	const struct pp_overview *seen = pp_overview_of(c);

	return pp_stage_is(c, PP_STAGE_SYN) && c->path == PP_DIRECT && !pp_seen(c->tcp->rst.mark) &&
	       c->tcp->syn_retransmits >= 2 && (c->conn->server.port == 443 || c->conn->server.port == 80) &&
	       pp_seen(seen->proxy_worked) && !pp_seen(seen->direct_worked);
}

/* Whoever was reached has not said a word for the server. */
#define BEFORE_ANSWER                                                                                                  \
	(1U << PP_STAGE_SYN | 1U << PP_STAGE_OPEN | 1U << PP_STAGE_CONNECT | 1U << PP_STAGE_DENIED |                   \
	 1U << PP_STAGE_TUNNEL | 1U << PP_STAGE_HELLO | 1U << PP_STAGE_ASKED | 1U << PP_STAGE_SOCKS)

/* What a service of the capture is told to use, where it did not and failed; NULL: nothing like that. */
static const struct pp_proxy_setting *setting_not_followed(const struct pp_case *c)
{
	const struct pp_proxy_settings *settings = c->diagnosis->options.settings;
	const struct pp_proxy_setting *setting = settings ? pp_proxy_setting_for(settings, c->who->port) : NULL;
	const struct pp_process *process = c->conn->process;

	if (!setting || !process || !process->ours || c->shape.worked || !(BEFORE_ANSWER >> c->shape.stage & 1))
		return NULL;
	if (c->path == PP_BY_PROXY)
		return c->shape.asked_proxy && !pp_proxy_is_set(settings, &c->conn->server) ? setting : NULL;
	return pp_proxy_bypassed(settings, c->who->host, &c->conn->server.ip, c->who->category) ? NULL : setting;
}

static bool cite_setting(const struct pp_case *c, const struct pp_proxy_setting *setting, struct pp_verdict *verdict)
{
	if (pp_stage_is(c, PP_STAGE_SYN))
		pp_cite_syn(c, verdict);
	else
		pp_cite_request(c, verdict);
	pp_cite_end(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_SETTING, .text = setting->said });
	return pp_hit(verdict, PP_STRONG);
}

static bool wrong_proxy_setting(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_proxy_setting *setting = setting_not_followed(c);

	if (setting)
		return cite_setting(c, setting, verdict);
	if (tls_to_proxy(c)) {
		pp_cite_hello(c, verdict);
		pp_cite_end(c, verdict);
		return pp_hit(verdict, PP_STRONG);
	}
	if (!direct_past_proxy(c))
		return false;
	pp_cite_syn(c, verdict);
	pp_cite_silence(c, verdict, c->tcp->syn);
	pp_cite(verdict, (struct pp_evidence){
			     .kind = PP_EV_CONTRAST_PATH, .mark = pp_overview_of(c)->proxy_worked, .text = "proxy" });
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_loc_04 = {
	.id = "LOC-04",
	.name = N_("wrong proxy configuration on the host"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_LOCAL,
	.owner = PP_OWNER_LOCAL,
	.most = PP_STRONG,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_WAITED,
	.signs = PP_IF(PROXY_MISSED),
	.match = wrong_proxy_setting,
	.summary =
	    N_("This machine's proxy setting is wrong or not followed for {service}: the client went to {server}, and "
	       "not the way that is set or that its working connections take."),
	.when =
	    N_("SYNs to 443 or 80 are dropped while other connections of the capture use a working proxy and none "
	       "works directly; or a ClientHello is sent to a proxy's port without a CONNECT; or, in a live capture, "
	       "a service is told to use a proxy (environment of its unit, azcmagent, its own files), and a "
	       "connection of it that goes straight or to another proxy fails, though nothing exempts its host."),
	.traps = N_("A destination that is meant to be reached directly and is blocked for another reason."),
	.next_test = N_("Compare the User-Agent and the account of the failing and the working process, and their "
			"proxy settings."),
	.remedy = REMEDY_PROXY,
	.source = "SEED4, SEED2, ARC-PX",
	.alternatives = "FW-01",
};

/* ------------------------------------------------------------------ LOC-05 */

static bool clock_wrong(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!c->shape.tls || pp_trust_of(c) != PP_TRUST_CLOCK)
		return false;
	pp_cite_refusal(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CERTIFICATE_TIME,
					       .mark = c->shape.tls->certificate,
					       .side = PP_SERVER,
					       .a = c->shape.leaf->not_before,
					       .b = c->shape.leaf->not_after });
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_loc_05 = {
	.id = "LOC-05",
	.name = N_("client clock wrong"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_LOCAL,
	.owner = PP_OWNER_LOCAL,
	.most = PP_STRONG,
	.signs = PP_IF(DISTRUST),
	.match = clock_wrong,
	.summary = N_("The client calls the certificate of {host} expired although it is valid at the time of the "
		      "capture: the clock of this machine is very probably wrong."),
	.when =
	    N_("Alert certificate_expired from the client while every certificate shown covers the capture's time."),
	.traps =
	    N_("When the capture was made with the same wrong clock, compare with a Date header of a proxy or server."),
	.next_test = N_("Compare the machine's clock with a time server."),
	.remedy = N_("Correct the clock and the time service of this machine."),
	.source = "R8446 6",
	.alternatives = "TRUST-03",
};

/* ------------------------------------------------------------------ LOC-06 */

/* A lone old hello behind a newer one is the fallback after a failure, not its cause: then a better offer was made here
 * too, and by this client, if not here then elsewhere.  By address, because the oldest hellos carry no name. */
static bool falls_back(const struct pp_case *c)
{
	return c->service->best_offer > PP_TLS_1_1 && pp_overview_of(c)->best_offer > PP_TLS_1_1;
}

static bool legacy_tls(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert = pp_alert_from(c, PP_SERVER);
	bool refused = alert && (alert->code == 70 || alert->code == 40 || alert->code == 71);

	if (!pp_stage_is(c, PP_STAGE_HELLO) || c->shape.offer == 0 || c->shape.offer > PP_TLS_1_1 || falls_back(c) ||
	    (!refused && (alert || !pp_closed_by_server(c) || c->server->bytes || c->gates & PP_CAP(9))))
		return false;
	pp_cite_hello(c, verdict);
	if (refused)
		pp_cite_alert(verdict, alert);
	pp_cite_end(c, verdict);
	return pp_hit(verdict, refused ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_loc_06 = {
	.id = "LOC-06",
	.name = N_("legacy TLS on the client"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_LOCAL,
	.owner = PP_OWNER_LOCAL,
	.most = PP_PROVEN,
	.signs = PP_IF(HELLO) | PP_IF(OLD_OFFER),
	.match = legacy_tls,
	.summary = N_("This machine offers {host} no TLS newer than 1.1, and the server refuses it: enable TLS 1.2 on "
		      "this machine."),
	.when = N_("The ClientHello offers at most TLS 1.1 or has the SSLv2 form, and the peer answers alert 70 or 40, "
		   "or closes."),
	.traps = N_("Windows may retry with an old version after a reset; then the first attempt is the cause."),
	.next_test = N_("Repeat with a client that offers TLS 1.2."),
	.remedy = N_("Enable TLS 1.2 or newer (SCHANNEL registry keys, .NET strong cryptography); TLS 1.0 and 1.1 must "
		     "not be used."),
	.source = "SEED0, R8996, R5246 E.2",
	.alternatives = "TLS-01,TLS-02",
};

/* ------------------------------------------------------------------ LOC-07 */

/* Everything here is systemd's word, not the network's; what it weighs beside broken connections is for conclude.c. */
static bool service_failed(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_failed_unit *unit = c->unit;
	const struct pp_note *note = unit->note;
	bool restarts = note->flags & PP_NOTE_RESTARTS;

	verdict->host = note->text[0];
	verdict->detail = note->text[1];
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_UNIT_STATE, .text = note->text[1] });
	if (restarts)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_UNIT_RESTARTS, .a = note->number });
	else if (note->number)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_UNIT_EXIT,
						       .a = note->number,
						       .b = note->flags & PP_NOTE_SIGNAL ? 1 : 0 });
	if (note->text[3])
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_UNIT_SAID, .text = note->text[3] });
	for (unsigned i = 0; i < unit->log_count; i++)
		if (unit->log[i])
			pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_UNIT_LOG, .text = unit->log[i] });
	return pp_hit(verdict, restarts ? PP_STRONG : PP_PROVEN);
}

const struct pp_rule pp_rule_loc_07 = {
	.id = "LOC-07",
	.name = N_("the service does not start or stay up"),
	.scope = PP_SCOPE_CAPTURE,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_LOCAL,
	.owner = PP_OWNER_LOCAL,
	.most = PP_PROVEN,
	.match = service_failed,
	.summary = N_("The service {host} of this machine did not start or did not stay up: {detail}. Its own log says "
		      "why."),
	.when = N_("A live capture restarted the service or found it running, and systemd calls it failed at the end, "
		   "or had to start it again three times. This id is pathproof's own. Where a connection of the same "
		   "capture that may be the service's is a fault, that fault is the conclusion and this its "
		   "consequence."),
	.traps =
	    N_("A service may fail because a connection of it broke in a way the capture does not show: at another "
	       "interface, or before the capture began."),
	.next_test = N_("Start the service again and read its log: systemctl restart {host}; journalctl -u {host}."),
	.remedy =
	    N_("Mend what the service's log names; where a connection broke in the same capture, mend that first."),
	.source = "systemd.service(5), systemctl(1)",
	.alternatives = "LOC-03",
};

/* ------------------------------------------------------------------ LOC-08 */

/* The client repeats its SYN, so it has not heard the SYN-ACKs that stand in a capture of its own link, not of the
 * server's: what is between that and the client's TCP is the client's. */
static bool answer_not_taken(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tcp_facts *tcp = c->tcp;
	bool reset = pp_seen(tcp->rst.mark);

	if (tcp->syn_ack_count < ANSWERS_UNTAKEN || pp_seen(tcp->established) || c->client->bytes || c->server->bytes ||
	    (reset && tcp->rst.from == PP_SERVER) || tcp->syn_last.ts - tcp->syn_ack.ts < PP_AT_ONCE_NS ||
	    pp_hops(c->client->profile.ttl_min) != 0 || pp_hops(c->server->profile.ttl_min) == 0)
		return false;
	pp_cite_syn(c, verdict);
	pp_cite_syn_ack(c, verdict);
	if (reset)
		pp_cite_reset(c, verdict);
	verdict->number = tcp->syn_ack_count;
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_loc_08 = {
	.id = "LOC-08",
	.name = N_("answers arrive and are not taken"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_LOCAL,
	.owner = PP_OWNER_LOCAL,
	.most = PP_CONSISTENT,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS,
	.signs = PP_IF(EARLY),
	.match = answer_not_taken,
	.summary =
	    N_("{server} answers the SYN for {service} ({n} times), but this machine never takes the answer: a packet "
	       "filter on it, or its network card or driver, drops what arrives."),
	.when = N_(
	    "Three or more SYN-ACKs in a capture of the client's own link (its TTL is an initial one, the server's is "
	    "not), and a second after the first one the client still repeats its SYN. This id is pathproof's own."),
	.traps = N_("A capture on a device of the client's network sees the same where that network loses them."),
	.next_test = N_(
	    "Audit local drops: auditpol /set /subcategory:\"Filtering Platform Packet Drop\", netsh wfp show state; "
	    "on Linux the counters of nft list ruleset, and nstat for checksum errors."),
	.remedy = N_(
	    "Let the answers through in the packet filter of this machine; where none drops them, look at its network "
	    "card's errors and offloads."),
	.source = "K-SYSCTL, R9293 3.5",
	.alternatives = "FW-05,CAP-08",
};

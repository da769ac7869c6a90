/* FW once a connection stands: devices that let TCP through and stop what is asked for, or cut what had worked.
 *
 * A device is named where it speaks: by its own page, or by a reset or close that the far end cannot have sent.
 */
#include "diagnose/rules_fw.h"

/* ------------------------------------------------------------------ FW-06 */

static bool is_request_stage(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_HELLO) || pp_stage_is(c, PP_STAGE_ASKED);
}

static bool cite_other_name(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_good_name *other = pp_other_name(c);

	if (!other || !pp_stage_is(c, PP_STAGE_HELLO))
		return false;
	pp_cite(verdict, (struct pp_evidence){
			     .kind = PP_EV_CONTRAST_SNI, .mark = other->mark, .text = pp_good_name_text(c, other) });
	return true;
}

/* How often the request was sent again without any of it being acknowledged; of protocols nobody knows, their first
 * bytes. */
static uint32_t unheard(const struct pp_case *c)
{
	if (is_request_stage(c))
		return pp_seen(c->tcp->watch_acked) || c->tcp->watch_part_acked ? 0 : c->tcp->watch_retransmits;
	return pp_stage_is(c, PP_STAGE_ONE_VOICE) && c->client->acked == 0 ? c->client->stuck_retransmits : 0;
}

static bool request_swallowed(const struct pp_case *c, struct pp_verdict *verdict)
{
	uint32_t again = unheard(c);
	bool contrast;

	if (again < 2 || pp_closed_by_server(c) || c->server->bytes || !pp_seen(c->tcp->syn_ack))
		return false;
	pp_cite_syn_ack(c, verdict);
	pp_cite_request(c, verdict);
	if (pp_stage_is(c, PP_STAGE_HELLO))
		pp_cite(verdict, (struct pp_evidence){
				     .kind = PP_EV_HELLO_NOT_ACKED, .mark = pp_last_sent(c->client), .a = again });
	else
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_RETRANSMIT,
						       .mark = pp_last_sent(c->client),
						       .a = again,
						       .b = c->client->stuck_payload });
	pp_cite_silence(c, verdict, c->client->first_data);
	contrast = cite_other_name(c, verdict);
	verdict->number = again;
	return pp_hit(verdict, contrast ? PP_STRONG : PP_CONSISTENT);
}

const struct pp_rule pp_rule_fw_06 = {
	.id = "FW-06",
	.name = N_("ClientHello swallowed"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_WAITED,
	.signs = PP_IF(RESENT),
	.match = request_swallowed,
	.summary = N_("{server} accepts the TCP connection, but the request for {service} is never acknowledged ({n} "
		      "repetitions): a filter that drops it silently or a broken path, which cannot be told apart from "
		      "this capture; the network team has to look first."),
	.when = N_("TCP handshake done, the whole ClientHello sent and repeated at least twice, and no byte of it is "
		   "ever acknowledged."),
	.traps = N_("The path may have broken just then; large packets may be lost (MTU-02); a load balancer may "
		    "accept for a dead backend."),
	.next_test = N_("Try another server name at the same address: if that one passes, the name is filtered."),
	.remedy = REMEDY_APPLICATION,
	.source = "AZ-JPFW, AZ-IDPS, LAB 7",
	.alternatives = "MTU-02,FW-15,SRV-04",
};

/* ------------------------------------------------------------------ FW-07 */

static bool request_reset(const struct pp_case *c)
{
	return (is_request_stage(c) || pp_stage_is(c, PP_STAGE_FLIGHT)) && c->shape.ending == PP_SERVER_RST;
}

static bool reset_by_device(const struct pp_case *c, struct pp_verdict *verdict)
{
	struct pp_foreign foreign;
	bool contrast;

	if (!request_reset(c))
		return false;
	foreign = pp_reset_is_foreign(c);
	if (!foreign.ttl && !foreign.early)
		return false;
	pp_cite_syn_ack(c, verdict);
	pp_cite_request(c, verdict);
	pp_cite_reset(c, verdict);
	pp_cite_foreign(c, verdict, &foreign);
	contrast = cite_other_name(c, verdict);
	return pp_hit(verdict, contrast || (foreign.ttl && foreign.early) ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_fw_07 = {
	.id = "FW-07",
	.name = N_("reset on ClientHello by a device"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_REAL_NETWORK,
	.signs = PP_IF(SERVER_RST),
	.match = reset_by_device,
	.summary =
	    N_("A device on the path resets the connection as soon as it sees the request for {service}; the reset "
	       "does not come from {server}: a firewall filters it, by its name or its address."),
	.when = N_("RST after the ClientHello in less than half a round trip, or with another hop count than the "
		   "server's packets; no TLS byte."),
	.traps = N_("A reset of the server's own socket carries its timestamps, next IP ID and hop count (SRV-02)."),
	.next_test = N_("Try another server name at the same address, and ask for the firewall's log at this time."),
	.remedy = REMEDY_DEVICE,
	.source = "PAN-HS, FTN-NGFW, LAB 6",
	.alternatives = "SRV-02,FW-13",
};

/* ------------------------------------------------------------------ FW-08, FW-10 */

static void cite_closed(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_overview *seen = pp_overview_of(c);
	int64_t hello = pp_lowest_but(&c->address->hello, c->conn->index);

	pp_cite_syn_ack(c, verdict);
	pp_cite_hello(c, verdict);
	pp_cite_acked(c, verdict);
	pp_cite_end(c, verdict);
	if (hello >= 0 && c->shape.near_ns >= 0)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_TERMINATOR,
						       .mark = c->tcp->syn_ack,
						       .a = c->shape.near_ns / 1000,
						       .b = hello / PP_MS });
	else if (pp_seen(seen->terminated))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_TERMINATOR,
						       .mark = seen->terminated,
						       .a = seen->terminated_rtt / 1000,
						       .b = seen->terminated_hello / PP_MS });
	if (pp_seen(pp_host_rest(c->host)->page_470))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_HTTP_STATUS,
						       .mark = pp_host_rest(c->host)->page_470,
						       .a = 470,
						       .side = PP_SERVER });
	cite_other_name(c, verdict);
}

/* SSL 2.0 and 3.0 have no place for one. */
static bool sends_no_name(const struct pp_case *c)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	return tls && pp_seen(tls->client_hello) && !tls->sni && !tls->sni_unknown && !pp_is_outdone(c);
}

static bool closed_by_terminator(const struct pp_case *c, struct pp_verdict *verdict)
{
	enum pp_terminator terminator;

	if (!pp_closed_after_hello(c->conn, &c->shape) || c->path != PP_DIRECT || pp_alert_from(c, PP_CLIENT))
		return false;
	terminator = pp_terminator_here(c);
	if (terminator == PP_NO_TERMINATOR)
		return false;
	cite_closed(c, verdict);
	if (pp_seen(pp_host_rest(c->host)->page_470))
		return pp_hit(verdict, PP_PROVEN);
	return pp_hit(verdict, terminator == PP_TERMINATOR ? PP_STRONG : PP_CONSISTENT);
}

const struct pp_rule pp_rule_fw_08 = {
	.id = "FW-08",
	.name = N_("L7 terminator closes after ClientHello"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS | PP_NEED_REAL_NETWORK,
	.signs = PP_IF(HELLO) | PP_IF(SERVER_CLOSED) | PP_IF(DIRECT),
	.match = closed_by_terminator,
	.summary = N_("A firewall that ends TCP itself (an Azure Firewall application rule does) took the ClientHello "
		      "for {host} and closed without a TLS byte: the name is not allowed."),
	.when = N_("The whole ClientHello is acknowledged, then FIN or RST within about 1 s without any payload, and "
		   "the TCP end is near: other ServerHellos take much longer, several names end like this, a 470 page "
		   "was seen, or other names pass here."),
	.traps = N_("A server that closes silently for that name or for its cipher suites (TLS-03), a dead backend "
		    "that closes before the ClientHello is acknowledged (SRV-07). A TCP port test succeeds behind such "
		    "a firewall."),
	.next_test = N_("Ask for the firewall's log lines \"Action: Deny\" for {host}; request the same host over "
			"plain HTTP and look for status 470."),
	.remedy = REMEDY_APPLICATION,
	.source = "AZ-JPFW, SEED3, LAB 9",
	.alternatives = "TLS-03,SRV-03,SRV-07",
};

static bool closed_without_name(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool closed = pp_closed_after_hello(c->conn, &c->shape), near, contrast = c->service->passed_count > 0;
	struct pp_foreign foreign;

	if (!sends_no_name(c) || c->path != PP_DIRECT || pp_alert_from(c, PP_SERVER) || (!closed && !request_reset(c)))
		return false;
	foreign = pp_reset_is_foreign(c);
	near = closed && pp_terminator_here(c) != PP_NO_TERMINATOR;
	if (!near && !contrast && !(request_reset(c) && (foreign.ttl || foreign.early)))
		return false;
	cite_closed(c, verdict);
	if (request_reset(c))
		pp_cite_foreign(c, verdict, &foreign);
	return pp_hit(verdict, contrast ? PP_STRONG : PP_CONSISTENT);
}

const struct pp_rule pp_rule_fw_10 = {
	.id = "FW-10",
	.name = N_("no server name"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS | PP_NEED_REAL_NETWORK,
	.signs = PP_IF(UNNAMED) | PP_IF(DIRECT) | PP_IF(SERVER_CLOSED),
	.match = closed_without_name,
	.summary = N_("The client sends {server} no server name (SNI), and the connection is closed for it; a firewall "
		      "with application rules denies such traffic: it needs a network rule."),
	.when = N_("The shape of FW-08 or FW-07, and the ClientHello carries no server_name, while hellos with a name "
		   "pass at that address."),
	.traps = N_("A server may itself demand a name. A hello of TLS 1.1 or older beside newer ones that pass may be "
		    "closed for its version: that is undecided."),
	.next_test = N_("Repeat with a server name to the same address."),
	.remedy = REMEDY_APPLICATION,
	.source = "AZ-JPFW",
	.alternatives = "FW-08,FW-07,TLS-04",
};

/* ------------------------------------------------------------------ FW-09 */

/* Azure Firewall's page names its author.  Other pages are taken for a filter's only where the status says so too: web
 * application firewalls of the origin write such pages as well, so that is never proof. */
static bool names_a_filter(const struct pp_case *c, const struct pp_http_reply *reply)
{
	return reply->page == PP_PAGE_AZURE_FIREWALL || reply->status == 470 ||
	       (reply->status == PP_NETWORK_LOGIN && !pp_proxy_reply(c)) ||
	       (reply->page == PP_PAGE_BLOCK && reply->status >= 400 && c->path == PP_DIRECT);
}

static const char *author(const struct pp_http_reply *reply)
{
	if (reply->page == PP_PAGE_AZURE_FIREWALL || reply->status == 470)
		return "Azure Firewall";
	if (reply->status == PP_NETWORK_LOGIN)
		return "Network Authentication Required";
	return reply->x_squid_error ? reply->x_squid_error : reply->server ? reply->server : "HTTP";
}

static bool answered_in_between(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_http_reply *reply = pp_stage_is(c, PP_STAGE_DENIED)     ? &c->shape.connect->reply
					    : pp_stage_is(c, PP_STAGE_ANSWERED) ? &c->shape.exchange->reply
										: NULL;
	bool squid;

	if (!reply)
		return false;
	squid = pp_stage_is(c, PP_STAGE_ANSWERED) && !c->shape.exchange->absolute_form && pp_reply_is_squids(reply);
	if (!squid && !names_a_filter(c, reply))
		return false;
	pp_cite_request(c, verdict);
	pp_cite_reply(verdict, reply, false);
	verdict->number = reply->status;
	verdict->detail = author(reply);
	/* Squid answers a client that does not know of it: in between, or in front of the server. */
	if (squid && (c->shape.asked_proxy || pp_terminator_here(c) != PP_TERMINATOR))
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, reply->page == PP_PAGE_AZURE_FIREWALL ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_fw_09 = {
	.id = "FW-09",
	.name = N_("answered in the server's place"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.signs = PP_IF(ANSWER),
	.match = answered_in_between,
	.summary =
	    N_("A filter, portal or proxy answers the request for {host} in the server's place (status {n}, {detail}): "
	       "it has to let the request through, or its log tells what failed there."),
	.when = N_("Status 470 with \"Action: Deny\" as Azure Firewall writes it, an error page that names a filter, "
		   "status 511, which only those send who control access to the network (a captive portal), or an "
		   "error of Squid's own to a client that asked no proxy, from an end of TCP that is nearer than the "
		   "server."),
	.traps = N_("A 403 of the origin, or of its own web application firewall. A Squid of which nothing shows that "
		    "it is nearer may stand in front of the server."),
	.next_test = NEXT_LOG,
	.remedy =
	    N_("Add a rule for the name where the answer comes from (on the Azure Firewall an application rule), or "
	       "let the agents through without a login; verify with a whole request instead of a port test."),
	.source = "AZ-JPFW, SEED3",
	.alternatives = "SRV-06,PRX-07",
};

/* ------------------------------------------------------------------ FW-11 */

static bool large_hello(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool stuck = c->tcp->watch_part_acked && !pp_seen(c->tcp->watch_acked) && c->tcp->watch_retransmits >= 2 &&
		     !pp_closed_by_server(c);
	bool short_passed;

	if (!pp_stage_is(c, PP_STAGE_HELLO) || c->tcp->watch_segments < 2 || c->server->bytes)
		return false;
	short_passed = pp_short_hello_passed(c);
	if (!stuck && !(pp_closed_by_server(c) && short_passed))
		return false;
	pp_cite_hello(c, verdict);
	if (stuck)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_RETRANSMIT,
						       .mark = pp_last_sent(c->client),
						       .a = c->tcp->watch_retransmits,
						       .b = c->client->stuck_payload });
	pp_cite_end(c, verdict);
	if (short_passed)
		pp_cite(verdict, (struct pp_evidence){
				     .kind = PP_EV_CONTRAST_SNI, .mark = c->host->passed, .text = c->host->name });
	verdict->number = c->shape.tls->client_hello_len;
	return pp_hit(verdict, short_passed ? (stuck ? PP_STRONG : PP_PROVEN) : PP_CONSISTENT);
}

const struct pp_rule pp_rule_fw_11 = {
	.id = "FW-11",
	.name = N_("large ClientHello"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_WAITED,
	.signs = PP_IF(HELLO) | PP_IF(SPLIT),
	.match = large_hello,
	.summary = N_("Something on the path to {host} cannot take a ClientHello that spans several packets ({n} "
		      "bytes): a device, or the server, has to be updated."),
	.when = N_("The ClientHello spans two or more segments and is reset or only its first segment is acknowledged, "
		   "while a smaller one to the same name passes."),
	.traps = N_("Loss of large packets (MTU-02); one lost packet."),
	.next_test = N_("Repeat with the post-quantum key share turned off: the hello then fits one packet."),
	.remedy = N_("Update the device or server that cannot take a ClientHello in two segments; until then turn off "
		     "the post-quantum key share on the client."),
	.source = "TLDR, PAN-PQ, LAB 25",
	.alternatives = "MTU-02,FW-07,FW-06",
};

const struct pp_rule pp_rule_fw_12 = {
	.id = "FW-12",
	.name = N_("QUIC blocked, TCP works"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_OK,
	.domain = PP_DOMAIN_NONE,
	.owner = PP_OWNER_NONE,
	.most = PP_CONSISTENT,
	.match = NULL,
	.summary = N_("UDP port 443 to {host} is not answered; the client fell back to TCP, which is no fault."),
	.when = N_("QUIC packets unanswered, then TLS over TCP succeeds."),
	.traps = N_("Some networks block UDP on purpose."),
	.next_test = N_("None needed."),
	.remedy = N_("No action."),
	.source = "R9308 2",
	.alternatives = "",
};

/* ------------------------------------------------------------------ FW-13 */

/* The true peer goes on behind the reset's sequence number.  Packets of one sender may be swapped by a fraction of a
 * millisecond, and much later they belong to something else. */
static bool peer_went_on(const struct pp_case *c)
{
	const struct pp_tcp_reset *rst = &c->tcp->rst;
	int64_t after = rst->peer_later.ts - rst->mark.ts;

	return pp_seen(rst->peer_later) && after >= PP_MS && after <= PP_SECOND;
}

static bool injected_reset(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tcp_reset *rst = &c->tcp->rst;
	struct pp_foreign foreign;
	bool train;

	if (!pp_seen(rst->mark) || rst->from != PP_SERVER || rst->after == PP_PHASE_CLOSE || c->shape.went_on ||
	    pp_stage_is(c, PP_STAGE_SYN) || c->gates & PP_CAP(6))
		return false;
	foreign = pp_reset_is_foreign(c);
	train = rst->count >= 2 && (rst->seq_grows || ((rst->acks_differ || rst->mixed_flags) && foreign.ttl));
	if (!peer_went_on(c) && !train)
		return false;
	pp_cite_request(c, verdict);
	pp_cite_reset(c, verdict);
	pp_cite_foreign(c, verdict, &foreign);
	verdict->number = rst->count;
	return pp_hit(verdict, peer_went_on(c) ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_fw_13 = {
	.id = "FW-13",
	.name = N_("injected reset"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_REAL_NETWORK,
	.signs = PP_IF(RESET_BY_SERVER),
	.match = injected_reset,
	.summary = N_("A device on the path injects resets ({n} seen) in the name of {server} and so ends the "
		      "connection to {service}; the real server did not."),
	.when = N_("After the RST the true peer goes on at or behind its sequence number within a second; or several "
		   "RSTs with growing SEQ beyond all data, or with differing ACK numbers or flags and foreign hop "
		   "counts."),
	.traps = N_("Copies made by the capture; a stale RST after port reuse; a kernel without a socket repeats RSTs "
		    "with SEQ taken from the client's ACK."),
	.next_test = NEXT_BOTH_SIDES,
	.remedy = REMEDY_DEVICE,
	.source = "NDSS09, NDSS-IMPL, CF23, LAB 8",
	.alternatives = "FW-07,SRV-02",
};

/* ------------------------------------------------------------------ FW-14, FW-15 */

static bool cut_in_session(const struct pp_case *c, struct pp_verdict *verdict)
{
	struct pp_foreign foreign;
	struct pp_addr other = { { 0 } };
	unsigned servers = 0;
	bool elsewhere;

	if (c->shape.ending != PP_SERVER_RST || c->tcp->rst.after == PP_PHASE_CLOSE || pp_reset_after_idle(c->tcp) ||
	    !pp_is_in_session(&c->shape))
		return false;
	elsewhere = pp_resets_elsewhere(c, &other, &servers);
	foreign = pp_reset_is_foreign(c);
	if (!(elsewhere && (foreign.ttl || servers >= 3)) && !(foreign.ttl && pp_is_pending(c)))
		return false;
	pp_cite_data(c, verdict);
	pp_cite_reset(c, verdict);
	pp_cite_foreign(c, verdict, &foreign);
	verdict->device = other;
	return pp_hit(verdict, elsewhere && foreign.ttl ? PP_STRONG : PP_CONSISTENT);
}

const struct pp_rule pp_rule_fw_14 = {
	.id = "FW-14",
	.name = N_("established connections cut by a middle device"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_REAL_NETWORK,
	.signs = PP_IF(SERVER_RST),
	.match = cut_in_session,
	.summary = N_("The established connection to {host} was reset in mid-session together with others, or by a "
		      "foreign hop count: a device in the middle restarted or its rules changed."),
	.when = N_("Resets in mid-session from several unrelated servers within a second, or one whose hop count is "
		   "not that server's."),
	.traps = N_("A proxy or server that closes all its sessions at once."),
	.next_test = N_("Compare the time with the firewall's maintenance, scale-in and rule changes."),
	.remedy = N_("Nothing to change when it is rare, clients reconnect; check firewall maintenance, scale-in and "
		     "rule changes at this time."),
	.source = "AZ-FAQ, AZ-RULE",
	.alternatives = "SRV-02,IDLE-01",
};

/* For a while both sides say nothing new: the server, too, repeats what the client acknowledged long ago. */
static bool both_repeat(const struct pp_case *c)
{
	const struct pp_tcp_side *client = c->client, *server = c->server;

	return pp_seen(server->again) && server->again.ts > client->last_data.ts &&
	       client->again.ts - client->last_data.ts >= PP_AT_ONCE_NS &&
	       client->again.ts - server->last_data.ts >= PP_AT_ONCE_NS;
}

static bool silent_both_ways(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool silent = c->server->last.ts < c->client->last.ts && pp_silence(c) >= PP_AT_ONCE_NS;
	bool unacked = c->client->stuck_retransmits >= 3 && (silent || both_repeat(c));
	bool asleep = c->client->keep_alives >= 3 && silent;

	if ((!unacked && !asleep) || c->server->bytes == 0 || pp_closed_by_server(c) ||
	    (c->shape.ending != PP_STILL_OPEN && c->shape.end.ts < pp_last_sent(c->client).ts))
		return false;
	pp_cite_data(c, verdict);
	if (unacked)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_RETRANSMIT,
						       .mark = pp_last_sent(c->client),
						       .a = c->client->stuck_retransmits,
						       .b = c->client->stuck_payload });
	pp_cite_silence(c, verdict, silent || asleep ? c->server->last : c->server->last_data);
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_fw_15 = {
	.id = "FW-15",
	.name = N_("silent both ways in mid-session"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_CONSISTENT,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_WAITED | PP_NEED_NO_DROPS,
	.signs = PP_IF(STUCK),
	.match = silent_both_ways,
	.summary =
	    N_("The connection to {host} worked until the client's packets were no longer acknowledged: a filter "
	       "that drops silently, the route or the server, which cannot be told apart from this capture."),
	.when = N_(
	    "After data both ways, the client's data are repeated, or three keep-alives in a row sent, without "
	    "acknowledgement, and for a second or more nothing comes back, or only what the server had sent before."),
	.traps = N_("The host went to sleep or lost its network; an intrusion-prevention drop sends no reset."),
	.next_test = NEXT_BOTH_SIDES,
	.remedy = REMEDY_ON_THE_WAY,
	.source = "AZ-IDPS",
	.alternatives = "IDLE-02,MTU-02",
};

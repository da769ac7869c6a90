/* FW: firewalls and routing between the client and whoever should answer.
 *
 * Silence never proves who dropped a packet.  A device is named where it speaks: by its own ICMP source, its own page,
 * or by a reset or close that the far end cannot have sent.
 */
#include "diagnose/case.h"

#define REMEDY_ALLOW                                                                                                   \
	N_("SYN retransmissions on 443 mean a network or firewall problem: allow the agent's names and addresses on "  \
	   "this port, then capture on both sides of the firewall at once.")
#define REMEDY_DEVICE                                                                                                  \
	N_("Change the rule of the device that rejects or resets; ask for its deny log at this time and for these "    \
	   "addresses and ports.")
#define REMEDY_APPLICATION                                                                                             \
	N_("Add an application rule for the name on the Azure Firewall (a network rule where the client sends no "     \
	   "server name), verify with a whole HTTPS request instead of a port test, and ask for its \"Action: Deny\" " \
	   "log lines.")
#define NEXT_BOTH_SIDES N_("Capture on the inside and the outside of the firewall at the same time.")
#define NEXT_LOG N_("Ask for the firewall's log at this time for {server}.")

/* ------------------------------------------------------------------ FW-01 */

static bool syn_unanswered(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_SYN) && !pp_seen(c->tcp->rst.mark) && pp_seen(c->tcp->syn);
}

enum { DNS_PORT = 53 };

/* A SYN or two without an answer are a sign, not a finding: the outcome stays open. */
static bool silent(const struct pp_case *c, struct pp_verdict *verdict, bool strong)
{
	pp_cite_syn(c, verdict);
	pp_cite_silence(c, verdict, c->tcp->syn);
	verdict->number = c->tcp->syn_count;
	if (c->tcp->syn_retransmits < 2)
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, strong ? PP_STRONG : PP_CONSISTENT);
}

static bool cite_contrasts(const struct pp_case *c, struct pp_verdict *verdict)
{
	uint16_t port;
	const struct pp_mark *other = pp_other_port(c, &port);
	bool by_proxy = c->who->host && pp_seen(c->host->worked[PP_BY_PROXY]);

	if (other)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_PORT, .mark = *other, .a = port });
	if (by_proxy)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_PATH,
						       .mark = c->host->worked[PP_BY_PROXY],
						       .text = "proxy" });
	for (unsigned i = 0; i < 2; i++) {
		const struct pp_host *host;

		if (!pp_seen(c->diagnosis->seen.good[i].mark) ||
		    pp_addr_equal(&c->diagnosis->seen.good[i].ip, &c->conn->server.ip))
			continue;
		host = pp_map_at(&c->diagnosis->hosts, c->diagnosis->seen.good[i].host);
		if (host->name)
			pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_OTHER,
							       .mark = c->diagnosis->seen.good[i].mark,
							       .text = host->name });
		break;
	}
	return other || by_proxy;
}

static bool no_syn_ack(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!syn_unanswered(c) || c->path != PP_DIRECT || !silent(c, verdict, cite_contrasts(c, verdict)))
		return false;
	if (c->conn->server.port == DNS_PORT) /* the lookup that needs it says what that means */
		verdict->outcome = PP_OUTCOME_INCONCLUSIVE;
	return true;
}

const struct pp_rule pp_rule_fw_01 = {
	.id = "FW-01",
	.name = N_("SYN unanswered"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_WAITED,
	.match = no_syn_ack,
	.summary = N_("Nothing answers the SYN to {server} for {host} (sent {n} times): a firewall, the route or the "
		      "server itself, which cannot be told apart from this capture; the network team has to look "
		      "first."),
	.when = N_("SYN and at least two retransmissions, no SYN-ACK, RST or ICMP."),
	.traps = N_("A dead server, a routing hole, a SYN-ACK lost on the way back, exhausted source ports at the "
		    "egress, the losing half of a Happy Eyeballs race."),
	.next_test = NEXT_BOTH_SIDES,
	.remedy = REMEDY_ALLOW,
	.source = "SEED4, AZ-JPFW, M-TCPIP, K-LINEAR",
	.alternatives = "SRV-01,FW-03,CAP-08",
};

/* ------------------------------------------------------------------ FW-02, FW-03 */

static bool is_prohibition(const struct pp_icmp_error *error)
{
	return error->ip_version == 6
		   ? error->type == 1 && (error->code == 1 || error->code == 5)
		   : error->type == 3 && (error->code == 9 || error->code == 10 || error->code == 13);
}

/* 3/2 and 3/3 too: a TCP stack answers with RST, so for TCP only a filter says "port unreachable" (netfilter's
 * default). */
static bool is_unreachable(const struct pp_icmp_error *error)
{
	static const uint16_t codes =
	    1U << 0 | 1U << 1 | 1U << 2 | 1U << 3 | 1U << 5 | 1U << 6 | 1U << 7 | 1U << 11 | 1U << 12;

	if (error->ip_version == 6)
		return (error->type == 1 &&
			(error->code == 0 || error->code == 3 || error->code == 4 || error->code == 6)) ||
		       error->type == 3;
	return (error->type == 3 && error->code < 16 && (codes >> error->code & 1)) || error->type == 11;
}

static bool told(const struct pp_case *c, struct pp_verdict *verdict, const struct pp_icmp_error *error,
		 enum pp_grade grade)
{
	if (!error || c->shape.worked || c->server->last_data.ts > error->mark.ts)
		return false;
	pp_cite_syn(c, verdict);
	if (!pp_stage_is(c, PP_STAGE_SYN))
		pp_cite_request(c, verdict);
	pp_cite(verdict,
		(struct pp_evidence){
		    .kind = PP_EV_ICMP, .mark = error->mark, .a = error->type, .b = error->code, .addr = error->from });
	verdict->device = error->from;
	return pp_hit(verdict, grade);
}

static bool prohibited(const struct pp_case *c, struct pp_verdict *verdict)
{
	return told(c, verdict, pp_icmp_of(c, is_prohibition), PP_PROVEN);
}

const struct pp_rule pp_rule_fw_02 = {
	.id = "FW-02",
	.name = N_("administratively prohibited"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.match = prohibited,
	.summary = N_("The device {device} rejects the connection to {host} at {server} as administratively "
		      "prohibited: its rule has to be changed."),
	.when = N_("An ICMP 3/9, 3/10 or 3/13 (IPv6 1/1, 1/5) that quotes a segment outstanding at that time."),
	.traps = N_("An ICMP error that quotes nothing the client had under way is ignored as forged or stale."),
	.next_test = NEXT_LOG,
	.remedy = REMEDY_DEVICE,
	.source = "R1812 5.2.7.1, R4443 3.1, R5927 4.1, K-ICMP",
	.alternatives = "FW-03",
};

static bool unreachable(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_icmp_error *error = pp_icmp_of(c, is_unreachable);

	return error && !pp_addr_equal(&error->from, &c->conn->client.ip) && told(c, verdict, error, PP_STRONG);
}

const struct pp_rule pp_rule_fw_03 = {
	.id = "FW-03",
	.name = N_("unreachable"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.match = unreachable,
	.summary = N_("{device} reports {server} for {host} as unreachable: very probably the route ends there, or "
		      "that device filters."),
	.when = N_("An authentic ICMP unreachable (network, host, port, time exceeded; IPv6 1/0, 1/3, 1/4, 1/6) for a "
		   "segment of the client."),
	.traps = N_("A hint, not proof: packet filters may be set to send these codes for a policy."),
	.next_test = N_("Trace the route to the address and look at the routing table of {device}."),
	.remedy = REMEDY_ALLOW,
	.source = "R1122 3.2.2.1, R9293 3.9.2.2",
	.alternatives = "FW-02,LOC-01",
};

/* ------------------------------------------------------------------ FW-04 */

/* Without a baseline only a public server whose reset has not passed a single router is suspect: the reset then comes
 * from the client's own link, where that server is not. */
static bool from_own_link(const struct pp_case *c)
{
	const struct pp_tcp_reset *rst = &c->tcp->rst;
	const struct pp_addr *server = &c->conn->server.ip;
	unsigned network = pp_addr_is_v4(server) ? 16 : 64;

	return pp_hops(c->client->profile.ttl_min) == 0 && pp_hops(rst->ttl) == 0 &&
	       rst->mark.ts - c->tcp->syn_last.ts < 2 * PP_MS && !pp_addr_is_private(server) &&
	       !pp_addr_is_loopback(server) && !pp_addr_is_link_local(server) &&
	       !pp_addr_in(&c->conn->client.ip, server, network);
}

static bool syn_reset_by_device(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tcp_reset *rst = &c->tcp->rst;
	struct pp_foreign foreign;
	uint16_t port;
	const struct pp_mark *other;

	if (!pp_stage_is(c, PP_STAGE_SYN) || !pp_seen(rst->mark) || rst->from != PP_SERVER)
		return false;
	foreign = pp_reset_is_foreign(c);
	/* One that no client takes is a forgery all the same, if it comes from elsewhere. */
	if (!rst->acceptable && !foreign.ttl)
		return false;
	if (!foreign.ttl && !foreign.early && !from_own_link(c))
		return false;
	pp_cite_syn(c, verdict);
	pp_cite_reset(c, verdict);
	pp_cite_foreign(c, verdict, &foreign);
	other = pp_other_port(c, &port);
	if (other)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_PORT, .mark = *other, .a = port });
	if (!foreign.ttl && !foreign.early)
		return pp_hit(verdict, PP_CONSISTENT);
	return pp_hit(verdict, foreign.ttl && foreign.early ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_fw_04 = {
	.id = "FW-04",
	.name = N_("SYN reset by a nearer device"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_REAL_NETWORK,
	.match = syn_reset_by_device,
	.summary = N_("A device nearer than {server} refuses the connection to {host} in its name with a RST: a "
		      "firewall on the path, not the server."),
	.when = N_("RST,ACK to the SYN whose hop count differs from that address's other packets, or which comes in "
		   "less than half of its lowest round trip; no SYN-ACK."),
	.traps = N_("Without other packets of that address the sender cannot be told from the server; any-cast and "
		    "load balancers have edges."),
	.next_test = N_("Connect to a port of {server} that is known to be open and compare TTL and round trip."),
	.remedy = REMEDY_DEVICE,
	.source = "LAB 1, LAB 2, R9293 3.5.2",
	.alternatives = "SRV-01",
};

/* ------------------------------------------------------------------ FW-05 */

static bool syn_ack_repeats(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (c->tcp->syn_ack_count < 3 || !pp_seen(c->tcp->established) || c->server->bytes || c->client->acked ||
	    pp_seen(c->server->fin))
		return false;
	pp_cite_syn(c, verdict);
	pp_cite_syn_ack(c, verdict);
	pp_cite_silence(c, verdict, c->tcp->established);
	verdict->number = c->tcp->syn_ack_count;
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_fw_05 = {
	.id = "FW-05",
	.name = N_("SYN-ACK never completes"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_CONSISTENT,
	.needs = PP_NEED_START | PP_NEED_BOTH_SIDES | PP_NEED_WAITED,
	.match = syn_ack_repeats,
	.summary = N_("{server} repeats its SYN-ACK ({n} times) although the client acknowledges it: the client's "
		      "packets to {host} are lost on the way; where cannot be told apart from this capture."),
	.when = N_("Three or more SYN-ACKs although the client's ACK was sent, and nothing of the client is ever "
		   "acknowledged."),
	.traps = N_("A local filter behind the capture point drops them just as well."),
	.next_test = NEXT_BOTH_SIDES,
	.remedy = REMEDY_ALLOW,
	.source = "K-SYSCTL",
	.alternatives = "FW-06",
};

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
				     .kind = PP_EV_HELLO_NOT_ACKED, .mark = c->client->last_data, .a = again });
	else
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_RETRANSMIT,
						       .mark = c->client->last_data,
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
	.match = request_swallowed,
	.summary = N_("{server} accepts the TCP connection, but the request for {host} is never acknowledged ({n} "
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
	.match = reset_by_device,
	.summary = N_("A device on the path resets the connection as soon as it sees the request for {host}; the reset "
		      "does not come from {server}: a firewall filters that name."),
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
	const struct pp_overview *seen = &c->diagnosis->seen;
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
	if (pp_seen(c->host->page_470))
		pp_cite(verdict,
			(struct pp_evidence){
			    .kind = PP_EV_HTTP_STATUS, .mark = c->host->page_470, .a = 470, .side = PP_SERVER });
	cite_other_name(c, verdict);
}

static bool sends_no_name(const struct pp_case *c)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	return tls && pp_seen(tls->client_hello) && !tls->sni && !tls->sni_unknown;
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
	if (pp_seen(c->host->page_470))
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
	.match = closed_without_name,
	.summary = N_("The client sends {server} no server name (SNI), and the connection is closed for it; a firewall "
		      "with application rules denies such traffic: it needs a network rule."),
	.when = N_("The shape of FW-08 or FW-07, and the ClientHello carries no server_name, while hellos with a name "
		   "pass at that address."),
	.traps = N_("A server may itself demand a name."),
	.next_test = N_("Repeat with a server name to the same address."),
	.remedy = REMEDY_APPLICATION,
	.source = "AZ-JPFW",
	.alternatives = "FW-08,FW-07,TLS-04",
};

/* ------------------------------------------------------------------ FW-09 */

/* Azure Firewall's page names its author.  Other pages are taken for a filter's only where the status says so too: web
 * application firewalls of the origin write such pages as well, so that is never proof. */
static bool block_page(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_http_reply *reply = pp_stage_is(c, PP_STAGE_DENIED)     ? &c->shape.connect->reply
					    : pp_stage_is(c, PP_STAGE_ANSWERED) ? &c->shape.exchange->reply
										: NULL;
	bool azure;

	if (!reply)
		return false;
	azure = reply->page == PP_PAGE_AZURE_FIREWALL;
	if (!azure && reply->status != 470 &&
	    (reply->page != PP_PAGE_BLOCK || reply->status < 400 || c->path != PP_DIRECT))
		return false;
	pp_cite_request(c, verdict);
	pp_cite_reply(verdict, reply, false);
	verdict->number = reply->status;
	verdict->detail = azure || reply->status == 470 ? "Azure Firewall" : reply->server ? reply->server : "HTTP";
	return pp_hit(verdict, azure ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_fw_09 = {
	.id = "FW-09",
	.name = N_("block page"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.match = block_page,
	.summary = N_("A filter on the path answers the request for {host} itself with a block page (status {n}, "
		      "{detail}): no rule allows it."),
	.when =
	    N_("Status 470 with \"Action: Deny\" as Azure Firewall writes it, or an error page that names a filter."),
	.traps = N_("A 403 of the origin, or of its own web application firewall."),
	.next_test = NEXT_LOG,
	.remedy = REMEDY_APPLICATION,
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
						       .mark = c->client->last_data,
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
	.match = injected_reset,
	.summary = N_("A device on the path injects resets ({n} seen) in the name of {server} and so ends the "
		      "connection to {host}; the real server did not."),
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
	    !(c->shape.worked || pp_stage_is(c, PP_STAGE_SECURE)))
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

static bool silent_both_ways(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool unacked = c->client->stuck_retransmits >= 3 && c->server->last.ts < c->client->last.ts;
	bool asleep = c->client->keep_alives >= 3 && c->client->last.ts - c->server->last.ts >= PP_SILENCE_NS;

	if ((!unacked && !asleep) || c->server->bytes == 0 || pp_closed_by_server(c) ||
	    (c->shape.ending != PP_STILL_OPEN && c->shape.end.ts < c->client->last_data.ts))
		return false;
	pp_cite_data(c, verdict);
	if (unacked)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_RETRANSMIT,
						       .mark = c->client->last_data,
						       .a = c->client->stuck_retransmits,
						       .b = c->client->stuck_payload });
	pp_cite_silence(c, verdict, c->server->last);
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
	.match = silent_both_ways,
	.summary = N_("The connection to {host} worked and then went silent; the client's packets are no longer "
		      "acknowledged: a filter that drops silently, the route or the server, which cannot be told apart "
		      "from this capture."),
	.when = N_("After data both ways, the client's data or keep-alives are repeated and nothing comes back."),
	.traps = N_("The host went to sleep or lost its network; an intrusion-prevention drop sends no reset."),
	.next_test = NEXT_BOTH_SIDES,
	.remedy = REMEDY_ALLOW,
	.source = "AZ-IDPS",
	.alternatives = "IDLE-02,MTU-02",
};

/* ------------------------------------------------------------------ FW-16 */

static bool fallback_works(const struct pp_case *c, struct pp_verdict *verdict)
{
	uint16_t port = c->shape.connect ? c->shape.connect->port : c->conn->server.port;

	if (c->shape.worked || !c->who->host || port == 443 || port == 80 || !pp_seen(c->host->https) ||
	    c->host->https.ts < c->conn->first.ts - 60 * PP_SECOND)
		return false;
	pp_cite_syn(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_PORT, .mark = c->host->https, .a = 443 });
	verdict->number = port;
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_fw_16 = {
	.id = "FW-16",
	.name = N_("direct port blocked, fallback works"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_OK,
	.domain = PP_DOMAIN_NONE,
	.owner = PP_OWNER_NONE,
	.most = PP_STRONG,
	.match = fallback_works,
	.summary = N_("Port {n} of {host} cannot be reached, but the client falls back to 443 and works: it costs "
		      "time, it is no fault."),
	.when = N_("A port other than 443 and 80 fails while 443 of the same host works in the capture; Service Bus "
		   "tries 5671 or 9350 to 9354 first."),
	.traps = N_("A service that needs the other port for something else."),
	.next_test = N_("None needed."),
	.remedy = N_("No action; allow the direct port to save the delay."),
	.source = "SEED4",
	.alternatives = "",
};

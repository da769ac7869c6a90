/* FW while a connection is opened: firewalls and routing between the client and whoever should answer its SYN.
 *
 * Silence never proves who dropped a packet.  A device is named where it speaks: by its own ICMP source, or by a reset
 * that the far end cannot have sent.
 */
#include "diagnose/rules_fw.h"

/* ------------------------------------------------------------------ FW-01 */

static bool syn_unanswered(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_SYN) && !pp_seen(c->tcp->rst.mark) && pp_seen(c->tcp->syn);
}

static const int64_t FALLBACK_NS = 60 * PP_SECOND;

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
	const struct pp_overview *seen = pp_overview_of(c);
	uint16_t port;
	const struct pp_mark *other = pp_other_port(c, &port);
	bool by_proxy = c->who->host && pp_seen(pp_host_worked(c->host, PP_BY_PROXY));

	if (other)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_PORT, .mark = *other, .a = port });
	if (by_proxy)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_PATH,
						       .mark = pp_host_worked(c->host, PP_BY_PROXY),
						       .text = "proxy" });
	for (unsigned i = 0; i < 2; i++) {
		const struct pp_host_record *host;

		if (!pp_seen(seen->good[i].mark) || pp_addr_equal(&seen->good[i].ip, &c->conn->server.ip))
			continue;
		host = seen->good[i].host;
		if (host->name)
			pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_OTHER,
							       .mark = seen->good[i].mark,
							       .text = host->name });
		break;
	}
	return other || by_proxy;
}

/* Who listens there is told by the port alone: AMQP over TLS, or the relay. */
static bool is_service_bus(uint16_t port) { return port == 5671 || (port >= 9350 && port <= 9354); }

/* Without its name nothing connects it with the connection to 443 that its client turns to (FW-16). */
static bool may_have_fallen_back(const struct pp_case *c)
{
	const struct pp_endpoint_addr https = { c->conn->server.ip, 443 };
	const struct pp_service *service;
	struct pp_map_key key;

	if (c->who->host || !is_service_bus(c->conn->server.port))
		return false;
	key = pp_key_of_socket(c->diagnosis, &https);
	service = pp_map_find(&c->diagnosis->services, &key);
	return service && pp_seen(service->answered) && service->last_answered >= c->conn->first.ts - FALLBACK_NS;
}

static bool no_syn_ack(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!syn_unanswered(c) || c->path != PP_DIRECT || !silent(c, verdict, cite_contrasts(c, verdict)))
		return false;
	if (c->conn->server.port == PP_DNS_PORT || /* the lookup that needs it says what that means */
	    pp_lookups_beside(c) || may_have_fallen_back(c))
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
	.signs = PP_IF(SYN) | PP_IF(NO_RESET) | PP_IF(DIRECT),
	.match = no_syn_ack,
	.summary =
	    N_("Nothing answers the SYN to {server} for {service} (sent {n} times): a firewall, the route or the "
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

bool pp_icmp_prohibits(const struct pp_icmp_error *error)
{
	return error->ip_version == 6
		   ? error->type == 1 && (error->code == 1 || error->code == 5)
		   : error->type == 3 && (error->code == 9 || error->code == 10 || error->code == 13);
}

/* 3/2 and 3/3 too: a TCP stack answers with RST, so for TCP only a filter says "port unreachable" (netfilter's
 * default). */
bool pp_icmp_is_unreachable(const struct pp_icmp_error *error)
{
	static const uint16_t codes =
	    1U << 0 | 1U << 1 | 1U << 2 | 1U << 3 | 1U << 5 | 1U << 6 | 1U << 7 | 1U << 11 | 1U << 12;

	if (error->ip_version == 6)
		return (error->type == 1 &&
			(error->code == 0 || error->code == 3 || error->code == 4 || error->code == 6)) ||
		       error->type == 3;
	return (error->type == 3 && error->code < 16 && (codes >> error->code & 1)) || error->type == 11;
}

static bool is_in_exchange(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_SECURE) || pp_stage_is(c, PP_STAGE_ANSWERED) || pp_stage_is(c, PP_STAGE_DATA);
}

/* For a while the server has said nothing new, one side repeats what the other does not get, and this is why.  What answers
 * only a goodbye stops nothing. */
static bool stalls_exchange(const struct pp_case *c, const struct pp_icmp_error *error)
{
	const struct pp_tcp_side *client = c->client, *server = c->server;
	bool unheard = client->stuck_retransmits && error->mark.ts - client->last_data.ts >= PP_AT_ONCE_NS;
	bool deaf = pp_seen(server->again) && server->again.ts - server->last_data.ts >= PP_AT_ONCE_NS;

	return error->mark.ts - server->last_data.ts >= PP_AT_ONCE_NS && (unheard || deaf) &&
	       (c->shape.ending == PP_STILL_OPEN || c->shape.end.ts > error->mark.ts);
}

/* The one that explains why nothing came; NULL: none. */
static const struct pp_icmp_error *telling(const struct pp_case *c, bool (*wanted)(const struct pp_icmp_error *error))
{
	for (unsigned i = 0; i < c->tcp->icmp_count; i++) {
		const struct pp_icmp_error *error = &c->tcp->icmp[i];

		if (error->authentic && error->about == PP_CLIENT && wanted(error) &&
		    (is_in_exchange(c) ? stalls_exchange(c, error)
				       : !c->shape.worked && c->server->last_data.ts <= error->mark.ts))
			return error;
	}
	return NULL;
}

static bool told(const struct pp_case *c, struct pp_verdict *verdict, const struct pp_icmp_error *error,
		 enum pp_grade grade)
{
	if (!error)
		return false;
	pp_cite_syn(c, verdict);
	if (is_in_exchange(c))
		pp_cite_data(c, verdict);
	else if (!pp_stage_is(c, PP_STAGE_SYN))
		pp_cite_request(c, verdict);
	pp_cite(verdict,
		(struct pp_evidence){
		    .kind = PP_EV_ICMP, .mark = error->mark, .a = error->type, .b = error->code, .addr = error->from });
	verdict->device = error->from;
	return pp_hit(verdict, grade);
}

static bool prohibited(const struct pp_case *c, struct pp_verdict *verdict)
{
	return told(c, verdict, telling(c, pp_icmp_prohibits), PP_PROVEN);
}

const struct pp_rule pp_rule_fw_02 = {
	.id = "FW-02",
	.name = N_("administratively prohibited"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.signs = PP_IF(ICMP),
	.match = prohibited,
	.summary = N_("The device {device} rejects the connection to {service} at {server} as administratively "
		      "prohibited: its rule has to be changed."),
	.when = N_(
	    "An ICMP 3/9, 3/10 or 3/13 (IPv6 1/1, 1/5) that quotes a segment outstanding at that time; once data was "
	    "exchanged, one that meets what is only repeated since a second or more."),
	.traps = N_("An ICMP error that quotes nothing the client had under way is ignored as forged or stale."),
	.next_test = NEXT_LOG,
	.remedy = REMEDY_DEVICE,
	.source = "R1812 5.2.7.1, R4443 3.1, R5927 4.1, K-ICMP",
	.alternatives = "FW-03",
};

static bool unreachable(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_icmp_error *error = telling(c, pp_icmp_is_unreachable);

	return error && !pp_addr_equal(&error->from, &c->conn->client.ip) && !pp_traces_route(c) &&
	       told(c, verdict, error, PP_STRONG);
}

const struct pp_rule pp_rule_fw_03 = {
	.id = "FW-03",
	.name = N_("unreachable"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.signs = PP_IF(ICMP),
	.match = unreachable,
	.summary =
	    N_("{device} reports that packets for {service} do not get to {server}: no route, a route that runs in "
	       "a circle, or a filter that says so."),
	.when = N_("An authentic ICMP unreachable (network, host, port, time exceeded; IPv6 1/0, 1/3, 1/4, 1/6) for a "
		   "segment of the client."),
	.traps =
	    N_("A hint, not proof: packet filters may be set to send these codes for a policy. A route trace (TTL of "
	       "30 or less) is answered by every router on its way (OK-06)."),
	.next_test = N_("Trace the route to the address and look at the routing table of {device}."),
	.remedy = REMEDY_ROUTE,
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

	return pp_hops(c->client->profile.ttl_min) == 0 && pp_hops(rst->ttl) == 0 && rst->since_other_ns >= 0 &&
	       rst->since_other_ns < 2 * PP_MS && !pp_addr_is_private(server) && !pp_addr_is_loopback(server) &&
	       !pp_addr_is_link_local(server) && !pp_addr_in(&c->conn->client.ip, server, network);
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
	if (pp_lookups_beside(c))
		verdict->outcome = PP_OUTCOME_INCONCLUSIVE;
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
	.signs = PP_IF(SYN) | PP_IF(RESET_BY_SERVER),
	.match = syn_reset_by_device,
	.summary = N_("A device nearer than {server} refuses the connection to {service} in its name with a RST: a "
		      "firewall on the path, not the server."),
	.when = N_("RST,ACK to the SYN whose hop count differs from that address's other packets, or which comes in "
		   "less than half of its lowest round trip; no SYN-ACK."),
	.traps = N_("Without other packets of that address the sender cannot be told from the server; any-cast and "
		    "load balancers have edges."),
	.next_test =
	    N_("Connect to another port of {address} that is known to be open and compare TTL and round trip."),
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
	.signs = PP_IF(OPENED),
	.match = syn_ack_repeats,
	.summary = N_("{server} repeats its SYN-ACK ({n} times) although the client acknowledges it: the client's "
		      "packets to {service} are lost on the way; where cannot be told apart from this capture."),
	.when = N_("Three or more SYN-ACKs although the client's ACK was sent, and nothing of the client is ever "
		   "acknowledged."),
	.traps = N_("A local filter behind the capture point drops them just as well."),
	.next_test = NEXT_BOTH_SIDES,
	.remedy = REMEDY_ALLOW,
	.source = "K-SYSCTL",
	.alternatives = "FW-06",
};

/* ------------------------------------------------------------------ FW-16 */

static bool fallback_works(const struct pp_case *c, struct pp_verdict *verdict)
{
	uint16_t port = c->shape.connect ? c->shape.connect->port : c->conn->server.port;
	struct pp_mark https = pp_host_https(c->host);

	if (c->shape.worked || (!c->who->host && !is_service_bus(port)) || pp_is_web_port(port) || !pp_seen(https) ||
	    https.ts < c->conn->first.ts - FALLBACK_NS || !pp_host_worked_for(c))
		return false;
	pp_cite_syn(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_PORT, .mark = https, .a = 443 });
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
	.signs = PP_IF(ODD_PORT),
	.match = fallback_works,
	.summary = N_("Port {n} of {host} cannot be reached, but the client falls back to 443 and works: it costs "
		      "time, it is no fault."),
	.when = N_("A port other than 443 and 80 fails while 443 of the same host works in the capture; Service Bus "
		   "tries 5671 or 9350 to 9354 first, which tells it without a name, too."),
	.traps = N_("A service that needs the other port for something else."),
	.next_test = N_("None needed."),
	.remedy = N_("No action; allow the direct port to save the delay."),
	.source = "SEED4",
	.alternatives = "",
};

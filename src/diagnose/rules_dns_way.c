/* DNS on its way: resolvers that cannot be asked, and who is in the way. */
#include "diagnose/account.h"
#include "diagnose/rules_dns.h"
#include "diagnose/rules_fw.h"

/* ------------------------------------------------------------------ DNS-07, DNS-08 */

/* What the connections to the resolver's TCP port failed at; NULL: at nothing, or nothing that the network or the
 * resolver has done. */
static const struct pp_candidate *tcp_failure(const struct pp_case *c)
{
	struct pp_map_key key = pp_key_of_addr(&c->lookup->resolver.ip);
	const struct pp_host_record *host = pp_map_find(&c->diagnosis->hosts, &key);
	const struct pp_candidate *best = NULL;

	for (const struct pp_candidate *at = host ? host->candidates : NULL; at; at = at->next) {
		if (at->port != c->lookup->resolver.port)
			continue;
		if (at->outcome == PP_OUTCOME_OK)
			return NULL;
		if ((at->domain == PP_DOMAIN_FIREWALL || at->domain == PP_DOMAIN_SERVER) &&
		    (!best || at->grade > best->grade))
			best = at;
	}
	return best;
}

/* Who fails there is told by how: a refusal or a close is the resolver's own unless a device gives itself away; silence
 * is the network's, for the resolver does answer over UDP. */
static bool tcp_fails(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_candidate *how;
	bool truncated = false;

	for (unsigned i = 0; i < c->lookup->question_count; i++)
		truncated |= c->lookup->questions[i].truncated;
	if (!truncated || c->lookup->address_count || !(how = tcp_failure(c)))
		return false;
	pp_cite_dns_query(c, verdict);
	pp_cite_dns_reply(c, verdict);
	if (how->domain == PP_DOMAIN_SERVER)
		verdict->owner = PP_OWNER_DNS;
	return pp_hit(verdict,
		      how->rule == &pp_rule_fw_01 ? PP_PROVEN : (enum pp_grade)how->grade); /* that it fails is seen */
}

const struct pp_rule pp_rule_dns_07 = {
	.id = "DNS-07",
	.name = N_("truncated answer and TCP fails"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.match = tcp_fails,
	.summary = N_("The answer for {host} does not fit into UDP, and the DNS resolver {server} cannot be asked over "
		      "TCP port 53."),
	.when = N_("The reply is marked truncated, and the TCP connection to port 53 of the resolver is unanswered or "
		   "rejected by a device (network), or the resolver refuses it or closes it without an answer (DNS)."),
	.traps = N_("Some clients ask again over UDP with a larger buffer instead."),
	.next_test = N_("Query the resolver over TCP from this machine."),
	.remedy = N_("Allow TCP port 53 to the resolver, and let it answer there."),
	.source = "R1035, R9293",
	.alternatives = "DNS-01",
};

static bool port_closed(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_lookup *lookup = c->lookup;
	bool v4 = pp_addr_is_v4(&lookup->icmp_from);

	if (!pp_seen(lookup->icmp) || pp_lookup_answered(lookup) ||
	    !pp_addr_equal(&lookup->icmp_from, &lookup->resolver.ip) || lookup->icmp_type != (v4 ? 3 : 1) ||
	    lookup->icmp_code != (v4 ? 3 : 4))
		return false;
	pp_cite_dns_query(c, verdict);
	pp_cite_dns_icmp(c, verdict);
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_dns_08 = {
	.id = "DNS-08",
	.name = N_("resolver port closed"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_DNS,
	.most = PP_PROVEN,
	.match = port_closed,
	.summary = N_("No DNS service runs on {server}: the machine itself answers that the port is closed, so {host} "
		      "cannot be resolved."),
	.when = N_("ICMP port unreachable from the resolver's own address, quoting the query."),
	.traps = N_("A resolver that restarts refuses for a moment and answers later."),
	.next_test = N_("Check the DNS service on that machine."),
	.remedy = REMEDY_RESOLVER,
	.source = "R1122 3.2.2.1",
	.alternatives = "DNS-01",
};

/* ------------------------------------------------------------------ DNS-11, DNS-12 */

/* What an ICMP error of a device on the way says of the queries; false: there is none. */
static bool device_tells(const struct pp_case *c, struct pp_icmp_error *ret_error)
{
	const struct pp_lookup *lookup = c->lookup;
	const struct pp_addr *from = &lookup->icmp_from;

	if (!pp_seen(lookup->icmp))
		return false;
	*ret_error = (struct pp_icmp_error){ .type = lookup->icmp_type,
					     .code = lookup->icmp_code,
					     .ip_version = pp_addr_is_v4(from) ? 4 : 6 };
	return !pp_lookup_answered(lookup) && !pp_addr_equal(from, &lookup->resolver.ip) &&
	       !pp_addr_equal(from, &lookup->client.ip);
}

/* A port is its host's to close: whoever else says that it is closed, filters. */
static bool says_port_closed(const struct pp_icmp_error *error)
{
	return error->ip_version == 4 ? error->type == 3 && error->code == 3 : error->type == 1 && error->code == 4;
}

static bool queries_rejected(const struct pp_case *c, struct pp_verdict *verdict)
{
	struct pp_icmp_error error;

	if (!device_tells(c, &error) || (!pp_icmp_prohibits(&error) && !says_port_closed(&error)))
		return false;
	pp_cite_dns_query(c, verdict);
	pp_cite_dns_icmp(c, verdict);
	return pp_hit(verdict, pp_icmp_prohibits(&error) ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_dns_11 = {
	.id = "DNS-11",
	.name = N_("queries rejected on the way"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.match = queries_rejected,
	.summary = N_("The device {device} rejects the queries to the DNS resolver {server}, so {host} cannot be "
		      "resolved: its rule has to be changed."),
	.when = N_("An ICMP 3/9, 3/10 or 3/13 (IPv6 1/1, 1/5) that quotes a query and is not the resolver's own, or "
		   "port unreachable from another address than the resolver's; no resolver answered."),
	.traps = N_("The resolver's own ICMP error is the resolver's: DNS-08, DNS-01."),
	.next_test = NEXT_LOG,
	.remedy = REMEDY_DEVICE,
	.source = "R1812 5.2.7.1, R4443 3.1, K-ICMP",
	.alternatives = "DNS-08,DNS-12",
};

static bool resolver_unreachable(const struct pp_case *c, struct pp_verdict *verdict)
{
	struct pp_icmp_error error;

	if (!device_tells(c, &error) || !pp_icmp_is_unreachable(&error) || says_port_closed(&error))
		return false;
	pp_cite_dns_query(c, verdict);
	pp_cite_dns_icmp(c, verdict);
	return pp_hit(verdict, PP_CONSISTENT);
}

const struct pp_rule pp_rule_dns_12 = {
	.id = "DNS-12",
	.name = N_("resolver unreachable"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_NETWORK,
	.most = PP_CONSISTENT,
	.match = resolver_unreachable,
	.summary = N_("{device} reports the DNS resolver {server} as unreachable, so {host} cannot be resolved: the "
		      "route ends there, or the resolver is down; the network team has to look first."),
	.when = N_("An ICMP unreachable (network, host, time exceeded; IPv6 1/0, 1/3) that quotes a query and is not "
		   "the resolver's own; no resolver answered."),
	.traps = N_("A resolver that is switched off looks like a missing route, and so does an address that never "
		    "was a resolver's."),
	.next_test = N_("Trace the route to the resolver, and check which resolvers this machine is given."),
	.remedy = REMEDY_RESOLVER,
	.source = "R1122 3.2.2.1",
	.alternatives = "DNS-11,DNS-01",
};

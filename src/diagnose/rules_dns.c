/* DNS: lookups.  A lookup is all queries of one client for one name at one resolver; only its address types are judged,
 * and only where no other answer served: another resolver's, another type's, or a connection that worked.
 */
#include "diagnose/rules_dns.h"

#define REMEDY_FILTER N_("Exempt the agent's names from DNS filtering, or correct the zone.")
#define REMEDY_PRIVATE                                                                                                 \
	N_("Link the private zone to the virtual network, forward to 168.63.129.16 or a Private Resolver, and use "    \
	   "the public name, not the privatelink one.")
#define NEXT_OTHER N_("Ask another resolver for the same name from this machine, and look at the resolver's log.")

void pp_cite_dns_query(const struct pp_case *c, struct pp_verdict *verdict)
{
	for (unsigned i = 0; i < c->lookup->question_count; i++) {
		const struct pp_dns_question *question = &c->lookup->questions[i];

		if (pp_seen(question->first_query))
			pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_DNS_QUERY,
							       .mark = question->first_query,
							       .text = c->lookup->name,
							       .a = question->type,
							       .b = question->queries });
	}
}

void pp_cite_dns_reply(const struct pp_case *c, struct pp_verdict *verdict)
{
	for (unsigned i = 0; i < c->lookup->question_count; i++) {
		const struct pp_dns_question *question = &c->lookup->questions[i];

		if (question->answered)
			pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_DNS_REPLY,
							       .mark = question->reply,
							       .side = PP_SERVER,
							       .text = c->lookup->name,
							       .a = question->rcode });
	}
	if (c->lookup->has_extended_error)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_DNS_EXTENDED,
						       .mark = c->lookup->last,
						       .side = PP_SERVER,
						       .a = c->lookup->extended_error });
}

static void cite_address(const struct pp_case *c, struct pp_verdict *verdict)
{
	pp_cite_dns_query(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_DNS_ADDRESS,
					       .mark = c->lookup->last,
					       .side = PP_SERVER,
					       .addr = c->lookup->addresses[0] });
	verdict->device = c->lookup->addresses[0];
}

void pp_cite_dns_icmp(const struct pp_case *c, struct pp_verdict *verdict)
{
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_ICMP,
					       .mark = c->lookup->icmp,
					       .a = c->lookup->icmp_type,
					       .b = c->lookup->icmp_code,
					       .addr = c->lookup->icmp_from });
	verdict->device = c->lookup->icmp_from;
}

/* ------------------------------------------------------------------ the answer that did not help */

/* One unanswered query is not a dead resolver: the answer may be under way, or lost by the capture. */
enum { QUERIES_ENOUGH = 2 };
static const int64_t QUERY_WAIT_NS = 5 * PP_SECOND;

/* The refusal of an AAAA query says nothing while the one for the A record may still be answered.  A name that does not
 * exist has neither (RFC 8020). */
static bool awaits_a(const struct pp_case *c)
{
	for (unsigned i = 0; i < c->lookup->question_count; i++) {
		const struct pp_dns_question *question = &c->lookup->questions[i];

		if (question->type == PP_DNS_A)
			return !question->answered && (question->queries < QUERIES_ENOUGH ||
						       c->end - question->first_query.ts < QUERY_WAIT_NS);
	}
	return false;
}

static bool failed_with(const struct pp_case *c, uint8_t rcode, enum pp_grade grade, struct pp_verdict *verdict)
{
	uint8_t best;

	if (!pp_lookup_rcode(c->lookup, &best) || best != rcode)
		return false;
	pp_cite_dns_query(c, verdict);
	pp_cite_dns_reply(c, verdict);
	return rcode != PP_RCODE_NXDOMAIN && awaits_a(c) ? pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT)
							 : pp_hit(verdict, grade);
}

static bool no_answer(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_lookup *lookup = c->lookup;
	unsigned queries = 0;

	if (lookup->replies_only || pp_lookup_answered(lookup))
		return false;
	for (unsigned i = 0; i < lookup->question_count; i++)
		if (lookup->questions[i].queries > queries)
			queries = lookup->questions[i].queries;
	pp_cite_dns_query(c, verdict);
	verdict->number = queries;
	if (pp_seen(lookup->icmp))
		pp_cite_dns_icmp(c, verdict);
	if (pp_seen(lookup->icmp) && pp_addr_equal(&lookup->icmp_from, &lookup->resolver.ip))
		return pp_hit(verdict, PP_PROVEN);
	if (c->end - lookup->first.ts < QUERY_WAIT_NS)
		return false;
	/* A capture of one direction holds no answers. */
	if (c->diagnosis->seen.one_sided && !c->diagnosis->seen.two_sided)
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	if (c->gates & PP_CAP(9)) {
		pp_cite(verdict,
			(struct pp_evidence){ .kind = PP_EV_CAPTURE, .mark = lookup->first, .text = PP_LOST_TEXT });
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	}
	return queries >= QUERIES_ENOUGH ? pp_hit(verdict, PP_STRONG)
					 : pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
}

const struct pp_rule pp_rule_dns_01 = {
	.id = "DNS-01",
	.name = N_("no answer"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_DNS,
	.most = PP_PROVEN,
	.match = no_answer,
	.summary = N_("The DNS resolver {server} gives no answer for {host} (queries: {n}): the resolver, or the way "
		      "to it, is broken."),
	.when =
	    N_("Two or more queries for one name and type without a response for 5 s, and no other resolver answered; "
	       "or the resolver's own ICMP error quotes the query."),
	.traps = N_("The answer may have come by DoH, DoT, LLMNR, from a cache or a hosts file: then the client "
		    "connects anyway."),
	.next_test = N_("Query the resolver from this machine, over UDP and TCP, and another resolver beside it."),
	.remedy = REMEDY_RESOLVER,
	.source = "R1035, SEED0",
	.alternatives = "DNS-08,DNS-11,DNS-07",
};

static bool nxdomain(const struct pp_case *c, struct pp_verdict *verdict)
{
	return failed_with(c, PP_RCODE_NXDOMAIN, PP_PROVEN, verdict);
}

const struct pp_rule pp_rule_dns_02 = {
	.id = "DNS-02",
	.name = N_("name does not exist"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_DNS,
	.most = PP_PROVEN,
	.match = nxdomain,
	.summary = N_("For the DNS resolver {server} the name {host} does not exist (NXDOMAIN), so nothing can connect "
		      "to it."),
	.when = N_("NXDOMAIN for the final name, and no later success by any resolver."),
	.traps = N_("Search suffixes, wpad and the AAAA half of a pair fail like this in health; filters often answer "
		    "NXDOMAIN too (extended errors 15 to 18 say so)."),
	.next_test = NEXT_OTHER,
	.remedy = REMEDY_FILTER,
	.source = "R8914",
	.alternatives = "DNS-05,DNS-09",
};

static bool servfail(const struct pp_case *c, struct pp_verdict *verdict)
{
	return failed_with(c, PP_RCODE_SERVFAIL, PP_STRONG, verdict) ||
	       failed_with(c, PP_RCODE_FORMERR, PP_STRONG, verdict);
}

const struct pp_rule pp_rule_dns_03 = {
	.id = "DNS-03",
	.name = N_("resolver failed"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_DNS,
	.most = PP_STRONG,
	.match = servfail,
	.summary = N_("The DNS resolver {server} failed to resolve {host} (SERVFAIL): its forwarder, DNSSEC or "
		      "upstream is broken."),
	.when = N_("SERVFAIL or FORMERR for the name, and no later success by any resolver."),
	.traps = N_("The first resolver of several may fail and the next one answer."),
	.next_test = NEXT_OTHER,
	.remedy = REMEDY_RESOLVER,
	.source = "R1035, R8914",
	.alternatives = "DNS-01",
};

static bool refused(const struct pp_case *c, struct pp_verdict *verdict)
{
	return failed_with(c, PP_RCODE_REFUSED, PP_PROVEN, verdict);
}

const struct pp_rule pp_rule_dns_04 = {
	.id = "DNS-04",
	.name = N_("resolver refuses"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_DNS,
	.most = PP_PROVEN,
	.match = refused,
	.summary = N_("The DNS resolver {server} refuses to answer for {host} (REFUSED): its policy does not serve "
		      "this client or name."),
	.when = N_("REFUSED for the name, and no later success by any resolver."),
	.traps = N_("An AAAA query refused beside an A record that works, or that may still be answered, is no fault."),
	.next_test = NEXT_OTHER,
	.remedy = REMEDY_RESOLVER,
	.source = "R8914",
	.alternatives = "DNS-05",
};

/* ------------------------------------------------------------------ DNS-05, DNS-06 */

static bool has_private_link(const struct pp_lookup *lookup)
{
	for (unsigned i = 0; i < lookup->alias_count; i++)
		if (strstr(lookup->aliases[i], "privatelink."))
			return true;
	return false;
}

static bool all_addresses(const struct pp_lookup *lookup, bool (*is)(const struct pp_addr *addr))
{
	for (unsigned i = 0; i < lookup->address_count; i++)
		if (!is(&lookup->addresses[i]))
			return false;
	return lookup->address_count > 0;
}

/* One private address for names that have nothing to do with each other. */
static bool address_is_shared(const struct pp_case *c)
{
	struct pp_map_key key = pp_key_of_addr(&c->lookup->addresses[0]);
	const struct pp_baseline *baseline = pp_map_find(&c->diagnosis->addresses, &key);

	return baseline && (baseline->names & (baseline->names - 1)) != 0;
}

/* What filters put in a name's place.  Other addresses of 127/8 are data (RFC 5782) or a host's own name. */
static bool is_sink(const struct pp_addr *addr)
{
	static const uint8_t first_loopback[] = { 0, 0, 1 };
	bool other_loopback = pp_addr_is_loopback(addr) && pp_addr_is_v4(addr) &&
			      memcmp(addr->b + 13, first_loopback, sizeof(first_loopback)) != 0;

	return pp_addr_is_bogon(addr) && !other_loopback;
}

/* Names of one label are the site's own, and may well be this machine's. */
static bool is_bogus(const struct pp_case *c, bool filtered)
{
	if (pp_is_azure(c) || filtered)
		return all_addresses(c->lookup, pp_addr_is_bogon);
	return strchr(c->lookup->name, '.') && all_addresses(c->lookup, is_sink);
}

static bool sinkhole(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool filtered =
	    c->lookup->has_extended_error && c->lookup->extended_error >= 15 && c->lookup->extended_error <= 18;
	bool bogus = is_bogus(c, filtered);

	if (strncmp(c->lookup->name, "localhost", 9) == 0 || pp_host_worked_for(c))
		return false;
	if (!bogus && !(pp_is_azure(c) && all_addresses(c->lookup, pp_addr_is_private) &&
			!has_private_link(c->lookup) && (address_is_shared(c) || filtered)))
		return false;
	cite_address(c, verdict);
	pp_cite_dns_reply(c, verdict);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_dns_05 = {
	.id = "DNS-05",
	.name = N_("sinkhole answer"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_DNS,
	.most = PP_STRONG,
	.match = sinkhole,
	.summary = N_("The DNS resolver {server} answers {host} with {device}, which is no address of that service: a "
		      "DNS filter very probably blocks the name."),
	.when = N_(
	    "The answer is 0.0.0.0, ::, 127.0.0.1, ::1 or 240/4, for a name of Azure's or with a filter's code any of "
	    "127/8, or one private address shared by unrelated public names, and no connection to the name worked."),
	.traps = N_(
	    "Block lists for mail answer with 127.0.0.2 and on, hosts' own names with 127.0.1.1: neither is a "
	    "filter's. Private endpoints do answer with private addresses: their alias chain holds a privatelink zone."),
	.next_test = NEXT_OTHER,
	.remedy = REMEDY_FILTER,
	.source = "OONI, R8914",
	.alternatives = "DNS-06",
};

static bool is_public(const struct pp_addr *addr)
{
	return !pp_addr_is_private(addr) && !pp_addr_is_bogon(addr) && !pp_addr_is_link_local(addr);
}

/* A private answer shows that the zone is linked: whether its record is right, only the endpoint's side knows, so what
 * the connection shows stands.  A refusal in clear is an answer (403), so those that "worked" must be no more than the
 * refusals. */
static bool private_endpoint_missed(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_host *host = c->host;

	if (!has_private_link(c->lookup) || !all_addresses(c->lookup, is_public) || host->refusals == 0 ||
	    host->worked_count > host->refusals)
		return false;
	cite_address(c, verdict);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_dns_06 = {
	.id = "DNS-06",
	.name = N_("private endpoint not honoured"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_DNS,
	.most = PP_STRONG,
	.match = private_endpoint_missed,
	.summary = N_("{host} has a private endpoint, but the DNS resolver {server} leads to the public address "
		      "{device}, which refuses: the private zone is very probably not linked."),
	.when = N_("The alias chain holds a privatelink zone, the final address is public and the service there "
		   "refuses."),
	.traps = N_("Public access may be allowed beside the private endpoint: then the connection works. A private "
		    "address that does not answer was resolved rightly: the connection tells why."),
	.next_test = N_("Ask 168.63.129.16 for the name from inside the virtual network."),
	.remedy = REMEDY_PRIVATE,
	.source = "JP-PE",
	.alternatives = "DNS-05,FW-01",
};

/* ------------------------------------------------------------------ DNS-13 */

/* Every address type that was asked for was answered, the A record among them, and there is none. */
static bool has_no_address(const struct pp_lookup *lookup)
{
	bool has_a = false;

	for (unsigned i = 0; i < lookup->question_count; i++) {
		const struct pp_dns_question *question = &lookup->questions[i];

		if (question->type != PP_DNS_A && question->type != PP_DNS_AAAA)
			continue;
		if (!question->answered || question->rcode != PP_RCODE_NOERROR || question->truncated)
			return false;
		has_a |= question->type == PP_DNS_A;
	}
	return has_a && lookup->address_count == 0 && !lookup->clipped && !lookup->replies_only;
}

/* Any name may exist without an address; those that the catalogue knows are there to be connected to. */
static bool nothing_to_connect_to(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!pp_is_azure(c) || !has_no_address(c->lookup) || pp_lookup_alias_found(c))
		return false;
	pp_cite_dns_query(c, verdict);
	pp_cite_dns_reply(c, verdict);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_dns_13 = {
	.id = "DNS-13",
	.name = N_("name without an address"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_DNS,
	.most = PP_STRONG,
	.match = nothing_to_connect_to,
	.summary = N_("The DNS resolver {server} knows the name {host} and gives no address for it, so nothing can "
		      "connect to it: very probably a zone lacks the record, its alias leads nowhere, or a filter "
		      "empties the answer."),
	.when = N_("NOERROR without an address for the A record and whatever else was asked, of a name that the "
		   "catalogue knows; neither its aliases nor another lookup found one, and no connection to it works."),
	.traps = N_("AAAA alone is often empty in health; names that are no host's (zones, service records) have no "
		    "address."),
	.next_test = NEXT_OTHER,
	.remedy = REMEDY_FILTER,
	.source = "R2308 2.2",
	.alternatives = "DNS-02,DNS-05",
};

/* ------------------------------------------------------------------ harmless */

static bool noise(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (c->lookup->address_count || !pp_lookup_is_noise(c))
		return false;
	pp_cite_dns_query(c, verdict);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_dns_09 = {
	.id = "DNS-09",
	.name = N_("discovery noise"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_OK,
	.domain = PP_DOMAIN_NONE,
	.owner = PP_OWNER_NONE,
	.most = PP_STRONG,
	.match = noise,
	.summary = N_("The lookup of {host} is discovery or search-suffix noise; that it finds nothing is normal."),
	.when = N_("wpad, isatap, service records, reverse lookups, single labels, names with a search suffix, "
		   "privatelink probes."),
	.traps = N_("A long time-out of such a lookup still delays the start."),
	.next_test = N_("None needed."),
	.remedy = N_("No action."),
	.source = "SEED4",
	.alternatives = "",
};
const struct pp_rule pp_rule_dns_10 = {
	.id = "DNS-10",
	.name = N_("stale answer"),
	.scope = PP_SCOPE_LOOKUP,
	.outcome = PP_OUTCOME_OK,
	.domain = PP_DOMAIN_DNS,
	.owner = PP_OWNER_DNS,
	.most = PP_CONSISTENT,
	.match = NULL,
	.summary =
	    N_("The client uses an address of {host} that no answer in this capture gives: a cache or hosts file."),
	.when = N_("A connection to an address that is in no answer for its name."),
	.traps = N_("The answer may have come before the capture began."),
	.next_test = N_("Look into the hosts file and the resolver cache of this machine."),
	.remedy = N_("Correct the hosts file or flush the cache."),
	.source = "diagnosis facts 2.3",
	.alternatives = "",
};

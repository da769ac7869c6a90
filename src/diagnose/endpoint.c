/* Endpoints: what counts for a host after retries, fallbacks and parallel attempts.
 *
 * A port of a host that worked is well unless it broke later, or the failures are proven and outnumber the successes;
 * another port's success says nothing of it.  What cuts connections in the middle of their life stands, for
 * reconnecting is no cure. A lookup's fault counts where no connection worked: one that gave a wrong address is the
 * cause of whatever came behind it, one that gave none is not, for the client knew an address all the same.  Port tests
 * are no success: behind a terminator they always work.  Where packets were cut before they told whom they were for, a
 * success makes good nothing.
 */
#include "diagnose/account.h"
#include "diagnose/table.h"

#include <stdlib.h>

enum { BROKE_TIMES = 2 };

static bool is_fault(const struct pp_candidate *candidate) { return candidate->outcome == PP_OUTCOME_FAULT; }

enum cause { LOOKUP_WITHOUT_ADDRESS, CONNECTION, MISLED };

static enum cause cause_of(const struct pp_candidate *candidate)
{
	if (!candidate->by_lookup)
		return CONNECTION;
	return candidate->rule == &pp_rule_dns_05 || candidate->rule == &pp_rule_dns_06 ? MISLED
											: LOOKUP_WITHOUT_ADDRESS;
}

/* A better reason than the other: what caused it first, then grade, then number; earlier ones stand first. */
static bool beats(const struct pp_candidate *a, const struct pp_candidate *b)
{
	if (!b)
		return true;
	if (cause_of(a) != cause_of(b))
		return cause_of(a) > cause_of(b);
	if (a->grade != b->grade)
		return a->grade > b->grade;
	return a->count > b->count;
}

static struct pp_candidate *best_of(const struct pp_host_record *host, enum pp_outcome outcome)
{
	struct pp_candidate *best = NULL;

	for (struct pp_candidate *candidate = host->candidates; candidate; candidate = candidate->next)
		if (candidate->outcome == outcome &&
		    (!best || candidate->real > best->real ||
		     (candidate->real == best->real && candidate->count > best->count)))
			best = candidate;
	return best;
}

static bool cuts_in_session(const struct pp_rule *rule)
{
	return rule->domain == PP_DOMAIN_IDLE || rule == &pp_rule_fw_14 || rule == &pp_rule_fw_15 ||
	       rule == &pp_rule_srv_05;
}

/* DNS-06 has weighed the connections itself: a refusal in clear counts as an answer elsewhere. */
static bool fault_stands(const struct pp_host *host, const struct pp_candidate *fault)
{
	const struct pp_host_port *port = pp_host_port(host, fault->port);

	if (fault->by_lookup)
		return host->succeeded == 0 || fault->rule == &pp_rule_dns_06;
	if (!port || port->succeeded == 0 || cuts_in_session(fault->rule))
		return true;
	/* What worked may have been for another name at this address. */
	if (host->unnamed_fault && fault->grade >= PP_STRONG)
		return true;
	/* A proxy that says no is not made good by what had worked beside it. */
	if (fault->domain == PP_DOMAIN_PROXY && fault->grade == PP_PROVEN &&
	    !pp_seen(pp_host_worked(host, PP_BY_PROXY)) && port->last_fault > port->last_ok)
		return true;
	if (port->last_fault > port->last_ok && port->failed >= BROKE_TIMES && fault->grade >= PP_STRONG)
		return true;
	return port->failed > port->succeeded && fault->grade == PP_PROVEN;
}

static struct pp_candidate *best_fault(const struct pp_host_record *record, const struct pp_host *host)
{
	struct pp_candidate *best = NULL;

	for (struct pp_candidate *candidate = record->candidates; candidate; candidate = candidate->next)
		if (is_fault(candidate) && fault_stands(host, candidate) && beats(candidate, best))
			best = candidate;
	return best;
}

/* Success on one port says nothing of another, unless nobody wanted anything there. */
static bool is_open_question(const struct pp_host *host, const struct pp_candidate *unclear)
{
	const struct pp_host_port *port = pp_host_port(host, unclear->port);

	return host->unnamed_doubt || (port && port->succeeded == 0 && unclear->domain != PP_DOMAIN_NONE);
}

static struct pp_candidate *weigh(const struct pp_host_record *record)
{
	struct pp_host room;
	const struct pp_host *host = pp_host_of(record, &room);
	struct pp_candidate *fault = best_fault(record, host), *unclear = best_of(record, PP_OUTCOME_INCONCLUSIVE);
	struct pp_candidate *ok = best_of(record, PP_OUTCOME_OK);

	if (fault)
		return fault;
	if (host->succeeded && ok && !(unclear && is_open_question(host, unclear)))
		return ok;
	return unclear ? unclear : ok ? ok : record->candidates;
}

/* The candidate that speaks for the host becomes its first one. */
static void choose(struct pp_host_record *host)
{
	struct pp_candidate *chosen, **at = &host->candidates;

	if (!host->candidates->next)
		return;
	chosen = weigh(host);
	while (*at != chosen)
		at = &(*at)->next;
	*at = chosen->next;
	chosen->next = host->candidates;
	host->candidates = chosen;
}

const char *pp_endpoint_name(struct pp_diagnosis *diagnosis, const struct pp_host_record *host)
{
	const struct pp_endpoint *endpoint;

	if (host->name)
		return host->name;
	endpoint = pp_endpoint_of(diagnosis, host);
	return pp_arena_copy(&diagnosis->end_arena, endpoint->host, strlen(endpoint->host) + 1);
}

const struct pp_endpoint *pp_endpoint_of(struct pp_diagnosis *diagnosis, const struct pp_host_record *record)
{
	const struct pp_candidate *chosen = record->candidates;
	struct pp_endpoint_view *view = &diagnosis->view;
	struct pp_host room;
	const struct pp_host *host = pp_host_of(record, &room);

	pp_candidate_verdict(diagnosis, record, chosen, &view->verdict);
	if (!host->name)
		pp_addr_format(&view->verdict.server.ip, view->address);
	view->endpoint = (struct pp_endpoint){ .host = host->name ? host->name : view->address,
					       .category = record->category,
					       .flows = host->flows,
					       .failed = host->failed,
					       .succeeded = host->succeeded,
					       .direct = host->by_path[PP_DIRECT],
					       .proxy = host->by_path[PP_BY_PROXY],
					       .hurt_agent = host->hurt_agent,
					       .file = chosen->file,
					       .stream = chosen->stream,
					       .by_lookup = chosen->by_lookup,
					       .verdict = &view->verdict };
	return &view->endpoint;
}

static int by_first_packet(const void *a, const void *b)
{
	const struct pp_mark *one = &(*(const struct pp_host_record *const *)a)->first;
	const struct pp_mark *two = &(*(const struct pp_host_record *const *)b)->first;

	if (one->ts != two->ts)
		return one->ts < two->ts ? -1 : 1;
	if (one->file != two->file)
		return one->file < two->file ? -1 : 1;
	return one->packet < two->packet ? -1 : one->packet > two->packet;
}

enum pp_err pp_endpoints_weigh(struct pp_diagnosis *diagnosis)
{
	uint32_t count = diagnosis->hosts.count;

	if (count == 0)
		return PP_OK;
	diagnosis->endpoints = pp_arena_alloc(&diagnosis->end_arena, count * sizeof(const struct pp_host_record *));
	if (!diagnosis->endpoints)
		return PP_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct pp_host_record *host = pp_map_at(&diagnosis->hosts, i);

		if (!host->candidates)
			continue;
		choose(host);
		diagnosis->endpoints[diagnosis->endpoint_count++] = host;
	}
	qsort(diagnosis->endpoints, diagnosis->endpoint_count, sizeof(const struct pp_host_record *), by_first_packet);
	return PP_OK;
}

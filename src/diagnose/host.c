#include "diagnose/host.h"

#include "diagnose/state.h"

#include <string.h>

/* What the one connection told, beside PP_HOST_NAMED, … */
enum {
	OBSERVED = 2,
	OPEN_FAILED = 4,
	WORKED = 8,
	BY_PROXY = 16, /* how it worked */
	REFUSED = 32,
	PASSED = 64,
	RESUMED = 128,
	/* … and what it was judged as, by which path. */
	JUDGED = 256,
	FAILED = 512,
	SUCCEEDED = 1024,
	TOOK_PROXY = 2048,
	HURT_AGENT = 4096,
	UNNAMED_FAULT = 8192,
	UNNAMED_DOUBT = 16384,
};

const struct pp_host_more pp_host_no_more;

const struct pp_host_port *pp_host_port(const struct pp_host *host, uint16_t port)
{
	const struct pp_host_port *ports = host->more && host->more->ports ? host->more->ports : &host->one;

	for (unsigned i = 0; i < host->port_count; i++)
		if (ports[i].port == port)
			return &ports[i];
	return NULL;
}

/* ------------------------------------------------------------------ one connection */

static int64_t latest_of(struct pp_mark first) { return first.ts > 0 ? first.ts : 0; }

static void spread_observed(const struct pp_host_record *record, struct pp_host *host)
{
	unsigned facts = record->facts;

	host->observed = host->port_count = 1;
	host->one.port = record->port;
	host->failed_opens = (facts & OPEN_FAILED) != 0;
	host->refusals = (facts & REFUSED) != 0;
	host->resumed = facts & RESUMED;
	if (facts & WORKED) {
		host->worked_count = 1;
		host->worked_path = facts & BY_PROXY ? PP_BY_PROXY : PP_DIRECT;
		host->one.worked = record->first;
		host->one.last_worked = latest_of(record->first);
	}
	if (facts & PASSED) {
		host->passed = record->first;
		host->passed.ts += record->passed_after;
		host->passed.packet += record->passed_packets;
		host->passed_len = record->passed_len;
	}
}

static void spread_judged(const struct pp_host_record *record, struct pp_host *host)
{
	unsigned facts = record->facts;

	host->flows = 1;
	host->by_path[facts & TOOK_PROXY ? PP_BY_PROXY : PP_DIRECT] = true;
	host->failed = host->one.failed = (facts & FAILED) != 0;
	host->succeeded = host->one.succeeded = (facts & SUCCEEDED) != 0;
	if (facts & FAILED)
		host->one.last_fault = record->first.ts;
	if (facts & SUCCEEDED)
		host->one.last_ok = record->first.ts;
	host->hurt_agent = facts & HURT_AGENT;
	host->unnamed_fault = facts & UNNAMED_FAULT;
	host->unnamed_doubt = facts & UNNAMED_DOUBT;
}

const struct pp_host *pp_host_of(const struct pp_host_record *record, struct pp_host *room)
{
	if (record->all)
		return record->all;
	*room = (struct pp_host){ .name = record->name };
	if (record->facts & OBSERVED)
		spread_observed(record, room);
	if (record->facts & JUDGED)
		spread_judged(record, room);
	return room;
}

struct pp_host *pp_host_spread(struct pp_diagnosis *diagnosis, struct pp_host_record *record)
{
	struct pp_host *all = pp_arena_alloc(&diagnosis->arena, sizeof(*all));

	if (!all)
		return NULL;
	(void)pp_host_of(record, all);
	record->all = all;
	record->facts &= PP_HOST_NAMED;
	return all;
}

struct pp_host *pp_host_begin(struct pp_host *told, const struct pp_host_record *record)
{
	*told = (struct pp_host){ .name = record->name };
	return told;
}

static bool is_short(const struct pp_mark *first, const struct pp_mark *mark)
{
	return mark->file == first->file && mark->packet >= first->packet &&
	       mark->packet - first->packet <= UINT16_MAX && mark->ts >= first->ts &&
	       (uint64_t)mark->ts - (uint64_t)first->ts <= UINT32_MAX;
}

/* Whether spreading it again gives the same. */
static bool is_simple(const struct pp_host_record *record, const struct pp_host *told)
{
	return !told->more && told->observed == 1 && told->port_count == 1 && told->refusals <= 1 &&
	       (told->worked_count == 0 || (pp_mark_same(&told->one.worked, &record->first) &&
					    told->one.last_worked == latest_of(record->first))) &&
	       (!pp_seen(told->passed) || (told->passed_len <= UINT16_MAX && is_short(&record->first, &told->passed)));
}

void pp_host_keep(struct pp_diagnosis *diagnosis, struct pp_host_record *record, const struct pp_host *told)
{
	if (!is_simple(record, told)) {
		struct pp_host *all = pp_host_all(diagnosis, record);

		if (all)
			*all = *told;
		return;
	}
	record->port = told->one.port;
	record->facts |=
	    (uint16_t)(OBSERVED | (told->failed_opens ? OPEN_FAILED : 0) | (told->worked_count ? WORKED : 0) |
		       (told->worked_path == PP_BY_PROXY ? BY_PROXY : 0) | (told->refusals ? REFUSED : 0) |
		       (told->resumed ? RESUMED : 0));
	if (!pp_seen(told->passed))
		return;
	record->facts |= PASSED;
	record->passed_after = (uint32_t)(told->passed.ts - record->first.ts);
	record->passed_packets = (uint16_t)(told->passed.packet - record->first.packet);
	record->passed_len = (uint16_t)told->passed_len;
}

/* ------------------------------------------------------------------ judged */

static void count(struct pp_host_port *port, bool real, bool fault, int64_t at)
{
	if (real && (port->succeeded++ == 0 || at > port->last_ok))
		port->last_ok = at;
	if (fault && (port->failed++ == 0 || at > port->last_fault))
		port->last_fault = at;
}

static struct pp_host_port *port_of(struct pp_host *host, uint16_t port)
{
	struct pp_host_port *ports = pp_host_ports(host);

	for (unsigned i = 0; i < host->port_count; i++)
		if (ports[i].port == port)
			return &ports[i];
	return NULL;
}

static void add(struct pp_host *host, const struct pp_host_news *news)
{
	struct pp_host_port *port = port_of(host, news->port);

	host->by_path[news->path] = true;
	if (port)
		count(port, news->real, news->fault, news->first.ts);
	host->succeeded += news->real;
	host->failed += news->fault;
	host->hurt_agent |= news->hurt_agent;
	host->unnamed_fault |= news->unnamed_fault;
	host->unnamed_doubt |= news->unnamed_doubt;
	host->flows++;
}

void pp_host_judged(struct pp_diagnosis *diagnosis, struct pp_host_record *record, const struct pp_host_news *news)
{
	bool is_it = !record->all && (record->facts & (OBSERVED | JUDGED)) == OBSERVED && record->port == news->port &&
		     pp_mark_same(&record->first, &news->first);
	struct pp_host *all = is_it ? NULL : pp_host_all(diagnosis, record);

	if (all)
		add(all, news);
	if (is_it)
		record->facts |=
		    (uint16_t)(JUDGED | (news->fault ? FAILED : 0) | (news->real ? SUCCEEDED : 0) |
			       (news->path == PP_BY_PROXY ? TOOK_PROXY : 0) | (news->hurt_agent ? HURT_AGENT : 0) |
			       (news->unnamed_fault ? UNNAMED_FAULT : 0) | (news->unnamed_doubt ? UNNAMED_DOUBT : 0));
}

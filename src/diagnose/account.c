#include "diagnose/account.h"

/* Most connections go to a few names. */
static uint32_t named_host(struct pp_diagnosis *diagnosis, const char *name)
{
	uint32_t *recent = &diagnosis->recent_hosts[pp_mix_ends(name, strlen(name)) % PP_RECENT_HOSTS];
	const struct pp_host *record = pp_map_place(&diagnosis->hosts, *recent);
	struct pp_map_key key;
	uint32_t place;

	if (record && strcmp(record->name, name) == 0)
		return *recent;
	key = pp_key_of_text(diagnosis, name);
	place = pp_map_put(&diagnosis->hosts, &key);
	record = pp_map_place(&diagnosis->hosts, place);
	if (record && record->name)
		*recent = place;
	return place;
}

static uint32_t nameless_host(struct pp_diagnosis *diagnosis, const struct pp_addr *server, struct pp_baseline *address)
{
	struct pp_map_key key;
	uint32_t place;

	if (address && address->host)
		return address->host;
	key = pp_key_of_addr(server);
	place = pp_map_put(&diagnosis->hosts, &key);
	if (address)
		address->host = place;
	return place;
}

uint32_t pp_host_put(struct pp_diagnosis *diagnosis, const char *host, const struct pp_addr *server,
		     const char *category, struct pp_mark first, struct pp_baseline *address)
{
	uint32_t place = host ? named_host(diagnosis, host) : nameless_host(diagnosis, server, address);
	struct pp_host *record = pp_map_place(&diagnosis->hosts, place);

	if (!record)
		return 0;
	if (!record->category) {
		record->category = category;
		record->addr = *server;
		if (host)
			record->name = pp_arena_copy(&diagnosis->arena, host, strlen(host) + 1);
	}
	/* One name has one category; an address may be attributed now by a service tag and now by nothing. */
	if (record->category != category && strcmp(record->category, "other") == 0)
		record->category = category;
	pp_keep_earliest(&record->first, first);
	return place;
}

/* ------------------------------------------------------------------ candidates */

/* The host's own name is kept already. */
static const char *kept(struct pp_diagnosis *diagnosis, const struct pp_host *host, const char *text)
{
	if (!text || (host->name && strcmp(text, host->name) == 0))
		return text ? host->name : NULL;
	return pp_arena_copy(&diagnosis->arena, text, strlen(text) + 1);
}

/* Verdicts point into facts that are gone after their judge(). */
static void keep_verdict(struct pp_diagnosis *diagnosis, const struct pp_host *host, struct pp_candidate *candidate,
			 const struct pp_verdict *verdict)
{
	struct pp_verdict *kept_one = candidate->verdict;

	if (!kept_one || verdict->evidence_count > candidate->evidence_room) {
		kept_one = pp_arena_alloc(&diagnosis->arena, pp_verdict_bytes(verdict));
		if (!kept_one)
			return;
		candidate->verdict = kept_one;
		candidate->evidence_room = verdict->evidence_count;
	}
	pp_verdict_copy(kept_one, verdict);
	candidate->rule = verdict->rule;
	candidate->outcome = verdict->outcome;
	candidate->grade = verdict->grade;
	kept_one->host = kept(diagnosis, host, verdict->host);
	kept_one->detail = kept(diagnosis, host, verdict->detail);
	for (unsigned i = 0; i < verdict->evidence_count; i++)
		kept_one->evidence[i].text = kept(diagnosis, host, verdict->evidence[i].text);
}

static int rank(enum pp_outcome outcome, enum pp_grade grade, bool real)
{
	switch (outcome) {
	case PP_OUTCOME_FAULT:
		return 3 + (int)grade;
	case PP_OUTCOME_INCONCLUSIVE:
		return 2;
	case PP_OUTCOME_OK:
		return real;
	}
	return 0;
}

static int rank_of(const struct pp_candidate *candidate)
{
	return rank(candidate->outcome, candidate->grade, candidate->real);
}

static bool is_of(const struct pp_candidate *candidate, const struct pp_verdict *verdict, uint16_t port)
{
	return candidate->rule == verdict->rule && candidate->outcome == verdict->outcome && candidate->port == port;
}

/* The candidate of this rule, outcome and port, a free one, or the weakest if this verdict is more. */
static struct pp_candidate **place_for(struct pp_host *host, const struct pp_verdict *verdict, bool real, uint16_t port)
{
	struct pp_candidate **weakest = &host->candidates[0];

	for (unsigned i = 0; i < host->candidate_count; i++) {
		struct pp_candidate *candidate = host->candidates[i];

		if (is_of(candidate, verdict, port))
			return &host->candidates[i];
		if (rank_of(candidate) < rank_of(*weakest))
			weakest = &host->candidates[i];
	}
	if (host->candidate_count < PP_CANDIDATES_MAX)
		return &host->candidates[host->candidate_count];
	return rank(verdict->outcome, verdict->grade, real) > rank_of(*weakest) ? weakest : NULL;
}

static void add_candidate(struct pp_diagnosis *diagnosis, struct pp_host *host, const struct pp_verdict *verdict,
			  bool real, uint16_t port, uint16_t file, uint32_t stream, bool by_lookup)
{
	struct pp_candidate **place = place_for(host, verdict, real, port), *candidate;
	bool fresh;

	if (!place)
		return;
	candidate = *place;
	if (!candidate) {
		candidate = pp_arena_alloc(&diagnosis->arena, sizeof(*candidate));
		if (candidate)
			keep_verdict(diagnosis, host, candidate, verdict);
		if (!candidate || !candidate->verdict)
			return;
		*place = candidate;
		host->candidate_count++;
	}
	fresh = candidate->count == 0 || !is_of(candidate, verdict, port);
	if (fresh)
		candidate->count = 0;
	candidate->count++;
	if (!fresh && verdict->grade <= candidate->grade && candidate->real >= real)
		return;
	candidate->by_lookup = by_lookup;
	candidate->real = real;
	candidate->port = port;
	candidate->file = file;
	candidate->stream = stream;
	keep_verdict(diagnosis, host, candidate, verdict);
}

/* ------------------------------------------------------------------ booking */

static void count(struct pp_host_port *port, bool real, bool fault, int64_t at)
{
	if (real && (port->succeeded++ == 0 || at > port->last_ok))
		port->last_ok = at;
	if (fault && (port->failed++ == 0 || at > port->last_fault))
		port->last_fault = at;
}

/* Whose it was is known only of live captures; then another process's failure is not the agent's. */
static bool may_be_agents(const struct pp_process *process) { return !process || !process->aimed || process->ours; }

static struct pp_host_port *port_of(struct pp_host *host, uint16_t port)
{
	struct pp_host_port *ports = pp_host_ports(host);

	for (unsigned i = 0; i < host->port_count; i++)
		if (ports[i].port == port)
			return &ports[i];
	return NULL;
}

void pp_account_connection(struct pp_diagnosis *diagnosis, const struct pp_case *c, const struct pp_verdict *verdict)
{
	struct pp_host *host = pp_map_place(&diagnosis->hosts, c->places.host);
	bool ok = verdict->outcome == PP_OUTCOME_OK, fault = verdict->outcome == PP_OUTCOME_FAULT;
	bool real = ok && (c->shape.worked || pp_stage_is(c, PP_STAGE_SECURE));
	struct pp_host_port *port;

	*(ok ? &diagnosis->flows_ok : fault ? &diagnosis->flows_fault : &diagnosis->flows_unclear) += 1;
	if (!host)
		return;
	host->by_path[c->path] = true;
	port = port_of(host, c->who->port);
	if (port)
		count(port, real, fault, c->conn->first.ts);
	host->succeeded += real;
	host->failed += fault;
	if (fault)
		host->hurt_agent |= may_be_agents(c->conn->process);
	host->flows++;
	add_candidate(diagnosis, host, verdict, real, c->who->port, c->conn->file, c->conn->stream, false);
}

/* Only faults: a name that resolves and is never contacted is no endpoint. */
void pp_account_lookup(struct pp_diagnosis *diagnosis, const struct pp_case *c, const struct pp_verdict *verdict)
{
	struct pp_addr none = { { 0 } };
	struct pp_host *host;

	diagnosis->lookups_ok += verdict->outcome == PP_OUTCOME_OK;
	if (verdict->outcome != PP_OUTCOME_FAULT)
		return;
	host = pp_map_place(&diagnosis->hosts,
			    pp_host_put(diagnosis, c->lookup->name, &none, c->who->category, c->lookup->first, NULL));
	if (!host)
		return;
	host->hurt_agent = true;
	add_candidate(diagnosis, host, verdict, false, 0, c->lookup->first.file, 0, true);
}

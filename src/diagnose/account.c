#include "diagnose/account.h"
#include "diagnose/keep.h"

#include <stddef.h>

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
	uint32_t place;
	struct pp_host_record *record;

	if (host) {
		struct pp_map_key key = pp_key_of_name(diagnosis, host);

		place = pp_map_put(&diagnosis->hosts, &key);
	} else {
		place = nameless_host(diagnosis, server, address);
	}
	record = pp_map_place(&diagnosis->hosts, place);
	if (!record)
		return 0;
	if (!record->category) {
		record->category = category;
		if (host)
			pp_host_set_named(record);
		if (host)
			record->name = pp_arena_copy(&diagnosis->arena, host, strlen(host) + 1);
	}
	/* One name has one category; an address may be attributed now by a service tag and now by nothing. */
	if (record->category != category && strcmp(record->category, "other") == 0)
		record->category = category;
	/* What one connection tells is told from its first packet. */
	if (!pp_host_is_known(record) || pp_host_all(diagnosis, record))
		pp_keep_earliest(&record->first, first);
	return place;
}

/* ------------------------------------------------------------------ candidates */

/* Verdicts point into facts that are gone after their judge().  False without memory: then all is as it was. */
static bool keep_verdict(struct pp_diagnosis *diagnosis, const struct pp_host_record *host, struct pp_candidate **place,
			 const struct pp_verdict *verdict)
{
	const struct pp_look_alikes *row = pp_look_alikes_of(diagnosis->look_alikes, verdict->rule);
	struct pp_buf *bytes = &diagnosis->packing;
	struct pp_candidate *candidate = *place;

	if (pp_keep_pack(bytes, verdict, row, host->name) != PP_OK)
		return false;
	if (!candidate || bytes->len > candidate->room) {
		candidate = pp_arena_alloc(&diagnosis->arena, offsetof(struct pp_candidate, kept) + bytes->len);
		if (!candidate)
			return false;
		if (*place)
			memcpy(candidate, *place, offsetof(struct pp_candidate, kept));
		candidate->room = (uint32_t)bytes->len;
		*place = candidate;
	}
	candidate->rule = verdict->rule;
	candidate->outcome = (uint8_t)verdict->outcome;
	candidate->grade = (uint8_t)verdict->grade;
	candidate->domain = (uint8_t)verdict->domain;
	candidate->owner = (uint8_t)verdict->owner;
	memcpy(candidate->kept, bytes->p, bytes->len);
	return true;
}

void pp_candidate_verdict(const struct pp_diagnosis *diagnosis, const struct pp_host_record *host,
			  const struct pp_candidate *candidate, struct pp_verdict *ret_verdict)
{
	ret_verdict->rule = candidate->rule;
	ret_verdict->outcome = (enum pp_outcome)candidate->outcome;
	ret_verdict->grade = (enum pp_grade)candidate->grade;
	ret_verdict->domain = (enum pp_domain)candidate->domain;
	ret_verdict->owner = (enum pp_owner)candidate->owner;
	pp_keep_unpack(ret_verdict, candidate->kept, pp_look_alikes_of(diagnosis->look_alikes, candidate->rule),
		       host->name);
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
	return rank((enum pp_outcome)candidate->outcome, (enum pp_grade)candidate->grade, candidate->real);
}

static bool is_of(const struct pp_candidate *candidate, const struct pp_verdict *verdict, uint16_t port)
{
	return candidate->rule == verdict->rule && candidate->outcome == (uint8_t)verdict->outcome &&
	       candidate->port == port;
}

/* The candidate of this rule, outcome and port, none yet, or the weakest if this verdict is more. */
static struct pp_candidate **place_for(struct pp_host_record *host, const struct pp_verdict *verdict, bool real,
				       uint16_t port)
{
	struct pp_candidate **at = &host->candidates, **weakest = at;
	unsigned candidate_count = 0;

	for (; *at; at = &(*at)->next, candidate_count++) {
		if (is_of(*at, verdict, port))
			return at;
		if (rank_of(*at) < rank_of(*weakest))
			weakest = at;
	}
	if (candidate_count < PP_CANDIDATES_MAX)
		return at;
	return rank(verdict->outcome, verdict->grade, real) > rank_of(*weakest) ? weakest : NULL;
}

/* Where a verdict stands, and for which port. */
struct place {
	uint16_t port, file;
	uint32_t stream;
	bool by_lookup;
};

static void add_candidate(struct pp_diagnosis *diagnosis, struct pp_host_record *host, const struct pp_verdict *verdict,
			  bool real, struct place where)
{
	struct pp_candidate **place = place_for(host, verdict, real, where.port);
	uint32_t count = 1;

	if (!place)
		return;
	if (*place && is_of(*place, verdict, where.port)) {
		count = ++(*place)->count;
		if (verdict->grade <= (enum pp_grade)(*place)->grade && (*place)->real >= real)
			return;
	}
	if (!keep_verdict(diagnosis, host, place, verdict))
		return;
	(*place)->count = count;
	(*place)->by_lookup = where.by_lookup;
	(*place)->real = real;
	(*place)->port = where.port;
	(*place)->file = where.file;
	(*place)->stream = where.stream;
}

/* ------------------------------------------------------------------ booking */

/* Whose it was is known only of live captures; then another process's failure is not the agent's. */
static bool may_be_agents(const struct pp_process *process) { return !process || !process->aimed || process->ours; }

void pp_account_connection(struct pp_diagnosis *diagnosis, const struct pp_case *c, const struct pp_verdict *verdict)
{
	struct pp_host_record *host = pp_map_place(&diagnosis->hosts, c->places.host);
	bool ok = verdict->outcome == PP_OUTCOME_OK, fault = verdict->outcome == PP_OUTCOME_FAULT;
	bool real = ok && (c->shape.worked || pp_stage_is(c, PP_STAGE_SECURE));
	bool unnamed = !ok && pp_name_unseen(c);

	if (!host)
		return;
	pp_host_judged(diagnosis, host,
		       &(struct pp_host_news){ .first = c->conn->first,
					       .port = c->who->port,
					       .path = c->path,
					       .real = real,
					       .fault = fault,
					       .hurt_agent = fault && may_be_agents(c->conn->process),
					       .unnamed_fault = unnamed && fault,
					       .unnamed_doubt = unnamed && !fault });
	add_candidate(diagnosis, host, verdict, real,
		      (struct place){ c->who->port, c->conn->file, c->conn->stream, false });
}

/* Only faults: a name that resolves and is never contacted is no endpoint. */
void pp_account_lookup(struct pp_diagnosis *diagnosis, const struct pp_case *c, const struct pp_verdict *verdict)
{
	struct pp_addr none = { { 0 } };
	struct pp_host_record *host;
	struct pp_host *all;

	diagnosis->lookups_ok += verdict->outcome == PP_OUTCOME_OK;
	if (verdict->outcome != PP_OUTCOME_FAULT)
		return;
	host = pp_map_place(&diagnosis->hosts,
			    pp_host_put(diagnosis, c->lookup->name, &none, c->who->category, c->lookup->first, NULL));
	if (!host)
		return;
	all = pp_host_all(diagnosis, host);
	if (all)
		all->hurt_agent = true;
	add_candidate(diagnosis, host, verdict, false, (struct place){ 0, c->lookup->first.file, 0, true });
}

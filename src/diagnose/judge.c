/* Judging: the loop over the rule table.
 *
 * Layer by layer in the order of a connection's life; the first layer that has something to say decides, because what
 * fails first is the cause of what fails later.  Within a layer proven beats strong beats consistent.  A rule whose
 * gates are shut may still fit: then the connection is inconclusive, with the gate as its verdict and the rule as its
 * alternative.
 */
#include "diagnose/judge.h"

#include "diagnose/lookup.h"
#include "diagnose/table.h"

#include <assert.h>

#define WHY_GATE N_("the packets would fit, but the capture cannot show it")
#define WHY_WEAKER N_("fits too, less surely")

enum { HITS_MAX = 8 };

/* The hits of one layer, best first.  Verdicts are large, so they are written where they may stay. */
struct hits {
	struct pp_verdict *best;    /* NULL: none */
	struct pp_verdict *now;     /* the next rule writes here; NULL: … */
	struct pp_verdict *another; /* … here, which is not begun yet */
	const struct pp_rule *others[HITS_MAX];
	unsigned other_count;
	const struct pp_rule *vetoed; /* fits, but a gate is shut */
	unsigned gates;
};

/* What all verdicts on this case share; once per verdict. */
static void begin_case(const struct pp_case *c, struct pp_verdict *verdict)
{
	memset(&verdict->proxy, 0, sizeof(verdict->proxy));
	if (c->unit) {
		verdict->host = NULL;
		memset(&verdict->server, 0, sizeof(verdict->server));
		return;
	}
	verdict->host = c->conn ? pp_asked_host(c) : c->lookup->name;
	verdict->server = c->conn ? c->conn->server : c->lookup->resolver;
	if (c->conn && c->path == PP_BY_PROXY)
		verdict->proxy = c->conn->server;
}

/* What its row presets; a predicate that did not hit may have left something behind. */
static void begin_rule(const struct pp_rule *rule, struct pp_verdict *verdict)
{
	verdict->rule = rule;
	verdict->outcome = rule->outcome;
	verdict->grade = PP_GRADE_NONE;
	verdict->domain = rule->domain;
	verdict->owner = rule->owner;
	verdict->evidence_count = verdict->alternative_count = 0;
	verdict->detail = NULL;
	memset(&verdict->device, 0, sizeof(verdict->device));
	verdict->number = 0;
	verdict->next_test = NULL;
}

static void begin(const struct pp_case *c, const struct pp_rule *rule, struct pp_verdict *verdict)
{
	begin_case(c, verdict);
	begin_rule(rule, verdict);
}

static void begin_hits(struct hits *hits, struct pp_verdict *first, struct pp_verdict *another)
{
	hits->best = NULL;
	hits->now = first;
	hits->another = another;
	hits->other_count = 0;
	hits->vetoed = NULL;
}

static int rank(const struct pp_verdict *verdict)
{
	return verdict->outcome == PP_OUTCOME_INCONCLUSIVE ? -1 : (int)verdict->grade;
}

/* One of two places holds the best, the next verdict goes to the other. */
static void take(struct hits *hits)
{
	const struct pp_rule *beside = hits->now->rule;

	if (!hits->best || rank(hits->now) > rank(hits->best)) {
		struct pp_verdict *was = hits->best;

		beside = was ? was->rule : NULL;
		hits->best = hits->now;
		hits->now = was;
	}
	if (beside && hits->other_count < HITS_MAX)
		hits->others[hits->other_count++] = beside;
}

/* A rule must not say more than its row allows; resets and silence of a connection joined midway (CAP-01), and what is
 * said of packets whose order is not known (CAP-06) or that are not all there are, are never more than consistent. */
static void cap_grade(const struct pp_case *c, struct pp_verdict *verdict)
{
	enum pp_domain domain = verdict->domain;
	bool inferred = domain == PP_DOMAIN_SERVER || domain == PP_DOMAIN_IDLE || domain == PP_DOMAIN_MTU ||
			(domain == PP_DOMAIN_FIREWALL && !pp_addr_is_set(&verdict->device));

	if (verdict->grade > verdict->rule->most)
		verdict->grade = verdict->rule->most;
	if (verdict->outcome == PP_OUTCOME_FAULT && inferred && c->conn && c->gates & PP_CAP(1) && !c->shape.exchange)
		verdict->grade = PP_CONSISTENT;
	if (c->conn && c->gates & (PP_DISORDERED | PP_ELSEWHERE) && verdict->grade > PP_CONSISTENT)
		verdict->grade = PP_CONSISTENT;
}

/* Of a connection that ends on this machine: there is no network in it, and the service is this machine's. */
static void keep_here(const struct pp_case *c, struct pp_verdict *verdict)
{
	bool elsewhere = verdict->owner == PP_OWNER_SERVER || verdict->owner == PP_OWNER_NETWORK;

	if (elsewhere && c->conn && pp_addr_is_loopback(&c->conn->server.ip))
		verdict->owner = PP_OWNER_LOCAL;
}

#ifndef NDEBUG
static bool hits_all_the_same(const struct pp_case *c, const struct pp_rule *rule)
{
	struct pp_verdict scratch;

	if (pp_may_hit(c, rule))
		return false;
	begin(c, rule, &scratch);
	return rule->match(c, &scratch);
}

/* No rule is left out that would hit. */
static bool leaves_out_rightly(const struct pp_case *c)
{
	for (unsigned i = 0; i < pp_layer_count; i++)
		if (pp_layer_asks(&pp_layers[i], c->shape.stage, c->shape.worked))
			for (const struct pp_rule *const *at = pp_layers[i].rules; *at; at++)
				if (hits_all_the_same(c, *at))
					return false;
	for (const struct pp_rule *const *at = pp_note_rules; *at; at++)
		if (hits_all_the_same(c, *at))
			return false;
	return true;
}
#endif

static unsigned gates_shut(const struct pp_case *c, const struct pp_rule *rule)
{
	return c->gates ? c->gates & pp_gates_vetoing(rule->needs) : 0;
}

/* What works works, whatever is missing; but what lies elsewhere may be its end, and what nobody could read may be
 * anything. */
static unsigned gates_against(const struct pp_case *c, const struct pp_rule *rule, enum pp_outcome outcome)
{
	return outcome == PP_OUTCOME_OK ? c->gates & (PP_ELSEWHERE | PP_UNREAD) : gates_shut(c, rule);
}

/* Where the next rule may write: what all verdicts on this case share is there. */
static struct pp_verdict *next_place(const struct pp_case *c, struct hits *hits)
{
	if (!hits->now) {
		hits->now = hits->another;
		begin_case(c, hits->now);
	}
	return hits->now;
}

/* True when no further rule of its layer is asked. */
static bool ask(const struct pp_case *c, enum pp_layer_choice choice, const struct pp_rule *rule, struct hits *hits)
{
	unsigned shut;

	begin_rule(rule, next_place(c, hits));
	if (!rule->match(c, hits->now))
		return false;
	shut = gates_against(c, rule, hits->now->outcome);
	if (shut) {
		if (!hits->vetoed) {
			hits->vetoed = rule;
			hits->gates = shut;
		}
		return false;
	}
	cap_grade(c, hits->now);
	keep_here(c, hits->now);
	if (choice == PP_CHOOSE_FIRST || hits->now->outcome == PP_OUTCOME_OK) {
		hits->best = hits->now;
		return true;
	}
	take(hits);
	return false;
}

/* ------------------------------------------------------------------ alternatives and notes */

static void add_alternative(struct pp_verdict *verdict, const struct pp_rule *rule, const char *why_not)
{
	if (!rule || rule == verdict->rule || verdict->alternative_count == PP_ALTERNATIVES_MAX)
		return;
	for (unsigned i = 0; i < verdict->alternative_count; i++)
		if (verdict->alternatives[i].rule == rule)
			return;
	verdict->alternatives[verdict->alternative_count++] = (struct pp_alternative){ rule, why_not };
}

/* The rules that hit beside this one, then those its row names as look-alikes: mostly only these. */
static void add_alternatives(const struct pp_case *c, struct pp_verdict *verdict, const struct hits *hits)
{
	const struct pp_look_alikes *row = pp_look_alikes_of(c->diagnosis->look_alikes, verdict->rule);

	if (row && hits->other_count == 0 && !hits->vetoed) {
		memcpy(verdict->alternatives, row->as, sizeof(row->as));
		verdict->alternative_count = row->count;
		return;
	}
	for (unsigned i = 0; i < hits->other_count; i++)
		add_alternative(verdict, hits->others[i], WHY_WEAKER);
	add_alternative(verdict, hits->vetoed, WHY_GATE);
	for (unsigned i = 0; row && i < row->count; i++)
		add_alternative(verdict, row->as[i].rule, row->as[i].why_not);
}

/* Notes that say the same as the verdict, or blame where it acquits, are left out; and so are those that call well what it
 * accuses. */
static void add_notes(const struct pp_case *c, const struct pp_rule *const *rows, const uint8_t *step,
		      struct pp_judgement *judgement)
{
	for (; *step != PP_PLAN_END && judgement->also_count < PP_ALSO_MAX; step++) {
		const struct pp_rule *rule = rows[*step];
		struct pp_verdict *also = &judgement->also[judgement->also_count];

		if (rule == judgement->verdict.rule)
			continue;
		begin(c, rule, also);
		if (!rule->match(c, also) || gates_shut(c, rule) ||
		    (judgement->verdict.outcome == PP_OUTCOME_OK && also->outcome != PP_OUTCOME_OK) ||
		    (judgement->verdict.outcome == PP_OUTCOME_FAULT && also->outcome == PP_OUTCOME_OK))
			continue;
		cap_grade(c, also);
		keep_here(c, also);
		judgement->also_count++;
	}
}

/* ------------------------------------------------------------------ what stands after all layers */

static const struct pp_rule *row_of_gate(unsigned gates)
{
	static const struct {
		unsigned gate;
		const struct pp_rule *rule;
	} rows[] = {
		{ PP_CAP(2), &pp_rule_cap_02 },
		{ PP_CAP(1), &pp_rule_cap_01 },
		{ PP_CAP(3) | PP_UNREAD, &pp_rule_cap_03 },
		{ PP_CAP(9) | PP_LOST | PP_ELSEWHERE, &pp_rule_cap_09 },
		{ PP_DISORDERED, &pp_rule_cap_06 },
		{ PP_CAP(8), &pp_rule_cap_08 },
		{ PP_CAP(10), &pp_rule_cap_10 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (gates & rows[i].gate)
			return rows[i].rule;
	return &pp_rule_cap_08;
}

static void give_gate(const struct pp_case *c, unsigned gates, struct pp_verdict *verdict)
{
	const struct pp_rule *row = row_of_gate(gates);

	begin(c, row, verdict);
	verdict->grade = PP_CONSISTENT;
	if (!row->match || !row->match(c, verdict))
		pp_cite(verdict,
			(struct pp_evidence){ .kind = PP_EV_CAPTURE, .mark = c->conn->first, .text = row->name });
}

/* The client left before anything was decided: not for impatience (LOC-02's own conditions), but the sentence is the
 * same. */
static void give_early_end(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert = pp_alert_from(c, PP_CLIENT);

	begin(c, &pp_rule_loc_02, verdict);
	verdict->grade = PP_CONSISTENT;
	verdict->number = (c->shape.end.ts - c->conn->first.ts) / PP_SECOND;
	pp_cite_request(c, verdict);
	if (alert)
		pp_cite_alert(verdict, alert);
	pp_cite_end(c, verdict);
}

static void give_server_end(const struct pp_case *c, struct pp_verdict *verdict)
{
	begin(c, &pp_rule_srv_03, verdict);
	verdict->outcome = PP_OUTCOME_INCONCLUSIVE;
	verdict->grade = PP_CONSISTENT;
	verdict->number = (c->shape.end.ts - c->conn->first.ts) / PP_MS;
	pp_cite_request(c, verdict);
	pp_cite_end(c, verdict);
}

static void give_doubt(const struct pp_case *c, unsigned gates, struct pp_verdict *verdict)
{
	if (gates & ~PP_CAP(8))
		give_gate(c, gates, verdict);
	else if (pp_closed_by_client(c))
		give_early_end(c, verdict);
	else if (pp_stage_is(c, PP_STAGE_OPAQUE))
		give_gate(c, PP_CAP(9), verdict);
	else if (pp_closed_by_server(c))
		give_server_end(c, verdict);
	else
		give_gate(c, PP_CAP(8), verdict);
}

/* One connection that failed among successes to the same name by the same path is transient: shown, not accused.  Only
 * what is inferred from silence or a close is excused like this; a word of the other side stands, and so does what cut
 * a connection that had worked.  Where the name is only guessed from the address, the guess may be wrong whatever stands. */
static void excuse_transient(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_host_port *port;
	bool unseen, same_place, same_name;

	if (verdict->outcome != PP_OUTCOME_FAULT || c->shape.worked)
		return;
	unseen = pp_name_unseen(c);
	if (verdict->grade != PP_CONSISTENT && !(unseen && c->who->host))
		return;
	port = pp_host_port(c->host, c->who->port);
	same_place = pp_seen(c->service->answered) && pp_stage_is(c, PP_STAGE_SYN);
	same_name =
	    (c->who->host || unseen) && port && pp_seen(port->worked) && pp_seen(pp_host_worked(c->host, c->path));
	if ((same_place || same_name) && !pp_short_hello_passed(c))
		verdict->outcome = PP_OUTCOME_INCONCLUSIVE;
}

static void give_best(const struct hits *hits, struct pp_verdict *verdict)
{
	if (hits->best != verdict)
		pp_verdict_copy(verdict, hits->best);
}

static void decide(const struct pp_case *c, const struct pp_rule *const *rows, const uint8_t *step,
		   struct pp_verdict *verdict)
{
	struct pp_verdict another;
	struct hits hits;

	begin_case(c, verdict);
	begin_hits(&hits, verdict, &another);
	while (*step != PP_PLAN_END) {
		enum pp_layer_choice choice = pp_layers[*step++].choice;

		while (*step != PP_PLAN_END && !ask(c, choice, rows[*step], &hits))
			step++;
		if (hits.best)
			give_best(&hits, verdict);
		else if (hits.vetoed)
			give_doubt(c, hits.gates, verdict);
		if (hits.best || hits.vetoed) {
			if (verdict->outcome != PP_OUTCOME_OK)
				add_alternatives(c, verdict, &hits);
			return;
		}
		step++;
	}
	give_doubt(c, 0, verdict);
}

void pp_judge_connection(struct pp_plans *plans, const struct pp_case *c, struct pp_judgement *ret_judgement)
{
	const struct pp_plan *plan = pp_plan_of(plans, c->shape.stage, c->signs);

	assert(leaves_out_rightly(c));
	ret_judgement->also_count = 0;
	decide(c, plans->rows, plan->step, &ret_judgement->verdict);
	excuse_transient(c, &ret_judgement->verdict);
	add_notes(c, plans->rows, plan->step + plan->notes, ret_judgement);
}

/* ------------------------------------------------------------------ the machine */

bool pp_judge_machine(const struct pp_case *c, const struct pp_rule *rule, struct pp_verdict *verdict)
{
	const struct hits none = { .best = NULL };

	begin(c, rule, verdict);
	if (!rule->match(c, verdict))
		return false;
	cap_grade(c, verdict);
	add_alternatives(c, verdict, &none);
	return true;
}

/* ------------------------------------------------------------------ lookups */

static void give_lookup(const struct pp_case *c, const struct pp_rule *rule, enum pp_outcome outcome,
			enum pp_grade grade, struct pp_mark mark, struct pp_verdict *verdict)
{
	begin(c, rule, verdict);
	verdict->outcome = outcome;
	verdict->grade = grade;
	if (c->lookup->address_count && outcome == PP_OUTCOME_OK)
		pp_cite(verdict, (struct pp_evidence){
				     .kind = PP_EV_DNS_ADDRESS, .mark = mark, .addr = c->lookup->addresses[0] });
	else
		pp_cite(verdict,
			(struct pp_evidence){ .kind = PP_EV_DNS_QUERY,
					      .mark = mark,
					      .text = c->lookup->name,
					      .a = c->lookup->question_count ? c->lookup->questions[0].type : 0,
					      .b = c->lookup->question_count ? c->lookup->questions[0].queries : 0 });
}

static bool is_truncated(const struct pp_lookup *lookup)
{
	for (unsigned i = 0; i < lookup->question_count; i++)
		if (lookup->questions[i].truncated)
			return true;
	return false;
}

/* NOERROR without addresses is a fine answer for what is no host's name: it exists.  But one that is truncated only says
 * to ask again. */
static bool served(const struct pp_lookup *lookup)
{
	uint8_t rcode;

	return lookup->address_count ||
	       (pp_lookup_rcode(lookup, &rcode) && rcode == PP_RCODE_NOERROR && !is_truncated(lookup));
}

void pp_judge_lookup(const struct pp_case *c, struct pp_judgement *ret_judgement)
{
	struct pp_verdict *verdict = &ret_judgement->verdict, another;
	struct hits hits;
	struct pp_mark mark;

	ret_judgement->also_count = 0;
	begin_case(c, verdict);
	begin_hits(&hits, verdict, &another);
	for (const struct pp_rule *const *at = pp_lookup_layer.rules; *at; at++)
		if (ask(c, pp_lookup_layer.choice, *at, &hits))
			break;
	if (hits.best && hits.best->outcome != PP_OUTCOME_OK && c->lookup->address_count == 0 &&
	    pp_lookup_recovered(c, &mark)) {
		give_lookup(c, &pp_rule_ok_08, PP_OUTCOME_OK, PP_STRONG, mark, verdict);
	} else if (hits.best) {
		give_best(&hits, verdict);
		if (verdict->outcome != PP_OUTCOME_OK)
			add_alternatives(c, verdict, &hits);
	} else if (served(c->lookup)) {
		give_lookup(c, &pp_rule_ok_01, PP_OUTCOME_OK, PP_PROVEN, c->lookup->last, verdict);
	} else {
		give_lookup(c, &pp_rule_cap_08, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, c->lookup->first, verdict);
	}
}

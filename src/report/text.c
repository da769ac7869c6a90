#include "report/text.h"

#include "base/time.h"
#include "report/layout.h"
#include "report/names.h"
#include "report/phrase.h"
#include "report/text_fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { INDENT = 3 };

/* What one report needs everywhere. */
struct report {
	const struct pp_findings *findings;
	struct pp_layout layout;
};

static void heading(struct report *r, const char *text)
{
	pp_layout_end(&r->layout);
	pp_layout_text(&r->layout, PP_BOLD, 0, text);
	pp_layout_end(&r->layout);
}

static void paragraph(struct report *r, enum pp_style style, const char *text)
{
	pp_layout_to(&r->layout, INDENT);
	pp_layout_text(&r->layout, style, INDENT, text);
	pp_layout_end(&r->layout);
}

/* "and 12 more …" under a list that was cut. */
static void more(struct report *r, const char *one, const char *many, uint32_t n)
{
	struct pp_line line;

	if (!n)
		return;
	pp_line_start(&line);
	pp_line_expand(&line, pp_say_n(PP_READER, one, many, n), pp_phrase_count, &n);
	paragraph(r, PP_YELLOW, line.text);
}

static void cell_number(struct pp_table *table, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	pp_table_cell(table, text);
}

/* Packets are counted per file, so with several files the number alone says nothing. */
static void cell_packet(const struct report *r, struct pp_table *table, struct pp_mark mark)
{
	struct pp_line line;

	pp_line_start(&line);
	if (pp_seen(mark) && r->findings->path_count > 1) {
		pp_line_value(&line, pp_findings_name(r->findings, mark.file));
		pp_line_add(&line, " ");
	}
	if (pp_seen(mark)) {
		pp_line_add(&line, "#");
		pp_line_i64(&line, mark.packet);
	}
	pp_table_cell(table, line.text);
}

static void cell_rule(struct pp_table *table, const struct pp_rule *rule)
{
	struct pp_line line;

	pp_line_start(&line);
	if (rule) {
		pp_line_add(&line, rule->id);
		pp_line_add(&line, "  ");
		pp_line_add(&line, pp_say(PP_READER, rule->name));
	}
	pp_table_cell(table, line.text);
}

static void table_begin(struct pp_table *table, unsigned columns, unsigned right, const char *const *names)
{
	pp_table_init(table, columns, right);
	table->head = true;
	for (unsigned i = 0; i < columns; i++)
		pp_table_cell(table, pp_say(PP_READER, names[i]));
}

/* Prints and ends a table, unless it has nothing but its head. */
static void table_end(struct report *r, struct pp_table *table, const char *title)
{
	if (table->rows > 1) {
		heading(r, title);
		pp_table_print(table, &r->layout, INDENT);
		more(r, NP_("{n} further line did not fit.", "{n} further lines did not fit."), table->dropped);
	}
	pp_table_done(table);
}

/* ---- The conclusion ---- */

static void conclusion_word(struct report *r, enum pp_outcome outcome)
{
	switch (outcome) {
	case PP_OUTCOME_OK:
		pp_layout_text(&r->layout, PP_GREEN, 0, _("OK"));
		break;
	case PP_OUTCOME_FAULT:
		pp_layout_text(&r->layout, PP_RED, 0, _("FAULT"));
		break;
	case PP_OUTCOME_INCONCLUSIVE:
		pp_layout_text(&r->layout, PP_YELLOW, 0, _("UNCLEAR"));
		break;
	}
}

static bool resolve_owner(const void *context, const char *name, struct pp_line *line)
{
	const struct pp_verdict *verdict = context;

	if (strcmp(name, "owner") == 0)
		pp_line_add(line, pp_phrase_owner(PP_READER, verdict->owner));
	else if (strcmp(name, "grade") == 0)
		pp_line_add(line, pp_phrase_grade(PP_READER, verdict->grade));
	else
		return false;
	return true;
}

static void conclusion(struct report *r)
{
	const struct pp_conclusion *c = &r->findings->conclusion;
	struct pp_line line;
	unsigned indent;

	conclusion_word(r, c->outcome);
	indent = r->layout.column + 2;
	pp_layout_to(&r->layout, indent);
	pp_line_start(&line);
	pp_phrase_conclusion(&line, PP_READER, c);
	pp_layout_text(&r->layout, PP_BOLD, indent, line.text);
	pp_layout_end(&r->layout);
	if (c->outcome == PP_OUTCOME_OK || !c->verdict.rule)
		return;
	pp_line_start(&line);
	if (c->verdict.grade == PP_GRADE_NONE)
		pp_line_expand(&line, _("Owner: {owner}."), resolve_owner, &c->verdict);
	else
		pp_line_expand(&line, _("Owner: {owner}. Certainty: {grade}."), resolve_owner, &c->verdict);
	pp_layout_to(&r->layout, indent);
	pp_layout_text(&r->layout, PP_PLAIN, indent, line.text);
	pp_layout_end(&r->layout);
}

/* ---- Faults ---- */

static bool of_conclusion(const struct pp_findings *findings, const struct pp_finding *finding)
{
	const struct pp_verdict *verdict = &findings->conclusion.verdict;

	return finding->verdict.rule == verdict->rule && verdict->host && strcmp(finding->host, verdict->host) == 0;
}

/* The order of printing: the fault the conclusion is about, then those that decide for their endpoint, then others. */
enum turn { TURN_CONCLUSION, TURN_COUNTS, TURN_BESIDE, TURNS };

static enum turn turn_of(const struct pp_findings *findings, const struct pp_finding *finding)
{
	if (finding->weight == PP_WEIGHT_BESIDE)
		return TURN_BESIDE;
	return of_conclusion(findings, finding) ? TURN_CONCLUSION : TURN_COUNTS;
}

/* Which faults have been printed, to name an earlier one's advice. */
struct printed {
	const struct pp_finding *finding[PP_FINDINGS_MAX];
	unsigned count;
};

static void fault(struct report *r, struct printed *printed, const struct pp_finding *finding, const char *said)
{
	struct pp_text_fault fault = { .finding = finding, .number = printed->count + 1, .said = said };

	for (unsigned i = 0; i < printed->count && !fault.above; i++) {
		if (printed->finding[i]->verdict.rule == finding->verdict.rule) {
			fault.above = printed->finding[i];
			fault.above_number = i + 1;
		}
	}
	printed->finding[printed->count++] = finding;
	pp_layout_end(&r->layout);
	pp_text_fault(&r->layout, r->findings, &fault);
}

static void faults(struct report *r)
{
	struct printed printed = { .count = 0 };
	struct pp_line said;

	pp_line_start(&said);
	pp_phrase_summary(&said, PP_READER, &r->findings->conclusion.verdict);
	for (int turn = TURN_CONCLUSION; turn < TURNS; turn++) {
		for (const struct pp_finding_node *n = r->findings->faults.first; n; n = n->next) {
			const struct pp_finding *finding = (const struct pp_finding *)n;

			if (finding->weight != PP_WEIGHT_MADE_GOOD && turn_of(r->findings, finding) == (enum turn)turn)
				fault(r, &printed, finding, printed.count == 0 ? said.text : NULL);
		}
	}
	more(r,
	     NP_("{n} further fault is not shown; --json has them all.",
		 "{n} further faults are not shown; --json has them all."),
	     r->findings->faults.left_out);
}

/* ---- The agent's profile ---- */

static const char *seen_text(enum pp_expectation_seen seen)
{
	switch (seen) {
	case PP_SEEN_OK:
		return _("works");
	case PP_SEEN_FAULT:
		return _("FAULT");
	case PP_SEEN_NEVER:
		return _("never contacted");
	}
	return "";
}

static void expectations(struct report *r)
{
	static const char *const head[] = { N_("category"), N_("need"), N_("seen"), N_("endpoints") };
	struct pp_table table;
	struct pp_line line;

	table_begin(&table, 4, 0, head);
	for (const struct pp_finding_node *n = r->findings->expectations.first; n; n = n->next) {
		const struct pp_expectation *e = &((const struct pp_finding_expectation *)n)->expectation;

		pp_table_cell(&table, e->category);
		pp_table_cell(&table, e->required ? _("required") : _("optional"));
		pp_table_cell(&table, seen_text(e->seen));
		pp_line_start(&line);
		for (unsigned i = 0; i < e->endpoint_count; i++) {
			pp_line_add(&line, i ? ", " : "");
			pp_line_value(&line, e->endpoints[i]);
		}
		pp_table_cell(&table, line.text);
	}
	table_end(r, &table, _("What the agent needs"));
}

/* ---- Endpoints ---- */

static const char *path_text(const struct pp_finding_endpoint *endpoint)
{
	if (endpoint->direct && endpoint->proxy)
		return _("direct, proxy");
	return endpoint->proxy ? _("proxy") : endpoint->direct ? _("direct") : "";
}

static void unclear_endpoints(struct report *r)
{
	static const char *const head[] = { N_("host"), N_("category"), N_("flows"), N_("packet"), N_("reason") };
	struct pp_table table;

	table_begin(&table, 5, 1u << 2 | 1u << 3, head);
	for (const struct pp_finding_node *n = r->findings->endpoints.first; n; n = n->next) {
		const struct pp_finding_endpoint *e = (const struct pp_finding_endpoint *)n;

		if (e->outcome != PP_OUTCOME_INCONCLUSIVE)
			continue;
		pp_table_cell(&table, e->host);
		pp_table_cell(&table, e->category);
		cell_number(&table, e->flows);
		cell_packet(r, &table, e->mark);
		cell_rule(&table, e->rule);
	}
	table_end(r, &table, _("Could not be judged"));
}

static void made_good(struct report *r)
{
	static const char *const head[] = { N_("host"), N_("times"), N_("packet"), N_("what happened") };
	struct pp_table table;

	table_begin(&table, 4, 1u << 1 | 1u << 2, head);
	for (const struct pp_finding_node *n = r->findings->faults.first; n; n = n->next) {
		const struct pp_finding *f = (const struct pp_finding *)n;

		if (f->weight != PP_WEIGHT_MADE_GOOD)
			continue;
		pp_table_cell(&table, f->host);
		cell_number(&table, f->count);
		cell_packet(r, &table, f->place.first);
		cell_rule(&table, f->verdict.rule);
	}
	table_end(r, &table, _("Failed without consequence"));
}

static void healthy_endpoints(struct report *r)
{
	static const char *const head[] = { N_("host"), N_("category"), N_("path"), N_("flows") };
	struct pp_table table;

	table_begin(&table, 4, 1u << 3, head);
	for (const struct pp_finding_node *n = r->findings->endpoints.first; n; n = n->next) {
		const struct pp_finding_endpoint *e = (const struct pp_finding_endpoint *)n;

		if (e->outcome != PP_OUTCOME_OK)
			continue;
		pp_table_cell(&table, e->host);
		pp_table_cell(&table, e->category);
		pp_table_cell(&table, path_text(e));
		cell_number(&table, e->flows);
	}
	table_end(r, &table, _("Healthy"));
	more(r,
	     NP_("{n} further endpoint is not shown; --json has them all.",
		 "{n} further endpoints are not shown; --json has them all."),
	     r->findings->endpoints.left_out);
}

/* ---- Lesser findings ---- */

/* A note is told once per rule, however many endpoints it was seen at. */
struct note {
	const struct pp_finding *first;
	uint32_t endpoints;
};

static unsigned gather_notes(const struct pp_findings *findings, struct note *notes)
{
	unsigned count = 0;

	for (const struct pp_finding_node *n = findings->notes.first; n; n = n->next) {
		const struct pp_finding *f = (const struct pp_finding *)n;
		unsigned i = 0;

		while (i < count && notes[i].first->verdict.rule != f->verdict.rule)
			i++;
		if (i == count)
			notes[count++] = (struct note){ .first = f };
		notes[i].endpoints++;
	}
	return count;
}

static void notes(struct report *r)
{
	static const char *const head[] = { N_("endpoints"), N_("packet"), N_("first at"), N_("what") };
	struct note gathered[PP_FINDINGS_MAX];
	unsigned count = gather_notes(r->findings, gathered);
	struct pp_table table;

	table_begin(&table, 4, 1u << 0 | 1u << 1, head);
	for (unsigned i = 0; i < count; i++) {
		cell_number(&table, gathered[i].endpoints);
		cell_packet(r, &table, gathered[i].first->place.first);
		pp_table_cell(&table, gathered[i].first->host);
		cell_rule(&table, gathered[i].first->verdict.rule);
	}
	table_end(r, &table, _("Also noticed"));
	more(r,
	     NP_("{n} further note is not shown; --json has them all.",
		 "{n} further notes are not shown; --json has them all."),
	     r->findings->notes.left_out);
}

/* ---- Every connection and lookup ---- */

static const char *outcome_text(const struct pp_finding_flow *flow)
{
	if (!flow->rule)
		return "";
	switch (flow->outcome) {
	case PP_OUTCOME_OK:
		return _("ok");
	case PP_OUTCOME_FAULT:
		return _("FAULT");
	case PP_OUTCOME_INCONCLUSIVE:
		return _("unclear");
	}
	return "";
}

static void flows(struct report *r)
{
	static const char *const head[] = {
		N_("packet"), N_("stream"), N_("outcome"), N_("rule"), N_("host"), N_("from and to"),
	};
	struct pp_table table;
	struct pp_line line;

	table_begin(&table, 6, 1u << 0, head);
	for (const struct pp_finding_node *n = r->findings->flows.first; n; n = n->next) {
		const struct pp_finding_flow *f = (const struct pp_finding_flow *)n;

		cell_packet(r, &table, f->place.first);
		pp_line_start(&line);
		pp_line_add(&line, f->place.lookup ? "dns" : "tcp ");
		if (!f->place.lookup)
			pp_line_i64(&line, f->place.stream);
		pp_table_cell(&table, line.text);
		pp_table_cell(&table, outcome_text(f));
		pp_table_cell(&table, f->rule ? f->rule->id : "");
		pp_table_cell(&table, f->host);
		pp_line_start(&line);
		pp_line_endpoint(&line, &f->place.client);
		pp_line_add(&line, " -> ");
		pp_line_endpoint(&line, &f->place.server);
		pp_table_cell(&table, line.text);
	}
	table_end(r, &table, _("Connections and lookups"));
	more(r,
	     NP_("{n} further line is not shown; --json has them all.",
		 "{n} further lines are not shown; --json has them all."),
	     r->findings->flows.left_out);
}

/* ---- What the capture is worth ---- */

static bool resolve_capture(const void *context, const char *name, struct pp_line *line)
{
	const struct pp_finding_capture *c = context;
	const struct pp_source_info *s = &c->source;

	if (strcmp(name, "file") == 0) {
		pp_line_value(line, s->path);
	} else if (strcmp(name, "format") == 0) {
		pp_line_add(line, s->format);
		pp_line_add(line, s->compression ? ", " : "");
		pp_line_value(line, s->compression);
	} else if (strcmp(name, "packets") == 0) {
		pp_line_i64(line, (int64_t)s->packets);
	} else if (strcmp(name, "flows") == 0) {
		pp_line_i64(line, (int64_t)c->capture.flows);
	} else if (strcmp(name, "first") == 0) {
		pp_line_time(line, s->first);
	} else if (strcmp(name, "span") == 0) {
		pp_line_duration(line, s->last - s->first);
	} else {
		return false;
	}
	return true;
}

static void counted_note(struct report *r, const char *one, const char *many, uint64_t n)
{
	more(r, one, many, n > UINT32_MAX ? UINT32_MAX : (uint32_t)n);
}

static void damage_note(struct report *r, const struct pp_source_info *source)
{
	struct pp_line line;

	if (!source->damaged)
		return;
	pp_line_start(&line);
	pp_line_add(&line, _("Damaged, analysed up to byte"));
	pp_line_add(&line, " ");
	pp_line_i64(&line, (int64_t)source->damage_offset);
	pp_line_add(&line, ": ");
	pp_line_value(&line, source->damage);
	paragraph(r, PP_RED, line.text);
}

static void layer_notes(struct report *r, const struct pp_capture *capture)
{
	struct pp_line line;

	counted_note(r, NP_("{n} packet could not be decoded.", "{n} packets could not be decoded."),
		     capture->undecoded);
	if (!capture->unknown_count)
		return;
	pp_line_start(&line);
	pp_line_add(&line, _("Layers not known here:"));
	for (unsigned i = 0; i < capture->unknown_count; i++) {
		pp_line_add(&line, i ? ", " : " ");
		pp_line_value(&line, capture->unknown[i].layer);
		pp_line_add(&line, " ");
		pp_line_i64(&line, (int64_t)capture->unknown[i].frames);
	}
	paragraph(r, PP_PLAIN, line.text);
}

static void limit_notes(struct report *r, const struct pp_limits_hit *limits)
{
	struct pp_line line;

	if (!limits->n)
		return;
	pp_line_start(&line);
	pp_line_add(&line, _("Limits reached, so something is missing above:"));
	for (unsigned i = 0; i < limits->n; i++) {
		pp_line_add(&line, i ? ", " : " ");
		pp_line_value(&line, limits->name[i]);
		pp_line_add(&line, " ");
		pp_line_i64(&line, (int64_t)limits->count[i]);
	}
	paragraph(r, PP_YELLOW, line.text);
}

static void capture(struct report *r, const struct pp_finding_capture *c)
{
	static const char with_times[] =
	    N_("{file}: {format}, packets {packets}, connections {flows}, from {first} for {span}");
	static const char without[] = N_("{file}: {format}, packets {packets}, connections {flows}");
	const struct pp_source_info *source = &c->source;
	struct pp_line line;

	pp_line_start(&line);
	pp_line_expand(&line, pp_say(PP_READER, source->first == PP_TIME_NONE ? without : with_times), resolve_capture,
		       c);
	paragraph(r, PP_PLAIN, line.text);
	damage_note(r, source);
	counted_note(r, NP_("The capturer lost {n} packet.", "The capturer lost {n} packets."),
		     source->dropped_known ? source->dropped : 0);
	counted_note(r,
		     NP_("{n} packet was cut by the snap length: whole ones (tcpdump -s 0, pktmon --pkt-size 0) show "
			 "names and certificates.",
			 "{n} packets were cut by the snap length: whole ones (tcpdump -s 0, pktmon --pkt-size 0) show "
			 "names and certificates."),
		     source->snapped);
	counted_note(
	    r,
	    NP_("{n} packet was captured twice and counted once.", "{n} packets were captured twice and counted once."),
	    c->capture.duplicates);
	if (source->ordered)
		paragraph(r, PP_PLAIN,
			  _("Its packets did not stand in the order of their times; they were put in it."));
	layer_notes(r, &c->capture);
	limit_notes(r, &c->limits);
}

static void captures(struct report *r)
{
	if (r->findings->captures.first)
		heading(r, _("Capture"));
	for (const struct pp_finding_node *n = r->findings->captures.first; n; n = n->next)
		capture(r, (const struct pp_finding_capture *)n);
	more(r, NP_("{n} further file is not shown.", "{n} further files are not shown."),
	     r->findings->captures.left_out);
}

enum pp_err pp_text_write(const struct pp_findings *findings, const struct pp_text_options *options, struct pp_out *out)
{
	struct report r = { .findings = findings };

	pp_layout_init(&r.layout, out, options->width, options->color);
	conclusion(&r);
	if (options->quiet)
		return out->err;
	faults(&r);
	expectations(&r);
	unclear_endpoints(&r);
	made_good(&r);
	healthy_endpoints(&r);
	notes(&r);
	if (options->verbose)
		flows(&r);
	captures(&r);
	return out->err;
}

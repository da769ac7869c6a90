#include "report/text_fault.h"

#include "report/escape.h"
#include "report/phrase.h"

#include <string.h>

enum { INDENT = 3 };

enum label { OWNER, CERTAINTY, SEEN_IN, EVIDENCE, ALTERNATIVES, NEXT_TEST, REMEDY, WIRESHARK, LABELS };

static const char *const label_text[LABELS] = {
	[OWNER] = N_("Owner"),       [CERTAINTY] = N_("Certainty"),       [SEEN_IN] = N_("Seen in"),
	[EVIDENCE] = N_("Evidence"), [ALTERNATIVES] = N_("Alternatives"), [NEXT_TEST] = N_("Next test"),
	[REMEDY] = N_("Remedy"),     [WIRESHARK] = N_("Wireshark"),
};

/* Where the texts behind the labels begin, whatever language the labels are in. */
static unsigned text_column(void)
{
	size_t widest = 0;

	for (size_t i = 0; i < LABELS; i++) {
		size_t columns = pp_text_columns(pp_say(PP_READER, label_text[i]));

		if (columns > widest)
			widest = columns;
	}
	return INDENT + (unsigned)widest + 2;
}

static void begin(struct pp_layout *layout, enum label label)
{
	pp_layout_to(layout, INDENT);
	pp_layout_text(layout, PP_DIM, INDENT, pp_say(PP_READER, label_text[label]));
	pp_layout_to(layout, text_column());
}

static void labelled(struct pp_layout *layout, enum label label, const char *text)
{
	if (!text[0])
		return;
	begin(layout, label);
	pp_layout_text(layout, PP_PLAIN, text_column(), text);
	pp_layout_end(layout);
}

static void title(struct pp_layout *layout, const struct pp_text_fault *fault)
{
	const struct pp_finding *finding = fault->finding;
	struct pp_line line;

	pp_line_start(&line);
	pp_line_i64(&line, fault->number);
	pp_line_add(&line, ".");
	pp_layout_text(layout, PP_BOLD, INDENT, line.text);
	pp_layout_to(layout, layout->column < INDENT ? INDENT : layout->column + 1);
	pp_line_start(&line);
	pp_line_value(&line, finding->host);
	pp_line_add(&line, " (");
	pp_line_value(&line, finding->category);
	pp_line_add(&line, "): ");
	pp_line_add(&line, pp_say(PP_READER, finding->verdict.rule->name));
	pp_line_add(&line, " [");
	pp_line_add(&line, finding->verdict.rule->id);
	pp_line_add(&line, "]");
	pp_layout_text(layout, PP_RED, INDENT, line.text);
	pp_layout_end(layout);
}

static void sentence(struct pp_layout *layout, const struct pp_text_fault *fault)
{
	struct pp_line line;

	pp_line_start(&line);
	pp_phrase_summary(&line, PP_READER, &fault->finding->verdict);
	if (fault->said && strcmp(line.text, fault->said) == 0)
		return;
	pp_layout_to(layout, INDENT);
	pp_layout_text(layout, PP_PLAIN, INDENT, line.text);
	pp_layout_end(layout);
}

static void certainty(struct pp_layout *layout, const struct pp_verdict *verdict)
{
	struct pp_line line;

	if (verdict->grade == PP_GRADE_NONE)
		return;
	pp_line_start(&line);
	pp_line_add(&line, pp_phrase_grade(PP_READER, verdict->grade));
	pp_line_add(&line, ": ");
	pp_line_add(&line, pp_phrase_grade_why(PP_READER, verdict->grade));
	labelled(layout, CERTAINTY, line.text);
}

struct place_context {
	const struct pp_findings *findings;
	const struct pp_finding *finding;
};

static bool resolve_place(const void *context, const char *name, struct pp_line *line)
{
	const struct place_context *c = context;
	const struct pp_finding_place *place = &c->finding->place;

	if (strcmp(name, "stream") == 0)
		pp_line_i64(line, place->stream);
	else if (strcmp(name, "file") == 0)
		pp_line_value(line, pp_findings_path(c->findings, place->file));
	else if (strcmp(name, "client") == 0)
		pp_line_endpoint(line, &place->client);
	else if (strcmp(name, "server") == 0)
		pp_line_endpoint(line, &place->server);
	else if (strcmp(name, "first") == 0)
		pp_line_i64(line, place->first.packet);
	else if (strcmp(name, "last") == 0)
		pp_line_i64(line, place->last.packet);
	else if (strcmp(name, "time") == 0)
		pp_line_time(line, place->first.ts);
	else if (strcmp(name, "more") == 0)
		pp_line_i64(line, (int64_t)c->finding->count - 1);
	else
		return false;
	return true;
}

static void seen_in(struct pp_layout *layout, const struct pp_findings *findings, const struct pp_finding *finding)
{
	static const char connection[] =
	    N_("{file}, stream {stream}: {client} -> {server}, packets {first} to {last}, {time}");
	static const char lookup[] = N_("{file}: {client} asks {server}, packets {first} to {last}, {time}");
	const struct place_context context = { findings, finding };
	struct pp_line line;

	if (!pp_seen(finding->place.first))
		return;
	pp_line_start(&line);
	pp_line_expand(&line, pp_say(PP_READER, finding->place.lookup ? lookup : connection), resolve_place, &context);
	if (finding->count > 1)
		pp_line_expand(&line,
			       pp_say_n(PP_READER, NP_("; and {more} more attempt", "; and {more} more attempts"),
					finding->count - 1),
			       resolve_place, &context);
	labelled(layout, SEEN_IN, line.text);
}

static void packet_name(struct pp_line *line, const struct pp_findings *findings, const struct pp_finding *finding,
			struct pp_mark mark)
{
	pp_line_start(line);
	if (!pp_seen(mark))
		return;
	if (mark.file != finding->place.file) {
		pp_line_value(line, pp_findings_name(findings, mark.file));
		pp_line_add(line, " ");
	}
	pp_line_add(line, "#");
	pp_line_i64(line, mark.packet);
}

static void evidence(struct pp_layout *layout, const struct pp_findings *findings, const struct pp_finding *finding)
{
	const struct pp_verdict *verdict = &finding->verdict;
	unsigned column = text_column(), widest = 0;
	struct pp_line line;

	for (unsigned i = 0; i < verdict->evidence_count; i++) {
		packet_name(&line, findings, finding, verdict->evidence[i].mark);
		if (pp_text_columns(line.text) > widest)
			widest = (unsigned)pp_text_columns(line.text);
	}
	for (unsigned i = 0; i < verdict->evidence_count; i++) {
		unsigned text = column + widest + (widest ? 2 : 0);

		if (i == 0)
			begin(layout, EVIDENCE);
		pp_layout_to(layout, column);
		packet_name(&line, findings, finding, verdict->evidence[i].mark);
		pp_layout_text(layout, PP_BOLD, column, line.text);
		pp_layout_to(layout, text);
		pp_line_start(&line);
		pp_phrase_evidence(&line, PP_READER, &verdict->evidence[i]);
		pp_layout_text(layout, PP_PLAIN, text, line.text);
		pp_layout_end(layout);
	}
}

static void add_rule(struct pp_line *line, const struct pp_rule *rule)
{
	pp_line_add(line, rule->id);
	pp_line_add(line, " ");
	pp_line_add(line, pp_say(PP_READER, rule->name));
}

/* The alternatives that were weighed, with what speaks against each. */
static void weighed(struct pp_layout *layout, const struct pp_verdict *verdict)
{
	struct pp_line line;
	bool first = true;

	for (unsigned i = 0; i < verdict->alternative_count; i++) {
		const struct pp_alternative *alternative = &verdict->alternatives[i];

		if (!alternative->rule)
			continue;
		pp_line_start(&line);
		add_rule(&line, alternative->rule);
		if (alternative->why_not) {
			pp_line_add(&line, ": ");
			pp_phrase_rule(&line, PP_READER, alternative->why_not, verdict);
		}
		if (first)
			begin(layout, ALTERNATIVES);
		first = false;
		pp_layout_to(layout, text_column());
		pp_layout_text(layout, PP_PLAIN, text_column(), line.text);
		pp_layout_end(layout);
	}
}

/* What generally looks like this rule, where nothing was weighed and nothing is proven. */
static void look_alikes(struct pp_layout *layout, const struct pp_verdict *verdict)
{
	const char *ids = verdict->rule->alternatives;
	struct pp_line line;
	char id[16];

	if (!ids || verdict->alternative_count || verdict->grade == PP_PROVEN)
		return;
	pp_line_start(&line);
	while (*ids) {
		size_t skip = strspn(ids, ", "), len = strcspn(ids + skip, ", ");
		const struct pp_rule *rule;

		if (len && len < sizeof(id)) {
			memcpy(id, ids + skip, len);
			id[len] = '\0';
			rule = pp_rule_find(id);
			if (line.len)
				pp_line_add(&line, "; ");
			if (rule)
				add_rule(&line, rule);
			else
				pp_line_add(&line, id);
		}
		ids += skip + len;
	}
	labelled(layout, ALTERNATIVES, line.text);
}

/* Advice that reads the same as in an earlier fault is named, not repeated. */
static void advice(struct pp_layout *layout, const struct pp_text_fault *fault, enum label label,
		   void (*phrase)(struct pp_line *line, const struct pp_verdict *verdict))
{
	struct pp_line line, above;

	pp_line_start(&line);
	phrase(&line, &fault->finding->verdict);
	pp_line_start(&above);
	if (fault->above)
		phrase(&above, &fault->above->verdict);
	if (line.len && strcmp(line.text, above.text) == 0) {
		const uint32_t number = fault->above_number;

		pp_line_start(&line);
		pp_line_expand(&line, _("as in {n}."), pp_phrase_count, &number);
	}
	labelled(layout, label, line.text);
}

static void next_test(struct pp_line *line, const struct pp_verdict *verdict)
{
	pp_phrase_next_test(line, PP_READER, verdict);
}

static void remedy(struct pp_line *line, const struct pp_verdict *verdict)
{
	pp_phrase_rule(line, PP_READER, verdict->rule->remedy, verdict);
}

static void wireshark(struct pp_layout *layout, const struct pp_finding *finding)
{
	struct pp_line line;

	pp_line_start(&line);
	if (finding->place.lookup)
		pp_filter_lookup(&line, finding->host);
	else
		pp_filter_stream(&line, finding->place.stream);
	labelled(layout, WIRESHARK, line.text);
}

/* The same rule with the same owner and certainty was told before: only what is its own is told again. */
static bool is_repetition(const struct pp_text_fault *fault)
{
	const struct pp_verdict *verdict = &fault->finding->verdict;

	return fault->above && fault->above->verdict.owner == verdict->owner &&
	       fault->above->verdict.grade == verdict->grade;
}

static void repetition(struct pp_layout *layout, const struct pp_findings *findings, const struct pp_text_fault *fault)
{
	const uint32_t number = fault->above_number;
	struct pp_line line;

	seen_in(layout, findings, fault->finding);
	evidence(layout, findings, fault->finding);
	pp_line_start(&line);
	pp_line_expand(&line, _("as in {n}."), pp_phrase_count, &number);
	labelled(layout, REMEDY, line.text);
}

void pp_text_fault(struct pp_layout *layout, const struct pp_findings *findings, const struct pp_text_fault *fault)
{
	const struct pp_finding *finding = fault->finding;
	const struct pp_verdict *verdict = &finding->verdict;

	title(layout, fault);
	if (is_repetition(fault)) {
		repetition(layout, findings, fault);
	} else {
		sentence(layout, fault);
		labelled(layout, OWNER, pp_phrase_owner(PP_READER, verdict->owner));
		certainty(layout, verdict);
		seen_in(layout, findings, finding);
		evidence(layout, findings, finding);
		weighed(layout, verdict);
		look_alikes(layout, verdict);
		advice(layout, fault, NEXT_TEST, next_test);
		advice(layout, fault, REMEDY, remedy);
	}
	if (finding->has_place)
		wireshark(layout, finding);
}

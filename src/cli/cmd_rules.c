#include "cli/command.h"
#include "cli/message.h"
#include "diagnose/rule.h"
#include "report/intl.h"
#include "report/line.h"
#include "report/phrase.h"

#include <ctype.h>
#include <string.h>

/* Rule texts are shown without a case at hand: {host} is printed HOST. */
static bool resolve_as_word(const void *context, const char *name, struct pp_line *line)
{
	(void)context;
	if (pp_phrase_verdict_value(name) < 0)
		return false;
	for (; *name; name++) {
		const char letter[] = { (char)toupper((unsigned char)*name), '\0' };

		pp_line_add(line, letter);
	}
	return true;
}

static void add_text(struct pp_line *line, enum pp_language language, const char *message)
{
	pp_line_expand(line, pp_say(language, message), resolve_as_word, NULL);
}

static void list(struct pp_layout *layout)
{
	struct pp_table table;

	pp_table_init(&table, 5, 0);
	for (size_t i = 0; i < pp_rule_count; i++) {
		const struct pp_rule *rule = pp_rules[i];

		pp_table_cell(&table, rule->id);
		pp_table_cell(&table, pp_outcome_name(rule->outcome));
		pp_table_cell(&table, pp_grade_name(rule->most));
		pp_table_cell(&table, pp_owner_name(rule->owner));
		pp_table_cell(&table, pp_say(PP_READER, rule->name));
	}
	pp_table_print(&table, layout, 0);
	pp_table_done(&table);
}

/* ---- One rule, as text or as a chapter of docs/rules.md ---- */

static const struct need {
	unsigned bit;
	const char *text;
} needs[] = {
	{ PP_NEED_START, N_("the connection captured from its SYN on") },
	{ PP_NEED_BOTH_SIDES, N_("both directions captured") },
	{ PP_NEED_WHOLE_FRAMES, N_("whole packets") },
	{ PP_NEED_NO_DROPS, N_("nothing lost by the capturer") },
	{ PP_NEED_WAITED, N_("a capture that goes on long enough after it") },
	{ PP_NEED_REAL_NETWORK, N_("a real network, no loopback") },
};

static void add_needs(struct pp_line *line, enum pp_language language, unsigned bits)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (!(bits & needs[i].bit))
			continue;
		pp_line_add(line, line->len ? ", " : "");
		pp_line_add(line, pp_say(language, needs[i].text));
	}
}

static void add_verdict(struct pp_line *line, enum pp_language language, const struct pp_rule *rule)
{
	pp_line_add(line, pp_outcome_name(rule->outcome));
	if (rule->most != PP_GRADE_NONE) {
		pp_line_add(line, ", ");
		pp_line_add(line, pp_say(language, N_("at most")));
		pp_line_add(line, " ");
		pp_line_add(line, pp_grade_name(rule->most));
	}
}

enum field { VERDICT, DOMAIN, OWNER, SAYS, WHEN, NEEDS, TRAPS, ALIKE, NEXT_TEST, REMEDY, SOURCE, FIELDS };

static const char *const field_name[FIELDS] = {
	[VERDICT] = N_("Verdict"),     [DOMAIN] = N_("Domain"), [OWNER] = N_("Owner"),   [SAYS] = N_("It says"),
	[WHEN] = N_("When"),           [NEEDS] = N_("Needs"),   [TRAPS] = N_("Traps"),   [ALIKE] = N_("Looks like"),
	[NEXT_TEST] = N_("Next test"), [REMEDY] = N_("Remedy"), [SOURCE] = N_("Source"),
};

static void add_field(struct pp_line *line, enum pp_language language, const struct pp_rule *rule, enum field field)
{
	switch (field) {
	case VERDICT:
		add_verdict(line, language, rule);
		break;
	case DOMAIN:
		pp_line_add(line, pp_domain_name(rule->domain));
		break;
	case OWNER:
		pp_line_add(line, pp_phrase_owner(language, rule->owner));
		break;
	case SAYS:
		add_text(line, language, rule->summary);
		break;
	case WHEN:
		add_text(line, language, rule->when);
		break;
	case NEEDS:
		add_needs(line, language, rule->needs);
		break;
	case TRAPS:
		add_text(line, language, rule->traps);
		break;
	case ALIKE:
		pp_line_add(line, rule->alternatives ? rule->alternatives : "");
		break;
	case NEXT_TEST:
		add_text(line, language, rule->next_test);
		break;
	case REMEDY:
		add_text(line, language, rule->remedy);
		break;
	case SOURCE:
		pp_line_add(line, rule->source ? rule->source : "");
		break;
	case FIELDS:
		break;
	}
}

static void show(const struct pp_rule *rule, struct pp_layout *layout)
{
	struct pp_table table;
	struct pp_line line;

	pp_layout_text(layout, PP_BOLD, 0, rule->id);
	pp_layout_to(layout, layout->column + 2);
	pp_layout_text(layout, PP_BOLD, layout->column, pp_say(PP_READER, rule->name));
	pp_layout_end(layout);
	pp_table_init(&table, 2, 0);
	for (int i = 0; i < FIELDS; i++) {
		pp_line_start(&line);
		add_field(&line, PP_READER, rule, (enum field)i);
		if (!line.len)
			continue;
		pp_table_cell(&table, pp_say(PP_READER, field_name[i]));
		pp_table_cell(&table, line.text);
	}
	pp_table_print(&table, layout, 3);
	pp_table_done(&table);
}

static void markdown_rule(const struct pp_rule *rule, struct pp_out *out)
{
	struct pp_line line;

	pp_out_text(out, "\n## ");
	pp_out_text(out, rule->id);
	pp_out_text(out, " ");
	pp_out_text(out, rule->name);
	pp_out_text(out, "\n\n");
	for (int i = 0; i < FIELDS; i++) {
		pp_line_start(&line);
		add_field(&line, PP_ENGLISH, rule, (enum field)i);
		if (!line.len)
			continue;
		pp_out_text(out, "- **");
		pp_out_text(out, field_name[i]);
		pp_out_text(out, ":** ");
		pp_out_text(out, line.text);
		pp_out_char(out, '\n');
	}
}

static void markdown(struct pp_out *out)
{
	pp_out_text(out,
		    "# Diagnosis rules\n"
		    "\n"
		    "Made from the rule table by `pathproof rules --markdown`; edit `src/diagnose/`, not this file.\n"
		    "The order is the order in which the rules are asked. Ids are stable for ever.\n"
		    "Words in capitals (HOST, SERVER, PROXY, DEVICE, DETAIL, N) stand for values of the case.\n");
	for (size_t i = 0; i < pp_rule_count; i++)
		markdown_rule(pp_rules[i], out);
}

static int print(const struct pp_rule *rule, bool as_markdown, enum pp_color color)
{
	struct pp_output output;
	struct pp_layout layout;
	int status = PP_EXIT_FAILED;

	if (!pp_output_open(&output, "-", NULL, 0))
		return status;
	pp_output_layout(&output, color, &layout);
	if (as_markdown)
		markdown(&output.out);
	else if (rule)
		show(rule, &layout);
	else
		list(&layout);
	if (pp_output_finish(&output))
		status = PP_EXIT_DONE;
	pp_output_close(&output);
	return status;
}

int pp_cmd_rules(int argc, char **argv)
{
	struct pp_common common = { .color = PP_COLOR_AUTO };
	const struct pp_rule *rule = NULL;
	bool as_markdown = false;
	struct pp_args args;
	const char *value = NULL;
	enum pp_option_id id;

	pp_args_init(&args, PP_CMD_RULES, argc, argv);
	while ((id = pp_option_next(&args, &value)) != PP_OPTION_END) {
		if (pp_common_option(&common, PP_CMD_RULES, id, value)) {
			if (common.stop)
				return common.status;
		} else {
			as_markdown = true;
		}
	}
	if (args.operand_count > 1) {
		pp_message(_("rules: one id at a time, not '%s' too"), args.operands[1]);
		return PP_EXIT_FAILED;
	}
	if (args.operand_count)
		rule = pp_rule_find(args.operands[0]);
	if (args.operand_count && !rule) {
		pp_message(_("no rule '%s'; 'pathproof rules' lists them"), args.operands[0]);
		return PP_EXIT_FAILED;
	}
	return print(rule, as_markdown, common.color);
}

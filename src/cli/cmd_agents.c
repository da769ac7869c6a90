#include "attribute/catalogue.h"
#include "cli/command.h"
#include "cli/message.h"
#include "report/intl.h"
#include "report/line.h"

static void list(const struct pp_catalogue *catalogue, struct pp_layout *layout)
{
	struct pp_table table;

	pp_table_init(&table, 2, 0);
	for (size_t i = 0; i < pp_catalogue_agent_count(catalogue); i++) {
		pp_table_cell(&table, pp_catalogue_agent_at(catalogue, i)->name);
		pp_table_cell(&table, pp_catalogue_agent_at(catalogue, i)->title);
	}
	pp_table_print(&table, layout, 0);
	pp_table_done(&table);
}

/* One row of the table: a label and a text, nothing when there is no text. */
static void field(struct pp_table *table, const char *label, const char *text)
{
	if (!text || !text[0])
		return;
	pp_table_cell(table, label);
	pp_table_cell(table, text);
}

static void fields(struct pp_table *table, const char *label, const char *const *texts, unsigned count)
{
	struct pp_line line;

	pp_line_start(&line);
	for (unsigned i = 0; i < count; i++) {
		pp_line_add(&line, i ? ", " : "");
		pp_line_value(&line, texts[i]);
	}
	field(table, label, line.text);
}

static void show(const struct pp_agent_row *agent, struct pp_layout *layout)
{
	struct pp_table table;

	pp_layout_text(layout, PP_BOLD, 0, agent->name);
	pp_layout_to(layout, layout->column + 2);
	pp_layout_text(layout, PP_PLAIN, layout->column, agent->title);
	pp_layout_end(layout);
	pp_table_init(&table, 2, 0);
	field(&table, _("also called"), agent->aliases);
	fields(&table, _("services"), agent->services, agent->service_count);
	fields(&table, _("processes"), agent->processes, agent->process_count);
	fields(&table, _("needs"), agent->required, agent->required_count);
	fields(&table, _("may use"), agent->optional, agent->optional_count);
	field(&table, _("client certificate"), agent->client_certificate ? _("sends one (mutual TLS)") : NULL);
	field(&table, _("mutual TLS to"), agent->mtls_categories);
	field(&table, _("proxy authentication"), agent->proxy);
	field(&table, _("TLS inspection"), agent->inspection);
	field(&table, _("source"), agent->source);
	field(&table, _("as of"), agent->date);
	pp_table_print(&table, layout, 3);
	pp_table_done(&table);
}

static int run(const struct pp_args *args, enum pp_color color)
{
	const struct pp_agent_row *agent = NULL;
	struct pp_catalogue *catalogue;
	struct pp_output output;
	struct pp_layout layout;
	int status = PP_EXIT_FAILED;

	if (!pp_load_catalogue(&catalogue, NULL, 0))
		return status;
	if (args->operand_count)
		agent = pp_load_agent(catalogue, args->operands[0]);
	if ((agent || !args->operand_count) && pp_output_open(&output, "-", NULL, 0)) {
		pp_output_layout(&output, color, &layout);
		if (agent)
			show(agent, &layout);
		else
			list(catalogue, &layout);
		if (pp_output_finish(&output))
			status = PP_EXIT_DONE;
		pp_output_close(&output);
	}
	pp_catalogue_free(catalogue);
	return status;
}

int pp_cmd_agents(int argc, char **argv)
{
	struct pp_common common = { .color = PP_COLOR_AUTO };
	struct pp_args args;
	const char *value = NULL;
	enum pp_option_id id;

	pp_args_init(&args, PP_CMD_AGENTS, argc, argv);
	while ((id = pp_option_next(&args, &value)) != PP_OPTION_END)
		if (pp_common_option(&common, PP_CMD_AGENTS, id, value) && common.stop)
			return common.status;
	if (args.operand_count > 1) {
		pp_message(_("agents: one name at a time, not '%s' too"), args.operands[1]);
		return PP_EXIT_FAILED;
	}
	return run(&args, common.color);
}

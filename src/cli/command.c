#include "cli/command.h"

#include "cli/message.h"
#include "dissect/ndpi.h"
#include "report/intl.h"
#include "report/line.h"

#include <string.h>

#ifndef PP_VERSION
#define PP_VERSION "unreleased"
#endif

static const struct pp_command_row commands[] = {
	{ "analyze", PP_CMD_ANALYZE, pp_cmd_analyze, N_("[OPTION...] FILE..."),
	  N_("say what broke in captured traffic, who owns it, and prove it"),
	  N_("Reads pcap and pcapng files, also compressed ones; '-' is standard input. Several files are taken as one "
	     "timeline. The exit status is 0 when no fault was found, 1 when there is one, 2 when nothing could be "
	     "concluded, 3 when the run failed.") },
	{ "capture", PP_CMD_CAPTURE, pp_cmd_capture, N_("[OPTION...] [-- COMMAND [ARGUMENT...]]"),
	  N_("capture while a service restarts or a command runs, then say what broke"),
	  N_("With --agent or --service: stops the services, starts capturing, starts them again, waits for the outcome, "
	     "and leaves everything as it was found. With COMMAND: captures while it runs. With neither: until Ctrl-C. "
	     "The exit status is that of 'analyze'.") },
	{ "agents", PP_CMD_AGENTS, pp_cmd_agents, N_("[OPTION...] [NAME]"),
	  N_("list the agent profiles, or show what one agent needs"), NULL },
	{ "endpoints", PP_CMD_ENDPOINTS, pp_cmd_endpoints, N_("[OPTION...] [NAME|IP]..."),
	  N_("list the endpoint catalogue, or tell which category a name or address belongs to"), NULL },
	{ "rules", PP_CMD_RULES, pp_cmd_rules, N_("[OPTION...] [ID]"), N_("list the diagnosis rules, or explain one"),
	  NULL },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

const struct pp_command_row *pp_command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static const struct pp_command_row *find_id(enum pp_command id)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].id == id)
			return &commands[i];
	return NULL;
}

static void usage(struct pp_layout *layout, const char *command, const char *arguments)
{
	struct pp_line line;

	pp_line_start(&line);
	pp_line_add(&line, _("Usage:"));
	pp_line_add(&line, " pathproof ");
	pp_line_add(&line, command);
	pp_line_add(&line, command[0] ? " " : "");
	pp_line_add(&line, arguments);
	pp_layout_text(layout, PP_PLAIN, 7, line.text);
	pp_layout_end(layout);
}

static int help_command(const struct pp_command_row *command, enum pp_color color)
{
	struct pp_output output;
	struct pp_layout layout;
	int status = PP_EXIT_FAILED;

	if (!pp_output_open(&output, "-", NULL, 0))
		return status;
	pp_output_layout(&output, color, &layout);
	usage(&layout, command->name, pp_say(PP_READER, command->usage));
	if (command->text) {
		pp_layout_end(&layout);
		pp_layout_text(&layout, PP_PLAIN, 0, pp_say(PP_READER, command->text));
		pp_layout_end(&layout);
	}
	pp_layout_end(&layout);
	pp_options_help(&layout, command->id);
	if (pp_output_finish(&output))
		status = PP_EXIT_DONE;
	pp_output_close(&output);
	return status;
}

int pp_help(void)
{
	struct pp_output output;
	struct pp_layout layout;
	int status = PP_EXIT_FAILED;

	if (!pp_output_open(&output, "-", NULL, 0))
		return status;
	pp_output_layout(&output, PP_COLOR_AUTO, &layout);
	usage(&layout, "", _("COMMAND [OPTION...] [ARGUMENT...]"));
	pp_layout_end(&layout);
	pp_layout_text(&layout, PP_PLAIN, 0,
		       _("Names the party that broke an Azure agent's connection, and proves it from packets."));
	pp_layout_end(&layout);
	pp_layout_end(&layout);
	for (const struct pp_command_row *c = commands; c < commands + COMMANDS; c++) {
		if (!c->run)
			continue;
		pp_layout_to(&layout, 2);
		pp_layout_text(&layout, PP_BOLD, 2, c->name);
		pp_layout_to(&layout, 13);
		pp_layout_text(&layout, PP_PLAIN, 13, pp_say(PP_READER, c->about));
		pp_layout_end(&layout);
	}
	pp_layout_end(&layout);
	pp_layout_text(&layout, PP_PLAIN, 0, _("'pathproof COMMAND --help' shows the options of a command."));
	pp_layout_end(&layout);
	if (pp_output_finish(&output))
		status = PP_EXIT_DONE;
	pp_output_close(&output);
	return status;
}

int pp_version(void)
{
	const char *ndpi = pp_ndpi_version();
	struct pp_output output;
	int status = PP_EXIT_FAILED;

	if (!pp_output_open(&output, "-", NULL, 0))
		return status;
	pp_out_text(&output.out, "pathproof " PP_VERSION);
	pp_out_text(&output.out, ndpi ? " (nDPI " : "");
	pp_out_text(&output.out, ndpi ? ndpi : "");
	pp_out_text(&output.out, ndpi ? ")\n" : "\n");
	if (pp_output_finish(&output))
		status = PP_EXIT_DONE;
	pp_output_close(&output);
	return status;
}

static void stop(struct pp_common *common, int status)
{
	common->stop = true;
	common->status = status;
}

static void set_color(struct pp_common *common, const char *value)
{
	static const char *const words[] = {
		[PP_COLOR_AUTO] = "auto",
		[PP_COLOR_ALWAYS] = "always",
		[PP_COLOR_NEVER] = "never",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i]) == 0) {
			common->color = (enum pp_color)i;
			return;
		}
	}
	pp_message(_("--color is auto, always or never, not '%s'"), value);
	stop(common, PP_EXIT_FAILED);
}

static void set_language(struct pp_common *common, const char *value)
{
	if (strcmp(value, "en") == 0) {
		pp_language_english();
		return;
	}
	if (strcmp(value, "ja") == 0)
		pp_message(_("--lang ja is not available in this version"));
	else
		pp_message(_("--lang is en, not '%s'"), value);
	stop(common, PP_EXIT_FAILED);
}

bool pp_common_option(struct pp_common *common, enum pp_command command, enum pp_option_id id, const char *value)
{
	if (id == PP_OPTION_COLOR)
		set_color(common, value);
	else if (id == PP_OPTION_LANG)
		set_language(common, value);
	else if (id == PP_OPTION_HELP)
		stop(common, help_command(find_id(command), common->color));
	else if (id == PP_OPTION_VERSION)
		stop(common, pp_version());
	else if (id == PP_OPTION_ERROR || id == PP_OPTION_LATER)
		stop(common, PP_EXIT_FAILED);
	else
		return false;
	return true;
}

#include "cli/options.h"

#include "cli/message.h"
#include "report/intl.h"
#include "report/layout.h"
#include "report/line.h"

#include <string.h>

struct option {
	enum pp_option_id id;
	unsigned commands; /* enum pp_command */
	char letter;       /* 0: none */
	const char *name;
	const char *argument; /* NULL: takes none */
	const char *help;     /* NULL: not listed */
};

enum { JUDGED = PP_CMD_ANALYZE | PP_CMD_CAPTURE };
enum { ALL = PP_CMD_ANALYZE | PP_CMD_CAPTURE | PP_CMD_AGENTS | PP_CMD_ENDPOINTS | PP_CMD_RULES };

static const struct option table[] = {
	{ PP_OPTION_JSON, JUDGED, 0, "json", N_("FILE"),
	  N_("write the findings as JSON Lines; '-' is standard output and replaces the report") },
	{ PP_OPTION_AGENT, JUDGED, 0, "agent", N_("NAME"),
	  N_("judge against what this agent needs (see 'pathproof agents')") },
	{ PP_OPTION_PROXY, JUDGED, 0, "proxy", N_("HOST:PORT"),
	  N_("a proxy that traffic is expected to use; repeatable. Proxies are recognised without it, on any port") },
	{ PP_OPTION_SERVICE_TAGS, JUDGED | PP_CMD_ENDPOINTS, 0, "service-tags", N_("FILE"),
	  N_("Microsoft's \"Azure IP Ranges and Service Tags\" file, to name addresses") },
	{ PP_OPTION_ENDPOINTS, JUDGED | PP_CMD_ENDPOINTS, 0, "endpoints", N_("FILE"),
	  N_("further endpoint catalogue in the format of the shipped one; repeatable") },
	{ PP_OPTION_FILTER, JUDGED, 0, "filter", N_("EXPR"),
	  N_("look only at packets that match, in pcap-filter(7) syntax") },
	{ PP_OPTION_SERVICE, PP_CMD_CAPTURE, 0, "service", N_("NAME"),
	  N_("stop and start this service around the capture; repeatable. Without it: the services of --agent") },
	{ PP_OPTION_NO_RESTART, PP_CMD_CAPTURE, 0, "no-restart", NULL, N_("only watch; stop and start nothing") },
	{ PP_OPTION_DRY_RUN, PP_CMD_CAPTURE, 0, "dry-run", NULL,
	  N_("say what would be stopped, captured and started, and do nothing") },
	{ PP_OPTION_INTERFACE, PP_CMD_CAPTURE, 0, "interface", N_("NAME"),
	  N_("capture here; repeatable. Without it: every interface that carries a route") },
	{ PP_OPTION_WRITE, PP_CMD_CAPTURE, 0, "write", N_("FILE"), N_("keep the packets, as pcapng") },
	{ PP_OPTION_RING, PP_CMD_CAPTURE, 0, "ring", N_("COUNTxSIZE"),
	  N_("with --write: FILE.0001 and so on, at most COUNT files of SIZE, as 10x100M; the oldest goes first") },
	{ PP_OPTION_UNTIL, PP_CMD_CAPTURE, 0, "until", N_("WHEN"),
	  N_("'verdict': all the agent requires has an outcome; 'quiet=SECONDS': no new connection of the service for "
	     "so long; SECONDS. With a service: whatever comes first of verdict, quiet=30, 300") },
	{ PP_OPTION_FORCE, PP_CMD_CAPTURE, 0, "force", NULL, N_("overwrite files that are there") },
	{ PP_OPTION_LANG, ALL, 0, "lang", "en", N_("language of the text; default from the locale") },
	{ PP_OPTION_JOBS, PP_CMD_ANALYZE, 0, "jobs", N_("N"),
	  N_("threads: one analyses, N - 1 unpack compressed files; default: one per processor") },
	{ PP_OPTION_MAX_MEMORY, JUDGED, 0, "max-memory", N_("SIZE"),
	  N_("upper bound for tables and buffers, as 512M or 2G; reaching it is reported") },
	{ PP_OPTION_NO_SANDBOX, JUDGED, 0, "no-sandbox", NULL,
	  N_("keep the permissions that analysing does not need; for systems on which giving them up fails") },
	{ PP_OPTION_COLOR, ALL, 0, "color", "auto|always|never", N_("colour in the report; auto: on a terminal") },
	{ PP_OPTION_QUIET, JUDGED, 'q', "quiet", NULL, N_("print the conclusion only") },
	{ PP_OPTION_VERBOSE, JUDGED, 'v', "verbose", NULL, N_("list every connection and lookup, too") },
	{ PP_OPTION_MARKDOWN, PP_CMD_RULES, 0, "markdown", NULL, NULL },
	{ PP_OPTION_VERSION, ALL, 0, "version", NULL, N_("print the version and exit") },
	{ PP_OPTION_HELP, ALL, 'h', "help", NULL, N_("print this help and exit") },
	{ PP_OPTION_LATER, JUDGED, 0, "html", N_("FILE"), NULL },
	{ PP_OPTION_LATER, JUDGED, 0, "evidence", N_("FILE"), NULL },
	{ PP_OPTION_LATER, JUDGED, 0, "no-redact", NULL, NULL },
	{ PP_OPTION_LATER, JUDGED, 0, "share", NULL, NULL },
	{ PP_OPTION_LATER, JUDGED, 0, "allow-list", N_("FORM"), NULL },
};

enum { OPTIONS = sizeof(table) / sizeof(table[0]) };

void pp_args_init(struct pp_args *args, enum pp_command command, int argc, char **argv)
{
	*args = (struct pp_args){
		.command = command,
		.command_name = argv[0],
		.argv = argv,
		.argc = argc,
		.at = 1,
		.operands = argv,
	};
}

static const struct option *find_name(enum pp_command command, const char *name, size_t len)
{
	for (const struct option *o = table; o < table + OPTIONS; o++)
		if ((o->commands & command) && strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static const struct option *find_letter(enum pp_command command, char letter)
{
	for (const struct option *o = table; o < table + OPTIONS; o++)
		if ((o->commands & command) && o->letter == letter)
			return o;
	return NULL;
}

static enum pp_option_id unknown(const struct pp_args *args, const char *option)
{
	pp_message(_("unknown option '%s'; see 'pathproof %s --help'"), option, args->command_name);
	return PP_OPTION_ERROR;
}

/* The option with its value from behind '=' or from the next argument. */
static enum pp_option_id take(struct pp_args *args, const struct option *option, const char *value,
			      const char **ret_value)
{
	if (option->id == PP_OPTION_LATER) {
		pp_message(_("--%s is not available in this version"), option->name);
		return PP_OPTION_ERROR;
	}
	if (value && !option->argument) {
		pp_message(_("--%s takes no value, '%s' was given"), option->name, value);
		return PP_OPTION_ERROR;
	}
	if (option->argument && !value) {
		if (args->at == args->argc) {
			pp_message(_("--%s needs a value: %s"), option->name, pp_say(PP_READER, option->argument));
			return PP_OPTION_ERROR;
		}
		value = args->argv[args->at++];
	}
	*ret_value = value;
	return option->id;
}

static enum pp_option_id next_letter(struct pp_args *args, const char **ret_value)
{
	char letter = *args->letters++;
	const struct option *option = find_letter(args->command, letter);
	const char name[] = { '-', letter, '\0' };

	if (!*args->letters)
		args->letters = NULL;
	return option ? take(args, option, NULL, ret_value) : unknown(args, name);
}

static enum pp_option_id next_long(struct pp_args *args, const char *text, const char **ret_value)
{
	size_t len = strcspn(text, "=");
	const struct option *option = find_name(args->command, text, len);

	if (!option)
		return unknown(args, text - 2);
	return take(args, option, text[len] ? text + len + 1 : NULL, ret_value);
}

enum pp_option_id pp_option_next(struct pp_args *args, const char **ret_value)
{
	if (args->letters)
		return next_letter(args, ret_value);
	while (args->at < args->argc) {
		char *text = args->argv[args->at++];

		if (args->only_operands || text[0] != '-' || !text[1]) {
			args->operands[args->operand_count++] = text;
		} else if (text[1] != '-') {
			args->letters = text + 1;
			return next_letter(args, ret_value);
		} else if (text[2]) {
			return next_long(args, text + 2, ret_value);
		} else {
			args->only_operands = true;
		}
	}
	return PP_OPTION_END;
}

void pp_options_help(struct pp_layout *layout, enum pp_command command)
{
	enum { TEXT_COLUMN = 29 };

	for (const struct option *o = table; o < table + OPTIONS; o++) {
		struct pp_line line;

		if (!(o->commands & command) || !o->help)
			continue;
		pp_line_start(&line);
		if (o->letter)
			pp_line_add(&line, (const char[]){ '-', o->letter, ',', ' ', '\0' });
		pp_line_add(&line, "--");
		pp_line_add(&line, o->name);
		pp_line_add(&line, o->argument ? " " : "");
		pp_line_add(&line, pp_say(PP_READER, o->argument));
		pp_layout_to(layout, o->letter ? 2 : 6);
		pp_layout_text(layout, PP_PLAIN, 2, line.text);
		if (layout->column >= TEXT_COLUMN)
			pp_layout_end(layout);
		pp_layout_to(layout, TEXT_COLUMN);
		pp_layout_text(layout, PP_PLAIN, TEXT_COLUMN, pp_say(PP_READER, o->help));
		pp_layout_end(layout);
	}
}

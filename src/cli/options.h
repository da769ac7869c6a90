/* options: the options of every command, from one table that parsing, help and error messages share.
 *
 * Shape   pp_option_next() gives one option after the other; what is no option is collected in `operands`.  Options and
 *         operands may be mixed; "--" ends the options; "-" is an operand.
 * Errors  PP_OPTION_ERROR after the message has been printed.
 * Owns    nothing; values point into argv, whose beginning is overwritten with the operands.
 */
#ifndef PP_CLI_OPTIONS_H
#define PP_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum pp_command {
	PP_CMD_ANALYZE = 0x01,
	PP_CMD_AGENTS = 0x02,
	PP_CMD_ENDPOINTS = 0x04,
	PP_CMD_RULES = 0x08,
	PP_CMD_CAPTURE = 0x10,
};

enum pp_option_id {
	PP_OPTION_END,
	PP_OPTION_ERROR,
	PP_OPTION_JSON,
	PP_OPTION_AGENT,
	PP_OPTION_PROXY,
	PP_OPTION_SERVICE_TAGS,
	PP_OPTION_ENDPOINTS,
	PP_OPTION_FILTER,
	PP_OPTION_LANG,
	PP_OPTION_JOBS,
	PP_OPTION_MAX_MEMORY,
	PP_OPTION_NO_SANDBOX,
	PP_OPTION_COLOR,
	PP_OPTION_QUIET,
	PP_OPTION_VERBOSE,
	PP_OPTION_MARKDOWN,
	PP_OPTION_SERVICE,
	PP_OPTION_NO_RESTART,
	PP_OPTION_DRY_RUN,
	PP_OPTION_INTERFACE,
	PP_OPTION_WRITE,
	PP_OPTION_RING,
	PP_OPTION_UNTIL,
	PP_OPTION_FORCE,
	PP_OPTION_VERSION,
	PP_OPTION_HELP,
	PP_OPTION_LATER, /* known, not in this version */
};

struct pp_args {
	enum pp_command command;
	const char *command_name;
	char **argv;
	int argc, at;
	const char *letters; /* rest of a group like -qv, or NULL */
	bool only_operands;  /* "--" was seen */
	char **operands;
	size_t operand_count;
};

/* `argv[0]` is the command's name. */
void pp_args_init(struct pp_args *args, enum pp_command command, int argc, char **argv);
enum pp_option_id pp_option_next(struct pp_args *args, const char **ret_value);

struct pp_layout;
void pp_options_help(struct pp_layout *layout, enum pp_command command);

#endif

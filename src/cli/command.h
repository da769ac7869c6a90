/* command: the commands of the program and what they share.
 *
 * Errors  a command prints what went wrong and returns the exit status.
 */
#ifndef PP_CLI_COMMAND_H
#define PP_CLI_COMMAND_H

#include "cli/given.h"
#include "cli/options.h"
#include "cli/output.h"

enum { PP_EXIT_DONE = 0, PP_EXIT_FAULT = 1, PP_EXIT_UNCLEAR = 2, PP_EXIT_FAILED = 3 };

struct pp_command_row {
	const char *name;
	enum pp_command id;
	int (*run)(int argc, char **argv); /* NULL: not in this version */
	const char *usage;                 /* what follows the name */
	const char *about;                 /* one line for the list of commands */
	const char *text;                  /* paragraph above the options; NULL: none */
};

int pp_cmd_analyze(int argc, char **argv);
int pp_cmd_capture(int argc, char **argv);
int pp_cmd_agents(int argc, char **argv);
int pp_cmd_endpoints(int argc, char **argv);
int pp_cmd_rules(int argc, char **argv);

const struct pp_command_row *pp_command_find(const char *name); /* NULL: none */
int pp_help(void);                                              /* of the whole program */
int pp_version(void);

/* Options that every command has. */
struct pp_common {
	enum pp_color color;
	bool stop; /* --help or --version was served, or a value was wrong: return `status` */
	int status;
};
/* True when the option was one of these. */
bool pp_common_option(struct pp_common *common, enum pp_command command, enum pp_option_id id, const char *value);

struct pp_catalogue;
struct pp_service_tags;
/* The shipped catalogue with the files people added; false after a message. */
bool pp_load_catalogue(struct pp_catalogue **ret_catalogue, struct pp_given *files, size_t count);
bool pp_load_service_tags(struct pp_service_tags **ret_tags, struct pp_given *file);
/* The profile of that name; NULL after a message that lists the known ones. */
const struct pp_agent_row *pp_load_agent(const struct pp_catalogue *catalogue, const char *name);

#endif

#include "cli/command.h"
#include "cli/message.h"
#include "platform/terminal.h"
#include "report/intl.h"

#include <string.h>

static int run_command(int argc, char **argv)
{
	const struct pp_command_row *command = pp_command_find(argv[0]);

	if (command && command->run)
		return command->run(argc, argv);
	if (command)
		pp_message(_("'%s' is not available in this version"), argv[0]);
	else if (argv[0][0] == '-')
		pp_message(_("unknown option '%s'; see 'pathproof --help'"), argv[0]);
	else
		pp_message(_("unknown command '%s'; to look into a capture: pathproof analyze FILE"), argv[0]);
	return PP_EXIT_FAILED;
}

int main(int argc, char **argv)
{
	pp_language_init();
	pp_fail_writes();
	if (argc < 2) {
		pp_message(_("no command given; to look into a capture: pathproof analyze FILE (or --help)"));
		return PP_EXIT_FAILED;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
		return pp_help();
	if (strcmp(argv[1], "--version") == 0)
		return pp_version();
	return run_command(argc - 1, argv + 1);
}

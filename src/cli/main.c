#include "cli/command.h"
#include "cli/message.h"
#include "platform/terminal.h"
#include "report/intl.h"

#include <locale.h>
#include <string.h>

/* The language is all we take from the locale: numbers and sorting stay as in the C locale, and text is UTF-8 whatever
 * the locale's encoding, so that the same input gives the same bytes. */
static void init_language(void)
{
	(void)setlocale(LC_MESSAGES, "");
#ifdef PP_LOCALEDIR
	(void)bindtextdomain(PP_TEXT_DOMAIN, PP_LOCALEDIR);
#endif
	(void)bind_textdomain_codeset(PP_TEXT_DOMAIN, "UTF-8");
}

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
	init_language();
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

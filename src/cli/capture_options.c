#include "cli/capture_options.h"

#include "cli/message.h"
#include "cli/value.h"
#include "live/trace.h"
#include "report/intl.h"

#include <string.h>

enum { SECONDS_MOST = 7 * 24 * 3600, QUIET_DEFAULT_S = 30, MOST_DEFAULT_S = 300, RING_LEAST = 1 << 20 };

static bool add(const char **list, unsigned *count, unsigned most, const char *name, const char *value)
{
	if (*count == most) {
		pp_message(_("--%s may be given %u times"), name, most);
		return false;
	}
	list[(*count)++] = value;
	return true;
}

static bool set_until(struct pp_until *until, const char *value)
{
	uint64_t seconds = QUIET_DEFAULT_S;

	if (strcmp(value, "verdict") == 0) {
		until->verdict = true;
		return true;
	}
	if (strcmp(value, "quiet") == 0 ||
	    (strncmp(value, "quiet=", 6) == 0 && pp_value_number(value + 6, 1, SECONDS_MOST, &seconds))) {
		until->quiet_s = (uint32_t)seconds;
		return true;
	}
	if (pp_value_number(value, 1, SECONDS_MOST, &seconds)) {
		until->most_s = (uint32_t)seconds;
		return true;
	}
	pp_message(_("--until is verdict, quiet, quiet=SECONDS or SECONDS, not '%s'"), value);
	return false;
}

/* 10x100M, also written 10x100MiB */
static bool set_ring(struct pp_capture_options *options, const char *value)
{
	char text[64];
	char *x;
	uint64_t files;
	size_t len = strlen(value);

	if (len < sizeof(text)) {
		memcpy(text, value, len + 1);
		if (len > 2 && strcmp(text + len - 2, "iB") == 0)
			text[len - 2] = '\0';
		x = strchr(text, 'x');
		if (x) {
			*x = '\0';
			if (pp_value_number(text, 1, PP_TRACE_RING_MAX, &files) &&
			    pp_value_size(x + 1, &options->ring_bytes) && options->ring_bytes >= RING_LEAST) {
				options->ring_files = (unsigned)files;
				return true;
			}
		}
	}
	pp_message(_("--ring is COUNTxSIZE like 10x100M, at least 1M a file, not '%s'"), value);
	return false;
}

/* False when the value was wrong and said so. */
static bool set_option(struct pp_capture_options *options, struct pp_judge_options *judge, enum pp_option_id id,
		       const char *value)
{
	switch (id) {
	case PP_OPTION_SERVICE:
		return add(options->services, &options->service_count, PP_CAPTURE_SERVICES, "service", value);
	case PP_OPTION_INTERFACE:
		return add(options->interfaces, &options->interface_count, PP_CAPTURE_INTERFACES, "interface", value);
	case PP_OPTION_NO_RESTART:
		options->no_restart = true;
		return true;
	case PP_OPTION_DRY_RUN:
		options->dry_run = true;
		return true;
	case PP_OPTION_FORCE:
		options->force = true;
		return true;
	case PP_OPTION_WRITE:
		options->write = value;
		return true;
	case PP_OPTION_FILTER:
		options->filter = value; /* only of the capture: what it lets through is analysed whole */
		return true;
	case PP_OPTION_RING:
		return set_ring(options, value);
	case PP_OPTION_UNTIL:
		options->until_given = true;
		return set_until(&options->until, value);
	default:
		return pp_judge_option(judge, id, value);
	}
}

/* What only shows when all options are known. */
static bool complete(struct pp_capture_options *options, const struct pp_judge_options *judge,
		     const struct pp_args *args)
{
	if (args->operand_count)
		pp_message(_("capture: '%s' is no option; a command comes after '--'"), args->operands[0]);
	else if (options->ring_files && !options->write)
		pp_message(_("--ring needs --write FILE"));
	else if (options->until.verdict && !judge->agent)
		pp_message(_("--until verdict needs --agent, which says what has to have an outcome"));
	else
		return true;
	return false;
}

static void set_default_until(struct pp_capture_options *options, const struct pp_judge_options *judge)
{
	bool service = judge->agent || options->service_count;

	if (!options->until_given && service && !options->command)
		options->until = (struct pp_until){ .verdict = judge->agent != NULL,
						    .quiet_s = QUIET_DEFAULT_S,
						    .most_s = MOST_DEFAULT_S };
}

bool pp_capture_options(struct pp_capture_options *options, struct pp_judge_options *judge, struct pp_common *common,
			int argc, char **argv)
{
	const char *value = NULL;
	struct pp_args args;
	enum pp_option_id id;
	int ours = argc;

	for (int i = 1; i < ours; i++)
		if (strcmp(argv[i], "--") == 0)
			ours = i;
	if (ours + 1 < argc)
		options->command = argv + ours + 1;
	pp_args_init(&args, PP_CMD_CAPTURE, ours, argv);
	while ((id = pp_option_next(&args, &value)) != PP_OPTION_END) {
		if (pp_common_option(common, PP_CMD_CAPTURE, id, value)) {
			if (common->stop)
				return false;
		} else if (!set_option(options, judge, id, value)) {
			common->status = PP_EXIT_FAILED;
			return false;
		}
	}
	judge->color = common->color;
	common->status = PP_EXIT_FAILED;
	set_default_until(options, judge);
	return complete(options, judge, &args);
}

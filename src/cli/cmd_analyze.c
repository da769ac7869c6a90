#include "cli/judge.h"
#include "cli/message.h"
#include "report/intl.h"

#include <stdlib.h>

enum { FILES_MAX = UINT16_MAX };

/* True when there is something to analyze; else `common->status` is what to return. */
static bool parse(struct pp_judge *run, struct pp_common *common, struct pp_args *args, int argc, char **argv)
{
	const char *value = NULL;
	enum pp_option_id id;

	pp_args_init(args, PP_CMD_ANALYZE, argc, argv);
	while ((id = pp_option_next(args, &value)) != PP_OPTION_END) {
		if (pp_common_option(common, PP_CMD_ANALYZE, id, value)) {
			if (common->stop)
				return false;
		} else if (!pp_judge_option(&run->options, id, value)) {
			common->status = PP_EXIT_FAILED;
			return false;
		}
	}
	run->options.color = common->color;
	common->status = PP_EXIT_FAILED;
	if (args->operand_count == 0)
		pp_message(_("analyze: no file given; '-' reads standard input"));
	else if (args->operand_count > FILES_MAX)
		pp_message(_("analyze: more than %d files"), FILES_MAX);
	else
		return true;
	return false;
}

static int analyze(struct pp_judge *run, const struct pp_args *args)
{
	if (!pp_judge_open_captures(run, args->operands, args->operand_count))
		return PP_EXIT_FAILED;
	pp_judge_open_data(run);
	if (!pp_judge_open_filter(run) ||
	    !pp_judge_open_outputs(run, (const char *const *)args->operands, args->operand_count))
		return PP_EXIT_FAILED;
	pp_judge_confine(run);
	if (!pp_judge_load(run) || !pp_judge_read(run, NULL))
		return PP_EXIT_FAILED;
	return pp_judge_run(run);
}

int pp_cmd_analyze(int argc, char **argv)
{
	struct pp_judge *run = calloc(1, sizeof(*run));
	struct pp_common common = { .stop = false };
	struct pp_args args;
	int status;

	if (!run) {
		pp_message("%s", pp_err_text(PP_NOMEM));
		return PP_EXIT_FAILED;
	}
	status = parse(run, &common, &args, argc, argv) ? analyze(run, &args) : common.status;
	pp_judge_done(run);
	free(run);
	return status;
}

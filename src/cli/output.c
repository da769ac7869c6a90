#include "cli/output.h"

#include "cli/message.h"
#include "platform/terminal.h"
#include "report/intl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum pp_err to_file(void *context, const void *bytes, size_t len)
{
	struct pp_output *output = context;
	enum pp_err err = pp_outfile_write(output->file, bytes, len);

	if (err != PP_OK)
		output->why = errno;
	return err;
}

static void cannot_write(const struct pp_output *output, int why)
{
	if (strcmp(output->path, "-") == 0)
		pp_message(_("cannot write to standard output: %s"), strerror(why));
	else
		pp_message(_("cannot write '%s': %s"), output->path, strerror(why));
}

bool pp_output_open(struct pp_output *output, const char *path, const char *const *inputs, size_t input_count)
{
	enum pp_err err;

	output->path = path;
	output->why = 0;
	err = pp_outfile_open(&output->file, path, inputs, input_count);
	if (err == PP_USAGE)
		pp_message(_("'%s' is an input; write the result to another file"), path);
	else if (err == PP_IO)
		cannot_write(output, errno);
	else if (err != PP_OK)
		pp_message("%s", pp_err_text(err));
	pp_out_init(&output->out, (struct pp_sink){ .write = to_file, .context = output });
	return err == PP_OK;
}

bool pp_output_finish(struct pp_output *output)
{
	if (pp_out_flush(&output->out) != PP_OK) {
		cannot_write(output, output->why);
		return false;
	}
	if (pp_outfile_commit(output->file) != PP_OK) {
		cannot_write(output, errno);
		return false;
	}
	return true;
}

void pp_output_close(struct pp_output *output)
{
	pp_outfile_close(output->file);
	output->file = NULL;
}

bool pp_want_color(enum pp_color color)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM"); /* https://no-color.org */

	if (color != PP_COLOR_AUTO)
		return color == PP_COLOR_ALWAYS;
	return pp_is_terminal(PP_STDOUT) && !(no_color && no_color[0]) && term && strcmp(term, "dumb") != 0;
}

unsigned pp_want_width(void)
{
	unsigned width = pp_is_terminal(PP_STDOUT) ? pp_terminal_width(PP_STDOUT) : 0;

	return width == 0 || width > PP_WIDTH_DEFAULT ? PP_WIDTH_DEFAULT : width;
}

void pp_output_layout(struct pp_output *output, enum pp_color color, struct pp_layout *ret_layout)
{
	pp_layout_init(ret_layout, &output->out, pp_want_width(), pp_want_color(color));
}

/* output: a file or standard output with the buffer in front of it, and how a terminal wants its text. */
#ifndef PP_CLI_OUTPUT_H
#define PP_CLI_OUTPUT_H

#include "platform/outfile.h"
#include "report/layout.h"

struct pp_output {
	struct pp_outfile *file; /* NULL: not open */
	const char *path;        /* as given; "-" is standard output */
	int why;                 /* errno of the failed write */
	struct pp_out out;
};

/* These print what went wrong and return false.  `inputs` are the files that must not be overwritten. */
bool pp_output_open(struct pp_output *output, const char *path, const char *const *inputs, size_t input_count);
bool pp_output_finish(struct pp_output *output); /* everything is written and the file is in its place */
void pp_output_close(struct pp_output *output);  /* drops what was not finished; also on a zeroed struct */

enum pp_color { PP_COLOR_AUTO, PP_COLOR_ALWAYS, PP_COLOR_NEVER };

bool pp_want_color(enum pp_color color); /* on standard output */
unsigned pp_want_width(void);            /* of standard output; never wider than the default */
/* A layout on standard output, for the commands that print lists. */
void pp_output_layout(struct pp_output *output, enum pp_color color, struct pp_layout *ret_layout);

#endif

/* terminal: what standard output and standard error are connected to. */
#ifndef PP_PLATFORM_TERMINAL_H
#define PP_PLATFORM_TERMINAL_H

#include <stdbool.h>

enum pp_stream { PP_STDOUT, PP_STDERR };

bool pp_is_terminal(enum pp_stream stream);
/* Columns of the terminal behind it; 0 when there is none or it does not say. */
unsigned pp_terminal_width(enum pp_stream stream);
/* A reader that goes away, or a file that may grow no further, becomes a failed write, not the end of the process. */
void pp_fail_writes(void);

#endif

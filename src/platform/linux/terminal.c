#include "platform/terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int fd_of(enum pp_stream stream) { return stream == PP_STDOUT ? STDOUT_FILENO : STDERR_FILENO; }

bool pp_is_terminal(enum pp_stream stream) { return isatty(fd_of(stream)) == 1; }

unsigned pp_terminal_width(enum pp_stream stream)
{
	struct winsize size;

	if (ioctl(fd_of(stream), TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

void pp_fail_writes(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
}

#include "platform/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

enum pp_err pp_signals_hold(struct pp_signals *signals)
{
	sigset_t set;

	stop_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return PP_IO;
	signals->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return signals->fd < 0 ? PP_IO : PP_OK;
}

bool pp_signals_take(struct pp_signals *signals, bool *ret_by_key)
{
	struct signalfd_siginfo info;

	if (read(signals->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return false;
	*ret_by_key = info.ssi_code == SI_KERNEL;
	return true;
}

void pp_signals_release(struct pp_signals *signals)
{
	sigset_t set;

	stop_signals(&set);
	(void)close(signals->fd);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

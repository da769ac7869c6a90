/* signals: the wish to stop, as something to wait for. */
#ifndef PP_PLATFORM_SIGNALS_H
#define PP_PLATFORM_SIGNALS_H

#include "base/err.h"

#include <stdbool.h>

struct pp_signals {
	int fd;
};

/* From now on Ctrl-C, termination and hang-up are told by pp_signals_take() and do nothing else. */
enum pp_err PP_MUST_CHECK pp_signals_hold(struct pp_signals *signals);
/* True when one has come.  *ret_by_key: from the terminal, which has told everyone else there, too. */
bool pp_signals_take(struct pp_signals *signals, bool *ret_by_key);
/* They end the program again. */
void pp_signals_release(struct pp_signals *signals);

#endif

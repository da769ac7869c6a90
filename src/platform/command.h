/* command: a program that runs beside us with all it would have without us: user, streams, terminal, environment.
 *
 * Shape   prepared while nothing is dropped yet, let go when the capture is armed.
 */
#ifndef PP_PLATFORM_COMMAND_H
#define PP_PLATFORM_COMMAND_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct pp_command_run {
	int pid, gate; /* gate -1: it runs */
	bool ended, by_signal;
	int status; /* its exit status, or the signal; 127: it could not be started */
};

bool pp_command_exists(const char *name); /* it can be started, as far as its file is concerned */
enum pp_err PP_MUST_CHECK pp_command_prepare(struct pp_command_run *command, char *const *arguments);
void pp_command_go(struct pp_command_run *command);
bool pp_command_ended(struct pp_command_run *command);
void pp_command_interrupt(const struct pp_command_run *command);
void pp_command_forget(struct pp_command_run *command); /* one that was never let go ends without having run */

#endif

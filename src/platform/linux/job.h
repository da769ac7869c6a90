/* job: a program that the helper runs, and what it prints; private to platform/linux/.
 *
 * Shape   started, read whenever its output has something, ended; or run to its end in one go.  Programs are found in
 *         fixed folders and get a fixed environment.
 * Limits  PP_HELPER_TEXT bytes of output; what is beyond is read and forgotten.
 */
#ifndef PP_PLATFORM_LINUX_JOB_H
#define PP_PLATFORM_LINUX_JOB_H

#include "platform/helper.h"

#include <sys/types.h>

struct job {
	pid_t pid; /* 0: none */
	int output;
	int64_t deadline; /* ms */
	size_t len;
	struct pp_helper_message answer;
};

/* `arguments` ends with NULL.  False: it could not be started, and the answer says so. */
bool job_start(struct job *job, enum pp_helper_ask ask, const char *const *arguments, int seconds);
bool job_read(struct job *job); /* takes what it printed; true when it has ended */
void job_end(struct job *job, bool late);
/* For what cannot be waited for in the loop. */
void job_run(struct job *job, const char *const *arguments, int seconds);

int64_t job_now_ms(void);      /* what deadlines are in */
void job_ignore_signals(void); /* those that would end the helper; programs do not inherit it */

#endif

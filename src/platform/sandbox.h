/* sandbox: what this process gives up before it reads what others made.
 *
 * Shape   pp_sandbox_enter() once, while there is one thread; what is needed later is opened before.  Afterwards no
 *         program can be started, no connection opened, no process traced or signalled, no memory made executable, no
 *         terminal typed at, and no file opened, unless `wish` says otherwise.  It cannot be undone.
 * Errors  none: what a system does not have is returned, and everything goes on without it.
 * Source  seccomp(2), landlock(7).
 */
#ifndef PP_PLATFORM_SANDBOX_H
#define PP_PLATFORM_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

enum pp_sandbox_kind {
	PP_SANDBOX_ANALYSIS, /* reads and writes what is open */
	PP_SANDBOX_CAPTURE,  /* also opens files, receives packets, talks to its helper, waits for its command */
};

/* What is missing. */
enum {
	PP_SANDBOX_CALLS = 0x1, /* the filter of system calls */
	PP_SANDBOX_FILES = 0x2, /* Landlock */
	PP_SANDBOX_BUILD =
	    0x4, /* everything: this program is built with a sanitizer, which needs what we would give up */
};

struct pp_sandbox_wish {
	enum pp_sandbox_kind kind;
	int folder;      /* where a finished output takes its name; -1: nowhere */
	bool makes_file; /* … and is created, too, as the file system has no files without a name */
	bool port_names; /* the system's lists of services and protocols may be read */
};

unsigned pp_sandbox_enter(const struct pp_sandbox_wish *wish);

#endif

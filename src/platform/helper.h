/* helper: the part of a live capture that stays privileged: a small process that controls services and tells whose
 * sockets new connections are.
 *
 * Shape   started before anything is dropped; it takes single requests over a socket pair and answers each once.
 *         Owners of new connections come unasked, between answers.  It knows the requests below and runs three
 *         programs, systemctl, journalctl and azcmagent, never a shell.
 *         What was running when PP_HELPER_HOLD was asked runs again when the helper ends, for whatever reason the
 *         other side went away.
 * Errors  an answer's `status` is the program's exit status, 124 when it took too long, 127 when it is not there.
 * Limits  PP_HELPER_TEXT bytes of output, PP_HELPER_UNITS held units.  Owners that the other side is too slow to
 *         take are dropped and counted.
 */
#ifndef PP_PLATFORM_HELPER_H
#define PP_PLATFORM_HELPER_H

#include "base/addr.h"

#include <stdbool.h>

enum {
	PP_HELPER_TEXT = 32 << 10,
	PP_HELPER_UNITS = 64,
	PP_HELPER_NAME = 256,
	PP_HELPER_PATH = 1024,
	PP_HELPER_LATE = 124,
	PP_HELPER_ABSENT = 127,
};

enum pp_helper_ask {
	PP_HELPER_SHOW = 1, /* name: unit; text: what systemctl show says */
	PP_HELPER_HOLD,     /* name: unit; remembers whether it runs; status 1: it cannot, so do not stop it */
	PP_HELPER_STOP,
	PP_HELPER_START,
	PP_HELPER_LOG,     /* name: unit; text: its last lines in the journal since LOOK, or the first START */
	PP_HELPER_RESTORE, /* starts what was held and runs no more; number: not 0 when a stop hangs and is
			    * to be ended by force; text: the units that could not be brought back */
	PP_HELPER_LOOK, /* name: interface to watch for new connections, "" all; number: process of the command, or 0 */
	PP_HELPER_CGROUP,      /* name: control group whose processes are asked first */
	PP_HELPER_CONFIG,      /* text: what `azcmagent config list` prints */
	PP_HELPER_ENVIRONMENT, /* text: what systemd gives every service */
	PP_HELPER_OWNER = 100,
};

struct pp_helper_owner {
	int64_t ts;
	struct pp_endpoint_addr client, server;
	uint32_t pid;              /* 0: the process was gone already */
	bool of_command;           /* the command or something it started */
	uint32_t missed;           /* lookups that were given up so far */
	char path[PP_HELPER_PATH]; /* executable; "" unknown */
	char unit[PP_HELPER_NAME]; /* "" none */
};

struct pp_helper_message {
	enum pp_helper_ask ask; /* what is answered, or PP_HELPER_OWNER */
	int status;
	union {
		char text[PP_HELPER_TEXT];
		struct pp_helper_owner owner;
	};
};

struct pp_helper;

enum pp_err PP_MUST_CHECK pp_helper_start(struct pp_helper **ret_helper);
enum pp_err PP_MUST_CHECK pp_helper_ask(struct pp_helper *helper, enum pp_helper_ask ask, const char *name,
					uint32_t number);
/* PP_MORE: nothing has come yet.  PP_END: the helper is gone. */
enum pp_err PP_MUST_CHECK pp_helper_take(struct pp_helper *helper, struct pp_helper_message *ret_message);
int pp_helper_fd(const struct pp_helper *helper); /* readable when pp_helper_take() has something */
/* Waits until the helper has restored what it held. */
void pp_helper_end(struct pp_helper *helper);

#endif

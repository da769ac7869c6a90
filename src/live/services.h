/* services: the units of a capture: looked up, stopped, started, left as they were found.
 *
 * Shape   a thin layer over the privileged helper (platform/helper.h), which alone touches systemd and alone keeps the
 *         promise to restore.  While an answer is waited for, the host's tick() runs ten times a second and owners of
 *         new connections are passed on.
 * Errors  PP_END: tick() gave up.  PP_IO, PP_LIMIT (took too long), PP_USAGE (no such unit): `error` has one line.
 * Owns    the helper.
 */
#ifndef PP_LIVE_SERVICES_H
#define PP_LIVE_SERVICES_H

#include "platform/helper.h"

enum { PP_UNIT_STATE = 96, PP_UNIT_SAID = 256, PP_SERVICES_ERROR = 512 };

struct pp_services_host {
	void *context;
	bool (*tick)(void *context); /* false: give up waiting */
	void (*owner)(void *context, const struct pp_helper_owner *owner);
	int wake; /* a descriptor that ends the wait when it can be read, or -1 */
};

struct pp_unit {
	char name[PP_HELPER_NAME];  /* as systemd has it */
	char state[PP_UNIT_STATE];  /* "active (running)", "failed (exit-code)" */
	char group[PP_HELPER_PATH]; /* control group, or "" */
	bool runs, failed;          /* when last asked */
	bool restarting;            /* failed, but systemd will start it again */
	bool ran;                   /* when looked up */
	bool stopped, started;      /* by us */
	char said[PP_UNIT_SAID];    /* systemd's answer to a start that it refused, or "" */
	int exit_status;            /* of its program, or the signal that ended it */
	bool by_signal;
	unsigned restarts; /* by systemd, after failures */
	int64_t stop_limit_ms;
};

struct pp_services {
	struct pp_helper *helper;
	struct pp_services_host host;
	struct pp_unit units[PP_HELPER_UNITS];
	unsigned count;
	struct pp_helper_message answer;
	bool hung; /* a stop took longer than it may */
	char error[PP_SERVICES_ERROR];
};

enum pp_err PP_MUST_CHECK pp_services_open(struct pp_services *services, const struct pp_services_host *host);
/* PP_USAGE: this machine has no such unit.  The answer's text has what systemctl says about it. */
enum pp_err PP_MUST_CHECK pp_services_find(struct pp_services *services, const char *name);
/* Remembers what runs, among the units found and those that stop with them. */
enum pp_err PP_MUST_CHECK pp_services_hold(struct pp_services *services);
enum pp_err PP_MUST_CHECK pp_services_stop(struct pp_services *services);
/* A unit that does not start is no error but a finding: see its state. */
enum pp_err PP_MUST_CHECK pp_services_start(struct pp_services *services);
enum pp_err PP_MUST_CHECK pp_services_refresh(struct pp_services *services, struct pp_unit *unit);
/* The last lines of its journal since the capture or the start, in the answer's text; "" when there is none. */
void pp_services_log(struct pp_services *services, const struct pp_unit *unit);
/* Every service that was started has failed, and nobody will start it again. */
bool pp_services_all_failed(const struct pp_services *services);
/* `error` names units that do not run again. */
enum pp_err PP_MUST_CHECK pp_services_restore(struct pp_services *services);
/* Tells owners of new connections from now on.  PP_IO: not possible here. */
enum pp_err PP_MUST_CHECK pp_services_look(struct pp_services *services, const char *const *interfaces, unsigned count,
					   uint32_t command);
void pp_services_take_owners(struct pp_services *services); /* those that have come, without waiting */
bool pp_services_know(const struct pp_services *services, const char *unit);
/* azcmagent's, and what systemd gives every service, in the answer's text. */
enum pp_err PP_MUST_CHECK pp_services_config(struct pp_services *services);
enum pp_err PP_MUST_CHECK pp_services_environment(struct pp_services *services);
void pp_services_close(struct pp_services *services); /* restores what was not restored yet */

/* The value of one property of systemctl's answer; "" when it is not there. */
void pp_services_property(const char *text, const char *name, char *value, size_t size);

#endif

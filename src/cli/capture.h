/* capture: one run of `pathproof capture`, shared by its parts: cmd_capture.c (the order of it all), capture_wait.c (what
 * goes on until it is over), capture_notes.c (what is written down beside the packets). */
#ifndef PP_CLI_CAPTURE_H
#define PP_CLI_CAPTURE_H

#include "cli/capture_options.h"
#include "live/packets.h"
#include "live/services.h"
#include "live/settings.h"
#include "live/watch.h"
#include "platform/command.h"
#include "platform/ring.h"
#include "platform/signals.h"

struct pp_live {
	struct pp_judge judge;
	struct pp_capture_options options;
	struct pp_services services;
	bool has_services;
	struct pp_command_run command;
	bool has_command;
	char routed[PP_INTERFACES_ROUTED][PP_INTERFACE_NAME];
	char *filter;
	struct pp_packets *packets;
	struct pp_trace *trace;
	bool capturing;
	struct pp_watch watch;
	bool watching, knows_processes;
	struct pp_signals signals;
	bool has_signals;
	bool interrupted;        /* the user wants an end */
	bool patient;            /* … but what runs now is to be finished */
	bool stopping, starting; /* services */
	int64_t interrupted_at, command_ended_at, begun, started_wall;
	int64_t next_refresh, failed_at; /* all services have failed since then; 0: they have not */
	int64_t next_status;
	bool status_shown, terminal;
	uint32_t missed; /* owners that were not found */
	struct pp_settings settings;
	char hardware[128], os[128];
};

/* The services are stopped and started, not only watched. */
static inline bool pp_live_restarts(const struct pp_live *c)
{
	return c->services.count && !c->options.no_restart && !c->options.command;
}

/* capture_wait.c */
bool pp_live_tick(void *live); /* now and then while something is waited for; false: give it up */
void pp_live_wait(struct pp_live *c);
void pp_live_clear_status(struct pp_live *c);

/* capture_notes.c */
void pp_live_note_owner(void *live, const struct pp_helper_owner *owner);
void pp_live_read_unit(struct pp_live *c, const char *unit); /* the proxy settings of the unit just found */
void pp_live_read_settings(struct pp_live *c);               /* those of the machine */
void pp_live_note_settings(struct pp_live *c); /* at the start: what is judged while waiting has them, too */
void pp_live_note_services(struct pp_live *c);
void pp_live_note_rest(struct pp_live *c); /* at the end */

#endif

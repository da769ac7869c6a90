/* The order of a capture, and why:
 *
 * 1. With all permissions: the command waits in a process of its own, the helper starts, services are looked up, and
 *    the rings are opened, still shut.
 * 2. Permissions are dropped.  Files are created by the calling user, and nothing can be started or connected any more.
 * 3. Services stop, before the rings let packets in: what they say while dying is no start.
 * 4. Capture; services start; wait; services as found; drain; judge.
 *
 * From the first stop on, every way out leads through restore(); where we cannot walk it ourselves, the helper does.
 */
#include "base/buf.h"
#include "base/time.h"
#include "cli/capture_options.h"
#include "cli/message.h"
#include "live/filter.h"
#include "live/packets.h"
#include "live/services.h"
#include "live/settings.h"
#include "live/watch.h"
#include "platform/clock.h"
#include "platform/command.h"
#include "platform/file.h"
#include "platform/privilege.h"
#include "platform/ring.h"
#include "platform/sandbox.h"
#include "platform/signals.h"
#include "platform/terminal.h"
#include "platform/tracefile.h"
#include "report/intl.h"
#include "report/line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	WAIT_MS = 50,
	STATUS_MS = 200,
	SETTLE_S = 1,       /* after the command: what is still on the wire */
	COMMAND_STOP_S = 5, /* for a command that was told to end */
	PATH_BYTES = 4096,
	ENVIRONMENT_FILE_MOST = 64 << 10,
	FILES_MAX = 512,
};

struct capture {
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
	bool interrupted; /* the user wants an end */
	bool patient;     /* … but what runs now is to be finished */
	int64_t interrupted_at, command_ended_at, begun, started_wall;
	int64_t next_status;
	bool status_shown, terminal;
	uint32_t missed; /* owners that were not found */
	struct pp_settings settings;
	char hardware[128], os[128];
};

/* ---- The status line ---- */

static void clear_status(struct capture *c)
{
	if (!c->status_shown)
		return;
	c->status_shown = false;
	(void)fputs("\r\033[K", stderr);
	(void)fflush(stderr);
}

static void show_status(struct capture *c, const struct pp_packets_state *state, const struct pp_watch_view *view)
{
	int64_t now = pp_clock_ns();

	if (!c->terminal || now < c->next_status)
		return;
	c->next_status = now + STATUS_MS * PP_MS;
	c->status_shown = true;
	(void)fprintf(stderr, _("\rcapturing %u s: %" PRIu64 " packets, %" PRIu64 " dropped, %u connections"),
		      (unsigned)((now - c->begun) / PP_SECOND), state->captured, state->dropped, view->flows);
	if (view->required)
		(void)fprintf(stderr, _(", %u of %u categories"), view->settled, view->required);
	if (view->waiting[0])
		(void)fprintf(stderr, _(", waiting for %.60s"), view->waiting);
	(void)fputs("\033[K", stderr);
	(void)fflush(stderr);
}

/* ---- While waiting ---- */

static void take_signals(struct capture *c)
{
	bool by_key = false;

	if (!c->has_signals || !pp_signals_take(&c->signals, &by_key))
		return;
	c->interrupted = true;
	if (!c->interrupted_at)
		c->interrupted_at = pp_clock_ns();
	if (c->has_command && !by_key)
		pp_command_interrupt(&c->command);
}

/* False: give up what is being waited for. */
static bool tick(void *context)
{
	struct capture *c = context;
	struct pp_packets_state state;
	struct pp_watch_view view = { .flows = 0 };

	take_signals(c);
	if (c->capturing) {
		pp_packets_state(c->packets, &state);
		if (c->watching) {
			pp_watch_tell(&c->watch, state.captured, state.bytes);
			pp_watch_view(&c->watch, &view);
		}
		show_status(c, &state, &view);
	}
	return !c->interrupted || c->patient;
}

static bool in_profile(const struct pp_agent_row *agent, const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	for (unsigned i = 0; agent && i < agent->process_count; i++)
		if (strcasecmp(agent->processes[i], name) == 0)
			return true;
	return false;
}

static void note_owner(void *context, const struct pp_helper_owner *owner)
{
	struct capture *c = context;
	bool aimed = c->services.count || c->has_command || c->judge.agent;
	bool ours =
	    owner->of_command || pp_services_know(&c->services, owner->unit) || in_profile(c->judge.agent, owner->path);
	const struct pp_note note = {
		.kind = PP_NOTE_PROCESS,
		.flags = (aimed ? PP_NOTE_AIMED : 0) | (ours ? PP_NOTE_OURS : 0),
		.number = owner->pid,
		.ts = owner->ts,
		.client = owner->client,
		.server = owner->server,
		.text = { owner->path[0] ? owner->path : NULL, owner->unit[0] ? owner->unit : NULL },
	};

	c->missed = owner->missed;
	if (owner->pid && c->capturing && !pp_packets_note(c->packets, &note))
		c->missed++;
}

/* ---- Proxy settings ---- */

static void read_settings_file(struct capture *c, const char *path)
{
	struct pp_file file;
	struct pp_buf buf;
	size_t len = 0;

	if (pp_file_open(path, &file) != PP_OK)
		return;
	pp_buf_init(&buf, ENVIRONMENT_FILE_MOST);
	while (pp_buf_reserve(&buf, 4096) == PP_OK && pp_file_read(&file, buf.p + buf.len, 4096, &len) == PP_OK && len)
		buf.len += len;
	pp_file_close(&file);
	if (pp_buf_add(&buf, "", 1) == PP_OK)
		pp_settings_lines(&c->settings, path, (const char *)buf.p);
	pp_buf_done(&buf);
}

/* What systemctl says of the unit just found. */
static void read_unit_settings(struct capture *c, const char *unit)
{
	char value[PP_HELPER_TEXT], path[PATH_BYTES];
	const char *line = c->services.answer.text;

	pp_services_property(line, "Environment", value, sizeof(value));
	pp_settings_words(&c->settings, unit, value);
	/* One line a file: EnvironmentFiles=/etc/default/x (ignore_errors=yes) */
	while ((line = strstr(line, "EnvironmentFiles=")) != NULL) {
		line += strlen("EnvironmentFiles=");
		snprintf(path, sizeof(path), "%.*s", (int)strcspn(line, " \n"), line);
		if (path[0] == '/')
			read_settings_file(c, path);
	}
}

static void read_settings(struct capture *c)
{
	static const char *const files[] = { "/etc/environment", "/etc/default/azuremonitoragent",
					     "/usr/local/InMage/config/ProxyInfo.conf" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		read_settings_file(c, files[i]);
	if (pp_services_config(&c->services) == PP_OK && c->services.answer.status == 0)
		pp_settings_lines(&c->settings, "azcmagent config", c->services.answer.text);
}

/* ---- Before permissions are dropped ---- */

static bool choose_interfaces(struct capture *c)
{
	struct pp_capture_options *options = &c->options;

	if (!options->interface_count) {
		unsigned count = pp_interfaces_routed(c->routed);

		for (unsigned i = 0; i < count; i++)
			options->interfaces[options->interface_count++] = c->routed[i];
	}
	if (!options->interface_count)
		pp_message(_("no interface carries a route; name one with --interface"));
	return options->interface_count > 0;
}

/* A profile names services of several systems and versions: those that are here count.  One the user named must be. */
static bool find_service(struct capture *c, const char *name, bool must)
{
	enum pp_err err = pp_services_find(&c->services, name);

	if (err == PP_OK) {
		read_unit_settings(c, c->services.units[c->services.count - 1].name);
		return true;
	}
	if (!must && err != PP_END)
		return true;
	if (err != PP_END)
		pp_message("%s", c->services.error);
	return false;
}

static bool find_services(struct capture *c)
{
	const struct pp_agent_row *agent = c->judge.agent;
	const struct pp_capture_options *options = &c->options;

	for (unsigned i = 0; i < options->service_count; i++)
		if (!find_service(c, options->services[i], true))
			return false;
	for (unsigned i = 0; agent && !options->service_count && i < agent->service_count; i++)
		if (!find_service(c, agent->services[i], false))
			return false;
	if (c->services.count == 0 && agent && !options->command && !options->no_restart) {
		pp_message(_("none of the services of '%s' is on this machine; --no-restart only watches"),
			   agent->name);
		return false;
	}
	read_settings(c);
	return true;
}

static bool restarts(const struct capture *c)
{
	return c->services.count && !c->options.no_restart && !c->options.command;
}

static bool say_permission(void)
{
	const char *missing;
	char command[1024];

	if (pp_privilege_to_capture(&missing, command, sizeof(command)))
		return true;
	pp_message(_("capturing needs %s: run as root, or once: %s"), missing, command);
	return false;
}

static bool start_helpers(struct capture *c)
{
	const struct pp_services_host host = { .context = c, .tick = tick, .owner = note_owner, .wake = -1 };

	if (c->options.command) {
		if (pp_command_prepare(&c->command, c->options.command) != PP_OK) {
			pp_message(_("cannot start a process: %s"), strerror(errno));
			return false;
		}
		c->has_command = true;
	}
	if (pp_services_open(&c->services, &host) != PP_OK) {
		pp_message(_("cannot start a process: %s"), strerror(errno));
		return false;
	}
	c->has_services = true;
	return true;
}

static bool open_packets(struct capture *c)
{
	const struct pp_packets_options options = {
		.interfaces = c->options.interfaces,
		.interface_count = c->options.interface_count,
		.filter = c->filter,
		.ring_bytes = PP_PACKETS_RING,
	};
	char error[PP_PACKETS_ERROR] = "";
	enum pp_err err = pp_packets_open(&c->packets, &options, error);

	if (err == PP_IO && errno == EPERM)
		(void)say_permission();
	else if (err != PP_OK)
		pp_message("%s", error[0] ? error : pp_err_text(err));
	return err == PP_OK;
}

/* ---- Files ---- */

static void cannot_create(const struct capture *c, enum pp_err err)
{
	const char *path = c->options.write;

	if (err != PP_IO)
		pp_message("%s", pp_err_text(err));
	else if (!path)
		pp_message(_("cannot create a temporary file: %s"), strerror(errno));
	else if (errno == EEXIST)
		pp_message(_("'%s' is there already; --force overwrites it"), path);
	else if (errno == ELOOP)
		pp_message(_("'%s' is a symbolic link, which is never followed"), path);
	else
		pp_message(_("cannot write '%s': %s"), path, strerror(errno));
}

/* The capture's file is there now; the report's is yet to take its name. */
static bool is_twice_the_same(const struct capture *c)
{
	const struct pp_outfile *json = c->judge.json.file;

	if (!c->options.write || !json || !pp_outfile_replaces(json, c->options.write))
		return false;
	pp_tracefile_remove(c->options.write);
	pp_message(_("'%s' cannot be both the capture and its report"), c->options.write);
	return true;
}

static bool open_files(struct capture *c)
{
	struct pp_trace_options options = {
		.path = c->options.write,
		.ring_files = c->options.ring_files,
		.ring_bytes = c->options.ring_bytes,
		.force = c->options.force,
		.machine = { c->hardware, c->os, "pathproof" },
	};
	enum pp_err err;

	/* Overwriting the old capture is one thing, overwriting the new one another. */
	if (!pp_judge_open_outputs(&c->judge, &c->options.write, c->options.write != NULL))
		return false;
	pp_machine_text(c->hardware, c->os, sizeof(c->os));
	err = pp_trace_open(&c->trace, &options);
	if (err != PP_OK)
		cannot_create(c, err);
	return err == PP_OK && !is_twice_the_same(c);
}

static bool drop_permissions(const struct capture *c)
{
	if (pp_privilege_drop() != PP_OK) {
		pp_message(_("cannot give up permissions: %s"), strerror(errno));
		return false;
	}
	/* An old kernel has none; the rest of the protection stands. */
	if (!c->judge.options.no_sandbox)
		(void)pp_sandbox_enter(&(struct pp_sandbox_wish){ .kind = PP_SANDBOX_CAPTURE, .folder = -1 });
	return true;
}

/* ---- Services ---- */

static bool stop_services(struct capture *c)
{
	enum pp_err err = pp_services_hold(&c->services);

	if (err == PP_OK)
		err = pp_services_stop(&c->services);
	if (err == PP_OK)
		return true;
	if (err == PP_END)
		pp_message(_("interrupted; services are left as they were found"));
	else
		pp_message(_("%s; services are left as they were found"), c->services.error);
	return false;
}

static void restore(struct capture *c)
{
	enum pp_err err;

	if (!restarts(c))
		return;
	c->patient = true;
	err = pp_services_restore(&c->services);
	if (err != PP_OK) {
		clear_status(c);
		pp_message("%s", c->services.error[0] ? c->services.error : pp_err_text(err));
	}
}

/* ---- Notes for the report ---- */

static void note(struct capture *c, const struct pp_note *what)
{
	if (!pp_packets_note(c->packets, what))
		c->missed++;
}

static void note_services(struct capture *c)
{
	c->patient = true;
	for (unsigned i = 0; i < c->services.count; i++) {
		struct pp_unit *unit = &c->services.units[i];
		struct pp_note what = { .kind = PP_NOTE_UNIT, .ts = pp_wall_ns(), .text = { unit->name, unit->state } };

		if (pp_services_refresh(&c->services, unit) != PP_OK)
			continue;
		what.number = (uint32_t)unit->exit_status;
		if (unit->failed) {
			what.flags = PP_NOTE_FAILED;
			pp_services_log(&c->services, unit);
			what.text[2] = c->services.answer.text;
		}
		note(c, &what);
	}
}

static void note_rest(struct capture *c)
{
	for (unsigned i = 0; i < c->settings.count; i++) {
		const struct pp_setting *setting = &c->settings.list[i];
		const struct pp_note what = { .kind = PP_NOTE_SETTING,
					      .ts = pp_wall_ns(),
					      .text = { setting->where, setting->name, setting->value } };

		note(c, &what);
	}
	if (c->has_command && c->command.ended) {
		const struct pp_note what = { .kind = PP_NOTE_COMMAND,
					      .number = (uint32_t)c->command.status,
					      .flags = c->command.by_signal ? PP_NOTE_FAILED : 0,
					      .ts = pp_wall_ns(),
					      .text = { c->options.command[0] } };

		note(c, &what);
	}
	if (c->missed) {
		const struct pp_note what = {
			.kind = PP_NOTE_MISSED, .number = c->missed, .ts = pp_wall_ns(), .text = { "processes" }
		};

		note(c, &what);
	}
}

/* ---- The wait ---- */

static bool command_is_over(struct capture *c)
{
	int64_t now = pp_clock_ns();

	if (pp_command_ended(&c->command) && !c->command_ended_at)
		c->command_ended_at = now;
	if (c->command_ended_at)
		return c->interrupted || now - c->command_ended_at > SETTLE_S * PP_SECOND;
	return c->interrupted && now - c->interrupted_at > COMMAND_STOP_S * PP_SECOND;
}

/* No connection of the service began for so long; before the first one, counted from the start. */
static bool is_quiet(const struct capture *c, const struct pp_watch_view *view, uint32_t seconds)
{
	int64_t since = view->newest == PP_TIME_NONE || view->newest < c->started_wall ? c->started_wall : view->newest;

	return !view->lagging && view->rounds && pp_wall_ns() - since > seconds * PP_SECOND;
}

static bool is_over(struct capture *c)
{
	const struct pp_until *until = &c->options.until;
	struct pp_packets_state state;
	struct pp_watch_view view;

	pp_packets_state(c->packets, &state);
	pp_watch_view(&c->watch, &view);
	if (state.ended || (until->most_s && pp_clock_ns() - c->begun > until->most_s * PP_SECOND))
		return true;
	if (until->verdict && view.required && view.settled == view.required && !view.pending)
		return true;
	if (until->quiet_s && is_quiet(c, &view, until->quiet_s))
		return true;
	return c->has_command ? command_is_over(c) : c->interrupted;
}

static void wait_for_end(struct capture *c)
{
	int fds[] = { pp_helper_fd(c->services.helper), c->signals.fd };

	while (!is_over(c)) {
		pp_ring_wait(fds, 2, WAIT_MS);
		pp_services_take_owners(&c->services);
		(void)tick(c);
	}
}

/* ---- The capture ---- */

static bool start_packets(struct capture *c)
{
	struct pp_analysis_options analysis;
	enum pp_err err = pp_packets_start(c->packets, c->trace);

	pp_thread_ordinary();
	if (err != PP_OK) {
		pp_message(_("cannot start capturing: %s"), err == PP_IO && errno ? strerror(errno) : pp_err_text(err));
		return false;
	}
	c->capturing = true;
	c->begun = pp_clock_ns();
	c->started_wall = pp_wall_ns();
	if (!pp_judge_analysis_options(&c->judge, &analysis) ||
	    pp_watch_start(&c->watch, &analysis, c->trace,
			   c->knows_processes && c->services.count && !c->options.command) != PP_OK)
		return false;
	c->watching = true;
	return true;
}

static void tell_state(struct capture *c)
{
	struct pp_packets_state state;

	pp_packets_state(c->packets, &state);
	if (state.error[0])
		pp_message("%s", state.error);
}

static void observe(struct capture *c)
{
	bool done = true;

	if (restarts(c)) {
		enum pp_err err = pp_services_start(&c->services);

		if (err != PP_OK && err != PP_END)
			pp_message("%s", c->services.error);
		done = err == PP_OK;
		c->started_wall = pp_wall_ns();
	}
	if (c->has_command)
		pp_command_go(&c->command);
	if (done)
		wait_for_end(c);
	note_services(c);
}

/* Nothing is captured, restored or asked of the helper any more. */
static int judge_captures(struct capture *c, const char *const *labels)
{
	pp_judge_confine(&c->judge);
	return pp_judge_read(&c->judge, labels) ? pp_judge_run(&c->judge) : PP_EXIT_FAILED;
}

static int judge(struct capture *c)
{
	unsigned count = pp_trace_file_count(c->trace);
	char **files = calloc(count, sizeof(char *)), *texts = calloc(count, PATH_BYTES);
	const char **labels = calloc(count, sizeof(const char *));
	int status = PP_EXIT_FAILED;

	for (unsigned i = 0; files && texts && labels && i < count; i++) {
		files[i] = texts + (size_t)i * PATH_BYTES;
		pp_trace_file(c->trace, i, files[i]);
		if (c->options.ring_files)
			labels[i] = files[i];
		else
			labels[i] = c->options.write ? c->options.write : _("live capture");
	}
	if (!files || !texts || !labels)
		pp_message("%s", pp_err_text(PP_NOMEM));
	else if (pp_judge_open_captures(&c->judge, files, count))
		status = judge_captures(c, labels);
	pp_judge_done(&c->judge); /* while the names live that it was given */
	memset(&c->judge, 0, sizeof(c->judge));
	free(files);
	free(texts);
	free(labels);
	return status;
}

/* From the first stop on: nothing returns before restore(). */
static int run(struct capture *c)
{
	bool done;

	if (pp_signals_hold(&c->signals) != PP_OK)
		return PP_EXIT_FAILED;
	c->has_signals = true;
	c->services.host.wake = c->signals.fd;
	done = !restarts(c) || stop_services(c);
	done = done && start_packets(c);
	if (done)
		observe(c);
	restore(c);
	clear_status(c);
	if (!done)
		return PP_EXIT_FAILED;
	pp_watch_stop(&c->watch);
	c->watching = false;
	note_rest(c);
	pp_packets_stop(c->packets);
	c->capturing = false;
	tell_state(c);
	pp_services_close(&c->services);
	c->has_services = false;
	pp_signals_release(&c->signals); /* from here on Ctrl-C ends the program */
	c->has_signals = false;
	return judge(c);
}

static void dry_run_line(struct pp_layout *layout, const char *what, const char *name, const char *more)
{
	struct pp_line line;

	pp_line_start(&line);
	pp_line_add(&line, what);
	pp_line_add(&line, " ");
	pp_line_add(&line, name);
	pp_line_add(&line, more ? ": " : "");
	pp_line_add(&line, more ? more : "");
	pp_layout_text(layout, PP_PLAIN, 3, line.text);
	pp_layout_end(layout);
}

static int dry_run(const struct capture *c)
{
	struct pp_output output;
	struct pp_layout layout;
	int status = PP_EXIT_FAILED;

	if (!pp_output_open(&output, "-", NULL, 0))
		return status;
	pp_output_layout(&output, c->judge.options.color, &layout);
	for (unsigned i = c->services.count; restarts(c) && i > 0; i--)
		if (c->services.units[i - 1].runs || c->services.units[i - 1].failed)
			dry_run_line(&layout, _("would stop"), c->services.units[i - 1].name,
				     c->services.units[i - 1].state);
	for (unsigned i = 0; i < c->options.interface_count; i++)
		dry_run_line(&layout, _("would capture on"), c->options.interfaces[i], i ? NULL : c->filter);
	for (unsigned i = 0; restarts(c) && i < c->services.count; i++)
		if (c->services.units[i].runs || c->services.units[i].failed || c->services.count == 1)
			dry_run_line(&layout, _("would start"), c->services.units[i].name, NULL);
	if (c->options.command)
		dry_run_line(&layout, _("would run"), c->options.command[0], NULL);
	if (pp_output_finish(&output))
		status = PP_EXIT_DONE;
	pp_output_close(&output);
	return status;
}

static int prepare_and_run(struct capture *c)
{
	pp_judge_open_data(&c->judge);
	if (!pp_judge_load(&c->judge) || !choose_interfaces(c))
		return PP_EXIT_FAILED;
	c->filter = pp_filter_for(c->judge.agent ? c->judge.agent->name : NULL, c->options.filter);
	if (!c->filter) {
		pp_message("%s", pp_err_text(PP_NOMEM));
		return PP_EXIT_FAILED;
	}
	if (!c->options.dry_run && !say_permission())
		return PP_EXIT_FAILED;
	if (!start_helpers(c) || !find_services(c))
		return PP_EXIT_FAILED;
	if (c->options.dry_run)
		return dry_run(c);
	if (!open_packets(c))
		return PP_EXIT_FAILED;
	c->knows_processes = pp_services_look(&c->services, c->options.interfaces, c->options.interface_count,
					      c->has_command ? (uint32_t)c->command.pid : 0) == PP_OK;
	if (!c->knows_processes)
		pp_message(_("which process a connection belongs to cannot be told here"));
	pp_thread_hurries(); /* the reader inherits it */
	if (!drop_permissions(c) || !open_files(c))
		return PP_EXIT_FAILED;
	return run(c);
}

static void capture_done(struct capture *c)
{
	if (c->watching)
		pp_watch_stop(&c->watch);
	pp_packets_free(c->packets);
	pp_trace_free(c->trace);
	if (c->has_services)
		pp_services_close(&c->services);
	if (c->has_command)
		pp_command_forget(&c->command);
	if (c->has_signals)
		pp_signals_release(&c->signals);
	pp_judge_done(&c->judge);
	free(c->filter);
}

int pp_cmd_capture(int argc, char **argv)
{
	struct capture *c = calloc(1, sizeof(*c));
	struct pp_common common = { .stop = false };
	int status;

	if (!c) {
		pp_message("%s", pp_err_text(PP_NOMEM));
		return PP_EXIT_FAILED;
	}
	c->terminal = pp_is_terminal(PP_STDERR);
	if (pp_capture_options(&c->options, &c->judge.options, &common, argc, argv))
		status = prepare_and_run(c);
	else
		status = common.status;
	capture_done(c);
	free(c);
	return status;
}

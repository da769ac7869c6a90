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
#include "cli/capture.h"

#include "base/time.h"
#include "cli/message.h"
#include "live/filter.h"
#include "platform/clock.h"
#include "platform/privilege.h"
#include "platform/sandbox.h"
#include "platform/terminal.h"
#include "platform/tracefile.h"
#include "report/intl.h"
#include "report/line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* ---- Before permissions are dropped ---- */

static bool choose_interfaces(struct pp_live *c)
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
static bool find_service(struct pp_live *c, const char *name, bool must)
{
	enum pp_err err = pp_services_find(&c->services, name);

	if (err == PP_OK) {
		pp_live_read_unit(c, c->services.units[c->services.count - 1].name);
		return true;
	}
	if (!must && (err == PP_USAGE || (err != PP_END && (c->options.no_restart || c->options.command))))
		return true; /* without systemd one can still watch */
	if (err != PP_END)
		pp_message("%s", c->services.error);
	return false;
}

static bool find_services(struct pp_live *c)
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
	pp_live_read_settings(c);
	return true;
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

static bool start_helpers(struct pp_live *c)
{
	const struct pp_services_host host = {
		.context = c, .tick = pp_live_tick, .owner = pp_live_note_owner, .wake = -1
	};

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

static bool open_packets(struct pp_live *c)
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

static void cannot_create(const struct pp_live *c, enum pp_err err)
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
static bool is_twice_the_same(const struct pp_live *c)
{
	const struct pp_outfile *json = c->judge.json.file;

	if (!c->options.write || !json || !pp_outfile_replaces(json, c->options.write))
		return false;
	pp_tracefile_remove(c->options.write);
	pp_message(_("'%s' cannot be both the capture and its report"), c->options.write);
	return true;
}

static bool open_files(struct pp_live *c)
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

static bool drop_permissions(const struct pp_live *c)
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

static bool stop_services(struct pp_live *c)
{
	enum pp_err err = pp_services_hold(&c->services);

	c->stopping = true;
	if (err == PP_OK)
		err = pp_services_stop(&c->services);
	c->stopping = false;
	pp_live_clear_status(c);
	if (err == PP_OK)
		return true;
	if (err == PP_END)
		pp_message(_("interrupted; services are left as they were found"));
	else
		pp_message(_("%s; services are left as they were found"), c->services.error);
	return false;
}

static void restore(struct pp_live *c)
{
	enum pp_err err;

	if (!pp_live_restarts(c))
		return;
	c->patient = true;
	err = pp_services_restore(&c->services);
	if (err != PP_OK) {
		pp_live_clear_status(c);
		pp_message("%s", c->services.error[0] ? c->services.error : pp_err_text(err));
	}
}

/* ---- The capture ---- */

static bool start_packets(struct pp_live *c)
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
	pp_live_note_settings(c);
	if (!pp_judge_analysis_options(&c->judge, &analysis) ||
	    pp_watch_start(&c->watch, &analysis, c->trace,
			   c->knows_processes && c->services.count && !c->options.command) != PP_OK)
		return false;
	c->watching = true;
	return true;
}

static void tell_state(struct pp_live *c)
{
	struct pp_packets_state state;

	pp_packets_state(c->packets, &state);
	if (state.error[0])
		pp_message("%s", state.error);
}

static void observe(struct pp_live *c)
{
	bool done = true;

	if (pp_live_restarts(c)) {
		enum pp_err err;

		c->starting = true;
		err = pp_services_start(&c->services);
		c->starting = false;
		if (err != PP_OK && err != PP_END)
			pp_message("%s", c->services.error);
		done = err == PP_OK;
		c->started_wall = pp_wall_ns();
	}
	if (c->has_command)
		pp_command_go(&c->command);
	if (done)
		pp_live_wait(c);
	pp_live_note_services(c);
}

/* Nothing is captured, restored or asked of the helper any more. */
static int judge_captures(struct pp_live *c, const char *const *labels)
{
	pp_judge_confine(&c->judge);
	return pp_judge_read(&c->judge, labels) ? pp_judge_run(&c->judge) : PP_EXIT_FAILED;
}

static int judge(struct pp_live *c)
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
static int run(struct pp_live *c)
{
	bool done;

	if (pp_signals_hold(&c->signals) != PP_OK)
		return PP_EXIT_FAILED;
	c->has_signals = true;
	c->services.host.wake = c->signals.fd;
	done = !pp_live_restarts(c) || stop_services(c);
	done = done && start_packets(c);
	if (done)
		observe(c);
	restore(c);
	pp_live_clear_status(c);
	if (!done)
		return PP_EXIT_FAILED;
	pp_watch_stop(&c->watch);
	c->watching = false;
	pp_live_note_rest(c);
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

static int dry_run(const struct pp_live *c)
{
	struct pp_output output;
	struct pp_layout layout;
	int status = PP_EXIT_FAILED;

	if (!pp_output_open(&output, "-", NULL, 0))
		return status;
	pp_output_layout(&output, c->judge.options.color, &layout);
	for (unsigned i = c->services.count; pp_live_restarts(c) && i > 0; i--)
		if (c->services.units[i - 1].runs || c->services.units[i - 1].failed)
			dry_run_line(&layout, _("would stop"), c->services.units[i - 1].name,
				     c->services.units[i - 1].state);
	for (unsigned i = 0; i < c->options.interface_count; i++)
		dry_run_line(&layout, _("would capture on"), c->options.interfaces[i], i ? NULL : c->filter);
	for (unsigned i = 0; pp_live_restarts(c) && i < c->services.count; i++)
		if (c->services.units[i].runs || c->services.units[i].failed || c->services.count == 1)
			dry_run_line(&layout, _("would start"), c->services.units[i].name,
				     c->services.units[i].runs || c->services.units[i].failed
					 ? NULL
					 : _("it is off, and is stopped again in the end"));
	if (c->options.command)
		dry_run_line(&layout, _("would run"), c->options.command[0], NULL);
	if (pp_output_finish(&output))
		status = PP_EXIT_DONE;
	pp_output_close(&output);
	return status;
}

static int prepare_and_run(struct pp_live *c)
{
	pp_judge_open_data(&c->judge);
	if (!pp_judge_load(&c->judge) || !choose_interfaces(c))
		return PP_EXIT_FAILED;
	c->filter = pp_filter_for(c->judge.agent ? c->judge.agent->name : NULL, c->options.filter);
	if (!c->filter) {
		pp_message("%s", pp_err_text(PP_NOMEM));
		return PP_EXIT_FAILED;
	}
	if (!say_permission() && !c->options.dry_run)
		return PP_EXIT_FAILED;
	if (c->options.command && !pp_command_exists(c->options.command[0])) {
		pp_message(_("cannot start '%s': there is no such program"), c->options.command[0]);
		return PP_EXIT_FAILED;
	}
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

static void capture_done(struct pp_live *c)
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
	struct pp_live *c = calloc(1, sizeof(*c));
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

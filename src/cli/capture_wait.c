#include "cli/capture.h"

#include "base/time.h"
#include "platform/clock.h"
#include "platform/terminal.h"
#include "report/intl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	WAIT_MS = 50,
	STATUS_MS = 200,
	REFRESH_MS = 2000,  /* how often systemd is asked whether the services still run */
	SETTLE_S = 1,       /* after the command: what is still on the wire */
	FAILED_S = 2,       /* after all services have failed: the same, and a view of it */
	COMMAND_STOP_S = 5, /* for a command that was told to end */
};

/* ---- The status line ---- */

void pp_live_clear_status(struct pp_live *c)
{
	if (!c->status_shown)
		return;
	c->status_shown = false;
	(void)fputs("\r\033[K", stderr);
	(void)fflush(stderr);
}

enum { LINE_BYTES = 512 };

static void add(char line[LINE_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(char line[LINE_BYTES], const char *format, ...)
{
	size_t len = strlen(line);
	va_list values;

	va_start(values, format);
	(void)vsnprintf(line + len, LINE_BYTES - len, format, values);
	va_end(values);
}

/* One line, however narrow the terminal: what runs over could not be wiped out again. */
static void show(struct pp_live *c, char line[LINE_BYTES])
{
	unsigned width = pp_terminal_width(PP_STDERR);

	if (width && strlen(line) >= width) {
		char *end = line + width - 1;

		while (end > line && (*end & 0xc0) == 0x80)
			end--; /* no character is cut in two */
		*end = '\0';
	}
	c->status_shown = true;
	(void)fprintf(stderr, "\r%s\033[K", line);
	(void)fflush(stderr);
}

static void show_status(struct pp_live *c, const struct pp_packets_state *state, const struct pp_watch_view *view)
{
	int64_t now = pp_clock_ns();
	char line[LINE_BYTES] = "";

	if (!c->terminal || now < c->next_status)
		return;
	c->next_status = now + STATUS_MS * PP_MS;
	if (!c->capturing)
		add(line, _("stopping services"));
	else
		add(line, _("capturing %u s: %" PRIu64 " packets, %" PRIu64 " dropped, %u connections"),
		    (unsigned)((now - c->begun) / PP_SECOND), state->captured, state->dropped, view->flows);
	if (c->starting)
		add(line, _(", starting services"));
	if (view->required)
		add(line, _(", %u of %u categories"), view->settled, view->required);
	if (view->waiting[0])
		add(line, _(", waiting for %.60s"), view->waiting);
	show(c, line);
}

/* ---- While waiting ---- */

static void take_signals(struct pp_live *c)
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

static bool too_long(const struct pp_live *c)
{
	return c->options.until.most_s && pp_clock_ns() - c->begun > c->options.until.most_s * PP_SECOND;
}

static bool has_verdict(const struct pp_live *c, const struct pp_watch_view *view)
{
	return c->options.until.verdict && view->required && view->settled == view->required && !view->pending;
}

bool pp_live_tick(void *live)
{
	struct pp_live *c = live;
	struct pp_packets_state state = { .captured = 0 };
	struct pp_watch_view view = { .flows = 0 };

	take_signals(c);
	if (c->capturing) {
		pp_packets_state(c->packets, &state);
		if (c->watching) {
			pp_watch_tell(&c->watch, state.captured, state.bytes);
			pp_watch_view(&c->watch, &view);
		}
	}
	if (c->capturing || c->stopping)
		show_status(c, &state, &view);
	/* A start that hangs on a broken connection is not waited for; one that may still fail by itself is. */
	if (c->starting && (too_long(c) || (view.faults && has_verdict(c, &view))))
		return false;
	return !c->interrupted || c->patient;
}

/* ---- The wait ---- */

static bool command_is_over(struct pp_live *c)
{
	int64_t now = pp_clock_ns();

	if (pp_command_ended(&c->command) && !c->command_ended_at)
		c->command_ended_at = now;
	if (c->command_ended_at)
		return c->interrupted || now - c->command_ended_at > SETTLE_S * PP_SECOND;
	return c->interrupted && now - c->interrupted_at > COMMAND_STOP_S * PP_SECOND;
}

/* No connection of the service began for so long; before the first one, counted from the start. */
static bool is_quiet(const struct pp_live *c, const struct pp_watch_view *view, uint32_t seconds)
{
	int64_t since = view->newest == PP_TIME_NONE || view->newest < c->started_wall ? c->started_wall : view->newest;

	return !view->lagging && view->rounds && pp_wall_ns() - since > seconds * PP_SECOND;
}

/* Nothing more will come of services that failed, apart from answers that are still due. */
static bool has_failed_for_good(const struct pp_live *c, const struct pp_watch_view *view)
{
	return c->failed_at && !view->pending && pp_clock_ns() - c->failed_at > FAILED_S * PP_SECOND;
}

static bool is_over(struct pp_live *c)
{
	const struct pp_until *until = &c->options.until;
	struct pp_packets_state state;
	struct pp_watch_view view;

	pp_packets_state(c->packets, &state);
	pp_watch_view(&c->watch, &view);
	if (state.ended || too_long(c))
		return true;
	if ((until->verdict || until->quiet_s) && has_failed_for_good(c, &view))
		return true;
	if (has_verdict(c, &view))
		return true;
	if (until->quiet_s && is_quiet(c, &view, until->quiet_s))
		return true;
	return c->has_command ? command_is_over(c) : c->interrupted;
}

/* Most services fail after systemd has called them started. */
static void refresh_services(struct pp_live *c)
{
	int64_t now = pp_clock_ns();

	if (!pp_live_restarts(c) || c->interrupted || now < c->next_refresh)
		return;
	c->next_refresh = now + REFRESH_MS * PP_MS;
	for (unsigned i = 0; i < c->services.count; i++)
		if (pp_services_refresh(&c->services, &c->services.units[i]) != PP_OK)
			return;
	if (!pp_services_all_failed(&c->services))
		c->failed_at = 0;
	else if (!c->failed_at)
		c->failed_at = pp_clock_ns();
}

void pp_live_wait(struct pp_live *c)
{
	int fds[] = { pp_helper_fd(c->services.helper), c->signals.fd };

	while (!is_over(c)) {
		pp_ring_wait(fds, 2, WAIT_MS);
		pp_services_take_owners(&c->services);
		(void)pp_live_tick(c);
		refresh_services(c);
	}
}

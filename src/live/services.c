#include "live/services.h"

#include "platform/clock.h"
#include "platform/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TICK_MS = 100,
	QUESTION_MS = 15000,
	RESTORE_MS = 300000,
	START_MS = 120000,
	STOP_MS = 90000,      /* for units that set no limit of their own; systemd's default */
	STOP_MORE_MS = 10000, /* after systemd's limit it kills, and then it needs a moment */
	NS_PER_MS = 1000000,
	EXITED = 1, /* what systemd calls an end that is no signal's */
};

/* ---- Questions and answers ---- */

/* One message; PP_MORE: none yet. */
static enum pp_err take(struct pp_services *services, enum pp_helper_ask ask)
{
	enum pp_err err = pp_helper_take(services->helper, &services->answer);

	if (err != PP_OK)
		return err;
	if (services->answer.ask == PP_HELPER_OWNER) {
		services->host.owner(services->host.context, &services->answer.owner);
		return PP_MORE;
	}
	return services->answer.ask == ask ? PP_OK : PP_MORE;
}

static enum pp_err failed(struct pp_services *services, enum pp_err err, const char *what)
{
	snprintf(services->error, sizeof(services->error), "%.400s", what);
	return err;
}

/* Waits for the answer.  PP_END: the wait was given up; PP_LIMIT: it took longer than that. */
static enum pp_err await(struct pp_services *services, enum pp_helper_ask ask, int64_t limit_ms)
{
	int64_t until = pp_clock_ns() + limit_ms * NS_PER_MS;
	int fds[] = { pp_helper_fd(services->helper), services->host.wake };

	for (;;) {
		enum pp_err err;

		pp_ring_wait(fds, 2, TICK_MS);
		do
			err = take(services, ask);
		while (err == PP_MORE && services->answer.ask == PP_HELPER_OWNER && (services->answer.ask = 0, true));
		if (err == PP_OK)
			return PP_OK;
		if (err == PP_END)
			return failed(services, PP_IO, "the process that controls services has ended");
		if (!services->host.tick(services->host.context))
			return PP_END;
		if (pp_clock_ns() > until)
			return PP_LIMIT;
	}
}

static enum pp_err question(struct pp_services *services, enum pp_helper_ask ask, const char *name, uint32_t number,
			    int64_t limit_ms)
{
	enum pp_err err = pp_helper_ask(services->helper, ask, name, number);

	services->answer.ask = 0;
	if (err != PP_OK)
		return failed(services, PP_IO, "the process that controls services has ended");
	return await(services, ask, limit_ms);
}

/* What a program printed, as one line. */
static const char *said(struct pp_services *services)
{
	char *text = services->answer.text, *end = strpbrk(text, "\r\n");

	if (end)
		*end = '\0';
	return text[0] ? text : "systemctl does not say why";
}

/* ---- What systemctl says ---- */

void pp_services_property(const char *text, const char *name, char *value, size_t size)
{
	size_t len = strlen(name);

	value[0] = '\0';
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		line += len + 1;
		snprintf(value, size, "%.*s", (int)strcspn(line, "\n"), line);
		return;
	}
}

/* "1min 30s", "8s", "500ms", "infinity" */
static int64_t duration_ms(const char *text)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{ "ms", 1 }, { "min", 60000 }, { "s", 1000 }, { "h", 3600000 }, { "d", 86400000 },
	};
	int64_t sum = 0;

	while (*text) {
		char *end;
		long n = strtol(text, &end, 10);
		size_t unit = strspn(end, "abcdefghijklmnopqrstuvwxyz");
		int64_t before = sum;

		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && end != text; i++)
			if (strlen(units[i].unit) == unit && strncmp(end, units[i].unit, unit) == 0)
				sum += n * units[i].ms;
		if (sum == before)
			return 0;
		text = end + unit;
		text += strspn(text, " ");
	}
	return sum;
}

/* Where systemd starts it again after a clean end, too, the count says nothing. */
static void read_restarts(struct pp_unit *unit, const char *text)
{
	char when[32], times[32];

	pp_services_property(text, "Restart", when, sizeof(when));
	pp_services_property(text, "NRestarts", times, sizeof(times));
	unit->restarts = strncmp(when, "on-", 3) == 0 && strcmp(when, "on-success") != 0 ? (unsigned)atoi(times) : 0;
}

static void read_state(struct pp_unit *unit, const char *text)
{
	char active[32], sub[32], result[32], value[32];

	pp_services_property(text, "ActiveState", active, sizeof(active));
	pp_services_property(text, "SubState", sub, sizeof(sub));
	pp_services_property(text, "Result", result, sizeof(result));
	pp_services_property(text, "ExecMainStatus", value, sizeof(value));
	unit->exit_status = atoi(value);
	pp_services_property(text, "ExecMainCode", value, sizeof(value));
	unit->by_signal = atoi(value) > EXITED;
	unit->runs =
	    strcmp(active, "active") == 0 || strcmp(active, "activating") == 0 || strcmp(active, "reloading") == 0;
	/* A unit that waits to be started again has failed, too, unless it had done what it was started for. */
	unit->restarting = strncmp(sub, "auto-restart", 12) == 0 && strcmp(result, "success") != 0;
	unit->failed = strcmp(active, "failed") == 0 || unit->restarting;
	read_restarts(unit, text);
	snprintf(unit->state, sizeof(unit->state), "%s (%s)", active, unit->failed ? result : sub);
}

/* ---- Units ---- */

enum pp_err pp_services_open(struct pp_services *services, const struct pp_services_host *host)
{
	memset(services, 0, sizeof(*services));
	services->host = *host;
	return pp_helper_start(&services->helper);
}

enum pp_err pp_services_find(struct pp_services *services, const char *name)
{
	struct pp_unit *unit = &services->units[services->count];
	char value[64];
	enum pp_err err = question(services, PP_HELPER_SHOW, name, 0, QUESTION_MS);

	if (err != PP_OK)
		return err;
	if (services->answer.status != 0) {
		snprintf(services->error, sizeof(services->error), "cannot ask for the service '%.100s': %.300s", name,
			 said(services));
		return PP_IO;
	}
	if (services->count == PP_HELPER_UNITS)
		return failed(services, PP_LIMIT, "too many services");
	pp_services_property(services->answer.text, "LoadState", value, sizeof(value));
	memset(unit, 0, sizeof(*unit));
	pp_services_property(services->answer.text, "Id", unit->name, sizeof(unit->name));
	if (strcmp(value, "loaded") != 0 || !unit->name[0]) {
		snprintf(services->error, sizeof(services->error), "there is no service '%s' on this machine", name);
		return PP_USAGE;
	}
	for (unsigned i = 0; i < services->count; i++)
		if (strcmp(services->units[i].name, unit->name) == 0)
			return PP_OK;
	pp_services_property(services->answer.text, "ControlGroup", unit->group, sizeof(unit->group));
	pp_services_property(services->answer.text, "TimeoutStopUSec", value, sizeof(value));
	unit->stop_limit_ms = duration_ms(value);
	unit->stop_limit_ms = unit->stop_limit_ms ? unit->stop_limit_ms + STOP_MORE_MS : STOP_MS;
	read_state(unit, services->answer.text);
	unit->ran = unit->runs && !unit->failed;
	services->count++;
	return PP_OK;
}

static enum pp_err hold(struct pp_services *services, const char *name)
{
	enum pp_err err = question(services, PP_HELPER_HOLD, name, 0, QUESTION_MS);

	if (err != PP_OK || services->answer.status == 0)
		return err;
	snprintf(services->error, sizeof(services->error), "cannot tell whether %.200s runs", name);
	return PP_IO;
}

/* Units that require this one stop with it. */
static enum pp_err hold_dependents(struct pp_services *services, const struct pp_unit *unit)
{
	static const char *const lists[] = { "RequiredBy", "BoundBy", "ConsistsOf" };
	enum pp_err err = question(services, PP_HELPER_SHOW, unit->name, 0, QUESTION_MS);
	char values[3][2048], *name, *rest;

	if (err != PP_OK)
		return err;
	for (unsigned i = 0; i < 3; i++)
		pp_services_property(services->answer.text, lists[i], values[i], sizeof(values[i]));
	for (unsigned i = 0; i < 3; i++) {
		rest = values[i];
		while (err == PP_OK && (name = strsep(&rest, " ")) != NULL)
			if (strlen(name) > 8 && strcmp(name + strlen(name) - 8, ".service") == 0)
				err = hold(services, name);
	}
	return err;
}

enum pp_err pp_services_hold(struct pp_services *services)
{
	enum pp_err err = PP_OK;

	for (unsigned i = 0; i < services->count && err == PP_OK; i++) {
		err = hold(services, services->units[i].name);
		if (err == PP_OK)
			err = hold_dependents(services, &services->units[i]);
	}
	return err;
}

static enum pp_err stop(struct pp_services *services, struct pp_unit *unit)
{
	enum pp_err err = question(services, PP_HELPER_STOP, unit->name, 0, unit->stop_limit_ms);

	if (err == PP_LIMIT) {
		services->hung = true;
		snprintf(services->error, sizeof(services->error), "%s did not stop within %lld s", unit->name,
			 (long long)(unit->stop_limit_ms / 1000));
		return err;
	}
	if (err != PP_OK)
		return err;
	if (services->answer.status != 0) {
		snprintf(services->error, sizeof(services->error), "cannot stop %s: %.300s", unit->name,
			 said(services));
		return PP_IO;
	}
	unit->stopped = true;
	return PP_OK;
}

enum pp_err pp_services_stop(struct pp_services *services)
{
	enum pp_err err = PP_OK;

	/* Last first: later ones of a profile lean on earlier ones. */
	for (unsigned i = services->count; i > 0 && err == PP_OK; i--)
		if (services->units[i - 1].runs || services->units[i - 1].failed)
			err = stop(services, &services->units[i - 1]);
	return err;
}

enum pp_err pp_services_start(struct pp_services *services)
{
	enum pp_err err = PP_OK;

	for (unsigned i = 0; i < services->count && err == PP_OK; i++) {
		struct pp_unit *unit = &services->units[i];

		if (!unit->stopped && services->count > 1)
			continue; /* found off, and there are others: it belongs off */
		err = question(services, PP_HELPER_START, unit->name, 0, START_MS);
		unit->started = true;
		if (err == PP_OK && services->answer.status != 0)
			snprintf(unit->said, sizeof(unit->said), "%.250s", said(services));
		if (err == PP_LIMIT) /* it is still starting; its state tells */
			err = PP_OK;
		if (err == PP_OK)
			err = pp_services_refresh(services, unit);
	}
	return err;
}

bool pp_services_all_failed(const struct pp_services *services)
{
	bool any = false;

	for (unsigned i = 0; i < services->count; i++) {
		const struct pp_unit *unit = &services->units[i];

		if (!unit->started)
			continue;
		any = true;
		if (!unit->failed || unit->restarting)
			return false;
	}
	return any;
}

enum pp_err pp_services_refresh(struct pp_services *services, struct pp_unit *unit)
{
	enum pp_err err = question(services, PP_HELPER_SHOW, unit->name, 0, QUESTION_MS);

	if (err != PP_OK || services->answer.status != 0)
		return err;
	read_state(unit, services->answer.text);
	unit->failed |= unit->said[0] && !unit->runs; /* what it depends on did not start, say */
	if (unit->group[0])
		return PP_OK;
	/* A unit has a control group only while it runs. */
	pp_services_property(services->answer.text, "ControlGroup", unit->group, sizeof(unit->group));
	return unit->group[0] ? question(services, PP_HELPER_CGROUP, unit->group, 0, QUESTION_MS) : PP_OK;
}

void pp_services_log(struct pp_services *services, const struct pp_unit *unit)
{
	if (question(services, PP_HELPER_LOG, unit->name, 0, QUESTION_MS) != PP_OK || services->answer.status != 0)
		services->answer.text[0] = '\0';
}

enum pp_err pp_services_restore(struct pp_services *services)
{
	enum pp_err err = question(services, PP_HELPER_RESTORE, "", services->hung, RESTORE_MS);

	if (err == PP_OK && services->answer.status != 0) {
		snprintf(services->error, sizeof(services->error), "not running again: %.400s", services->answer.text);
		return PP_IO;
	}
	return err;
}

enum pp_err pp_services_look(struct pp_services *services, const char *const *interfaces, unsigned count,
			     uint32_t command)
{
	enum pp_err err = PP_OK;

	for (unsigned i = 0; i < services->count && err == PP_OK; i++)
		if (services->units[i].group[0])
			err = question(services, PP_HELPER_CGROUP, services->units[i].group, 0, QUESTION_MS);
	for (unsigned i = 0; i < count && err == PP_OK; i++)
		err = question(services, PP_HELPER_LOOK, interfaces[i], command, QUESTION_MS);
	return err == PP_OK && services->answer.status != 0 ? PP_IO : err;
}

void pp_services_take_owners(struct pp_services *services)
{
	enum pp_err err;

	do {
		services->answer.ask = 0;
		err = take(services, 0);
	} while (err == PP_MORE && services->answer.ask == PP_HELPER_OWNER);
}

bool pp_services_know(const struct pp_services *services, const char *unit)
{
	for (unsigned i = 0; i < services->count; i++)
		if (strcmp(services->units[i].name, unit) == 0)
			return true;
	return false;
}

enum pp_err pp_services_config(struct pp_services *services)
{
	return question(services, PP_HELPER_CONFIG, "", 0, QUESTION_MS);
}

enum pp_err pp_services_environment(struct pp_services *services)
{
	return question(services, PP_HELPER_ENVIRONMENT, "", 0, QUESTION_MS);
}

void pp_services_close(struct pp_services *services)
{
	pp_helper_end(services->helper);
	services->helper = NULL;
}

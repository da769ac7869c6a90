#include "cli/capture.h"

#include "base/buf.h"
#include "base/time.h"
#include "platform/file.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PATH_BYTES = 4096, ENVIRONMENT_FILE_MOST = 64 << 10 };

/* ---- Whose connections ---- */

static bool in_profile(const struct pp_agent_row *agent, const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	for (unsigned i = 0; agent && i < agent->process_count; i++)
		if (strcasecmp(agent->processes[i], name) == 0)
			return true;
	return false;
}

void pp_live_note_owner(void *live, const struct pp_helper_owner *owner)
{
	struct pp_live *c = live;
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

static void read_settings_file(struct pp_live *c, const char *path)
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
void pp_live_read_unit(struct pp_live *c, const char *unit)
{
	char value[PP_HELPER_TEXT], path[PATH_BYTES];
	const char *line = c->services.answer.text;

	c->settings.ours = true;
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

/* Files that no unit need name, and whose agents read them. */
static const struct {
	const char *path, *agents[2];
} files[] = {
	{ "/etc/environment", { "asr-a2a" } },
	{ "/usr/local/InMage/config/ProxyInfo.conf", { "asr-a2a" } },
	{ "/etc/default/azuremonitoragent", { "ama" } },
};

static bool is_agent(const struct pp_agent_row *agent, const char *const names[2])
{
	for (unsigned i = 0; agent && i < 2 && names[i]; i++)
		if (strcmp(agent->name, names[i]) == 0)
			return true;
	return false;
}

static bool was_read(const struct pp_settings *settings, const char *path)
{
	for (unsigned i = 0; i < settings->count; i++)
		if (strcmp(settings->list[i].where, path) == 0)
			return true;
	return false;
}

void pp_live_read_settings(struct pp_live *c)
{
	static const char *const arc[2] = { "arc" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		c->settings.ours = is_agent(c->judge.agent, files[i].agents);
		if (!was_read(&c->settings, files[i].path))
			read_settings_file(c, files[i].path);
	}
	c->settings.ours = is_agent(c->judge.agent, arc);
	if (pp_services_config(&c->services) == PP_OK && c->services.answer.status == 0)
		pp_settings_lines(&c->settings, "azcmagent config", c->services.answer.text);
	c->settings.ours = c->services.count > 0;
	if (pp_services_environment(&c->services) == PP_OK && c->services.answer.status == 0)
		pp_settings_lines(&c->settings, "systemd", c->services.answer.text);
}

/* ---- Notes for the report ---- */

static void note(struct pp_live *c, const struct pp_note *what)
{
	if (!pp_packets_note(c->packets, what))
		c->missed++;
}

static void note_service(struct pp_live *c, const struct pp_unit *unit)
{
	struct pp_note what = {
		.kind = PP_NOTE_UNIT,
		.flags = unit->started || unit->ran ? PP_NOTE_MEANT : 0,
		.number = unit->restarts,
		.ts = pp_wall_ns(),
		.text = { unit->name, unit->state },
	};

	if (unit->failed || unit->restarts) {
		pp_services_log(&c->services, unit);
		what.text[2] = c->services.answer.text;
	}
	if (unit->failed) {
		what.flags |= PP_NOTE_FAILED | (unit->by_signal ? PP_NOTE_SIGNAL : 0);
		what.number = (uint32_t)unit->exit_status;
		what.text[3] = unit->said[0] ? unit->said : NULL;
	} else if (unit->restarts) {
		what.flags |= PP_NOTE_RESTARTS;
	}
	note(c, &what);
}

void pp_live_note_services(struct pp_live *c)
{
	c->patient = true;
	for (unsigned i = 0; i < c->services.count; i++) {
		struct pp_unit *unit = &c->services.units[i];

		if (pp_services_refresh(&c->services, unit) == PP_OK)
			note_service(c, unit);
	}
}

void pp_live_note_settings(struct pp_live *c)
{
	for (unsigned i = 0; i < c->settings.count; i++) {
		const struct pp_setting *setting = &c->settings.list[i];
		const struct pp_note what = { .kind = PP_NOTE_SETTING,
					      .flags = setting->ours ? PP_NOTE_OURS : 0,
					      .ts = pp_wall_ns(),
					      .text = { setting->where, setting->name, setting->value } };

		note(c, &what);
	}
}

void pp_live_note_rest(struct pp_live *c)
{
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

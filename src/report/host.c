#include "report/host.h"

#include "report/intl.h"
#include "report/json.h"
#include "report/line.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { INDENT = 3, LOG_INDENT = 5, LOSSES_SHOWN = 10, PORT_HTTPS = 443 };

/* ---- Gathering ---- */

static bool is_listed(const char *const *list, unsigned count, const char *category)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(list[i], category) == 0)
			return true;
	return false;
}

static const char *file_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "";
}

static void add_row(struct pp_host *host, const struct pp_process *process, const struct pp_attribution *who)
{
	struct pp_host_row row = { .pid = process->pid, .count = 1, .ours = process->ours };

	snprintf(row.host, sizeof(row.host), "%s", who->host ? who->host : "");
	snprintf(row.category, sizeof(row.category), "%s", who->category);
	snprintf(row.exe, sizeof(row.exe), "%s", file_name(process->path));
	snprintf(row.unit, sizeof(row.unit), "%s", process->unit ? process->unit : "");
	for (unsigned i = 0; i < host->row_count; i++) {
		struct pp_host_row *known = &host->rows[i];

		if (known->ours == row.ours && strcmp(known->host, row.host) == 0 && strcmp(known->exe, row.exe) == 0 &&
		    strcmp(known->unit, row.unit) == 0) {
			known->count++;
			return;
		}
	}
	if (host->row_count == PP_HOST_ROWS)
		host->rows_over++;
	else
		host->rows[host->row_count++] = row;
}

static void add_proxy(struct pp_host *host, const struct pp_endpoint_addr *proxy)
{
	for (unsigned i = 0; i < host->proxy_count; i++)
		if (host->proxies[i].port == proxy->port && pp_addr_equal(&host->proxies[i].ip, &proxy->ip))
			return;
	if (host->proxy_count < PP_HOST_PROXIES)
		host->proxies[host->proxy_count++] = *proxy;
}

static enum pp_err on_capture(void *context, const struct pp_capture *capture, const struct pp_limits_hit *limits)
{
	struct pp_host *host = context;

	(void)limits;
	if (!capture->source->notes || host->capture_count == PP_HOST_CAPTURES)
		return PP_OK;
	host->notes[host->capture_count++] = capture->source->notes;
	pp_proxy_settings_add(&host->settings, capture->source->notes);
	return PP_OK;
}

static enum pp_err on_connection(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
				 const struct pp_judgement *judgement)
{
	const struct pp_process *process = conn->process;
	struct pp_host *host = context;
	bool required, known;

	(void)judgement;
	if (!process || !process->aimed)
		return PP_OK;
	if (process->ours && conn->http && conn->http->connect_count)
		add_proxy(host, &conn->server);
	else if (process->ours && conn->server.port == PORT_HTTPS &&
		 !pp_proxy_bypassed(&host->settings, who->host, &conn->server.ip, who->category))
		host->direct++;
	if (!host->agent)
		return PP_OK;
	required = is_listed(host->agent->required, host->agent->required_count, who->category);
	known = required || is_listed(host->agent->optional, host->agent->optional_count, who->category);
	if (process->ours ? !known : required)
		add_row(host, process, who);
	return PP_OK;
}

void pp_host_init(struct pp_host *host, const struct pp_agent_row *agent)
{
	memset(host, 0, offsetof(struct pp_host, rows));
	host->agent = agent;
	host->visitor = (struct pp_visitor){ .context = host, .capture = on_capture, .connection = on_connection };
}

/* ---- Printing ---- */

static void heading(struct pp_layout *layout, const char *text)
{
	pp_layout_end(layout);
	pp_layout_text(layout, PP_BOLD, 0, text);
	pp_layout_end(layout);
}

static void paragraph(struct pp_layout *layout, enum pp_style style, unsigned indent, const char *text)
{
	pp_layout_to(layout, indent);
	pp_layout_text(layout, style, indent, text);
	pp_layout_end(layout);
}

/* The i-th note of a kind over all captures; NULL behind the last. */
static const struct pp_note *note_at(const struct pp_host *host, enum pp_note_kind kind, size_t i)
{
	for (unsigned c = 0; c < host->capture_count; c++)
		for (size_t k = 0; k < host->notes[c]->count; k++)
			if (host->notes[c]->list[k]->kind == kind && i-- == 0)
				return host->notes[c]->list[k];
	return NULL;
}

static void log_lines(struct pp_layout *layout, const char *log)
{
	char line[512];

	while (log && *log) {
		size_t len = strcspn(log, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, log);
		if (len)
			paragraph(layout, PP_DIM, LOG_INDENT, line);
		log += len;
		log += *log == '\n';
	}
}

static void number_of(struct pp_line *line, const char *what, uint32_t number)
{
	pp_line_add(line, ", ");
	pp_line_add(line, what);
	pp_line_add(line, " ");
	pp_line_i64(line, number);
}

static void services(const struct pp_host *host, struct pp_layout *layout)
{
	const struct pp_note *note;

	for (size_t i = 0; (note = note_at(host, PP_NOTE_UNIT, i)) != NULL; i++) {
		bool failed = note->flags & PP_NOTE_FAILED;
		struct pp_line line;

		if (i == 0)
			heading(layout, _("Services"));
		pp_line_start(&line);
		pp_line_value(&line, note->text[0]);
		pp_line_add(&line, ": ");
		pp_line_value(&line, note->text[1]);
		if (failed && note->number)
			number_of(&line, note->flags & PP_NOTE_SIGNAL ? _("signal") : _("exit status"), note->number);
		else if (note->flags & PP_NOTE_RESTARTS)
			number_of(&line, _("times started again by systemd:"), note->number);
		paragraph(layout, failed ? PP_RED : PP_PLAIN, INDENT, line.text);
		log_lines(layout, note->text[2]);
	}
}

static void processes(const struct pp_host *host, struct pp_layout *layout)
{
	static const char *const head[] = { N_("host"),    N_("category"),    N_("process"),
					    N_("service"), N_("connections"), N_("why it is listed") };
	struct pp_table table;
	char number[16];

	if (!host->row_count)
		return;
	heading(layout, _("Processes"));
	pp_table_init(&table, 6, 1u << 4);
	table.head = true;
	for (unsigned i = 0; i < 6; i++)
		pp_table_cell(&table, pp_say(PP_READER, head[i]));
	for (unsigned i = 0; i < host->row_count; i++) {
		const struct pp_host_row *row = &host->rows[i];

		pp_table_cell(&table, row->host);
		pp_table_cell(&table, row->category);
		pp_table_cell(&table, row->exe);
		pp_table_cell(&table, row->unit);
		snprintf(number, sizeof(number), "%u", row->count);
		pp_table_cell(&table, number);
		pp_table_cell(&table, row->ours ? _("the agent is not known to contact this")
						: _("the agent's endpoint, contacted by another process"));
	}
	pp_table_print(&table, layout, INDENT);
	pp_table_done(&table);
}

/* LOC-04 from the other side: what is set, against what the service's packets show. */
static void compare_proxies(const struct pp_host *host, struct pp_layout *layout)
{
	bool set = pp_proxy_setting_for(&host->settings, PORT_HTTPS) != NULL;
	struct pp_line line;

	if (set && !host->proxy_count && host->direct)
		paragraph(layout, PP_YELLOW, INDENT,
			  _("A proxy is set, but the service's connections went straight to their destinations."));
	if (!host->proxy_count)
		return;
	pp_line_start(&line);
	pp_line_add(&line, set || host->settings.count ? _("Proxies the service used:")
						       : _("No setting names a proxy, but the service used:"));
	for (unsigned i = 0; i < host->proxy_count; i++) {
		pp_line_add(&line, i ? ", " : " ");
		pp_line_endpoint(&line, &host->proxies[i]);
	}
	paragraph(layout, PP_PLAIN, INDENT, line.text);
}

static void settings(const struct pp_host *host, struct pp_layout *layout)
{
	static const char *const head[] = { N_("set in"), N_("name"), N_("value") };
	const struct pp_note *note = note_at(host, PP_NOTE_SETTING, 0);
	struct pp_table table;

	if (!note && !host->proxy_count)
		return;
	heading(layout, _("Proxy settings"));
	if (note) {
		pp_table_init(&table, 3, 0);
		table.head = true;
		for (unsigned i = 0; i < 3; i++)
			pp_table_cell(&table, pp_say(PP_READER, head[i]));
		for (size_t i = 0; (note = note_at(host, PP_NOTE_SETTING, i)) != NULL; i++)
			for (unsigned k = 0; k < 3; k++)
				pp_table_cell(&table, note->text[k] ? note->text[k] : "");
		pp_table_print(&table, layout, INDENT);
		pp_table_done(&table);
	}
	compare_proxies(host, layout);
}

/* When packets were lost, so that a reader knows which silence means nothing. */
static void losses(const struct pp_host *host, struct pp_layout *layout)
{
	const struct pp_note *note;
	struct pp_line line;
	size_t i;

	for (i = 0; (note = note_at(host, PP_NOTE_LOST, i)) != NULL && i < LOSSES_SHOWN; i++) {
		if (i == 0)
			heading(layout, _("Lost packets; silence at these times was not judged"));
		pp_line_start(&line);
		pp_line_value(&line, note->text[0]);
		pp_line_add(&line, ": ");
		pp_line_i64(&line, note->number);
		pp_line_add(&line, ", ");
		pp_line_time(&line, note->ts);
		pp_line_add(&line, " + ");
		pp_line_duration(&line, note->until - note->ts);
		paragraph(layout, PP_YELLOW, INDENT, line.text);
	}
	if (note)
		paragraph(layout, PP_YELLOW, INDENT, _("… and more of them; --json has them all."));
}

static void command(const struct pp_host *host, struct pp_layout *layout)
{
	const struct pp_note *note = note_at(host, PP_NOTE_COMMAND, 0);
	struct pp_line line;

	if (!note)
		return;
	heading(layout, _("Command"));
	pp_line_start(&line);
	pp_line_value(&line, note->text[0]);
	pp_line_add(&line, ": ");
	pp_line_add(&line, note->flags & PP_NOTE_FAILED ? _("ended by signal") : _("exit status"));
	pp_line_add(&line, " ");
	pp_line_i64(&line, note->number);
	paragraph(layout, PP_PLAIN, INDENT, line.text);
}

void pp_host_write(const struct pp_host *host, struct pp_layout *layout)
{
	const struct pp_note *missed = note_at(host, PP_NOTE_MISSED, 0);
	struct pp_line line;

	command(host, layout);
	services(host, layout);
	processes(host, layout);
	settings(host, layout);
	losses(host, layout);
	if (!missed)
		return;
	pp_line_start(&line);
	pp_line_add(&line, _("Connections whose process was gone before it could be found:"));
	pp_line_add(&line, " ");
	pp_line_i64(&line, missed->number);
	pp_layout_end(layout);
	paragraph(layout, PP_PLAIN, 0, line.text);
}

/* ---- JSON ---- */

static void json_log(struct pp_json *json, const char *log)
{
	char line[1024];

	pp_json_list(json, "log");
	while (log && *log) {
		size_t len = strcspn(log, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, log);
		if (len)
			pp_json_text(json, NULL, line);
		log += len;
		log += *log == '\n';
	}
	pp_json_list_end(json);
}

static void json_service(struct pp_json *json, const struct pp_note *note)
{
	pp_json_text(json, "name", note->text[0]);
	pp_json_text(json, "state", note->text[1]);
	pp_json_bool(json, "failed", note->flags & PP_NOTE_FAILED);
	if (note->flags & PP_NOTE_FAILED)
		pp_json_u64(json, note->flags & PP_NOTE_SIGNAL ? "signal" : "exit_status", note->number);
	else if (note->flags & PP_NOTE_RESTARTS)
		pp_json_u64(json, "restarts", note->number);
	if (note->text[3])
		pp_json_text(json, "said", note->text[3]);
	if (note->text[2])
		json_log(json, note->text[2]);
}

static void json_setting(struct pp_json *json, const struct pp_note *note)
{
	pp_json_text(json, "where", note->text[0]);
	pp_json_text(json, "name", note->text[1]);
	pp_json_text(json, "value", note->text[2] ? note->text[2] : "");
}

static void json_loss(struct pp_json *json, const struct pp_note *note)
{
	pp_json_text(json, "interface", note->text[0]);
	pp_json_time(json, "first", note->ts);
	pp_json_time(json, "last", note->until);
	pp_json_u64(json, "packets", note->number);
}

static void json_list(struct pp_json *json, const struct pp_notes *notes, const char *key, enum pp_note_kind kind,
		      void (*members)(struct pp_json *json, const struct pp_note *note))
{
	bool begun = false;

	for (size_t i = 0; i < notes->count; i++) {
		if (notes->list[i]->kind != kind)
			continue;
		if (!begun)
			pp_json_list(json, key);
		begun = true;
		pp_json_object(json, NULL);
		members(json, notes->list[i]);
		pp_json_object_end(json);
	}
	if (begun)
		pp_json_list_end(json);
}

void pp_json_notes(struct pp_json *json, const struct pp_notes *notes)
{
	if (!notes)
		return;
	json_list(json, notes, "services", PP_NOTE_UNIT, json_service);
	json_list(json, notes, "proxy_settings", PP_NOTE_SETTING, json_setting);
	json_list(json, notes, "losses", PP_NOTE_LOST, json_loss);
	for (size_t i = 0; i < notes->count; i++) {
		const struct pp_note *note = notes->list[i];

		if (note->kind == PP_NOTE_MISSED)
			pp_json_u64(json, "processes_missed", note->number);
		if (note->kind != PP_NOTE_COMMAND)
			continue;
		pp_json_object(json, "command");
		pp_json_text(json, "name", note->text[0]);
		pp_json_u64(json, note->flags & PP_NOTE_FAILED ? "signal" : "exit_status", note->number);
		pp_json_object_end(json);
	}
}

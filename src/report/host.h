/* host: what a live capture knows of its own machine, in the report: services, whose connections, proxy settings,
 * the command.
 *
 * Shape   a visitor gathers; pp_host_write() prints what there is, after the rest of the report.  Nothing is printed
 *         for captures without notes.
 * Owns    copies; the notes of the captures are borrowed until pp_host_write() has returned.
 * Limits  PP_HOST_ROWS rows of processes; more are counted.
 */
#ifndef PP_REPORT_HOST_H
#define PP_REPORT_HOST_H

#include "attribute/proxy_setting.h"
#include "engine/analysis.h"
#include "report/layout.h"

enum { PP_HOST_ROWS = 64, PP_HOST_CAPTURES = 64, PP_HOST_NAME = 128, PP_HOST_PROXIES = 8 };

/* Connections of one process to one host that are worth a line: where they should not be, or not of whom they should.
 */
struct pp_host_row {
	char host[PP_HOST_NAME], category[PP_HOST_NAME], exe[PP_HOST_NAME], unit[PP_HOST_NAME];
	uint32_t pid, count;
	bool ours; /* the agent's process, to a host that its profile does not know; else the other way round */
};

struct pp_host {
	const struct pp_agent_row *agent; /* NULL: none */
	const struct pp_notes *notes[PP_HOST_CAPTURES];
	unsigned capture_count;
	unsigned row_count, rows_over;
	struct pp_endpoint_addr proxies[PP_HOST_PROXIES]; /* that took CONNECT requests of ours */
	unsigned proxy_count;
	struct pp_proxy_settings settings;
	uint32_t direct; /* connections of ours that went straight to 443 although nothing exempts their host */
	struct pp_visitor visitor;
	struct pp_host_row rows[PP_HOST_ROWS]; /* not cleared: most reports have none */
};

/* `host` must stay where it is as long as its visitor is used. */
void pp_host_init(struct pp_host *host, const struct pp_agent_row *agent);
void pp_host_write(const struct pp_host *host, struct pp_layout *layout);

struct pp_json;
/* The same as members of the capture record; NULL writes nothing. */
void pp_json_notes(struct pp_json *json, const struct pp_notes *notes);

#endif

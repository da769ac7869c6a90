#include "engine/process.h"

#include <stdlib.h>
#include <string.h>

/* The note is stamped by another socket than the packet; both see the same SYN within this. */
static const int64_t SLACK_NS = PP_SECOND;

static int compare_endpoint(const struct pp_endpoint_addr *a, const struct pp_endpoint_addr *b)
{
	int order = pp_addr_compare(&a->ip, &b->ip);

	return order ? order : (int)a->port - (int)b->port;
}

static int compare_ends(const struct pp_endpoint_addr *client, const struct pp_endpoint_addr *server,
			const struct pp_note *note)
{
	int order = compare_endpoint(client, &note->client);

	return order ? order : compare_endpoint(server, &note->server);
}

static int by_ends_and_time(const void *a, const void *b)
{
	const struct pp_note *const *x = a, *const *y = b;
	int order = compare_ends(&(*x)->client, &(*x)->server, *y);

	return order ? order : ((*x)->ts > (*y)->ts) - ((*x)->ts < (*y)->ts);
}

enum pp_err pp_processes_of(struct pp_processes *processes, const struct pp_capture *captures, size_t count)
{
	size_t most = 0;

	for (size_t i = 0; i < count; i++)
		most += captures[i].source->notes ? captures[i].source->notes->count : 0;
	if (most == 0)
		return PP_OK;
	processes->list = calloc(most, sizeof(const struct pp_note *));
	if (!processes->list)
		return PP_NOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct pp_notes *notes = captures[i].source->notes;

		for (size_t k = 0; notes && k < notes->count; k++)
			if (notes->list[k]->kind == PP_NOTE_PROCESS)
				processes->list[processes->count++] = notes->list[k];
	}
	qsort(processes->list, processes->count, sizeof(const struct pp_note *), by_ends_and_time);
	return PP_OK;
}

void pp_processes_done(struct pp_processes *processes)
{
	free(processes->list);
	*processes = (struct pp_processes){ .list = NULL };
}

/* The first note that is not before these ends. */
static size_t lower_bound(const struct pp_processes *processes, const struct pp_connection *conn)
{
	size_t low = 0, high = processes->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ends(&conn->client, &conn->server, processes->list[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool pp_processes_find(const struct pp_processes *processes, const struct pp_connection *conn,
		       struct pp_process *ret_process)
{
	const struct pp_note *found = NULL;

	/* Ports are used again: only a note from within the connection's time is its own. */
	for (size_t i = lower_bound(processes, conn); i < processes->count; i++) {
		const struct pp_note *note = processes->list[i];

		if (compare_ends(&conn->client, &conn->server, note) != 0)
			break;
		if (note->ts >= conn->first.ts - SLACK_NS && note->ts <= conn->last.ts + SLACK_NS)
			found = note;
	}
	if (!found)
		return false;
	*ret_process = (struct pp_process){
		.pid = found->number,
		.path = found->text[0],
		.unit = found->text[1],
		.aimed = found->flags & PP_NOTE_AIMED,
		.ours = found->flags & PP_NOTE_OURS,
	};
	return true;
}

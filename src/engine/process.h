/* process: which process a connection belongs to, from the notes a live capture left in its files.
 *
 * Shape   pp_processes_of() sorts the notes of all sources once; pp_processes_find() is a binary search.
 * Owns    its list; the processes point into the notes of the sources.
 */
#ifndef PP_ENGINE_PROCESS_H
#define PP_ENGINE_PROCESS_H

#include "facts/facts.h"

struct pp_processes {
	const struct pp_note **list; /* by client, server, time */
	size_t count;
};

enum pp_err PP_MUST_CHECK pp_processes_of(struct pp_processes *processes, const struct pp_capture *captures,
					  size_t count);
void pp_processes_done(struct pp_processes *processes);
/* False when nobody noted whose it was. */
bool pp_processes_find(const struct pp_processes *processes, const struct pp_connection *conn,
		       struct pp_process *ret_process);

#endif

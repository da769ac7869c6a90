/* progress: how far the reading has come, for someone who watches: only on a terminal, only after a second. */
#ifndef PP_CLI_PROGRESS_H
#define PP_CLI_PROGRESS_H

#include "source/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PP_PROGRESS_LINE = 80 }; /* with the 0: the last column stays free */

struct pp_progress {
	bool terminal, shown;
	size_t room;         /* of a line, with the 0 */
	int64_t began, next; /* clock; when the line is drawn again */
	struct pp_source *const *sources;
	size_t source_count;
};

/* The sources are looked at while they are read. */
void pp_progress_init(struct pp_progress *progress, struct pp_source *const *sources, size_t count);
void pp_progress_update(void *progress, uint64_t packets, uint64_t bytes); /* for pp_analysis_options */
void pp_progress_clear(struct pp_progress *progress);

/* What has been read in that time, and how long the rest will take: `size` 0 when nobody knows how much it is. */
struct pp_progress_state {
	uint64_t packets, bytes; /* captured */
	uint64_t used, size;     /* of the files as they lie there */
	int64_t elapsed;         /* ns, a second at least */
};

void pp_progress_line(char ret_line[PP_PROGRESS_LINE], const struct pp_progress_state *state);

#endif

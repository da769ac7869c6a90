/* progress: how far the reading has come, for someone who watches: only on a terminal, only after a second. */
#ifndef PP_CLI_PROGRESS_H
#define PP_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct pp_progress {
	bool terminal, shown;
	int64_t next; /* clock at which the line is drawn again */
};

void pp_progress_init(struct pp_progress *progress);
void pp_progress_update(void *progress, uint64_t packets, uint64_t bytes); /* for pp_analysis_options */
void pp_progress_clear(struct pp_progress *progress);

#endif

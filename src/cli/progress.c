#include "cli/progress.h"

#include "base/time.h"
#include "platform/clock.h"
#include "platform/terminal.h"
#include "report/intl.h"

#include <inttypes.h>
#include <stdio.h>

enum { FIRST_MS = 1000, AGAIN_MS = 200, MB = 1000000 };

void pp_progress_init(struct pp_progress *progress, struct pp_source *const *sources, size_t count)
{
	unsigned width = pp_terminal_width(PP_STDERR);
	int64_t now = pp_clock_ns();

	*progress = (struct pp_progress){
		.terminal = pp_is_terminal(PP_STDERR),
		.room = width > 0 && width < PP_PROGRESS_LINE ? width : PP_PROGRESS_LINE,
		.began = now,
		.next = now + FIRST_MS * PP_MS,
		.sources = sources,
		.source_count = count,
	};
}

/* The files together; none of it when one does not say how long it is. */
static void add_up(const struct pp_progress *progress, uint64_t *ret_used, uint64_t *ret_size)
{
	*ret_used = *ret_size = 0;
	for (size_t i = 0; i < progress->source_count; i++) {
		const struct pp_source_info *info = pp_source_info(progress->sources[i]);

		if (info->size == 0) {
			*ret_used = *ret_size = 0;
			return;
		}
		/* Nothing more comes of a damaged file, and one that is being written may have grown. */
		*ret_used += info->damaged || info->used > info->size ? info->size : info->used;
		*ret_size += info->size;
	}
}

void pp_progress_line(char ret_line[PP_PROGRESS_LINE], const struct pp_progress_state *state)
{
	double seconds = (double)state->elapsed / (double)PP_SECOND;
	uint64_t rate = (uint64_t)((double)state->bytes / MB / seconds), left;

	if (state->size == 0 || state->used == 0) {
		(void)snprintf(ret_line, PP_PROGRESS_LINE,
			       _("reading: %" PRIu64 " packets, %" PRIu64 " MB, %" PRIu64 " MB/s"), state->packets,
			       state->bytes / MB, rate);
		return;
	}
	left = (uint64_t)(seconds * ((double)state->size / (double)state->used - 1) + 0.5);
	(void)snprintf(ret_line, PP_PROGRESS_LINE,
		       _("reading: %" PRIu64 " packets, %" PRIu64 " MB, %" PRIu64 " MB/s, %" PRIu64 ":%02u min left"),
		       state->packets, state->bytes / MB, rate, left / 60, (unsigned)(left % 60));
}

void pp_progress_update(void *context, uint64_t packets, uint64_t bytes)
{
	struct pp_progress *progress = context;
	struct pp_progress_state state = { .packets = packets, .bytes = bytes };
	char line[PP_PROGRESS_LINE];
	int64_t now;

	if (!progress->terminal)
		return;
	now = pp_clock_ns();
	if (now < progress->next)
		return;
	progress->next = now + AGAIN_MS * PP_MS;
	progress->shown = true;
	state.elapsed = now - progress->began;
	add_up(progress, &state.used, &state.size);
	pp_progress_line(line, &state);
	fprintf(stderr, "\r%.*s\033[K", (int)progress->room - 1, line);
	(void)fflush(stderr);
}

void pp_progress_clear(struct pp_progress *progress)
{
	if (!progress->shown)
		return;
	progress->shown = false;
	(void)fputs("\r\033[K", stderr);
	(void)fflush(stderr);
}

#include "cli/progress.h"

#include "platform/clock.h"
#include "platform/terminal.h"
#include "report/intl.h"

#include <inttypes.h>
#include <stdio.h>

enum { FIRST_MS = 1000, AGAIN_MS = 200 };

void pp_progress_init(struct pp_progress *progress)
{
	*progress = (struct pp_progress){
		.terminal = pp_is_terminal(PP_STDERR),
		.next = pp_clock_ns() + FIRST_MS * INT64_C(1000000),
	};
}

void pp_progress_update(void *context, uint64_t packets, uint64_t bytes)
{
	struct pp_progress *progress = context;
	int64_t now;

	if (!progress->terminal)
		return;
	now = pp_clock_ns();
	if (now < progress->next)
		return;
	progress->next = now + AGAIN_MS * INT64_C(1000000);
	progress->shown = true;
	fputc('\r', stderr);
	fprintf(stderr, _("reading: %" PRIu64 " packets, %" PRIu64 " MB "), packets, bytes / 1000000);
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

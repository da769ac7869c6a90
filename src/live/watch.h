/* watch: what a capture in the making shows so far, to say when it has shown enough.
 *
 * Shape   a thread of low priority analyses the file so far from its beginning, again and again, with the ordinary
 *         engine; the time it takes is at most a tenth of the time that passes.  A start-up capture is small, and a
 *         verdict that comes from the same code as the final one cannot differ from it.
 * Limits  PP_WATCH_BYTES captured: beyond, the last view stays, marked `lagging`.
 */
#ifndef PP_LIVE_WATCH_H
#define PP_LIVE_WATCH_H

#include "engine/analysis.h"
#include "live/trace.h"
#include "platform/thread.h"

#include <stdatomic.h>

enum { PP_WATCH_BYTES = 256 << 20, PP_WATCH_TEXT = 160 };

struct pp_watch_view {
	unsigned rounds;             /* analyses so far */
	uint32_t flows;              /* connections, of the service as far as processes are known */
	int64_t newest;              /* first packet of the newest such connection; PP_TIME_NONE */
	bool pending;                /* a SYN still waits, or a refusal is not sure yet */
	unsigned required, settled;  /* categories of the profile; with an outcome */
	char waiting[PP_WATCH_TEXT]; /* required categories without one, comma separated */
	uint32_t faults;             /* connections judged a fault */
	bool lagging;
};

struct pp_watch {
	struct pp_analysis_options options; /* without progress */
	const struct pp_trace *trace;
	bool by_process; /* connections known to be another's do not count, nor unknown ones to no Azure endpoint */
	struct pp_thread thread;
	struct pp_lock lock;
	struct pp_watch_view view;
	_Atomic uint64_t bytes, packets; /* captured so far; told by the owner of the watch */
	atomic_bool stopping;
};

enum pp_err PP_MUST_CHECK pp_watch_start(struct pp_watch *watch, const struct pp_analysis_options *options,
					 const struct pp_trace *trace, bool by_process);
void pp_watch_tell(struct pp_watch *watch, uint64_t packets, uint64_t bytes);
void pp_watch_view(struct pp_watch *watch, struct pp_watch_view *ret_view);
void pp_watch_stop(struct pp_watch *watch); /* on one that was not started, too */

#endif

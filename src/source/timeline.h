/* timeline: several sources as one, merged by time.  Within a file the file's own order is kept (a late frame waits for
 * nobody), between files the frame with the smaller time comes first, on a tie the file named first.
 */
#ifndef PP_SOURCE_TIMELINE_H
#define PP_SOURCE_TIMELINE_H

#include "source/tally.h"

struct pp_timeline;

/* Takes the sources over (closes them in pp_timeline_close()); the array itself is copied. */
enum pp_err PP_MUST_CHECK pp_timeline_open(struct pp_timeline **ret_timeline, struct pp_source **sources, size_t count);
/* As pp_source_read(): frames are views until the next call. */
enum pp_err PP_MUST_CHECK pp_timeline_read(struct pp_timeline *timeline, struct pp_frame *frames, size_t max,
					   size_t *ret_count);
/* What has been handed out so far comes to. */
struct pp_tally pp_timeline_tally(const struct pp_timeline *timeline);
void pp_timeline_close(struct pp_timeline *timeline);

#endif

/* trace: the capture on disk, one pcapng file or a ring of them.
 *
 * Shape   blocks gather in one buffer and go out whole, by PP_TRACE_BATCH or when pp_trace_flush() is called.  Every
 *         file of a ring begins with its own section and ends with the statistics of its own time, so each stands
 *         alone.  Used by one thread at a time.
 * Errors  PP_IO with errno, PP_NOMEM.  After a failed write the file ends at the last whole batch that fitted.
 * Owns    its files; a ring removes its oldest file.
 */
#ifndef PP_LIVE_TRACE_H
#define PP_LIVE_TRACE_H

#include "live/ngwrite.h"
#include "platform/tracefile.h"

enum { PP_TRACE_BATCH = 1 << 20, PP_TRACE_RING_MAX = 10000, PP_TRACE_INTERFACES = 64 };

struct pp_trace_options {
	const char *path;    /* NULL: a file without a name */
	unsigned ring_files; /* 0: one file without bound */
	uint64_t ring_bytes;
	bool force;
	struct pp_ng_machine machine;
};

struct pp_trace;

enum pp_err PP_MUST_CHECK pp_trace_open(struct pp_trace **ret_trace, const struct pp_trace_options *options);
/* Before the first packet; interfaces count from 0 in this order.  `interface` is borrowed until the end. */
enum pp_err PP_MUST_CHECK pp_trace_interface(struct pp_trace *trace, const struct pp_ng_interface *interface);
enum pp_err PP_MUST_CHECK pp_trace_packet(struct pp_trace *trace, uint32_t interface, int64_t ts, const void *bytes,
					  uint32_t caplen, uint32_t len);
enum pp_err PP_MUST_CHECK pp_trace_blocks(struct pp_trace *trace, const void *bytes, size_t len);
/* What was counted since the capture began; goes into the statistics, at once when packets were lost. */
enum pp_err PP_MUST_CHECK pp_trace_count(struct pp_trace *trace, uint32_t interface, const struct pp_ng_counts *counts,
					 int64_t now);
enum pp_err PP_MUST_CHECK pp_trace_flush(struct pp_trace *trace);
size_t pp_trace_waiting(const struct pp_trace *trace); /* bytes not flushed yet */
/* Writes the statistics.  The files stay open for reading until pp_trace_free(). */
enum pp_err PP_MUST_CHECK pp_trace_finish(struct pp_trace *trace, int64_t now);
void pp_trace_free(struct pp_trace *trace);

/* The files there are, oldest first: where to read them and what to call them.  May be asked from another thread. */
unsigned pp_trace_file_count(const struct pp_trace *trace);
/* `path` has 4096 bytes. */
void pp_trace_file(const struct pp_trace *trace, unsigned i, char *path);

#endif

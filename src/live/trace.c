#include "live/trace.h"

#include "base/time.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_MOST = 16 << 20, PATH_BYTES = 4096 };

struct pp_trace {
	struct pp_trace_options options;
	struct pp_tracefile file;
	struct pp_buf buf;
	const struct pp_ng_interface *interfaces[PP_TRACE_INTERFACES];
	struct pp_ng_counts now[PP_TRACE_INTERFACES], before[PP_TRACE_INTERFACES]; /* in all; when the file began */
	unsigned interface_count;
	int64_t first, last;        /* of the packets of this file; PP_TIME_NONE: none yet */
	uint64_t written;           /* bytes of this file that are out */
	atomic_uint oldest, newest; /* files of the ring, from 1; both 0 without one */
	bool failed;
};

static void ring_path(const struct pp_trace *trace, unsigned number, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s.%04u", trace->options.path, number);
}

/* ---- Files ---- */

static enum pp_err write_out(struct pp_trace *trace)
{
	enum pp_err err;

	if (trace->failed)
		return PP_IO;
	err = pp_tracefile_write(&trace->file, trace->buf.p, trace->buf.len);
	trace->failed = err != PP_OK;
	if (err != PP_OK)
		pp_tracefile_cut(&trace->file, trace->written); /* no block stays that is not whole */
	else
		trace->written += trace->buf.len;
	pp_buf_clear(&trace->buf);
	return err;
}

static enum pp_err create_file(struct pp_trace *trace)
{
	char path[PATH_BYTES];
	unsigned number;

	if (!trace->options.ring_files)
		return pp_tracefile_create(trace->options.path, trace->options.force, &trace->file);
	number = trace->newest + 1;
	ring_path(trace, number, path);
	if (pp_tracefile_create(path, trace->options.force, &trace->file) != PP_OK)
		return PP_IO;
	trace->newest = number;
	if (number == 1)
		trace->oldest = 1;
	if (number - trace->oldest + 1 > trace->options.ring_files) {
		ring_path(trace, trace->oldest, path);
		trace->oldest++;
		pp_tracefile_remove(path);
	}
	return PP_OK;
}

static enum pp_err describe(struct pp_trace *trace)
{
	enum pp_err err = pp_ng_section(&trace->buf, &trace->options.machine);

	for (unsigned i = 0; i < trace->interface_count && err == PP_OK; i++)
		err = pp_ng_interface(&trace->buf, trace->interfaces[i]);
	return err;
}

static enum pp_err add_statistics(struct pp_trace *trace, int64_t now)
{
	enum pp_err err = PP_OK;

	for (unsigned i = 0; i < trace->interface_count && err == PP_OK; i++) {
		const struct pp_ng_counts *in_all = &trace->now[i], *before = &trace->before[i];
		struct pp_ng_counts counts = {
			in_all->received - before->received,
			in_all->dropped_if - before->dropped_if,
			in_all->dropped_os - before->dropped_os,
		};

		err = pp_ng_statistics(&trace->buf, i, trace->first == PP_TIME_NONE ? now : trace->first, now, &counts);
	}
	return err;
}

static enum pp_err next_file(struct pp_trace *trace)
{
	enum pp_err err = add_statistics(trace, trace->last);

	if (err == PP_OK)
		err = write_out(trace);
	if (err == PP_OK)
		err = pp_tracefile_close(&trace->file);
	if (err == PP_OK)
		err = create_file(trace);
	trace->failed = err != PP_OK;
	trace->written = 0;
	trace->first = PP_TIME_NONE;
	memcpy(trace->before, trace->now, sizeof(trace->before));
	return err == PP_OK ? describe(trace) : err;
}

/* ---- The life of a trace ---- */

enum pp_err pp_trace_open(struct pp_trace **ret_trace, const struct pp_trace_options *options)
{
	struct pp_trace *trace = calloc(1, sizeof(*trace));
	enum pp_err err;

	if (!trace)
		return PP_NOMEM;
	trace->options = *options;
	trace->file.fd = -1;
	trace->first = trace->last = PP_TIME_NONE;
	pp_buf_init(&trace->buf, BUFFER_MOST);
	err = pp_buf_reserve(&trace->buf, 2 * PP_TRACE_BATCH);
	if (err == PP_OK)
		err = create_file(trace);
	if (err == PP_OK)
		err = pp_ng_section(&trace->buf, &options->machine);
	if (err == PP_OK)
		*ret_trace = trace;
	else
		pp_trace_free(trace);
	return err;
}

enum pp_err pp_trace_interface(struct pp_trace *trace, const struct pp_ng_interface *interface)
{
	if (trace->interface_count == PP_TRACE_INTERFACES)
		return PP_LIMIT;
	trace->interfaces[trace->interface_count++] = interface;
	return pp_ng_interface(&trace->buf, interface);
}

/* Between blocks: sends a full batch out and begins the next file of a ring when this one is full. */
static enum pp_err move_on(struct pp_trace *trace)
{
	if (trace->options.ring_files && trace->written + trace->buf.len >= trace->options.ring_bytes)
		return next_file(trace);
	return trace->buf.len >= PP_TRACE_BATCH ? write_out(trace) : PP_OK;
}

enum pp_err pp_trace_packet(struct pp_trace *trace, uint32_t interface, int64_t ts, const void *bytes, uint32_t caplen,
			    uint32_t len)
{
	enum pp_err err = pp_ng_packet(&trace->buf, interface, ts, bytes, caplen, len);

	if (err != PP_OK)
		return err;
	if (trace->first == PP_TIME_NONE)
		trace->first = ts;
	trace->last = ts;
	return move_on(trace);
}

enum pp_err pp_trace_blocks(struct pp_trace *trace, const void *bytes, size_t len)
{
	enum pp_err err = pp_buf_add(&trace->buf, bytes, len);

	return err == PP_OK ? move_on(trace) : err;
}

enum pp_err pp_trace_count(struct pp_trace *trace, uint32_t interface, const struct pp_ng_counts *counts, int64_t now)
{
	bool lost = counts->dropped_os + counts->dropped_if >
		    trace->now[interface].dropped_os + trace->now[interface].dropped_if;

	trace->now[interface] = *counts;
	/* A file that ends without its statistics still tells of the loss, and when it was. */
	return lost ? add_statistics(trace, now) : PP_OK;
}

enum pp_err pp_trace_flush(struct pp_trace *trace) { return write_out(trace); }

size_t pp_trace_waiting(const struct pp_trace *trace) { return trace->buf.len; }

enum pp_err pp_trace_finish(struct pp_trace *trace, int64_t now)
{
	enum pp_err err;

	/* After a full disk there is room again for this much: the file was cut to its last whole batch. */
	trace->failed = false;
	err = add_statistics(trace, now);
	return err == PP_OK ? write_out(trace) : err;
}

void pp_trace_free(struct pp_trace *trace)
{
	int why = errno;
	enum pp_err err;

	if (!trace)
		return;
	err = pp_tracefile_close(&trace->file);
	(void)err; /* everything was written and reported before */
	pp_buf_done(&trace->buf);
	free(trace);
	errno = why;
}

unsigned pp_trace_file_count(const struct pp_trace *trace)
{
	return trace->options.ring_files ? trace->newest - trace->oldest + 1 : 1;
}

void pp_trace_file(const struct pp_trace *trace, unsigned i, char *path)
{
	if (trace->options.ring_files)
		ring_path(trace, trace->oldest + i, path);
	else
		pp_tracefile_path(&trace->file, path);
}

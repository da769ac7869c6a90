/* Theory: every packet that is counted by the kernel is either written or among the kernel's drops, and nothing on the
 * wire before the stop is missed.
 *
 * At the start, libpcap's socket sees packets before any filter is set.  So each ring is shut first (a kernel filter
 * that takes nothing), emptied and its counters are read as the zero point; then the real filter opens it.  At the end
 * the rings are shut again, and the thread goes on until no block is left.  The kernel hands a block over when it is
 * full or BLOCK_MS old, so after that time an empty ring is empty for good.
 */
#include "live/packets.h"

#include "base/time.h"
#include "platform/clock.h"
#include "platform/pcap.h"
#include "platform/ring.h"
#include "platform/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_MS = 20,
	WAIT_MS = 100,
	AT_ONCE = 2048, /* packets of one ring before the next has its turn */
	FLUSH_MS = 250, /* a killed process loses no more than this */
	COUNT_MS = 250, /* when packets were lost is known to this much */
	EMPTY_MS = 3 * BLOCK_MS,
	DRAIN_MOST_MS = 5000, /* a disk that takes no more than this slowly has lost them anyway */
};

/* Link types whose number in files differs from libpcap's. */
enum { DLT_RAW_LINUX = 12, LINKTYPE_RAW = 101 };

struct ring {
	struct pp_packets *packets;
	unsigned id;
	pcap_t *handle;
	int fd;
	bool gone;
	struct pp_ng_interface described;
	struct pcap_stat last;      /* the kernel's counters, which wrap */
	struct pp_ng_counts counts; /* since the zero point */
	int64_t counted;            /* time of day before the last look at them */
};

struct pp_packets {
	struct pp_pcap pcap;
	struct ring rings[PP_PACKETS_INTERFACES];
	unsigned count;
	char *filter;
	struct pp_trace *trace;
	struct pp_thread thread;
	atomic_bool stopping;
	bool stopped;
	/* The reader's own. */
	int64_t last_flush, last_count;
	enum pp_err failed;
	/* Shared: */
	struct pp_lock lock;
	struct pp_packets_state state;
	struct pp_buf notes;
	atomic_bool have_notes;
	_Atomic uint64_t captured, bytes;
};

/* ---- Opening ---- */

PP_PCAP_CALLS static enum pp_err refuse(const struct ring *ring, int status, char *ret_error)
{
	const struct pp_pcap *pcap = &ring->packets->pcap;
	const char *name = ring->described.name;

	if (status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED) {
		snprintf(ret_error, PP_PACKETS_ERROR, "%s", name);
		errno = EPERM;
		return PP_IO;
	}
	if (status == PCAP_ERROR_NO_SUCH_DEVICE)
		snprintf(ret_error, PP_PACKETS_ERROR, "there is no interface '%s'", name);
	else if (status == PCAP_ERROR_IFACE_NOT_UP)
		snprintf(ret_error, PP_PACKETS_ERROR, "interface '%s' is down", name);
	else if (status == PCAP_ERROR)
		snprintf(ret_error, PP_PACKETS_ERROR, "%s: %s", name, pcap->geterr(ring->handle));
	else
		snprintf(ret_error, PP_PACKETS_ERROR, "%s: %s", name, pcap->statustostr(status));
	return PP_USAGE;
}

PP_PCAP_CALLS static enum pp_err activate(struct ring *ring, size_t ring_bytes, char *ret_error)
{
	const struct pp_pcap *pcap = &ring->packets->pcap;
	char error[PCAP_ERRBUF_SIZE] = "";
	int status;

	ring->handle = pcap->create(ring->described.name, error);
	if (!ring->handle) {
		snprintf(ret_error, PP_PACKETS_ERROR, "%s: %s", ring->described.name, error);
		return PP_IO;
	}
	(void)pcap->set_snaplen(ring->handle, PP_PACKETS_SNAPLEN);
	(void)pcap->set_promisc(ring->handle, 0); /* an agent's packets are this machine's */
	(void)pcap->set_timeout(ring->handle, BLOCK_MS);
	(void)pcap->set_immediate_mode(ring->handle, 0);
	(void)pcap->set_buffer_size(ring->handle, (int)ring_bytes);
	(void)pcap->set_tstamp_precision(ring->handle, PCAP_TSTAMP_PRECISION_NANO);
	status = pcap->activate(ring->handle);
	if (status < 0)
		return refuse(ring, status, ret_error);
	if (pcap->setnonblock(ring->handle, 1, error) != 0) {
		snprintf(ret_error, PP_PACKETS_ERROR, "%s: %s", ring->described.name, error);
		return PP_IO;
	}
	ring->fd = pcap->get_selectable_fd(ring->handle);
	return PP_OK;
}

static void forget(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes)
{
	(void)context;
	(void)header;
	(void)bytes;
}

/* The zero point of the counters: see the theory. */
PP_PCAP_CALLS static void empty(struct ring *ring)
{
	const struct pp_pcap *pcap = &ring->packets->pcap;
	int64_t until = pp_clock_ns() + EMPTY_MS * PP_MS;

	(void)pp_ring_shut(ring->fd);
	do {
		pp_ring_wait(&ring->fd, 1, BLOCK_MS);
		while (pcap->dispatch(ring->handle, AT_ONCE, forget, NULL) > 0)
			;
	} while (pp_clock_ns() < until);
	ring->counted = pp_wall_ns();
	(void)pcap->stats(ring->handle, &ring->last);
}

/* Opens the ring for the packets that are wanted. */
PP_PCAP_CALLS static enum pp_err arm(struct ring *ring)
{
	const struct pp_pcap *pcap = &ring->packets->pcap;
	struct bpf_program program;
	bool done;

	if (pcap->compile(ring->handle, &program, ring->described.filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
		return PP_USAGE;
	empty(ring);
	done = pcap->setfilter(ring->handle, &program) == 0;
	pcap->freecode(&program);
	return done ? PP_OK : PP_IO;
}

PP_PCAP_CALLS static enum pp_err check_filter(const struct ring *ring, const char *filter, char *ret_error)
{
	const struct pp_pcap *pcap = &ring->packets->pcap;
	struct bpf_program program;

	if (pcap->compile(ring->handle, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		snprintf(ret_error, PP_PACKETS_ERROR, "--filter: %s", pcap->geterr(ring->handle));
		return PP_USAGE;
	}
	pcap->freecode(&program);
	(void)pp_ring_shut(ring->fd);
	return PP_OK;
}

PP_PCAP_CALLS static enum pp_err open_ring(struct ring *ring, size_t ring_bytes, const char *filter, char *ret_error)
{
	const struct pp_pcap *pcap = &ring->packets->pcap;
	enum pp_err err = activate(ring, ring_bytes, ret_error);
	int link_type;

	if (err != PP_OK)
		return err;
	link_type = pcap->datalink(ring->handle);
	ring->described.link_type = (uint16_t)(link_type == DLT_RAW_LINUX ? LINKTYPE_RAW : link_type);
	ring->described.snaplen = PP_PACKETS_SNAPLEN;
	ring->described.filter = filter;
	return check_filter(ring, filter, ret_error);
}

enum pp_err pp_packets_open(struct pp_packets **ret_packets, const struct pp_packets_options *options, char *ret_error)
{
	struct pp_packets *packets = calloc(1, sizeof(*packets));
	enum pp_err err;

	if (!packets)
		return PP_NOMEM;
	pp_lock_init(&packets->lock);
	pp_buf_init(&packets->notes, PP_PACKETS_NOTES);
	packets->filter = strdup(options->filter);
	err = packets->filter ? pp_pcap_load(&packets->pcap, ret_error) : PP_NOMEM;
	for (unsigned i = 0; err == PP_OK && i < options->interface_count && i < PP_PACKETS_INTERFACES; i++) {
		struct ring *ring = &packets->rings[packets->count++];

		*ring = (struct ring){ .packets = packets, .id = i, .fd = -1 };
		ring->described.name = options->interfaces[i];
		err = open_ring(ring, options->ring_bytes / options->interface_count, packets->filter, ret_error);
	}
	if (err == PP_OK)
		*ret_packets = packets;
	else
		pp_packets_free(packets);
	return err;
}

/* ---- The reader ---- */

static void fail(struct pp_packets *packets, const char *what, const char *why)
{
	pp_lock_take(&packets->lock);
	if (!packets->state.error[0])
		snprintf(packets->state.error, sizeof(packets->state.error), "%s%s%s", what, why[0] ? ": " : "", why);
	pp_lock_give(&packets->lock);
}

static void cannot_write(struct pp_packets *packets, enum pp_err err)
{
	if (packets->failed != PP_OK)
		return;
	packets->failed = err;
	fail(packets, "cannot write the capture", err == PP_IO ? strerror(errno) : pp_err_text(err));
}

static void take_packet(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes)
{
	void *at = context;
	struct ring *ring = at;
	struct pp_packets *packets = ring->packets;
	/* libpcap keeps nanoseconds in the field for microseconds, as asked for. */
	int64_t ts = header->ts.tv_sec * PP_SECOND + header->ts.tv_usec;
	enum pp_err err;

	if (packets->failed != PP_OK)
		return;
	err = pp_trace_packet(packets->trace, ring->id, ts, bytes, header->caplen, header->len);
	if (err != PP_OK) {
		cannot_write(packets, err);
		return;
	}
	atomic_store_explicit(&packets->captured, packets->captured + 1, memory_order_relaxed);
	atomic_store_explicit(&packets->bytes, packets->bytes + header->caplen, memory_order_relaxed);
}

static void take_notes(struct pp_packets *packets)
{
	enum pp_err err = PP_OK;

	if (!atomic_exchange(&packets->have_notes, false))
		return;
	pp_lock_take(&packets->lock);
	if (packets->failed == PP_OK)
		err = pp_trace_blocks(packets->trace, packets->notes.p, packets->notes.len);
	pp_buf_clear(&packets->notes);
	pp_lock_give(&packets->lock);
	if (err != PP_OK)
		cannot_write(packets, err);
}

/* Packets were lost between the look before and this one: whoever judges silence has to know. */
static enum pp_err write_loss(struct pp_packets *packets, const struct ring *ring, uint32_t lost, int64_t now)
{
	const struct pp_note loss = { .kind = PP_NOTE_LOST,
				      .number = lost,
				      .ts = ring->counted,
				      .until = now,
				      .text = { ring->described.name } };
	struct pp_buf block;
	enum pp_err err;

	pp_buf_init(&block, PP_PACKETS_NOTES);
	err = pp_note_encode(&block, &loss);
	if (err == PP_OK)
		err = pp_trace_blocks(packets->trace, block.p, block.len);
	pp_buf_done(&block);
	return err;
}

PP_PCAP_CALLS static enum pp_err count_ring(struct pp_packets *packets, struct ring *ring)
{
	const struct pp_pcap *pcap = &ring->packets->pcap;
	struct pcap_stat now;
	int64_t before = pp_wall_ns(), after;
	enum pp_err err = PP_OK;
	uint32_t lost;

	if (pcap->stats(ring->handle, &now) != 0)
		return PP_OK;
	after = pp_wall_ns();
	lost = now.ps_drop - ring->last.ps_drop + (now.ps_ifdrop - ring->last.ps_ifdrop);
	ring->counts.received += now.ps_recv - ring->last.ps_recv;
	ring->counts.dropped_os += now.ps_drop - ring->last.ps_drop;
	ring->counts.dropped_if += now.ps_ifdrop - ring->last.ps_ifdrop;
	ring->last = now;
	if (packets->failed == PP_OK && lost)
		err = write_loss(packets, ring, lost, after);
	if (packets->failed == PP_OK && err == PP_OK)
		err = pp_trace_count(packets->trace, ring->id, &ring->counts, after);
	ring->counted = before;
	return err;
}

static void count(struct pp_packets *packets)
{
	uint64_t received = 0, dropped = 0;

	for (unsigned i = 0; i < packets->count; i++) {
		struct ring *ring = &packets->rings[i];
		enum pp_err err = count_ring(packets, ring);

		if (err != PP_OK)
			cannot_write(packets, err);
		received += ring->counts.received;
		dropped += ring->counts.dropped_os;
	}
	pp_lock_take(&packets->lock);
	packets->state.received = received;
	packets->state.dropped = dropped;
	pp_lock_give(&packets->lock);
}

/* One turn through all rings.  False when all were empty. */
PP_PCAP_CALLS static bool turn(struct pp_packets *packets)
{
	const struct pp_pcap *pcap = &packets->pcap;
	bool any = false;

	for (unsigned i = 0; i < packets->count; i++) {
		struct ring *ring = &packets->rings[i];
		int n = ring->gone ? 0 : pcap->dispatch(ring->handle, AT_ONCE, take_packet, (void *)ring);

		any |= n > 0;
		if (n >= 0)
			continue;
		ring->gone = true;
		ring->fd = -1;
		fail(packets, ring->described.name, pcap->geterr(ring->handle));
		pp_lock_take(&packets->lock);
		packets->state.gone++;
		pp_lock_give(&packets->lock);
	}
	return any;
}

/* What is due now and then. */
static void housekeeping(struct pp_packets *packets, bool idle)
{
	int64_t now = pp_clock_ns();
	enum pp_err err;

	take_notes(packets);
	if (now - packets->last_count > COUNT_MS * PP_MS) {
		packets->last_count = now;
		count(packets);
	}
	if (now - packets->last_flush < FLUSH_MS * PP_MS || (!idle && packets->failed != PP_OK))
		return;
	packets->last_flush = now;
	if (packets->failed != PP_OK || pp_trace_waiting(packets->trace) == 0)
		return;
	err = pp_trace_flush(packets->trace);
	if (err != PP_OK)
		cannot_write(packets, err);
}

static void drain(struct pp_packets *packets)
{
	int64_t begun = pp_clock_ns(), last = begun, now = begun;

	for (unsigned i = 0; i < packets->count; i++)
		if (!packets->rings[i].gone)
			(void)pp_ring_shut(packets->rings[i].fd);
	while (now - last < EMPTY_MS * PP_MS && now - begun < DRAIN_MOST_MS * PP_MS) {
		bool any = turn(packets);

		now = pp_clock_ns();
		if (any)
			last = now;
		else
			pp_ring_wait(NULL, 0, BLOCK_MS / 2);
	}
}

static bool has_ended(const struct pp_packets *packets)
{
	return packets->failed != PP_OK || packets->state.gone == packets->count;
}

static void read_packets(void *context)
{
	struct pp_packets *packets = context;
	enum pp_err err;

	packets->last_flush = packets->last_count = pp_clock_ns();
	while (!packets->stopping && !has_ended(packets)) {
		int fds[PP_PACKETS_INTERFACES];
		bool any = turn(packets);

		housekeeping(packets, !any);
		for (unsigned i = 0; i < packets->count; i++)
			fds[i] = packets->rings[i].fd;
		if (!any)
			pp_ring_wait(fds, packets->count, WAIT_MS);
	}
	drain(packets);
	take_notes(packets);
	count(packets);
	err = pp_trace_finish(packets->trace, pp_wall_ns());
	if (err != PP_OK)
		cannot_write(packets, err);
	pp_lock_take(&packets->lock);
	packets->state.ended = true;
	pp_lock_give(&packets->lock);
}

/* ---- The other side ---- */

enum pp_err pp_packets_start(struct pp_packets *packets, struct pp_trace *trace)
{
	enum pp_err err = PP_OK;

	packets->trace = trace;
	for (unsigned i = 0; i < packets->count && err == PP_OK; i++)
		err = pp_trace_interface(trace, &packets->rings[i].described);
	if (err == PP_OK)
		err = pp_trace_flush(trace);
	for (unsigned i = 0; i < packets->count && err == PP_OK; i++)
		err = arm(&packets->rings[i]);
	return err == PP_OK ? pp_thread_start(&packets->thread, read_packets, packets) : err;
}

void pp_packets_state(struct pp_packets *packets, struct pp_packets_state *ret_state)
{
	pp_lock_take(&packets->lock);
	*ret_state = packets->state;
	pp_lock_give(&packets->lock);
	ret_state->captured = packets->captured;
	ret_state->bytes = packets->bytes;
}

bool pp_packets_note(struct pp_packets *packets, const struct pp_note *note)
{
	enum pp_err err;

	pp_lock_take(&packets->lock);
	err = pp_note_encode(&packets->notes, note);
	pp_lock_give(&packets->lock);
	packets->have_notes = true;
	return err == PP_OK;
}

void pp_packets_stop(struct pp_packets *packets)
{
	if (packets->stopped)
		return;
	packets->stopped = true;
	packets->stopping = true;
	pp_thread_join(&packets->thread);
}

PP_PCAP_CALLS void pp_packets_free(struct pp_packets *packets)
{
	int why = errno;

	if (!packets)
		return;
	pp_packets_stop(packets);
	for (unsigned i = 0; i < packets->count; i++)
		if (packets->rings[i].handle)
			packets->pcap.close(packets->rings[i].handle);
	pp_buf_done(&packets->notes);
	pp_lock_done(&packets->lock);
	free(packets->filter);
	free(packets);
	errno = why;
}

/* packets: live packets into a trace; the only door to libpcap's live side.
 *
 * Shape   open() asks the kernel for everything that needs permission, and nothing is captured yet; start() opens
 *         the rings, counting from zero, and lets a thread of its own move packets from them to the trace and
 *         nothing else; stop() shuts the rings, moves what is in them, and ends the trace.  Packets written =
 *         packets the kernel counted minus those it dropped.
 * Units   ring sizes in bytes, shared out over the interfaces.
 * Errors  PP_USAGE: filter or interface; PP_IO: the system, errno EPERM where permission is missing; `ret_error`
 *         has one line.  What happens later is in the state.
 * Owns    the rings; the trace is borrowed until stop().
 * Limits  PP_PACKETS_INTERFACES; notes that wait to be written, PP_PACKETS_NOTES bytes.
 */
#ifndef PP_LIVE_PACKETS_H
#define PP_LIVE_PACKETS_H

#include "live/trace.h"
#include "source/note.h"

enum {
	PP_PACKETS_INTERFACES = 32,
	PP_PACKETS_ERROR = 512,
	PP_PACKETS_NOTES = 4 << 20,
	PP_PACKETS_RING = 64 << 20,
	PP_PACKETS_SNAPLEN = 262144,
};

struct pp_packets_options {
	const char *const *interfaces;
	unsigned interface_count;
	const char *filter; /* pcap-filter(7); "" takes everything */
	size_t ring_bytes;
};

struct pp_packets_state {
	uint64_t captured, bytes;     /* written to the trace */
	uint64_t received, dropped;   /* by the kernel: in all, for want of room */
	unsigned gone;                /* interfaces that are there no more */
	bool ended;                   /* nothing more will come: all are gone, or the trace cannot be written */
	char error[PP_PACKETS_ERROR]; /* the first thing that went wrong, or "" */
};

struct pp_packets;

enum pp_err PP_MUST_CHECK pp_packets_open(struct pp_packets **ret_packets, const struct pp_packets_options *options,
					  char *ret_error);
enum pp_err PP_MUST_CHECK pp_packets_start(struct pp_packets *packets, struct pp_trace *trace);
void pp_packets_state(struct pp_packets *packets, struct pp_packets_state *ret_state);
/* Goes into the trace soon; false when too many wait already. */
bool pp_packets_note(struct pp_packets *packets, const struct pp_note *note);
void pp_packets_stop(struct pp_packets *packets); /* a second call does nothing */
void pp_packets_free(struct pp_packets *packets);

#endif

/* ngwrite: pcapng blocks, appended to a buffer.
 *
 * Shape   one function a block; every block is whole or not there at all.
 * Units   times in ns; the interfaces are described with that resolution.
 * Errors  those of the buffer.
 * Source  draft-ietf-opsawg-pcapng.
 */
#ifndef PP_LIVE_NGWRITE_H
#define PP_LIVE_NGWRITE_H

#include "base/buf.h"

struct pp_ng_machine {
	const char *hardware, *os, *application; /* NULL: not said */
};

struct pp_ng_interface {
	const char *name, *filter; /* NULL: not said */
	uint16_t link_type;
	uint32_t snaplen;
};

struct pp_ng_counts {
	uint64_t received;   /* passed the filter, dropped ones counted in */
	uint64_t dropped_if; /* by the network card */
	uint64_t dropped_os; /* by the kernel, for want of room in the ring */
};

enum { PP_NG_PACKET_BYTES = 32 }; /* of a packet block beside the packet and its padding */

enum pp_err PP_MUST_CHECK pp_ng_section(struct pp_buf *buf, const struct pp_ng_machine *machine);
enum pp_err PP_MUST_CHECK pp_ng_interface(struct pp_buf *buf, const struct pp_ng_interface *interface);
enum pp_err PP_MUST_CHECK pp_ng_packet(struct pp_buf *buf, uint32_t interface, int64_t ts, const void *bytes,
				       uint32_t caplen, uint32_t len);
enum pp_err PP_MUST_CHECK pp_ng_statistics(struct pp_buf *buf, uint32_t interface, int64_t first, int64_t last,
					   const struct pp_ng_counts *counts);

#endif

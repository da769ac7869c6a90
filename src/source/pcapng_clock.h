/* pcapng_clock: the ticks of a pcapng interface → nanoseconds since the epoch.
 *
 * Shape   made once per interface from if_tsresol and if_tsoffset, asked once per packet.
 * Units   resolution as in the file: 0..127 a negative power of ten, with the top bit set of two.
 * Errors  none: a time beyond int64_t nanoseconds is read as a signed count, as some writers mean it, and if that does
 *         not fit either it stops at the end of the range (never PP_TIME_NONE); parts of a ns are rounded down.
 * Source  draft-ietf-opsawg-pcapng section 4.2 (if_tsresol, if_tsoffset).
 */
#ifndef PP_SOURCE_PCAPNG_CLOCK_H
#define PP_SOURCE_PCAPNG_CLOCK_H

#include <stdint.h>

enum { PP_CLOCK_MICROSECONDS = 6 }; /* the resolution of an interface that names none */

struct pp_pcapng_clock {
	uint64_t multiply; /* ns per tick, or */
	uint64_t divide;   /* ticks per ns, or */
	unsigned bits;     /* a tick is 2^-bits seconds; two of the three are 0 */
	int64_t offset_ns;
};

struct pp_pcapng_clock pp_pcapng_clock(uint8_t resolution, int64_t offset_seconds);
int64_t pp_pcapng_clock_ns(const struct pp_pcapng_clock *clock, uint64_t ticks);

#endif

/* clock: time that only moves forward, for the progress line; no output depends on it. */
#ifndef PP_PLATFORM_CLOCK_H
#define PP_PLATFORM_CLOCK_H

#include <stdint.h>

int64_t pp_clock_ns(void);

#endif

#include "platform/clock.h"

#include <time.h>

int64_t pp_clock_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return 0;
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

#include "platform/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/types.h>

enum pp_err pp_random(void *bytes, size_t len)
{
	uint8_t *at = bytes;

	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return PP_IO;
		at += n;
		len -= (size_t)n;
	}
	return PP_OK;
}

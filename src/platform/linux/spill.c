#include "platform/spill.h"

#include "platform/linux/unnamed.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

struct pp_spill {
	int fd;
};

enum pp_err pp_spill_open(struct pp_spill **ret_spill)
{
	struct pp_spill *spill = malloc(sizeof(*spill));

	if (!spill)
		return PP_NOMEM;
	spill->fd = pp_unnamed_file();
	if (spill->fd < 0) {
		free(spill);
		return PP_IO;
	}
	*ret_spill = spill;
	return PP_OK;
}

void pp_spill_close(struct pp_spill *spill)
{
	if (!spill)
		return;
	close(spill->fd);
	free(spill);
}

enum pp_err pp_spill_write(struct pp_spill *spill, uint64_t offset, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	while (len > 0) {
		ssize_t n = pwrite(spill->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return PP_IO;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return PP_OK;
}

enum pp_err pp_spill_read(struct pp_spill *spill, uint64_t offset, void *bytes, size_t len)
{
	uint8_t *p = bytes;

	while (len > 0) {
		ssize_t n = pread(spill->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return PP_IO;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return PP_OK;
}

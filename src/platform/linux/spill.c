#include "platform/spill.h"

#include "platform/linux/unnamed.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
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

/* Leaves out the first `n` bytes; the parts that are still to be written begin at the one returned. */
static size_t leave_out(struct iovec *parts, size_t at, size_t count, size_t n)
{
	while (at < count && n >= parts[at].iov_len)
		n -= parts[at++].iov_len;
	if (at < count) {
		parts[at].iov_base = (uint8_t *)parts[at].iov_base + n;
		parts[at].iov_len -= n;
	}
	return at;
}

enum pp_err pp_spill_write(struct pp_spill *spill, uint64_t offset, const struct pp_span *parts, size_t count)
{
	struct iovec left[PP_SPILL_PARTS_MAX];
	size_t at;

	if (count > PP_SPILL_PARTS_MAX)
		return PP_LIMIT;
	for (size_t i = 0; i < count; i++) {
		memcpy(&left[i].iov_base, &parts[i].p, sizeof(left[i].iov_base)); /* only read */
		left[i].iov_len = parts[i].len;
	}
	at = leave_out(left, 0, count, 0);
	while (at < count) {
		ssize_t n = pwritev(spill->fd, left + at, (int)(count - at), (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return PP_IO;
		offset += (uint64_t)n;
		at = leave_out(left, at, count, (size_t)n);
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

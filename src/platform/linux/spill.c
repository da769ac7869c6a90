#include "platform/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct pp_spill {
	int fd;
};

/* O_TMPFILE gives a file without a name; where the file system has none, a name that is removed at once. */
static int open_unnamed(const char *folder)
{
	char path[4096];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (size_t)snprintf(path, sizeof(path), "%s/pathproof-XXXXXX", folder) >= sizeof(path))
		return fd;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

enum pp_err pp_spill_open(struct pp_spill **ret_spill)
{
	const char *folder = getenv("TMPDIR");
	struct pp_spill *spill = malloc(sizeof(*spill));

	if (!spill)
		return PP_NOMEM;
	spill->fd = open_unnamed(folder && *folder ? folder : "/tmp");
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

#include "platform/tracefile.h"

#include "platform/linux/unnamed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only what is a file, and no link to one, is made room for. */
static int remove_regular(const char *path)
{
	struct stat old;

	if (lstat(path, &old) != 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISREG(old.st_mode))
		return unlink(path);
	errno = S_ISLNK(old.st_mode) ? ELOOP : EEXIST;
	return -1;
}

enum pp_err pp_tracefile_create(const char *path, bool force, struct pp_tracefile *ret_file)
{
	int fd;

	if (path && force && remove_regular(path) != 0)
		return PP_IO;
	fd = path ? open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND, 0600) : pp_unnamed_file();
	if (fd < 0)
		return PP_IO;
	ret_file->fd = fd;
	return PP_OK;
}

enum pp_err pp_tracefile_write(const struct pp_tracefile *file, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = write(file->fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return PP_IO;
		at += n;
		len -= (size_t)n;
	}
	return PP_OK;
}

void pp_tracefile_cut(const struct pp_tracefile *file, uint64_t len)
{
	int why = errno;

	/* O_APPEND and the unnamed file's offset both go on from the new end. */
	if (ftruncate(file->fd, (off_t)len) == 0)
		(void)lseek(file->fd, (off_t)len, SEEK_SET);
	errno = why;
}

enum pp_err pp_tracefile_close(struct pp_tracefile *file)
{
	int fd = file->fd;

	file->fd = -1;
	return fd < 0 || close(fd) == 0 ? PP_OK : PP_IO;
}

void pp_tracefile_remove(const char *path) { (void)unlink(path); }

void pp_tracefile_path(const struct pp_tracefile *file, char path[PP_TRACEFILE_PATH])
{
	snprintf(path, PP_TRACEFILE_PATH, "/proc/self/fd/%d", file->fd);
}

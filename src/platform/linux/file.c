#include "platform/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SPARE = 64 }; /* standard streams, outputs, temporary files, libraries */

enum pp_err pp_file_open(const char *path, struct pp_file *ret_file)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return PP_IO;
	/* Only a hint: it fails on pipes, which is fine. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	ret_file->fd = fd;
	return PP_OK;
}

enum pp_err pp_file_read(const struct pp_file *file, void *bytes, size_t room, size_t *ret_len)
{
	size_t have = 0;
	ssize_t len = 1;

	while (have < room && len != 0) {
		len = read(file->fd, (char *)bytes + have, room - have);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && have == 0)
			return PP_IO;
		if (len < 0)
			break; /* the next call will tell */
		have += (size_t)len;
	}
	*ret_len = have;
	return PP_OK;
}

uint64_t pp_file_size(const struct pp_file *file)
{
	struct stat about = { .st_mode = 0 }; /* clang's MSan does not see what fstat() writes */

	if (fstat(file->fd, &about) != 0 || !S_ISREG(about.st_mode))
		return 0;
	return (uint64_t)about.st_size;
}

void pp_file_many(size_t count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count + SPARE)
		return;
	limit.rlim_cur = count + SPARE < limit.rlim_max ? count + SPARE : limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

void pp_file_close(struct pp_file *file)
{
	if (file->fd > STDIN_FILENO)
		(void)close(file->fd);
	file->fd = -1;
}

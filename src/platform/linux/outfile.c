/* Theory: the directory of the target is opened once and everything happens relative to it, so that a directory that is
 * renamed or replaced meanwhile cannot redirect us.  The temporary file is made with O_EXCL, which never follows a
 * symbolic link.  A target that is a link to a regular file is resolved first: the file is replaced, not the link.
 * A file without a name is gone when an analysis is interrupted; one with a name is made at the first write, late. */
#include "platform/outfile.h"

#include "platform/random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pp_outfile {
	int directory; /* -1: written to directly */
	int fd;        /* -1: no temporary file yet */
	bool exists;
	mode_t mode; /* of the file that is replaced, */
	uid_t uid;   /* and whose it is */
	gid_t gid;
	char name[NAME_MAX + 1]; /* target within the directory */
	char temporary[32];      /* "": there is none, or it has no name */
};

static bool same_file(const struct stat *target, const char *input)
{
	struct stat is;
	int failed = strcmp(input, "-") == 0 ? fstat(STDIN_FILENO, &is) : stat(input, &is);

	return failed == 0 && S_ISREG(is.st_mode) && is.st_dev == target->st_dev && is.st_ino == target->st_ino;
}

static bool is_input(const struct stat *target, const char *const *inputs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (same_file(target, inputs[i]))
			return true;
	return false;
}

static enum pp_err fail(int why)
{
	errno = why;
	return PP_IO;
}

/* Opens the directory the path is in and keeps the last component. */
static enum pp_err open_directory(struct pp_outfile *file, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

	if (!directory)
		return PP_NOMEM;
	file->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	if (file->directory < 0 || faccessat(file->directory, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return PP_IO;
	if (!name[0])
		return fail(ENOENT);
	if (strlen(name) >= sizeof(file->name))
		return fail(ENAMETOOLONG);
	strcpy(file->name, name);
	return PP_OK;
}

/* Another's file stays theirs where we may give it to them. */
static bool dress(const struct pp_outfile *file)
{
	if (!file->exists)
		return true;
	if (fchown(file->fd, file->uid, file->gid) != 0 && fchown(file->fd, (uid_t)-1, file->gid) != 0)
		errno = 0;
	return fchmod(file->fd, file->mode) == 0;
}

static void fd_path(const struct pp_outfile *file, char path[32]) { snprintf(path, 32, "/proc/self/fd/%d", file->fd); }

/* A file that gets its name when it is whole.  Not every file system has them, and the name is given through /proc. */
static enum pp_err create_unnamed(struct pp_outfile *file)
{
	char path[32];

	file->fd = openat(file->directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (file->fd < 0)
		return PP_OK;
	fd_path(file, path);
	if (access(path, F_OK) == 0)
		return dress(file) ? PP_OK : PP_IO;
	(void)close(file->fd);
	file->fd = -1;
	return PP_OK;
}

/* A regular file, or none yet. */
static enum pp_err open_replaced(struct pp_outfile *file, const char *path)
{
	char *resolved = file->exists ? realpath(path, NULL) : NULL;
	enum pp_err err;

	if (file->exists && (!resolved || access(resolved, W_OK) != 0))
		err = PP_IO;
	else
		err = open_directory(file, resolved ? resolved : path);
	if (err == PP_OK)
		err = create_unnamed(file);
	free(resolved);
	return err;
}

/* A pipe or device, or standard output. */
static enum pp_err open_direct(struct pp_outfile *file, const char *path)
{
	file->fd = path ? open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) : STDOUT_FILENO;
	return file->fd < 0 ? PP_IO : PP_OK;
}

static enum pp_err open_target(struct pp_outfile *file, const char *path, const char *const *inputs, size_t input_count)
{
	bool is_stdout = strcmp(path, "-") == 0;
	struct stat target;

	if ((is_stdout ? fstat(STDOUT_FILENO, &target) : stat(path, &target)) != 0)
		return errno == ENOENT && !is_stdout ? open_replaced(file, path) : PP_IO;
	if (S_ISREG(target.st_mode) && is_input(&target, inputs, input_count))
		return PP_USAGE;
	if (S_ISDIR(target.st_mode))
		return fail(EISDIR);
	if (is_stdout || !S_ISREG(target.st_mode))
		return open_direct(file, is_stdout ? NULL : path);
	file->exists = true;
	file->mode = target.st_mode & 0777;
	file->uid = target.st_uid;
	file->gid = target.st_gid;
	return open_replaced(file, path);
}

enum pp_err pp_outfile_open(struct pp_outfile **ret_file, const char *path, const char *const *inputs,
			    size_t input_count)
{
	struct pp_outfile *file = calloc(1, sizeof(*file));
	enum pp_err err;

	if (!file)
		return PP_NOMEM;
	file->directory = -1;
	file->fd = -1;
	err = open_target(file, path, inputs, input_count);
	if (err == PP_OK)
		*ret_file = file;
	else
		pp_outfile_close(file);
	return err;
}

static bool create_named(struct pp_outfile *file)
{
	file->fd = openat(file->directory, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	return file->fd >= 0;
}

static bool give_name(struct pp_outfile *file)
{
	char path[32];

	fd_path(file, path);
	return linkat(AT_FDCWD, path, file->directory, file->temporary, AT_SYMLINK_FOLLOW) == 0;
}

/* Finds a name that nobody has and does `how` with it. */
static enum pp_err with_new_name(struct pp_outfile *file, bool (*how)(struct pp_outfile *))
{
	uint64_t number;

	for (int attempt = 0; attempt < 16; attempt++) {
		if (pp_random(&number, sizeof(number)) != PP_OK)
			return PP_IO;
		snprintf(file->temporary, sizeof(file->temporary), ".pathproof-%016llx", (unsigned long long)number);
		if (how(file))
			return PP_OK;
		file->temporary[0] = '\0';
		if (errno != EEXIST)
			return PP_IO;
	}
	return PP_IO;
}

static enum pp_err create_temporary(struct pp_outfile *file)
{
	enum pp_err err = with_new_name(file, create_named);

	return err == PP_OK && !dress(file) ? PP_IO : err;
}

enum pp_err pp_outfile_write(struct pp_outfile *file, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	if (file->fd < 0 && create_temporary(file) != PP_OK)
		return PP_IO;
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

enum pp_err pp_outfile_commit(struct pp_outfile *file)
{
	int fd;

	if (file->directory < 0)
		return PP_OK;
	if (file->fd < 0 && create_temporary(file) != PP_OK)
		return PP_IO;
	/* What is replaced must not be lost to a power cut, either. */
	if (file->exists && fsync(file->fd) != 0)
		return PP_IO;
	if (!file->temporary[0] && with_new_name(file, give_name) != PP_OK)
		return PP_IO;
	fd = file->fd;
	file->fd = -1;
	/* Network file systems report a full disk only here. */
	if (close(fd) != 0)
		return PP_IO;
	if (renameat(file->directory, file->temporary, file->directory, file->name) != 0)
		return PP_IO;
	file->temporary[0] = '\0';
	return PP_OK;
}

int pp_outfile_folder(const struct pp_outfile *file, bool *ret_creates)
{
	*ret_creates = file->directory >= 0 && file->fd < 0;
	return file->directory;
}

bool pp_outfile_replaces(const struct pp_outfile *file, const char *path)
{
	struct stat target, other;

	return file->directory >= 0 && fstatat(file->directory, file->name, &target, 0) == 0 &&
	       stat(path, &other) == 0 && target.st_dev == other.st_dev && target.st_ino == other.st_ino;
}

bool pp_outfile_is_stdout(const char *path)
{
	struct stat target, out;

	if (strcmp(path, "-") == 0)
		return true;
	return stat(path, &target) == 0 && fstat(STDOUT_FILENO, &out) == 0 && target.st_dev == out.st_dev &&
	       target.st_ino == out.st_ino;
}

void pp_outfile_close(struct pp_outfile *file)
{
	int why = errno;

	if (!file)
		return;
	if (file->fd > STDERR_FILENO)
		(void)close(file->fd);
	if (file->temporary[0])
		(void)unlinkat(file->directory, file->temporary, 0);
	if (file->directory >= 0)
		(void)close(file->directory);
	free(file);
	errno = why;
}

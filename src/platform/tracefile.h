/* tracefile: a file that grows while others read it: a capture in the making.
 *
 * Shape   mode 0600, made anew, never through a symbolic link and never over a file unless `force` says so; then
 *         the old file is removed first, so that whoever has it open keeps what it had.
 * Errors  PP_IO, and errno says why: EEXIST for a file that is there, ELOOP for a symbolic link.
 * Owns    its descriptor.
 */
#ifndef PP_PLATFORM_TRACEFILE_H
#define PP_PLATFORM_TRACEFILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PP_TRACEFILE_PATH = 64 };

struct pp_tracefile {
	int fd; /* -1: not open */
};

/* `path` NULL: a file without a name, gone when it is closed. */
enum pp_err PP_MUST_CHECK pp_tracefile_create(const char *path, bool force, struct pp_tracefile *ret_file);
/* All of it, or an error. */
enum pp_err PP_MUST_CHECK pp_tracefile_write(const struct pp_tracefile *file, const void *bytes, size_t len);
void pp_tracefile_cut(const struct pp_tracefile *file, uint64_t len); /* leaves the first `len` bytes */
/* Closing is where network file systems report a full disk. */
enum pp_err PP_MUST_CHECK pp_tracefile_close(struct pp_tracefile *file);
void pp_tracefile_remove(const char *path);
/* A path under which this process can read the file from its beginning. */
void pp_tracefile_path(const struct pp_tracefile *file, char path[PP_TRACEFILE_PATH]);

#endif

/* file: an input file, opened and read from front to back, nothing more.
 *
 * Errors  PP_IO, and errno says why.
 * Owns    the descriptor until pp_file_close(); standard input is never closed.
 */
#ifndef PP_PLATFORM_FILE_H
#define PP_PLATFORM_FILE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct pp_file {
	int fd;
};

/* `path` "-" is standard input. */
enum pp_err PP_MUST_CHECK pp_file_open(const char *path, struct pp_file *ret_file);
/* `room` bytes, fewer only where the file ends or fails, so that a pipe is read in the same pieces as a file; *ret_len 0
 * with PP_OK is the end of the file. */
enum pp_err PP_MUST_CHECK pp_file_read(const struct pp_file *file, void *bytes, size_t room, size_t *ret_len);
/* 0 for what has none or does not say: pipes, devices. */
uint64_t pp_file_size(const struct pp_file *file);
/* So many may be open at once, as far as the system lets us. */
void pp_file_many(size_t count);
void pp_file_close(struct pp_file *file); /* a second call does nothing */

#endif

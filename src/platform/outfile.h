/* outfile: a file that appears whole or not at all.
 *
 * Shape   a new or regular file is written beside the target without a name, or where the file system has no such files
 *         under a name of its own, and takes the target's place at pp_outfile_commit(), with its mode and, where that
 *         is permitted, its owner; standard output, pipes and devices are written to directly.  Everything that can be
 *         checked is checked at pp_outfile_open(), before the work whose result is to be written.
 * Errors  PP_USAGE: the target is one of the inputs.  PP_IO: errno says why.
 * Owns    its descriptors and, until the commit, the temporary file; pp_outfile_close() drops an uncommitted one.
 */
#ifndef PP_PLATFORM_OUTFILE_H
#define PP_PLATFORM_OUTFILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct pp_outfile;

/* `path` "-" is standard output; an input "-" is standard input. */
enum pp_err PP_MUST_CHECK pp_outfile_open(struct pp_outfile **ret_file, const char *path, const char *const *inputs,
					  size_t input_count);
enum pp_err PP_MUST_CHECK pp_outfile_write(struct pp_outfile *file, const void *bytes, size_t len);
enum pp_err PP_MUST_CHECK pp_outfile_commit(struct pp_outfile *file);
/* The folder in which the commit names the file, -1: nothing is named.  *ret_creates: the file is yet to be created there
 * when it is first written to. */
int pp_outfile_folder(const struct pp_outfile *file, bool *ret_creates);
/* True when the commit would replace the file of that name. */
bool pp_outfile_replaces(const struct pp_outfile *file, const char *path);
/* True when `path` is what standard output writes to. */
bool pp_outfile_is_stdout(const char *path);
void pp_outfile_close(struct pp_outfile *file); /* NULL is fine */

#endif

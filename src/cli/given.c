#include "cli/given.h"

#include <errno.h>

void pp_given_open(struct pp_given *given, const char *path)
{
	enum pp_err err;

	*given = (struct pp_given){ .path = path, .file.fd = -1 };
	errno = 0;
	err = pp_file_open(path, &given->file);
	if (err != PP_OK)
		given->why = errno ? errno : EIO;
}

void pp_given_close(struct pp_given *given) { pp_file_close(&given->file); }

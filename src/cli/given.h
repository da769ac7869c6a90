/* given: a file the user named, opened before the first byte of any is read, because nothing can be opened after that.
 *
 * Errors  that it could not be opened is kept and told when it is needed.
 * Owns    the descriptor until pp_given_close() or until somebody takes `file` over and sets its fd to -1.
 */
#ifndef PP_CLI_GIVEN_H
#define PP_CLI_GIVEN_H

#include "platform/file.h"

struct pp_given {
	const char *path; /* as given */
	struct pp_file file;
	int why; /* errno, when it could not be opened; else 0 */
};

void pp_given_open(struct pp_given *given, const char *path);
void pp_given_close(struct pp_given *given);

#endif

/* privilege: what this process may do, and giving it up. */
#ifndef PP_PLATFORM_PRIVILEGE_H
#define PP_PLATFORM_PRIVILEGE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* True when packets can be captured; else *ret_missing names what is missing and `command` gets how to grant it. */
bool pp_privilege_to_capture(const char **ret_missing, char *command, size_t size);
/* Becomes the user who called (through sudo, too), without capabilities and without a way to get new ones.  A calling
 * root stays root and keeps only what lets it write where others own the folder. */
enum pp_err PP_MUST_CHECK pp_privilege_drop(void);
/* Stays who it is, without capabilities; `writes`: apart from writing where others own the folder. */
bool pp_privilege_shed(bool writes);

#endif

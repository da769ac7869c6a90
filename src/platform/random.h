/* random: bytes nobody can foresee, for the keys of hash tables.  They never reach the output. */
#ifndef PP_PLATFORM_RANDOM_H
#define PP_PLATFORM_RANDOM_H

#include "base/err.h"

#include <stddef.h>

enum pp_err PP_MUST_CHECK pp_random(void *bytes, size_t len); /* PP_IO when the system has none to give */

#endif

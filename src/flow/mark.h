/* mark: marks, and the sides of the connection they are of. */
#ifndef PP_FLOW_MARK_H
#define PP_FLOW_MARK_H

#include "base/mark.h"

enum pp_side { PP_CLIENT = 0, PP_SERVER = 1 };

static inline enum pp_side pp_other_side(enum pp_side side) { return side == PP_CLIENT ? PP_SERVER : PP_CLIENT; }

#endif

/* spill: an unnamed temporary file that is gone when it is closed, whatever happens to the process. */
#ifndef PP_PLATFORM_SPILL_H
#define PP_PLATFORM_SPILL_H

#include "base/cur.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { PP_SPILL_PARTS_MAX = 64 };

struct pp_spill;

enum pp_err PP_MUST_CHECK pp_spill_open(struct pp_spill **ret_spill);
void pp_spill_close(struct pp_spill *spill);
/* The parts one behind the other, at most PP_SPILL_PARTS_MAX. */
enum pp_err PP_MUST_CHECK pp_spill_write(struct pp_spill *spill, uint64_t offset, const struct pp_span *parts,
					 size_t count);
enum pp_err PP_MUST_CHECK pp_spill_read(struct pp_spill *spill, uint64_t offset, void *bytes, size_t len);

#endif

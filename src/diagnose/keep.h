/* keep: a verdict as few bytes, for as long as the diagnosis lives; private to diagnose/.
 *
 * Shape   what a verdict says of its rule is not among the bytes: rule, outcome, grade, domain and owner are its
 *         candidate's.  Numbers take as many bytes as they need, marks are distances from the one before, text that is
 *         the host's name is not written.
 * Owns    nothing.  An unpacked verdict's text lies in the bytes, or is the host's name.
 */
#ifndef PP_DIAGNOSE_KEEP_H
#define PP_DIAGNOSE_KEEP_H

#include "base/buf.h"
#include "diagnose/table.h"

/* `row`: the look-alikes of the verdict's rule, or NULL.  `name`: the host's, or NULL. */
enum pp_err PP_MUST_CHECK pp_keep_pack(struct pp_buf *to, const struct pp_verdict *verdict,
				       const struct pp_look_alikes *row, const char *name);
/* Fills all but what is the candidate's; the same row and name as before. */
void pp_keep_unpack(struct pp_verdict *verdict, const uint8_t *from, const struct pp_look_alikes *row,
		    const char *name);

#endif

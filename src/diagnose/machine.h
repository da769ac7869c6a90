/* machine: what the machine that captured told beside its packets (source/note.h): services that failed, and when
 * packets were lost; private to diagnose/.
 *
 * Limits  PP_MACHINE_UNITS services; a loss that cannot be kept counts against the whole file.
 */
#ifndef PP_DIAGNOSE_MACHINE_H
#define PP_DIAGNOSE_MACHINE_H

#include "diagnose/case.h"

/* After the files' runs are known. */
void pp_machine_observe(struct pp_diagnosis *diagnosis, const struct pp_capture *captures, unsigned count);
/* The capturer lost packets at some time from `since` to `until`, in the capture that this file belongs to. */
bool pp_machine_lost(const struct pp_diagnosis *diagnosis, uint16_t file, int64_t since, int64_t until);

#endif

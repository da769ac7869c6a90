/* analyse: one capture in memory through the whole program: verdicts, JSON Lines and the text report. */
#ifndef PP_FUZZ_ANALYSE_H
#define PP_FUZZ_ANALYSE_H

#include "fuzz/fuzz.h"

void fuzz_analyse(const uint8_t *file, size_t size);

#endif

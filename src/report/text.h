/* text: the report a person reads: what broke and who owns it first, then the proof, then everything else in short.
 *
 * Shape   printed from the findings in one go.  Width and colour are the caller's decision, so the same findings give
 *         the same bytes.
 * Owns    nothing.
 */
#ifndef PP_REPORT_TEXT_H
#define PP_REPORT_TEXT_H

#include "report/findings.h"
#include "report/out.h"

struct pp_text_options {
	unsigned width; /* columns; 0: PP_WIDTH_DEFAULT */
	bool color;
	bool quiet;   /* the conclusion only */
	bool verbose; /* every connection and lookup, too */
};

/* What the output said. */
enum pp_err PP_MUST_CHECK pp_text_write(const struct pp_findings *findings, const struct pp_text_options *options,
					struct pp_out *out);

#endif

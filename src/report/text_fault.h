/* text_fault: one fault of the text report, with its proof and what to do. */
#ifndef PP_REPORT_TEXT_FAULT_H
#define PP_REPORT_TEXT_FAULT_H

#include "report/findings.h"
#include "report/layout.h"

/* `number` counts the faults printed; `above` is an earlier one of the same rule, whose advice need not be repeated
 * (`above_number`), or NULL; `said` is the sentence that stands above the faults already. */
struct pp_text_fault {
	const struct pp_finding *finding, *above;
	unsigned number, above_number;
	const char *said;
};

void pp_text_fault(struct pp_layout *layout, const struct pp_findings *findings, const struct pp_text_fault *fault);

#endif

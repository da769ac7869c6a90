/* account: every judgement is booked with its host while the connections go by; private to diagnose/. */
#ifndef PP_DIAGNOSE_ACCOUNT_H
#define PP_DIAGNOSE_ACCOUNT_H

#include "diagnose/case.h"

/* One rule's verdicts on a host: the best of them, and how many there were. */
struct pp_candidate {
	const struct pp_rule *rule; /* as in its verdict, with outcome and grade: asked by every further one */
	enum pp_outcome outcome;
	enum pp_grade grade;
	uint32_t count;
	bool by_lookup;
	bool real; /* outcome ok because it worked, not because nobody wanted anything */
	uint16_t file, port;
	uint32_t stream;
	unsigned evidence_room;
	struct pp_verdict *verdict; /* text owned by the diagnosis; memory for `evidence_room` pieces of evidence */
};

void pp_account_connection(struct pp_diagnosis *diagnosis, const struct pp_case *c, const struct pp_verdict *verdict);
void pp_account_lookup(struct pp_diagnosis *diagnosis, const struct pp_case *c, const struct pp_verdict *verdict);

#endif

/* account: every judgement is booked with its host while the connections go by; private to diagnose/. */
#ifndef PP_DIAGNOSE_ACCOUNT_H
#define PP_DIAGNOSE_ACCOUNT_H

#include "diagnose/case.h"

/* One rule's verdicts on a host: the best of them, and how many there were. */
struct pp_candidate {
	struct pp_candidate *next;
	const struct pp_rule *rule; /* of its verdict, as what follows: asked by every further one */
	uint32_t count, stream;
	uint16_t file, port;
	uint8_t outcome, grade, domain, owner;
	bool by_lookup;
	bool real; /* outcome ok because it worked, not because nobody wanted anything */
	uint32_t room;
	uint8_t kept[]; /* the verdict: keep.h */
};

void pp_candidate_verdict(const struct pp_diagnosis *diagnosis, const struct pp_host_record *host,
			  const struct pp_candidate *candidate, struct pp_verdict *ret_verdict);

void pp_account_connection(struct pp_diagnosis *diagnosis, const struct pp_case *c, const struct pp_verdict *verdict);
void pp_account_lookup(struct pp_diagnosis *diagnosis, const struct pp_case *c, const struct pp_verdict *verdict);

#endif

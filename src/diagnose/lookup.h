/* lookup: what rules ask about one lookup; private to diagnose/. */
#ifndef PP_DIAGNOSE_LOOKUP_H
#define PP_DIAGNOSE_LOOKUP_H

#include "diagnose/case.h"

/* A resolver answered a question for addresses; the code that counts: NOERROR where it gave one, else that of the A
 * record's, whose absence is what clients fail at.  False: none was answered. */
bool pp_lookup_rcode(const struct pp_lookup *lookup, uint8_t *ret_rcode);
bool pp_lookup_answered(const struct pp_lookup *lookup);
bool pp_lookup_wants_address(const struct pp_lookup *lookup);
/* A name that the answer leads to was looked up by itself, and has an address. */
bool pp_lookup_alias_found(const struct pp_case *c);
/* Names that may fail in health: discovery, search suffixes, reverse lookups, block lists. */
bool pp_lookup_is_noise(const struct pp_case *c);
/* Another resolver or a later try answered, or a connection to the name worked. */
bool pp_lookup_recovered(const struct pp_case *c, struct pp_mark *ret_mark);

void pp_lookup_observe(struct pp_diagnosis *diagnosis, const struct pp_lookup *lookup,
		       const struct pp_attribution *who);

#endif

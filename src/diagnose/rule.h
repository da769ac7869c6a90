/* rule: one row of the rule table.  Ids are those of the diagnosis facts, stable for ever and never reused.
 *
 * Text fields are English msgids marked with N_() and may hold these placeholders, expanded by report/phrase.c:
 * {host} (host or address and port), {service} (the same where the sentence has {server} too), {server} (address:port
 * on the wire), {proxy}, {device}, {detail}, {n}.
 */
#ifndef PP_DIAGNOSE_RULE_H
#define PP_DIAGNOSE_RULE_H

#include "diagnose/verdict.h"

#define N_(text) text

enum pp_scope { PP_SCOPE_CONNECTION, PP_SCOPE_LOOKUP, PP_SCOPE_CAPTURE };

/* What must have been observable; when it was not, the rule is "unknown", never "clear" (diagnose/gates.h). */
enum pp_need {
	PP_NEED_START = 0x01,        /* captured from its SYN on: not CAP-01 */
	PP_NEED_BOTH_SIDES = 0x02,   /* not CAP-02 */
	PP_NEED_WHOLE_FRAMES = 0x04, /* not CAP-03 */
	PP_NEED_NO_DROPS = 0x08,     /* the capturer lost nothing: not CAP-09 */
	PP_NEED_WAITED = 0x10,       /* the capture went on long enough after it: not CAP-08 */
	PP_NEED_REAL_NETWORK = 0x20, /* no loopback hop: not CAP-10 */
};

struct pp_case;

struct pp_rule {
	const char *id, *name; /* "FW-08", short name */
	enum pp_scope scope;
	enum pp_outcome outcome; /* what a hit means */
	enum pp_domain domain;
	enum pp_owner owner;
	enum pp_grade most; /* the highest grade it may carry */
	unsigned needs;     /* enum pp_need */
	/* Pure: true on a hit, with grade, evidence and values in `verdict` (rule, outcome, domain, owner are preset).
	 * NULL: the row is only cited (gates, notes) and never matched by the loop. */
	bool (*match)(const struct pp_case *c, struct pp_verdict *verdict);
	const char *summary;   /* one sentence: what broke and who owns it */
	const char *when;      /* the conditions, for `pathproof rules` and docs/rules.md */
	const char *traps;     /* what looks alike */
	const char *next_test; /* what would decide or raise the grade */
	const char *remedy;
	const char *source;       /* references of the diagnosis facts */
	const char *alternatives; /* ids, comma separated: what else would look like this */
};

/* All rules, in the order in which they are asked for a connection (diagnosis facts section 3). */
extern const struct pp_rule *const pp_rules[];
extern const size_t pp_rule_count;
const struct pp_rule *pp_rule_find(const char *id); /* case-insensitive; NULL: none */

#endif

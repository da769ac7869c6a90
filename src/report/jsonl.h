/* jsonl: JSON Lines, one record a line, as the contract and docs/schema.json have them.
 *
 * Shape   a visitor: records are written as they come, nothing is held.  Text is English in every locale.
 * Errors  the first failure of the output ends the visit; the rest is up to pp_out_flush().
 * Owns    its templates; output and paths are borrowed.
 */
#ifndef PP_REPORT_JSONL_H
#define PP_REPORT_JSONL_H

#include "engine/analysis.h"
#include "report/json_verdict.h"

struct pp_jsonl {
	struct pp_json json;
	const char *const *paths; /* of the input files, by index */
	unsigned path_count;
	struct pp_templates templates; /* of verdicts and certificates */
	struct pp_json_verdicts verdicts;
	struct pp_visitor visitor;
};

/* `jsonl` must stay where it is as long as its visitor is used. */
void pp_jsonl_init(struct pp_jsonl *jsonl, struct pp_out *out, const char *const *paths, unsigned path_count);
void pp_jsonl_done(struct pp_jsonl *jsonl);

#endif

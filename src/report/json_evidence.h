/* json_evidence: what packets show, as elements of a list: {"packet":12,"what":"SYN-ACK with TTL 62"}.
 *
 * Shape   the sentence of each kind is a template.
 * Owns    the sentences; JSON and paths are borrowed.
 */
#ifndef PP_REPORT_JSON_EVIDENCE_H
#define PP_REPORT_JSON_EVIDENCE_H

#include "diagnose/verdict.h"
#include "report/json.h"
#include "report/template.h"

struct pp_json_evidence {
	struct pp_json *json;
	const char *const *paths; /* of the input files, by index */
	unsigned path_count;
	struct pp_templates sentences; /* their own: they are made while a verdict's template is being filled */
	struct {
		uint32_t generation; /* of the sentences; others are gone */
		const char *message[PP_EV_KINDS];
		const struct pp_template *template[PP_EV_KINDS];
	} latest; /* of each kind */
};

void pp_json_evidence_init(struct pp_json_evidence *writer, struct pp_json *json, const char *const *paths,
			   unsigned path_count);
void pp_json_evidence_done(struct pp_json_evidence *writer);

/* All of a verdict's, without the brackets, at `at` (json.h), where a comma has room; leaves PP_TEMPLATE_ROOM.  The
 * packets are of `file` unless an evidence says which other one. */
char *pp_json_put_evidence(struct pp_json_evidence *writer, char *at, const struct pp_evidence *evidence,
			   unsigned count, uint16_t file);

#endif

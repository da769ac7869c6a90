/* json_verdict: verdicts with their evidence, alike in all records.
 *
 * Shape   all that verdicts of one rule with the same kinds of evidence and the same alternatives have in common is a
 *         template: what a record adds is packets, addresses, names and numbers.
 * Owns    nothing; JSON, templates and paths are borrowed.
 */
#ifndef PP_REPORT_JSON_VERDICT_H
#define PP_REPORT_JSON_VERDICT_H

#include "diagnose/verdict.h"
#include "report/json.h"
#include "report/phrase.h"
#include "report/template.h"

struct pp_json_verdicts {
	struct pp_json *json;
	struct pp_templates *templates;
	const char *const *paths; /* of the input files, by index */
	unsigned path_count;
	struct pp_endpoint_addr server; /* the latest one, as it was phrased */
	size_t server_len;
	char server_text[PP_PHRASE_PUT];
};

void pp_json_verdicts_init(struct pp_json_verdicts *verdicts, struct pp_json *json, struct pp_templates *templates,
			   const char *const *paths, unsigned path_count);

/* What packet numbers refer to, and how Wireshark shows what the verdict is about: a stream, a filter or nothing. */
struct pp_json_subject {
	uint16_t file;
	const uint32_t *stream;
	const char *filter;
};

/* Verdict and what is also said, as members that go on at `at` (json.h); it needs room for two. */
char *pp_json_put_judgement(struct pp_json_verdicts *verdicts, char *at, const struct pp_judgement *judged,
			    const struct pp_json_subject *subject);
/* One verdict as a member or, with `key` NULL, as an element of a list. */
void pp_json_verdict(struct pp_json_verdicts *verdicts, const char *key, const struct pp_verdict *verdict,
		     const struct pp_json_subject *subject);
void pp_json_domain_owner_grade(struct pp_json *json, const struct pp_verdict *verdict);

#endif

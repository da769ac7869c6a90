/* phrase: verdicts, evidence, grades and owners as sentences.
 *
 * Shape   a code with values goes in, a sentence is added to a line.  The sentences are rows of one table; rule texts
 *         come from the rule table.  Nothing is judged here.
 */
#ifndef PP_REPORT_PHRASE_H
#define PP_REPORT_PHRASE_H

#include "base/digits.h"
#include "diagnose/diagnose.h"
#include "report/intl.h"
#include "report/line.h"

/* A text of the rule table (rule.h) with its placeholders filled from the verdict. */
void pp_phrase_rule(struct pp_line *line, enum pp_language language, const char *message,
		    const struct pp_verdict *verdict);

void pp_phrase_summary(struct pp_line *line, enum pp_language language, const struct pp_verdict *verdict);
void pp_phrase_next_test(struct pp_line *line, enum pp_language language, const struct pp_verdict *verdict);
void pp_phrase_evidence(struct pp_line *line, enum pp_language language, const struct pp_evidence *evidence);

/* The same for writers that cut a message once and fill it in often (template.h): the message; a placeholder's number,
 * below PP_PHRASE_VALUES, or -1 when there is no such placeholder; and its value.  A value is either a text of somebody
 * else's, to be escaped and cut as pp_line_value() does it (NULL: it is none; "": there is nothing to say), or it is put
 * at `at`: at most PP_PHRASE_PUT bytes without a NUL.  In English nothing in the latter needs escaping. */
enum { PP_PHRASE_PUT = 192, PP_PHRASE_VALUES = 128 };
const char *pp_phrase_evidence_message(enum pp_language language, const struct pp_evidence *evidence);
int pp_phrase_verdict_value(const char *name);
int pp_phrase_evidence_value(const char *name);
char *pp_phrase_put_verdict(char *at, enum pp_language language, const struct pp_verdict *verdict, int value);
char *pp_phrase_put_evidence(char *at, enum pp_language language, const struct pp_evidence *evidence, int value);

/* Of evidence: the only text, and `a` and `b` as numbers. */
enum { PP_PHRASE_TEXT, PP_PHRASE_A, PP_PHRASE_B };
/* Of verdicts; a host that is no text is the server. */
enum { PP_PHRASE_HOST, PP_PHRASE_SERVICE, PP_PHRASE_DETAIL, PP_PHRASE_SERVER, PP_PHRASE_NUMBER };
#define PP_PHRASE_UNNAMED N_("an unnamed service") /* a service that is no text */

static inline const char *pp_phrase_verdict_text(const struct pp_verdict *verdict, int value)
{
	if (value == PP_PHRASE_HOST || value == PP_PHRASE_SERVICE)
		return verdict->host;
	return value != PP_PHRASE_DETAIL ? NULL : verdict->detail ? verdict->detail : "";
}

static inline const char *pp_phrase_evidence_text(const struct pp_evidence *evidence, int value)
{
	return value != PP_PHRASE_TEXT ? NULL : evidence->text ? evidence->text : "";
}

/* As the two put what is a number. */
static inline char *pp_phrase_put_number(char *at, int64_t value)
{
	*at = '-';
	return pp_digits(at + (value < 0), pp_digits_magnitude(value));
}

/* What the whole run comes to, in one sentence. */
void pp_phrase_conclusion(struct pp_line *line, enum pp_language language, const struct pp_conclusion *conclusion);

const char *pp_phrase_owner(enum pp_language language, enum pp_owner owner);     /* "the proxy team" */
const char *pp_phrase_grade(enum pp_language language, enum pp_grade grade);     /* "proven" */
const char *pp_phrase_grade_why(enum pp_language language, enum pp_grade grade); /* what that grade means */

/* Resolver (line.h) of messages that only hold {n}; `context` is a uint32_t. */
bool pp_phrase_count(const void *context, const char *name, struct pp_line *line);

/* Wireshark display filters that show what a verdict is about. */
void pp_filter_stream(struct pp_line *line, uint32_t stream);
void pp_filter_lookup(struct pp_line *line, const char *name);

#endif

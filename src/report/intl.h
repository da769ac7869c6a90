/* intl: text a person reads, in the reader's language.
 *
 * English sentences are the message ids: _() where the text is used at once, N_() where a table holds it.  Machine
 * output (JSON) is English in every locale, so phrases take the language they are wanted in.
 */
#ifndef PP_REPORT_INTL_H
#define PP_REPORT_INTL_H

#include <libintl.h>
#include <stdbool.h>
#include <stdint.h>

#define PP_TEXT_DOMAIN "pathproof"
#define _(text) pp_translate(text)
#define N_(text) text
#define NP_(one, many) one, many /* a table's singular and plural */

enum pp_language { PP_ENGLISH, PP_READER };

/* Takes the reader's language from the locale, and nothing else: numbers and sorting stay as in the C locale, and text
 * is UTF-8 whatever the locale's encoding, so that the same input gives the same bytes.  Catalogues are read now. */
void pp_language_init(void);
void pp_language_english(void); /* whatever the locale says */

/* Whether there is a catalogue; without one gettext looks for it at every message.  Set by those two alone. */
extern bool pp_text_translated;

__attribute__((format_arg(1))) static inline const char *pp_translate(const char *message)
{
	return pp_text_translated ? dgettext(PP_TEXT_DOMAIN, message) : message;
}

/* The message in that language; "" for NULL. */
static inline const char *pp_say(enum pp_language language, const char *message)
{
	if (!message || !message[0]) /* gettext("") is the catalogue's header */
		return "";
	return language == PP_ENGLISH ? message : pp_translate(message);
}

/* Singular or plural by `n`, as the language has it. */
static inline const char *pp_say_n(enum pp_language language, const char *one, const char *many, uint64_t n)
{
	if (language == PP_ENGLISH || !pp_text_translated)
		return n == 1 ? one : many;
	return dngettext(PP_TEXT_DOMAIN, one, many, (unsigned long)n);
}

#endif

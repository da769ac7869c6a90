#include "report/intl.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

bool pp_text_translated;

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* What setlocale(3) takes the language of messages from. */
static const char *locale_name(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (setting(names[i])[0])
			return setting(names[i]);
	return "C";
}

/* English as it is in the program: no catalogue is looked for, neither ours nor the system's. */
static bool is_english(const char *locale)
{
	if (strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0)
		return true;
	/* gettext(3): only of this one LANGUAGE may make another. */
	return (strcmp(locale, "C.UTF-8") == 0 || strcmp(locale, "C.utf8") == 0) && !setting("LANGUAGE")[0];
}

void pp_language_init(void)
{
	if (is_english(locale_name()))
		return;
	(void)setlocale(LC_MESSAGES, "");
#ifdef PP_LOCALEDIR
	(void)bindtextdomain(PP_TEXT_DOMAIN, PP_LOCALEDIR);
#endif
	(void)bind_textdomain_codeset(PP_TEXT_DOMAIN, "UTF-8");
	pp_text_translated = dgettext(PP_TEXT_DOMAIN, "")[0] != '\0';
}

void pp_language_english(void)
{
	(void)setlocale(LC_MESSAGES, "C");
	pp_text_translated = false;
}

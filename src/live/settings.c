#include "live/settings.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX = 2048 };

static bool contains(const char *text, const char *part)
{
	size_t len = strlen(part);

	for (; *text; text++)
		if (strncasecmp(text, part, len) == 0)
			return true;
	return false;
}

static bool is_secret(const char *name)
{
	/* Not "pass" alone: proxy.bypass is no secret. */
	return contains(name, "passw") || contains(name, "passphrase") || contains(name, "pwd") ||
	       contains(name, "secret") || contains(name, "token") || contains(name, "user");
}

void pp_settings_blank(char *value, size_t size)
{
	char *scheme = strstr(value, "://"), *begin = scheme ? scheme + 3 : value, *at = strrchr(begin, '@');
	char copy[PP_SETTING_VALUE];

	/* The last '@' of all: a password may hold one, and a slash, too. */
	if (!at)
		return;
	snprintf(copy, sizeof(copy), "%.*s***%s", (int)(begin - value), value, at);
	snprintf(value, size, "%s", copy);
}

static void add(struct pp_settings *settings, const char *where, const char *name, size_t name_len, const char *value,
		size_t value_len)
{
	struct pp_setting row;

	if (name_len == 0 || name_len >= sizeof(row.name) || value_len >= sizeof(row.value))
		return;
	row.ours = settings->ours;
	snprintf(row.where, sizeof(row.where), "%s", where);
	snprintf(row.name, sizeof(row.name), "%.*s", (int)name_len, name);
	snprintf(row.value, sizeof(row.value), "%.*s", (int)value_len, value);
	if (!contains(row.name, "proxy") && !contains(where, "ProxyInfo"))
		return;
	if (row.value[0] && is_secret(row.name))
		snprintf(row.value, sizeof(row.value), "***");
	pp_settings_blank(row.value, sizeof(row.value));
	if (settings->count == PP_SETTINGS_MAX)
		settings->refused++;
	else
		settings->list[settings->count++] = row;
}

/* One NAME=VALUE; `separators` are what may stand between the two. */
static void pair(struct pp_settings *settings, const char *where, const char *text, size_t len, const char *separators)
{
	size_t name, value;

	while (len && isspace((unsigned char)*text))
		text++, len--;
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (len > 7 && strncmp(text, "export ", 7) == 0)
		text += 7, len -= 7;
	for (name = 0; name < len && !strchr(separators, text[name]); name++)
		;
	if (name == len || *text == '#')
		return;
	for (value = name + 1; value < len && isspace((unsigned char)text[value]); value++)
		;
	while (name && isspace((unsigned char)text[name - 1]))
		name--;
	if (len - value >= 2 && (text[value] == '"' || text[value] == '\'') && text[len - 1] == text[value])
		value++, len--;
	add(settings, where, text, name, text + value, len - value);
}

void pp_settings_lines(struct pp_settings *settings, const char *where, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\r\n");

		pair(settings, where, text, len, "=:");
		text += len;
		text += strspn(text, "\r\n");
	}
}

void pp_settings_words(struct pp_settings *settings, const char *where, const char *text)
{
	char word[WORD_MAX];
	size_t len = 0;
	char quote = '\0';

	for (;; text++) {
		bool end = !*text || (!quote && isspace((unsigned char)*text));

		if (end && len) {
			pair(settings, where, word, len, "=");
			len = 0;
		}
		if (!*text)
			return;
		if (end)
			continue;
		if (*text == quote)
			quote = '\0';
		else if (!quote && (*text == '"' || *text == '\''))
			quote = *text;
		else if (len < sizeof(word) - 1)
			word[len++] = *text == '\\' && text[1] ? *++text : *text;
	}
}

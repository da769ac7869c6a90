#include "attribute/proxy_setting.h"

#include "attribute/prefix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT_HTTP = 80, PORT_HTTPS = 443, WORD_MAX = 256 };

/* ------------------------------------------------------------------ reading */

static const struct variable {
	const char *name;
	bool https, http, bypass;
} variables[] = {
	{ "https_proxy", true, false, false },       { "http_proxy", false, true, false },
	{ "all_proxy", true, true, false },          { "proxy.url", true, true, false },
	{ "MDSD_PROXY_ADDRESS", true, true, false }, { "Address", true, true, false },
	{ "no_proxy", false, false, true },          { "proxy.bypass", false, false, true },
};

/* "proxy.url (preview)" is that, too. */
static const struct variable *variable_of(const char *name)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		size_t len = strlen(variables[i].name);

		if (strncasecmp(name, variables[i].name, len) == 0 && (!name[len] || name[len] == ' '))
			return &variables[i];
	}
	return NULL;
}

/* host, host:port or [address]:port, up to a path. */
static bool take_host(struct pp_proxy_setting *setting, const char *text)
{
	const char *end = text + strcspn(text, "/ \t,;"), *port = NULL, *host_end;
	size_t len;

	if (*text == '[') {
		host_end = memchr(text, ']', (size_t)(end - text));
		if (!host_end)
			return false;
		text++;
		port = host_end + 1 < end && host_end[1] == ':' ? host_end + 2 : NULL;
	} else {
		const char *colon = memchr(text, ':', (size_t)(end - text));

		host_end = colon ? colon : end;
		port = colon ? colon + 1 : NULL;
	}
	len = (size_t)(host_end - text);
	if (len == 0 || len >= sizeof(setting->host))
		return false;
	for (size_t i = 0; i < len; i++)
		setting->host[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
	setting->port = port ? (uint16_t)strtoul(port, NULL, 10) : 0;
	return true;
}

static void add_proxy(struct pp_proxy_settings *settings, const struct pp_note *note, const struct variable *variable)
{
	struct pp_proxy_setting setting = {
		.note = note, .ours = note->flags & PP_NOTE_OURS, .https = variable->https, .http = variable->http
	};
	const char *value = note->text[2], *scheme = strstr(value, "://"), *user;

	value = scheme ? scheme + 3 : value;
	user = strrchr(value, '@');
	if (!take_host(&setting, user ? user + 1 : value))
		return;
	snprintf(setting.said, sizeof(setting.said), "%.150s: %.60s=%.250s", note->text[0], note->text[1],
		 note->text[2]);
	setting.is_name = pp_addr_parse(setting.host, &setting.addresses[0]) != PP_OK;
	setting.address_count = !setting.is_name;
	if (settings->count == PP_PROXY_SETTINGS_MAX)
		settings->over = true;
	else
		settings->list[settings->count++] = setting;
}

void pp_proxy_settings_add(struct pp_proxy_settings *settings, const struct pp_notes *notes)
{
	for (size_t i = 0; notes && i < notes->count; i++) {
		const struct pp_note *note = notes->list[i];
		const struct variable *variable;

		if (note->kind != PP_NOTE_SETTING || !note->text[0] || !note->text[1] || !note->text[2])
			continue;
		variable = variable_of(note->text[1]);
		if (variable && !variable->bypass)
			add_proxy(settings, note, variable);
		else if (variable && settings->bypass_count == PP_PROXY_SETTINGS_MAX)
			settings->over = true;
		else if (variable)
			settings->bypass[settings->bypass_count++] = note;
	}
}

/* ------------------------------------------------------------------ asking */

const struct pp_proxy_setting *pp_proxy_setting_for(const struct pp_proxy_settings *settings, uint16_t port)
{
	for (unsigned i = 0; settings && i < settings->count; i++) {
		const struct pp_proxy_setting *setting = &settings->list[i];

		if (setting->ours && ((port == PORT_HTTPS && setting->https) || (port == PORT_HTTP && setting->http)))
			return setting;
	}
	return NULL;
}

static bool host_matches(const char *host, const char *word)
{
	size_t n = host ? strlen(host) : 0, m;

	word += strspn(word, "*");
	word += *word == '.';
	m = strlen(word);
	return m && n >= m && strcasecmp(host + n - m, word) == 0 && (n == m || host[n - m - 1] == '.');
}

static bool net_matches(const struct pp_addr *ip, const char *word)
{
	struct pp_prefix prefix;
	const char *why;

	if (pp_prefix_parse(word, &prefix, &why) != PP_OK)
		return false;
	pp_prefix_sort(&prefix, 1);
	return pp_prefix_find(&prefix, 1, ip) != PP_PREFIX_NONE;
}

/* azcmagent's words for groups of endpoints. */
static bool group_matches(const char *category, const char *word)
{
	static const char *const groups[][2] = {
		{ "AAD", "entra-id" },       { "ARM", "arm" },         { "Arc", "arc" },
		{ "Arc", "guest-config" },   { "Arc", "service-bus" }, { "AMA", "monitor-control" },
		{ "AMA", "monitor-ingest" },
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strcasecmp(word, groups[i][0]) == 0 && strcmp(category, groups[i][1]) == 0)
			return true;
	return false;
}

static bool lists(const char *value, const char *host, const struct pp_addr *ip, const char *category)
{
	while (*value) {
		size_t len = strcspn(value, ", ;\t[]\"");
		char word[WORD_MAX];

		if (len && len < sizeof(word)) {
			memcpy(word, value, len);
			word[len] = '\0';
			if (strcmp(word, "*") == 0 || host_matches(host, word) || net_matches(ip, word) ||
			    group_matches(category, word))
				return true;
		}
		value += len + (value[len] != '\0');
	}
	return false;
}

bool pp_proxy_bypassed(const struct pp_proxy_settings *settings, const char *host, const struct pp_addr *ip,
		       const char *category)
{
	if (pp_addr_is_loopback(ip) || pp_addr_is_link_local(ip) || strcmp(category, "platform") == 0)
		return true; /* never meant for a proxy */
	for (unsigned i = 0; i < settings->bypass_count; i++)
		if (lists(settings->bypass[i]->text[2], host, ip, category))
			return true;
	return settings->over;
}

bool pp_proxy_is_named(const struct pp_proxy_settings *settings, const char *name)
{
	for (unsigned i = 0; i < settings->count; i++)
		if (settings->list[i].is_name && strcmp(settings->list[i].host, name) == 0)
			return true;
	return false;
}

bool pp_proxy_is_set(const struct pp_proxy_settings *settings, const struct pp_endpoint_addr *server)
{
	for (unsigned i = 0; i < settings->count; i++) {
		const struct pp_proxy_setting *setting = &settings->list[i];

		if (setting->port && setting->port != server->port)
			continue;
		if (setting->address_count == 0)
			return true;
		for (unsigned k = 0; k < setting->address_count; k++)
			if (pp_addr_equal(&setting->addresses[k], &server->ip))
				return true;
	}
	return settings->over;
}

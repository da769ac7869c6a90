/* settings: proxy settings as a service sees them, found in text, secrets blanked.
 *
 * Shape   text in the form of systemctl's "Environment=" value, of environment files, or of `azcmagent config list`;
 *         rows out, in the order found.
 * Limits  PP_SETTINGS_MAX rows; more are counted in `refused`.
 */
#ifndef PP_LIVE_SETTINGS_H
#define PP_LIVE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

enum { PP_SETTINGS_MAX = 64, PP_SETTING_WHERE = 256, PP_SETTING_NAME = 64, PP_SETTING_VALUE = 512 };

struct pp_setting {
	char where[PP_SETTING_WHERE], name[PP_SETTING_NAME], value[PP_SETTING_VALUE];
	bool ours;
};

struct pp_settings {
	struct pp_setting list[PP_SETTINGS_MAX];
	unsigned count, refused;
	bool ours; /* what is found from now on is what the services of the capture read */
};

/* NAME=VALUE or NAME: VALUE, one a line, with or without quotes and "export"; only names about proxies are taken. */
void pp_settings_lines(struct pp_settings *settings, const char *where, const char *text);
/* NAME=VALUE "NAME=VALUE with spaces" …, all in one line. */
void pp_settings_words(struct pp_settings *settings, const char *where, const char *text);
/* Replaces user and password of a proxy's URL by "***"; *value is at most `size` bytes with its NUL. */
void pp_settings_blank(char *value, size_t size);

#endif

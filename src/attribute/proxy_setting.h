/* proxy_setting: what the settings that a live capture noted (PP_NOTE_SETTING) say of proxies and of hosts that are to
 * be reached without one.
 *
 * Shape   notes in, rows out; a row without a host names no proxy and is left out.  A name has the addresses that the
 *         caller finds for it.
 * Owns    its rows; the notes are borrowed.
 * Limits  PP_PROXY_SETTINGS_MAX rows of each kind; what is beyond counts as not understood, and nothing is concluded.
 * Source  curl(1) for the variables and no_proxy; azcmagent config; MDSD_PROXY_ADDRESS of the Azure Monitor agent;
 *         Site Recovery's ProxyInfo.conf.
 */
#ifndef PP_ATTRIBUTE_PROXY_SETTING_H
#define PP_ATTRIBUTE_PROXY_SETTING_H

#include "source/note.h"

enum {
	PP_PROXY_SETTINGS_MAX = 16,
	PP_PROXY_SETTING_HOST = 256,
	PP_PROXY_SETTING_TEXT = 512,
	PP_PROXY_SETTING_ADDRESSES = 8,
};

struct pp_proxy_setting {
	const struct pp_note *note;
	char said[PP_PROXY_SETTING_TEXT]; /* where, name and value */
	bool ours;                        /* a service of the capture reads it */
	bool https, http;                 /* for connections of this kind */
	char host[PP_PROXY_SETTING_HOST];
	uint16_t port; /* 0: not said */
	bool is_name;
	struct pp_addr addresses[PP_PROXY_SETTING_ADDRESSES];
	unsigned address_count;
};

struct pp_proxy_settings {
	struct pp_proxy_setting list[PP_PROXY_SETTINGS_MAX];
	unsigned count;
	const struct pp_note *bypass[PP_PROXY_SETTINGS_MAX]; /* no_proxy and the like */
	unsigned bypass_count;
	bool over; /* there was more than there is room for */
};

void pp_proxy_settings_add(struct pp_proxy_settings *settings, const struct pp_notes *notes);
/* The first proxy set for connections to this port, of those a service of the capture reads; NULL: none. */
const struct pp_proxy_setting *pp_proxy_setting_for(const struct pp_proxy_settings *settings, uint16_t port);
/* This host or address is to be reached without a proxy, as far as the settings say. */
bool pp_proxy_bypassed(const struct pp_proxy_settings *settings, const char *host, const struct pp_addr *ip,
		       const char *category);
bool pp_proxy_is_named(const struct pp_proxy_settings *settings, const char *name); /* a proxy is set by that name */
/* It is one of the proxies that are set, or may be one whose address is not known. */
bool pp_proxy_is_set(const struct pp_proxy_settings *settings, const struct pp_endpoint_addr *server);

#endif

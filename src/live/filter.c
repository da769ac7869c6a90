#include "live/filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const unsigned char pp_builtin_filter_default[];
extern const size_t pp_builtin_filter_default_len;
extern const unsigned char pp_builtin_filter_guest_agent[];
extern const size_t pp_builtin_filter_guest_agent_len;

static const struct builtin {
	const char *agent;
	const unsigned char *text;
	const size_t *len;
} filters[] = {
	{ "guest-agent", pp_builtin_filter_guest_agent, &pp_builtin_filter_guest_agent_len },
	{ "", pp_builtin_filter_default, &pp_builtin_filter_default_len }, /* the last is everybody else's */
};

enum { FILTERS = sizeof(filters) / sizeof(filters[0]) };

static const struct builtin *filter_of(const char *agent)
{
	for (size_t i = 0; i + 1 < FILTERS; i++)
		if (agent && strcmp(filters[i].agent, agent) == 0)
			return &filters[i];
	return &filters[FILTERS - 1];
}

/* pcap-filter(7) knows no comments. */
static size_t without_comments(const struct builtin *filter, char *out)
{
	size_t n = 0;
	bool comment = false, line_begins = true;

	for (size_t i = 0; i < *filter->len; i++) {
		char c = (char)filter->text[i];

		comment = line_begins ? c == '#' : comment;
		line_begins = c == '\n';
		if (!comment)
			out[n++] = line_begins ? ' ' : c;
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return n;
}

char *pp_filter_for(const char *agent, const char *user)
{
	const struct builtin *filter = filter_of(agent);
	size_t room = *filter->len + (user ? strlen(user) : 0) + 16;
	char *own = malloc(*filter->len + 1), *both = malloc(room);

	if (own && both) {
		(void)without_comments(filter, own);
		if (user && user[0])
			snprintf(both, room, "(%s) and (%s)", own, user);
		else
			snprintf(both, room, "%s", own);
	} else {
		free(both);
		both = NULL;
	}
	free(own);
	return both;
}

/* filter: which packets a capture takes: the profile's own filter (filters/capture/), and what the user adds to it.
 *
 * Owns    the text it makes is the caller's to free.
 */
#ifndef PP_LIVE_FILTER_H
#define PP_LIVE_FILTER_H

/* "(profile) and (user)"; either may be NULL, and an agent without a filter of its own takes the default one.  NULL:
 * out of memory. */
char *pp_filter_for(const char *agent, const char *user);

#endif

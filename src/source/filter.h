/* filter: pcap-filter(7) expressions on frames of files; the only use of libpcap outside live capture.
 *
 * Shape   new() loads libpcap, and so comes before the sandbox.
 * Errors  PP_USAGE: with libpcap's own words for an expression it does not understand, or why it cannot be loaded.
 * Owns    one compiled program per link type and snap length met.
 */
#ifndef PP_SOURCE_FILTER_H
#define PP_SOURCE_FILTER_H

#include "source/source.h"

enum { PP_FILTER_ERROR_TEXT = 256 };

struct pp_filter;

/* `ret_error` (PP_FILTER_ERROR_TEXT bytes) gets one line on PP_USAGE. */
enum pp_err PP_MUST_CHECK pp_filter_new(struct pp_filter **ret_filter, const char *expression, char *ret_error);
void pp_filter_free(struct pp_filter *filter);
/* A link type for which the expression cannot be compiled passes nothing. */
bool pp_filter_passes(struct pp_filter *filter, const struct pp_frame *frame);

#endif

/* time: capture time is int64_t nanoseconds since 1970-01-01T00:00:00Z; nothing here asks the system for the time. */
#ifndef PP_BASE_TIME_H
#define PP_BASE_TIME_H

#include <stddef.h>
#include <stdint.h>

#define PP_MS 1000000LL
#define PP_SECOND 1000000000LL
#define PP_TIME_NONE INT64_MIN                /* no time known */
#define PP_TIME_MOST ((INT64_C(1) << 62) - 1) /* no time of a capture is further from 1970: differences fit */
#define PP_TIME_TEXT 40

/* ISO 8601 UTC with nanoseconds: 2026-11-23T06:41:00.000000000Z.  Years outside 1..9999 give "". */
void pp_time_format(int64_t ns, char text[PP_TIME_TEXT]);

/* The same in two halves, for writers of many times of one second: which second it is and how far into it, and that
 * second as 2026-11-23T06:41:00. (PP_TIME_WHOLE bytes, or nothing for such years).  Returns where it ends; no NUL. */
#define PP_TIME_WHOLE 20
int64_t pp_time_seconds(int64_t ns, uint32_t *ret_rest);
char *pp_time_whole(int64_t seconds, char *to);

/* Days since 1970-01-01 of a proleptic Gregorian date, for parsing certificate validity. */
int64_t pp_time_days(int64_t year, unsigned month, unsigned day);

#endif

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

/* The same in two halves, for writers of many times of one day: which day it is and how far into it, the date with its
 * 'T' (nothing for such years; PP_TIME_DATE bytes), the clock with its 'Z'.  Both return where they ended; no NUL. */
#define PP_TIME_DATE 11
int64_t pp_time_day(int64_t ns, int64_t *ret_rest);
char *pp_time_date(int64_t day, char *to);
char *pp_time_clock(int64_t ns_of_day, char *to);

/* Days since 1970-01-01 of a proleptic Gregorian date, for parsing certificate validity. */
int64_t pp_time_days(int64_t year, unsigned month, unsigned day);

#endif

#include "base/time.h"

#include "base/digits.h"

enum { DAY = 86400 };

/* Both conversions count in 400-year eras that begin on 1 March, so that the leap day is the last of its year. */
int64_t pp_time_days(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static inline char *number(char *to, int64_t value, unsigned width, char behind)
{
	to = pp_digits_padded(to, (uint32_t)value, width);
	*to++ = behind;
	return to;
}

int64_t pp_time_seconds(int64_t ns, uint32_t *ret_rest)
{
	int64_t seconds = ns / PP_SECOND, rest = ns % PP_SECOND;

	if (rest < 0) {
		rest += PP_SECOND;
		seconds--;
	}
	*ret_rest = (uint32_t)rest;
	return seconds;
}

/* The date with its 'T'. */
static char *date(int64_t day, char *to)
{
	int64_t days = day + 719468, era, of_era, year, of_year, month_from_march;
	int of_month, month;

	era = (days >= 0 ? days : days - 146096) / 146097;
	of_era = days - era * 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month_from_march = (5 * of_year + 2) / 153;
	of_month = (int)(of_year - (153 * month_from_march + 2) / 5 + 1);
	month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
	year += era * 400 + (month <= 2);
	if (year < 1 || year > 9999)
		return to;
	to = number(to, year, 4, '-');
	to = number(to, month, 2, '-');
	return number(to, of_month, 2, 'T');
}

char *pp_time_whole(int64_t seconds, char *to)
{
	int64_t day = seconds / DAY, of_day = seconds % DAY;
	char *end;

	if (of_day < 0) {
		of_day += DAY;
		day--;
	}
	end = date(day, to);
	if (end == to)
		return to;
	end = number(end, of_day / 3600, 2, ':');
	end = number(end, of_day / 60 % 60, 2, ':');
	return number(end, of_day % 60, 2, '.');
}

void pp_time_format(int64_t ns, char text[PP_TIME_TEXT])
{
	uint32_t rest;
	char *end = pp_time_whole(pp_time_seconds(ns, &rest), text);

	if (end > text) {
		end = pp_digits_nine(end, rest);
		*end++ = 'Z';
	}
	*end = '\0';
}

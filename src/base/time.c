#include "base/time.h"

#include "base/digits.h"

/* Both conversions count in 400-year eras that begin on 1 March, so that the leap day is the last of its year. */
int64_t pp_time_days(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static char *number(char *to, int64_t value, unsigned width, char behind)
{
	to = pp_digits_padded(to, (uint64_t)value, width);
	*to++ = behind;
	return to;
}

void pp_time_format(int64_t ns, char text[PP_TIME_TEXT])
{
	int64_t seconds = ns / PP_SECOND, rest = ns % PP_SECOND;
	int64_t days, era, of_era, year, of_year, month_from_march;
	int day, month;

	if (rest < 0) {
		rest += PP_SECOND;
		seconds--;
	}
	days = seconds / 86400;
	seconds %= 86400;
	if (seconds < 0) {
		seconds += 86400;
		days--;
	}
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	of_era = days - era * 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month_from_march = (5 * of_year + 2) / 153;
	day = (int)(of_year - (153 * month_from_march + 2) / 5 + 1);
	month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
	year += era * 400 + (month <= 2);
	if (year < 1 || year > 9999) {
		text[0] = '\0';
		return;
	}
	text = number(text, year, 4, '-');
	text = number(text, month, 2, '-');
	text = number(text, day, 2, 'T');
	text = number(text, seconds / 3600, 2, ':');
	text = number(text, seconds / 60 % 60, 2, ':');
	text = number(text, seconds % 60, 2, '.');
	text = number(text, rest, 9, 'Z');
	*text = '\0';
}

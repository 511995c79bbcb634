/* Dates as numbers.
 *
 * Years are counted from March here, so that the leap day is the last of its year and months follow a regular
 * pattern: the days before month m (March is 0) are (153 m + 2) / 5. The calendar repeats after 400 years, which have
 * 146,097 days. Day 0 of this count is the first of March of the year 0, which is 719,468 days before 1970. */
#include "lib/calendar.h"

#define DAYS_TO_1970	719468
#define DAYS_400_YEARS	146097
#define SECONDS_A_DAY	86400

static bool year_is_leap(int32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_in_month(int32_t year, unsigned month)
{
	static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && year_is_leap(year));
}

bool date_is_valid(const struct date *d)
{
	return d->year >= 1 && d->year <= 9999 && d->month >= 1 && d->month <= 12 && d->day >= 1 &&
	       d->day <= days_in_month(d->year, d->month) && d->hour < 24 && d->minute < 60 && d->second < 60;
}

/* Days from 0000-03-01 to the first of March of a year. */
static int64_t days_to_year(int64_t year)
{
	return year * 365 + year / 4 - year / 100 + year / 400;
}

int64_t date_to_seconds(const struct date *d)
{
	int64_t year = d->year - (d->month <= 2), month = (d->month + 9) % 12;
	int64_t days = days_to_year(year) + (153 * month + 2) / 5 + d->day - 1 - DAYS_TO_1970;

	return ((days * 24 + d->hour) * 60 + d->minute) * 60 + d->second;
}

struct date date_from_seconds(int64_t seconds)
{
	int64_t since = seconds + DAYS_TO_1970 * (int64_t)SECONDS_A_DAY;
	int64_t days = since / SECONDS_A_DAY, second = since % SECONDS_A_DAY;
	int64_t year = days * 400 / DAYS_400_YEARS;

	/* The average year is off by up to two days from the one that leap days make. */
	while (days_to_year(year + 1) <= days)
		year++;
	while (days_to_year(year) > days)
		year--;
	days -= days_to_year(year);
	int64_t month = (5 * days + 2) / 153;

	return (struct date){
		.year = (int32_t)(year + (month >= 10)),
		.month = (uint8_t)((month + 2) % 12 + 1),
		.day = (uint8_t)(days - (153 * month + 2) / 5 + 1),
		.hour = (uint8_t)(second / 3600),
		.minute = (uint8_t)(second / 60 % 60),
		.second = (uint8_t)(second % 60),
	};
}

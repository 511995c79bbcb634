/* Dates of the Gregorian calendar as numbers, without leap seconds, as UNIX counts.
 *
 * Rules: pure. A date is UTC unless its owner says otherwise. Example: 2026-01-01 00:00:00 is 1767225600 seconds. */
#ifndef LIB_CALENDAR_H
#define LIB_CALENDAR_H

#include "lib/types.h"

struct date {
	int32_t year;		/* 2026 */
	uint8_t month, day;	/* from 1 */
	uint8_t hour, minute, second;
};

/* Is it a date that exists, in the years 1 to 9999? */
bool date_is_valid(const struct date *d);

/* Seconds since 1970-01-01 00:00:00, of a valid date; negative before. */
int64_t date_to_seconds(const struct date *d);

/* The inverse, for years 1 to 9999. */
struct date date_from_seconds(int64_t seconds);

#endif

/* Dates: against the C library's own arithmetic over eight centuries, and what no calendar has. */
#include "lib/calendar.h"

#include <time.h>

#include "tests/unit/random.h"
#include "tests/unit/test.h"

static void check_against_libc(int64_t seconds)
{
	struct date d = date_from_seconds(seconds);
	time_t t = seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	CHECK_EQ(d.year, tm.tm_year + 1900);
	CHECK_EQ(d.month, tm.tm_mon + 1);
	CHECK_EQ(d.day, tm.tm_mday);
	CHECK_EQ(d.hour, tm.tm_hour);
	CHECK_EQ(d.minute, tm.tm_min);
	CHECK_EQ(d.second, tm.tm_sec);
	CHECK(date_is_valid(&d));
	CHECK_EQ(date_to_seconds(&d), seconds);
}

TEST(every_day_from_1600_to_2400)
{
	for (int64_t day = -135140; day < 157054 && !test_failures; day++) {
		check_against_libc(day * 86400);
		check_against_libc(day * 86400 + 86399);
	}
}

TEST(any_second_of_all_years)
{
	for (unsigned i = 0; i < 100000 && !test_failures; i++)
		check_against_libc((int64_t)random_under(315537897600) - 62135596800);
}

TEST(known_dates)
{
	CHECK_EQ(date_to_seconds(&(struct date){ 1970, 1, 1, 0, 0, 0 }), 0);
	CHECK_EQ(date_to_seconds(&(struct date){ 2026, 1, 1, 0, 0, 0 }), 1767225600);
	CHECK_EQ(date_to_seconds(&(struct date){ 2000, 2, 29, 23, 59, 59 }), 951868799);
	CHECK_EQ(date_to_seconds(&(struct date){ 2038, 1, 19, 3, 14, 8 }), 2147483648);
}

TEST(dates_that_do_not_exist)
{
	static const struct date wrong[] = {
		{ 0, 1, 1, 0, 0, 0 }, { 10000, 1, 1, 0, 0, 0 }, { 2026, 0, 1, 0, 0, 0 }, { 2026, 13, 1, 0, 0, 0 },
		{ 2026, 1, 0, 0, 0, 0 }, { 2026, 4, 31, 0, 0, 0 }, { 2026, 2, 29, 0, 0, 0 }, { 2100, 2, 29, 0, 0, 0 },
		{ 2026, 1, 1, 24, 0, 0 }, { 2026, 1, 1, 0, 60, 0 }, { 2026, 1, 1, 0, 0, 60 },
	};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(!date_is_valid(&wrong[i]));
	CHECK(date_is_valid(&(struct date){ 2000, 2, 29, 23, 59, 59 }));
}

TEST_MAIN

/* Motorola MC146818A data sheet, "Time, Calendar and Alarm Locations" and "Register B": numbers are BCD unless DM is
 * set, and hours go to 12, with PM in the top bit, unless 24/12 is set. The firmware sets both as it likes, and the
 * date survives a change of the bits undecoded, so they are read each time. */
#include "kernel/arch/x86_64/rtc_decode.h"

#include <abi/linux/errno.h>

#define B_24_HOURS	0x02
#define B_BINARY	0x04
#define HOUR_PM		0x80

/* 0 to 99; -1 where a digit is none. */
static int number(uint8_t value, bool binary)
{
	if (binary)
		return value < 100 ? value : -1;
	return (value >> 4) < 10 && (value & 15) < 10 ? (value >> 4) * 10 + (value & 15) : -1;
}

/* 12 AM is midnight, 12 PM is noon. */
static int hour_of_day(const struct rtc_registers *r, bool binary)
{
	if (r->status_b & B_24_HOURS)
		return number(r->hour, binary);
	int hour = number(r->hour & (uint8_t)~HOUR_PM, binary);
	if (hour < 1 || hour > 12)
		return -1;
	return hour % 12 + (r->hour & HOUR_PM ? 12 : 0);
}

int rtc_decode(const struct rtc_registers *r, struct date *ret)
{
	bool binary = r->status_b & B_BINARY;
	int second = number(r->second, binary), minute = number(r->minute, binary), hour = hour_of_day(r, binary);
	int day = number(r->day, binary), month = number(r->month, binary), year = number(r->year, binary);
	int century = r->has_century ? number(r->century, binary) : -1;

	if (second < 0 || minute < 0 || hour < 0 || day < 0 || month < 0 || year < 0)
		return -EINVAL;
	/* Without a century that can be true: no PC of ours ran before 1980, and nanoseconds since 1970 end in 2262. */
	if (century < 19 || century > 21)
		century = year < 80 ? 20 : 19;
	struct date d = {
		century * 100 + year, (uint8_t)month, (uint8_t)day, (uint8_t)hour, (uint8_t)minute, (uint8_t)second,
	};
	if (!date_is_valid(&d))
		return -EINVAL;
	*ret = d;
	return 0;
}

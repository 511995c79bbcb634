/* The battery-backed clock's four forms, and everything that its registers may hold. */
#include "kernel/arch/x86_64/rtc_decode.h"

#include <abi/linux/errno.h>

#include "tests/unit/random.h"
#include "tests/unit/test.h"

#define B_24_HOURS	2
#define B_BINARY	4

static uint8_t bcd(unsigned n)
{
	return (uint8_t)(n / 10 << 4 | n % 10);
}

/* A date as the clock holds it with these bits of register B. */
static struct rtc_registers encode(const struct date *d, uint8_t b, bool century)
{
	uint8_t (*form)(unsigned) = bcd;
	struct rtc_registers r = { .has_century = century, .status_b = b };
	unsigned hour = d->hour;
	uint8_t pm = 0;

	if (!(b & B_24_HOURS)) {
		pm = hour >= 12 ? 0x80 : 0;
		hour = hour % 12 ? hour % 12 : 12;
	}
	unsigned values[] = {
		d->second, d->minute, hour, d->day, d->month, (unsigned)d->year % 100, (unsigned)d->year / 100,
	};
	uint8_t *registers[] = { &r.second, &r.minute, &r.hour, &r.day, &r.month, &r.year, &r.century };
	for (unsigned i = 0; i < 7; i++)
		*registers[i] = b & B_BINARY ? (uint8_t)values[i] : form(values[i]);
	r.hour |= pm;
	return r;
}

TEST(all_forms_all_hours)
{
	for (uint8_t b = 0; b < 8; b += 2)
		for (unsigned hour = 0; hour < 24; hour++) {
			struct date d = { 2026, 11, 21, (uint8_t)hour, 59, 58 }, got = { 0 };
			struct rtc_registers r = encode(&d, b, true);
			CHECK_EQ(rtc_decode(&r, &got), 0);
			CHECK_EQ(date_to_seconds(&got), date_to_seconds(&d));
		}
}

TEST(year_without_a_century)
{
	static const int32_t years[] = { 1980, 1999, 2000, 2026, 2079 };

	for (unsigned i = 0; i < ARRAY_SIZE(years); i++) {
		struct date d = { years[i], 2, 28, 0, 0, 0 }, got = { 0 };
		struct rtc_registers r = encode(&d, B_24_HOURS, false);
		CHECK_EQ(rtc_decode(&r, &got), 0);
		CHECK_EQ(got.year, years[i]);
	}
}

TEST(century_that_cannot_be_is_ignored)
{
	struct date d = { 2026, 2, 28, 0, 0, 0 }, got = { 0 };
	struct rtc_registers r = encode(&d, B_24_HOURS, true);

	for (unsigned century = 0; century < 256; century++) {
		r.century = (uint8_t)century;
		CHECK_EQ(rtc_decode(&r, &got), 0);
		bool counts = century >= 0x19 && century <= 0x21 && (century & 15) < 10;
		CHECK_EQ(got.year, counts ? (int)(century >> 4) * 1000 + (int)(century & 15) * 100 + 26 : 2026);
	}
}

TEST(no_device_is_no_date)
{
	struct rtc_registers ones, zeros = { 0 };
	struct date got = { .year = 77 };

	memset(&ones, 0xff, sizeof(ones));
	ones.has_century = true;
	CHECK_EQ(rtc_decode(&ones, &got), -EINVAL);
	CHECK_EQ(rtc_decode(&zeros, &got), -EINVAL);
	CHECK_EQ(got.year, 77);
}

TEST(any_bytes_make_a_date_or_none)
{
	unsigned dates = 0;

	for (unsigned i = 0; i < 300000; i++) {
		uint64_t random = random_next();
		struct rtc_registers r = { .has_century = random >> 63, .status_b = (uint8_t)random_under(8) };
		struct date got;
		r.second = (uint8_t)random & 0x7f;
		r.minute = (uint8_t)(random >> 8) & 0x7f;
		r.hour = (uint8_t)(random >> 16) & 0x9f;
		r.day = (uint8_t)(random >> 24) & 0x3f;
		r.month = (uint8_t)(random >> 32) & 0x1f;
		r.year = (uint8_t)(random >> 40);
		r.century = (uint8_t)(random >> 48);
		if (rtc_decode(&r, &got))
			continue;
		dates++;
		CHECK(date_is_valid(&got));
		CHECK(got.year >= 1900 && got.year <= 2199);
	}
	CHECK(dates > 1000);
}

TEST_MAIN

/* The MC146818's registers as a date.
 *
 * Rules: pure. Registers may hold anything; a date comes out only where they make one. */
#ifndef KERNEL_ARCH_X86_64_RTC_DECODE_H
#define KERNEL_ARCH_X86_64_RTC_DECODE_H

#include "lib/calendar.h"

/* As they are read; of all but status the values are in the clock's own form. */
struct rtc_registers {
	uint8_t second, minute, hour, day, month, year;
	uint8_t century;
	bool has_century;
	uint8_t status_b;
};

/* 0, or -EINVAL where it is no date. */
int rtc_decode(const struct rtc_registers *r, struct date *ret);

#endif

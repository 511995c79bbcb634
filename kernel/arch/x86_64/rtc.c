/* The battery-backed clock: an MC146818 in every chipset, behind an index and a data port.
 *
 * It changes its registers once a second. Register A's UIP goes up 244 us before and stays up for at most 2 ms more;
 * while it is down nothing changes for 244 us (data sheet, "Update cycle"), but SMM or a hypervisor can stop us for
 * longer than that: so two readings have to be the same. */
#include "kernel/arch/clock.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/port.h"
#include "kernel/arch/x86_64/rtc_decode.h"
#include "kernel/core/firmware.h"
#include "lib/string.h"

#define PORT_INDEX	0x70	/* bit 7 would mask NMIs */
#define PORT_DATA	0x71
#define UPDATE_TICKS_MAX 100000000ull	/* 10 ms at 10 GHz; an update takes 2.3 ms */
#define READINGS_MAX	8

enum {
	RTC_SECOND = 0, RTC_MINUTE = 2, RTC_HOUR = 4, RTC_DAY = 7, RTC_MONTH = 8, RTC_YEAR = 9,
	RTC_A = 10, RTC_B = 11,
	RTC_FREE = 14, RTC_SIZE = 128,	/* memory for anything */
};
#define A_UPDATING	0x80

static uint8_t rtc_register(uint8_t index)
{
	port_write8(PORT_INDEX, index);
	return port_read8(PORT_DATA);
}

static bool rtc_wait_for_update(void)
{
	uint64_t start = cpu_ticks();

	while (rtc_register(RTC_A) & A_UPDATING) {
		if (cpu_ticks() - start > UPDATE_TICKS_MAX)
			return false;
		cpu_relax();
	}
	return true;
}

static struct rtc_registers rtc_registers(uint8_t century)
{
	struct rtc_registers r;

	memset(&r, 0, sizeof(r));	/* padding too: readings are compared as bytes */
	r.second = rtc_register(RTC_SECOND);
	r.minute = rtc_register(RTC_MINUTE);
	r.hour = rtc_register(RTC_HOUR);
	r.day = rtc_register(RTC_DAY);
	r.month = rtc_register(RTC_MONTH);
	r.year = rtc_register(RTC_YEAR);
	r.has_century = century != 0;
	r.century = century ? rtc_register(century) : 0;
	r.status_b = rtc_register(RTC_B);
	return r;
}

/* The register that holds the century, 0 for none; false where the firmware says that there is no such clock. */
static bool rtc_find(uint8_t *ret_century)
{
	struct acpi_table table;
	struct acpi_fadt fadt = { 0 };

	if (firmware_table("FACP", 0, &table) == 0)
		acpi_fadt_read(&table, &fadt);
	*ret_century = fadt.century >= RTC_FREE && fadt.century < RTC_SIZE ? fadt.century : 0;
	return !fadt.no_rtc;
}

int rtc_read(struct date *ret)
{
	uint8_t century;

	if (!rtc_find(&century))
		return -ENODEV;
	for (unsigned i = 0; i < READINGS_MAX; i++) {
		if (!rtc_wait_for_update())
			return -ENODEV;		/* ports without a device read as all ones */
		struct rtc_registers first = rtc_registers(century), second = rtc_registers(century);
		if (memcmp(&first, &second, sizeof(first)) == 0)
			return rtc_decode(&first, ret) ? -EIO : 0;
	}
	return -EIO;
}

/* What the firmware knows of time: the last resort of a kernel that finds no clock or no timer of its own.
 *
 * The TSC's rate is by Stall, for a millisecond: boot time matters more than the last digit, so it is measured only
 * where the firmware's tables name no timer. */
#include "loader/loader.h"

#include "lib/acpi.h"
#include "lib/calendar.h"

#define STALL_MICROSECONDS 1000
#define DAY_MINUTES 1440
#define YEAR_FIRST 1970		/* of those that nanoseconds in 64 bits can count */
#define YEAR_LAST 2261

static const void *map_table(void *context, paddr_t address, size_t size)
{
	if (address + size < address)
		return NULL;
	for (paddr_t page = ALIGN_DOWN(address, PAGE_SIZE); page < address + size; page += PAGE_SIZE)
		if (!firmware_maps(page))
			return NULL;
	return (const void *)(uintptr_t)address;
}

/* An HPET or a PM timer; whether they work is for the kernel to see. */
static bool tables_name_timer(paddr_t rsdp)
{
	struct acpi_root root;
	struct acpi_table table;
	struct acpi_address pm_timer;
	const char *why;
	unsigned bits;

	if (!rsdp || acpi_open(map_table, NULL, rsdp, &root, &why))
		return false;
	return acpi_find(&root, "HPET", 0, &table) == 0 ||
	       (acpi_find(&root, "FACP", 0, &table) == 0 && acpi_fadt_pm_timer(&table, &pm_timer, &bits) == 0);
}

static void measure_tsc(struct loader *l)
{
	uint64_t start = tsc_read();

	if (!EFI_ERROR(l->boot->Stall(STALL_MICROSECONDS)))
		l->handoff.stall_tsc_hz = (tsc_read() - start) * (1000000 / STALL_MICROSECONDS);
}

/* UEFI 2.10, section 8.3. A time without a zone is taken as UTC, like that of the battery-backed clock. */
static void read_date(struct loader *l)
{
	EFI_TIME t = { 0 };

	if (EFI_ERROR(l->system->RuntimeServices->GetTime(&t, NULL)))
		return;
	struct date date = { t.Year, t.Month, t.Day, t.Hour, t.Minute, t.Second };
	int minutes = t.TimeZone == EFI_UNSPECIFIED_TIMEZONE ? 0 : t.TimeZone;
	if (t.Year < YEAR_FIRST || t.Year > YEAR_LAST || !date_is_valid(&date) || minutes < -DAY_MINUTES || minutes > DAY_MINUTES)
		return;
	l->handoff.firmware_time = date_to_seconds(&date) + minutes * 60;	/* local time is UTC less the zone's */
	l->handoff.firmware_time_tsc = tsc_read();
}

void clock_gather(struct loader *l)
{
	read_date(l);
	if (!tables_name_timer(l->handoff.rsdp))
		measure_tsc(l);
}

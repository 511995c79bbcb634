/* ACPI's power management timer: 3.579545 MHz on every PC that has it, 24 or 32 bits (ACPI 6.5, section 4.8.3.3). A
 * port read takes a microsecond on real machines, so it is better to measure with than to tell the time by. */
#include "kernel/arch/x86_64/clock_sources.h"

#include "kernel/arch/mmu.h"
#include "kernel/arch/port.h"
#include "kernel/core/firmware.h"

#define PM_TIMER_HZ	3579545

static bool pm_timer_start(struct clock_source *s)
{
	struct acpi_table fadt;
	struct acpi_address address;
	unsigned bits;

	if (firmware_table("FACP", 0, &fadt) || acpi_fadt_pm_timer(&fadt, &address, &bits))
		return false;
	s->hz = PM_TIMER_HZ;
	s->mask = (1ull << bits) - 1;
	if (address.space == ACPI_SPACE_PORTS)
		s->port = (uint16_t)address.address;
	else
		s->registers = mmu_map_device(address.address, 4, MMU_UNCACHED);
	return s->port || s->registers;
}

static uint64_t pm_timer_read(const struct clock_source *s)
{
	return s->port ? port_read32(s->port) : *s->registers;
}

struct clock_source clock_source_pm_timer = { .name = "ACPI PM timer", .start = pm_timer_start, .read = pm_timer_read };

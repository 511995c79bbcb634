/* The high precision event timer's main counter (IA-PC HPET specification 1.0a, section 2.3), 10 MHz or more. It may
 * have 32 or 64 bits; the lower half of 64 is a counter of 32 that takes one access, and one that every implementation
 * understands. It wraps after 43 s or more.
 *
 * Its timers are stopped here, since the firmware may have left them interrupting: by messages no mask of an IOAPIC
 * would help. */
#include "kernel/arch/x86_64/clock_sources.h"

#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/hpet.h"
#include "kernel/core/firmware.h"

#define FEMTOSECONDS		1000000000000000ull

static void timers_stop(volatile uint32_t *registers)
{
	unsigned count = MIN(HPET_TIMER_COUNT(registers[HPET_CAPABILITIES]), HPET_TIMERS_MAX);

	registers[HPET_CONFIGURATION] &= ~HPET_LEGACY_ROUTE;
	for (unsigned n = 0; n < count; n++)
		registers[HPET_TIMER(n)] &= ~(HPET_TIMER_INTERRUPT | HPET_TIMER_MESSAGE);
}

static bool hpet_start(struct clock_source *s)
{
	struct acpi_table table;
	paddr_t base;

	if (firmware_table("HPET", 0, &table) || acpi_hpet_base(&table, &base))
		return false;
	s->registers = mmu_map_device(base, HPET_SIZE, MMU_UNCACHED);
	if (!s->registers)
		return false;
	uint32_t period = s->registers[HPET_PERIOD];
	if (period < 1000000 || period > 100000000)	/* 1 GHz to 10 MHz; no device reads as all ones */
		return false;
	s->hz = (FEMTOSECONDS + period / 2) / period;
	s->mask = 0xffffffff;
	timers_stop(s->registers);
	s->registers[HPET_CONFIGURATION] |= HPET_ENABLE;
	return true;
}

static uint64_t hpet_read(const struct clock_source *s)
{
	return s->registers[HPET_COUNTER];
}

struct clock_source clock_source_hpet = { .name = "HPET", .start = hpet_start, .read = hpet_read };

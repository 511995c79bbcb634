/* The high precision event timer's main counter (IA-PC HPET specification 1.0a, section 2.3), 10 MHz or more. It may
 * have 32 or 64 bits; the lower half of 64 is a counter of 32 that takes one access, and one that every implementation
 * understands. It wraps after 43 s or more. */
#include "kernel/arch/x86_64/clock_sources.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/firmware.h"

#define HPET_SIZE		1024
#define HPET_PERIOD		(0x004 / 4)	/* femtoseconds: the upper half of the capabilities */
#define HPET_CONFIGURATION	(0x010 / 4)
#define HPET_COUNTER		(0x0f0 / 4)
#define CONFIGURATION_ENABLE	1u
#define FEMTOSECONDS		1000000000000000ull

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
	s->registers[HPET_CONFIGURATION] |= CONFIGURATION_ENABLE;
	return true;
}

static uint64_t hpet_read(const struct clock_source *s)
{
	return s->registers[HPET_COUNTER];
}

struct clock_source clock_source_hpet = { .name = "HPET", .start = hpet_start, .read = hpet_read };

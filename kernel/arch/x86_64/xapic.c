/* xAPIC: registers in a page of memory, 8-bit ids. */
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/lapic.h"

#define ICR_BUSY		(1u << 12)
#define BUSY_TICKS_MAX		10000000ull	/* 1 ms of a TSC at 10 GHz: delivery takes microseconds */

static volatile uint32_t *registers;

static uint32_t xapic_read(unsigned reg)
{
	return registers[reg / 4];
}

static void xapic_write(unsigned reg, uint32_t value)
{
	registers[reg / 4] = value;
}

static uint32_t xapic_id(void)
{
	return xapic_read(LAPIC_ID) >> 24;
}

static bool wait_idle(void)
{
	uint64_t start = cpu_ticks();

	while (xapic_read(LAPIC_ICR) & ICR_BUSY) {
		if (cpu_ticks() - start > BUSY_TICKS_MAX)
			return false;
		cpu_relax();
	}
	return true;
}

/* The command register is two words: an interrupt between them that sends too would mix two commands. An NMI may come
 * there all the same, and its handler sends to this CPU only, which takes no destination. */
static bool xapic_send(uint32_t destination, uint32_t command)
{
	uint64_t flags = cpu_irq_save();
	bool idle = wait_idle();

	if (idle) {
		if (!(command & LAPIC_TO_SELF))
			xapic_write(LAPIC_ICR_HIGH, destination << 24);
		xapic_write(LAPIC_ICR, command);
	}
	cpu_irq_restore(flags);
	return idle;
}

const struct lapic_ops *xapic_start(paddr_t base)
{
	static const struct lapic_ops ops = { "xAPIC", xapic_read, xapic_write, xapic_id, xapic_send };

	registers = mmu_map_device(base, PAGE_SIZE, MMU_UNCACHED);
	return registers ? &ops : NULL;
}

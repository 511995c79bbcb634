/* Registers are reached through an index and a window, so each access is two: under a lock, with interrupts off. */
#include "kernel/arch/x86_64/ioapic.h"

#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/core/log.h"
#include "kernel/sync/spinlock.h"

#define IOAPICS_MAX	64	/* of 655 machines the most had 9 */
#define INDEX		0
#define WINDOW		4	/* in 32-bit words: offset 10h */
#define VERSION		1
#define ENTRY(line)	(0x10 + 2 * (line))
#define ENTRY_MASKED	(1u << 16)
#define ENTRY_LEVEL	(1u << 15)
#define ENTRY_LOW	(1u << 13)

static struct ioapic {
	volatile uint32_t *registers;
	uint32_t gsi_base, lines;
} ioapics[IOAPICS_MAX];
static unsigned count;
static struct spinlock lock = SPINLOCK("ioapic");

static uint32_t reg_read(const struct ioapic *io, unsigned reg)
{
	io->registers[INDEX] = reg;
	return io->registers[WINDOW];
}

static void reg_write(const struct ioapic *io, unsigned reg, uint32_t value)
{
	io->registers[INDEX] = reg;
	io->registers[WINDOW] = value;
}

static const struct ioapic *ioapic_of(uint32_t gsi)
{
	for (unsigned i = 0; i < count; i++)
		if (gsi - ioapics[i].gsi_base < ioapics[i].lines)
			return &ioapics[i];
	return NULL;
}

bool ioapic_add(unsigned id, paddr_t base, uint32_t gsi_base)
{
	struct ioapic *io = &ioapics[count];

	if (count == IOAPICS_MAX)
		return false;
	io->registers = mmu_map_device(base, 0x20, MMU_UNCACHED);
	uint32_t version = io->registers ? reg_read(io, VERSION) : ~0u;
	if (version == ~0u || !(version & 0xff)) {
		pr_warn("ioapic: none at %#llx, where the MADT has number %u", (unsigned long long)base, id);
		return false;
	}
	io->gsi_base = gsi_base;
	io->lines = (version >> 16 & 0xff) + 1;
	for (unsigned line = 0; line < io->lines; line++)
		reg_write(io, ENTRY(line), ENTRY_MASKED);
	count++;
	pr_debug("ioapic: number %u, interrupts %u to %u", id, gsi_base, gsi_base + io->lines - 1);
	return true;
}

unsigned ioapic_line_count(void)
{
	unsigned lines = 0;

	for (unsigned i = 0; i < count; i++)
		lines += ioapics[i].lines;
	return lines;
}

/* The high word while the entry is masked: a half-written one does no harm then. */
static bool route(uint32_t gsi, uint32_t entry, uint32_t apic_id, bool level, bool active_low)
{
	const struct ioapic *io = ioapic_of(gsi);

	if (!io)
		return false;
	uint64_t flags = spin_lock_irqsave(&lock);
	reg_write(io, ENTRY(gsi - io->gsi_base), ENTRY_MASKED);
	reg_write(io, ENTRY(gsi - io->gsi_base) + 1, apic_id << 24);
	reg_write(io, ENTRY(gsi - io->gsi_base), entry | (level ? ENTRY_LEVEL : 0) | (active_low ? ENTRY_LOW : 0));
	spin_unlock_irqrestore(&lock, flags);
	return true;
}

bool ioapic_route(uint32_t gsi, unsigned vector, uint32_t apic_id, bool level, bool active_low)
{
	return route(gsi, vector | ENTRY_MASKED, apic_id, level, active_low);
}

bool ioapic_route_nmi(uint32_t gsi, uint32_t apic_id, bool level, bool active_low)
{
	return route(gsi, LAPIC_DELIVERY_NMI, apic_id, level, active_low);
}

void ioapic_mask(uint32_t gsi, bool masked)
{
	const struct ioapic *io = ioapic_of(gsi);

	if (!io)
		return;
	uint64_t flags = spin_lock_irqsave(&lock);
	uint32_t entry = reg_read(io, ENTRY(gsi - io->gsi_base));
	reg_write(io, ENTRY(gsi - io->gsi_base), masked ? entry | ENTRY_MASKED : entry & ~ENTRY_MASKED);
	spin_unlock_irqrestore(&lock, flags);
}

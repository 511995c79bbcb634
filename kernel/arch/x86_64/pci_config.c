/* PCI configuration space by memory or by ports.
 *
 * By memory (ECAM; PCI Express base specification 5.0, section 7.2.2) each function has 4 KiB, and the ACPI table MCFG
 * says where. A range is mapped whole, in large pages: 256 MiB of addresses are one page of tables. By ports (PCI local
 * bus specification 3.0, section 3.2.2.3.2) there are 256 bytes a function, segment 0 alone, and an index port that
 * CPUs share: a lock, with interrupts off.
 *
 * Firmware's table may be wrong, and a wrong address would read and write anything. A range counts only if no RAM that
 * is ours lies there, and for segment 0 only if the first host bridge looks the same both ways (a host bridge whose
 * window is switched off reads as all ones). Otherwise ports are used, if there are any: the index port keeps what is
 * written.
 *
 * ECAM is read and written through EAX: AMD family 10h understands no other register there (BIOS and Kernel Developer's
 * Guide, section 2.11.1). */
#include "kernel/arch/pci.h"

#include <abi/linux/errno.h>
#include "kernel/arch/mmu.h"
#include "kernel/arch/port.h"
#include "kernel/core/assert.h"
#include "kernel/core/firmware.h"
#include "kernel/core/log.h"
#include "kernel/core/memory_map.h"
#include "kernel/sync/spinlock.h"
#include "lib/pci.h"

#define INDEX_PORT	0xcf8
#define DATA_PORT	0xcfc
#define INDEX_ENABLE	(1u << 31)
#define BUS_SIZE	MIB(1)

struct ecam {
	struct pci_buses buses;
	uint8_t *window;		/* of the first bus */
};

static struct ecam *ecams;
static struct pci_buses *reachable;	/* the same ranges, and that of the ports */
static size_t ecam_count, reachable_count;
static bool have_ports;
static struct spinlock port_lock = SPINLOCK("pci ports");

/* Where a register is in memory; NULL where it is not. */
static uint8_t *ecam_at(struct pci_address a, unsigned offset)
{
	for (const struct ecam *e = ecams; e < ecams + ecam_count; e++)
		if (e->buses.segment == a.segment && a.bus >= e->buses.first && a.bus <= e->buses.last)
			return e->window + (((a.bus - e->buses.first) * 32u + a.device) * 8u + a.function) * PCI_CONFIG_SIZE + offset;
	return NULL;
}

static uint32_t memory_read(const uint8_t *at, unsigned size)
{
	uint32_t value;

	if (size == 1)
		__asm__ volatile("movzbl %1, %%eax" : "=a"(value) : "m"(*at));
	else if (size == 2)
		__asm__ volatile("movzwl %1, %%eax" : "=a"(value) : "m"(*(const uint16_t *)at));
	else
		__asm__ volatile("movl %1, %%eax" : "=a"(value) : "m"(*(const uint32_t *)at));
	return value;
}

static void memory_write(uint8_t *at, unsigned size, uint32_t value)
{
	if (size == 1)
		__asm__ volatile("movb %%al, %0" : "=m"(*at) : "a"(value));
	else if (size == 2)
		__asm__ volatile("movw %%ax, %0" : "=m"(*(uint16_t *)at) : "a"(value));
	else
		__asm__ volatile("movl %%eax, %0" : "=m"(*(uint32_t *)at) : "a"(value));
}

static bool ports_reach(struct pci_address a, unsigned offset)
{
	return have_ports && !a.segment && offset < 256;
}

/* Called with the lock held; the data port to use. */
static uint16_t port_select(struct pci_address a, unsigned offset)
{
	port_write32(INDEX_PORT, INDEX_ENABLE | (uint32_t)a.bus << 16 | (uint32_t)a.device << 11 | (uint32_t)a.function << 8 |
				 (offset & 0xfc));
	return (uint16_t)(DATA_PORT + (offset & 3));
}

static uint32_t ports_read(struct pci_address a, unsigned offset, unsigned size)
{
	const uint64_t flags = spin_lock_irqsave(&port_lock);
	const uint16_t port = port_select(a, offset);
	const uint32_t value = size == 1 ? port_read8(port) : size == 2 ? port_read16(port) : port_read32(port);

	spin_unlock_irqrestore(&port_lock, flags);
	return value;
}

static void ports_write(struct pci_address a, unsigned offset, unsigned size, uint32_t value)
{
	const uint64_t flags = spin_lock_irqsave(&port_lock);
	const uint16_t port = port_select(a, offset);

	if (size == 1)
		port_write8(port, (uint8_t)value);
	else if (size == 2)
		port_write16(port, (uint16_t)value);
	else
		port_write32(port, value);
	spin_unlock_irqrestore(&port_lock, flags);
}

static void check_register(struct pci_address a, unsigned offset, unsigned size)
{
	ASSERT((size == 1 || size == 2 || size == 4) && !(offset & (size - 1)) && offset < PCI_CONFIG_SIZE);
	ASSERT(a.device < 32 && a.function < 8);
}

uint32_t pci_config_read(struct pci_address a, unsigned offset, unsigned size)
{
	check_register(a, offset, size);

	const uint8_t *const at = ecam_at(a, offset);

	if (at)
		return memory_read(at, size);
	return ports_reach(a, offset) ? ports_read(a, offset, size) : 0xffffffff >> (32 - 8 * size);
}

void pci_config_write(struct pci_address a, unsigned offset, unsigned size, uint32_t value)
{
	check_register(a, offset, size);

	uint8_t *const at = ecam_at(a, offset);

	if (at)
		memory_write(at, size, value);
	else if (ports_reach(a, offset))
		ports_write(a, offset, size, value);
}

/* Is there an index register? It keeps what is written. */
static bool ports_probe(void)
{
	const uint32_t before = port_read32(INDEX_PORT);

	port_write32(INDEX_PORT, INDEX_ENABLE);
	const bool found = port_read32(INDEX_PORT) == INDEX_ENABLE;
	port_write32(INDEX_PORT, before);
	return found;
}

/* Does the window show the host bridge that the ports show? */
static bool window_agrees(const struct acpi_mcfg_range *range, const uint8_t *window)
{
	const struct pci_address first = { 0 };

	if (!have_ports || range->segment || range->bus_first)
		return true;
	return memory_read(window, 4) == ports_read(first, PCI_ID, 4);
}

/* The window, or NULL with the reason. */
static uint8_t *window_map(const struct acpi_mcfg_range *range, const char **ret_why)
{
	const paddr_t at = range->base + range->bus_first * BUS_SIZE;
	const uint64_t size = (range->bus_last - range->bus_first + 1) * BUS_SIZE;

	*ret_why = "it is empty";
	if (!range->base || range->base % PAGE_SIZE || range->bus_last < range->bus_first || at + size < range->base)
		return NULL;
	*ret_why = "it lies in memory";
	for (paddr_t bus = at; bus < at + size; bus += BUS_SIZE) {
		const struct mem_range *const found = memory_map_find(bus);
		if (found && memmap_is_ram(found->type))
			return NULL;
	}
	*ret_why = "it cannot be mapped";
	uint8_t *const window = mmu_map_device(at, size, MMU_UNCACHED);
	if (!window)
		return NULL;
	*ret_why = "the host bridge does not show in it";
	return window_agrees(range, window) ? window : NULL;
}

static bool range_known(const struct acpi_mcfg_range *range)
{
	for (const struct ecam *e = ecams; e < ecams + ecam_count; e++)
		if (e->buses.segment == range->segment && e->buses.first <= range->bus_last && e->buses.last >= range->bus_first)
			return true;
	return false;
}

static void range_add(const struct acpi_mcfg_range *range)
{
	const char *why = "its buses have been named before";
	uint8_t *const window = range_known(range) ? NULL : window_map(range, &why);

	if (!window) {
		pr_warn("pci: range %#llx of MCFG for segment %u, buses %u to %u, is not used: %s", (unsigned long long)range->base,
			range->segment, range->bus_first, range->bus_last, why);
		return;
	}
	ecams[ecam_count] = (struct ecam){ { range->segment, range->bus_first, range->bus_last, true }, window };
	reachable[reachable_count++] = ecams[ecam_count++].buses;
}

/* How many ranges the table has at most. */
static size_t mcfg_count(const struct acpi_table *mcfg)
{
	struct acpi_mcfg_range range;
	size_t count = 0;

	for (size_t at = 0; acpi_mcfg_next_range(mcfg, &at, &range);)
		count++;
	return count;
}

void pci_config_init(void *(*alloc)(size_t size))
{
	struct acpi_table mcfg;
	struct acpi_mcfg_range range;
	const int error = firmware_table("MCFG", 0, &mcfg);
	const size_t count = error ? 0 : mcfg_count(&mcfg);
	const struct pci_address first = { 0 };

	if (error && error != -ENOENT)
		pr_warn("pci: the table MCFG is damaged");
	have_ports = ports_probe();
	ecams = alloc(count * sizeof(*ecams));
	reachable = alloc((count + 1) * sizeof(*reachable));
	if (!ecams || !reachable) {
		pr_err("pci: no memory for %zu ranges of MCFG", count);
		return;
	}
	for (size_t at = 0; !error && acpi_mcfg_next_range(&mcfg, &at, &range);)
		range_add(&range);
	if (have_ports && !ecam_at(first, 0))
		reachable[reachable_count++] = (struct pci_buses){ .last = 255 };
}

size_t pci_config_buses(const struct pci_buses **ret)
{
	*ret = reachable;
	return reachable_count;
}

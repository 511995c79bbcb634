/* Finding the devices.
 *
 * Every read of configuration space leaves a virtual machine, and an absent function costs a read like any other: to
 * ask all 65,536 functions of a segment is out of the question at boot. So we go where firmware went: from the first
 * bus of each range through bridges, whose bus numbers firmware has set. A bus waits in a set of bits until its turn
 * and is looked at once, whatever bridges say, which bounds the work without recursion. Behind a PCI Express port there
 * is only device 0, unless the port forwards the device number as more function bits (ARI).
 *
 * Large machines have several host bridges, each with a bus that no bridge leads to. Their numbers stand in AML, which
 * is not read here. But such a bus is not empty: the host bridge's own functions are at device 0 (AMD, and QEMU's extra
 * host bridges with a port in the first place) or 5 (the I/O blocks of Intel's Xeons from Ivy Bridge on). Two reads for
 * each bus that is left find those; `pci scan` looks at all devices on all of them.
 *
 * A device that is missed keeps its bus mastering until then: see quiet.c. */
#include "kernel/drivers/pci/internal.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/assert.h"
#include "kernel/core/log.h"
#include "kernel/mm/kmalloc.h"
#include "lib/string.h"

enum {
	BUSES = 256, DEVICES = 32, FUNCTIONS = 8,

	EXPRESS_TYPE		= 0xf << 4,	/* in the capability's upper 16 bits (PCI Express, section 7.5.3.2) */
	EXPRESS_ROOT_PORT	= 4 << 4,
	EXPRESS_DOWNSTREAM	= 6 << 4,
	EXPRESS_FROM_PCI	= 8 << 4,
	EXPRESS_CONTROL_2	= 0x28,
	EXPRESS_ARI_FORWARDING	= 1 << 5,
};

/* The buses of one range. */
struct bus_set {
	uint64_t todo[BUSES / 64], done[BUSES / 64];
	uint64_t narrow[BUSES / 64];	/* only device 0 can be there */
};

struct range {
	const struct pci_buses *buses;
	struct bus_set set;
};

struct pci_scan_report pci_scan_report;

static struct pci_device *devices, *last_added;
static struct range *ranges;
static size_t range_count;

static void bit_set(uint64_t *bits, unsigned bus) { bits[bus / 64] |= 1ull << bus % 64; }
static bool bit_get(const uint64_t *bits, unsigned bus) { return bits[bus / 64] >> bus % 64 & 1; }

struct pci_device *pci_first(void)
{
	return devices;
}

uint32_t pci_read_register(void *device, unsigned offset)
{
	const struct pci_device *const d = device;

	return pci_config_read(d->address, offset, 4);
}

static uint32_t address_order(struct pci_address a)
{
	return (uint32_t)a.segment << 16 | (uint32_t)a.bus << 8 | (uint32_t)a.device << 3 | a.function;
}

/* Devices mostly come in order, so the place is looked for from the last one on. */
static void list_insert(struct pci_device *d)
{
	const uint32_t order = address_order(d->address);
	struct pci_device **at = &devices;

	if (last_added && address_order(last_added->address) < order)
		at = &last_added->next;
	while (*at && address_order((*at)->address) < order)
		at = &(*at)->next;
	d->next = *at;
	*at = d;
	last_added = d;
}

static void find_capabilities(struct pci_device *d)
{
	struct pci_capability_walk walk;
	struct pci_capability found;

	/* Without the status bit the pointer's register means something else on old devices. */
	if (!d->header.has_capabilities)
		return;
	pci_capabilities_first(&walk, pci_read_register, d, false);
	while (pci_capabilities_next(&walk, &found)) {
		uint16_t *const place = found.id == PCI_CAP_MSI ? &d->msi : found.id == PCI_CAP_MSIX ? &d->msix :
					found.id == PCI_CAP_EXPRESS ? &d->express : NULL;
		if (place && !*place)
			*place = found.offset;
	}
	if (walk.broken)
		pr_warn("pci: %04x:%02x:%02x.%u: its list of capabilities is broken", d->address.segment, d->address.bus,
			d->address.device, d->address.function);
}

/* Does only device 0 exist on the bus behind this bridge? */
static bool bridge_is_narrow(const struct pci_device *d)
{
	if (!d->express)
		return false;

	const uint32_t type = pci_read(d, d->express + 2u, 2) & EXPRESS_TYPE;

	if (type != EXPRESS_ROOT_PORT && type != EXPRESS_DOWNSTREAM && type != EXPRESS_FROM_PCI)
		return false;
	return !(pci_read(d, d->express + EXPRESS_CONTROL_2, 2) & EXPRESS_ARI_FORWARDING);
}

/* The bus behind a bridge is next. One that leads to its own bus, or to none, was not set up by firmware. */
static void bridge_follow(struct range *range, const struct pci_device *d)
{
	const uint8_t bus = d->header.secondary;

	if (bus <= d->address.bus || bus > range->buses->last)
		return;
	bit_set(range->set.todo, bus);
	if (bridge_is_narrow(d))
		bit_set(range->set.narrow, bus);
}

/* Look at a function; NULL where there is none, or no memory for it. */
static struct pci_device *function_add(struct range *range, struct pci_address address)
{
	struct pci_device probe = { .address = address };

	if (!pci_header_read(pci_read_register, &probe, &probe.header))
		return NULL;

	struct pci_device *const d = kzalloc(sizeof(*d));

	if (!d) {
		pr_err("pci: no memory for more than %u devices", pci_scan_report.functions);
		return NULL;
	}
	*d = probe;
	find_capabilities(d);
	pci_bars_read(d);
	list_insert(d);
	pci_scan_report.functions++;
	if (d->header.layout == PCI_LAYOUT_BRIDGE || d->header.layout == PCI_LAYOUT_CARDBUS)
		bridge_follow(range, d);
	return d;
}

static void bus_scan(struct range *range, uint8_t bus)
{
	struct pci_address a = { .segment = range->buses->segment, .bus = bus };
	const unsigned count = bit_get(range->set.narrow, bus) ? 1 : DEVICES;

	for (a.device = 0; a.device < count; a.device++) {
		a.function = 0;
		const struct pci_device *const first = function_add(range, a);
		/* A device without the bit may answer for all eight functions: it does not decode the number. */
		if (!first || !first->header.multifunction)
			continue;
		for (a.function = 1; a.function < FUNCTIONS; a.function++)
			function_add(range, a);
	}
	bit_set(range->set.done, bus);
	pci_scan_report.buses++;
}

/* Look at all buses that wait, and those that they lead to, lowest first. */
static void range_scan_todo(struct range *range)
{
	struct bus_set *const set = &range->set;

	for (unsigned word = 0; word < ARRAY_SIZE(set->todo);) {
		const uint64_t waiting = set->todo[word] & ~set->done[word];
		if (waiting)
			bus_scan(range, (uint8_t)(word * 64 + (unsigned)__builtin_ctzll(waiting)));
		else
			word++;
	}
}

static bool function_answers(uint16_t segment, unsigned bus, uint8_t device)
{
	struct pci_device probe = { .address = { .segment = segment, .bus = (uint8_t)bus, .device = device } };

	return pci_header_read(pci_read_register, &probe, &probe.header);
}

static void range_scan(struct range *range)
{
	const struct pci_buses *const buses = range->buses;

	/* From below, so that what bridges lead to is not taken for a bus of its own. */
	bit_set(range->set.todo, buses->first);
	range_scan_todo(range);
	for (unsigned bus = buses->first; bus <= buses->last; bus++) {
		if (bit_get(range->set.done, bus))
			continue;
		if (!function_answers(buses->segment, bus, 0) && !function_answers(buses->segment, bus, 5))
			continue;
		bit_set(range->set.todo, bus);
		range_scan_todo(range);
	}
}

unsigned pci_scan_all(void)
{
	const unsigned before = pci_scan_report.functions;

	for (struct range *range = ranges; range < ranges + range_count; range++)
		for (unsigned bus = range->buses->first; bus <= range->buses->last; bus++)
			if (!bit_get(range->set.done, bus))
				bus_scan(range, (uint8_t)bus);
	return pci_scan_report.functions - before;
}

void pci_init(void)
{
	const uint64_t start = cpu_ticks();
	const struct pci_buses *buses;
	bool memory = false;

	range_count = pci_config_buses(&buses);
	ranges = kzalloc(range_count * sizeof(*ranges));
	if (!range_count || !ranges) {
		range_count = 0;
		pr_info("pci: there is none");
		return;
	}
	for (size_t i = 0; i < range_count; i++) {
		ranges[i].buses = &buses[i];
		range_scan(&ranges[i]);
		memory |= buses[i].ecam;
	}
	pci_scan_report.ticks = cpu_ticks() - start;
	pr_info("pci: %u functions on %u bus%s, configured by %s", pci_scan_report.functions, pci_scan_report.buses,
		pci_scan_report.buses == 1 ? "" : "es", memory ? "memory" : "ports");
}

void pci_enable(struct pci_device *d)
{
	uint32_t decode = 0;

	for (unsigned i = 0; i < PCI_BAR_COUNT; i++)
		if (d->bars[i].base)
			decode |= d->bars[i].kind == PCI_BAR_PORTS ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	pci_write(d, PCI_COMMAND, 2, pci_read(d, PCI_COMMAND, 2) | decode | PCI_COMMAND_MASTER);
}

void *pci_map_bar(const struct pci_device *d, unsigned bar, uint64_t size)
{
	const struct pci_bar *const b = &d->bars[bar];

	ASSERT(bar < PCI_BAR_COUNT);
	if ((b->kind != PCI_BAR_MEMORY && b->kind != PCI_BAR_MEMORY_64) || !b->base || size > b->size || !b->size)
		return NULL;
	return mmu_map_device(b->base, size ? size : b->size, MMU_UNCACHED);
}

static bool driver_matches(const struct pci_driver *driver, const struct pci_header *h)
{
	return (!driver->vendor || driver->vendor == h->vendor) && (!driver->device || driver->device == h->device) &&
	       !((driver->class ^ h->class) & driver->class_mask);
}

void pci_register(const struct pci_driver *driver)
{
	for (struct pci_device *d = devices; d; d = d->next)
		if (!d->driver && driver_matches(driver, &d->header) && driver->probe(d) == 0)
			d->driver = driver;
}

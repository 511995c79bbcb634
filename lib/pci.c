/* What a function's configuration space says.
 *
 * An absent function reads as all ones, since nobody drives the bus; some chipsets answer with zeros, or only the
 * vendor's half is all ones while the device is not ready. None of these is a function.
 *
 * Lists of capabilities are chains of offsets in registers that a device's maker filled, and broken ones exist: links
 * to themselves, into the header, beyond the end. A walk keeps a bit for each aligned place, stops at a place that it
 * has seen, and so takes 1,024 steps at most.
 *
 * The size of a range is what its register does not let one write: the lowest address bit that sticks. Upper bits that
 * are fixed to zero (16 address bits for ports) therefore do not matter. */
#include "lib/pci.h"

#include "lib/string.h"

enum {
	STATUS_CAPABILITIES	= 1 << 4,
	MULTIFUNCTION		= 0x80,
	FIRST_CAPABILITY	= 0x40,

	BAR_IO			= 1 << 0,
	BAR_TYPE		= 3 << 1,
	BAR_TYPE_64		= 2 << 1,
	BAR_PREFETCHABLE	= 1 << 3,
	ROM_ENABLE		= 1 << 0,
};

bool pci_header_read(pci_read_fn *read, void *context, struct pci_header *ret)
{
	const uint32_t id = read(context, PCI_ID);

	if ((id & 0xffff) == 0xffff || (id & 0xffff) == 0)
		return false;

	const uint32_t class = read(context, PCI_CLASS_REVISION), status = read(context, PCI_COMMAND) >> 16;
	const uint8_t type = (uint8_t)(read(context, PCI_HEADER_TYPE & ~3u) >> 16);
	const uint32_t interrupt = read(context, PCI_INTERRUPT);

	*ret = (struct pci_header){
		.vendor = (uint16_t)id, .device = (uint16_t)(id >> 16),
		.class = class >> 8, .revision = (uint8_t)class,
		.layout = type & (MULTIFUNCTION - 1), .multifunction = type & MULTIFUNCTION,
		.has_capabilities = status & STATUS_CAPABILITIES,
		.interrupt_line = (uint8_t)interrupt, .interrupt_pin = (uint8_t)(interrupt >> 8),
	};
	if (ret->layout == PCI_LAYOUT_DEVICE) {
		const uint32_t subsystem = read(context, PCI_SUBSYSTEM);
		ret->subsystem_vendor = (uint16_t)subsystem;
		ret->subsystem = (uint16_t)(subsystem >> 16);
	} else if (ret->layout == PCI_LAYOUT_BRIDGE || ret->layout == PCI_LAYOUT_CARDBUS) {
		const uint32_t buses = read(context, PCI_BUS_NUMBERS);
		ret->secondary = (uint8_t)(buses >> 8);
		ret->subordinate = (uint8_t)(buses >> 16);
	}
	return true;
}

unsigned pci_layout_bars(uint8_t layout)
{
	static const uint8_t counts[] = { [PCI_LAYOUT_DEVICE] = 6, [PCI_LAYOUT_BRIDGE] = 2, [PCI_LAYOUT_CARDBUS] = 1 };

	return layout < ARRAY_SIZE(counts) ? counts[layout] : 0;
}

unsigned pci_layout_rom(uint8_t layout)
{
	if (layout == PCI_LAYOUT_DEVICE)
		return PCI_ROM;
	return layout == PCI_LAYOUT_BRIDGE ? PCI_ROM_BRIDGE : 0;
}

void pci_capabilities_first(struct pci_capability_walk *walk, pci_read_fn *read, void *context, bool extended)
{
	*walk = (struct pci_capability_walk){ .read = read, .context = context, .extended = extended };
	/* The two lowest bits of a link are reserved, and not always 0 (section 6.7). */
	walk->next = extended ? PCI_EXTENDED : read(context, PCI_CAPABILITIES) & 0xfc;
}

/* Is this a place where a capability can be, and a new one? */
static bool walk_visit(struct pci_capability_walk *walk, unsigned offset)
{
	const unsigned lowest = walk->extended ? PCI_EXTENDED : FIRST_CAPABILITY;
	uint64_t *const word = &walk->seen[offset / 4 / 64];
	const uint64_t bit = 1ull << (offset / 4 % 64);

	walk->broken = offset < lowest || *word & bit;
	*word |= bit;
	return !walk->broken;
}

bool pci_capabilities_next(struct pci_capability_walk *walk, struct pci_capability *ret)
{
	const unsigned offset = walk->next;

	if (!offset || walk->broken || !walk_visit(walk, offset))
		return false;

	const uint32_t head = walk->read(walk->context, offset);

	if (walk->extended) {
		/* A list without an entry is one entry of zeros (PCI Express, section 7.6.2); all ones is nobody there. */
		if (!head || head == 0xffffffff)
			return false;
		*ret = (struct pci_capability){ (uint16_t)head, (uint16_t)offset, head >> 16 & 0xf };
		walk->next = head >> 20 & 0xffc;
	} else {
		if ((head & 0xff) == 0xff)
			return false;
		*ret = (struct pci_capability){ head & 0xff, (uint16_t)offset, (uint16_t)(head >> 16) };
		walk->next = head >> 8 & 0xfc;
	}
	return true;
}

/* The lowest bit that could be set; 0 where none could. */
static uint64_t size_from(uint64_t probe)
{
	return probe & -probe;
}

unsigned pci_bar_decode(uint32_t value, uint32_t high, uint64_t probe, bool has_high, struct pci_bar *ret)
{
	/* A register that reads 0 before and after is not there. The kind is in both, in bits that cannot be written. */
	const uint32_t kind = value | (uint32_t)probe;

	*ret = (struct pci_bar){ .kind = PCI_BAR_NONE };
	if (!kind)
		return 1;
	if (kind & BAR_IO) {
		*ret = (struct pci_bar){ .kind = PCI_BAR_PORTS, .base = value & 0xfffc, .size = size_from(probe & 0xfffc) };
		return 1;
	}
	if ((kind & BAR_TYPE) != BAR_TYPE_64) {
		*ret = (struct pci_bar){
			.kind = PCI_BAR_MEMORY, .base = value & ~0xfu, .size = size_from(probe & 0xfffffff0),
			.prefetchable = kind & BAR_PREFETCHABLE,
		};
		return 1;
	}
	if (!has_high)		/* a 64-bit register in the last place has no upper half */
		return 1;
	*ret = (struct pci_bar){
		.kind = PCI_BAR_MEMORY_64, .base = (uint64_t)high << 32 | (value & ~0xfu), .size = size_from(probe & ~0xfull),
		.prefetchable = kind & BAR_PREFETCHABLE,
	};
	return 2;
}

void pci_rom_decode(uint32_t value, uint32_t probe, struct pci_bar *ret)
{
	const uint32_t address = 0xfffff800;

	*ret = (struct pci_bar){ .kind = PCI_BAR_NONE };
	if (!((value | probe) & address))
		return;
	*ret = (struct pci_bar){
		.kind = PCI_BAR_MEMORY, .base = value & address, .size = size_from(probe & address),
		.enabled = value & ROM_ENABLE,
	};
}

bool pci_msix_decode(uint16_t value, uint32_t table, const struct pci_bar *bars, unsigned bar_count,
		     struct pci_msix_table *ret)
{
	const struct pci_msix_table found = { table & 7, table & ~7u, (uint16_t)((value & 0x7ff) + 1) };

	if (found.bar >= bar_count)
		return false;

	const struct pci_bar *const bar = &bars[found.bar];

	if (bar->kind != PCI_BAR_MEMORY && bar->kind != PCI_BAR_MEMORY_64)
		return false;
	if (!bar->base || found.offset >= bar->size || found.entries * 16u > bar->size - found.offset)
		return false;
	*ret = found;
	return true;
}

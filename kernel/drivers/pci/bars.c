/* Measuring the ranges that devices answer at.
 *
 * A range's size shows in its base address register after all ones were written to it. Meanwhile the device would
 * answer at the top of the address space, so its decoding is switched off around that, and everything is put back: the
 * registers first, then the decoding. This runs on one CPU with interrupts off and writes no log meanwhile: the device
 * may be the screen, the serial line, or lead to them.
 *
 * Not measured, only read:
 * - host bridges, which may decode RAM or this very configuration space by these registers;
 * - interrupt controllers as PCI functions, whose interrupts would be lost;
 * - bridges without a range of their own, since switching their decoding off cuts off all behind them;
 * - layouts that do not exist. The ROM is measured with its own enable bit off. */
#include "kernel/drivers/pci/internal.h"

#include "kernel/arch/cpu.h"

#define DECODE (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

static bool safe_to_measure(const struct pci_device *d)
{
	const uint32_t class = d->header.class >> 8;

	if (class == PCI_CLASS_HOST_BRIDGE || class == PCI_CLASS_INTERRUPTS)
		return false;
	if (d->header.layout == PCI_LAYOUT_DEVICE)
		return true;
	for (unsigned i = 0; i < pci_layout_bars(d->header.layout); i++)
		if (pci_read(d, PCI_BARS + 4 * i, 4) & ~0xfu)
			return true;
	return false;
}

/* What a register reads as after all these bits were written; its value is put back. */
static uint32_t probe(const struct pci_device *d, unsigned offset, uint32_t value, uint32_t ones)
{
	pci_write(d, offset, 4, ones);
	const uint32_t result = pci_read(d, offset, 4);
	pci_write(d, offset, 4, value);
	return result;
}

static void read_bars(struct pci_device *d, bool measure)
{
	const unsigned count = pci_layout_bars(d->header.layout);

	for (unsigned i = 0; i < count;) {
		const unsigned offset = PCI_BARS + 4 * i;
		const bool has_high = i + 1 < count;
		const uint32_t low = pci_read(d, offset, 4);
		uint32_t high = 0;
		uint64_t probed = measure ? probe(d, offset, low, 0xffffffff) : 0;
		unsigned used = pci_bar_decode(low, 0, probed, has_high, &d->bars[i]);
		if (used == 2) {
			high = pci_read(d, offset + 4, 4);
			probed |= measure ? (uint64_t)probe(d, offset + 4, high, 0xffffffff) << 32 : 0;
			pci_bar_decode(low, high, probed, has_high, &d->bars[i]);
		}
		i += used;
	}
}

static void read_rom(struct pci_device *d, bool measure)
{
	const unsigned offset = pci_layout_rom(d->header.layout);

	if (!offset)
		return;
	const uint32_t value = pci_read(d, offset, 4);
	pci_rom_decode(value, measure ? probe(d, offset, value, 0xfffff800) : 0, &d->rom);
}

void pci_bars_read(struct pci_device *d)
{
	const bool measure = safe_to_measure(d);
	const uint64_t flags = cpu_irq_save();
	const uint32_t command = pci_read(d, PCI_COMMAND, 2);
	const bool decodes = measure && command & DECODE;

	if (decodes)
		pci_write(d, PCI_COMMAND, 2, command & ~(uint32_t)DECODE);
	read_bars(d, measure);
	read_rom(d, measure);
	if (decodes)
		pci_write(d, PCI_COMMAND, 2, command);
	cpu_irq_restore(flags);
}

/* Quieting what firmware left running.
 *
 * Firmware's drivers should have stopped their devices when boot services ended, and not all do: a network card goes on
 * writing packets to memory that is about to be ours. So every function loses its bus mastering bit, with which also
 * its message-signalled interrupts end, being memory writes; MSI and MSI-X are switched off on top, so that a driver
 * starts from nothing, and the interrupt pin is, so that a line can be opened for one device without the others' storm.
 * Reading the command register back waits for what is on its way: the answer cannot overtake memory writes (PCI Express
 * base specification 5.0, section 2.4.1).
 *
 * Left as they are, because their bit is not about memory of boot services:
 * - Bridges. The bit is what lets through the DMA of what is behind them, which is off already; drivers would have to
 *   switch it on again all the way up, and a display behind one may need it.
 * - Host and ISA bridges, IOMMUs: parts of the machine that read their own tables.
 * - The display that shows our framebuffer: an integrated one may fetch its picture, from memory that firmware
 *   reserved, as a master. Other displays lose the bit.
 * - A USB controller that firmware's system management mode owns (the keyboard emulation of older machines). Its memory
 *   is firmware's own, which has to stay clear of an unknowing OS; without its bit the mode's handler may wait for
 *   ever, and the keyboard is gone. A driver of ours asks for the controller first (xHCI 1.2, section 7.1.1: set the
 *   OS-owned bit by a byte write, wait for the firmware-owned one to clear), and then stops it.
 *
 * Hot-plugged devices come without the bit. Devices that pci_init missed (enumerate.c) keep it until `pci scan` finds
 * them. */
#include "kernel/drivers/pci/internal.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"

enum {
	/* EHCI 1.0, sections 2.2.4 and 2.1.7: the capability is in configuration space. */
	EHCI_HCCPARAMS		= 0x08,
	/* xHCI 1.2, sections 5.3.6 and 7: it is in a list of registers; pointers count 4 bytes. */
	XHCI_HCCPARAMS		= 0x10,
	USB_CAP_LEGACY		= 1,	/* both kinds' id for it */
	USB_FIRMWARE_OWNS	= 1 << 16,
};

static bool shows_framebuffer(const struct pci_device *d)
{
	const uint64_t base = boot_info()->framebuffer.base;

	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar *const b = &d->bars[i];
		if (base && (b->kind == PCI_BAR_MEMORY || b->kind == PCI_BAR_MEMORY_64) && base - b->base < b->size)
			return true;
	}
	return false;
}

static uint32_t read_mapped(const volatile uint8_t *registers, uint32_t offset)
{
	return *(const volatile uint32_t *)(registers + offset);
}

static bool ehci_is_firmwares(const struct pci_device *d, const volatile uint8_t *registers)
{
	const uint32_t at = read_mapped(registers, EHCI_HCCPARAMS) >> 8 & 0xfc;

	if (at < 0x40)
		return false;
	const uint32_t legacy = pci_read(d, at, 4);
	return (legacy & 0xff) == USB_CAP_LEGACY && legacy & USB_FIRMWARE_OWNS;
}

/* The list's links count forward and are never 0 but at its end, so the walk ends with the range. */
static bool xhci_is_firmwares(const struct pci_device *d, const volatile uint8_t *registers)
{
	uint64_t at = (read_mapped(registers, XHCI_HCCPARAMS) >> 16) * 4u;

	for (uint64_t link = at; link && at + 4 <= d->bars[0].size; at += link) {
		const uint32_t head = read_mapped(registers, (uint32_t)at);
		if ((head & 0xff) == USB_CAP_LEGACY)
			return head & USB_FIRMWARE_OWNS;
		link = (head >> 8 & 0xff) * 4u;
	}
	return false;
}

static bool usb_is_firmwares(const struct pci_device *d)
{
	if (d->header.class != PCI_CLASS_EHCI && d->header.class != PCI_CLASS_XHCI)
		return false;
	/* One that does not answer does not work for anybody. */
	if (!(pci_read(d, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) || d->bars[0].size < 32 || d->bars[0].size > MIB(1))
		return false;
	volatile uint8_t *const registers = pci_map_bar(d, 0, 0);
	if (!registers)
		return false;
	const bool is = d->header.class == PCI_CLASS_EHCI ? ehci_is_firmwares(d, registers) : xhci_is_firmwares(d, registers);
	mmu_unmap_device(registers, d->bars[0].size);
	return is;
}

/* Why a function keeps bus mastering; NULL where it does not. */
static const char *exception(const struct pci_device *d)
{
	const uint32_t class = d->header.class >> 8;

	if (d->header.layout != PCI_LAYOUT_DEVICE)
		return "a bridge";
	if (class == PCI_CLASS_HOST_BRIDGE || class == PCI_CLASS_ISA_BRIDGE || class == PCI_CLASS_IOMMU)
		return "part of the machine";
	if (class >> 8 == PCI_CLASS_DISPLAY && shows_framebuffer(d))
		return "shows the framebuffer";
	if (usb_is_firmwares(d))
		return "belongs to the firmware";
	return NULL;
}

/* True where the function was a master until now. */
static bool quiet(const struct pci_device *d)
{
	const uint32_t command = pci_read(d, PCI_COMMAND, 2);
	const char *const why = exception(d);
	const uint32_t now = (command | PCI_COMMAND_NO_INTX) & ~(why ? 0u : (uint32_t)PCI_COMMAND_MASTER);

	pci_messages_off(d);
	if (now != command) {
		pci_write(d, PCI_COMMAND, 2, now);
		(void)pci_read(d, PCI_COMMAND, 2);
	}
	if (why && command & PCI_COMMAND_MASTER && d->header.layout == PCI_LAYOUT_DEVICE)
		pr_debug("pci: %04x:%02x:%02x.%u stays a bus master: %s", d->address.segment, d->address.bus, d->address.device,
			 d->address.function, why);
	return !why && command & PCI_COMMAND_MASTER;
}

void pci_quiet(void)
{
	unsigned masters = 0;

	for (struct pci_device *d = pci_first(); d; d = d->next) {
		masters += !d->quieted && quiet(d);
		d->quieted = true;
	}
	if (masters)
		pr_info("pci: %u devices were bus masters and are not any more", masters);
}

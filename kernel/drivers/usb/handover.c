/* Taking the USB controllers from the firmware, of all four kinds, whether or not there is a driver here: what firmware
 * plays by system management interrupts, most of all a PS/2 keyboard made of a USB one, gets into the way of the real
 * thing, and its handler costs milliseconds at moments of its own choice. Afterwards no controller is a bus master.
 *
 * On Intel's chipsets of 2012 and 2013 each USB 2 port can be led to an EHCI or to the xHCI controller, and starts at
 * the former. We drive only the latter, so all ports that can be are led there. */
#include "kernel/core/log.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/port.h"
#include "kernel/drivers/usb/legacy.h"
#include "kernel/drivers/usb/usb.h"
#include "kernel/drivers/usb/xhci.h"
#include "kernel/time/clock.h"

#define REGISTERS_MIN	0x104		/* any capability length, and the command register behind it */
#define REGISTERS_MAX	MIB(1)
#define INTEL		0x8086

enum {
	/* UHCI design guide 1.1, sections 2.1.1 and 5.2.1: status bits are cleared by writing 1, all else is off. */
	UHCI_RANGE = 4, UHCI_COMMAND = 0, UHCI_LEGACY = 0xc0, UHCI_LEGACY_OFF = 0x8f00,

	/* OHCI 1.0a, sections 5.1.1.3.3 and 7.1: firmware's driver gives up when it is asked to by an interrupt. */
	OHCI_CONTROL = 0x04, OHCI_COMMAND = 0x08, OHCI_NO_INTERRUPTS = 0x14,
	OHCI_FIRMWARE_OWNS = 1 << 8, OHCI_ASK = 1 << 3,

	EHCI_HCCPARAMS = 0x08,

	/* Intel 7 Series chipset data sheet, XUSB2PR, XUSB2PRM, USB3_PSSEN, USB3PRM: the ports that are led to xHCI,
	 * and those that can be. */
	INTEL_USB2_PORTS = 0xd0, INTEL_USB2_MASK = 0xd4, INTEL_USB3_PORTS = 0xd8, INTEL_USB3_MASK = 0xdc,
};
#define OHCI_ALL_INTERRUPTS	(1u << 31)
#define XHCI_CONTROL_KEEP	0x000e1feeu	/* xHCI 1.2, section 7.1.2: reserved, to be kept */

/* The registers that legacy.c wants: of EHCI in configuration space, of xHCI in memory. */
struct holder {
	struct usb_legacy legacy;
	const struct pci_device *pci;
	volatile uint8_t *registers;
	uint32_t at;
};

static const struct holder *holder_of(const struct usb_legacy *l)
{
	return (const struct holder *)((const char *)l - offsetof(struct holder, legacy));
}

static void wait(const struct usb_legacy *l)
{
	clock_delay(NSEC_PER_MSEC);
}

static uint32_t ehci_read(const struct usb_legacy *l, unsigned offset)
{
	return pci_read(holder_of(l)->pci, holder_of(l)->at + offset, 4);
}

static void ehci_write(const struct usb_legacy *l, unsigned offset, uint32_t value)
{
	pci_write(holder_of(l)->pci, holder_of(l)->at + offset, 4, value);
}

static void ehci_write_byte(const struct usb_legacy *l, unsigned offset, uint8_t value)
{
	pci_write(holder_of(l)->pci, holder_of(l)->at + offset, 1, value);
}

static uint32_t memory_read(const struct usb_legacy *l, unsigned offset)
{
	return xhci_read(holder_of(l)->registers, holder_of(l)->at + offset);
}

static void memory_write(const struct usb_legacy *l, unsigned offset, uint32_t value)
{
	xhci_write(holder_of(l)->registers, holder_of(l)->at + offset, value);
}

static void memory_write_byte(const struct usb_legacy *l, unsigned offset, uint8_t value)
{
	holder_of(l)->registers[holder_of(l)->at + offset] = value;
}

/* The links count words forward and are never 0 but at the end, so the walk ends with the range. */
uint32_t xhci_capability(const volatile uint8_t *registers, uint64_t size, uint32_t after, uint8_t id)
{
	uint64_t at = after;
	uint32_t link = after ? xhci_read(registers, after) >> 8 & 0xff : xhci_read(registers, XHCI_HCCPARAMS1) >> 16;

	while (link && (at += 4ull * link) + 4 <= size) {
		const uint32_t head = xhci_read(registers, (uint32_t)at);
		if ((head & 0xff) == id)
			return (uint32_t)at;
		link = head >> 8 & 0xff;
	}
	return 0;
}

static void take(const struct pci_device *d, const struct usb_legacy *l)
{
	static const char *const results[] = {
		[USB_HANDED_OVER] = "the firmware hands it over",
		[USB_SEIZED] = "the firmware keeps it; it is taken away",
	};
	const enum usb_legacy_result result = usb_legacy_take(l);

	if (result != USB_WAS_OURS)
		pr_info("usb: controller %02x:%02x.%u: %s", d->address.bus, d->address.device, d->address.function,
			results[result]);
}

/* EHCI's and xHCI's registers begin alike: the command register follows the capabilities, and 0 stops both. */
static void stop(volatile uint8_t *registers)
{
	xhci_write(registers + (xhci_read(registers, XHCI_CAPLENGTH) & 0xff), XHCI_USBCMD, 0);
}

static void ehci_take(const struct pci_device *d, volatile uint8_t *registers, uint64_t size)
{
	const struct holder h = {
		{ ehci_read, ehci_write, ehci_write_byte, wait, 0 }, d, registers,
		xhci_read(registers, EHCI_HCCPARAMS) >> 8 & 0xfc,
	};

	if (h.at >= 0x40 && (ehci_read(&h.legacy, 0) & 0xff) == XHCI_CAP_LEGACY)
		take(d, &h.legacy);
	stop(registers);
}

static void xhci_take(const struct pci_device *d, volatile uint8_t *registers, uint64_t size)
{
	const struct holder h = {
		{ memory_read, memory_write, memory_write_byte, wait, XHCI_CONTROL_KEEP }, d, registers,
		xhci_capability(registers, size, 0, XHCI_CAP_LEGACY),
	};

	if (h.at && h.at + 8 <= size)
		take(d, &h.legacy);
	stop(registers);
}

static void ohci_take(const struct pci_device *d, volatile uint8_t *registers, uint64_t size)
{
	if (xhci_read(registers, OHCI_CONTROL) & OHCI_FIRMWARE_OWNS)
		xhci_write(registers, OHCI_COMMAND, OHCI_ASK);
	for (unsigned ms = 0; ms < USB_LEGACY_WAIT_MS; ms++) {
		if (!(xhci_read(registers, OHCI_CONTROL) & OHCI_FIRMWARE_OWNS))
			break;
		clock_delay(NSEC_PER_MSEC);
	}
	xhci_write(registers, OHCI_NO_INTERRUPTS, OHCI_ALL_INTERRUPTS);
	xhci_write(registers, OHCI_CONTROL, 0);
}

static void uhci_take(const struct pci_device *d)
{
	const struct pci_bar *const range = &d->bars[UHCI_RANGE];

	pci_write(d, UHCI_LEGACY, 2, UHCI_LEGACY_OFF);
	if (range->kind == PCI_BAR_PORTS && range->base && pci_read(d, PCI_COMMAND, 2) & PCI_COMMAND_IO)
		port_write16((uint16_t)(range->base + UHCI_COMMAND), 0);
}

typedef void take_fn(const struct pci_device *d, volatile uint8_t *registers, uint64_t size);

/* One that does not answer in memory works for nobody. */
static void take_mapped(const struct pci_device *d, take_fn *how)
{
	const uint64_t size = MIN(d->bars[0].size, REGISTERS_MAX);

	if (!(pci_read(d, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) || size < REGISTERS_MIN)
		return;

	volatile uint8_t *const registers = pci_map_bar(d, 0, size);

	if (!registers)
		return;
	if (xhci_read(registers, 0) != 0xffffffff)
		how(d, registers, size);
	mmu_unmap_device(registers, size);
}

static void lead_ports(const struct pci_device *xhci)
{
	pci_write(xhci, INTEL_USB3_PORTS, 4, pci_read(xhci, INTEL_USB3_MASK, 4));
	pci_write(xhci, INTEL_USB2_PORTS, 4, pci_read(xhci, INTEL_USB2_MASK, 4));
}

void usb_take_over(void)
{
	bool intel_ehci = false, old = false, new = false;

	for (const struct pci_device *d = pci_first(); d; d = d->next) {
		if (d->header.class == PCI_CLASS_UHCI)
			uhci_take(d);
		else if (d->header.class == PCI_CLASS_OHCI)
			take_mapped(d, ohci_take);
		else if (d->header.class == PCI_CLASS_EHCI)
			take_mapped(d, ehci_take);
		else if (d->header.class == PCI_CLASS_XHCI)
			take_mapped(d, xhci_take);
		else
			continue;
		usb_stop_master(d);
		new |= d->header.class == PCI_CLASS_XHCI;
		old |= d->header.class != PCI_CLASS_XHCI;
		intel_ehci |= d->header.class == PCI_CLASS_EHCI && d->header.vendor == INTEL;
	}
	for (const struct pci_device *d = pci_first(); d && intel_ehci; d = d->next)
		if (d->header.class == PCI_CLASS_XHCI && d->header.vendor == INTEL)
			lead_ports(d);
	if (old && !new)
		pr_warn("usb: only controllers from before xHCI: USB keyboards do not work here, a PS/2 one does");
}

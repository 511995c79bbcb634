/* Interrupts of devices: MSI-X, MSI, the pin.
 *
 * A message is a memory write by the device: 32 bits of data to an address, both from irq_request_message. MSI-X (PCI
 * Express base specification 5.0, section 7.7.2) has a table of them in the device's memory, each entry with a mask
 * bit; MSI (section 7.7.1) one in configuration space, with several only as consecutive data that we do not ask for.
 *
 * The order is always: hold back, write address and data, let go, enable. A device may not be told half a message: it
 * would interrupt a CPU with somebody else's vector. Switching MSI-X or MSI on switches the pin off.
 *
 * The pin is the last resort. Which input of an IOAPIC it leads to is in AML, which is not read; where firmware gives
 * the number of an ISA interrupt, as it must for the PIC, that is tried. */
#include "kernel/drivers/pci/internal.h"

#include <abi/linux/errno.h>
#include "kernel/arch/mmu.h"
#include "kernel/core/assert.h"
#include "kernel/core/log.h"

enum {
	MSI_CONTROL		= 2,
	MSI_ENABLE		= 1 << 0,
	MSI_MULTIPLE		= 7 << 4,	/* log2 of the messages that are on */
	MSI_64			= 1 << 7,
	MSI_MASKABLE		= 1 << 8,
	MSI_ADDRESS		= 4,
	MSI_DATA_32		= 8,
	MSI_DATA_64		= 12,
	MSI_MASK_32		= 12,
	MSI_MASK_64		= 16,

	MSIX_CONTROL		= 2,
	MSIX_ENABLE		= 1 << 15,
	MSIX_MASK_ALL		= 1 << 14,
	MSIX_TABLE		= 4,
	MSIX_ENTRY_WORDS	= 4,		/* address, its upper half, data, control */
	MSIX_MASKED		= 1 << 0,
};

static uint32_t msi_control(const struct pci_device *d)
{
	return pci_read(d, d->msi + MSI_CONTROL, 2);
}

static void msix_control(const struct pci_device *d, uint32_t clear, uint32_t set)
{
	const unsigned at = d->msix + MSIX_CONTROL;

	pci_write(d, at, 2, (pci_read(d, at, 2) & ~clear) | set);
}

void pci_messages_off(const struct pci_device *d)
{
	if (d->msi && msi_control(d) & MSI_ENABLE)
		pci_write(d, d->msi + MSI_CONTROL, 2, msi_control(d) & ~(uint32_t)MSI_ENABLE);
	if (d->msix)
		msix_control(d, MSIX_ENABLE, 0);
}

/* Map the table and mask all of it. False where it is not where it says; then MSI is used. */
static bool msix_open(struct pci_device *d)
{
	struct pci_msix_table table;

	if (!d->msix || d->msix_table)
		return d->msix;
	if (!pci_msix_decode((uint16_t)pci_read(d, d->msix + MSIX_CONTROL, 2), pci_read(d, d->msix + MSIX_TABLE, 4), d->bars,
			     PCI_BAR_COUNT, &table) ||
	    !(d->msix_table = mmu_map_device(d->bars[table.bar].base + table.offset, table.entries * 16u, MMU_UNCACHED))) {
		pr_warn("pci: %04x:%02x:%02x.%u: MSI-X is not usable", d->address.segment, d->address.bus, d->address.device,
			d->address.function);
		d->msix = 0;
		return false;
	}
	d->msix_count = table.entries;
	/* The entries' mask bits can be reached only where the device answers, and count once MSI-X is on. */
	pci_enable(d);
	msix_control(d, 0, MSIX_ENABLE | MSIX_MASK_ALL);
	for (unsigned i = 0; i < table.entries; i++)
		d->msix_table[i * MSIX_ENTRY_WORDS + 3] |= MSIX_MASKED;
	msix_control(d, MSIX_MASK_ALL, 0);
	return true;
}

static void msix_mask(const struct pci_device *d, unsigned index, bool masked)
{
	volatile uint32_t *const control = &d->msix_table[index * MSIX_ENTRY_WORDS + 3];

	*control = masked ? *control | MSIX_MASKED : *control & ~(uint32_t)MSIX_MASKED;
	(void)*control;		/* it is there when this has been read */
}

static void msix_write(const struct pci_device *d, unsigned index, const struct irq_message *message)
{
	volatile uint32_t *const entry = &d->msix_table[index * MSIX_ENTRY_WORDS];

	entry[0] = (uint32_t)message->address;
	entry[1] = (uint32_t)(message->address >> 32);
	entry[2] = message->data;
	msix_mask(d, index, false);
}

static void msi_mask(const struct pci_device *d, bool masked)
{
	pci_write(d, d->msi + (msi_control(d) & MSI_64 ? MSI_MASK_64 : MSI_MASK_32), 4, masked);
}

/* A device whose address register has 32 bits cannot send to a higher address. */
static int msi_write(const struct pci_device *d, const struct irq_message *message)
{
	const uint32_t control = msi_control(d) & ~(uint32_t)(MSI_ENABLE | MSI_MULTIPLE);

	if (!(control & MSI_64) && message->address >> 32)
		return -ENODEV;
	pci_write(d, d->msi + MSI_CONTROL, 2, control);
	pci_write(d, d->msi + MSI_ADDRESS, 4, (uint32_t)message->address);
	if (control & MSI_64)
		pci_write(d, d->msi + MSI_ADDRESS + 4, 4, (uint32_t)(message->address >> 32));
	pci_write(d, d->msi + (control & MSI_64 ? MSI_DATA_64 : MSI_DATA_32), 2, message->data);
	if (control & MSI_MASKABLE)
		msi_mask(d, false);
	pci_write(d, d->msi + MSI_CONTROL, 2, control | MSI_ENABLE);
	return 0;
}

static int message_request(struct pci_device *d, unsigned index, const char *name, irq_handler *handler, void *context)
{
	struct irq_message message;
	const int number = irq_request_message(name, handler, context, &message);

	if (number < 0)
		return number;
	if (d->msix_table) {
		msix_write(d, index, &message);
		return number;
	}
	const int error = msi_write(d, &message);
	if (error)
		irq_free(number);
	return error ? error : number;
}

static int pin_request(struct pci_device *d, const char *name, irq_handler *handler, void *context)
{
	const uint8_t line = d->header.interrupt_line;

	if (!d->header.interrupt_pin || !line || line > 15)
		return -ENODEV;
	const int number = irq_request_isa(line, name, handler, context);
	if (number >= 0)
		pci_write(d, PCI_COMMAND, 2, pci_read(d, PCI_COMMAND, 2) & ~(uint32_t)PCI_COMMAND_NO_INTX);
	return number;
}

unsigned pci_irq_count(struct pci_device *d)
{
	if (msix_open(d))
		return d->msix_count;
	return d->msi || d->header.interrupt_pin;
}

int pci_irq_request(struct pci_device *d, unsigned index, const char *name, irq_handler *handler, void *context)
{
	const unsigned count = pci_irq_count(d);

	if (!count)
		return -ENODEV;
	ASSERT(index < count);
	pci_enable(d);
	if (d->msix_table || d->msi) {
		const int number = message_request(d, index, name, handler, context);
		if (number >= 0 || d->msix_table)
			return number;
	}
	return pin_request(d, name, handler, context);
}

int pci_irq_mask(struct pci_device *d, unsigned index, bool masked)
{
	if (d->msix_table)
		msix_mask(d, index, masked);
	else if (d->msi && msi_control(d) & MSI_MASKABLE)
		msi_mask(d, masked);
	else
		return -ENODEV;
	return 0;
}

void pci_irq_free(struct pci_device *d, unsigned index, int number)
{
	if (d->msix_table)
		msix_mask(d, index, true);
	else if (d->msi && msi_control(d) & MSI_ENABLE)
		pci_messages_off(d);
	else
		pci_write(d, PCI_COMMAND, 2, pci_read(d, PCI_COMMAND, 2) | PCI_COMMAND_NO_INTX);
	irq_free(number);
}

/* PCI devices (functions, in the specification's words): found once at boot, kept in a list for ever.
 *
 * Rules
 * - pci_init, then pci_quiet, on the boot CPU alone with interrupts off, before memory of the firmware's boot services
 *   is used for anything: until then devices may still write to it.
 * - After pci_quiet no device is a bus master or interrupts, but for the ones that pci_quiet names. A driver that takes
 *   a device calls pci_enable.
 * - The list does not change after pci_init, except by the monitor's `pci scan`, which adds, and quiets what it adds;
 *   walking it needs no lock.
 * - A device has one driver at most, whose functions on it the driver keeps apart itself. */
#ifndef KERNEL_DRIVERS_PCI_PCI_H
#define KERNEL_DRIVERS_PCI_PCI_H

#include "kernel/arch/pci.h"
#include "kernel/irq/irq.h"
#include "lib/pci.h"

#define PCI_BAR_COUNT 6

struct pci_driver;

struct pci_device {
	struct pci_device *next;	/* in order of addresses */
	struct pci_address address;
	struct pci_header header;
	struct pci_bar bars[PCI_BAR_COUNT];	/* that of a 64-bit one's upper half is PCI_BAR_NONE */
	struct pci_bar rom;
	bool quieted;			/* by pci_quiet */
	uint16_t msi, msix, express;	/* offsets of these capabilities; 0: it has none */
	const struct pci_driver *driver;	/* NULL: nobody's */
	volatile uint32_t *msix_table;	/* mapped with the first interrupt; entries of four words */
	uint16_t msix_count;
};

/* Find all devices and measure their ranges. After pci_config_init. */
void pci_init(void);

/* Bus mastering and interrupts off, of devices that are new since the last call (kernel/drivers/pci/quiet.c says where
 * not). */
void pci_quiet(void);

/* The first device; NULL where there is none. */
struct pci_device *pci_first(void);

/* A device's registers. */
static inline uint32_t pci_read(const struct pci_device *d, unsigned offset, unsigned size)
{
	return pci_config_read(d->address, offset, size);
}

static inline void pci_write(const struct pci_device *d, unsigned offset, unsigned size, uint32_t value)
{
	pci_config_write(d->address, offset, size, value);
}

/* For lib/pci.h's functions; the context is the device. */
uint32_t pci_read_register(void *device, unsigned offset);

/* Let the device answer at its ranges and be a bus master: what its driver needs first. */
void pci_enable(struct pci_device *d);

/* Map a range's first size bytes (0: all of it). NULL where it is not memory, not assigned, or shorter. For ever. */
void *pci_map_bar(const struct pci_device *d, unsigned bar, uint64_t size);

/* A driver: devices match where vendor and device are right (0: any) and the class' bits under the mask. probe returns
 * 0 where it takes the device, which is its own from then on, or a negative errno. */
struct pci_driver {
	const char *name;
	uint16_t vendor, device;
	uint32_t class, class_mask;
	int (*probe)(struct pci_device *d);
};

/* Offer it every device that is nobody's. The struct stays where it is. */
void pci_register(const struct pci_driver *driver);

/* Interrupts of a device, the best kind there is: MSI-X, MSI, the pin. index under what pci_irq_count says. Handlers as
 * in kernel/irq/irq.h; with MSI-X and MSI they need not look whether the device meant them. A number for pci_irq_free,
 * or -ENODEV where the device has no kind that works here, -EBUSY, -ENOSPC, -ENOMEM. */
unsigned pci_irq_count(struct pci_device *d);
int pci_irq_request(struct pci_device *d, unsigned index, const char *name, irq_handler *handler, void *context);
void pci_irq_free(struct pci_device *d, unsigned index, int number);

/* One message on or off, where the device can hold it back; what came meanwhile comes afterwards. 0 or -ENODEV. */
int pci_irq_mask(struct pci_device *d, unsigned index, bool masked);

#endif

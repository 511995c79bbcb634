/* Between the files of this folder. */
#ifndef KERNEL_DRIVERS_PCI_INTERNAL_H
#define KERNEL_DRIVERS_PCI_INTERNAL_H

#include "kernel/drivers/pci/pci.h"

/* Read where a device's ranges are, and measure them where that is safe. Its decoding is as before afterwards. */
void pci_bars_read(struct pci_device *d);

/* No messages any more, whatever firmware set up. */
void pci_messages_off(const struct pci_device *d);

/* Look at every bus that has not been looked at, at every device on it. How many functions were new. */
unsigned pci_scan_all(void);

/* What the scans did: buses looked at, functions found, ticks it took at boot. */
struct pci_scan_report {
	unsigned buses, functions;
	uint64_t ticks;
};
extern struct pci_scan_report pci_scan_report;

#endif

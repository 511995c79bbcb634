/* PCI configuration space: how its registers are read and written.
 *
 * Rules
 * - After pci_config_init reads and writes may be made in any context, on any CPU. Register by register: who changes
 *   one in several steps has a lock of their own.
 * - Reads of what is not there (no function, no such segment, registers from 256 on where only ports lead) are all
 *   ones; writes to it do nothing. size is 1, 2 or 4, and offset a multiple of it under 4096.
 * - A write of 2 bytes is a write of 2 bytes: the neighbours may be status bits that are cleared by what one reads. */
#ifndef KERNEL_ARCH_PCI_H
#define KERNEL_ARCH_PCI_H

#include "lib/types.h"

struct pci_address {
	uint16_t segment;
	uint8_t bus, device, function;	/* device under 32, function under 8 */
};

/* A range of buses that can be reached. */
struct pci_buses {
	uint16_t segment;
	uint8_t first, last;
	bool ecam;			/* in memory, all 4096 bytes of each function; else by ports */
};

/* Find out how. alloc gives zeroed memory for ever, or NULL. After mmu_init and firmware_init, once. */
void pci_config_init(void *(*alloc)(size_t size));

/* The ranges; their number, 0 where the machine has no PCI. */
size_t pci_config_buses(const struct pci_buses **ret);

uint32_t pci_config_read(struct pci_address address, unsigned offset, unsigned size);
void pci_config_write(struct pci_address address, unsigned offset, unsigned size, uint32_t value);

#endif

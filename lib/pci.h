/* PCI configuration space as data (PCI local bus specification 3.0, chapter 6; PCI Express base specification 5.0,
 * chapter 7).
 *
 * Rules
 * - Pure: registers are read through a function, which returns the aligned 32 bits at an offset, and all ones where
 *   there is nothing. Nothing that is read is trusted: lists end, whatever they contain.
 * - Register numbers are bytes from the start of a function's configuration space, 256 of them or 4096. */
#ifndef LIB_PCI_H
#define LIB_PCI_H

#include "lib/types.h"

enum {
	PCI_ID			= 0x00,	/* vendor, device */
	PCI_COMMAND		= 0x04,	/* and status */
	PCI_CLASS_REVISION	= 0x08,
	PCI_HEADER_TYPE		= 0x0e,
	PCI_BARS		= 0x10,
	PCI_BUS_NUMBERS		= 0x18,	/* bridges: primary, secondary, subordinate */
	PCI_SUBSYSTEM		= 0x2c,
	PCI_ROM			= 0x30,
	PCI_CAPABILITIES	= 0x34,	/* the first one's offset */
	PCI_ROM_BRIDGE		= 0x38,
	PCI_INTERRUPT		= 0x3c,	/* line, pin */
	PCI_EXTENDED		= 0x100,
	PCI_CONFIG_SIZE		= 0x1000,

	PCI_COMMAND_IO		= 1 << 0,
	PCI_COMMAND_MEMORY	= 1 << 1,
	PCI_COMMAND_MASTER	= 1 << 2,
	PCI_COMMAND_NO_INTX	= 1 << 10,
};

/* Classes, as base << 16 | sub-class << 8 | interface, with what is left out 0. */
enum {
	PCI_CLASS_DISPLAY	= 0x03,		/* base class alone */
	PCI_CLASS_HOST_BRIDGE	= 0x0600,
	PCI_CLASS_ISA_BRIDGE	= 0x0601,
	PCI_CLASS_INTERRUPTS	= 0x0800,	/* a PIC or IOAPIC */
	PCI_CLASS_IOMMU		= 0x0806,
	PCI_CLASS_UHCI		= 0x0c0300,
	PCI_CLASS_OHCI		= 0x0c0310,
	PCI_CLASS_EHCI		= 0x0c0320,
	PCI_CLASS_XHCI		= 0x0c0330,
};

/* Capabilities: those in the first 256 bytes, and PCI Express' extended ones. */
enum {
	PCI_CAP_MSI	= 0x05,
	PCI_CAP_EXPRESS	= 0x10,
	PCI_CAP_MSIX	= 0x11,
};

enum pci_layout { PCI_LAYOUT_DEVICE = 0, PCI_LAYOUT_BRIDGE = 1, PCI_LAYOUT_CARDBUS = 2 };

typedef uint32_t pci_read_fn(void *context, unsigned offset);

struct pci_header {
	uint16_t vendor, device;
	uint16_t subsystem_vendor, subsystem;	/* 0 where the layout has none */
	uint32_t class;				/* base << 16 | sub-class << 8 | interface */
	uint8_t revision;
	uint8_t layout;				/* enum pci_layout; others exist on paper only */
	bool multifunction, has_capabilities;
	uint8_t interrupt_line, interrupt_pin;	/* pin: 0 none, 1 INTA … 4 INTD */
	uint8_t secondary, subordinate;		/* bridges: the buses behind it */
};

/* False where no function answers. */
bool pci_header_read(pci_read_fn *read, void *context, struct pci_header *ret);

/* How many base address registers a layout has, and where its expansion ROM's is; 0: none. */
unsigned pci_layout_bars(uint8_t layout);
unsigned pci_layout_rom(uint8_t layout);

/* A walk over a list of capabilities: fill it with pci_capabilities_first, then call pci_capabilities_next until it
 * returns false. Each place is visited once at most; broken says that a link led back or to where none can be. */
struct pci_capability {
	uint16_t id;
	uint16_t offset;
	uint16_t value;		/* the upper 16 bits of its first register; of extended ones the version */
};

struct pci_capability_walk {
	pci_read_fn *read;
	void *context;
	uint16_t next;
	bool extended, broken;
	uint64_t seen[PCI_CONFIG_SIZE / 4 / 64];	/* a bit for each place */
};

void pci_capabilities_first(struct pci_capability_walk *walk, pci_read_fn *read, void *context, bool extended);
bool pci_capabilities_next(struct pci_capability_walk *walk, struct pci_capability *ret);

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_PORTS, PCI_BAR_MEMORY, PCI_BAR_MEMORY_64 };

struct pci_bar {
	uint64_t base;		/* 0: not assigned */
	uint64_t size;		/* a power of two; 0 for PCI_BAR_NONE, and where it was not measured */
	uint8_t kind;		/* enum pci_bar_kind */
	bool prefetchable;
	bool enabled;		/* of a ROM: it answers, if memory decoding is on */
};

/* Decode a base address register from its value and from what it reads after all ones were written (0 where that was
 * not done); high is the next register's value and is used by 64-bit ones alone, has_high says that there is a next
 * one. Returns how many registers it takes, 1 or 2. Example: value c000000ch, high 4, probe f0000000ch (with its high
 * half): 64-bit memory, prefetchable, base 4_c000_0000h, size 256 MiB. */
unsigned pci_bar_decode(uint32_t value, uint32_t high, uint64_t probe, bool has_high, struct pci_bar *ret);

/* The same for an expansion ROM's register. */
void pci_rom_decode(uint32_t value, uint32_t probe, struct pci_bar *ret);

/* Where an MSI-X table is: entries of 16 bytes in a base address register's range (section 7.7.2). value is the
 * capability's message control, table its second register. False where it cannot be there. */
struct pci_msix_table {
	uint8_t bar;
	uint32_t offset;
	uint16_t entries;
};
bool pci_msix_decode(uint16_t value, uint32_t table, const struct pci_bar *bars, unsigned bar_count,
		     struct pci_msix_table *ret);

#endif

/* Names of PCI vendors, devices and classes, from the packed table that tools/mkpcinames makes of the pci.ids file.
 *
 * Rules: the table is read from its start to the last name that is wanted, some 60 million instructions, so ask for
 * many names at once. What the table does not name comes back as an empty string. */
#ifndef LIB_PCI_NAMES_H
#define LIB_PCI_NAMES_H

#include "lib/lzma.h"
#include "lib/types.h"

#define PCI_NAME_MAX 128	/* with the final NUL; tools/mkpcinames checks it */

enum pci_name {
	PCI_NAME_CLASS,		/* "SATA controller"; of an unknown sub-class the class: "Mass storage controller" */
	PCI_NAME_INTERFACE,	/* "AHCI 1.0" */
	PCI_NAME_VENDOR,
	PCI_NAME_DEVICE,
	PCI_NAME_KINDS
};

struct pci_name_query {
	uint16_t vendor, device;
	uint32_t class;				/* base << 16 | sub-class << 8 | interface */
	char names[PCI_NAME_KINDS][PCI_NAME_MAX];
	uint32_t lines[PCI_NAME_KINDS];		/* for the search: the names' places in the table, from 1; 0: none */
	int vendor_number;			/* likewise */
};

/* Fill in the names of all queries. 0, or -EBADMSG where the table is damaged; the names are empty strings then. */
int pci_names_find(struct lzma *work, const void *packed, size_t size, struct pci_name_query *queries, unsigned count);

/* The table (tools/mkpcinames). */
extern const uint8_t pci_names[];
extern const size_t pci_names_size;

#endif

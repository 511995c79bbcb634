/* ACPI tables as data (ACPI specification 6.5, chapter 5).
 *
 * Rules
 * - Nothing in a table is trusted: each length and checksum is checked, each field is read only where the table is long enough.
 * - Tables are reached through a function, because a table may lie anywhere in physical memory: acpi_map_fn returns a readable pointer to size bytes at an address, or NULL
 *   where that is not memory. It may be called again for the same place with a larger size. */
#ifndef LIB_ACPI_H
#define LIB_ACPI_H

#include "lib/types.h"

typedef const void *acpi_map_fn(void *context, paddr_t address, size_t size);

struct acpi_root {
	acpi_map_fn *map;
	void *context;
	paddr_t table;		/* XSDT or RSDT */
	uint32_t entry_size;	/* 8 or 4 */
	uint32_t entry_count;
	char oem[7];
};

/* A table whose length and checksum are right; data is the whole table with its header. */
struct acpi_table {
	const uint8_t *data;
	size_t size;
	paddr_t address;
};

/* Check the RSDP at address and the XSDT it names, else the RSDT. 0; -EFAULT (not memory); -EBADMSG (signature, checksum, length); *ret_why is
 * a sentence then. */
int acpi_open(acpi_map_fn *map, void *context, paddr_t rsdp, struct acpi_root *ret, const char **ret_why);

/* Find the index-th (from 0) table with a four-letter signature. 0; -ENOENT; -EBADMSG where the table is there but damaged. */
int acpi_find(const struct acpi_root *root, const char signature[4], unsigned index, struct acpi_table *ret);

/* An address in the generic address structure (section 5.2.3.2). */
struct acpi_address {
	uint8_t space;		/* 0 memory, 1 I/O ports */
	uint8_t width;		/* bits */
	uint8_t access;		/* 1 byte, 2 word, 3 dword, 4 qword; 0 undefined */
	paddr_t address;	/* 0: absent */
};

/* The power management timer (section 4.8.3.3) by the FADT: 3.579545 MHz. 0 or -ENOENT. */
int acpi_fadt_pm_timer(const struct acpi_table *fadt, struct acpi_address *ret, unsigned *ret_bits);

/* The HPET's register block (IA-PC HPET specification 1.0a, section 3.2.4). 0 or -ENOENT. */
int acpi_hpet_base(const struct acpi_table *hpet, paddr_t *ret);

/* The serial console (Microsoft SPCR): a 16550-compatible port only. baud 0: as it is. 0; -ENOENT; -EINVAL where it is another kind of port. */
int acpi_spcr_port(const struct acpi_table *spcr, struct acpi_address *ret, uint32_t *ret_baud);

#endif

/* The firmware's tables. */
#ifndef KERNEL_CORE_FIRMWARE_H
#define KERNEL_CORE_FIRMWARE_H

#include "lib/acpi.h"
#include "lib/smbios.h"

/* Look at ACPI and SMBIOS; says in the log what is missing or damaged. After mmu_init. */
void firmware_init(void);

/* The index-th table with this signature, length and checksum checked. 0, -ENOENT, -EBADMSG. */
int firmware_table(const char signature[4], unsigned index, struct acpi_table *ret);

/* The table at an address that another table names. 0, -EFAULT, -EBADMSG. */
int firmware_table_at(paddr_t address, const char signature[4], struct acpi_table *ret);

/* The first table in from…end that may still be read, wherever the firmware put it; false where there is none. */
bool firmware_next_in(paddr_t from, paddr_t end, paddr_t *ret_base, uint64_t *ret_size);

/* What the machine calls itself; empty strings where it says nothing. */
const struct smbios_names *firmware_names(void);

/* The tables themselves, empty where there are none. */
const struct smbios_table *firmware_smbios(void);
const struct acpi_root *firmware_acpi(void);

#endif

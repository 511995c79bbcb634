/* The firmware's tables. */
#ifndef KERNEL_CORE_FIRMWARE_H
#define KERNEL_CORE_FIRMWARE_H

#include "lib/acpi.h"
#include "lib/smbios.h"

/* Look at ACPI and SMBIOS; says in the log what is missing or damaged. After mmu_init. */
void firmware_init(void);

/* The index-th table with this signature, length and checksum checked. 0, -ENOENT, -EBADMSG. */
int firmware_table(const char signature[4], unsigned index, struct acpi_table *ret);

/* What the machine calls itself; empty strings where it says nothing. */
const struct smbios_names *firmware_names(void);

#endif

/* What the machine is called (DMTF DSP0134, SMBIOS 3.6, sections 5.2, 6.1, 7.1 to 7.2).
 *
 * Rules: as lib/acpi.h: a map function, nothing trusted. Strings are cleaned: printable UTF-8 stays, trailing blanks
 * go. */
#ifndef LIB_SMBIOS_H
#define LIB_SMBIOS_H

#include "lib/acpi.h"

struct smbios_names {
	char system_vendor[48];
	char system_product[48];
	char bios_vendor[48];
	char bios_version[48];
	char bios_date[16];
};

/* Read from the entry point ("_SM3_" or "_SM_"). 0 (absent strings are ""); -EFAULT; -EBADMSG. */
int smbios_read_names(acpi_map_fn *map, void *context, paddr_t entry_point, struct smbios_names *ret);

#endif

/* What the machine is called, and its memory modules (DMTF DSP0134, SMBIOS 3.6, sections 5.2, 6.1, 7.1, 7.2, 7.18,
 * 7.21).
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

/* A memory module, or the socket for one (section 7.18). */
struct smbios_module {
	uint16_t handle;	/* by which other structures mean it */
	uint64_t size;		/* bytes; 0: the socket is empty, or the firmware does not know */
	bool ecc;		/* it has more bits than data */
	uint32_t speed;		/* millions of transfers a second, as configured, else what it can; 0: unknown */
	const char *type;	/* "DDR4"; "" where we do not know */
	char slot[32], bank[32], vendor[32], part[32];
};

/* The table, mapped. */
struct smbios_table {
	const uint8_t *data;
	size_t size;		/* version 3 gives an upper bound only */
};

/* Find it by its entry point ("_SM3_" or "_SM_"). 0; -EFAULT; -EBADMSG. */
int smbios_open(acpi_map_fn *map, void *context, paddr_t entry_point, struct smbios_table *ret);

/* What is absent is "". */
void smbios_read_names(const struct smbios_table *table, struct smbios_names *ret);

/* Walk the modules: *position is 0 at first, false is the end. */
bool smbios_next_module(const struct smbios_table *table, size_t *position, struct smbios_module *ret);

/* Addresses at which memory of a module is seen (section 7.21). Interleaved modules have overlapping ranges. */
struct smbios_range {
	uint16_t module;	/* its handle */
	paddr_t first, last;
};

/* Walk them, in the same way; few firmwares have any. */
bool smbios_next_range(const struct smbios_table *table, size_t *position, struct smbios_range *ret);

#endif

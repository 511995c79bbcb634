/* The machine's physical memory as the firmware described it, normalised (lib/memmap.h). */
#ifndef KERNEL_CORE_MEMORY_MAP_H
#define KERNEL_CORE_MEMORY_MAP_H

#include "lib/memmap.h"

/* Normalise the handoff's map; panics where it cannot be. Once. */
void memory_map_init(void);

/* The ranges, sorted; they stay as they are. Returns their number. */
size_t memory_map_get(const struct mem_range **ret);

/* The range that holds an address, NULL where the firmware named none. */
const struct mem_range *memory_map_find(paddr_t address);

/* Bytes of all ranges of a type. */
uint64_t memory_map_total(enum mem_type type);

#endif

/* The firmware's memory map, read while boot services run. */
#ifndef LOADER_MEMORY_MAP_H
#define LOADER_MEMORY_MAP_H

#include "loader/loader.h"

/* The map normalised, in memory that stays until the end of boot services. Returns the number of ranges. */
int memory_map_ranges(struct loader *l, struct mem_range **ret);

/* Give that memory back, where the boot fails. */
void memory_map_free(struct loader *l);

#endif

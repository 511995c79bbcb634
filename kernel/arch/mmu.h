/* Address translation as generic code sees it.
 *
 * Rules
 * - All RAM of the memory map is mapped at HANDOFF_DIRECT_MAP, writable, not executable; phys_to_virt is arithmetic.
 *   Devices are not in it: they get mappings of their own.
 * - Mappings are for ever unless said otherwise. What changes them is called by one CPU at a time, during the boot. */
#ifndef KERNEL_ARCH_MMU_H
#define KERNEL_ARCH_MMU_H

#include <boot/handoff.h>
#include "lib/types.h"

enum mmu_cache { MMU_WRITE_BACK, MMU_WRITE_COMBINING, MMU_UNCACHED };

static inline void *phys_to_virt(paddr_t physical)
{
	return (void *)(HANDOFF_DIRECT_MAP + physical);
}

/* The inverse, for pointers from phys_to_virt. */
static inline paddr_t virt_to_phys(const void *virtual)
{
	return (vaddr_t)virtual - HANDOFF_DIRECT_MAP;
}

/* Map size bytes of device memory at any alignment; NULL where there is no memory for tables. */
void *mmu_map_device(paddr_t physical, uint64_t size, enum mmu_cache cache);

/* A pointer to size bytes of memory that the firmware filled (tables): in the direct map where they are RAM, else
 * mapped for reading. NULL for what is beyond the CPU's addresses. */
const void *mmu_map_firmware(paddr_t physical, uint64_t size);

/* True where size bytes at an address can be read without a fault. */
bool mmu_is_readable(vaddr_t address, uint64_t size);

/* What an address is, for people: "kernel text", "direct map", "guard page of the boot stack", "not canonical" … */
const char *mmu_describe(vaddr_t address);

#endif

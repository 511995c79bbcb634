/* Address translation as generic code sees it.
 *
 * Rules
 * - All RAM of the memory map is mapped at HANDOFF_DIRECT_MAP, writable, not executable; phys_to_virt is arithmetic.
 *   Devices are not in it: they get mappings of their own. mmu_map_firmware adds what it is asked for.
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

/* The end of the physical addresses that the CPU can form. */
paddr_t mmu_physical_limit(void);

/* Map size bytes of device memory at any alignment, with a cache type of its own; NULL where there is no memory for
 * tables or the CPU cannot address it. Unmap with the same size. */
void *mmu_map_device(paddr_t physical, uint64_t size, enum mmu_cache cache);
void mmu_unmap_device(volatile void *device, uint64_t size);

/* A pointer to size bytes of memory that the firmware filled (tables), in the direct map; what is not RAM is mapped
 * there for reading, once and for ever, but not in a panic. NULL for what is beyond the CPU's addresses. */
const void *mmu_map_firmware(paddr_t physical, uint64_t size);

/* Where the memory manager maps what (docs/memory-map.md). One entry of the topmost table covers 512 GiB. */
#define MMU_FRAME_ARRAY		0xffffc90000000000ull	/* struct frame of all memory, 512 GiB */
#define MMU_FRAME_ARRAY_SIZE	0x0000008000000000ull
#define MMU_STACKS		0xffffca0000000000ull	/* kernel stacks, 512 GiB */
#define MMU_STACKS_SIZE		0x0000008000000000ull
#define MMU_STACK_STEP		0x8000ull		/* from one stack to the next: below each lie guard pages */
#define MMU_STACK_SIZE		0x4000ull
#define MMU_VMAP		0xffffe60000000000ull	/* everything else that is mapped while running, 2 TiB */
#define MMU_VMAP_SIZE		0x0000020000000000ull

/* Map pages in one of these ranges, for reading and writing, where nothing is mapped; 0, -ENOMEM (the part that was
 * mapped stays: unmap it), -EEXIST. */
int mmu_map(vaddr_t at, paddr_t physical, uint64_t size);

/* The same in MMU_FRAME_ARRAY, for the frame allocator alone, which cannot be asked for frames meanwhile: tables come
 * from `frame`, and the caller holds its own lock. */
int mmu_map_frame_array(vaddr_t at, paddr_t physical, paddr_t (*frame)(void *context), void *context);

/* Unmap what is mapped in a range, on all CPUs. */
void mmu_unmap(vaddr_t at, uint64_t size);

/* Where an address of the kernel's half leads; false where it is not mapped. */
bool mmu_translate(vaddr_t at, paddr_t *ret);

/* Forget translations on this CPU alone. */
void mmu_flush_cpu(vaddr_t at, uint64_t size);

/* What is called to have all other CPUs do mmu_flush_cpu; it returns when they have. Once, before they run. */
void mmu_set_shootdown(void (*others_flush)(vaddr_t at, uint64_t size));

/* Where frames for tables come from, from now on. */
void mmu_set_frames(paddr_t (*frame)(void));

/* Where stretches of MMU_VMAP come from, from now on; take returns 0 where there is none. Before this they are handed
 * out one behind the other; returns the first address that is still free. */
vaddr_t mmu_set_vmap(vaddr_t (*take)(uint64_t size, uint64_t align), void (*give)(vaddr_t at));

/* Walk all of this CPU's translations: nothing writable and executable, nothing executable but the kernel's text,
 * nothing open to user mode in the kernel's half; and check that this CPU enforces it. NULL where all is right, else a
 * sentence that says what is wrong. */
const char *mmu_check_rights(void);

/* True where size bytes at an address can be read without a fault. */
bool mmu_is_readable(vaddr_t address, uint64_t size);

/* What an address is, for people: "kernel text", "direct map", "guard page of the boot stack", "not canonical" … */
const char *mmu_describe(vaddr_t address);

#endif

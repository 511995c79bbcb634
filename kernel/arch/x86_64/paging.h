/* The kernel's address space.
 *
 *	ffff8880 00000000	direct map: all RAM (include/boot/handoff.h)
 *	ffffc900 00000000	struct frame of each page of it (MMU_FRAME_ARRAY)
 *	ffffca00 00000000	kernel stacks (MMU_STACKS)
 *	ffffe600 00000000	devices, tables, large blocks (MMU_VMAP)
 *	ffffe800 00000000	framebuffer
 *	ffffffff 80000000	kernel image, at a random offset
 * The lower half is free: it will be user space. */
#ifndef KERNEL_ARCH_X86_64_PAGING_H
#define KERNEL_ARCH_X86_64_PAGING_H

#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "lib/pagetable.h"

_Static_assert(HANDOFF_DIRECT_MAP + HANDOFF_DIRECT_MAP_SIZE <= MMU_FRAME_ARRAY &&
	       MMU_FRAME_ARRAY + MMU_FRAME_ARRAY_SIZE <= MMU_STACKS && MMU_STACKS + MMU_STACKS_SIZE <= MMU_VMAP &&
	       MMU_VMAP + MMU_VMAP_SIZE <= HANDOFF_FRAMEBUFFER_MAP, "in this order, without overlaps");

/* Take over the loader's tables: alloc_frame gives page-aligned frames, 0 where there are none. Unmaps what only the
 * jump needed, puts the guard pages in place, and gives the framebuffer its cache type. */
void mmu_init(const struct handoff *handoff, paddr_t (*alloc_frame)(void));

/* Map `count` stacks of STACK_SIZE bytes each, from frames that follow one another, with a guard page below each. */
struct guarded_stack *mmu_map_stacks(paddr_t first, unsigned count);

/* Is it below one of this CPU's own stacks, or of a thread's? */
bool mmu_is_stack_guard(vaddr_t address);

/* CR3 of the kernel's own address space. */
paddr_t mmu_kernel_root(void);

/* A frame for a table, of the kind that mmu_set_frames brought; 0 where there is none. */
paddr_t mmu_table_frame(void);

/* An empty address space whose upper half is the kernel's, with a free frame as its topmost table. */
void mmu_make_space(struct pagetable *ret, paddr_t root);

#endif

/* The kernel's address space.
 *
 *	ffff8880 00000000	direct map: all RAM (include/boot/handoff.h)
 *	ffffc900 00000000	mappings made while running: devices, tables, later stacks and large blocks
 *	ffffe800 00000000	framebuffer
 *	ffffffff 80000000	kernel image, at a random offset
 * The lower half is free: it will be user space. */
#ifndef KERNEL_ARCH_X86_64_PAGING_H
#define KERNEL_ARCH_X86_64_PAGING_H

#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "lib/pagetable.h"

#define VMAP_BASE	0xffffc90000000000ull
#define VMAP_SIZE	0x00001f0000000000ull	/* 31 TiB, up to the framebuffer */

_Static_assert(HANDOFF_DIRECT_MAP + HANDOFF_DIRECT_MAP_SIZE <= VMAP_BASE, "the direct map ends before");
_Static_assert(VMAP_BASE + VMAP_SIZE <= HANDOFF_FRAMEBUFFER_MAP, "the framebuffer begins behind");

/* Take over the loader's tables: alloc_frame gives page-aligned frames, 0 where there are none. Unmaps what only the
 * jump needed, puts the guard pages in place, and gives the framebuffer its cache type. */
void mmu_init(const struct handoff *handoff, paddr_t (*alloc_frame)(void));

/* Map `count` stacks of STACK_SIZE bytes each, from frames that follow one another, with a guard page below each. */
struct guarded_stack *mmu_map_stacks(paddr_t first, unsigned count);

/* CR3 of the kernel's own address space. */
paddr_t mmu_kernel_root(void);

/* An empty address space whose upper half is the kernel's. 0 or -ENOMEM. */
int mmu_make_space(struct pagetable *ret);

#endif

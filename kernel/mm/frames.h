/* Page frames: all memory that the kernel hands out comes from here.
 *
 * Rules
 * - Any context but NMI and machine check, any CPU after memory_init_cpu(). Frames are not cleared. Memory under 1 MiB
 *   and what the firmware keeps is never handed out, so that 0 is no frame.
 * - A frame is free or has a use (enum frame_use); freeing what is not allocated is a panic. Frames come from the node
 *   of the CPU that asks, else from the nearest that has some.
 * - Single frames come from a cache of the CPU, about as fast as a list can be. */
#ifndef KERNEL_MM_FRAMES_H
#define KERNEL_MM_FRAMES_H

#include "kernel/arch/mmu.h"
#include "kernel/mm/buddy.h"

enum frames_where {
	FRAMES_ANYWHERE,
	FRAMES_LOW,		/* under 4 GiB: for devices with 32-bit addresses */
};

/* One frame; 0 where there is none. */
paddr_t frame_alloc(enum frame_use use);
void frame_free(paddr_t address);

/* 2^order frames (up to BUDDY_ORDER_MAX), aligned to their size; 0 where there are none. Freed as a whole. */
paddr_t frames_alloc(unsigned order, enum frames_where where, enum frame_use use);
void frames_free(paddr_t block);

/* The same for who takes what is left: that there is none is no failure of the machine, and is not reported. */
paddr_t frames_alloc_rest(unsigned order, enum frames_where where, enum frame_use use);

/* The struct frame of memory that was handed out, and back. */
static inline struct frame *frame_of(paddr_t address)
{
	return (struct frame *)MMU_FRAME_ARRAY + address / PAGE_SIZE;
}

static inline paddr_t frame_address(const struct frame *frame)
{
	return (paddr_t)(frame - (struct frame *)MMU_FRAME_ARRAY) * PAGE_SIZE;
}

/* Take what bootmem has left. After numa_init; closes bootmem. */
void frames_init(void);

/* This CPU's cache: once on each CPU, before it asks for memory; near its own memory, when its APIC id is known. */
void frames_init_cpu(void);
void frames_near_cpu(uint32_t apic_id);

/* Boot services memory becomes free, except where the firmware's tables lie in it: once, when no device writes memory
 * by itself any more, and no CPU runs the firmware's code. */
void frames_reclaim_boot_services(void);

/* Take a bad frame out of use: 0; -EBUSY where it is in use now and will be retired when it is freed; -EINVAL where it
 * is none of ours. */
int frame_retire(paddr_t frame);

/* Free bytes, what CPUs have in their caches included. */
uint64_t frames_free_bytes(void);

/* Frames by use; those of FRAME_FREE and FRAME_NONE are 0 there. */
void frames_count(uint64_t ret[FRAME_USES]);

/* Bytes of boot services memory that were reclaimed. */
uint64_t frames_reclaimed(void);

#endif

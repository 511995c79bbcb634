/* Boot-time memory: a bump allocator over the usable ranges, until the frame allocator takes what is left.
 *
 * Rules: for ever, no free. Nothing under 1 MiB is handed out, since firmware clobbers it (SMM, warm resets). One CPU
 * at a time. */
#ifndef KERNEL_MM_BOOTMEM_H
#define KERNEL_MM_BOOTMEM_H

#include "lib/types.h"

/* After memory_map_init. */
void bootmem_init(void);

/* Zeroed memory in the direct map; align is a power of two. NULL where no range has room. */
void *bootmem_alloc(size_t size, size_t align);

/* One page-aligned frame, not cleared; 0 where there is none. */
paddr_t bootmem_frame(void);

/* Hand all that is left to its next owner, range by range; bootmem has nothing to give from then on. */
void bootmem_close(void (*give)(paddr_t base, uint64_t size));

#endif

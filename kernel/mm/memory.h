/* The memory manager as a whole. */
#ifndef KERNEL_MM_MEMORY_H
#define KERNEL_MM_MEMORY_H

#include "lib/types.h"

/* After firmware_init, on the boot CPU: from here on kmalloc, vmalloc and stacks; bootmem is closed. */
void memory_init(void);

/* On each other CPU before it allocates. */
void memory_init_cpu(void);

/* On each CPU when its APIC id is known: its memory comes from near it. */
void memory_near_cpu(uint32_t apic_id);

/* All RAM the machine's map names, in bytes. */
uint64_t memory_total(void);

/* What the RAM is used for: `line` is called for each use, with bytes that add up to memory_total(). */
void memory_explain(void (*line)(void *context, const char *what, uint64_t bytes), void *context);

#endif

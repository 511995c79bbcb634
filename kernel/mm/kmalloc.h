/* Memory of any size for the kernel.
 *
 * Rules: any context but NMI and machine check. Not cleared unless by kzalloc; aligned to 16 bytes, more than 3 KiB to
 * a page. Contiguous in physical memory, up to 4 MiB; vmalloc() (kernel/mm/vmap.h) is for more. NULL where there is
 * none. kfree(NULL) does nothing. */
#ifndef KERNEL_MM_KMALLOC_H
#define KERNEL_MM_KMALLOC_H

#include "lib/types.h"

void kmalloc_init(void);

void *kmalloc(size_t size);
void *kzalloc(size_t size);
void kfree(void *memory);

/* What was asked for, rounded up to what is there. */
size_t kmalloc_room(const void *memory);

/* The number of the last allocation; and how many of those after it are not freed, each named in the log. Builds
 * without NDEBUG only (else 0). */
uint32_t kmalloc_mark(void);
unsigned kmalloc_leaks(uint32_t mark);

#endif

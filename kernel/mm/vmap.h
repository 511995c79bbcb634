/* Virtually contiguous memory out of scattered frames, and addresses for other mappings.
 *
 * Rules: not from interrupt handlers. An unmapped page lies behind each stretch. */
#ifndef KERNEL_MM_VMAP_H
#define KERNEL_MM_VMAP_H

#include "lib/types.h"

/* After kmalloc_init. From now on device mappings get their addresses here, too. */
void vmap_init(void);

/* Memory of any size, page-aligned, not cleared; NULL where there is none. vfree(NULL) does nothing. */
void *vmalloc(uint64_t size);
void vfree(void *memory);

#endif

/* Memory types: the page attribute table, and what the MTRRs say. */
#ifndef KERNEL_ARCH_X86_64_PAT_H
#define KERNEL_ARCH_X86_64_PAT_H

#include "lib/types.h"

/* Memory type encodings (Intel SDM volume 3, table 12-10). */
enum memory_type { TYPE_UC = 0, TYPE_WC = 1, TYPE_WT = 4, TYPE_WP = 5, TYPE_WB = 6, TYPE_UC_MINUS = 7 };

/* Program the table that lib/pagetable.h's cache types select from. */
void pat_init_cpu(void);

/* The MTRRs' type for a range; TYPE_UC where it has several. */
enum memory_type mtrr_type(paddr_t base, uint64_t size);

#endif

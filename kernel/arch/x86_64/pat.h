/* Memory types: the page attribute table, and the memory type range registers (MTRRs). */
#ifndef KERNEL_ARCH_X86_64_PAT_H
#define KERNEL_ARCH_X86_64_PAT_H

#include "lib/types.h"

/* Memory type encodings (Intel SDM volume 3, table 12-10). */
enum memory_type { TYPE_UC = 0, TYPE_WC = 1, TYPE_WT = 4, TYPE_WP = 5, TYPE_WB = 6, TYPE_UC_MINUS = 7 };

/* Program the table that lib/pagetable.h's cache types select from. */
void pat_init_cpu(void);

/* Keep the boot CPU's MTRRs; then, on each other CPU, make its own the same; then say on how many they were not. */
void mtrr_init(void);
void mtrr_init_cpu(void);
void mtrr_report(void);

/* Make this CPU's MTRRs the boot CPU's. True where they differed. Interrupts off. */
bool mtrr_repair_cpu(void);

/* The MTRRs' type for a range; TYPE_UC where it has several. */
enum memory_type mtrr_type(paddr_t base, uint64_t size);

#endif

/* The page attribute table gets write-combining in entry 1; the rest is as the CPU starts (Intel SDM volume 3, section
 * 12.12). Entries 4 to 7 repeat 0 to 3, so that a page's PAT bit does not matter. */
#include "kernel/arch/x86_64/pat.h"

#include "kernel/arch/x86_64/registers.h"

#define PAT_HALF ((uint64_t)TYPE_WB | TYPE_WC << 8 | TYPE_UC_MINUS << 16 | TYPE_UC << 24)

void pat_init_cpu(void)
{
	msr_write(MSR_PAT, PAT_HALF << 32 | PAT_HALF);
}

/* The page attribute table gets write-combining in entry 1; the rest is as the CPU starts (Intel SDM volume 3, section
 * 12.12). Entries 4 to 7 repeat 0 to 3, so that a page's PAT bit does not matter. */
#include "kernel/arch/x86_64/pat.h"

#include "kernel/arch/x86_64/registers.h"

#define PAT_HALF ((uint64_t)TYPE_WB | TYPE_WC << 8 | TYPE_UC_MINUS << 16 | TYPE_UC << 24)
#define CPUID_1_EDX_MTRR (1u << 12)
#define MTRR_ENABLE	(1u << 11)	/* IA32_MTRR_DEF_TYPE; in a PHYS_MASK: this pair is used */
#define MTRR_COUNT	0xff		/* IA32_MTRRCAP */

void pat_init_cpu(void)
{
	msr_write(MSR_PAT, PAT_HALF << 32 | PAT_HALF);
}

/* Variable ranges alone (SDM volume 3, section 12.11.2.3): the fixed ones cover the first MiB, where no framebuffer of
 * ours is. Where ranges overlap UC wins, and WT over WB (section 12.11.4.1). */
enum memory_type mtrr_type(paddr_t base, uint64_t size)
{
	uint64_t mask = physical_mask(), def;
	int found = -1;

	if (!(cpuid_read(1, 0).edx & CPUID_1_EDX_MTRR) || !((def = msr_read(MSR_MTRR_DEF_TYPE)) & MTRR_ENABLE))
		return TYPE_UC;
	for (unsigned i = 0; i < (msr_read(MSR_MTRR_CAP) & MTRR_COUNT); i++) {
		uint64_t range = msr_read(MSR_MTRR_PHYS_BASE(i)), cover = msr_read(MSR_MTRR_PHYS_MASK(i));
		uint64_t bits = cover & mask & ~0xfffull;
		if (!(cover & MTRR_ENABLE) || (base & bits) != (range & bits)) {
			if (cover & MTRR_ENABLE && ((base + size - 1) & bits) == (range & bits))
				return TYPE_UC;		/* it covers the end but not the start */
			continue;
		}
		if (((base + size - 1) & bits) != (range & bits))
			return TYPE_UC;
		int type = range & 0xff;
		if (found < 0 || type == TYPE_UC || (type == TYPE_WT && found == TYPE_WB))
			found = type;
	}
	return found >= 0 ? (enum memory_type)found : (enum memory_type)(def & 0xff);
}

/* The memory type range registers: the firmware's word on what is cached (Intel SDM volume 3, section 12.11).
 *
 * They are the firmware's and stay as it set them, but it must set them alike on all CPUs, and some firmware forgets
 * the others, or does so after a sleep. A CPU that takes RAM for uncached is slow; one that caches a device's registers
 * is wrong. So each is compared with the boot CPU, and set where it differs. */
#include "kernel/arch/x86_64/pat.h"

#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/core/log.h"
#include "lib/string.h"

#define MTRR_ENABLE		(1u << 11)	/* IA32_MTRR_DEF_TYPE; in a PHYS_MASK: this pair is used */
#define CAP_COUNT		0xff		/* IA32_MTRRCAP */
#define CAP_FIXED		(1u << 8)
#define VARIABLE_MAX		32u		/* there are 8 to 10 */

struct mtrrs {
	uint64_t def_type;
	uint64_t fixed[11];
	struct { uint64_t base, mask; } variable[VARIABLE_MAX];
};

static const uint32_t fixed_msrs[] = {		/* table 12-9 */
	0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f,
};
static struct mtrrs boot_cpu;		/* all zero where there are none: disabled */
static unsigned repaired;		/* atomic: CPUs */

static unsigned variable_count(void)
{
	return MIN((unsigned)(msr_read(MSR_MTRR_CAP) & CAP_COUNT), VARIABLE_MAX);
}

static unsigned fixed_count(void)
{
	return msr_read(MSR_MTRR_CAP) & CAP_FIXED ? ARRAY_SIZE(fixed_msrs) : 0;
}

static void mtrrs_read(struct mtrrs *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->def_type = msr_read(MSR_MTRR_DEF_TYPE);
	for (unsigned i = 0; i < fixed_count(); i++)
		ret->fixed[i] = msr_read(fixed_msrs[i]);
	for (unsigned i = 0; i < variable_count(); i++) {
		ret->variable[i].base = msr_read(MSR_MTRR_PHYS_BASE(i));
		ret->variable[i].mask = msr_read(MSR_MTRR_PHYS_MASK(i));
	}
}

/* While the types change nothing may be cached by the old ones: SDM volume 3, section 12.11.8, steps 4 to 13. Its other
 * steps bring all CPUs here at once; the others' registers are right already. */
static void mtrrs_write(const struct mtrrs *m)
{
	uint64_t cr0 = cr0_read(), cr4 = cr4_read();

	cr0_write((cr0 | CR0_CD) & ~CR0_NW);
	cache_flush();
	cr4_write(cr4 & ~CR4_PGE);		/* flushes the TLB */
	cr3_write(cr3_read());
	msr_write(MSR_MTRR_DEF_TYPE, m->def_type & ~(uint64_t)MTRR_ENABLE);
	for (unsigned i = 0; i < fixed_count(); i++)
		msr_write(fixed_msrs[i], m->fixed[i]);
	for (unsigned i = 0; i < variable_count(); i++) {
		msr_write(MSR_MTRR_PHYS_BASE(i), m->variable[i].base);
		msr_write(MSR_MTRR_PHYS_MASK(i), m->variable[i].mask);
	}
	msr_write(MSR_MTRR_DEF_TYPE, m->def_type);
	cache_flush();
	cr3_write(cr3_read());
	cr0_write(cr0);
	cr4_write(cr4);
}

void mtrr_init(void)
{
	if (cpu_has(FEATURE_MTRR))
		mtrrs_read(&boot_cpu);
}

bool mtrr_repair_cpu(void)
{
	struct mtrrs own;

	if (!cpu_has(FEATURE_MTRR))
		return false;
	mtrrs_read(&own);
	if (memcmp(&own, &boot_cpu, sizeof(own)) == 0)
		return false;
	mtrrs_write(&boot_cpu);
	return true;
}

void mtrr_init_cpu(void)
{
	if (mtrr_repair_cpu())
		__atomic_fetch_add(&repaired, 1, __ATOMIC_RELAXED);
}

void mtrr_report(void)
{
	unsigned count = __atomic_load_n(&repaired, __ATOMIC_RELAXED);

	if (count)
		pr_warn("mtrr: %u CPUs had other memory types than the boot CPU; set right", count);
}

/* Variable ranges alone (SDM volume 3, section 12.11.2.3): the fixed ones cover the first MiB, where no framebuffer of
 * ours is. Where ranges overlap UC wins, and WT over WB (section 12.11.4.1). */
enum memory_type mtrr_type(paddr_t base, uint64_t size)
{
	uint64_t mask = physical_mask();
	int found = -1;

	if (!(boot_cpu.def_type & MTRR_ENABLE))
		return TYPE_UC;
	for (unsigned i = 0; i < VARIABLE_MAX; i++) {
		uint64_t range = boot_cpu.variable[i].base, cover = boot_cpu.variable[i].mask;
		uint64_t bits = cover & mask & ~0xfffull;
		bool has_start = !((base ^ range) & bits), has_end = !(((base + size - 1) ^ range) & bits);
		if (!(cover & MTRR_ENABLE) || (!has_start && !has_end))
			continue;
		if (!has_start || !has_end)
			return TYPE_UC;
		int type = range & 0xff;
		if (found < 0 || type == TYPE_UC || (type == TYPE_WT && found == TYPE_WB))
			found = type;
	}
	return found >= 0 ? (enum memory_type)found : (enum memory_type)(boot_cpu.def_type & 0xff);
}

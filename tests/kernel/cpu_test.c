/* What each CPU is set to, and what it says about itself. */
#include "kernel/arch/percpu.h"
#include "kernel/arch/topology.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/pat.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/smp/call.h"
#include "tests/kernel/framework.h"

#define MTRR_USED	(1u << 11)
#define MTRR_COUNT	0xff
#define NEW_BASE	0x3f000000u	/* nothing uses it: the pair is off */

/* The number of a pair of variable MTRRs that is off on this CPU; -1: none. */
static int mtrr_unused(void)
{
	for (unsigned i = 0; cpu_has(FEATURE_MTRR) && i < (msr_read(MSR_MTRR_CAP) & MTRR_COUNT); i++)
		if (!(msr_read(MSR_MTRR_PHYS_MASK(i)) & MTRR_USED))
			return (int)i;
	return -1;
}

struct repair {
	bool skipped, was_right, repaired, is_right, again;
};

static void spoil_and_repair(void *argument)
{
	struct repair *r = argument;
	int i = mtrr_unused();

	r->skipped = i < 0;
	if (r->skipped)
		return;
	uint64_t before = msr_read(MSR_MTRR_PHYS_BASE(i)), type = msr_read(MSR_MTRR_DEF_TYPE);
	uint64_t cr0 = cr0_read(), cr4 = cr4_read();
	r->was_right = !mtrr_repair_cpu();
	msr_write(MSR_MTRR_PHYS_BASE(i), before ^ NEW_BASE);
	r->repaired = mtrr_repair_cpu();
	r->is_right = msr_read(MSR_MTRR_PHYS_BASE(i)) == before && msr_read(MSR_MTRR_DEF_TYPE) == type &&
		      cr0_read() == cr0 && cr4_read() == cr4;
	r->again = mtrr_repair_cpu();
}

KERNEL_TEST(mtrrs_are_made_the_boot_cpus)
{
	for (cpu_id_t id = 0; id < percpu_count; id++) {
		struct repair r = { 0 };
		if (!cpu_is_online(id))
			continue;
		smp_call_one(id, spoil_and_repair, &r);
		if (r.skipped)
			return KT_SKIP;
		KT_CHECK(r.was_right && r.repaired && r.is_right && !r.again);
	}
	return KT_PASS;
}

/* A CPU's groups lie in each other, numbers have no holes, and a thread is alone at its place. */
KERNEL_TEST(topology_is_a_tree)
{
	unsigned packages = topology_count(TOPOLOGY_PACKAGE), cores = topology_count(TOPOLOGY_CORE);

	KT_CHECK(packages >= 1 && packages <= topology_count(TOPOLOGY_LLC) && topology_count(TOPOLOGY_LLC) <= cores);
	for (cpu_id_t a = 0; a < percpu_count; a++) {
		KT_CHECK(!cpu_is_online(a) || cpu_of(a, cpu_topology).hardware_id == cpu_of(a, cpu_local).apic_id);
		for (cpu_id_t b = 0; b < a; b++) {
			if (!cpu_is_online(a) || !cpu_is_online(b) || topology_core(a) != topology_core(b))
				continue;
			KT_CHECK(topology_package(a) == topology_package(b) && topology_llc(a) == topology_llc(b));
			KT_CHECK(topology_thread(a) != topology_thread(b));
		}
	}
	return KT_PASS;
}

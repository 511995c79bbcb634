/* The time stamp counter: what the CPU says about it, and the counters that it is held against. The PM timer comes
 * first, since its rate is the same everywhere; the HPET states its own. */
#include "kernel/arch/x86_64/clock_sources.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/registers.h"

#define LEAF_HYPERVISOR			0x40000000
#define LEAF_HYPERVISOR_TIMING		0x40000010

struct clock_source *const clock_sources[] = { &clock_source_pm_timer, &clock_source_hpet, &clock_source_pit, NULL };

/* Intel SDM volume 2, CPUID leaf 15h: crystal in Hz, times numerator, by denominator. The crystal is zero on many
 * CPUs, which is no statement. */
static uint64_t leaf_15_hz(void)
{
	struct cpuid r = cpuid_read_checked(0x15, 0);

	return r.eax ? (uint64_t)r.ecx * r.ebx / r.eax : 0;
}

/* The leaf that VMware made and KVM and others took over: kHz in EAX. */
static uint64_t hypervisor_hz(void)
{
	if (!cpu_has(FEATURE_HYPERVISOR) || cpuid_read(LEAF_HYPERVISOR, 0).eax < LEAF_HYPERVISOR_TIMING)
		return 0;
	return (uint64_t)cpuid_read(LEAF_HYPERVISOR_TIMING, 0).eax * 1000;
}

/* A hypervisor passes leaf 15h on as the CPU has it, even where it scales the TSC: its own word comes first. */
uint64_t cpu_ticks_stated_hz(const char **ret_by)
{
	uint64_t hz = hypervisor_hz();

	*ret_by = hz ? "the hypervisor" : "CPUID leaf 15h";
	return hz ? hz : leaf_15_hz();
}

bool cpu_ticks_are_constant(void)
{
	return cpu_has(FEATURE_TSC_INVARIANT);
}

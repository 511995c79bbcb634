/* The revision of the CPU's microcode, in an MSR that is not on every CPU and that hypervisors may refuse. */
#include "kernel/arch/cpu.h"
#include "kernel/arch/guarded.h"
#include "kernel/arch/x86_64/cpuid.h"
#include "kernel/arch/x86_64/registers.h"

#define VENDOR_INTEL 0x756e6547		/* EBX of leaf 0: "Genu" */

/* Intel's CPUs load it by CPUID into the upper half of an MSR that was cleared (SDM volume 3, section 10.11.7.1), AMD's
 * have it in the lower half always (APM volume 2, appendix A, Patch_Level). */
bool cpu_microcode(uint32_t *ret)
{
	const bool intel = cpuid_read(0, 0).ebx == VENDOR_INTEL;
	uint64_t value;

	if (intel && guarded_msr_write(MSR_MICROCODE, 0))
		return false;
	cpuid_read(1, 0);
	if (guarded_msr_read(MSR_MICROCODE, &value))
		return false;
	*ret = (uint32_t)(intel ? value >> 32 : value);
	return true;
}

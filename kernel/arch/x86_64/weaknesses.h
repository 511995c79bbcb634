/* Weaknesses of CPUs by speculation, by the names of Linux's /sys/devices/system/cpu/vulnerabilities.
 *
 * Rules: pure. A CPU that does not say that it is safe is taken to be affected, whatever its model. */
#ifndef KERNEL_ARCH_X86_64_WEAKNESSES_H
#define KERNEL_ARCH_X86_64_WEAKNESSES_H

#include "lib/types.h"

/* What a CPU says about itself. */
struct cpu_immunity {
	bool amd;
	bool rtm, gather;		/* transactions; AVX2, which has gather instructions */
	uint64_t arch_capabilities;	/* MSR IA32_ARCH_CAPABILITIES */
	uint32_t amd_extended;		/* CPUID 8000_0008h, EBX */
	uint32_t amd_extended_2;	/* CPUID 8000_0021h, EAX */
};

/* The weakness of this index, and what about it: "Not affected", "Vulnerable", "Mitigation: …". NULL after the
 * last. */
const char *weakness_state(const struct cpu_immunity *cpu, unsigned index, const char **ret_state);

#define ARCH_CAPABILITIES_IBRS_ALL	(1ull << 1)
#define AMD_AUTO_IBRS			(1u << 8)

#endif

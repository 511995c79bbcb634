/* What the CPU can do: one table of the features that the kernel or its user cares about.
 *
 * Rules: cpu_has is about the CPU that asks, and works from its first C instruction on. CPUs of one machine should be
 * alike; `cpu` says where one is not. */
#ifndef KERNEL_ARCH_X86_64_FEATURES_H
#define KERNEL_ARCH_X86_64_FEATURES_H

#include "lib/types.h"

/* Sorted by the leaf that tells. */
enum feature {
	FEATURE_MTRR, FEATURE_PCID, FEATURE_MONITOR, FEATURE_X2APIC, FEATURE_TSC_DEADLINE, FEATURE_XSAVE, FEATURE_AVX,
	FEATURE_RDRAND, FEATURE_HYPERVISOR,
	FEATURE_ARAT,
	FEATURE_FSGSBASE, FEATURE_AVX2, FEATURE_SMEP, FEATURE_ERMS, FEATURE_INVPCID, FEATURE_RTM, FEATURE_AVX512F,
	FEATURE_RDSEED, FEATURE_SMAP, FEATURE_UMIP, FEATURE_PKU, FEATURE_CET_SS, FEATURE_LA57, FEATURE_FSRM,
	FEATURE_CET_IBT, FEATURE_ARCH_CAPABILITIES,
	FEATURE_NX, FEATURE_PAGE1GB, FEATURE_RDTSCP,
	FEATURE_TSC_INVARIANT,
	FEATURE_AUTO_IBRS,
	FEATURE_COUNT
};

bool cpu_has(enum feature feature);

/* AMD's, or Hygon's, which are the same. */
bool cpu_is_amd(void);

/* IA32_ARCH_CAPABILITIES; 0 where there is none. */
uint64_t cpu_arch_capabilities(void);

#endif

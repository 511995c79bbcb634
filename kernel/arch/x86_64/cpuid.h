/* The CPUID instruction (Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E). */
#ifndef KERNEL_ARCH_X86_64_CPUID_H
#define KERNEL_ARCH_X86_64_CPUID_H

#include "lib/types.h"

struct cpuid { uint32_t eax, ebx, ecx, edx; };

static inline struct cpuid cpuid_read(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;
	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
	return r;
}

/* All zero where the CPU does not have the leaf. */
static inline struct cpuid cpuid_read_checked(uint32_t leaf, uint32_t subleaf)
{
	if (cpuid_read(leaf & 0xffff0000, 0).eax < leaf)
		return (struct cpuid){ 0 };
	return cpuid_read(leaf, subleaf);
}

#endif

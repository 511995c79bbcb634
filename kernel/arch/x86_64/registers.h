/* Model-specific and control registers: the instructions that C has no words for. */
#ifndef KERNEL_ARCH_X86_64_REGISTERS_H
#define KERNEL_ARCH_X86_64_REGISTERS_H

#include "kernel/arch/port.h"
#include "kernel/arch/x86_64/cpuid.h"
#include "lib/types.h"

/* Model-specific registers: Intel SDM volume 4, table 2-2; AMD APM volume 2, appendix A. */
#define MSR_SPEC_CTRL		0x48
#define MSR_MICROCODE		0x8b
#define MSR_MTRR_CAP		0xfe
#define MSR_ARCH_CAPABILITIES	0x10a
#define MSR_MTRR_PHYS_BASE(n)	(0x200 + 2 * (n))
#define MSR_MTRR_PHYS_MASK(n)	(0x201 + 2 * (n))
#define MSR_MTRR_DEF_TYPE	0x2ff
#define MSR_PAT			0x277
#define MSR_MCG_CAP		0x179
#define MSR_MC_STATUS(n)	(0x401 + 4 * (n))
#define MSR_MC_ADDRESS(n)	(0x402 + 4 * (n))
#define MSR_EFER		0xc0000080
#define MSR_AMD_INTERRUPT_PENDING 0xc0010055
#define MSR_GS_BASE		0xc0000101

static inline uint64_t msr_read(uint32_t msr)
{
	uint32_t low, high;
	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" :: "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define EFER_NXE	(1ull << 11)
#define EFER_AUTO_IBRS	(1ull << 21)

#define SPEC_CTRL_IBRS	(1ull << 0)

#define CR0_MP	(1ull << 1)
#define CR0_EM	(1ull << 2)
#define CR0_TS	(1ull << 3)
#define CR0_NE	(1ull << 5)
#define CR0_WP	(1ull << 16)
#define CR0_AM	(1ull << 18)
#define CR0_NW	(1ull << 29)
#define CR0_CD	(1ull << 30)
#define CR4_PAE	(1ull << 5)
#define CR4_MCE	(1ull << 6)
#define CR4_PGE	(1ull << 7)
#define CR4_OSFXSR (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP (1ull << 11)
#define CR4_SMEP (1ull << 20)
#define CR4_SMAP (1ull << 21)

static inline uint64_t cr0_read(void) { uint64_t v; __asm__ volatile("mov %%cr0, %0" : "=r"(v)); return v; }
static inline uint64_t cr2_read(void) { uint64_t v; __asm__ volatile("mov %%cr2, %0" : "=r"(v)); return v; }
static inline uint64_t cr3_read(void) { uint64_t v; __asm__ volatile("mov %%cr3, %0" : "=r"(v)); return v; }
static inline uint64_t cr4_read(void) { uint64_t v; __asm__ volatile("mov %%cr4, %0" : "=r"(v)); return v; }
static inline uint64_t cr8_read(void) { uint64_t v; __asm__ volatile("mov %%cr8, %0" : "=r"(v)); return v; }
static inline void cr0_write(uint64_t v) { __asm__ volatile("mov %0, %%cr0" :: "r"(v) : "memory"); }
static inline void cr3_write(uint64_t v) { __asm__ volatile("mov %0, %%cr3" :: "r"(v) : "memory"); }
static inline void cr4_write(uint64_t v) { __asm__ volatile("mov %0, %%cr4" :: "r"(v) : "memory"); }
static inline void cr8_write(uint64_t v) { __asm__ volatile("mov %0, %%cr8" :: "r"(v) : "memory"); }

/* Write back and empty the caches. */
static inline void cache_flush(void) { __asm__ volatile("wbinvd" ::: "memory"); }

/* The bits of a physical address on this CPU: an address with others faults by reserved bits in the page table (Intel
 * SDM volume 3, section 4.1.4). */
static inline uint64_t physical_mask(void)
{
	uint32_t bits = cpuid_read_checked(0x80000008, 0).eax & 0xff;

	return (1ull << (bits >= 36 && bits <= 52 ? bits : 36)) - 1;
}

#endif

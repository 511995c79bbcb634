/* The CPU as generic code sees it.
 *
 * Rules: all of it may be called in any context. cpu_ticks counts up at a constant rate from an arbitrary start;
 * kernel/time/clock.h makes nanoseconds of it. */
#ifndef KERNEL_ARCH_CPU_H
#define KERNEL_ARCH_CPU_H

#include "lib/types.h"

static inline uint64_t cpu_ticks(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* In a loop that waits for another CPU or a device. */
static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/* After drawing: what the CPU still holds of writes to a write-combining mapping goes out now (SDM volume 3,
 * 12.3.1). */
static inline void cpu_drain_writes(void)
{
	__asm__ volatile("sfence" ::: "memory");
}

/* Write what the caches hold of this memory back to it, for who reads it after a reset. */
static inline void cpu_write_back(const void *from, size_t size)
{
	const char *line = (const char *)ALIGN_DOWN((uintptr_t)from, 64);	/* no line is shorter */

	for (; line < (const char *)from + size; line += 64)
		__asm__ volatile("clflush %0" :: "m"(*line) : "memory");
	__asm__ volatile("mfence" ::: "memory");
}

/* Interrupts of this CPU off, and back to what they were. */
static inline uint64_t cpu_irq_save(void)
{
	uint64_t flags;
	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) :: "memory");
	return flags;
}

static inline void cpu_irq_restore(uint64_t flags)
{
	__asm__ volatile("pushq %0; popfq" :: "r"(flags) : "memory", "cc");
}

static inline void cpu_irq_on(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline void cpu_irq_off(void)
{
	__asm__ volatile("cli" ::: "memory");
}

/* Did cpu_irq_save find them on? Are they now? */
static inline bool cpu_irq_flags_on(uint64_t flags)
{
	return flags >> 9 & 1;	/* RFLAGS.IF */
}

static inline bool cpu_irqs_are_on(void)
{
	uint64_t flags;
	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	return cpu_irq_flags_on(flags);
}

/* Stop this CPU for good: interrupts off, halted, whatever wakes it. */
_Noreturn void cpu_stop(void);

/* Reset the machine the hard way: a fault while no handler can run (Intel SDM volume 3, section 6.15, interrupt 8). */
_Noreturn void cpu_triple_fault(void);

/* "Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz", without the blanks that CPUs pad it with; for people. */
const char *cpu_model_name(void);

/* The hypervisor's own name, such as "TCGTCGTCGTCG" or "KVMKVMKVM"; "" on bare metal. */
const char *cpu_hypervisor_name(void);

/* Numbers as in its maker's manuals. */
struct cpu_model { unsigned family, model, stepping; };
struct cpu_model cpu_model(void);

/* The revision of this CPU's microcode; false where it does not say. */
bool cpu_microcode(uint32_t *ret);

/* Lists by index from 0 on; NULL after the last.
 * Features that the kernel knows, by Linux's names, and which CPU has them (one that is online): */
const char *cpu_feature_name(unsigned index);
bool cpu_has_feature(cpu_id_t id, unsigned index);

/* what protects the kernel on this CPU, and whether it is on: */
const char *cpu_protection(unsigned index, bool *ret_on);

/* and weaknesses of this CPU, by Linux's names: "meltdown" and "Not affected", "Vulnerable" or "Mitigation: …". */
const char *cpu_weakness(unsigned index, const char **ret_state);

#endif

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

/* Stop this CPU for good: interrupts off, halted, whatever wakes it. */
_Noreturn void cpu_stop(void);

/* Reset the machine the hard way: a fault while no handler can run (Intel SDM volume 3, section 6.15, interrupt 8). */
_Noreturn void cpu_triple_fault(void);

/* "Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz", without the blanks that CPUs pad it with; for people. */
const char *cpu_model_name(void);

/* The hypervisor's own name, such as "TCGTCGTCGTCG" or "KVMKVMKVM"; "" on bare metal. */
const char *cpu_hypervisor_name(void);

#endif

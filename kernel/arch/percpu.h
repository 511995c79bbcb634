/* Per-CPU variables.
 *
 *	PERCPU(uint64_t, interrupts_taken);
 *	this_cpu(interrupts_taken)++;
 *	total += cpu_of(id, interrupts_taken);
 *
 * Rules
 * - Each CPU has a copy of the section .percpu; its GS base is the copy's address. The boot CPU's copy is the section itself, so variables work from the
 *   kernel's first C instruction, and its initial values are what the other copies start with.
 * - this_cpu() means the CPU that evaluates it: a thread that may move keeps interrupts off (or preemption, when there is one) as long as it uses the result.
 * - Only the owner writes, unless the variable's comment says who else does and under which lock or with which atomics. */
#ifndef KERNEL_ARCH_PERCPU_H
#define KERNEL_ARCH_PERCPU_H

#include "lib/types.h"

extern char percpu_start[], percpu_end[];

#define PERCPU(type_, name_) __attribute__((section(".percpu"))) type_ name_

/* The copies by CPU number; the array grows to cpu_count() when the other CPUs are found (kernel/smp/cpus.h). */
extern char **percpu_areas;

static inline char *percpu_area(void)
{
	char *area;
	__asm__("mov %%gs:0, %0" : "=r"(area));
	return area;
}

#define percpu_in(area_, name_) (*(__typeof__(name_) *)((area_) + ((char *)&(name_) - percpu_start)))
#define this_cpu(name_) percpu_in(percpu_area(), name_)
#define cpu_of(id_, name_) percpu_in(percpu_areas[id_], name_)

/* This CPU's number. */
cpu_id_t cpu_id(void);

#endif

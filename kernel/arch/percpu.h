/* Per-CPU variables.
 *
 *	PERCPU(uint64_t, interrupts_taken);
 *	this_cpu(interrupts_taken)++;
 *	total += cpu_of(id, interrupts_taken);
 *
 * Rules
 * - Each CPU has its own area, laid out as the section .percpu; its GS base is the area's address. The boot CPU's area
 *   is the section itself, so variables work from the kernel's first C instruction. All are zero at first, on every
 *   CPU.
 * - this_cpu() means the CPU that evaluates it: a thread that may move keeps interrupts off (or preemption, when there
 *   is one) as long as it uses the result.
 * - Only the owner writes, unless the variable's comment says who else does, and under which lock or atomically. */
#ifndef KERNEL_ARCH_PERCPU_H
#define KERNEL_ARCH_PERCPU_H

#include "lib/types.h"

extern char percpu_start[], percpu_end[];

#define PERCPU(type_, name_) __attribute__((section(".percpu"))) type_ name_

/* The areas by CPU number, and how many there are: 1 until the other CPUs are started (kernel/smp/cpus.h). */
extern char **percpu_areas;
extern unsigned percpu_count;

/* Has it come up, and takes interrupts? */
bool cpu_is_online(cpu_id_t id);

static inline char *percpu_area(void)
{
	char *area;
	__asm__ volatile("mov %%gs:0, %0" : "=r"(area));	/* volatile: another CPU may run the next line */
	return area;
}

/* How far this CPU's variables are from the boot CPU's. */
static inline uint64_t percpu_offset(void)
{
	uint64_t offset;
	__asm__ volatile("mov %%gs:24, %0" : "=r"(offset));
	return offset;
}

#define this_cpu(name_) (*(__typeof__(name_) *)((vaddr_t)&(name_) + percpu_offset()))
#define cpu_of(id_, name_) (*(__typeof__(name_) *)(percpu_areas[id_] + ((char *)&(name_) - percpu_start)))

/* This CPU's number. */
cpu_id_t cpu_id(void);

#endif

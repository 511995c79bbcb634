/* Running a function on other CPUs.
 *
 * Rules
 * - The function runs on each CPU named, once, with interrupts off, and must not wait for anything.
 * - The calls wait until it has run everywhere, and may be made in any context but NMI, also with interrupts off: a CPU
 *   that waits runs what others ask of it meanwhile. A CPU that does not answer in CALL_PATIENCE is a panic that names
 *   it.
 * - "Others" are all but the CPU the caller runs on when it calls: it means something with preemption off only.
 * - This CPU runs its own part directly. CPUs that are not online are passed over. */
#ifndef KERNEL_SMP_CALL_H
#define KERNEL_SMP_CALL_H

#include "lib/types.h"

typedef void smp_function(void *argument);

/* Once, when interrupts work. */
void smp_call_init(void);

void smp_call_one(cpu_id_t cpu, smp_function *function, void *argument);
void smp_call_all(smp_function *function, void *argument);
void smp_call_others(smp_function *function, void *argument);

/* Without waiting: the caller's struct smp_call is in use until `done` is set. */
struct smp_call {
	smp_function *function;
	void *argument;
	struct smp_call *next;
	bool done;		/* atomic */
};
void smp_call_start(cpu_id_t cpu, struct smp_call *call);
void smp_call_wait(const struct smp_call *call, cpu_id_t cpu);

/* From now on what is unmapped in the kernel's half is forgotten by all CPUs (kernel/arch/mmu.h). */
void smp_shootdown_init(void);

/* Another CPU answers a question by NMI, also with interrupts off: without waiting for it. Of several that are asked at
 * once the last counts. The function is given the registers, and does only what an NMI may do. */
struct trap_frame;
typedef void smp_question(const struct trap_frame *frame);
void smp_ask(cpu_id_t cpu, smp_question *question);

/* Stop all other CPUs for good, by NMI, and print where each was: for a panic. */
void smp_stop_init(void);

#endif

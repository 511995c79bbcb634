/* The scheduler: who runs on which CPU.
 *
 * Rules: sched_init once, when timers work; it makes the running code the first thread, "main", bound to the boot CPU.
 * sched_init_cpu on each other CPU; it makes the running code that CPU's idle thread, which goes on with sched_idle. */
#ifndef KERNEL_SCHED_SCHED_H
#define KERNEL_SCHED_SCHED_H

#include "kernel/sched/thread.h"

void sched_init(void);
void sched_init_cpu(void);
_Noreturn void sched_idle(void);

/* Of a CPU, for those who report. */
struct sched_counts {
	uint64_t switches, preemptions, wakeups, steals, pushes;
	nsec_t idle;		/* time without a thread */
	unsigned queued;	/* threads that want to run, the running one included */
	uint64_t load;		/* sum of their weights */
	struct thread *current;	/* perhaps gone meanwhile: for its address only */
};
void sched_count(cpu_id_t cpu, struct sched_counts *ret);

#endif

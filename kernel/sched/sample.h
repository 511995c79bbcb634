/* All threads as they are at one time, for those who show them.
 *
 * Rules: for threads. A sample holds copies, which stay right when the threads are gone. */
#ifndef KERNEL_SCHED_SAMPLE_H
#define KERNEL_SCHED_SAMPLE_H

#include "kernel/sched/thread.h"

struct thread_sample {
	uint32_t id;
	char name[THREAD_NAME];
	const char *state;		/* a word: "running" */
	const char *policy;		/* "fifo" */
	cpu_id_t cpu, only_cpu;
	int priority;			/* the nice value where the policy has no priorities */
	nsec_t ran, waited;		/* on a CPU, and for one */
	nsec_t lately;			/* for the owner of the sample */
	nsec_t since;			/* for how long it has been blocked, or runnable */
	uint64_t switches;
};

struct thread_samples {
	struct thread_sample *rows;
	unsigned count;
};

/* Those that exist, in the order of their ids; idle threads are none. -ENOMEM. */
int threads_sample(struct thread_samples *ret);
void threads_sample_free(struct thread_samples *s);

void threads_sort(struct thread_samples *s, bool (*before)(const struct thread_sample *a, const struct thread_sample *b));

/* One thread, in any context but NMI: with the list of threads locked (thread_for_each). False for an idle thread. */
bool thread_sample(struct thread *t, struct thread_sample *ret);

/* Return addresses on the stack of a thread that does not run, the innermost first; likewise. Returns their number. */
unsigned thread_backtrace(struct thread *t, vaddr_t *ret, unsigned room);

#endif

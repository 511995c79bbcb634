/* Threads.
 *
 *	struct thread *t = thread_create("usb", usb_run, controller);
 *	if (!t)
 *		return -ENOMEM;
 *	...
 *	int result = thread_join(t);
 *
 * Rules
 * - Who creates a thread joins or detaches it, once. It starts at once, on any CPU; thread_create_with has it start
 *   with other properties.
 * - A thread ends by returning from its function, or by thread_exit; nobody else can end it.
 * - Threads are preempted everywhere but under spinlocks, with preemption or interrupts off. They have stacks of
 *   MMU_STACK_SIZE with guard pages, and no floating point.
 * - All functions are for threads, and may block or switch, unless they say otherwise. A pointer to a thread is good as
 *   long as somebody has it to join, or it is the caller's own.
 * - Policies, priorities and nice values are Linux's (sched(7)). There is no limit to what SCHED_FIFO and SCHED_RR take:
 *   one that does not wait keeps its CPU from all below it, and kernel/sched/watch.h names whom it starves. */
#ifndef KERNEL_SCHED_THREAD_H
#define KERNEL_SCHED_THREAD_H

#include "kernel/arch/context.h"
#include "kernel/sched/runqueue.h"
#include "kernel/sync/waitq.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"

#define THREAD_NAME 16		/* with the zero; longer names are cut */
#define CPU_ANY (~(cpu_id_t)0)

/* Letters: (r) the lock of the run queue of `cpu`; (a) atomic; (o) the thread itself only; (c) constant since creation;
 * (t) the lock of the list of threads. */
struct thread {
	struct thread_blocking blocking;	/* first: kernel/sync/blocking.h */
	vaddr_t context;		/* (r) while it does not run */
	uint64_t canary;		/* (c) */
	struct rq_entity entity;	/* (r) */
	cpu_id_t cpu;			/* (a), (r) to change it: whose queue it is, or was last, in */
	cpu_id_t only_cpu;		/* (r) the one it is bound to, or CPU_ANY */
	bool token;			/* (a) thread_unpark came before thread_park */
	int8_t nice;			/* (r) what it is scheduled by when nothing is lent to it */
	uint8_t policy, priority;	/* (r) likewise */
	uint16_t lent;			/* (r) an urgency, by who waits for its mutexes; 0: none (lending.c) */
	uint32_t references;		/* (a) its own, and the one of who joins it */
	uint32_t id;			/* (c) from 1 */
	nsec_t ran;			/* (r) CPU time */
	uint64_t since;			/* (r) runnable or blocked since then, by clock_span_start */
	uint64_t runnable;		/* (r) ticks for which it ran or waited to run, up to `since` */
	uint64_t switches;		/* (r) how often it was switched to */
	struct { uint64_t switches; uint32_t looks; bool named; } watch;	/* (t) what watch.c saw last */
	struct timer timeout;		/* of thread_block */
	struct waitq joiners;
	bool ended;			/* (a) */
	int result;			/* before `ended` */
	int (*run)(void *argument);	/* (c) */
	void *argument;			/* (c) */
	vaddr_t stack_top;		/* (c) 0 where the stack is not a kstack */
	struct thread *next, **link;	/* (t) */
	char name[THREAD_NAME];		/* (o) */
};

_Static_assert(offsetof(struct thread, blocking) == 0, "as thread_blocking() uses it");

struct thread_options {
	cpu_id_t cpu;			/* the only one it may run on, or CPU_ANY */
	int policy, priority, nice;
};

#define THREAD_DEFAULTS ((struct thread_options){ .cpu = CPU_ANY })

/* NULL: no memory, or options that rq_entity_init refuses, or no such CPU. */
struct thread *thread_create(const char *name, int (*run)(void *argument), void *argument);
struct thread *thread_create_with(const struct thread_options *options, const char *name, int (*run)(void *argument),
				  void *argument);

/* Wait for its end; what its function returned. */
int thread_join(struct thread *t);

/* Nobody will join it: it is gone when it ends. */
void thread_detach(struct thread *t);

_Noreturn void thread_exit(int result);

/* Let equals run first. */
void thread_yield(void);

/* At least for so long, or until then; never shorter. */
void thread_sleep(nsec_t duration);
void thread_sleep_until(nsec_t time);

/* Wait for thread_unpark; one that came before counts, once. May return without reason. thread_unpark: any context. */
void thread_park(void);
void thread_unpark(struct thread *t);

/* Run on one CPU only (or CPU_ANY); it has moved when this returns, if it is the caller. -EINVAL: no such CPU. */
int thread_set_cpu(struct thread *t, cpu_id_t cpu);

/* -EINVAL as rq_entity_init. */
int thread_set_policy(struct thread *t, int policy, int priority, int nice);

void thread_set_name(const char *name);		/* the caller's own */

/* CPU time so far. Any context. */
nsec_t thread_ran(struct thread *t);

/* Call for each thread, the oldest first, with the list locked: `visit` does not block. */
void thread_for_each(void (*visit)(struct thread *t, void *context), void *context);

#endif

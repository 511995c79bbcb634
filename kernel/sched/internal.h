/* What the files of kernel/sched share.
 *
 * Lock order: a CPU's run queue, then another's by trylock only; then timers. The list of threads is before run
 * queues. */
#ifndef KERNEL_SCHED_INTERNAL_H
#define KERNEL_SCHED_INTERNAL_H

#include "kernel/arch/percpu.h"
#include "kernel/sched/sched.h"

#define BALANCE_EVERY (10 * NSEC_PER_MSEC)	/* where threads wait for a CPU, it looks for another for them */

/* Letters: (l) lock; (o) own CPU only, interrupts off; (a) atomic. */
struct cpu_sched {
	struct spinlock lock;
	struct runqueue queue;		/* (l) */
	struct thread *idle;		/* constant */
	struct thread *previous;	/* (o) who was switched from, until that is finished */
	uint64_t since;			/* (l) the current thread is charged up to here, by clock_span_start */
	struct timer slice;		/* (o) */
	nsec_t slice_at;		/* (l) it is armed, for this time; 0: not */
	bool slice_soon;		/* (l) it is armed, and for no later than a slice from when that was done */
	nsec_t balanced;		/* (l) when this CPU looked for imbalance last */
	struct thread *spare;		/* (o) dead threads with their stacks, for the next ones; by `next` */
	unsigned spares;		/* (o) */
	uint64_t idle_word;		/* (a) of the CPU whose number is a multiple of 64: which of its 64 are idle */
	struct sched_counts counts;	/* (l), but for wakeups: (o), by threads on this CPU */
	bool started;			/* (a) takes threads */
};

extern PERCPU(struct cpu_sched, cpu_sched);

static inline struct thread *thread_of(const struct rq_entity *e)
{
	return (struct thread *)((char *)e - offsetof(struct thread, entity));
}

/* sched.c */
struct cpu_sched *sched_lock_home(struct thread *t);	/* lock the queue a thread belongs to; interrupts off */
void sched_enqueue_locked(struct cpu_sched *s, struct thread *t) REQUIRES(&s->lock);	/* it becomes runnable on s, whose CPU is told */
void sched_start(struct thread *t, cpu_id_t cpu);	/* a new thread's first enqueue */
_Noreturn void sched_leave(void);			/* a dead thread's last switch */
/* How a thread is scheduled from now on: values that rq_entity_init takes. */
void sched_change_locked(struct cpu_sched *s, struct thread *t, int policy, int priority, int nice) REQUIRES(&s->lock);
void sched_kick(cpu_id_t cpu);				/* that CPU looks for another thread */

/* balance.c */
cpu_id_t balance_choose(const struct thread *t);	/* where a thread that wakes or starts should run */
bool balance_pull_locked(struct cpu_sched *s) REQUIRES(&s->lock);		/* s is empty: take a thread from a CPU that has too many */
void balance_push_locked(struct cpu_sched *s) REQUIRES(&s->lock);	/* s has several, now and then: give one away */
void balance_set_idle(bool idle);			/* this CPU has nothing to do, or something again */
bool balance_is_idle(cpu_id_t cpu);

/* watch.c */
void watch_cpu_works(cpu_id_t self);			/* this CPU leaves idle */
void watch_competition(void);				/* threads compete for the only CPU */

/* thread.c */
void thread_finish(struct thread *t);			/* it has left its stack for good; interrupts off */
void thread_init(struct thread *t, const char *name);
_Noreturn void thread_begin(void);			/* sched.c */
void threads_init(void);

#endif

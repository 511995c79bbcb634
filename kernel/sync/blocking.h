/* Blocking, as the locks and queues of kernel/sync see it. The scheduler (kernel/sched) implements it.
 *
 *	thread_block_prepare();
 *	if (nothing to do yet)
 *		thread_block(NSEC_NEVER);
 *	else
 *		thread_block_cancel();
 *
 * Rules
 * - From thread_block_prepare on, a thread_wake makes the next thread_block return at once, so that a wake-up between
 *   the look and the block is not lost. In between, the thread takes no lock that blocks.
 * - When thread_block returns nothing is prepared any more. It may return without reason: the caller looks again.
 * - thread_wake may be called in any context but NMI. The thread must be one that exists: the caller holds a lock under
 *   which it is registered, or a reference. */
#ifndef KERNEL_SYNC_BLOCKING_H
#define KERNEL_SYNC_BLOCKING_H

#include "kernel/arch/preempt.h"

#define NSEC_NEVER INT64_MAX	/* a deadline that does not come */

/* What the locks that block keep in each thread; struct thread begins with it. Letters: (p) the lock of mutex.c; (o) the
 * thread itself only. */
struct thread_locks {
	struct mutex_waiter *waits;	/* (p) for a mutex; NULL: it does not */
	struct mutex *contended;	/* (p) mutexes that it holds and others wait for, by `next` */
	uint64_t held;			/* (o) lock_order.h: which it holds */
};

static inline struct thread_locks *thread_locks(struct thread *t)
{
	return (struct thread_locks *)t;
}

void thread_block_prepare(void);
void thread_block_cancel(void);

/* Let others run until a wake-up or the deadline (a time of clock_now()). Not with a spinlock held, nor with interrupts
 * off, nor in an interrupt. */
void thread_block(nsec_t deadline);

/* True where it was blocked. The other is for callers with interrupts off, in a lock or an interrupt. */
bool thread_wake(struct thread *t);
bool thread_wake_noirq(struct thread *t);

/* Does a CPU run it? It is compared with who runs, and may be gone. *hint: where it ran last, 0 at first. */
bool thread_is_running(const struct thread *t, cpu_id_t *hint);

/* How urgent a thread is: class, priority and nice value as one number, the more the sooner it runs; what is lent to it
 * counts. Never 0. */
unsigned thread_urgency(struct thread *t);

/* It is scheduled as if it were at least that urgent, from now on; 0 takes it back. */
void thread_lend(struct thread *t, unsigned urgency);

const char *thread_name(const struct thread *t);

#endif

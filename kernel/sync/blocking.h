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

enum thread_state {
	THREAD_RUNNABLE,	/* queued or running */
	THREAD_BLOCKING,	/* runs, and will block unless it is woken before */
	THREAD_BLOCKED,
	THREAD_MOVING,		/* between two CPUs' queues */
	THREAD_DEAD,		/* has run for the last time */
};

/* What concerns blocking in each thread; struct thread begins with it. Letters: (p) the lock of mutex.c; (o) the thread
 * itself only; (r) the lock of its run queue; (a) atomic. */
struct thread_blocking {
	struct mutex_waiter *waits;	/* (p) for a mutex; NULL: it does not */
	struct mutex *contended;	/* (p) mutexes that it holds and others wait for, by `next` */
	uint64_t held;			/* (o) lock_order.h: which it holds */
	uint8_t state;			/* (a), (r) to change it, but for BLOCKING by itself: enum thread_state */
};

static inline struct thread_blocking *thread_blocking(struct thread *t)
{
	return (struct thread_blocking *)t;
}

/* The store is complete before the caller looks at its condition. */
static inline void thread_block_prepare(void)
{
	__atomic_exchange_n(&thread_blocking(thread_current())->state, THREAD_BLOCKING, __ATOMIC_SEQ_CST);
}

static inline void thread_block_cancel(void)
{
	__atomic_store_n(&thread_blocking(thread_current())->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
}

/* Let others run until a wake-up or the deadline (a time of clock_now()). Not with a spinlock held, nor with interrupts
 * off, nor in an interrupt. */
void thread_block(nsec_t deadline);

/* True where it was blocked. The other is for callers with interrupts and preemption off, in a lock or an interrupt. */
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

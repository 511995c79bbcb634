/* Wait queues: threads that wait until something is so.
 *
 *	WAITQ_WAIT(&r->changed, r->count > 0);				sleeps until it is
 *	if (!WAITQ_WAIT_UNTIL(&r->changed, r->count > 0, deadline))	or until then
 *		return -ETIMEDOUT;
 *	...
 *	r->count++;
 *	waitq_wake_one(&r->changed);
 *
 * Rules
 * - Who makes the condition true does so before it wakes. Waiting is for threads; waking is for any context but NMI,
 *   also with spinlocks held, unless such a lock is taken in the condition.
 * - First come, first woken. A thread that is woken looks at the condition again, and waits on where it does not hold.
 * - waitq_wake_one reaches a thread that had not been woken yet. All zero is an empty queue; WAITQ gives it a name. */
#ifndef KERNEL_SYNC_WAITQ_H
#define KERNEL_SYNC_WAITQ_H

#include "kernel/sync/blocking.h"
#include "kernel/sync/spinlock.h"

struct waiter {
	struct waiter *next, *previous;	/* (q) the queue's lock */
	struct thread *thread;		/* (q) to change it; atomic: NULL when it was woken */
};

struct waitq {
	struct spinlock lock;
	struct waiter *first GUARDED_BY(&lock);
	struct waiter *last GUARDED_BY(&lock);
};

#define WAITQ(name_) { .lock = SPINLOCK(name_) }

/* A thread's own entry: queue it, so that the next thread_block ends with a wake-up; take it out again, woken or not. Who
 * does not block in between uses waitq_leave_awake; a wake-up that came meanwhile goes to the next in the queue. */
void waitq_enter(struct waitq *q, struct waiter *w);
bool waitq_leave_queued(struct waitq *q, struct waiter *w);	/* true: not woken */
void waitq_leave_awake(struct waitq *q, struct waiter *w);

/* Whoever woke this thread has taken the entry out; that is the usual case, and no lock is needed to see it. */
static inline void waitq_leave(struct waitq *q, struct waiter *w)
{
	if (__atomic_load_n(&w->thread, __ATOMIC_ACQUIRE))
		(void)waitq_leave_queued(q, w);
}

/* Woken ones are out of the queue. Return how many. */
bool waitq_wake_one(struct waitq *q);
unsigned waitq_wake_all(struct waitq *q);

/* Has a time of clock_now() passed? For WAITQ_WAIT_UNTIL. */
bool thread_deadline_passed(nsec_t deadline);

/* For locks that are made of a queue, under its lock, and hand what they give to the first in it: who is woken has it,
 * and has no condition to look at. waitq_sleep waits, once entered, for that or the deadline, true where it was woken;
 * then who woke it is done with the queue. */
void waitq_enter_locked(struct waitq *q, struct waiter *w) REQUIRES(&q->lock);
bool waitq_wake_one_locked(struct waitq *q) REQUIRES(&q->lock);
bool waitq_sleep(struct waitq *q, struct waiter *w, nsec_t deadline);

#define WAITQ_WAIT_UNTIL(queue_, condition_, deadline_)					\
	({										\
		struct waitq *waitq_ = (queue_);					\
		nsec_t until_ = (deadline_);						\
		struct waiter waiter_;							\
		bool holds_ = (condition_);						\
		while (!holds_) {							\
			waitq_enter(waitq_, &waiter_);					\
			holds_ = (condition_);						\
			bool late_ = !holds_ && until_ != NSEC_NEVER && thread_deadline_passed(until_); \
			if (holds_ || late_) {						\
				waitq_leave_awake(waitq_, &waiter_);			\
				break;							\
			}								\
			thread_block(until_);						\
			waitq_leave(waitq_, &waiter_);					\
			holds_ = (condition_);						\
		}									\
		holds_;									\
	})

#define WAITQ_WAIT(queue_, condition_) ((void)WAITQ_WAIT_UNTIL(queue_, condition_, NSEC_NEVER))

#endif

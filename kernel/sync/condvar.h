/* Condition variables: threads that hold a mutex wait until what it guards is different.
 *
 *	mutex_lock(&p->lock);
 *	while (p->used == SIZE)
 *		condvar_wait(&p->not_full, &p->lock);
 *	...
 *	mutex_unlock(&p->lock);
 *
 * Rules
 * - The mutex is released while it waits, and held again when it returns, also when the deadline has passed. A wake-up
 *   between the release and the sleep is not lost.
 * - Look at the condition again: somebody else may have had the mutex in between.
 * - First come, first woken. Waking is for any context but NMI; to lose none, change the condition under the mutex. */
#ifndef KERNEL_SYNC_CONDVAR_H
#define KERNEL_SYNC_CONDVAR_H

#include "kernel/sync/mutex.h"
#include "kernel/sync/waitq.h"

struct condvar {
	struct waitq queue;
};

#define CONDVAR(name_) { .queue = WAITQ(name_) }

/* False: the deadline, a time of clock_now(), has passed, and nobody woke it. */
bool condvar_wait_until(struct condvar *c, struct mutex *m, nsec_t deadline) REQUIRES(m);

static inline void condvar_wait(struct condvar *c, struct mutex *m) REQUIRES(m)
{
	(void)condvar_wait_until(c, m, NSEC_NEVER);
}

static inline void condvar_wake_one(struct condvar *c)
{
	waitq_wake_one(&c->queue);
}

static inline void condvar_wake_all(struct condvar *c)
{
	waitq_wake_all(&c->queue);
}

#endif

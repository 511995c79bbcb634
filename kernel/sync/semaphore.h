/* Semaphores: a number of things that threads take one of, and wait for one where there is none.
 *
 * Rules: taking is for threads where they may sleep; semaphore_trydown and semaphore_up for any context but NMI. First
 * come, first served: one that is given back goes to the first that waits, and nobody overtakes it. Who takes and who
 * gives back need not be the same. */
#ifndef KERNEL_SYNC_SEMAPHORE_H
#define KERNEL_SYNC_SEMAPHORE_H

#include "kernel/sync/waitq.h"

struct semaphore {
	struct waitq queue;
	unsigned count;		/* (q) the lock of the queue; 0 while anybody waits */
};

#define SEMAPHORE(name_, count_) { .queue = WAITQ(name_), .count = (count_) }

/* False: the deadline, a time of clock_now(), has passed. */
bool semaphore_down_until(struct semaphore *s, nsec_t deadline);

static inline void semaphore_down(struct semaphore *s)
{
	(void)semaphore_down_until(s, NSEC_NEVER);
}

bool semaphore_trydown(struct semaphore *s);
void semaphore_up(struct semaphore *s);

#endif

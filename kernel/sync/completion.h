/* Completions: something happens once, and threads wait until it has.
 *
 * Rules: all zero is one that has not happened; COMPLETION gives it a name. completion_done in any context but NMI, once.
 * Waiting is for threads, any number of them, before or after. When a wait is over the completion may go, as one on the
 * stack of who waited does. completion_reset: nobody waits, and the next time counts. */
#ifndef KERNEL_SYNC_COMPLETION_H
#define KERNEL_SYNC_COMPLETION_H

#include "kernel/sync/waitq.h"

struct completion {
	struct waitq queue;
	bool done;		/* (q) the lock of the queue */
};

#define COMPLETION(name_) { .queue = WAITQ(name_) }

void completion_done(struct completion *c);
void completion_reset(struct completion *c);

/* False: the deadline, a time of clock_now(), has passed. */
bool completion_wait_until(struct completion *c, nsec_t deadline);

static inline void completion_wait(struct completion *c)
{
	(void)completion_wait_until(c, NSEC_NEVER);
}

#endif

/* The thread is in the queue before it lets the mutex go, so that whoever takes that and wakes finds it there. To release
 * the mutex is no wait, and what it does to the thread's state is at most a wake-up. */
#include "kernel/sync/condvar.h"

bool condvar_wait_until(struct condvar *c, struct mutex *m, nsec_t deadline)
{
	struct waiter w;

	waitq_enter(&c->queue, &w);
	mutex_unlock(m);
	bool woken = waitq_sleep(&c->queue, &w, deadline);
	mutex_lock(m);
	return woken;
}

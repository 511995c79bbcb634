/* One queue for both kinds. Whoever releases the lock, or gives up waiting, lets in as many from its head as may go
 * together; they have it when they wake. */
#include "kernel/sync/rwlock.h"

#include "kernel/core/assert.h"

struct rw_waiter {
	struct waiter entry;	/* first, so that an entry of the queue is one of these */
	bool writes;
};

static bool enter_locked(struct rwlock *l, bool writes) REQUIRES(&l->queue.lock)
{
	if (l->writing || (writes && l->readers))
		return false;
	if (writes)
		l->writing = true;
	else
		l->readers++;
	return true;
}

static void let_in_locked(struct rwlock *l) REQUIRES(&l->queue.lock)
{
	while (l->queue.first && enter_locked(l, ((struct rw_waiter *)l->queue.first)->writes))
		waitq_wake_one_locked(&l->queue);
}

static void let_in(struct rwlock *l)
{
	uint64_t flags = spin_lock_irqsave(&l->queue.lock);

	let_in_locked(l);
	spin_unlock_irqrestore(&l->queue.lock, flags);
}

/* A writer that gave up may have been all that kept the readers behind it out. */
static bool sleep_until(struct rwlock *l, struct rw_waiter *w, nsec_t deadline)
{
	if (waitq_sleep(&l->queue, &w->entry, deadline))
		return true;
	let_in(l);
	lock_order_blocking_released(&l->key);
	return false;
}

static bool take_until(struct rwlock *l, bool writes, nsec_t deadline)
{
	struct rw_waiter w = { .writes = writes };

	ASSERT(!preempt_is_disabled());
	lock_order_blocking(&l->key, l->queue.lock.name);
	uint64_t flags = spin_lock_irqsave(&l->queue.lock);
	bool taken = !l->queue.first && enter_locked(l, writes);
	if (!taken)
		waitq_enter_locked(&l->queue, &w.entry);
	spin_unlock_irqrestore(&l->queue.lock, flags);
	return taken || sleep_until(l, &w, deadline);
}

bool rwlock_read_until(struct rwlock *l, nsec_t deadline) UNCHECKED_LOCKS
{
	return take_until(l, false, deadline);
}

bool rwlock_write_until(struct rwlock *l, nsec_t deadline) UNCHECKED_LOCKS
{
	return take_until(l, true, deadline);
}

void rwlock_read_release(struct rwlock *l) UNCHECKED_LOCKS
{
	uint64_t flags = spin_lock_irqsave(&l->queue.lock);

	ASSERT(l->readers);
	lock_order_blocking_released(&l->key);
	l->readers--;
	let_in_locked(l);
	spin_unlock_irqrestore(&l->queue.lock, flags);
}

void rwlock_write_release(struct rwlock *l) UNCHECKED_LOCKS
{
	uint64_t flags = spin_lock_irqsave(&l->queue.lock);

	ASSERT(l->writing);
	lock_order_blocking_released(&l->key);
	l->writing = false;
	let_in_locked(l);
	spin_unlock_irqrestore(&l->queue.lock, flags);
}

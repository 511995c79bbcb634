/* One that is given back never shows up in the count while somebody waits: it is the waiter's own from the wake-up on. */
#include "kernel/sync/semaphore.h"

#include "kernel/core/assert.h"

static bool take_locked(struct semaphore *s) REQUIRES(&s->queue.lock)
{
	if (!s->count)
		return false;
	s->count--;
	return true;
}

bool semaphore_down_until(struct semaphore *s, nsec_t deadline)
{
	struct waiter w;

	ASSERT(!preempt_is_disabled());
	uint64_t flags = spin_lock_irqsave(&s->queue.lock);
	bool taken = take_locked(s);
	if (!taken)
		waitq_enter_locked(&s->queue, &w);
	spin_unlock_irqrestore(&s->queue.lock, flags);
	return taken || waitq_sleep(&s->queue, &w, deadline);
}

bool semaphore_trydown(struct semaphore *s)
{
	uint64_t flags = spin_lock_irqsave(&s->queue.lock);
	bool taken = take_locked(s);

	spin_unlock_irqrestore(&s->queue.lock, flags);
	return taken;
}

void semaphore_up(struct semaphore *s)
{
	uint64_t flags = spin_lock_irqsave(&s->queue.lock);

	if (!waitq_wake_one_locked(&s->queue))
		s->count++;
	spin_unlock_irqrestore(&s->queue.lock, flags);
}

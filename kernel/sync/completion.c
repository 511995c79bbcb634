/* The flag is looked at under the queue's lock, and set under it: so who sees it set comes after whoever set it, which
 * then has no more to do with the completion. */
#include "kernel/sync/completion.h"

void completion_done(struct completion *c)
{
	uint64_t flags = spin_lock_irqsave(&c->queue.lock);

	c->done = true;
	while (waitq_wake_one_locked(&c->queue))
		;
	spin_unlock_irqrestore(&c->queue.lock, flags);
}

void completion_reset(struct completion *c)
{
	uint64_t flags = spin_lock_irqsave(&c->queue.lock);

	c->done = false;
	spin_unlock_irqrestore(&c->queue.lock, flags);
}

bool completion_wait_until(struct completion *c, nsec_t deadline)
{
	struct waiter w;
	uint64_t flags = spin_lock_irqsave(&c->queue.lock);
	bool done = c->done;

	if (!done)
		waitq_enter_locked(&c->queue, &w);
	spin_unlock_irqrestore(&c->queue.lock, flags);
	return done || waitq_sleep(&c->queue, &w, deadline);
}

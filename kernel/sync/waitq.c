/* A list of waiters under a lock. The entry lies on the waiting thread's stack; whoever wakes it takes it out of the
 * list first, so that a thread that goes on has nothing more to do with the queue but to see that. */
#include "kernel/sync/waitq.h"

void waitq_enter_locked(struct waitq *q, struct waiter *w)
{
	struct waiter *last = q->last;

	*w = (struct waiter){ .previous = last, .thread = thread_current() };
	if (last)
		last->next = w;
	else
		__atomic_store_n(&q->first, w, __ATOMIC_RELAXED);
	q->last = w;
	thread_block_prepare();		/* a barrier: see nobody_waits */
}

void waitq_enter(struct waitq *q, struct waiter *w)
{
	uint64_t flags = spin_lock_irqsave(&q->lock);

	waitq_enter_locked(q, w);
	spin_unlock_irqrestore(&q->lock, flags);
}

static void unlink_locked(struct waitq *q, const struct waiter *w) REQUIRES(&q->lock)
{
	if (w->previous)
		w->previous->next = w->next;
	else
		q->first = w->next;
	if (w->next)
		w->next->previous = w->previous;
	else
		q->last = w->previous;
}

bool waitq_leave_queued(struct waitq *q, struct waiter *w)
{
	uint64_t flags = spin_lock_irqsave(&q->lock);
	bool queued = w->thread;

	if (queued)
		unlink_locked(q, w);
	spin_unlock_irqrestore(&q->lock, flags);
	return queued;
}

/* Between the wake-up and `thread` being cleared the waker has the lock; without it we would sleep again, for ever. */
static bool prepare_again(struct waitq *q, const struct waiter *w)
{
	uint64_t flags = spin_lock_irqsave(&q->lock);
	bool queued = w->thread;

	if (queued)
		thread_block_prepare();
	spin_unlock_irqrestore(&q->lock, flags);
	return queued;
}

bool waitq_sleep(struct waitq *q, struct waiter *w, nsec_t deadline)
{
	while (deadline == NSEC_NEVER || !thread_deadline_passed(deadline)) {
		thread_block(deadline);
		if (!prepare_again(q, w))
			return true;
	}
	thread_block_cancel();
	return !waitq_leave_queued(q, w);
}

/* `thread` is cleared last: from then on the woken thread may leave, and end, and the entry is gone. */
static void wake_first_locked(struct waitq *q) REQUIRES(&q->lock)
{
	struct waiter *w = q->first, *next = w->next;

	q->first = next;
	if (next)
		next->previous = NULL;
	else
		q->last = NULL;
	thread_wake_noirq(w->thread);
	__atomic_store_n(&w->thread, NULL, __ATOMIC_RELEASE);
}

bool waitq_wake_one_locked(struct waitq *q)
{
	bool any = q->first;

	if (any)
		wake_first_locked(q);
	return any;
}

/* The usual case, without the lock. A waiter first queues itself and then looks at its condition; the caller has first
 * made that true and now looks at the queue, so with a barrier in between one of them sees the other. */
static inline bool nobody_waits(const struct waitq *q)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !__atomic_load_n(&q->first, __ATOMIC_RELAXED);
}

bool waitq_wake_one(struct waitq *q)
{
	if (nobody_waits(q))
		return false;
	uint64_t flags = spin_lock_irqsave(&q->lock);
	bool any = waitq_wake_one_locked(q);

	spin_unlock_irqrestore(&q->lock, flags);
	return any;
}

unsigned waitq_wake_all(struct waitq *q)
{
	if (nobody_waits(q))
		return 0;
	uint64_t flags = spin_lock_irqsave(&q->lock);
	unsigned count = 0;

	for (; q->first; count++)
		wake_first_locked(q);
	spin_unlock_irqrestore(&q->lock, flags);
	return count;
}

/* Its condition held before the wake-up, or its time was over: what the wake-up was for, it has not looked for. */
void waitq_leave_awake(struct waitq *q, struct waiter *w)
{
	thread_block_cancel();
	if (!waitq_leave_queued(q, w))
		waitq_wake_one(q);
}

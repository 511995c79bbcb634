/* A mutex is a word that names its holder; taking and releasing a free one is a change of that word, in the header.
 * Here is what happens when somebody has to wait.
 *
 * While the holder runs on another CPU it is likely to be done soon, so the others watch the word for a while. Then they
 * set MUTEX_CONTENDED in it, and from then on it changes only under one lock for all mutexes, `lending`: so a holder that
 * others sleep for cannot release the mutex, or end, while its entry is looked at. Everybody who waits with a priority
 * takes part in a graph over all mutexes (who waits for what, which belongs to whom), and one lock makes following it
 * simple; mutexes that nobody waits for have nothing to do with it.
 *
 * What a holder is lent is the most that anybody waits with for any mutex it holds. When that changes, the holder's own
 * place in a queue may change, and with it what the next holder is lent, and so on (Sha, Rajkumar, Lehoczky: "Priority
 * Inheritance Protocols", 1990). The release gives the mutex to the first in the queue: an open mutex would go to
 * whoever runs, again and again. */
#include "kernel/sync/mutex.h"

#include "kernel/core/panic.h"
#include "kernel/sync/spinlock.h"
#include "kernel/sync/waitq.h"

#define SPINS_MOST	1000u	/* looks, for as long as a mutex is usually held many times over */

struct mutex_waiter {
	struct mutex_waiter *next, *previous;	/* (p) */
	struct mutex *mutex;			/* (p) NULL: it is the holder now */
	struct thread *thread;
	unsigned urgency;			/* (p) by which it is queued */
	bool forever;				/* without a deadline */
};

static struct spinlock lending = SPINLOCK_RANKED("mutexes", LOCK_LENDING);	/* the letter (p) */

void mutex_panic(const struct mutex *m, const char *what)
{
	panic("mutex %s %s", m->name ? m->name : "without a name", what);
}

static struct thread *holder(const struct mutex *m)
{
	return (struct thread *)(__atomic_load_n(&m->owner, __ATOMIC_RELAXED) & ~MUTEX_CONTENDED);
}

/* The holder may be gone at any time, so it is only a name here. */
static bool spin(struct mutex *m)
{
	cpu_id_t hint = 0;

	for (unsigned left = SPINS_MOST; left; left--) {
		uintptr_t owner = __atomic_load_n(&m->owner, __ATOMIC_RELAXED);
		if (!owner && mutex_take_free(m))
			return true;
		if (owner & MUTEX_CONTENDED || preempt_is_requested() ||
		    (owner && !thread_is_running((struct thread *)owner, &hint)))
			return false;
		cpu_relax();
	}
	return false;
}

/* Let nobody release it without us; or find it free, and take it. */
static bool take_or_contend_locked(struct mutex *m) REQUIRES(&lending)
{
	uintptr_t owner = __atomic_load_n(&m->owner, __ATOMIC_RELAXED);

	do {
		if (!owner && mutex_take_free(m))
			return true;
	} while (!owner || !__atomic_compare_exchange_n(&m->owner, &owner, owner | MUTEX_CONTENDED, false, __ATOMIC_ACQUIRE,
							__ATOMIC_RELAXED));
	return false;
}

/* Behind all that are as urgent. */
static void queue_locked(struct mutex *m, struct mutex_waiter *w) REQUIRES(&lending)
{
	struct mutex_waiter *before = m->last;

	while (before && before->urgency < w->urgency)
		before = before->previous;
	w->previous = before;
	w->next = before ? before->next : m->first;
	*(before ? &before->next : &m->first) = w;
	*(w->next ? &w->next->previous : &m->last) = w;
}

static void unqueue_locked(struct mutex *m, struct mutex_waiter *w) REQUIRES(&lending)
{
	*(w->previous ? &w->previous->next : &m->first) = w->next;
	*(w->next ? &w->next->previous : &m->last) = w->previous;
}

/* The mutexes of a holder for which it is lent something. */
static void contended_add_locked(struct thread *t, struct mutex *m) REQUIRES(&lending)
{
	m->next = thread_locks(t)->contended;
	thread_locks(t)->contended = m;
}

static void contended_remove_locked(struct thread *t, struct mutex *m) REQUIRES(&lending)
{
	struct mutex **link = &thread_locks(t)->contended;

	while (*link != m)
		link = &(*link)->next;
	*link = m->next;
}

/* What its waiters' best is, lent to a thread. Its own urgency afterwards. */
static unsigned lend_locked(struct thread *t) REQUIRES(&lending)
{
	unsigned most = 0;

	for (const struct mutex *m = thread_locks(t)->contended; m; m = m->next)
		most = MAX(most, m->first->urgency);
	thread_lend(t, most);
	return thread_urgency(t);
}

/* Somebody came to wait for a thread's mutex, or went, or changed: the thread is lent as much as is right now; so on
 * with the one it waits for itself. Where that makes no difference any more it ends, so also in a circle of waits with
 * deadlines. */
static void lend_along_locked(struct thread *t) REQUIRES(&lending)
{
	for (;;) {
		unsigned urgency = lend_locked(t);
		struct mutex_waiter *w = thread_locks(t)->waits;
		if (!w || w->urgency == urgency)
			return;
		unqueue_locked(w->mutex, w);
		w->urgency = urgency;
		queue_locked(w->mutex, w);
		t = holder(w->mutex);
	}
}

void mutex_waiter_changed(struct thread *t)
{
	uint64_t flags = spin_lock_irqsave(&lending);

	lend_along_locked(t);
	spin_unlock_irqrestore(&lending, flags);
}

/* Does the way from holder to holder lead back to us? Each on it waits for ever, so there is no circle that we are not
 * in: whoever closed it had come here. */
static void check_circle_locked(const struct mutex *m, struct thread *self) REQUIRES(&lending)
{
	const struct mutex *first = m;

	for (;;) {
		struct thread *t = holder(m);
		if (t == self)
			break;
		const struct mutex_waiter *w = thread_locks(t)->waits;
		if (!w || !w->forever)
			return;
		m = w->mutex;
	}
	panic("deadlock: %s waits for mutex %s, held by %s, and holds %s, for which that one waits, maybe by way of others",
	      thread_name(self), first->name, thread_name(holder(first)), m->name);
}

static void join_locked(struct mutex *m, struct mutex_waiter *w) REQUIRES(&lending)
{
	if (!m->first)
		contended_add_locked(holder(m), m);
	queue_locked(m, w);
	thread_locks(w->thread)->waits = w;
	lend_along_locked(holder(m));
}

/* The deadline has passed. */
static void give_up_locked(struct mutex *m, struct mutex_waiter *w) REQUIRES(&lending)
{
	unqueue_locked(m, w);
	thread_locks(w->thread)->waits = NULL;
	if (!m->first) {
		contended_remove_locked(holder(m), m);
		__atomic_and_fetch(&m->owner, ~MUTEX_CONTENDED, __ATOMIC_RELAXED);
	}
	lend_along_locked(holder(m));
}

/* Until it is ours, or the deadline. Each look is under the lock: who makes us the holder keeps it until we are woken, and
 * knows us no more when we see it. */
static bool sleep_until(struct mutex *m, struct mutex_waiter *w, nsec_t deadline, uint64_t flags) UNCHECKED_LOCKS
{
	while (w->mutex) {
		if (deadline != NSEC_NEVER && thread_deadline_passed(deadline)) {
			give_up_locked(m, w);
			break;
		}
		thread_block_prepare();
		spin_unlock_irqrestore(&lending, flags);
		thread_block(deadline);
		flags = spin_lock_irqsave(&lending);
	}
	bool ours = !w->mutex;
	spin_unlock_irqrestore(&lending, flags);
	return ours;
}

bool mutex_wait(struct mutex *m, nsec_t deadline) UNCHECKED_LOCKS
{
	struct thread *self = thread_current();
	struct mutex_waiter w = { .mutex = m, .thread = self, .forever = deadline == NSEC_NEVER };

	if (mutex_is_held(m))
		mutex_panic(m, "is taken twice by one thread");
	if (spin(m))
		return true;
	uint64_t flags = spin_lock_irqsave(&lending);
	if (take_or_contend_locked(m)) {
		spin_unlock_irqrestore(&lending, flags);
		return true;
	}
	if (w.forever)
		check_circle_locked(m, self);
	w.urgency = thread_urgency(self);
	join_locked(m, &w);
	bool ours = sleep_until(m, &w, deadline, flags);
	if (!ours)
		lock_order_blocking_released(&m->key);
	return ours;
}

/* The first in the queue is the holder from now on, and is lent what the others wait with; we no longer are. */
void mutex_hand_over(struct mutex *m)
{
	struct thread *self = thread_current();
	uint64_t flags = spin_lock_irqsave(&lending);

	if (!mutex_is_held(m))
		mutex_panic(m, "is released by a thread that does not hold it");
	struct mutex_waiter *w = m->first;
	if (!w) {	/* who waited gave up just now */
		__atomic_store_n(&m->owner, 0, __ATOMIC_RELEASE);
	} else {
		struct thread *next = w->thread;
		contended_remove_locked(self, m);
		unqueue_locked(m, w);
		if (m->first)
			contended_add_locked(next, m);
		__atomic_store_n(&m->owner, (uintptr_t)next | (m->first ? MUTEX_CONTENDED : 0), __ATOMIC_RELEASE);
		thread_locks(next)->waits = NULL;
		w->mutex = NULL;
		lend_locked(next);
		lend_locked(self);
		thread_wake_noirq(next);
	}
	spin_unlock_irqrestore(&lending, flags);
}

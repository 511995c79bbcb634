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
 * Inheritance Protocols", 1990).
 *
 * A release wakes the first in the queue and leaves the mutex open, and who runs and is as urgent may take it first: with
 * each release handed to a sleeper, all would soon sleep and wake in turn for each use. But who was woken and came too
 * late is given it by the next release, so nobody is passed over for longer than it takes to wake up. */
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
	bool passed_over;			/* (p) it has slept, and may come too late: the next release is for it */
};

static struct spinlock lending = SPINLOCK_RANKED("mutexes", LOCK_LENDING);	/* the letter (p) */

void mutex_panic(const struct mutex *m, const char *what)
{
	panic("mutex %s %s", m->name ? m->name : "without a name", what);
}

/* NULL: it is open. */
static struct thread *holder(const struct mutex *m)
{
	return (struct thread *)(__atomic_load_n(&m->owner, __ATOMIC_RELAXED) & ~MUTEX_CONTENDED);
}

/* The holder may be gone at any time, so it is only a name here. */
static bool spin(struct mutex *m)
{
	cpu_id_t hint = 0;

	for (unsigned left = SPINS_MOST; left && !mutex_take_free(m); left--) {
		const struct thread *t = holder(m);
		if (preempt_is_requested() || !t || !thread_is_running(t, &hint))
			return false;
		cpu_relax();
	}
	return mutex_is_held(m);
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
	m->next = thread_blocking(t)->contended;
	thread_blocking(t)->contended = m;
}

static void contended_remove_locked(struct thread *t, struct mutex *m) REQUIRES(&lending)
{
	struct mutex **link = &thread_blocking(t)->contended;

	while (*link != m)
		link = &(*link)->next;
	*link = m->next;
}

/* What its waiters' best is, lent to a thread. Its own urgency afterwards. */
static unsigned lend_locked(struct thread *t) REQUIRES(&lending)
{
	unsigned most = 0;

	for (const struct mutex *m = thread_blocking(t)->contended; m; m = m->next)
		most = MAX(most, m->first->urgency);
	thread_lend(t, most);
	return thread_urgency(t);
}

/* Somebody came to wait for a thread's mutex, or went, or changed: the thread is lent as much as is right now; so on
 * with the one it waits for itself, until a mutex is open or there is no difference any more; so it ends also in a circle
 * of waits with deadlines. */
static void lend_along_locked(struct thread *t) REQUIRES(&lending)
{
	while (t) {
		unsigned urgency = lend_locked(t);
		struct mutex_waiter *w = thread_blocking(t)->waits;
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
		const struct mutex_waiter *w = t ? thread_blocking(t)->waits : NULL;
		if (!w || !w->forever)
			return;
		m = w->mutex;
	}
	panic("deadlock: %s waits for mutex %s, held by %s, and holds %s, for which that one waits, maybe by way of others",
	      thread_name(self), first->name, thread_name(holder(first)), m->name);
}

/* An open one for which others wait, or none now. */
static void hold_locked(struct mutex *m, struct thread *t) REQUIRES(&lending)
{
	__atomic_store_n(&m->owner, (uintptr_t)t | (m->first ? MUTEX_CONTENDED : 0), __ATOMIC_RELEASE);
	if (m->first)
		contended_add_locked(t, m);
	lend_locked(t);
}

/* Take it if it is open; else see to it that nobody releases it without us. */
static bool take_or_contend_locked(struct mutex *m, struct thread *self, unsigned urgency) REQUIRES(&lending)
{
	while (!mutex_take_free(m)) {
		uintptr_t owner = __atomic_load_n(&m->owner, __ATOMIC_RELAXED);
		if (owner == MUTEX_CONTENDED && urgency >= m->first->urgency) {
			hold_locked(m, self);
			return true;
		}
		if (owner && __atomic_compare_exchange_n(&m->owner, &owner, owner | MUTEX_CONTENDED, false,
							 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return false;
	}
	return true;
}

static void join_locked(struct mutex *m, struct mutex_waiter *w) REQUIRES(&lending)
{
	if (!m->first)
		contended_add_locked(holder(m), m);
	queue_locked(m, w);
	thread_blocking(w->thread)->waits = w;
	lend_along_locked(holder(m));
}

static void leave_locked(struct mutex_waiter *w) REQUIRES(&lending)
{
	unqueue_locked(w->mutex, w);
	w->mutex = NULL;
	thread_blocking(w->thread)->waits = NULL;
}

/* The deadline has passed; as it is held, no wake-up was meant for us. */
static void give_up_locked(struct mutex *m, struct mutex_waiter *w) REQUIRES(&lending)
{
	struct thread *t = holder(m);

	leave_locked(w);
	if (!m->first)
		contended_remove_locked(t, m);
	lend_along_locked(t);
	if (!m->first)		/* from here on the holder may be gone */
		__atomic_and_fetch(&m->owner, ~MUTEX_CONTENDED, __ATOMIC_RELAXED);
}

/* It is held, or open for the first in the queue, who was woken for it; who has slept may be that one. */
static bool must_sleep_locked(const struct mutex *m, const struct mutex_waiter *w) REQUIRES(&lending)
{
	return w->mutex && (holder(m) || (m->first != w && !w->passed_over));
}

/* Until it is ours, or the deadline. Each look is under the lock: who hands it to us keeps that until we are woken, and
 * knows us no more when we see it. */
static bool sleep_until(struct mutex *m, struct mutex_waiter *w, nsec_t deadline, uint64_t flags) UNCHECKED_LOCKS
{
	while (must_sleep_locked(m, w) && (deadline == NSEC_NEVER || !thread_deadline_passed(deadline))) {
		thread_block_prepare();
		spin_unlock_irqrestore(&lending, flags);
		thread_block(deadline);
		flags = spin_lock_irqsave(&lending);
		w->passed_over = true;
	}
	bool late = w->mutex && holder(m);
	if (late) {
		give_up_locked(m, w);
	} else if (w->mutex) {
		leave_locked(w);
		hold_locked(m, w->thread);
	}
	spin_unlock_irqrestore(&lending, flags);
	return !late;
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
	w.urgency = thread_urgency(self);
	if (take_or_contend_locked(m, self, w.urgency)) {
		spin_unlock_irqrestore(&lending, flags);
		return true;
	}
	if (w.forever)
		check_circle_locked(m, self);
	join_locked(m, &w);
	bool ours = sleep_until(m, &w, deadline, flags);
	if (!ours)
		lock_order_blocking_released(&m->key);
	return ours;
}

/* What was lent for it goes back; the next holder is lent what is due when it has it. */
void mutex_release(struct mutex *m)
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
		__atomic_store_n(&m->owner, MUTEX_CONTENDED, __ATOMIC_RELEASE);
		if (w->passed_over) {
			leave_locked(w);
			hold_locked(m, next);
		}
		lend_locked(self);
		thread_wake_noirq(next);
	}
	spin_unlock_irqrestore(&lending, flags);
}

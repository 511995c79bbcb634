/* Mutexes: who holds one may sleep.
 *
 *	static struct mutex mounts_lock = MUTEX("mounts");
 *	mutex_lock(&mounts_lock);
 *	...
 *	mutex_unlock(&mounts_lock);
 *
 * Rules
 * - For threads, from sched_init on: not in interrupts, nor with a spinlock held or preemption off. The thread that took
 *   it releases it. Not recursive. Misuse is a panic that names the mutex.
 * - Who must wait spins for a while if the holder runs on another CPU, else it sleeps. A release wakes the most urgent
 *   one that sleeps, the first among equals. Somebody as urgent who runs may be faster, but after that it is the next
 *   holder from the release on: nobody waits for ever while others come and go.
 * - A holder is scheduled as if it were as urgent as the most urgent one that waits for it, also by way of other mutexes
 *   (priority inheritance), until the release. thread_set_policy counts at once for both.
 * - Waiting in a circle without a deadline is a panic that names all. The order of locks is checked as
 *   kernel/sync/lock_order.h says.
 * - Whoever holds it may free its memory after the release, if nobody else can come. All zero is an open mutex. */
#ifndef KERNEL_SYNC_MUTEX_H
#define KERNEL_SYNC_MUTEX_H

#include "kernel/sync/lock_order.h"
#include "kernel/sync/thread_safety.h"

struct LOCK_TYPE("mutex") mutex {
	uintptr_t owner;			/* atomic; (p) while MUTEX_CONTENDED: struct thread * and that bit */
	struct mutex_waiter *first, *last;	/* (p), the lock of mutex.c: the most urgent first */
	struct mutex *next;			/* (p) of the same holder, with waiters too */
	const char *name;
	struct lock_key key;
};

#define MUTEX(name_) { .name = (name_) }
#define MUTEX_RANKED(name_, rank_) { .name = (name_), .key = { .rank = (rank_) } }

#define MUTEX_CONTENDED 1ul	/* somebody sleeps until it is released */

/* What is seldom needed: wait; release one that others wait for; misuse. */
bool mutex_wait(struct mutex *m, nsec_t deadline);
void mutex_release(struct mutex *m);
_Noreturn void mutex_panic(const struct mutex *m, const char *what);

/* For kernel/sched: a thread's urgency is another now. */
void mutex_waiter_changed(struct thread *t);

/* Does the running thread hold it? For assertions. */
static inline bool mutex_is_held(const struct mutex *m)
{
	return (__atomic_load_n(&m->owner, __ATOMIC_RELAXED) & ~MUTEX_CONTENDED) == (uintptr_t)thread_current();
}

static inline bool mutex_take_free(struct mutex *m)
{
	uintptr_t nobody = 0;

	return __atomic_compare_exchange_n(&m->owner, &nobody, (uintptr_t)thread_current(), false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* False: the deadline, a time of clock_now(), has passed. */
static inline bool mutex_lock_until(struct mutex *m, nsec_t deadline) TRY_ACQUIRES(m) UNCHECKED_LOCKS
{
	if (__builtin_expect(preempt_is_disabled(), 0))
		mutex_panic(m, "is taken where nobody may sleep");
	lock_order_blocking(&m->key, m->name);
	return __builtin_expect(mutex_take_free(m), 1) || mutex_wait(m, deadline);
}

static inline void mutex_lock(struct mutex *m) ACQUIRES(m) UNCHECKED_LOCKS
{
	(void)mutex_lock_until(m, NSEC_NEVER);
}

static inline bool mutex_trylock(struct mutex *m) TRY_ACQUIRES(m) UNCHECKED_LOCKS
{
	if (!mutex_take_free(m))
		return false;
	lock_order_blocking_tried(&m->key, m->name);
	return true;
}

static inline void mutex_unlock(struct mutex *m) RELEASES(m) UNCHECKED_LOCKS
{
	uintptr_t self = (uintptr_t)thread_current();

	lock_order_blocking_released(&m->key);
	if (__builtin_expect(!__atomic_compare_exchange_n(&m->owner, &self, 0, false, __ATOMIC_RELEASE,
							  __ATOMIC_RELAXED), 0))
		mutex_release(m);
}

#endif

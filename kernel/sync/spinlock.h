/* Spinlocks: fair (first come, first served).
 *
 * Rules: the holder does not sleep and holds it for a short time. A lock that an interrupt handler takes is taken with
 * interrupts off everywhere (spin_lock_irqsave). Preemption is off while one is held. Not recursive: taking a lock one
 * holds is a panic that names it, and in debug builds so is releasing one that one does not hold. All zero is an open
 * lock; SPINLOCK gives it a name, SPINLOCK_RANKED also a place in the declared order (kernel/sync/lock_order.h). */
#ifndef KERNEL_SYNC_SPINLOCK_H
#define KERNEL_SYNC_SPINLOCK_H

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/preempt.h"
#include "kernel/sync/lock_order.h"
#include "kernel/sync/thread_safety.h"

struct LOCK_TYPE("spinlock") spinlock {
	uint16_t next, serving;		/* atomic: tickets given out, the ticket that holds it; fewer wait than that */
	struct lock_key key;
	const char *holder;		/* atomic: the per-CPU area of the CPU that holds it; NULL: nobody does */
	const char *name;
};

#define SPINLOCK(name_) { .name = (name_) }
#define SPINLOCK_RANKED(name_, rank_) { .key = { .rank = (rank_) }, .name = (name_) }

/* What takes long: wait for one's ticket, unless that is for ever; panic for a lock that is used wrongly. */
void spin_wait(const struct spinlock *lock, uint16_t ticket);
_Noreturn void spin_panic(const struct spinlock *lock);

/* Does this CPU hold it? For assertions. */
static inline bool spin_is_held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == percpu_area();
}

/* In debug builds. A release build finds a lock that is taken twice when it waits for it. */
static inline void spin_check(const struct spinlock *lock, bool held)
{
#ifndef NDEBUG
	if (__builtin_expect(spin_is_held(lock) != held, 0))
		spin_panic(lock);
#endif
}

/* In line, since a lock that is free is the usual case, and costs less than a call. */
static inline void spin_take(struct spinlock *lock) ACQUIRES(lock) UNCHECKED_LOCKS
{
	spin_check(lock, false);
	lock_order_spin(&lock->key, lock->name);
	uint16_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	if (__builtin_expect(__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket, 0))
		spin_wait(lock, ticket);
	__atomic_store_n(&lock->holder, percpu_area(), __ATOMIC_RELAXED);
}

static inline void spin_lock(struct spinlock *lock) ACQUIRES(lock)
{
	preempt_disable();
	spin_take(lock);
	lock_order_spin_interrupts(&lock->key);
}

/* Without preempt_enable. */
static inline void spin_release(struct spinlock *lock) RELEASES(lock) UNCHECKED_LOCKS
{
	spin_check(lock, true);
	lock_order_spin_released(&lock->key);
	__atomic_store_n(&lock->holder, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->serving, (uint16_t)(lock->serving + 1), __ATOMIC_RELEASE);
}

static inline void spin_unlock(struct spinlock *lock) RELEASES(lock)
{
	spin_release(lock);
	preempt_enable();
}

/* Nothing, but for the compiler's check, where a function chose the lock: it has taken it for us; it will release it. */
static inline void spin_taken(const struct spinlock *lock) ACQUIRES(lock) UNCHECKED_LOCKS {}
static inline void spin_passed(const struct spinlock *lock) RELEASES(lock) UNCHECKED_LOCKS {}

bool spin_trylock(struct spinlock *lock) TRY_ACQUIRES(lock);

/* The same with this CPU's interrupts off meanwhile; the result goes to spin_unlock_irqrestore. */
static inline uint64_t spin_lock_irqsave(struct spinlock *lock) ACQUIRES(lock)
{
	uint64_t flags = cpu_irq_save();

	preempt_disable();
	spin_take(lock);
	return flags;
}

/* Interrupts first: preempt_enable switches threads only where they are on. */
static inline void spin_unlock_irqrestore(struct spinlock *lock, uint64_t flags) RELEASES(lock)
{
	spin_release(lock);
	cpu_irq_restore(flags);
	preempt_enable();
}

#endif

/* Spinlocks: fair (first come, first served).
 *
 * Rules: the holder does not sleep and holds it for a short time. A lock that an interrupt handler takes is taken with
 * interrupts off everywhere (spin_lock_irqsave). Not recursive: taking a lock one holds is a panic that names it. All
 * zero is an open lock; SPINLOCK gives it a name. */
#ifndef KERNEL_SYNC_SPINLOCK_H
#define KERNEL_SYNC_SPINLOCK_H

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "lib/types.h"

struct spinlock {
	uint32_t next, serving;		/* atomic: tickets given out, the ticket that holds it */
	const char *holder;		/* atomic: the per-CPU area of the CPU that holds it; NULL: nobody does */
	const char *name;
};

#define SPINLOCK(name_) { .name = name_ }

/* What takes long: wait for one's ticket; panic for a lock that is used wrongly. */
void spin_wait(const struct spinlock *lock, uint32_t ticket);
_Noreturn void spin_panic(const struct spinlock *lock);

/* Does this CPU hold it? For assertions. */
static inline bool spin_is_held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == percpu_area();
}

/* In line, since a lock that is free is the usual case, and costs less than a call. */
static inline void spin_lock(struct spinlock *lock)
{
	if (__builtin_expect(spin_is_held(lock), 0))
		spin_panic(lock);
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	if (__builtin_expect(__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket, 0))
		spin_wait(lock, ticket);
	__atomic_store_n(&lock->holder, percpu_area(), __ATOMIC_RELAXED);
}

static inline void spin_unlock(struct spinlock *lock)
{
	if (__builtin_expect(!spin_is_held(lock), 0))
		spin_panic(lock);
	__atomic_store_n(&lock->holder, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

bool spin_trylock(struct spinlock *lock);

/* The same with this CPU's interrupts off meanwhile; the result goes to spin_unlock_irqrestore. */
static inline uint64_t spin_lock_irqsave(struct spinlock *lock)
{
	uint64_t flags = cpu_irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irqrestore(struct spinlock *lock, uint64_t flags)
{
	spin_unlock(lock);
	cpu_irq_restore(flags);
}

#endif

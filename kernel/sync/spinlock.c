/* Ticket locks: a CPU takes the next number and waits until it is served, so none is passed over however many wait. */
#include "kernel/sync/spinlock.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/core/assert.h"
#include "kernel/core/panic.h"

static void acquired(struct spinlock *lock)
{
	__atomic_store_n(&lock->holder, cpu_id() + 1, __ATOMIC_RELAXED);
}

bool spin_is_held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == cpu_id() + 1;
}

void spin_lock(struct spinlock *lock)
{
	if (spin_is_held(lock))
		panic("spinlock %s: CPU %u holds it already", lock->name ? lock->name : "without a name", cpu_id());
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		cpu_relax();
	acquired(lock);
}

bool spin_trylock(struct spinlock *lock)
{
	uint32_t ticket = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);

	if (!__atomic_compare_exchange_n(&lock->next, &ticket, ticket + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	acquired(lock);
	return true;
}

void spin_unlock(struct spinlock *lock)
{
	ASSERT(spin_is_held(lock));
	__atomic_store_n(&lock->holder, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

uint64_t spin_lock_irqsave(struct spinlock *lock)
{
	uint64_t flags = cpu_irq_save();

	spin_lock(lock);
	return flags;
}

void spin_unlock_irqrestore(struct spinlock *lock, uint64_t flags)
{
	spin_unlock(lock);
	cpu_irq_restore(flags);
}

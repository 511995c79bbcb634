/* Ticket locks: a CPU takes the next number and waits until it is served, so none is passed over however many wait.
 * Here is what is seldom needed; the rest is in the header. */
#include "kernel/sync/spinlock.h"

#include "kernel/core/panic.h"

/* Where this CPU holds the lock, nobody else changes that. */
void spin_wait(const struct spinlock *lock, uint16_t ticket)
{
	if (spin_is_held(lock))
		spin_panic(lock);
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		cpu_relax();
}

void spin_panic(const struct spinlock *lock)
{
	panic("spinlock %s: CPU %u %s", lock->name ? lock->name : "without a name", cpu_id(),
	      spin_is_held(lock) ? "takes it twice" : "releases it without holding it");
}

bool spin_trylock(struct spinlock *lock) UNCHECKED_LOCKS
{
	uint16_t ticket = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);

	preempt_disable();
	if (!__atomic_compare_exchange_n(&lock->next, &ticket, (uint16_t)(ticket + 1), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		preempt_enable();
		return false;
	}
	lock_order_spin_tried(&lock->key, lock->name);
	__atomic_store_n(&lock->holder, percpu_area(), __ATOMIC_RELAXED);
	return true;
}

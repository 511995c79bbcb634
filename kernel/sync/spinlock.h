/* Spinlocks: fair (first come, first served).
 *
 * Rules: the holder does not sleep and holds it for a short time. A lock that an interrupt handler takes is taken with
 * interrupts off everywhere (spin_lock_irqsave). Not recursive: taking a lock one holds is a panic that names it. All
 * zero is an open lock; SPINLOCK gives it a name. */
#ifndef KERNEL_SYNC_SPINLOCK_H
#define KERNEL_SYNC_SPINLOCK_H

#include "lib/types.h"

struct spinlock {
	uint32_t next, serving;		/* atomic: tickets given out, the ticket that holds it */
	uint32_t holder;		/* CPU number + 1 while it is held */
	const char *name;
};

#define SPINLOCK(name_) { .name = name_ }

void spin_lock(struct spinlock *lock);
bool spin_trylock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);

/* The same with this CPU's interrupts off meanwhile; the result goes to spin_unlock_irqrestore. */
uint64_t spin_lock_irqsave(struct spinlock *lock);
void spin_unlock_irqrestore(struct spinlock *lock, uint64_t flags);

/* Does this CPU hold it? For assertions. */
bool spin_is_held(const struct spinlock *lock);

#endif

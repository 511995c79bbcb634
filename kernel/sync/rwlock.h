/* Read-write locks: many read, or one writes.
 *
 * Rules
 * - For threads, where they may sleep. The thread that took it releases it. Not recursive: who reads and reads again can
 *   wait for ever behind a writer.
 * - In the order of their arrival: who comes while somebody waits, waits too, so that readers who keep coming do not keep
 *   a writer out; readers that wait next to each other go in together. Neither side can be starved.
 * - No priority inheritance, since readers are not known by name: for what is held shortly or read mostly. The order of
 *   locks is checked as kernel/sync/lock_order.h says. All zero is an open lock. */
#ifndef KERNEL_SYNC_RWLOCK_H
#define KERNEL_SYNC_RWLOCK_H

#include "kernel/sync/lock_order.h"
#include "kernel/sync/waitq.h"

struct LOCK_TYPE("rwlock") rwlock {
	struct waitq queue;
	unsigned readers;	/* (q) the lock of the queue: who read now */
	bool writing;		/* (q) */
	struct lock_key key;
};

#define RWLOCK(name_) { .queue = WAITQ(name_) }

/* False: the deadline, a time of clock_now(), has passed. */
bool rwlock_read_until(struct rwlock *l, nsec_t deadline) TRY_ACQUIRES_SHARED(l);
bool rwlock_write_until(struct rwlock *l, nsec_t deadline) TRY_ACQUIRES(l);

static inline void rwlock_read(struct rwlock *l) ACQUIRES_SHARED(l) UNCHECKED_LOCKS
{
	(void)rwlock_read_until(l, NSEC_NEVER);
}

static inline void rwlock_write(struct rwlock *l) ACQUIRES(l) UNCHECKED_LOCKS
{
	(void)rwlock_write_until(l, NSEC_NEVER);
}

void rwlock_read_release(struct rwlock *l) RELEASES_SHARED(l);
void rwlock_write_release(struct rwlock *l) RELEASES(l);

#endif

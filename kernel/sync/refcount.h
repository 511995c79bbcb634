/* Reference counts that saturate.
 *
 * Rules: any context. It begins at 1, for who made the object (REFCOUNT, refcount_init). Who has a reference may take
 * another; who found the object in a table, where it may be about to go, uses refcount_get_if_any. Whoever gets true of
 * refcount_put has given the last back and frees the object.
 *
 * To take or give one where there is none is a use of freed memory, and a panic. A count that would overflow is said
 * once, and stays where it is: the object is never freed, which is better than freed while it is used. */
#ifndef KERNEL_SYNC_REFCOUNT_H
#define KERNEL_SYNC_REFCOUNT_H

#include "lib/types.h"

struct refcount { uint32_t count; };	/* atomic */

#define REFCOUNT { 1 }

/* Half way between what counts and 0 again, so that no number of CPUs gets from here to either before one of them puts
 * it back here. */
#define REFCOUNT_SATURATED 0xc0000000u
#define REFCOUNT_MOST 0x7fffffffu

/* What seldom happens: `before` was no number of references to take one more, or give one back, of. */
void refcount_wrong(struct refcount *r, uint32_t before);

static inline void refcount_init(struct refcount *r)
{
	__atomic_store_n(&r->count, 1, __ATOMIC_RELAXED);
}

static inline uint32_t refcount_read(const struct refcount *r)
{
	return __atomic_load_n(&r->count, __ATOMIC_RELAXED);
}

static inline void refcount_get(struct refcount *r)
{
	uint32_t before = __atomic_fetch_add(&r->count, 1, __ATOMIC_RELAXED);

	if (__builtin_expect(before - 1 >= REFCOUNT_MOST - 1, 0))	/* 0, the most, or more */
		refcount_wrong(r, before);
}

/* False: there is none, the object is about to go. */
static inline bool refcount_get_if_any(struct refcount *r)
{
	uint32_t before = refcount_read(r);

	do {
		if (!before)
			return false;
	} while (!__atomic_compare_exchange_n(&r->count, &before, before + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	if (__builtin_expect(before >= REFCOUNT_MOST, 0))
		refcount_wrong(r, before);
	return true;
}

/* True: it was the last. All that others did with the object comes before that. */
static inline bool refcount_put(struct refcount *r)
{
	uint32_t before = __atomic_fetch_sub(&r->count, 1, __ATOMIC_ACQ_REL);

	if (__builtin_expect(before - 1 >= REFCOUNT_MOST, 0))		/* 0, or more than the most */
		refcount_wrong(r, before);
	return before == 1;
}

#endif

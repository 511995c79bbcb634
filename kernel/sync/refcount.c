/* Only what seldom happens; the rest is in the header. */
#include "kernel/sync/refcount.h"

#include "kernel/core/log.h"
#include "kernel/core/panic.h"

/* One that is saturated already was reported when it became so. */
void refcount_wrong(struct refcount *r, uint32_t before)
{
	if (!before)
		panic("refcount at %p: used without a reference: the object is freed", (void *)r);
	__atomic_store_n(&r->count, REFCOUNT_SATURATED, __ATOMIC_RELAXED);
	if (before <= REFCOUNT_MOST)
		pr_err("refcount at %p: too many references: the object will never be freed", (void *)r);
}

/* Allocations that fail: because there is no memory, or because a test wants to see what happens then.
 *
 * Rules: while the kernel boots, a failure is a panic that says what could not be had; after memory_booted() the caller
 * gets its error. Failures can be injected into a thread in builds without NDEBUG. */
#ifndef KERNEL_MM_FAILURE_H
#define KERNEL_MM_FAILURE_H

#include "kernel/arch/preempt.h"

/* Which allocation of this thread from now on fails: 1 the next one; 0: none any more. After it, each one at that
 * distance; 0: none. What interrupts allocate while the thread runs counts as its own. */
extern struct thread *failure_thread;
extern uint64_t failure_countdown, failure_period;

/* What every allocator asks first, interrupts off or not: an injected failure goes to whoever comes. */
#ifdef NDEBUG
static inline bool failure_is_due(void) { return false; }
#define FAILURE_INJECTION false
#else
static inline bool failure_is_due(void)
{
	if (!failure_countdown || failure_thread != thread_current() || --failure_countdown)
		return false;
	failure_countdown = failure_period;
	return true;
}
#define FAILURE_INJECTION true
#endif

/* An allocator has nothing to give. `site` is the return address of who asked. */
void failure_report(const char *what, uint64_t bytes, vaddr_t site);

/* From here on failures are for the callers. */
void memory_booted(void);

/* Failures since then, injected ones not counted. */
uint64_t failure_count(void);

#endif

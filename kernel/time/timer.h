/* Timers: a function that is called at a time.
 *
 *	static void late(struct timer *t) { … }
 *	timer_init(&r->timeout, late);
 *	timer_arm(&r->timeout, clock_now() + NSEC_PER_SEC);
 *
 * Rules
 * - The function runs in the timer interrupt, with interrupts off, on the CPU that armed the timer, not before its
 *   time and not at the same time as itself. It is short, takes only locks that are taken with interrupts off
 *   everywhere, and does not wait for other CPUs. It may arm, cancel or free its own timer.
 * - timer_arm and timer_cancel may be called in any context but NMIs, for the same timer on several CPUs at once.
 * - When timer_cancel returns, the function is not running on any CPU and will not run, unless somebody arms the
 *   timer again: what it uses may be freed. Called from the function itself, it returns with only that still running.
 *   The caller holds no lock that the function takes.
 * - Cost: logarithmic in the number of timers of the CPU, in the worst case. Nothing is allocated. */
#ifndef KERNEL_TIME_TIMER_H
#define KERNEL_TIME_TIMER_H

#include "kernel/time/timer_queue.h"

struct timers;		/* those of one CPU */

struct timer {
	struct timer_node node;		/* (q) the lock of the CPU's timers that `home` names */
	struct timers *home;		/* atomic; (q) to change it */
	void (*fired)(struct timer *t);
};

/* Once; from then on each CPU whose timer hardware is set up (kernel/arch/timer.h) can arm timers. */
void timers_init(void);
void timers_init_cpu(void);

/* Before its first use. */
void timer_init(struct timer *t, void (*fired)(struct timer *t));

/* Let it fire on this CPU at a time of clock_now(); at once where that has passed. Replaces the time for which it was
 * armed. */
void timer_arm(struct timer *t, nsec_t deadline);

/* True where it was armed and will not fire because of this call. */
bool timer_cancel(struct timer *t);

#endif

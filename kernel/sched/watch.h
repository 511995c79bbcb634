/* Lock-ups: CPUs and threads that do not get on are seen and named in the log.
 *
 * Rules
 * - Named, once each: a CPU that takes no interrupts; one that does not switch though asked to, as preemption is off
 *   there; a thread that is runnable but does not run; each for watchdog=SECONDS, 10 without it. A thread that waits for
 *   a mutex twelve times as long. 0 or nowatchdog: nothing is watched.
 * - With one CPU nobody sees a CPU that takes no interrupts.
 * - While a CPU works, another takes a timer interrupt twice in that time; with one CPU, it does so itself while
 *   threads compete for it. An idle machine takes none. */
#ifndef KERNEL_SCHED_WATCH_H
#define KERNEL_SCHED_WATCH_H

#include "lib/types.h"

/* Once, when all CPUs are started. */
void watch_init(void);

/* For so long, 0: not at all. For threads. Returns what it was. */
nsec_t watch_set_period(nsec_t wanted);

/* How many times something was named. */
unsigned watch_reports(void);

void watch_print(void);		/* at the monitor */

#endif

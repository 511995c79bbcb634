/* Time.
 *
 * Rules
 * - Any context, NMIs included. Nanoseconds since the EFI entry point, monotonic: a time that one CPU has read and
 *   passed on to another is not after what that one reads.
 * - Before clock_init the rate is unknown and times count as if the TSC ran at 10 GHz, so that a bound on a wait is
 *   never shorter than it says.
 * - Where the TSC cannot be trusted another counter takes over, without a step back; clock_now is slower then.
 * - Waiting means spinning, until there are threads. */
#ifndef KERNEL_TIME_CLOCK_H
#define KERNEL_TIME_CLOCK_H

#include "lib/types.h"

/* Time starts, as soon as the handoff is accepted; and its rate is known, when tables and devices can be reached. */
void clock_init_early(void);
void clock_init(void);

nsec_t clock_now(void);

/* The time of a tick count of the boot CPU; of others where their counters are in step with it. */
nsec_t clock_at(uint64_t ticks);

/* A point in time as this CPU's cpu_ticks(): not before it, and a microsecond late at most an hour away.
 * Interrupts off. */
uint64_t clock_ticks_at(nsec_t time);

/* Spin for at least this long. */
void clock_delay(nsec_t duration);

/* UTC in nanoseconds since 1970. Its offset from clock_now() is read once, to the second; a machine without a
 * battery-backed clock starts in 1970. */
nsec_t clock_wall(void);

#define NSEC_PER_SEC 1000000000ll
#define NSEC_PER_MSEC 1000000ll
#define NSEC_PER_USEC 1000ll

#endif

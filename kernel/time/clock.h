/* Time.
 *
 * Rules: any context. Nanoseconds since the EFI entry point; monotonic. Before clock_init the rate is unknown and times count as if the TSC ran at 10 GHz, so that a bound on a
 * wait is never shorter than it says. */
#ifndef KERNEL_TIME_CLOCK_H
#define KERNEL_TIME_CLOCK_H

#include "lib/types.h"

void clock_init(void);

nsec_t clock_now(void);

/* The time of a tick count. */
nsec_t clock_at(uint64_t ticks);

/* Spin for at least this long. */
void clock_delay(nsec_t duration);

#define NSEC_PER_SEC 1000000000ll
#define NSEC_PER_MSEC 1000000ll
#define NSEC_PER_USEC 1000ll

#endif

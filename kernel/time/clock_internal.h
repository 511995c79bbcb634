/* What the files of the clock share. */
#ifndef KERNEL_TIME_CLOCK_INTERNAL_H
#define KERNEL_TIME_CLOCK_INTERNAL_H

#include "kernel/arch/clock.h"
#include "kernel/time/clock.h"
#include "kernel/time/rate.h"

/* The TSC's rate, who says so, and how well it is known. */
struct rate_claim clock_rate(void);

/* Measure the TSC again, over all the time since the first measurement or clock_check_from_now, and go on with the
 * better rate. False where that cannot be done (now). Falls back where the rate has changed. */
bool clock_check(void);
void clock_check_from_now(void);

/* Read the battery-backed clock. */
void clock_wall_init(void);

/* Leave the TSC for another counter, if there is one; `why` completes "clock: …". */
void clock_fall_back(const char *why);

/* The counter that is used in place of the TSC, NULL: none; and the longest time for which nobody may read the clock
 * then. */
const struct clock_source *clock_counter(void);
nsec_t clock_patience(const struct clock_source *counter);

#endif

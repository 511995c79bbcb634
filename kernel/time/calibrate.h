/* The TSC's rate, and the counters it was measured against. For kernel/time only.
 *
 * Rules: calibrate_boot once, on the boot CPU; the others after it, one at a time. */
#ifndef KERNEL_TIME_CALIBRATE_H
#define KERNEL_TIME_CALIBRATE_H

#include "kernel/arch/clock.h"
#include "kernel/time/rate.h"

/* Find the rate within a millisecond, or 200 ms where timers are dead. Never 0 Hz. */
struct rate_claim calibrate_boot(uint64_t stall_hz);

/* Measure again, over all the time since calibrate_boot, by the finest counter that agreed with `known`. hz is 0
 * where there is none, or the time is too long for it: then the next measurement starts now. */
struct rate_claim calibrate_again(const struct rate_claim *known);

/* Begin that measurement anew, with now. */
void calibrate_restart(void);

/* A counter to tell the time by in place of the TSC; NULL where there is none. */
const struct clock_source *calibrate_fallback(void);

/* What was found, a line each, for people. */
void calibrate_print(void);

#endif

/* The CPU's own one-shot timer.
 *
 * Rules: each CPU has one; it is armed for a point in time, in cpu_ticks(), and takes one interrupt when that has
 * passed: never before, and soon after. A point in the past fires at once. Arming anew replaces what was armed. The
 * handler runs with interrupts off on the CPU whose timer it is. */
#ifndef KERNEL_ARCH_TIMER_H
#define KERNEL_ARCH_TIMER_H

#include "lib/types.h"

/* What every CPU calls when its timer fires. Once, before the first is armed. */
void timer_hw_set_handler(void (*fired)(void));

/* This CPU's timer. timer_hw_arm with ~0ull disarms it. Interrupts off. */
void timer_hw_init_cpu(void);
void timer_hw_arm(uint64_t ticks);

/* "TSC deadline", "LAPIC one-shot", for people. */
const char *timer_hw_name(void);

#endif

/* The rate of cpu_ticks(). */
#ifndef KERNEL_ARCH_CLOCK_H
#define KERNEL_ARCH_CLOCK_H

#include <boot/handoff.h>
#include "lib/types.h"

/* Find the rate in Hz; never 0. ret_how says how it is known, for people. Takes a millisecond where it must be measured; each wait is bounded. */
uint64_t cpu_ticks_calibrate(const struct handoff *handoff, const char **ret_how);

#endif

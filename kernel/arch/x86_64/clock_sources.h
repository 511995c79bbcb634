/* The counters of a PC that have a rate of their own; one file each. */
#ifndef KERNEL_ARCH_X86_64_CLOCK_SOURCES_H
#define KERNEL_ARCH_X86_64_CLOCK_SOURCES_H

#include "kernel/arch/clock.h"

extern struct clock_source clock_source_pm_timer, clock_source_hpet, clock_source_pit;

#endif

/* What a machine tells the time by.
 *
 * Rules: a source is started once, by the boot CPU; after that it may be read in any context, on any CPU. No wait for a
 * device is longer than its bound, counted in ticks as if they were at 10 GHz. */
#ifndef KERNEL_ARCH_CLOCK_H
#define KERNEL_ARCH_CLOCK_H

#include "lib/calendar.h"
#include "lib/types.h"

/* A counter of known rate that counts up, to mask and on from 0. */
struct clock_source {
	const char *name;
	bool (*start)(struct clock_source *s);	/* make it run, fill in hz and mask; false where the machine has none */
	uint64_t (*read)(const struct clock_source *s);	/* bits outside the mask may be anything */
	uint64_t hz, mask;
	bool wraps_soon;	/* good to measure a millisecond with, not to tell the time by */
	volatile uint32_t *registers;	/* the source's own: where it is */
	uint16_t port;
};

/* All there can be, the most trusted first; NULL ends the list. */
extern struct clock_source *const clock_sources[];

/* The rate of cpu_ticks() as the CPU or the hypervisor states it, and who does; 0: nobody says. Not always true. */
uint64_t cpu_ticks_stated_hz(const char **ret_by);

/* Does the CPU promise that cpu_ticks() runs at the same rate whatever it does, and does not stop? */
bool cpu_ticks_are_constant(void);

/* cpu_ticks(), not read before the memory reads that stand above it: for times that CPUs compare. LFENCE waits for all
 * earlier instructions (Intel SDM volume 2, RDTSC). */
static inline uint64_t cpu_ticks_ordered(void)
{
	uint32_t low, high;
	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) :: "memory");
	return (uint64_t)high << 32 | low;
}

/* Read the battery-backed clock, which counts whole seconds; UTC by convention. 0; -ENODEV (none); -EIO (it does not
 * hold still, or shows no date). */
int rtc_read(struct date *ret);

#endif

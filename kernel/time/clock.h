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

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "lib/types.h"

#define NSEC_PER_SEC 1000000000ll
#define NSEC_PER_MSEC 1000000ll
#define NSEC_PER_USEC 1000ll

/* Time starts, as soon as the handoff is accepted; and its rate is known, when tables and devices can be reached. */
void clock_init_early(void);
void clock_init(void);

nsec_t clock_now(void);

/* cpu_ticks() as the boot CPU reads it now; and the time of such a count. */
uint64_t clock_ticks(void);
nsec_t clock_at(uint64_t ticks);

/* A point in time as this CPU's cpu_ticks(): not before it, and a microsecond late at most an hour away.
 * Interrupts off. */
uint64_t clock_ticks_at(nsec_t time);

/* A cheaper clock, for how long something ran: a count that goes on while the TSC does, and what a span of it is. Where
 * the TSC cannot be trusted it is as wrong as that. Preemption off. */
extern PERCPU(int64_t, clock_ticks_offset);	/* the boot CPU's ticks minus this CPU's */
extern uint64_t clock_span_factor;		/* nanoseconds a tick, in units of 2^-32 */

static inline uint64_t clock_span_start(void)
{
	return cpu_ticks() + (uint64_t)this_cpu(clock_ticks_offset);
}

static inline nsec_t clock_span(uint64_t start, uint64_t end)
{
	return (nsec_t)((unsigned __int128)(end - start) * clock_span_factor >> 32);
}

/* Its counts a second. */
static inline uint64_t clock_span_hz(void)
{
	return ((uint64_t)NSEC_PER_SEC << 32) / clock_span_factor;
}

/* Spin for at least this long. */
void clock_delay(nsec_t duration);

/* UTC in nanoseconds since 1970. Its offset from clock_now() is read once, to the second; a machine without a
 * battery-backed clock starts in 1970. */
nsec_t clock_wall(void);

#endif

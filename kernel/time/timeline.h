/* A counter's ticks as nanoseconds: a line that bends once, where the rate became better known.
 *
 * Rules: pure. The line goes through (ticks, time); before that corner a tick lasts `before`, behind it `after`, both
 * in units of 2^-32 ns. Times rise with ticks, and a bend changes no time before its corner: two CPUs of which one does
 * not know of it yet agree until they pass it.
 *
 * Example: a TSC of 2 GHz has factor 0x80000000; 6,000,000 ticks behind a corner at 1 ms it is 4 ms. */
#ifndef KERNEL_TIME_TIMELINE_H
#define KERNEL_TIME_TIMELINE_H

#include "lib/types.h"

struct timeline {
	uint64_t ticks;
	__int128 time;		/* in units of 2^-32 ns: a bend rounds nothing, so both lines agree exactly */
	uint64_t before, after;
	uint64_t ticks_a_nsec;	/* behind the corner, in units of 2^-32 */
};

/* A straight line. hz is not 0. */
struct timeline timeline_make(uint64_t ticks, nsec_t time, uint64_t hz);

/* The same line until `ticks`, which is not before its corner, and at another rate from there. */
struct timeline timeline_bend(const struct timeline *l, uint64_t ticks, uint64_t hz);

/* The time at `ticks`, which are within 2^63 ticks of the corner. */
static inline nsec_t timeline_time(const struct timeline *l, uint64_t ticks)
{
	int64_t since = (int64_t)(ticks - l->ticks);

	if (since >= 0)
		return (nsec_t)((l->time + (__int128)((unsigned __int128)(uint64_t)since * l->after)) >> 32);
	return (nsec_t)((l->time - (__int128)((unsigned __int128)(0 - (uint64_t)since) * l->before)) >> 32);
}

/* Ticks that last at least `duration`, behind the corner. Two years at most: a longer duration is cut to that. */
static inline uint64_t timeline_ticks_for(const struct timeline *l, nsec_t duration)
{
	uint64_t nsec = (uint64_t)MIN(duration, (nsec_t)1 << 56);

	return duration <= 0 ? 0 : (uint64_t)((unsigned __int128)nsec * l->ticks_a_nsec >> 32) + 1;
}

#endif

/* Fixed-point factors with 32 bits behind the point: at 20 GHz one unit is 5 parts in a billion, far under what any
 * measurement of a rate knows, and at 1 Hz a factor still fits in 64 bits. Products have 128 bits, so that none
 * overflows within the lifetime of a machine.
 *
 * The inverse is made of the rounded factor, not of the rate, and rounded up: only then are ticks for a duration never
 * too few when they are turned into time again. */
#include "kernel/time/timeline.h"

#define NSEC_UNITS (1000000000ull << 32)	/* a second, in units of 2^-32 ns */

static uint64_t nsec_a_tick(uint64_t hz)
{
	return (NSEC_UNITS + hz / 2) / hz;
}

static uint64_t inverse(uint64_t factor)
{
	return ~0ull / factor + 1;
}

struct timeline timeline_make(uint64_t ticks, nsec_t time, uint64_t hz)
{
	uint64_t factor = nsec_a_tick(hz);

	return (struct timeline){ ticks, (__int128)time << 32, factor, factor, inverse(factor) };
}

struct timeline timeline_bend(const struct timeline *l, uint64_t ticks, uint64_t hz)
{
	uint64_t factor = nsec_a_tick(hz);
	__int128 time = l->time + (__int128)((unsigned __int128)(ticks - l->ticks) * l->after);

	return (struct timeline){ ticks, time, l->after, factor, inverse(factor) };
}

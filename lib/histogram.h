/* How values of a wide range are spread, in little memory.
 *
 * Rules
 * - All zero is an empty histogram. Each power of two has HISTOGRAM_STEPS buckets, so that a value is known to 12.5 %;
 *   values under 2 * HISTOGRAM_STEPS are exact, those from 2^HISTOGRAM_BITS on count as the largest.
 * - Pure; no lock: one writer. */
#ifndef LIB_HISTOGRAM_H
#define LIB_HISTOGRAM_H

#include "lib/types.h"

#define HISTOGRAM_BITS		40u
#define HISTOGRAM_STEP_BITS	3u
#define HISTOGRAM_STEPS		(1u << HISTOGRAM_STEP_BITS)
#define HISTOGRAM_BUCKETS	((HISTOGRAM_BITS - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS)

struct histogram {
	uint64_t samples, least, most;
	uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t value);

/* Add all of another one. */
void histogram_merge(struct histogram *h, const struct histogram *other);

/* The value that so many of a million samples do not exceed, rounded up to its bucket's end; 0 where there is none. */
uint64_t histogram_percentile(const struct histogram *h, uint64_t of_million);

/* How many samples are in 2^power … 2^(power + 1) - 1; those of value 0 count as of power 0. */
uint64_t histogram_octave(const struct histogram *h, unsigned power);

#endif

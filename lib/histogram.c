/* A value's bucket is its highest bit and the HISTOGRAM_STEP_BITS bits below that: a floating point number with a
 * short mantissa. Counting is an addition at an index that takes a few shifts. */
#include "lib/histogram.h"

#define VALUE_MOST ((1ull << HISTOGRAM_BITS) - 1)

static unsigned bucket_of(uint64_t value)
{
	value = MIN(value, VALUE_MOST);
	if (value < HISTOGRAM_STEPS)
		return (unsigned)value;
	unsigned shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_STEP_BITS;
	return shift * HISTOGRAM_STEPS + (unsigned)(value >> shift);
}

/* The largest value of a bucket. */
static uint64_t bucket_end(unsigned bucket)
{
	if (bucket < 2 * HISTOGRAM_STEPS)
		return bucket;
	unsigned shift = bucket / HISTOGRAM_STEPS - 1;
	return ((uint64_t)(bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	h->least = h->samples ? MIN(h->least, value) : value;
	h->most = MAX(h->most, value);
	h->samples++;
	h->counts[bucket_of(value)]++;
}

void histogram_merge(struct histogram *h, const struct histogram *other)
{
	if (!other->samples)
		return;
	h->least = h->samples ? MIN(h->least, other->least) : other->least;
	h->most = MAX(h->most, other->most);
	h->samples += other->samples;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->counts[i] += other->counts[i];
}

uint64_t histogram_percentile(const struct histogram *h, uint64_t of_million)
{
	/* Divided first where the product would not fit; the rounding is then far below a sample in a million. */
	uint64_t wanted = h->samples >> 40 ? h->samples / 1000000 * of_million :
					     (h->samples * of_million + 999999) / 1000000;
	uint64_t seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->counts[i];
		if (seen && seen >= wanted)
			return MIN(MAX(bucket_end(i), h->least), h->most);
	}
	return 0;
}

uint64_t histogram_octave(const struct histogram *h, unsigned power)
{
	uint64_t sum = 0;

	if (power >= HISTOGRAM_BITS)
		return 0;
	unsigned end = bucket_of((2ull << power) - 1);
	for (unsigned i = power ? bucket_of(1ull << power) : 0; i <= end; i++)
		sum += h->counts[i];
	return sum;
}

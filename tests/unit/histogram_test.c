/* lib/histogram.c against a sorted array of the same values. */
#include "tests/unit/test.h"

#include "lib/histogram.h"
#include "tests/unit/random.h"

enum { MANY = 20000 };

static struct histogram h;
static uint64_t values[MANY];

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Any magnitude is as likely as any other. */
static void fill(unsigned bits)
{
	memset(&h, 0, sizeof(h));
	for (unsigned i = 0; i < MANY; i++) {
		values[i] = random_next() >> (64 - 1 - random_under(bits));
		histogram_add(&h, values[i]);
	}
	qsort(values, MANY, sizeof(values[0]), compare);
}

TEST(empty)
{
	memset(&h, 0, sizeof(h));
	CHECK_EQ(histogram_percentile(&h, 500000), 0);
	CHECK_EQ(histogram_octave(&h, 0), 0);
	CHECK_EQ(histogram_octave(&h, 63), 0);
}

TEST(small_values_are_exact)
{
	for (uint64_t value = 0; value < 2 * HISTOGRAM_STEPS; value++) {
		memset(&h, 0, sizeof(h));
		histogram_add(&h, value);
		histogram_add(&h, 1000);
		CHECK_EQ(histogram_percentile(&h, 500000), value);
	}
}

/* Never below the true value, and at most an eighth above. */
TEST(percentiles)
{
	static const uint64_t wanted[] = { 0, 1, 500000, 990000, 999000, 1000000 };

	fill(38);
	CHECK_EQ(h.least, values[0]);
	CHECK_EQ(h.most, values[MANY - 1]);
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		uint64_t rank = (MANY * wanted[i] + 999999) / 1000000;
		uint64_t right = values[rank ? rank - 1 : 0], is = histogram_percentile(&h, wanted[i]);
		CHECK(is >= right && is <= right + right / 8);
	}
}

TEST(octaves_hold_each_sample_once)
{
	fill(38);
	uint64_t sum = 0;
	for (unsigned power = 0; power < 64; power++) {
		uint64_t count = 0;
		for (unsigned i = 0; i < MANY; i++)
			count += (values[i] ? 63 - (unsigned)__builtin_clzll(values[i]) : 0) == power;
		CHECK_EQ(histogram_octave(&h, power), count);
		sum += count;
	}
	CHECK_EQ(sum, MANY);
}

/* What is too large keeps its place as the largest, and writes nowhere else. */
TEST(huge_values)
{
	memset(&h, 0, sizeof(h));
	histogram_add(&h, UINT64_MAX);
	histogram_add(&h, 1ull << HISTOGRAM_BITS);
	CHECK_EQ(h.counts[HISTOGRAM_BUCKETS - 1], 2);
	CHECK_EQ(h.most, UINT64_MAX);
	CHECK_EQ(histogram_octave(&h, HISTOGRAM_BITS - 1), 2);
	h.samples = UINT64_MAX;		/* the product with a million must not wrap */
	h.counts[0] = UINT64_MAX - 2;
	CHECK_EQ(histogram_percentile(&h, 500000), 1ull << HISTOGRAM_BITS);
}

TEST(merged_is_as_if_counted_together)
{
	static struct histogram a, b, both;

	for (unsigned i = 0; i < 1000; i++) {
		uint64_t value = random_next() >> random_under(64);
		histogram_add(i % 3 ? &a : &b, value);
		histogram_add(&both, value);
	}
	static struct histogram merged;
	histogram_merge(&merged, &b);
	histogram_merge(&merged, &a);
	static const struct histogram none;
	histogram_merge(&merged, &none);
	CHECK(!memcmp(&merged, &both, sizeof(both)));
}

TEST_MAIN

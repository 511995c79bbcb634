/* Ticks to time and back, against arithmetic with more digits, and bends that must not be felt. */
#include "kernel/time/timeline.h"

#include "tests/unit/random.h"
#include "tests/unit/test.h"

static const uint64_t rates[] = { 3579545, 10000000, 14318180, 100000000, 999999999, 1000000000, 1193182000, 2400000000,
				  3999999937, 10000000000, 20000000000 };

TEST(time_is_right_for_a_year)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
		struct timeline l = timeline_make(12345, 678, rates[i]);
		for (unsigned n = 0; n < 1000; n++) {
			uint64_t ticks = random_under(rates[i] * 3600 * 24 * 30);
			__int128 exact = (__int128)ticks * 1000000000 / rates[i];
			__int128 off = timeline_time(&l, 12345 + ticks) - 678 - exact;
			CHECK((off < 0 ? -off : off) <= exact / 100000000 + 1);
			off = 678 - timeline_time(&l, 12345 - ticks) - exact;
			CHECK((off < 0 ? -off : off) <= exact / 100000000 + 1);
		}
	}
}

TEST(one_gigahertz_is_exact)
{
	struct timeline l = timeline_make(0, 0, 1000000000);

	CHECK_EQ(timeline_time(&l, 1), 1);
	CHECK_EQ(timeline_time(&l, 1ull << 62), 1ll << 62);
	CHECK_EQ(timeline_time(&l, 0 - 5ull), -5);
	CHECK_EQ(timeline_ticks_for(&l, 5000), 5001);
}

TEST(counter_may_pass_zero)
{
	struct timeline l = timeline_make(~0ull - 9, 100, 1000000000);

	CHECK_EQ(timeline_time(&l, 10), 120);
	CHECK_EQ(timeline_time(&l, ~0ull - 19), 90);
}

TEST(ticks_for_a_duration_are_never_too_few)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
		struct timeline l = timeline_make(0, 0, rates[i]);
		for (unsigned n = 0; n < 10000; n++) {
			nsec_t wanted = (nsec_t)(random_next() >> 8 >> random_under(50));
			uint64_t ticks = timeline_ticks_for(&l, wanted);
			nsec_t got = timeline_time(&l, ticks);
			CHECK(got >= wanted);
			CHECK(got <= wanted + wanted / 1000000 + 600);
		}
		CHECK_EQ(timeline_ticks_for(&l, 0), 0);
		CHECK_EQ(timeline_ticks_for(&l, -1), 0);
		CHECK(timeline_ticks_for(&l, INT64_MAX) <= 1ull << 61);
	}
}

TEST(bends_change_no_time_before_them)
{
	for (unsigned round = 0; round < 1000; round++) {
		uint64_t hz = 1000000000 + random_under(3000000000), from = random_next();
		struct timeline old = timeline_make(from, (nsec_t)random_under(1000000000), hz);

		for (unsigned bends = 0; bends < 5; bends++) {
			uint64_t corner = old.ticks + random_under(hz);
			uint64_t better = hz - hz / 1000 + random_under(hz / 500);
			struct timeline new = timeline_bend(&old, corner, better);
			for (unsigned n = 0; n < 20; n++) {
				uint64_t before = old.ticks + random_under(corner - old.ticks + 1);
				CHECK_EQ(timeline_time(&new, before), timeline_time(&old, before));
			}
			CHECK_EQ(timeline_time(&new, corner), timeline_time(&old, corner));
			CHECK(timeline_time(&new, corner - 1) <= timeline_time(&new, corner));
			CHECK(timeline_time(&new, corner + 1) >= timeline_time(&new, corner));
			CHECK(timeline_time(&new, corner + better) - timeline_time(&new, corner) >= 999999990);
			CHECK(timeline_time(&new, corner + better) - timeline_time(&new, corner) <= 1000000010);
			old = new;
		}
	}
}

TEST_MAIN

/* Whose word is taken: each machine here is one that exists. */
#include "kernel/time/rate.h"

#include "tests/unit/test.h"

enum { STATED, PM_TIMER, HPET, STALL, CLAIMS };

/* The index of the one that is believed, -1 for none. */
static int chosen(uint64_t stated, uint64_t pm_timer, uint64_t hpet, uint64_t stall)
{
	struct rate_claim claims[CLAIMS] = {
		[STATED] = { .by = "CPUID", .hz = stated },
		[PM_TIMER] = { .by = "PM timer", .hz = pm_timer, .measured = true },
		[HPET] = { .by = "HPET", .hz = hpet, .measured = true }, [STALL] = { .by = "Stall", .hz = stall },
	};
	const struct rate_claim *c = rate_choose(claims, CLAIMS);

	return c ? (int)(c - claims) : -1;
}

TEST(a_confirmed_statement_is_exact)
{
	CHECK_EQ(chosen(2400000000, 2401000000, 2399900000, 0), STATED);
	CHECK_EQ(chosen(2400000000, 0, 2399900000, 0), STATED);
	CHECK_EQ(chosen(2400000000, 0, 0, 2390000000), STATED);
}

TEST(a_wrong_statement_loses)
{
	CHECK_EQ(chosen(2400000000, 2000000000, 2000100000, 0), PM_TIMER);
	CHECK_EQ(chosen(2400000000, 2000000000, 0, 0), PM_TIMER);
	CHECK_EQ(chosen(2400000000, 0, 2000000000, 0), HPET);
	CHECK_EQ(chosen(2400000000, 2375000000, 0, 0), PM_TIMER);	/* 1.04 % */
}

TEST(a_wrong_timer_is_outvoted)
{
	CHECK_EQ(chosen(2400000000, 1200000000, 2399000000, 0), STATED);
	CHECK_EQ(chosen(0, 1200000000, 2399000000, 2401000000), HPET);
}

TEST(alone_each_is_believed)
{
	CHECK_EQ(chosen(0, 0, 0, 0), -1);
	CHECK_EQ(chosen(2400000000, 0, 0, 0), STATED);
	CHECK_EQ(chosen(0, 2400000000, 0, 0), PM_TIMER);
	CHECK_EQ(chosen(0, 0, 2400000000, 0), HPET);
	CHECK_EQ(chosen(0, 0, 0, 2400000000), STALL);
}

TEST(the_most_exact_measurement_counts)
{
	struct rate_claim claims[] = {
		{ .by = "A", .hz = 2000000000, .ppm = 900, .measured = true },
		{ .by = "B", .hz = 2001000000, .ppm = 40, .measured = true },
		{ .by = "C", .hz = 1000000000, .ppm = 1, .measured = true },
		{ .by = "D", .hz = 2000500000, .ppm = 2 },
		{ .by = "E", .hz = 0, .ppm = 0, .measured = true },
	};

	CHECK(rate_choose(claims, ARRAY_SIZE(claims)) == &claims[1]);
}

TEST(nonsense_confirms_nothing)
{
	CHECK_EQ(chosen(1, 1, 1, 1), -1);
	CHECK_EQ(chosen(99999999, 99999999, 2400000000, 0), HPET);
	CHECK_EQ(chosen(~0ull, ~0ull, 0, 0), -1);
	CHECK_EQ(chosen(10000000001, 0, 0, 3000000000), STALL);
}

TEST(agreement_is_one_percent)
{
	CHECK(rate_agrees(1000000000, 990000000));
	CHECK(rate_agrees(990000000, 1000000000));
	CHECK(!rate_agrees(1000000000, 989999999));
	CHECK(rate_agrees(0, 0));
}

TEST_MAIN

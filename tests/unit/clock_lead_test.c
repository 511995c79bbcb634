/* How far another CPU's counter is ahead, by questions and answers that take their time. */
#include "kernel/time/clock_sync.h"

#include "tests/unit/random.h"
#include "tests/unit/test.h"

static struct clock_lead unknown(void)
{
	return (struct clock_lead){ INT64_MIN, INT64_MAX };
}

TEST(bounds_hold_the_truth_and_get_narrow)
{
	for (unsigned round = 0; round < 1000; round++) {
		int64_t truth = (int64_t)(random_next() >> 20) - (1ll << 43);
		uint64_t now = random_next() >> 1;
		struct clock_lead l = unknown();

		for (unsigned i = 0; i < 200; i++) {
			uint64_t before = now, there = before + 100 + random_under(5000), after = there + 100 + random_under(5000);
			clock_lead_narrow(&l, before, there + (uint64_t)truth, after);
			now = after + random_under(100000);
			CHECK(l.least <= truth && truth <= l.most);
		}
		CHECK(l.most - l.least < 2000);
	}
}

TEST(one_slow_answer_changes_nothing)
{
	struct clock_lead l = unknown();

	clock_lead_narrow(&l, 1000, 1100, 1200);
	clock_lead_narrow(&l, 2000, 2100, 900000);
	clock_lead_narrow(&l, 1000000, 1900000, 1900001);
	CHECK_EQ(l.least, -1);
	CHECK_EQ(l.most, 100);
}

TEST(counters_that_run_apart_leave_nothing_between)
{
	struct clock_lead l = unknown();

	clock_lead_narrow(&l, 1000, 1100, 1200);
	clock_lead_narrow(&l, 1000000, 1100100, 1000200);	/* it has gained 100,000 */
	CHECK(l.least > l.most);
}

TEST_MAIN

/* Time goes forward, and a delay is never shorter than asked for. */
#include "kernel/time/clock.h"
#include "tests/kernel/framework.h"

KERNEL_TEST(clock_is_monotonic)
{
	nsec_t last = clock_now();

	for (unsigned i = 0; i < 100000; i++) {
		nsec_t now = clock_now();
		KT_CHECK(now >= last);
		last = now;
	}
	return KT_PASS;
}

KERNEL_TEST(clock_delay_is_not_early)
{
	for (nsec_t wanted = 1; wanted <= 10 * NSEC_PER_MSEC; wanted *= 10) {
		nsec_t start = clock_now();
		clock_delay(wanted);
		KT_CHECK(clock_now() - start >= wanted);
	}
	return KT_PASS;
}

/* What a clock needs now and then: the TSC measured again over a tenth of a second and over a second, when it costs
 * nothing any more, and a counter that wraps looked at in time. With a good TSC nothing happens after the first
 * second. */
#include "kernel/time/clock_watch.h"

#include "kernel/core/log.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_internal.h"
#include "kernel/time/timer.h"

#define TRIES_MAX 8	/* a measurement that came too late for its counter is begun again */

static const nsec_t delays[] = { 100 * NSEC_PER_MSEC, 900 * NSEC_PER_MSEC };

static struct timer watch;
static unsigned done, tries;

static void say_rate(void)
{
	struct rate_claim rate = clock_rate();

	pr_debug("clock: TSC at %llu.%06llu MHz within %u ppm, by %s", (unsigned long long)rate.hz / 1000000,
		(unsigned long long)rate.hz % 1000000, rate.ppm, rate.by);
}

static void watch_fired(struct timer *t)
{
	if (!clock_counter() && clock_check() && ++done == ARRAY_SIZE(delays))
		say_rate();
	const struct clock_source *counter = clock_counter();

	if (counter)
		timer_arm(t, clock_now() + clock_patience(counter));
	else if (done < ARRAY_SIZE(delays) && ++tries < TRIES_MAX)
		timer_arm(t, clock_now() + delays[done]);
}

void clock_watch_init(void)
{
	timer_init(&watch, watch_fired);
	timer_arm(&watch, clock_now() + delays[0]);
}

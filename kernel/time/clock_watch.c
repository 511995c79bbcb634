/* What a clock needs now and then: the TSC measured again over a tenth of a second and over a second, when it costs
 * nothing any more; a TSC that is not invariant held against another counter for ever; and a counter that wraps looked
 * at in time. With a good TSC nothing happens after the first second. */
#include "kernel/time/clock_watch.h"

#include "kernel/core/log.h"
#include "kernel/time/calibrate.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_internal.h"
#include "kernel/time/timer.h"

#define TRIES_MAX	8	/* a measurement that came too late for its counter is begun again */
#define CHECK_EVERY	(5 * NSEC_PER_SEC)

static const nsec_t delays[] = { 100 * NSEC_PER_MSEC, 900 * NSEC_PER_MSEC };

static struct timer watch;
static unsigned done, tries;

static void say_rate(void)
{
	struct rate_claim rate = clock_rate();

	pr_debug("clock: TSC at %llu.%06llu MHz within %u ppm, by %s", (unsigned long long)rate.hz / 1000000,
		(unsigned long long)rate.hz % 1000000, rate.ppm, rate.by);
}

static bool is_refining(void)
{
	return done < ARRAY_SIZE(delays) && tries < TRIES_MAX;
}

/* Later on each check begins where the last one ended: over a long time a change would hardly show. */
static void check(void)
{
	bool checked = clock_check();

	if (is_refining()) {
		tries++;
		done += checked;
		if (done == ARRAY_SIZE(delays))
			say_rate();
	}
	if (!is_refining())
		clock_check_from_now();
}

/* Until when nothing is to be done; 0: for ever. */
static nsec_t pause(void)
{
	const struct clock_source *counter = clock_counter(), *reference = calibrate_fallback();

	if (counter)
		return clock_patience(counter);
	if (is_refining())
		return delays[done];
	return reference && !cpu_ticks_are_constant() ? MIN(CHECK_EVERY, clock_patience(reference)) : 0;
}

static void watch_fired(struct timer *t)
{
	if (!clock_counter())
		check();
	nsec_t until = pause();

	if (until)
		timer_arm(t, clock_now() + until);
}

void clock_watch_init(void)
{
	timer_init(&watch, watch_fired);
	timer_arm(&watch, clock_now() + delays[0]);
}

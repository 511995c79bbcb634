/* What a timer costs: armed and cancelled again, among as many others as there may be. The others are armed for later
 * days, so that none of them fires meanwhile. */
#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/core/bench.h"
#include "kernel/mm/vmap.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"

#define ROUNDS		1000
#define OTHERS_MOST	1000000
#define DAY		(86400 * NSEC_PER_SEC)

static uint32_t random_state;

/* Numerical Recipes' generator: good enough to have no order. */
static nsec_t random_time(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return DAY + (nsec_t)(random_state >> 8) * 1000;
}

static void never(struct timer *t)
{
}

/* The mean of a pair, for a timer at a random time among the others. */
static uint64_t pair_ticks(nsec_t now)
{
	static nsec_t deadlines[ROUNDS];
	struct timer t;

	timer_init(&t, never);
	for (unsigned i = 0; i < ROUNDS; i++)
		deadlines[i] = now + random_time();
	uint64_t start = cpu_ticks();
	for (unsigned i = 0; i < ROUNDS; i++) {
		timer_arm(&t, deadlines[i]);
		timer_cancel(&t);
	}
	return (cpu_ticks() - start) / ROUNDS;
}

static int pair_bench(void)
{
	bench_report("timer_pair", pair_ticks(clock_now()), "ticks");
	return 0;
}
BENCH(machine, "a timer armed and cancelled", pair_bench);

static int timer_bench(void)
{
	static const struct { unsigned others; const char *name; } steps[] = {
		{ 10, "timer_pair_10" }, { 1000, "timer_pair_1000" },
		{ OTHERS_MOST, "timer_pair_1000000" },
	};
	nsec_t now = clock_now();
	unsigned armed = 0;

	struct timer *others = vmalloc(OTHERS_MOST * sizeof(*others));

	if (!others)
		return -ENOMEM;
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
		for (; armed < steps[i].others; armed++) {
			timer_init(&others[armed], never);
			timer_arm(&others[armed], now + random_time());
		}
		bench_report(steps[i].name, pair_ticks(now), "ticks");
	}
	while (armed)
		timer_cancel(&others[--armed]);
	vfree(others);
	return 0;
}
BENCH(timers, "a timer armed and cancelled, among up to a million", timer_bench);

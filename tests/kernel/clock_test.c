/* Time goes forward, at the right rate, on every CPU; and a delay is never shorter than asked for. */
#include "kernel/time/clock.h"

#include "kernel/arch/clock.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/smp/call.h"
#include "kernel/time/clock_internal.h"
#include "kernel/time/clock_sync.h"
#include "kernel/time/timer.h"
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

KERNEL_TEST(clock_ticks_of_a_time_are_not_before_it)
{
	for (nsec_t ahead = 1; ahead <= NSEC_PER_SEC; ahead *= 10) {
		uint64_t flags = cpu_irq_save();
		nsec_t time = clock_now() + ahead;
		uint64_t ticks = clock_ticks_at(time) + (uint64_t)this_cpu(clock_ticks_offset);
		cpu_irq_restore(flags);
		KT_CHECK(clock_at(ticks) >= time);
		/* a better rate may come in between */
		KT_CHECK(clock_at(ticks) <= time + ahead / 50 + 100 * NSEC_PER_USEC);
	}
	return KT_PASS;
}

/* The battery-backed clock is another crystal: from one of its seconds to the next it must be a second by ours. A
 * host that does something else between may spoil one try. */
static nsec_t next_rtc_second(void)
{
	struct date before, now;
	nsec_t limit = clock_now() + 3 * NSEC_PER_SEC;

	if (rtc_read(&before))
		return -1;
	do {
		if (rtc_read(&now) || clock_now() > limit)
			return -1;
	} while (date_to_seconds(&now) == date_to_seconds(&before));
	return clock_now();
}

KERNEL_TEST(clock_agrees_with_the_battery_backed_clock)
{
	nsec_t last = next_rtc_second();

	if (last < 0)
		return KT_SKIP;
	for (unsigned tries = 0; tries < 15; tries++) {	/* a host that lets this CPU run seldom shows most seconds late */
		nsec_t now = next_rtc_second(), off = now - last - NSEC_PER_SEC;
		pr_info("test: a second of the battery-backed clock is one of ours and %lld ns", (long long)off);
		if (off > -NSEC_PER_SEC / 100 && off < NSEC_PER_SEC / 100)
			return KT_PASS;
		last = now;
	}
	return KT_FAIL;
}

KERNEL_TEST(clock_wall_is_the_battery_backed_clock)
{
	struct date date;

	if (rtc_read(&date))
		return KT_SKIP;
	nsec_t off = clock_wall() - date_to_seconds(&date) * NSEC_PER_SEC;
	KT_CHECK(off > -2 * NSEC_PER_SEC && off < 2 * NSEC_PER_SEC);
	return KT_PASS;
}

/* What a CPU reads is not before what another one has read and passed on: a chain through all CPUs, round after
 * round. */
static nsec_t passed_on;
static unsigned backwards;

static void read_and_pass_on(void *argument)
{
	nsec_t now = clock_now();

	if (now < passed_on)
		backwards++;
	passed_on = now;
}

static unsigned chain(unsigned rounds)
{
	backwards = 0;
	passed_on = clock_now();
	for (unsigned i = 0; i < rounds; i++)
		for (cpu_id_t id = 0; id < percpu_count; id++)
			if (cpu_is_online(id))
				smp_call_one(id, read_and_pass_on, NULL);
	return backwards;
}

KERNEL_TEST(clock_is_monotonic_across_cpus)
{
	KT_CHECK(chain(200) == 0);
	return KT_PASS;
}

/* By how much its result can be off: by the window in which the answers came. */
static uint64_t compare(cpu_id_t id)
{
	struct smp_call call = { .function = clock_sync_self };

	smp_call_start(id, &call);
	struct clock_lead lead = clock_sync_with(id);
	smp_call_wait(&call, id);
	return (uint64_t)lead.most - (uint64_t)lead.least;
}

/* Where the host lets our CPUs run seldom the windows are wide, and the result is as exact as they say. One that is
 * nearly as wide as the difference says nothing: then once more. */
static bool difference_goes(cpu_id_t id, int64_t ticks)
{
	for (unsigned tries = 0; tries < 10; tries++) {
		uint64_t uncertain = compare(id);
		int64_t before = cpu_of(id, clock_ticks_offset);
		cpu_of(id, clock_ticks_offset) = before + ticks;
		uncertain += compare(id);
		int64_t left = cpu_of(id, clock_ticks_offset) - before;
		cpu_of(id, clock_ticks_offset) = before;
		if (uncertain < 1000000000)
			return (uint64_t)(left < 0 ? -left : left) <= uncertain;
	}
	return false;
}

KERNEL_TEST(clock_takes_out_a_difference_between_cpus)
{
	if (percpu_count < 2 || !cpu_is_online(1))
		return KT_SKIP;
	KT_CHECK(difference_goes(1, 5000000000));
	KT_CHECK(difference_goes(1, -5000000000));
	return KT_PASS;
}

static bool rang;

static void ring(struct timer *t)
{
	rang = true;
}

/* By its name the last of all tests: the TSC is not used any more. */
KERNEL_TEST(without_the_tsc_time_goes_on)
{
	nsec_t before = clock_now(), now;
	struct timer timer;

	clock_fall_back("a test wants it so");
	if (!clock_counter())
		return KT_SKIP;
	for (unsigned i = 0; i < 10000; i++) {
		now = clock_now();
		KT_CHECK(now >= before);
		before = now;
	}
	uint64_t ticks = cpu_ticks();
	clock_delay(20 * NSEC_PER_MSEC);
	ticks = (cpu_ticks() - ticks) * 50;
	KT_CHECK(ticks > clock_rate().hz / 100 * 95);
	KT_CHECK(chain(200) == 0);
	timer_init(&timer, ring);
	timer_arm(&timer, clock_now() + NSEC_PER_MSEC);
	for (nsec_t end = clock_now() + 5 * NSEC_PER_SEC; !__atomic_load_n(&rang, __ATOMIC_RELAXED) && clock_now() < end;)
		cpu_relax();
	KT_CHECK(!timer_cancel(&timer));
	KT_CHECK(__atomic_load_n(&rang, __ATOMIC_RELAXED));
	return KT_PASS;
}

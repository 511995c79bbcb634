/* Timers fire once, in order, not early, on the CPU that armed them; and after a cancel nothing runs any more. */
#include "kernel/time/timer.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/smp/call.h"
#include "kernel/time/clock.h"
#include "tests/kernel/framework.h"

#define TIMERS 50

struct probe {
	struct timer timer;
	nsec_t deadline, fired_at;
	unsigned fired, order;
	cpu_id_t cpu;
};

static struct probe probes[TIMERS];
static unsigned fired_count;

static void probe_fired(struct timer *t)
{
	struct probe *p = (struct probe *)((char *)t - offsetof(struct probe, timer));

	p->fired_at = clock_now();
	p->cpu = cpu_id();
	p->order = fired_count;
	__atomic_fetch_add(&p->fired, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&fired_count, 1, __ATOMIC_RELEASE);
}

static bool wait_for_count(unsigned count)
{
	nsec_t end = clock_now() + 5 * NSEC_PER_SEC;

	while (__atomic_load_n(&fired_count, __ATOMIC_ACQUIRE) < count)
		if (clock_now() > end)
			return false;
	return true;
}

static void probe_arm(struct probe *p, nsec_t after)
{
	*p = (struct probe){ .deadline = clock_now() + after };
	timer_init(&p->timer, probe_fired);
	timer_arm(&p->timer, p->deadline);
}

KERNEL_TEST(timers_fire_once_in_order_and_not_early)
{
	fired_count = 0;
	for (unsigned i = 0; i < TIMERS; i++)
		probe_arm(&probes[i], (nsec_t)(i * 7 % TIMERS) * 200 * NSEC_PER_USEC);
	KT_CHECK(wait_for_count(TIMERS));
	clock_delay(NSEC_PER_MSEC);
	for (unsigned i = 0; i < TIMERS; i++) {
		KT_CHECK(probes[i].fired == 1);
		KT_CHECK(probes[i].fired_at >= probes[i].deadline);
		KT_CHECK(probes[i].cpu == cpu_id());
		for (unsigned j = 0; j < TIMERS; j++)
			KT_CHECK(probes[i].deadline > probes[i].fired_at || probes[j].deadline <= probes[i].deadline ||
				 probes[j].order > probes[i].order);
	}
	return KT_PASS;
}

KERNEL_TEST(timer_of_the_past_fires_at_once)
{
	fired_count = 0;
	probe_arm(&probes[0], -NSEC_PER_SEC);
	KT_CHECK(wait_for_count(1));
	return KT_PASS;
}

KERNEL_TEST(timer_that_is_cancelled_does_not_fire)
{
	uint64_t flags = cpu_irq_save();	/* a slow host must not let it fire before */

	probe_arm(&probes[0], NSEC_PER_MSEC);
	bool first = timer_cancel(&probes[0].timer), second = timer_cancel(&probes[0].timer);
	cpu_irq_restore(flags);
	KT_CHECK(first && !second);
	clock_delay(3 * NSEC_PER_MSEC);
	KT_CHECK(probes[0].fired == 0);
	return KT_PASS;
}

KERNEL_TEST(timer_that_is_armed_again_fires_at_the_new_time)
{
	uint64_t flags = cpu_irq_save();

	fired_count = 0;
	probe_arm(&probes[0], NSEC_PER_MSEC);
	timer_arm(&probes[0].timer, probes[0].deadline += 5 * NSEC_PER_MSEC);
	cpu_irq_restore(flags);
	KT_CHECK(wait_for_count(1));
	KT_CHECK(probes[0].fired_at >= probes[0].deadline);
	KT_CHECK(probes[0].fired == 1);
	return KT_PASS;
}

KERNEL_TEST(timer_that_is_armed_again_may_be_sooner)
{
	fired_count = 0;
	probe_arm(&probes[0], 1000 * NSEC_PER_SEC);
	nsec_t sooner = clock_now() + NSEC_PER_MSEC;
	timer_arm(&probes[0].timer, sooner);
	bool fired = wait_for_count(1);
	KT_CHECK(!timer_cancel(&probes[0].timer));
	KT_CHECK(fired && probes[0].fired_at >= sooner);
	return KT_PASS;
}

/* A function that arms its own timer, and cancels it the fifth time. */
static unsigned periods;

static void periodic(struct timer *t)
{
	timer_arm(t, clock_now() + 100 * NSEC_PER_USEC);
	if (++periods == 5)
		timer_cancel(t);
}

KERNEL_TEST(timer_can_be_armed_and_cancelled_by_its_function)
{
	struct timer t;

	periods = 0;
	timer_init(&t, periodic);
	timer_arm(&t, clock_now());
	nsec_t end = clock_now() + 5 * NSEC_PER_SEC;
	while (__atomic_load_n(&periods, __ATOMIC_RELAXED) < 5 && clock_now() < end)
		cpu_relax();
	clock_delay(NSEC_PER_MSEC);
	bool armed = timer_cancel(&t);
	KT_CHECK(!armed && periods == 5);
	return KT_PASS;
}

/* Every CPU arms its own, and one CPU cancels them while they may be running: what they work on is wrong right after.
 */
static struct busy {
	struct timer timer;
	uint64_t inside;	/* not 0 while the function runs */
	uint64_t runs;
	bool gone;		/* set after the cancel */
	bool touched;		/* by a function that ran all the same */
} busy[4];

static void busy_fired(struct timer *t)
{
	struct busy *b = (struct busy *)((char *)t - offsetof(struct busy, timer));

	if (__atomic_fetch_add(&b->inside, 1, __ATOMIC_ACQ_REL) || __atomic_load_n(&b->gone, __ATOMIC_ACQUIRE))
		b->touched = true;
	b->runs++;
	clock_delay(20 * NSEC_PER_USEC);
	if (__atomic_load_n(&b->gone, __ATOMIC_ACQUIRE))
		b->touched = true;
	timer_arm(t, clock_now() + 30 * NSEC_PER_USEC);
	__atomic_fetch_sub(&b->inside, 1, __ATOMIC_ACQ_REL);
}

static void busy_start(void *argument)
{
	struct busy *b = argument;

	b->gone = false;
	timer_arm(&b->timer, clock_now() + NSEC_PER_USEC);
}

KERNEL_TEST(timer_function_does_not_run_after_a_cancel)
{
	unsigned cpus = MIN(percpu_count, (unsigned)ARRAY_SIZE(busy));

	for (unsigned i = 0; i < cpus; i++) {
		busy[i] = (struct busy){ 0 };
		timer_init(&busy[i].timer, busy_fired);
	}
	for (unsigned round = 0; round < 200; round++) {
		for (cpu_id_t id = 0; id < cpus; id++)
			if (cpu_is_online(id))
				smp_call_one(id, busy_start, &busy[id]);
		clock_delay((round * 37 % 100) * NSEC_PER_USEC);
		for (cpu_id_t id = 0; id < cpus; id++) {
			timer_cancel(&busy[id].timer);
			__atomic_store_n(&busy[id].gone, true, __ATOMIC_RELEASE);
		}
	}
	clock_delay(NSEC_PER_MSEC);
	for (cpu_id_t id = 0; id < cpus; id++) {
		KT_CHECK(!busy[id].touched);
		KT_CHECK(!cpu_is_online(id) || busy[id].runs);
	}
	return KT_PASS;
}

/* All CPUs arm one timer at the same time, again and again: it runs on one at a time, and its last arming counts. */
static struct busy shared;

static void shared_fired(struct timer *t)
{
	if (__atomic_fetch_add(&shared.inside, 1, __ATOMIC_ACQ_REL))
		shared.touched = true;
	__atomic_fetch_add(&shared.runs, 1, __ATOMIC_RELAXED);
	clock_delay(5 * NSEC_PER_USEC);
	__atomic_fetch_sub(&shared.inside, 1, __ATOMIC_ACQ_REL);
}

static void shared_arm(void *argument)
{
	for (unsigned i = 0; i < 50; i++) {
		timer_arm(&shared.timer, clock_now() + (i % 8) * NSEC_PER_USEC);
		if (i % 16 == 5)
			timer_cancel(&shared.timer);
	}
}

KERNEL_TEST(timer_is_armed_by_all_cpus_at_once)
{
	shared = (struct busy){ 0 };
	timer_init(&shared.timer, shared_fired);
	for (unsigned round = 0; round < 100; round++) {
		smp_call_all(shared_arm, NULL);
		timer_cancel(&shared.timer);
		uint64_t before = __atomic_load_n(&shared.runs, __ATOMIC_RELAXED);
		timer_arm(&shared.timer, clock_now());
		nsec_t end = clock_now() + NSEC_PER_SEC;
		while (__atomic_load_n(&shared.runs, __ATOMIC_RELAXED) == before && clock_now() < end)
			cpu_relax();
		KT_CHECK(__atomic_load_n(&shared.runs, __ATOMIC_RELAXED) != before);
	}
	timer_cancel(&shared.timer);
	KT_CHECK(!shared.touched);
	KT_CHECK(__atomic_load_n(&shared.inside, __ATOMIC_RELAXED) == 0);
	return KT_PASS;
}

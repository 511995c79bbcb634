/* Where threads run, and how much of a CPU each gets: an idle CPU takes over what waits elsewhere, CPU time is counted
 * while it is used and shared by weight. */
#include <abi/linux/errno.h>
#include "kernel/arch/percpu.h"
#include "kernel/sched/sched.h"
#include "kernel/smp/cpus.h"
#include "tests/kernel/framework.h"

#define CPUS_MOST	16u
#define PATIENCE	(20 * NSEC_PER_SEC)

/* A thread that uses its CPU until it is told to stop. */
struct spinner {
	struct thread *thread;	/* NULL: there is none */
	bool began, stops;	/* atomic */
	cpu_id_t seen;		/* atomic: where it runs */
};

static int spin(void *argument)
{
	struct spinner *s = argument;

	while (!__atomic_load_n(&s->stops, __ATOMIC_ACQUIRE)) {
		__atomic_store_n(&s->seen, cpu_id(), __ATOMIC_RELAXED);
		__atomic_store_n(&s->began, true, __ATOMIC_RELEASE);
		cpu_relax();
	}
	return 0;
}

static bool spinner_start(struct spinner *s, cpu_id_t cpu, int nice)
{
	struct thread_options options = { .cpu = cpu, .nice = nice };

	*s = (struct spinner){ .seen = CPU_ANY };
	s->thread = thread_create_with(&options, "spinner", spin, s);
	return s->thread;
}

static void spinners_stop(struct spinner *s, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		__atomic_store_n(&s[i].stops, true, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < count; i++) {
		kt_join(s[i].thread);
		s[i].thread = NULL;
	}
}

static bool comes_true(const bool *flag)
{
	nsec_t end = clock_now() + PATIENCE;

	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE) && clock_now() < end)
		thread_sleep(100 * NSEC_PER_USEC);
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static bool may_run_here(void)
{
	return percpu_count > 1 && percpu_count <= CPUS_MOST && cpus_online() == percpu_count;
}

static uint64_t steals(cpu_id_t cpu)
{
	struct sched_counts counts;

	sched_count(cpu, &counts);
	return counts.steals;
}

/* Every CPU but 0 has a thread of its own with a weight that nobody pushes another one to, and four threads wait on CPU
 * 0. The last CPU's own goes. It takes one of the four, or, where CPU 0 had its queue locked at that moment, gets one
 * later. 1: it took one; 0: it got one; -1: neither; or -ENOMEM. */
static int last_cpu_runs_out(struct spinner own[CPUS_MOST], struct spinner waiting[4])
{
	cpu_id_t last = percpu_count - 1;
	uint64_t before = steals(last);
	bool came = false;

	for (cpu_id_t cpu = 1; cpu <= last; cpu++)
		if (!spinner_start(&own[cpu], cpu, -20) || !comes_true(&own[cpu].began))
			return -ENOMEM;
	for (unsigned i = 0; i < 4; i++)
		if (!spinner_start(&waiting[i], CPU_ANY, 0))
			return -ENOMEM;
	spinners_stop(&own[last], 1);
	for (nsec_t end = clock_now() + PATIENCE; !came && clock_now() < end; thread_sleep(100 * NSEC_PER_USEC))
		for (unsigned i = 0; i < 4; i++)
			came |= __atomic_load_n(&waiting[i].seen, __ATOMIC_RELAXED) == last;
	return came ? steals(last) > before : -1;
}

KERNEL_TEST_ALLOC(a_cpu_that_runs_out_takes_a_thread_that_waits)
{
	int result = 0;

	if (!may_run_here())
		return KT_SKIP;
	for (unsigned round = 0; round < 20 && !result; round++) {
		struct spinner own[CPUS_MOST] = { 0 }, waiting[4] = { 0 };
		result = last_cpu_runs_out(own, waiting);
		spinners_stop(own, CPUS_MOST);
		spinners_stop(waiting, 4);
	}
	KT_NEED(result != -ENOMEM);
	KT_CHECK(result == 1);
	return KT_PASS;
}

/* A thread that says where it runs each time it is woken. */
struct sleeper {
	unsigned asked, woken;	/* atomic */
	cpu_id_t seen;		/* before `woken` */
	bool stops;		/* atomic */
};

static int answer_calls(void *argument)
{
	struct sleeper *s = argument;

	while (!__atomic_load_n(&s->stops, __ATOMIC_ACQUIRE)) {
		if (s->woken != __atomic_load_n(&s->asked, __ATOMIC_ACQUIRE)) {
			s->seen = cpu_id();
			__atomic_store_n(&s->woken, s->woken + 1, __ATOMIC_RELEASE);
		}
		thread_park();
	}
	return 0;
}

/* Wake it; where it came to run. This CPU is busy all the while. */
static cpu_id_t call(struct sleeper *s, struct thread *t)
{
	nsec_t end = clock_now() + PATIENCE;
	unsigned asked = s->asked + 1;

	__atomic_store_n(&s->asked, asked, __ATOMIC_RELEASE);
	thread_unpark(t);
	while (__atomic_load_n(&s->woken, __ATOMIC_ACQUIRE) != asked && clock_now() < end)
		cpu_relax();
	return s->woken == asked ? s->seen : CPU_ANY;
}

/* It ran on CPU 0 last, which is the waker's; others have nothing to do. Now and then one of them has after all, for a
 * kernel thread of its own. */
KERNEL_TEST_ALLOC(who_is_woken_goes_to_an_idle_cpu)
{
	struct sleeper s = { 0 };
	unsigned elsewhere = 0, rounds = kt_failing ? 1 : 20;
	bool came = true;

	if (!may_run_here())
		return KT_SKIP;
	struct thread *t = thread_create("sleeper", answer_calls, &s);
	KT_NEED(t);
	for (unsigned i = 0; i < rounds && came; i++) {
		thread_set_cpu(t, 0);
		came = call(&s, t) == 0;
		thread_sleep(NSEC_PER_MSEC);		/* until it sleeps again */
		thread_set_cpu(t, CPU_ANY);
		elsewhere += came && call(&s, t) != 0;
		thread_sleep(NSEC_PER_MSEC);
	}
	__atomic_store_n(&s.stops, true, __ATOMIC_RELEASE);
	thread_unpark(t);
	thread_join(t);
	KT_CHECK(came && (kt_failing || elsewhere >= rounds / 2));
	return KT_PASS;
}

static int spin_then_park(void *argument)
{
	spin(argument);
	thread_park();
	return 0;
}

/* Between two looks it is no more than the time between them; and none while a thread is parked. */
KERNEL_TEST_ALLOC(cpu_time_passes_for_who_runs)
{
	struct spinner s = { .seen = CPU_ANY };
	nsec_t start = clock_now();
	struct thread *t = thread_create("worker", spin_then_park, &s);

	KT_NEED(t);
	bool began = comes_true(&s.began);
	nsec_t first = thread_ran(t), end = clock_now() + PATIENCE;
	while (thread_ran(t) < first + 5 * NSEC_PER_MSEC && clock_now() < end)
		thread_sleep(NSEC_PER_MSEC);
	nsec_t second = thread_ran(t), passed = clock_now() - start;
	__atomic_store_n(&s.stops, true, __ATOMIC_RELEASE);
	while (__atomic_load_n(&t->blocking.state, __ATOMIC_ACQUIRE) != THREAD_BLOCKED && clock_now() < end)
		thread_sleep(NSEC_PER_MSEC);
	nsec_t parked = thread_ran(t);
	thread_sleep(20 * NSEC_PER_MSEC);
	nsec_t last = thread_ran(t);
	thread_unpark(t);
	thread_join(t);
	KT_CHECK(began && second >= first + 5 * NSEC_PER_MSEC && second <= passed + passed / 100 + NSEC_PER_MSEC);
	KT_CHECK(parked >= second && last == parked);
	return KT_PASS;
}

/* Nice 0 against nice 10 on one CPU: Linux's weights are 1024 and 110. They are looked at once the lesser one has had
 * some slices, and until it is right, since what the host takes from the machine is somebody's time here. Both together
 * have no more than the time that passed: who waits is not charged. */
KERNEL_TEST_ALLOC(a_nicer_thread_gets_less)
{
	struct spinner s[2] = { 0 };
	cpu_id_t last = percpu_count - 1;
	nsec_t ran[2] = { 0 }, start = clock_now();

	if (cpus_online() != percpu_count)
		return KT_SKIP;
	bool all = spinner_start(&s[0], last, 0) && spinner_start(&s[1], last, 10), right = kt_failing;
	for (nsec_t end = clock_now() + PATIENCE; all && !right && clock_now() < end;) {
		thread_sleep(20 * NSEC_PER_MSEC);
		for (unsigned i = 0; i < 2; i++)
			ran[i] = thread_ran(s[i].thread);
		right = ran[1] >= 30 * NSEC_PER_MSEC && ran[0] > 3 * ran[1];
	}
	nsec_t passed = clock_now() - start;
	spinners_stop(s, 2);
	KT_NEED(all);
	KT_CHECK(right && ran[0] + ran[1] <= passed + passed / 100 + NSEC_PER_MSEC);
	return KT_PASS;
}

/* Much of everything: the stress command, many sleeps, many threads. test.sleeps=N and test.rounds=N on the command line
 * make it more. */
#include "kernel/core/boot_info.h"
#include "kernel/core/monitor.h"
#include "kernel/mm/frames.h"
#include "kernel/sched/internal.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

#define SLEEPERS	100u
#define SLEEPS_USUAL	20000u
#define ROUNDS_USUAL	1u
#define THREADS		10000u		/* in each round … */
#define THREADS_AT_ONCE	500u		/* … and alive at once, so that a small machine will do */
#define PATIENCE	(30 * NSEC_PER_SEC)

KERNEL_TEST_ALLOC(stress_finds_nothing)
{
	const char *line = kt_failing ? "stress 1 2" : "stress 2";
	int error = monitor_run(line, strlen(line));

	KT_CHECK(!error || kt_failing);
	KT_NEED(!error);
	return KT_PASS;
}

struct sleeper {
	struct thread *thread;
	uint64_t sleeps;
	uint32_t random;
	unsigned early;
};

static int sleeper(void *argument)
{
	struct sleeper *s = argument;

	for (uint64_t i = 0; i < s->sleeps; i++) {
		s->random = s->random * 1664525 + 1013904223;
		nsec_t until = clock_now() + (nsec_t)(s->random >> 8) % (300 * NSEC_PER_USEC);
		thread_sleep_until(until);
		s->early += clock_now() < until;
	}
	return 0;
}

KERNEL_TEST_ALLOC(nobody_wakes_early)
{
	static struct sleeper sleepers[SLEEPERS];
	uint64_t sleeps = SLEEPS_USUAL;
	unsigned early = 0, count = kt_failing ? 4 : SLEEPERS, made = 0;

	cmdline_number(boot_cmdline(), "test.sleeps", &sleeps);
	for (; made < count; made++) {
		struct sleeper *s = &sleepers[made];
		*s = (struct sleeper){ .sleeps = kt_failing ? 10 : sleeps / SLEEPERS, .random = made };
		s->thread = thread_create("sleeper", sleeper, s);
		if (!s->thread)
			break;
	}
	for (unsigned i = 0; i < made; i++) {
		thread_join(sleepers[i].thread);
		early += sleepers[i].early;
	}
	KT_CHECK(early == 0);
	KT_NEED(made == count);
	return KT_PASS;
}

static int nothing(void *unused)
{
	return 0;
}

/* Frames in use, without the stacks that are kept for the next threads. */
static int64_t frames_used(void)
{
	uint64_t used[FRAME_USES];
	int64_t spares = 0;

	frames_count(used);
	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++)
		spares += __atomic_load_n(&cpu_of(cpu, cpu_sched).spares, __ATOMIC_RELAXED);
	return (int64_t)(used[FRAME_KERNEL] + used[FRAME_VMALLOC] + used[FRAME_STACK]) - spares * (int64_t)(MMU_STACK_SIZE / PAGE_SIZE);
}

static bool run_threads(void)
{
	static struct thread *t[THREADS_AT_ONCE];

	for (unsigned done = 0; done < THREADS; done += THREADS_AT_ONCE) {
		unsigned made = 0;
		while (made < THREADS_AT_ONCE && (t[made] = thread_create("nothing", nothing, NULL)))
			made++;
		for (unsigned i = 0; i < made; i++)
			thread_join(t[i]);
		if (made < THREADS_AT_ONCE)
			return false;
	}
	return true;
}

/* The first round is for what is made once, such as page tables. Behind each the reaper has to get through. */
KERNEL_TEST_UNINJECTED(ten_thousand_threads_leave_no_frame,
		       "threads_need_memory does the same with fewer")
{
	uint64_t rounds = ROUNDS_USUAL;

	cmdline_number(boot_cmdline(), "test.rounds", &rounds);
	KT_CHECK(run_threads());
	thread_sleep(100 * NSEC_PER_MSEC);
	int64_t before = frames_used();
	for (uint64_t round = 0; round < rounds; round++) {
		nsec_t end = clock_now() + PATIENCE;
		KT_CHECK(run_threads());
		while (frames_used() > before && clock_now() < end)
			thread_sleep(NSEC_PER_MSEC);
		KT_CHECK(frames_used() <= before);
	}
	return KT_PASS;
}

/* Lock-ups are named, and nothing else is; and nobody is disturbed for it. What locks up does so until the log names it,
 * so that no test depends on how fast its machine is. */
#include "kernel/sched/watch.h"

#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/vectors.h"
#include "kernel/sched/thread.h"
#include "kernel/smp/cpus.h"
#include "kernel/sync/mutex.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

#define PERIOD		(400 * NSEC_PER_MSEC)
#define PATIENCE	(30 * NSEC_PER_SEC)

#define SECONDS "each run takes seconds, and only its own threads are allocated"

struct culprit {
	uint64_t position;		/* of the log */
	char message[64];		/* for which it waits */
	bool began;			/* atomic */
	bool irqs_off, preemption_off;
};

static int lock_up(void *argument)
{
	struct culprit *c = argument;
	nsec_t end = clock_now() + PATIENCE;
	uint64_t flags = 0;

	if (c->irqs_off)
		flags = cpu_irq_save();
	if (c->preemption_off)
		preempt_disable();
	__atomic_store_n(&c->began, true, __ATOMIC_RELEASE);
	while (!kt_logged(c->position, c->message) && clock_now() < end)
		cpu_relax();
	if (c->preemption_off)
		preempt_enable();
	if (c->irqs_off)
		cpu_irq_restore(flags);
	return 0;
}

static int nothing(void *unused)
{
	return 0;
}

static cpu_id_t last_cpu(void)
{
	cpu_id_t cpu = percpu_count - 1;

	while (!cpu_is_online(cpu))
		cpu--;
	return cpu;
}

static struct thread *create_on(cpu_id_t cpu, int policy, const char *name, int (*run)(void *), void *argument)
{
	struct thread_options options = THREAD_DEFAULTS;

	options.cpu = cpu;
	options.policy = policy;
	options.priority = policy == SCHED_FIFO ? 10 : 0;
	return thread_create_with(&options, name, run, argument);
}

/* The culprit runs on the last CPU, and another thread wants that CPU. Returns how many reports came of it. */
static unsigned run_culprit(struct culprit *c, int policy, const char *rival_name)
{
	nsec_t old = watch_set_period(PERIOD);
	unsigned before = watch_reports();
	struct thread *culprit = create_on(last_cpu(), policy, "culprit", lock_up, c), *rival = NULL;

	while (culprit && !rival) {
		thread_yield();
		if (__atomic_load_n(&c->began, __ATOMIC_ACQUIRE) || cpus_online() == 1)
			rival = create_on(last_cpu(), SCHED_OTHER, rival_name, nothing, NULL);
	}
	if (culprit)
		thread_join(culprit);
	if (rival)
		thread_join(rival);
	thread_sleep(2 * PERIOD);	/* an eye sees that it is over */
	watch_set_period(old);
	return watch_reports() - before;
}

KERNEL_TEST_UNINJECTED(a_cpu_that_takes_no_interrupts_is_named, SECONDS)
{
	struct culprit c = { .position = log_tail(0), .irqs_off = true };

	if (cpus_online() < 2)
		return KT_SKIP;
	ksnprintf(c.message, sizeof(c.message), "watch: CPU %u has taken no interrupt for ", last_cpu());
	KT_CHECK(run_culprit(&c, SCHED_OTHER, "rival") >= 1);	/* a slow host may have another CPU named, too */
	KT_CHECK(kt_logged(c.position, c.message) == 1);
	ksnprintf(c.message, sizeof(c.message), "watch: CPU %u is at ", last_cpu());
	KT_CHECK(kt_logged(c.position, c.message) == 1);
	/* lock_up's caller: who lock_up calls may have no frame yet, and hide lock_up */
	KT_CHECK(kt_logged(c.position, "watch:   called by thread_begin+0x") == 1);
	ksnprintf(c.message, sizeof(c.message), "watch: CPU %u goes on ", last_cpu());
	KT_CHECK(kt_logged(c.position, c.message) == 1);
	return KT_PASS;
}

KERNEL_TEST_UNINJECTED(a_cpu_that_does_not_switch_is_named, SECONDS)
{
	struct culprit c = { .position = log_tail(0), .preemption_off = true };

	ksnprintf(c.message, sizeof(c.message), "watch: CPU %u has not switched for ", last_cpu());
	KT_CHECK(run_culprit(&c, SCHED_OTHER, "rival") >= 1);	/* a slow host may have another CPU named, too */
	KT_CHECK(kt_logged(c.position, c.message) == 1);
	return KT_PASS;
}

/* By name, which is all that is known of it before. */
static bool names_thread(uint64_t position, const char *name)
{
	struct log_record record;

	while (log_read(&position, &record)) {
		const char *at = strncmp(record.text, "watch: thread ", 14) == 0 ? strchr(record.text, '(') : NULL;
		if (at && strncmp(at + 1, name, strlen(name)) == 0)
			return true;
	}
	return false;
}

KERNEL_TEST_UNINJECTED(a_thread_that_does_not_get_to_run_is_named, SECONDS)
{
	struct culprit c = { .position = log_tail(0), .message = "watch: thread " };

	KT_CHECK(run_culprit(&c, SCHED_FIFO, "starved") == 1);
	KT_CHECK(names_thread(c.position, cpus_online() > 1 ? "starved)" : "main)"));
	return KT_PASS;
}

static struct mutex held = MUTEX("held for long");

static int wait_for_mutex(void *unused)
{
	mutex_lock(&held);
	mutex_unlock(&held);
	return 0;
}

/* Somebody works meanwhile, or nobody looks: an idle machine is left asleep. */
KERNEL_TEST_UNINJECTED(a_thread_that_hangs_on_a_mutex_is_named, SECONDS)
{
	uint64_t position = log_tail(0);

	if (cpus_online() < 2)
		return KT_SKIP;		/* nobody competes */
	nsec_t old = watch_set_period(PERIOD / 4), end = clock_now() + PATIENCE;
	mutex_lock(&held);
	struct thread *t = thread_create("hung", wait_for_mutex, NULL);
	KT_CHECK(t);
	while (!names_thread(position, "hung) has waited for a mutex") && clock_now() < end)
		thread_yield();
	mutex_unlock(&held);
	thread_join(t);
	watch_set_period(old);
	KT_CHECK(names_thread(position, "hung) has waited for a mutex"));
	KT_CHECK(kt_logged(position, "watch:   called by wait_for_mutex+0x") == 1);
	return KT_PASS;
}

/* ---- Quiet ---- */

#define QUIET_BEFORE	(2 * NSEC_PER_SEC)	/* an eye stays for one; a busy host may be late with its interrupt */
#define QUIET		(3 * NSEC_PER_SEC)
#define CLOCK_CHECKS	2	/* then, with a PM timer of 24 bits: in 4.7 s it wraps */
#define QUIET_TRIES	3
#define EYE_LOOKS	4	/* one each second */

struct quiet { uint64_t here, all; };

static uint64_t timer_interrupts(cpu_id_t cpu)
{
	return __atomic_load_n(&cpu_of(cpu, vector_counts)[VECTOR_TIMER], __ATOMIC_RELAXED);
}

static struct quiet count_timers(void)
{
	struct quiet q = { .here = timer_interrupts(cpu_id()) };

	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++)
		if (cpu_is_online(cpu))
			q.all += timer_interrupts(cpu);
	return q;
}

/* Alone on its CPU. Before it counts, whatever was armed there is through, and an eye has moved away. */
static int spin(void *ret)
{
	struct quiet before, now;

	clock_delay(QUIET_BEFORE);
	before = count_timers();
	clock_delay(QUIET);
	now = count_timers();
	*(struct quiet *)ret = (struct quiet){ now.here - before.here, now.all - before.all };
	return 0;
}

/* On the boot CPU of a machine whose TSC is not invariant, the clock is checked in each half of its counter's wrap. */
static bool is_quiet(void)
{
	struct quiet q = { .here = UINT64_MAX };
	struct thread *t = create_on(last_cpu(), SCHED_OTHER, "spinner", spin, &q);

	if (t)
		thread_join(t);
	pr_info("test: %llu timer interrupts where a thread spins, %llu on all CPUs", (unsigned long long)q.here,
		(unsigned long long)q.all);
	return q.here <= (last_cpu() ? 0 : CLOCK_CHECKS) && q.all <= CLOCK_CHECKS + 2 * EYE_LOOKS;
}

/* Where a host stalls CPUs, one of them may have to look for work for another; that does not happen each time. */
KERNEL_TEST_UNINJECTED(a_thread_alone_is_not_interrupted_by_timers, SECONDS)
{
	nsec_t old = watch_set_period(2 * NSEC_PER_SEC);
	bool quiet = false;

	for (unsigned tries = 0; !quiet && tries < QUIET_TRIES; tries++)
		quiet = is_quiet();
	watch_set_period(old);
	KT_CHECK(quiet);
	return KT_PASS;
}

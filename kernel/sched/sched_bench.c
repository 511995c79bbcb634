/* `bench sched`: what a switch, a wake-up and a thread cost, in ticks. All threads are on one CPU, so that a figure is
 * the work itself; the last one alone is across CPUs. */
#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/core/bench.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/sched/thread.h"
#include "kernel/sync/mutex.h"

#define ROUNDS 2000u
#define LONG_ROUNDS 20000u

static struct thread_options on(cpu_id_t cpu)
{
	struct thread_options options = THREAD_DEFAULTS;

	options.cpu = cpu;
	return options;
}

struct pair {
	struct waitq turned;
	unsigned turn;		/* atomic: whose turn it is, 0 or 1; 2: the game is over */
	bool stop;		/* atomic */
};

static int yielder(void *argument)
{
	struct pair *p = argument;

	while (!__atomic_load_n(&p->stop, __ATOMIC_RELAXED))
		thread_yield();
	return 0;
}

/* Two threads that yield to each other: each yield is one switch. */
static int bench_yield(void)
{
	struct pair p = { .turned = WAITQ("bench") };
	struct thread_options here = on(cpu_id());
	struct thread *other = thread_create_with(&here, "bench", yielder, &p);

	if (!other)
		return -ENOMEM;
	thread_yield();
	uint64_t start = cpu_ticks();
	for (unsigned i = 0; i < ROUNDS; i++)
		thread_yield();
	bench_report("thread_yield", (cpu_ticks() - start) / ROUNDS / 2, "ticks");
	__atomic_store_n(&p.stop, true, __ATOMIC_RELAXED);
	thread_join(other);
	return 0;
}

static unsigned turn_of(const struct pair *p)
{
	return __atomic_load_n(&p->turn, __ATOMIC_ACQUIRE);
}

static void turn_set(struct pair *p, unsigned turn)
{
	__atomic_store_n(&p->turn, turn, __ATOMIC_RELEASE);
	waitq_wake_one(&p->turned);
}

static int ponger(void *argument)
{
	struct pair *p = argument;

	for (;;) {
		WAITQ_WAIT(&p->turned, turn_of(p) != 0);
		if (turn_of(p) == 2)
			return 0;
		turn_set(p, 0);
	}
}

/* There and back: two wake-ups and two switches. Long enough for both to have gone through many slices, since who is
 * ahead of the other decides whether a wake-up switches at once. */
static int bench_pingpong(cpu_id_t cpu, const char *name, uint64_t *ret_ticks)
{
	struct pair p = { .turned = WAITQ("bench") };
	struct thread_options there = on(cpu);
	struct thread *other = thread_create_with(&there, "bench", ponger, &p);

	if (!other)
		return -ENOMEM;
	uint64_t start = 0;
	unsigned rounds = cpu == cpu_id() ? LONG_ROUNDS : ROUNDS;	/* between CPUs it takes long where they are emulated */
	for (unsigned i = 0; i <= rounds; i++) {
		if (i == 1)
			start = cpu_ticks();	/* the first round starts the other thread */
		turn_set(&p, 1);
		WAITQ_WAIT(&p.turned, turn_of(&p) == 0);
	}
	*ret_ticks = (cpu_ticks() - start) / rounds;
	bench_report(name, *ret_ticks, "ticks");
	turn_set(&p, 2);
	return thread_join(other);
}

static int nothing(void *argument)
{
	return 0;
}

static int bench_create(void)
{
	struct thread_options here = on(cpu_id());
	uint64_t start = 0;

	for (unsigned i = 0; i <= ROUNDS / 10; i++) {
		struct thread *t = thread_create_with(&here, "bench", nothing, NULL);
		if (!t)
			return -ENOMEM;
		thread_join(t);
		if (i == 0)
			start = cpu_ticks();	/* the first one's stack is new */
	}
	bench_report("thread_create_join", (cpu_ticks() - start) / (ROUNDS / 10), "ticks");
	return 0;
}

/* A crowd of threads that sleep on one queue. */
struct crowd {
	struct waitq asleep;
	struct thread **threads;
	unsigned made, awake;	/* awake: atomic */
	bool over;		/* atomic */
};

static int sleeper(void *argument)
{
	struct crowd *c = argument;

	while (!__atomic_load_n(&c->over, __ATOMIC_ACQUIRE)) {
		struct waiter w;
		waitq_enter(&c->asleep, &w);
		if (__atomic_load_n(&c->over, __ATOMIC_ACQUIRE)) {
			waitq_leave_awake(&c->asleep, &w);
			break;
		}
		thread_block(NSEC_NEVER);
		waitq_leave(&c->asleep, &w);
		__atomic_add_fetch(&c->awake, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

static int crowd_make(struct crowd *c, unsigned count, int (*run)(void *))
{
	struct thread_options here = on(cpu_id());

	*c = (struct crowd){ .asleep = WAITQ("bench"), .threads = kmalloc(count * sizeof(struct thread *)) };
	if (!c->threads)
		return -ENOMEM;
	while (c->made < count && (c->threads[c->made] = thread_create_with(&here, "bench", run, c)))
		c->made++;
	return c->made == count ? 0 : -ENOMEM;
}

static void crowd_end(struct crowd *c)
{
	__atomic_store_n(&c->over, true, __ATOMIC_RELEASE);
	waitq_wake_all(&c->asleep);
	while (c->made)
		thread_join(c->threads[--c->made]);
	kfree(c->threads);
}

/* Wake one of them, and let it run and sleep again. */
static int bench_wake(unsigned count, const char *name)
{
	struct crowd c;
	int error = crowd_make(&c, count, sleeper);

	if (!error) {
		thread_sleep(NSEC_PER_MSEC);	/* all sleep */
		uint64_t start = cpu_ticks();
		for (unsigned i = 0; i < ROUNDS; i++) {
			unsigned before = __atomic_load_n(&c.awake, __ATOMIC_RELAXED);
			waitq_wake_one(&c.asleep);
			while (__atomic_load_n(&c.awake, __ATOMIC_RELAXED) == before)
				thread_yield();
		}
		bench_report(name, (cpu_ticks() - start) / ROUNDS, "ticks");
	}
	crowd_end(&c);
	return error;
}

static int runner(void *argument)
{
	struct crowd *c = argument;

	while (!__atomic_load_n(&c->over, __ATOMIC_ACQUIRE))
		thread_yield();
	return 0;
}

/* Each yield picks one of n that want to run. */
static int bench_pick(unsigned count, const char *name)
{
	struct crowd c;
	int error = crowd_make(&c, count, runner);

	if (!error) {
		thread_yield();
		struct thread *self = thread_current();
		uint64_t switches = self->switches, start = cpu_ticks();
		for (unsigned i = 0; i < ROUNDS / 100 || self->switches - switches < 10; i++)
			thread_yield();
		uint64_t turns = self->switches - switches;
		bench_report(name, (cpu_ticks() - start) / (turns * (count + 1)), "ticks");
	}
	crowd_end(&c);
	return error;
}

/* A mutex that nobody else wants. */
static int bench_mutex(void)
{
	struct mutex m = MUTEX("bench");

	mutex_lock(&m);		/* the first time its class is new */
	mutex_unlock(&m);
	uint64_t start = cpu_ticks();
	for (unsigned i = 0; i < ROUNDS; i++) {
		mutex_lock(&m);
		mutex_unlock(&m);
	}
	bench_report("mutex_pair", (cpu_ticks() - start) / ROUNDS, "ticks");
	return 0;
}

static cpu_id_t another_cpu(void)
{
	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++)
		if (cpu != cpu_id() && cpu_is_online(cpu))
			return cpu;
	return CPU_ANY;
}

static int bench_pairs(void)
{
	uint64_t here = 0, across = 0;
	cpu_id_t other = another_cpu();
	int error = bench_yield();

	if (!error)
		error = bench_pingpong(cpu_id(), "waitq_pingpong", &here);
	if (!error)
		error = bench_mutex();
	if (!error)
		error = bench_create();
	if (!error && other != CPU_ANY)
		error = bench_pingpong(other, "wake_cross_cpu", &across);
	if (!error && across)
		bench_report("wake_cross_cpu_ratio", across * 100 / MAX(here, 1ull), "percent of waitq_pingpong");
	return error;
}

/* The largest crowd comes last: its 1.6 GB of stacks are given back by another thread for a while. */
static int bench_crowds(void)
{
	int error = bench_wake(10, "wake_sleepers_10");

	if (!error)
		error = bench_pick(10, "pick_n_10");
	if (!error)
		error = bench_wake(1000, "wake_sleepers_1000");
	if (!error)
		error = bench_pick(1000, "pick_n_1000");
	if (!error && frames_free_bytes() >= GIB(2))
		error = bench_wake(100000, "wake_sleepers_100000");
	return error;
}

static int sched_bench(void)
{
	struct thread *self = thread_current();
	int error = thread_set_cpu(self, cpu_id());

	if (!error)
		error = bench_pairs();
	if (!error)
		error = bench_crowds();
	thread_set_cpu(self, CPU_ANY);
	return error;
}
BENCH(sched, "switch, wake-up and creation of threads; one figure needs 2 GiB free", sched_bench);

/* Tasks: each wake is followed by a run, no task runs twice at a time, and a cancelled one stays quiet. Runs with any
 * number of CPUs. */
#include "kernel/sched/executor.h"

#include "kernel/arch/percpu.h"
#include "kernel/smp/call.h"
#include "tests/kernel/framework.h"

#define PATIENCE (20 * NSEC_PER_SEC)

struct counted {
	struct task task;
	uint64_t asked, seen;		/* atomic: wakes so far; and those that the last run knew of */
	unsigned runs, inside;		/* inside: atomic */
	bool overlapped;
	unsigned again;			/* it wakes itself so many times more */
};

static struct counted *counted_of(struct task *t)
{
	return (struct counted *)((char *)t - offsetof(struct counted, task));
}

static void count_run(struct task *t)
{
	struct counted *c = counted_of(t);

	c->overlapped |= __atomic_add_fetch(&c->inside, 1, __ATOMIC_SEQ_CST) != 1;
	c->runs++;
	if (c->again) {
		c->again--;
		task_wake(t);
	}
	__atomic_store_n(&c->seen, __atomic_load_n(&c->asked, __ATOMIC_SEQ_CST), __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&c->inside, 1, __ATOMIC_SEQ_CST);
}

static void ask(struct counted *c)
{
	__atomic_add_fetch(&c->asked, 1, __ATOMIC_SEQ_CST);
	task_wake(&c->task);
}

/* Has a run come behind the last wake? */
static bool settles(const struct counted *c)
{
	nsec_t end = clock_now() + PATIENCE;

	while (__atomic_load_n(&c->seen, __ATOMIC_SEQ_CST) != __atomic_load_n(&c->asked, __ATOMIC_SEQ_CST)) {
		if (clock_now() > end)
			return false;
		thread_sleep(100 * NSEC_PER_USEC);
	}
	return true;
}

/* One that runs before the others and holds them up, until it is let go. */
struct gate {
	struct task task;
	bool entered, open;		/* atomic */
};

static void gate_run(struct task *t)
{
	struct gate *g = (struct gate *)((char *)t - offsetof(struct gate, task));

	__atomic_store_n(&g->entered, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&g->open, __ATOMIC_ACQUIRE))
		thread_sleep(100 * NSEC_PER_USEC);
}

static void gate_close(struct gate *g, struct executor *x)
{
	*g = (struct gate){ 0 };
	task_init(&g->task, x, gate_run);
	task_wake(&g->task);
	while (!__atomic_load_n(&g->entered, __ATOMIC_ACQUIRE))
		thread_yield();
}

static void gate_open(struct gate *g)
{
	__atomic_store_n(&g->open, true, __ATOMIC_RELEASE);
	task_cancel(&g->task);
}

KERNEL_TEST_ALLOC(wakes_before_a_run_are_one)
{
	struct counted a = { 0 }, b = { 0 };
	struct executor x;
	struct gate gate;

	KT_NEED(executor_start(&x, "test executor") == 0);
	task_init(&a.task, &x, count_run);
	task_init(&b.task, &x, count_run);
	gate_close(&gate, &x);
	for (unsigned i = 0; i < 10; i++) {
		ask(&a);
		ask(&b);
	}
	gate_open(&gate);
	KT_CHECK(settles(&a) && settles(&b));
	executor_stop(&x);
	KT_CHECK(a.runs == 1 && b.runs == 1);
	return KT_PASS;
}

KERNEL_TEST_ALLOC(a_wake_during_the_run_brings_another)
{
	struct counted c = { .again = 100 };
	struct executor x;

	KT_NEED(executor_start(&x, "test executor") == 0);
	task_init(&c.task, &x, count_run);
	ask(&c);
	executor_stop(&x);	/* what is queued runs first */
	KT_CHECK(c.runs == 101 && !c.again);
	return KT_PASS;
}

KERNEL_TEST_ALLOC(a_cancelled_task_does_not_run)
{
	struct counted c = { 0 };
	struct executor x;
	struct gate gate;

	KT_NEED(executor_start(&x, "test executor") == 0);
	task_init(&c.task, &x, count_run);
	KT_CHECK(!task_cancel(&c.task));
	gate_close(&gate, &x);
	task_wake(&c.task);
	KT_CHECK(task_cancel(&c.task));
	KT_CHECK(!task_cancel(&c.task));
	gate_open(&gate);
	executor_stop(&x);
	KT_CHECK(c.runs == 0);
	return KT_PASS;
}

/* Its function runs, for a long time, while it is cancelled. */
static void slow_run(struct task *t)
{
	struct counted *c = counted_of(t);

	__atomic_store_n(&c->inside, 1, __ATOMIC_SEQ_CST);
	thread_sleep(2 * NSEC_PER_MSEC);
	c->runs++;
	task_wake(t);
	__atomic_store_n(&c->inside, 0, __ATOMIC_SEQ_CST);
}

KERNEL_TEST_ALLOC(cancelling_waits_for_the_run)
{
	struct counted c = { 0 };
	struct executor x;

	KT_NEED(executor_start(&x, "test executor") == 0);
	task_init(&c.task, &x, slow_run);
	for (unsigned i = 0; i < 20; i++) {
		task_wake(&c.task);
		while (!__atomic_load_n(&c.inside, __ATOMIC_SEQ_CST))
			thread_yield();
		task_cancel(&c.task);
		unsigned runs = c.runs;
		KT_CHECK(!__atomic_load_n(&c.inside, __ATOMIC_SEQ_CST) && runs);
		thread_sleep(NSEC_PER_MSEC);
		KT_CHECK(c.runs == runs);
	}
	executor_stop(&x);
	return KT_PASS;
}

/* ---- Wakes from everywhere ---- */

static struct counted stormed;
static unsigned fired;		/* atomic */

static void fire(struct timer *t)
{
	ask(&stormed);
	if (__atomic_add_fetch(&fired, 1, __ATOMIC_RELAXED) < (kt_failing ? 20 : 1000))
		timer_arm(t, clock_now() + 20 * NSEC_PER_USEC);
}

static void ask_in_call(void *unused)
{
	ask(&stormed);
}

static int asker(void *unused)
{
	for (unsigned i = 0; i < (kt_failing ? 20 : 500); i++) {
		ask(&stormed);
		if (i % 16 == 0)
			smp_call_one(i % percpu_count, ask_in_call, NULL);
		if (i % 64 == 0)
			thread_sleep(50 * NSEC_PER_USEC);	/* the executor gets to its sleep, too */
	}
	return 0;
}

/* Each time all have asked, the last wake must be followed by a run. */
KERNEL_TEST_ALLOC(no_wake_of_a_task_is_lost)
{
	struct thread *t[4];
	struct timer timer;
	struct executor x;
	bool all = true;

	KT_NEED(executor_start(&x, "test executor") == 0);
	for (unsigned round = 0; round < (kt_failing ? 1 : 3) && all; round++) {
		stormed = (struct counted){ 0 };
		fired = 0;
		task_init(&stormed.task, &x, count_run);
		timer_init(&timer, fire);
		timer_arm(&timer, clock_now());
		for (unsigned i = 0; i < ARRAY_SIZE(t); i++)
			all &= (t[i] = thread_create("asker", asker, NULL)) != NULL;
		for (unsigned i = 0; i < ARRAY_SIZE(t); i++)
			kt_join(t[i]);
		timer_cancel(&timer);
		KT_CHECK(settles(&stormed));
		KT_CHECK(!task_cancel(&stormed.task));
		KT_CHECK(!stormed.overlapped && stormed.runs && stormed.runs <= stormed.asked);
	}
	executor_stop(&x);
	KT_NEED(all);
	return KT_PASS;
}

KERNEL_TEST_ALLOC(an_executor_needs_memory)
{
	struct executor x;

	if (executor_start(&x, "test executor"))
		return KT_NO_MEMORY;
	executor_stop(&x);
	return KT_PASS;
}

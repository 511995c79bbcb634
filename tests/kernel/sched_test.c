/* Threads: they start, end, wait, wake and move, and nothing of them is left. Runs with any number of CPUs. */
#include "kernel/arch/percpu.h"
#include "kernel/mm/frames.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/watch.h"
#include "kernel/smp/cpus.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

static int answer(void *argument)
{
	return *(int *)argument + 1;
}

KERNEL_TEST_ALLOC(threads_return_what_their_function_returns)
{
	int forty_one = 41;
	struct thread *t = thread_create("answer", answer, &forty_one);

	KT_NEED(t);
	KT_CHECK(thread_join(t) == 42);
	return KT_PASS;
}

/* More than a CPU keeps ready, so that stacks must be made. */
KERNEL_TEST_ALLOC(threads_need_memory)
{
	struct thread *made[24];
	unsigned count = 0;
	int zero = 0;

	while (count < ARRAY_SIZE(made) && (made[count] = thread_create("answer", answer, &zero)))
		count++;
	for (unsigned i = 0; i < count; i++)
		KT_CHECK(thread_join(made[i]) == 1);
	KT_NEED(count == ARRAY_SIZE(made));
	return KT_PASS;
}

/* Two threads that hand a ball to each other, by wait queues. */
struct court {
	struct waitq turned;
	unsigned turn, hits, limit;
};

static int player(struct court *c, unsigned me)
{
	for (;;) {
		WAITQ_WAIT(&c->turned, __atomic_load_n(&c->turn, __ATOMIC_ACQUIRE) == me || c->hits >= c->limit);
		if (c->hits >= c->limit)
			break;
		c->hits++;
		__atomic_store_n(&c->turn, !me, __ATOMIC_RELEASE);
		waitq_wake_all(&c->turned);
	}
	waitq_wake_all(&c->turned);
	return 0;
}

static int player0(void *court) { return player(court, 0); }
static int player1(void *court) { return player(court, 1); }

KERNEL_TEST_ALLOC(threads_wake_each_other_in_turn)
{
	struct court c = { .turned = WAITQ("court"), .limit = kt_failing ? 10 : cpus_online() > 1 ? 1000 : 20000 };
	struct thread *a = thread_create("ping", player0, &c), *b = thread_create("pong", player1, &c);

	if (!a || !b)
		__atomic_store_n(&c.limit, 0, __ATOMIC_RELEASE);	/* nobody hits back */
	waitq_wake_all(&c.turned);
	kt_join(a);
	kt_join(b);
	KT_NEED(a && b);
	KT_CHECK(c.hits == c.limit);
	return KT_PASS;
}

/* Wakes that come between the look and the block, from other CPUs. */
struct storm {
	struct waitq filled;
	unsigned tokens, taken, total;	/* atomic, but for the total */
};

#define PRODUCERS 4u

static int consumer(void *argument)
{
	struct storm *s = argument;

	for (;;) {
		unsigned have = 0;
		WAITQ_WAIT(&s->filled, (have = __atomic_load_n(&s->tokens, __ATOMIC_SEQ_CST)) != 0 ||
			   __atomic_load_n(&s->taken, __ATOMIC_SEQ_CST) == s->total);
		if (!have)
			return 0;
		while (have && !__atomic_compare_exchange_n(&s->tokens, &have, have - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		if (have && __atomic_add_fetch(&s->taken, 1, __ATOMIC_SEQ_CST) == s->total)
			waitq_wake_all(&s->filled);
	}
}

static int producer(void *argument)
{
	struct storm *s = argument;

	for (unsigned i = 0; i < s->total / PRODUCERS; i++) {
		__atomic_add_fetch(&s->tokens, 1, __ATOMIC_SEQ_CST);
		waitq_wake_one(&s->filled);
	}
	return 0;
}

KERNEL_TEST_ALLOC(no_wake_up_is_lost_in_a_storm)
{
	struct storm s = { .filled = WAITQ("storm"), .total = PRODUCERS * (kt_failing ? 20 : 5000) };
	struct thread *t[12];
	unsigned count = 0;

	/* Producers first: where one is missing nobody waits for what it would make. */
	while (count < ARRAY_SIZE(t) && (t[count] = count < PRODUCERS ? thread_create("producer", producer, &s) :
							thread_create("consumer", consumer, &s)))
		count++;
	for (unsigned i = 0; i < count; i++)
		thread_join(t[i]);
	KT_NEED(count == ARRAY_SIZE(t));
	KT_CHECK(s.taken == s.total && s.tokens == 0);
	return KT_PASS;
}

KERNEL_TEST(sleeps_are_never_short)
{
	for (unsigned i = 0; i < 300; i++) {
		nsec_t for_ns = (nsec_t)(i * 7919 % 200000), start = clock_now();
		thread_sleep(for_ns);
		KT_CHECK(clock_now() - start >= for_ns);
	}
	return KT_PASS;
}

static int spin_until(void *flag)
{
	while (!__atomic_load_n((bool *)flag, __ATOMIC_ACQUIRE))
		cpu_relax();
	return 0;
}

static int set_flag(void *flag)
{
	__atomic_store_n((bool *)flag, true, __ATOMIC_RELEASE);
	return 0;
}

/* Whoever spins is preempted, so that the thread it waits for comes to run on the same CPU. */
KERNEL_TEST_ALLOC(threads_that_spin_are_preempted)
{
	bool flag = false;
	struct thread_options here = THREAD_DEFAULTS;

	here.cpu = cpu_id();
	struct thread *spinner = thread_create_with(&here, "spinner", spin_until, &flag);
	KT_NEED(spinner);
	thread_sleep(NSEC_PER_MSEC);
	struct thread *setter = thread_create_with(&here, "setter", set_flag, &flag);
	if (!setter)
		set_flag(&flag);
	thread_join(spinner);
	kt_join(setter);
	KT_NEED(setter);
	return KT_PASS;
}

/* Every CPU is busy, one of them with a real-time thread. */
struct rival {
	struct waitq called;
	bool ready, call, ran, over;	/* atomic */
};

static bool is_set(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static int rival_sleep(void *argument)
{
	struct rival *r = argument;

	thread_set_cpu(thread_current(), CPU_ANY);
	set_flag(&r->ready);
	WAITQ_WAIT(&r->called, is_set(&r->call));
	return set_flag(&r->ran);
}

static int rival_compute(void *argument)
{
	struct rival *r = argument;

	thread_set_cpu(thread_current(), CPU_ANY);
	set_flag(&r->ready);
	spin_until(&r->call);
	return set_flag(&r->ran);
}

static bool comes_true(const bool *flag)
{
	nsec_t end = clock_now() + 20 * NSEC_PER_SEC;

	while (!is_set(flag) && clock_now() < end)
		thread_sleep(NSEC_PER_MSEC);
	return is_set(flag);
}

/* A thread on the last CPU, which then gets a more urgent one that does not end, while all others have something to do
 * as well: it comes to run all the same. */
static enum kernel_test_result runs_elsewhere(struct thread_options last, int (*run)(void *argument))
{
	struct rival r = { .called = WAITQ("rival") };
	struct thread *rival, *spinners[16] = { 0 };
	struct thread_options at = THREAD_DEFAULTS;
	bool all = true;

	last.cpu = percpu_count - 1;
	if (cpus_online() < 2 || cpus_online() != percpu_count || percpu_count > ARRAY_SIZE(spinners))
		return KT_SKIP;
	thread_set_cpu(thread_current(), 0);
	KT_NEED(rival = thread_create_with(&last, "rival", run, &r));
	KT_CHECK(comes_true(&r.ready));
	for (at.cpu = 0; at.cpu < percpu_count; at.cpu++) {
		at.policy = at.cpu == last.cpu ? SCHED_FIFO : SCHED_OTHER;
		at.priority = at.cpu == last.cpu ? 10 : 0;
		spinners[at.cpu] = thread_create_with(&at, "spinner", spin_until, &r.over);
		all &= spinners[at.cpu] != NULL;
	}
	set_flag(&r.call);
	waitq_wake_one(&r.called);
	bool ran = comes_true(&r.ran);
	set_flag(&r.over);
	for (unsigned i = 0; i < percpu_count; i++)
		kt_join(spinners[i]);
	thread_join(rival);
	thread_set_cpu(thread_current(), CPU_ANY);
	KT_NEED(all);
	KT_CHECK(ran);
	return KT_PASS;
}

KERNEL_TEST_ALLOC(a_real_time_thread_does_not_wait_behind_another)
{
	return runs_elsewhere((struct thread_options){ .policy = SCHED_FIFO, .priority = 5 }, rival_sleep);
}

KERNEL_TEST_ALLOC(a_fair_thread_does_not_wake_up_behind_real_time)
{
	return runs_elsewhere(THREAD_DEFAULTS, rival_sleep);
}

KERNEL_TEST_ALLOC(a_fair_thread_is_not_left_behind_real_time)
{
	return runs_elsewhere(THREAD_DEFAULTS, rival_compute);
}

static int check_cpu(void *argument)
{
	cpu_id_t cpu = *(cpu_id_t *)argument;

	for (unsigned i = 0; i < 50; i++) {
		if (cpu_id() != cpu)
			return 1;
		thread_yield();
		thread_sleep(10 * NSEC_PER_USEC);
	}
	return 0;
}

KERNEL_TEST_ALLOC(threads_stay_on_the_cpu_they_are_bound_to)
{
	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++) {
		struct thread_options bound = THREAD_DEFAULTS;
		bound.cpu = cpu;
		if (!cpu_is_online(cpu))
			continue;
		struct thread *t = thread_create_with(&bound, "bound", check_cpu, &cpu);
		KT_NEED(t);
		KT_CHECK(thread_join(t) == 0);
	}
	return KT_PASS;
}

KERNEL_TEST(a_running_thread_moves_to_where_it_is_bound)
{
	struct thread *self = thread_current();

	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++) {
		if (!cpu_is_online(cpu))
			continue;
		KT_CHECK(thread_set_cpu(self, cpu) == 0);
		KT_CHECK(cpu_id() == cpu);
	}
	KT_CHECK(thread_set_cpu(self, percpu_count) < 0);
	thread_set_cpu(self, 0);
	thread_set_cpu(self, CPU_ANY);
	return KT_PASS;
}

/* Threads that are bound to other CPUs while they give way to each other, sleep and are woken. */
struct nomad {
	bool rests, stops;	/* atomic */
	cpu_id_t seen;		/* atomic: where it runs */
};

static int wander(void *nomad)
{
	struct nomad *n = nomad;

	while (!__atomic_load_n(&n->stops, __ATOMIC_ACQUIRE)) {
		__atomic_store_n(&n->seen, cpu_id(), __ATOMIC_RELEASE);
		if (__atomic_load_n(&n->rests, __ATOMIC_RELAXED))
			thread_park();
		else
			thread_yield();
	}
	return 0;
}

static bool is_seen_on(const struct nomad *n, cpu_id_t cpu)
{
	nsec_t end = clock_now() + 20 * NSEC_PER_SEC;

	while (__atomic_load_n(&n->seen, __ATOMIC_ACQUIRE) != cpu && clock_now() < end)
		thread_sleep(50 * NSEC_PER_USEC);
	return __atomic_load_n(&n->seen, __ATOMIC_ACQUIRE) == cpu;
}

/* The first is sent away from CPU 0 while it gives way to the second, and is alone there if it stays. */
static bool goes_while_it_yields(struct nomad nomads[2], struct thread *const threads[2])
{
	bool right = true;

	for (unsigned i = 0; i < 20 && right; i++) {
		__atomic_store_n(&nomads[1].rests, false, __ATOMIC_RELAXED);
		thread_unpark(threads[1]);
		thread_set_cpu(threads[0], 0);
		right = is_seen_on(&nomads[0], 0);
		clock_delay((20 + i) * NSEC_PER_USEC);
		thread_set_cpu(threads[0], 1);
		__atomic_store_n(&nomads[1].rests, true, __ATOMIC_RELAXED);
		right = right && is_seen_on(&nomads[0], 1);
	}
	__atomic_store_n(&nomads[1].rests, false, __ATOMIC_RELAXED);
	thread_unpark(threads[1]);
	return right;
}

static int drive(void *thread)
{
	static const cpu_id_t way[] = { 0, 1, CPU_ANY, 1, CPU_ANY, 0 };

	for (unsigned i = 0; i < 150; i++)
		thread_set_cpu(thread, way[i % ARRAY_SIZE(way)]);
	return 0;
}

/* Two bind both, so that one changes its mind while the other's is on its way. */
static bool goes_where_it_was_sent_last(struct nomad nomads[2], struct thread *const threads[2])
{
	struct thread *driver = thread_create("driver", drive, threads[0]);
	bool right = driver || kt_failing;

	drive(threads[1]);
	drive(threads[0]);
	kt_join(driver);
	for (unsigned i = 0; i < 2; i++) {
		thread_set_cpu(threads[i], i);
		right = right && is_seen_on(&nomads[i], i);
	}
	return right;
}

KERNEL_TEST_ALLOC(threads_bound_elsewhere_go_there)
{
	struct nomad nomads[2] = { 0 };
	struct thread *threads[2];
	bool right = true;

	if (!cpu_is_online(1))
		return KT_SKIP;
	nsec_t period = watch_set_period(0);	/* its pings would send on who has stayed */
	thread_set_cpu(thread_current(), 1);
	for (unsigned i = 0; i < 2; i++) {
		threads[i] = thread_create("nomad", wander, &nomads[i]);
		if (threads[i])
			thread_set_cpu(threads[i], 0);
	}
	bool all = threads[0] && threads[1];
	if (all)
		right = goes_while_it_yields(nomads, threads);
	thread_set_cpu(thread_current(), CPU_ANY);
	if (all)
		right = right && goes_where_it_was_sent_last(nomads, threads);
	for (unsigned i = 0; i < 2; i++)
		__atomic_store_n(&nomads[i].stops, true, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < 2; i++)
		kt_join(threads[i]);
	watch_set_period(period);
	KT_NEED(all);
	KT_CHECK(right);
	return KT_PASS;
}

static __attribute__((noinline)) uint64_t descend(uint64_t depth)
{
	volatile uint8_t frame[256] = { (uint8_t)depth };

	return depth ? descend(depth + 1) + frame[depth % sizeof(frame)] : 0;
}

static int fall(void *unused)
{
	return (int)descend(1);
}

KERNEL_TEST_PANIC(panic_thread_stack_overflow)
{
	thread_join(thread_create("faller", fall, NULL));
	return KT_PASS;
}

static int park_once(void *parked)
{
	__atomic_store_n((bool *)parked, true, __ATOMIC_RELEASE);
	thread_park();
	return 7;
}

KERNEL_TEST_ALLOC(an_unpark_before_the_park_counts)
{
	bool parked = false;
	struct thread *t = thread_create("parker", park_once, &parked);

	KT_NEED(t);
	thread_unpark(t);
	KT_CHECK(thread_join(t) == 7);
	return KT_PASS;
}

static int nothing(void *argument)
{
	return 0;
}

static __attribute__((noinline)) void leave(bool *named)
{
	thread_set_name("a name of more than fifteen");
	*named = strcmp(thread_current()->name, "a name of more ") == 0;
	thread_exit(5);
}

static int leave_early(void *named)
{
	leave(named);
	return 6;
}

KERNEL_TEST_ALLOC(threads_leave_from_wherever_they_are)
{
	bool named = false;
	struct thread *t = thread_create("leaver", leave_early, &named);

	KT_NEED(t);
	KT_CHECK(thread_join(t) == 5 && named);
	return KT_PASS;
}

struct search {
	uint32_t id;
	bool found;
};

static void compare_id(struct thread *t, void *context)
{
	struct search *s = context;

	s->found |= t->id == s->id;
}

static bool is_listed(uint32_t id)
{
	struct search s = { .id = id };

	thread_for_each(compare_id, &s);
	return s.found;
}

static bool is_gone(uint32_t id)
{
	nsec_t end = clock_now() + 20 * NSEC_PER_SEC;

	while (is_listed(id) && clock_now() < end)
		thread_sleep(NSEC_PER_MSEC);
	return !is_listed(id);
}

/* One that is still at work, and one that has ended. */
KERNEL_TEST_ALLOC(detached_threads_are_gone_when_they_end)
{
	static bool flag;	/* they may outlive this function */
	struct thread *t[2];

	for (unsigned i = 0; i < 2; i++) {
		flag = false;
		t[i] = thread_create("detached", spin_until, &flag);
		KT_NEED(t[i]);
		uint32_t id = t[i]->id;
		if (i == 0)
			thread_detach(t[i]);
		KT_CHECK(is_listed(id));
		set_flag(&flag);
		if (i == 1) {
			KT_CHECK(comes_true(&t[i]->ended));
			KT_CHECK(is_listed(id));
			thread_detach(t[i]);
		}
		KT_CHECK(is_gone(id));
	}
	return KT_PASS;
}

/* Rounds of many at once; the frames that are in use settle when what is kept ready has been given back. */
KERNEL_TEST_UNINJECTED(thousands_of_threads_leave_nothing,
		       "threads_need_memory does the same with fewer")
{
	enum { COUNT = 500, ROUNDS = 5 };
	static struct thread *t[COUNT];
	uint64_t free_before = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < COUNT; i++)
			KT_CHECK((t[i] = thread_create("nothing", nothing, NULL)));
		for (unsigned i = 0; i < COUNT; i++)
			thread_join(t[i]);
		nsec_t end = clock_now() + 10 * NSEC_PER_SEC;
		while (round && frames_free_bytes() < free_before && clock_now() < end)
			thread_sleep(NSEC_PER_MSEC);	/* until the reaper is through */
		if (round)
			KT_CHECK(frames_free_bytes() >= free_before);
		else {
			thread_sleep(50 * NSEC_PER_MSEC);
			free_before = frames_free_bytes() - percpu_count * 16 * 4 * PAGE_SIZE;
		}
	}
	return KT_PASS;
}

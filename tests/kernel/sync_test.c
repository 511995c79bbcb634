/* Locks that block: what they guard stays whole, nobody waits for ever, and holders borrow. Runs with any number of
 * CPUs; where the order of events matters all threads are on one. */
#include "kernel/arch/percpu.h"
#include "kernel/sched/thread.h"
#include "kernel/smp/cpus.h"
#include "kernel/sync/completion.h"
#include "kernel/sync/condvar.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/refcount.h"
#include "kernel/sync/rwlock.h"
#include "kernel/sync/semaphore.h"
#include "tests/kernel/framework.h"

#define CROWD 16u	/* threads, at most */

/* As many threads as make the CPUs compete, each with the same function. */
static unsigned crowd_size(void)
{
	return MIN(2 * cpus_online() + 2, CROWD);
}

/* For a time rather than a number of rounds: what a fight for a lock costs depends on how many real CPUs run ours. */
static nsec_t crowd_end;
static unsigned crowd_rounds;	/* atomic: of all, as far as they count them */
static bool crowd_wrong;	/* one ended with something else than 0 */

static bool crowd_goes_on(void)
{
	return clock_now() < crowd_end;
}

/* Where one finds no memory, the others stop at once. */
static bool crowd_run(int (*run)(void *), void *argument)
{
	struct thread *t[CROWD];
	unsigned made = 0;

	crowd_end = NSEC_NEVER;
	crowd_rounds = 0;
	crowd_wrong = false;
	while (made < crowd_size() && (t[made] = thread_create("crowd", run, argument)))
		made++;
	bool all = made == crowd_size();
	crowd_end = all ? clock_now() + (kt_failing ? 20 : 300) * NSEC_PER_MSEC : 0;
	while (made)
		crowd_wrong |= thread_join(t[--made]) != 0;
	return all;
}

/* On this CPU, with this policy. */
static struct thread *create_here(const char *name, int (*run)(void *), void *argument, int policy, int priority, int nice)
{
	struct thread_options o = { .cpu = cpu_id(), .policy = policy, .priority = priority, .nice = nice };

	return thread_create_with(&o, name, run, argument);
}

static nsec_t soon(void)
{
	return clock_now() + 20 * NSEC_PER_MSEC;
}

/* Let those that can run do so, until they all wait. For a thread that is bound, among bound ones. */
static void settle(void)
{
	thread_sleep(5 * NSEC_PER_MSEC);
}

/* ---- Mutexes ---- */

static struct mutex storm_lock = MUTEX("test storm");
static unsigned storm_count;	/* storm_lock */

static int storm(void *unused)
{
	for (unsigned i = 0; crowd_goes_on(); i++) {
		mutex_lock(&storm_lock);
		unsigned before = storm_count;
		if (i % 64 == 0)
			thread_yield();
		if (i % 512 == 0)
			thread_sleep(10 * NSEC_PER_USEC);
		storm_count = before + 1;
		mutex_unlock(&storm_lock);
		__atomic_add_fetch(&crowd_rounds, 1, __ATOMIC_RELAXED);
		if (i % 100 == 0 && mutex_trylock(&storm_lock))
			mutex_unlock(&storm_lock);
	}
	return 0;
}

KERNEL_TEST_ALLOC(a_mutex_lets_one_in_at_a_time)
{
	storm_count = 0;
	KT_NEED(crowd_run(storm, NULL));
	KT_CHECK(!crowd_wrong && storm_count && storm_count == crowd_rounds);
	KT_CHECK(storm_lock.owner == 0 && !storm_lock.first);
	return KT_PASS;
}

/* Deadlines that pass while the mutex is handed on. */
static int storm_timed(void *unused)
{
	for (unsigned i = 0; crowd_goes_on(); i++) {
		if (!mutex_lock_until(&storm_lock, clock_now() + (nsec_t)(i % 7) * 3 * NSEC_PER_USEC))
			continue;
		unsigned before = storm_count;
		if (i % 16 == 0)
			thread_sleep(5 * NSEC_PER_USEC);
		storm_count = before + 1;
		__atomic_add_fetch(&crowd_rounds, 1, __ATOMIC_RELAXED);
		mutex_unlock(&storm_lock);
	}
	return 0;
}

KERNEL_TEST_ALLOC(a_mutex_survives_those_who_give_up)
{
	storm_count = 0;
	KT_NEED(crowd_run(storm_timed, NULL));
	KT_CHECK(!crowd_wrong && storm_count && storm_count == crowd_rounds);
	KT_CHECK(storm_lock.owner == 0 && !storm_lock.first);
	return KT_PASS;
}

/* A thread that takes a mutex, keeps it until it is told, and takes another first if there is one. */
struct keeper {
	struct mutex *wants, *keeps;	/* it has `keeps` before it wants the other; either may be NULL */
	nsec_t deadline;		/* for what it wants */
	struct completion has, go;
	bool got;			/* what it wanted */
	unsigned turn;			/* the how manieth it was to get that */
	struct thread *thread;
};

static unsigned turns;		/* of keepers */

static int keep(void *argument)
{
	struct keeper *k = argument;

	if (k->keeps)
		mutex_lock(k->keeps);
	completion_done(&k->has);
	k->got = k->wants && mutex_lock_until(k->wants, k->deadline);
	k->turn = ++turns;
	if (k->got)
		mutex_unlock(k->wants);
	if (k->keeps && !k->wants)
		completion_wait(&k->go);
	if (k->keeps)
		mutex_unlock(k->keeps);
	return 0;
}

static bool keeper_start(struct keeper *k, struct mutex *keeps, struct mutex *wants, nsec_t deadline, int policy, int priority,
			 int nice)
{
	*k = (struct keeper){ .keeps = keeps, .wants = wants, .deadline = deadline };
	k->thread = create_here("keeper", keep, k, policy, priority, nice);
	if (k->thread)
		completion_wait(&k->has);
	return k->thread;
}

static void keeper_end(struct keeper *k)
{
	completion_done(&k->go);
	thread_join(k->thread);
}

KERNEL_TEST_ALLOC(a_mutex_goes_to_the_most_urgent_then_to_the_first)
{
	static const int nices[] = { 5, 0, 0, -5, 5, 0 };
	static const unsigned turn[] = { 5, 2, 3, 1, 6, 4 };
	struct mutex m = MUTEX("test turn");
	struct keeper k[ARRAY_SIZE(nices)];
	unsigned made = 0, in_turn = 0;

	thread_set_cpu(thread_current(), cpu_id());
	mutex_lock(&m);
	turns = 0;
	while (made < ARRAY_SIZE(k) && keeper_start(&k[made], NULL, &m, NSEC_NEVER, SCHED_OTHER, 0, nices[made])) {
		settle();
		made++;
	}
	mutex_unlock(&m);
	for (unsigned i = 0; i < made; i++) {
		keeper_end(&k[i]);
		in_turn += k[i].got && k[i].turn == turn[i];
	}
	thread_set_cpu(thread_current(), CPU_ANY);
	KT_NEED(made == ARRAY_SIZE(k));
	KT_CHECK(in_turn == made);
	return KT_PASS;
}

/* A CPU that is not for others until a timer ends that. */
static struct busy_cpu {
	bool spins, over;	/* atomic */
} busy;

static int hog_cpu(void *unused)
{
	nsec_t end = clock_now() + 10 * NSEC_PER_SEC;

	__atomic_store_n(&busy.spins, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&busy.over, __ATOMIC_ACQUIRE) && clock_now() < end)
		cpu_relax();
	return 0;
}

static void end_hog(struct timer *t)
{
	__atomic_store_n(&busy.over, true, __ATOMIC_RELEASE);
}

/* This thread releases the mutex and wants it again at once, while the more urgent one that was woken for it has to wait
 * for its CPU. */
KERNEL_TEST_ALLOC(a_mutex_is_not_taken_from_under_the_most_urgent)
{
	struct thread_options there = { .cpu = 1, .policy = SCHED_FIFO, .priority = 90 };
	struct mutex m = MUTEX("test overtaking");
	struct keeper urgent;
	struct timer t;

	if (!cpu_is_online(1))
		return KT_SKIP;
	busy = (struct busy_cpu){ 0 };
	thread_set_cpu(thread_current(), 1);
	mutex_lock(&m);
	turns = 0;
	if (!keeper_start(&urgent, NULL, &m, NSEC_NEVER, SCHED_FIFO, 20, 0)) {
		mutex_unlock(&m);
		return KT_NO_MEMORY;
	}
	settle();
	thread_set_cpu(thread_current(), 0);
	struct thread *hog = thread_create_with(&there, "hog", hog_cpu, NULL);
	while (hog && !__atomic_load_n(&busy.spins, __ATOMIC_ACQUIRE))
		thread_yield();
	timer_init(&t, end_hog);
	timer_arm(&t, soon());
	mutex_unlock(&m);
	mutex_lock(&m);
	unsigned turn = turns;
	mutex_unlock(&m);
	kt_join(hog);
	timer_cancel(&t);
	keeper_end(&urgent);
	thread_set_cpu(thread_current(), CPU_ANY);
	KT_NEED(hog);
	KT_CHECK(urgent.got && turn == 1);
	return KT_PASS;
}

KERNEL_TEST_ALLOC(a_mutex_with_a_deadline_waits_that_long)
{
	struct mutex m = MUTEX("test deadline");
	struct keeper k;

	KT_NEED(keeper_start(&k, &m, NULL, 0, SCHED_OTHER, 0, 0));
	nsec_t deadline = soon();
	KT_CHECK(!mutex_lock_until(&m, deadline));
	KT_CHECK(clock_now() >= deadline);
	KT_CHECK(!mutex_is_held(&m) && !mutex_trylock(&m));
	keeper_end(&k);
	KT_CHECK(mutex_lock_until(&m, 0));	/* free: no matter when */
	KT_CHECK(mutex_is_held(&m));
	mutex_unlock(&m);
	return KT_PASS;
}

/* ---- Priority inheritance ---- */

KERNEL_TEST_ALLOC(a_holder_borrows_by_way_of_others_and_gives_back)
{
	struct mutex a = MUTEX("test lend a"), b = MUTEX("test lend b");
	struct keeper low, middle, high;

	thread_set_cpu(thread_current(), cpu_id());
	KT_NEED(keeper_start(&low, &a, NULL, 0, SCHED_IDLE, 0, 0));
	unsigned own = thread_urgency(low.thread);
	if (!keeper_start(&middle, &b, &a, NSEC_NEVER, SCHED_OTHER, 0, 0)) {
		keeper_end(&low);
		return KT_NO_MEMORY;
	}
	settle();
	unsigned middle_own = thread_urgency(middle.thread);
	KT_CHECK(thread_urgency(low.thread) == middle_own && middle_own > own);

	nsec_t deadline = clock_now() + 100 * NSEC_PER_MSEC;
	if (!keeper_start(&high, NULL, &b, deadline, SCHED_OTHER, 0, -10)) {
		keeper_end(&low);
		thread_join(middle.thread);
		return KT_NO_MEMORY;
	}
	settle();
	unsigned nice = thread_urgency(high.thread);
	KT_CHECK(nice > middle_own && thread_urgency(low.thread) == nice && thread_urgency(middle.thread) == nice);
	KT_CHECK(thread_set_policy(high.thread, SCHED_FIFO, 30, 0) == 0);	/* while it waits */
	unsigned fifo = thread_urgency(high.thread);
	KT_CHECK(fifo > nice && thread_urgency(low.thread) == fifo && thread_urgency(middle.thread) == fifo);
	KT_CHECK(thread_set_policy(middle.thread, SCHED_OTHER, 0, 5) == 0);	/* a borrower's own: for later */
	KT_CHECK(thread_urgency(middle.thread) == fifo);

	thread_sleep_until(deadline);	/* it gives up */
	settle();
	KT_CHECK(thread_urgency(middle.thread) < middle_own && thread_urgency(low.thread) == thread_urgency(middle.thread));
	completion_done(&low.go);
	KT_CHECK(thread_join(middle.thread) == 0 && middle.got);
	KT_CHECK(thread_urgency(low.thread) == own);
	thread_join(low.thread);
	thread_join(high.thread);
	KT_CHECK(!high.got);
	thread_set_cpu(thread_current(), CPU_ANY);
	return KT_PASS;
}

/* Who has little to say holds what the most important thread needs, while one in between wants the CPU for itself. */
struct inversion {
	struct mutex lock;
	struct completion locked;
	bool over;		/* atomic: the high one had it */
	bool hogged;		/* the medium one gave up */
};

static int inversion_low(void *argument)
{
	struct inversion *v = argument;

	mutex_lock(&v->lock);
	completion_done(&v->locked);
	for (nsec_t end = clock_now() + 10 * NSEC_PER_MSEC; clock_now() < end; )
		;
	mutex_unlock(&v->lock);
	return 0;
}

static int inversion_medium(void *argument)
{
	struct inversion *v = argument;
	nsec_t end = clock_now() + 3 * NSEC_PER_SEC;

	while (!__atomic_load_n(&v->over, __ATOMIC_ACQUIRE) && !v->hogged)
		v->hogged = clock_now() >= end;
	return 0;
}

static int inversion_high(void *argument)
{
	struct inversion *v = argument;

	mutex_lock(&v->lock);
	__atomic_store_n(&v->over, true, __ATOMIC_RELEASE);
	mutex_unlock(&v->lock);
	return 0;
}

KERNEL_TEST_ALLOC(a_hog_in_between_keeps_nobody_from_a_mutex)
{
	struct inversion v = { .lock = MUTEX("test inversion") };
	struct thread *self = thread_current();

	thread_set_cpu(self, cpu_id());
	KT_CHECK(thread_set_policy(self, SCHED_FIFO, 50, 0) == 0);
	struct thread *low = create_here("low", inversion_low, &v, SCHED_FIFO, 1, 0);
	if (low)
		completion_wait(&v.locked);
	struct thread *medium = low ? create_here("medium", inversion_medium, &v, SCHED_FIFO, 10, 0) : NULL;
	thread_sleep(2 * NSEC_PER_MSEC);	/* it has the CPU now */
	struct thread *high = medium ? create_here("high", inversion_high, &v, SCHED_FIFO, 20, 0) : NULL;
	if (!high)
		__atomic_store_n(&v.over, true, __ATOMIC_RELEASE);
	kt_join(high);
	kt_join(medium);
	kt_join(low);
	thread_set_policy(self, SCHED_OTHER, 0, 0);
	thread_set_cpu(self, CPU_ANY);
	KT_NEED(high);
	KT_CHECK(v.over && !v.hogged);
	return KT_PASS;
}

/* ---- Read-write locks ---- */

struct library {
	struct rwlock lock;
	unsigned left, right;		/* lock: equal when nobody writes */
	unsigned reading;		/* atomic */
};

static int visit(void *argument)
{
	struct library *l = argument;

	for (unsigned i = 0; crowd_goes_on(); i++) {
		if (i % 8 == 0) {
			rwlock_write(&l->lock);
			if (__atomic_load_n(&l->reading, __ATOMIC_SEQ_CST))
				return 1;
			l->left++;
			thread_yield();
			l->right++;
			__atomic_add_fetch(&crowd_rounds, 1, __ATOMIC_RELAXED);
			rwlock_write_release(&l->lock);
			continue;
		}
		rwlock_read(&l->lock);
		__atomic_add_fetch(&l->reading, 1, __ATOMIC_SEQ_CST);
		bool whole = l->left == l->right;
		thread_yield();
		whole &= l->left == l->right;
		__atomic_sub_fetch(&l->reading, 1, __ATOMIC_SEQ_CST);
		rwlock_read_release(&l->lock);
		if (!whole)
			return 1;
	}
	return 0;
}

KERNEL_TEST_ALLOC(a_rwlock_keeps_readers_and_writers_apart)
{
	struct library l = { .lock = RWLOCK("test library") };

	KT_NEED(crowd_run(visit, &l));
	KT_CHECK(!crowd_wrong && l.left == crowd_rounds && l.right == l.left);
	KT_CHECK(!l.lock.readers && !l.lock.writing && !l.lock.queue.first);
	return KT_PASS;
}

/* Readers of whom there is always one inside. */
struct relay {
	struct rwlock lock;
	unsigned reading;	/* atomic */
	bool written;		/* atomic */
};

static int relay_read(void *argument)
{
	struct relay *r = argument;

	while (!__atomic_load_n(&r->written, __ATOMIC_ACQUIRE)) {
		rwlock_read(&r->lock);
		unsigned others = __atomic_add_fetch(&r->reading, 1, __ATOMIC_SEQ_CST);
		nsec_t end = clock_now() + NSEC_PER_MSEC;
		while (others < 2 && clock_now() < end && __atomic_load_n(&r->reading, __ATOMIC_SEQ_CST) < 2)
			thread_yield();
		__atomic_sub_fetch(&r->reading, 1, __ATOMIC_SEQ_CST);
		rwlock_read_release(&r->lock);
	}
	return 0;
}

KERNEL_TEST_ALLOC(readers_do_not_keep_a_writer_out)
{
	struct relay r = { .lock = RWLOCK("test relay") };
	struct thread *a = thread_create("reader", relay_read, &r), *b = thread_create("reader", relay_read, &r);

	settle();
	bool in = rwlock_write_until(&r.lock, clock_now() + 10 * NSEC_PER_SEC);
	__atomic_store_n(&r.written, true, __ATOMIC_RELEASE);
	if (in)
		rwlock_write_release(&r.lock);
	kt_join(a);
	kt_join(b);
	KT_NEED(a && b);
	KT_CHECK(in);
	return KT_PASS;
}

static int write_until_soon(void *lock)
{
	return rwlock_write_until(lock, soon());
}

static int read_once(void *lock)
{
	rwlock_read(lock);
	rwlock_read_release(lock);
	return 0;
}

KERNEL_TEST_ALLOC(a_writer_that_gives_up_lets_the_readers_in)
{
	struct rwlock lock = RWLOCK("test give up");

	rwlock_read(&lock);
	struct thread *writer = thread_create("writer", write_until_soon, &lock);
	settle();
	struct thread *reader = thread_create("reader", read_once, &lock);
	int wrote = kt_join(writer);
	kt_join(reader);	/* though this thread still reads */
	rwlock_read_release(&lock);
	KT_NEED(writer && reader);
	KT_CHECK(!wrote);
	KT_CHECK(rwlock_write_until(&lock, soon()));
	rwlock_write_release(&lock);
	return KT_PASS;
}

/* ---- Wait queues ---- */

/* One that is first in the queue, and leaves it without having slept: it finds what it wants, or its time is over. What
 * comes just then, and wakes the first in the queue, is for the one behind it, which sleeps. */
struct doorstep {
	struct waitq came;
	unsigned things;		/* atomic */
	bool queued, finds;
	struct thread *second;
};

static bool take_thing(struct doorstep *d)
{
	unsigned one = 1;

	return __atomic_compare_exchange_n(&d->things, &one, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static int wait_second(void *argument)
{
	struct doorstep *d = argument;
	nsec_t end = clock_now() + 5 * NSEC_PER_SEC;

	return WAITQ_WAIT_UNTIL(&d->came, take_thing(d), end) && clock_now() < end;
}

/* The second look is made in the queue. */
static bool look_on_doorstep(struct doorstep *d)
{
	if (!d->queued) {
		d->queued = true;
		return false;
	}
	d->second = create_here("second", wait_second, d, SCHED_OTHER, 0, 0);
	while (d->second && __atomic_load_n(&d->second->blocking.state, __ATOMIC_ACQUIRE) != THREAD_BLOCKED)
		thread_yield();
	__atomic_store_n(&d->things, 1, __ATOMIC_SEQ_CST);
	waitq_wake_one(&d->came);
	return d->finds;
}

KERNEL_TEST_ALLOC(who_leaves_a_queue_awake_takes_no_wake_up_along)
{
	thread_set_cpu(thread_current(), cpu_id());
	for (unsigned i = 0; i < 2; i++) {
		struct doorstep d = { .came = WAITQ("test doorstep"), .finds = i };
		KT_CHECK(WAITQ_WAIT_UNTIL(&d.came, look_on_doorstep(&d), 0) == d.finds);
		KT_NEED(d.second);
		KT_CHECK(thread_join(d.second) && !d.things);
	}
	thread_set_cpu(thread_current(), CPU_ANY);
	return KT_PASS;
}

/* ---- Semaphores, condition variables, completions ---- */

struct room {
	struct semaphore places;
	unsigned inside, most;		/* atomic */
};

static int enter_room(void *argument)
{
	struct room *r = argument;

	for (unsigned i = 0; crowd_goes_on(); i++) {
		if (i % 5 == 0 && !semaphore_down_until(&r->places, clock_now() + 5 * NSEC_PER_USEC))
			continue;
		if (i % 5)
			semaphore_down(&r->places);
		unsigned inside = __atomic_add_fetch(&r->inside, 1, __ATOMIC_SEQ_CST);
		if (inside > __atomic_load_n(&r->most, __ATOMIC_RELAXED))
			__atomic_store_n(&r->most, inside, __ATOMIC_RELAXED);
		thread_yield();
		__atomic_sub_fetch(&r->inside, 1, __ATOMIC_SEQ_CST);
		semaphore_up(&r->places);
	}
	return 0;
}

KERNEL_TEST_ALLOC(a_semaphore_lets_in_as_many_as_it_has)
{
	struct room r = { .places = SEMAPHORE("test room", 3) };

	KT_NEED(crowd_run(enter_room, &r));
	KT_CHECK(!crowd_wrong && r.most && r.most <= 3);
	for (unsigned i = 0; i < 3; i++)
		KT_CHECK(semaphore_trydown(&r.places));
	KT_CHECK(!semaphore_trydown(&r.places));
	nsec_t deadline = soon();
	KT_CHECK(!semaphore_down_until(&r.places, deadline) && clock_now() >= deadline);
	return KT_PASS;
}

struct belt {
	struct mutex lock;
	struct condvar not_full, not_empty;
	unsigned used, put, taken;	/* lock */
	uint64_t sum;			/* lock: of what was put, less what was taken */
	unsigned items[4];		/* lock */
	struct completion begins;
	unsigned each;			/* before `begins`: what each thread puts or takes */
};

static int belt_put(void *argument)
{
	struct belt *b = argument;

	completion_wait(&b->begins);
	for (unsigned i = 0; i < b->each; i++) {
		mutex_lock(&b->lock);
		while (b->used == ARRAY_SIZE(b->items))
			condvar_wait(&b->not_full, &b->lock);
		b->items[b->used++] = i * 2654435761u;
		b->sum += i * 2654435761u;
		b->put++;
		condvar_wake_one(&b->not_empty);
		mutex_unlock(&b->lock);
	}
	return 0;
}

static int belt_take(void *argument)
{
	struct belt *b = argument;

	completion_wait(&b->begins);
	for (unsigned i = 0; i < b->each; i++) {
		mutex_lock(&b->lock);
		while (!b->used)
			condvar_wait(&b->not_empty, &b->lock);
		b->sum -= b->items[--b->used];
		b->taken++;
		condvar_wake_one(&b->not_full);
		mutex_unlock(&b->lock);
	}
	return 0;
}

KERNEL_TEST_ALLOC(a_belt_of_condition_variables_loses_nothing)
{
	struct belt b = { .lock = MUTEX("test belt"), .not_full = CONDVAR("full"), .not_empty = CONDVAR("empty") };
	struct thread *t[6];

	unsigned made = 0;

	while (made < ARRAY_SIZE(t) && (t[made] = thread_create("belt", made % 2 ? belt_put : belt_take, &b)))
		made++;
	if (made == ARRAY_SIZE(t))
		b.each = kt_failing ? 10 : 300;
	completion_done(&b.begins);
	while (made)
		thread_join(t[--made]);
	KT_NEED(b.each);
	KT_CHECK(b.put == 3 * b.each && b.taken == b.put && !b.used && !b.sum);
	mutex_lock(&b.lock);
	nsec_t deadline = soon();
	KT_CHECK(!condvar_wait_until(&b.not_empty, &b.lock, deadline) && clock_now() >= deadline);
	KT_CHECK(mutex_is_held(&b.lock));
	mutex_unlock(&b.lock);
	return KT_PASS;
}

static int complete(void *c)
{
	completion_done(c);
	return 0;
}

KERNEL_TEST_ALLOC(a_completion_is_seen_before_and_after)
{
	struct completion late = COMPLETION("test late");
	nsec_t deadline = soon();

	KT_CHECK(!completion_wait_until(&late, deadline) && clock_now() >= deadline);
	completion_done(&late);
	completion_wait(&late);
	completion_wait(&late);
	completion_reset(&late);
	KT_CHECK(!completion_wait_until(&late, 0));
	for (unsigned i = 0; i < (kt_failing ? 5 : 100); i++) {	/* each gone as soon as it is seen */
		struct completion c = COMPLETION("test done");
		struct thread *t = thread_create("complete", complete, &c);
		KT_NEED(t);
		if (i % 3 == 0)
			thread_yield();
		completion_wait(&c);
		c.queue.lock.next = 1;		/* whoever still uses it hangs */
		thread_join(t);
	}
	return KT_PASS;
}

/* ---- References ---- */

KERNEL_TEST(references_saturate)
{
	struct refcount r = REFCOUNT;

	refcount_get(&r);
	KT_CHECK(refcount_get_if_any(&r) && refcount_read(&r) == 3);
	KT_CHECK(!refcount_put(&r) && !refcount_put(&r) && refcount_put(&r));
	KT_CHECK(!refcount_get_if_any(&r) && refcount_read(&r) == 0);
	r.count = REFCOUNT_MOST - 1;
	refcount_get(&r);
	KT_CHECK(refcount_read(&r) == REFCOUNT_MOST);
	refcount_get(&r);
	KT_CHECK(refcount_read(&r) == REFCOUNT_SATURATED);
	for (unsigned i = 0; i < 3; i++) {
		KT_CHECK(!refcount_put(&r) && refcount_get_if_any(&r));
		refcount_get(&r);
		KT_CHECK(refcount_read(&r) == REFCOUNT_SATURATED);
	}
	r.count = REFCOUNT_MOST;
	KT_CHECK(refcount_get_if_any(&r) && refcount_read(&r) == REFCOUNT_SATURATED);
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_reference_after_the_last)
{
	struct refcount r = REFCOUNT;

	(void)refcount_put(&r);
	refcount_get(&r);
	return KT_FAIL;
}

KERNEL_TEST_PANIC(panic_reference_given_back_twice)
{
	struct refcount r = REFCOUNT;

	(void)refcount_put(&r);
	(void)refcount_put(&r);
	return KT_FAIL;
}

/* ---- Misuse ---- */

KERNEL_TEST_PANIC(panic_mutex_twice)
{
	static struct mutex m = MUTEX("test twice");

	mutex_lock(&m);
	mutex_lock(&m);
	return KT_FAIL;
}

KERNEL_TEST_PANIC(panic_mutex_under_spinlock)
{
	static struct spinlock s = SPINLOCK("test outer");
	static struct mutex m = MUTEX("test inner");

	spin_lock(&s);
	mutex_lock(&m);
	return KT_FAIL;
}

KERNEL_TEST_PANIC(panic_mutex_not_held)
{
	static struct mutex m = MUTEX("test open");

	mutex_unlock(&m);
	return KT_FAIL;
}

/* Two that wait for each other, now, with no deadline. */
KERNEL_TEST_PANIC(panic_mutex_deadlock)
{
	static struct mutex a = MUTEX("test dead a"), b = MUTEX("test dead b");
	static struct keeper other;

	mutex_lock(&a);
	if (keeper_start(&other, &b, &a, NSEC_NEVER, SCHED_OTHER, 0, 0)) {
		settle();
		mutex_lock(&b);
	}
	return KT_FAIL;
}

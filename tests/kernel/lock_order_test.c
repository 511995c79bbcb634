/* Locks taken in a wrong order are reported before anybody waits for ever, once for each pair. Skipped in builds that do
 * not check. */
#include "kernel/sched/thread.h"
#include "kernel/sync/mutex.h"
#include "tests/kernel/framework.h"

#define ONCE "a pair of locks is reported once, so it cannot run again"

static void spin_pair(struct spinlock *outer, struct spinlock *inner)
{
	uint64_t flags = spin_lock_irqsave(outer);

	spin_lock(inner);
	spin_unlock(inner);
	spin_unlock_irqrestore(outer, flags);
}

struct pair { struct mutex *outer, *inner; };

static int mutex_pair(void *argument)
{
	const struct pair *p = argument;

	mutex_lock(p->outer);
	mutex_lock(p->inner);
	mutex_unlock(p->inner);
	mutex_unlock(p->outer);
	return 0;
}

/* In a thread of its own. */
static bool mutexes_in_order(struct mutex *outer, struct mutex *inner)
{
	struct pair p = { outer, inner };
	struct thread *t = thread_create("orderly", mutex_pair, &p);

	return t && thread_join(t) == 0;
}

KERNEL_TEST_UNINJECTED(lock_order_of_mutexes_in_two_threads, ONCE)
{
	static struct mutex a = MUTEX("test a"), b = MUTEX("test b");
	unsigned before = lock_order_reports();
	uint64_t from = log_tail(0);

	if (!LOCK_ORDER)
		return KT_SKIP;
	for (unsigned i = 0; i < 3; i++)
		KT_CHECK(mutexes_in_order(&a, &b));
	KT_CHECK(lock_order_reports() == before);
	for (unsigned i = 0; i < 3; i++)
		KT_CHECK(mutexes_in_order(&b, &a));
	KT_CHECK(lock_order_reports() == before + 1);
	KT_CHECK(kt_logged(from, "lock order: \"test a\" is taken with \"test b\" held, against the order seen before"));
	KT_CHECK(kt_logged(from, "lock order: before, \"test b\" was taken with \"test a\" held"));
	KT_CHECK(kt_logged(from, "lock order:   by mutex_pair+0x"));
	return KT_PASS;
}

/* Both hold one when they want the other: the report comes though they then wait. */
struct cross {
	struct mutex *mine, *other;
	unsigned *holding;	/* atomic: how many have theirs */
};

static int cross_over(void *argument)
{
	struct cross *c = argument;

	mutex_lock(c->mine);
	__atomic_add_fetch(c->holding, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(c->holding, __ATOMIC_SEQ_CST) < 2)
		thread_yield();
	bool got = mutex_lock_until(c->other, clock_now() + 50 * NSEC_PER_MSEC);
	if (got)
		mutex_unlock(c->other);
	mutex_unlock(c->mine);
	return got;
}

KERNEL_TEST_UNINJECTED(lock_order_of_mutexes_that_wait_for_each_other, ONCE)
{
	static struct mutex a = MUTEX("test cross a"), b = MUTEX("test cross b");
	unsigned before = lock_order_reports(), holding = 0;
	struct cross ab = { &a, &b, &holding }, ba = { &b, &a, &holding };
	struct thread *x = thread_create("x", cross_over, &ab), *y = thread_create("y", cross_over, &ba);

	KT_CHECK(x && y);
	int got = thread_join(x) + thread_join(y);
	KT_CHECK(got <= 1);	/* the one that is late gets it when the other has given up */
	KT_CHECK(!LOCK_ORDER || lock_order_reports() == before + 1);
	return KT_PASS;
}

KERNEL_TEST(lock_order_of_spinlocks)
{
	static struct spinlock a = SPINLOCK("test spin a"), b = SPINLOCK("test spin b"), c = SPINLOCK("test spin c");
	unsigned before = lock_order_reports();
	uint64_t from = log_tail(0);

	if (!LOCK_ORDER)
		return KT_SKIP;
	spin_pair(&a, &b);
	spin_pair(&b, &c);
	spin_pair(&a, &c);
	KT_CHECK(lock_order_reports() == before);
	spin_pair(&c, &a);	/* by way of b, too */
	KT_CHECK(lock_order_reports() == before + 1);
	KT_CHECK(kt_logged(from, "lock order: \"test spin a\" is taken with \"test spin c\" held, against the order seen before"));
	spin_pair(&c, &a);
	KT_CHECK(lock_order_reports() == before + 1);
	return KT_PASS;
}

KERNEL_TEST(lock_order_of_a_circle_of_three)
{
	static struct spinlock a = SPINLOCK("test ring a"), b = SPINLOCK("test ring b"), c = SPINLOCK("test ring c");
	unsigned before = lock_order_reports();
	uint64_t from = log_tail(0);

	if (!LOCK_ORDER)
		return KT_SKIP;
	spin_pair(&a, &b);
	spin_pair(&b, &c);
	KT_CHECK(lock_order_reports() == before);
	spin_pair(&c, &a);
	KT_CHECK(lock_order_reports() == before + 1);
	KT_CHECK(kt_logged(from, "lock order: before, \"test ring b\" was taken with \"test ring a\" held"));
	KT_CHECK(kt_logged(from, "lock order: before, \"test ring c\" was taken with \"test ring b\" held"));
	return KT_PASS;
}

KERNEL_TEST(lock_order_of_ranks)
{
	static struct spinlock outer = SPINLOCK_RANKED("test rank 1", LOCK_THREAD_LIST);
	static struct spinlock inner = SPINLOCK_RANKED("test rank 2", LOCK_TIMERS);
	unsigned before = lock_order_reports();
	uint64_t from = log_tail(0);

	if (!LOCK_ORDER)
		return KT_SKIP;
	spin_pair(&inner, &outer);	/* never seen in any order */
	KT_CHECK(lock_order_reports() == before + 1);
	KT_CHECK(kt_logged(from, "lock order: \"test rank 1\" is taken with \"test rank 2\" held, against the declared order"));
	KT_CHECK(kt_logged(from, "lock order: \"test rank 2\" was taken by spin_pair+0x"));
	spin_pair(&outer, &inner);
	KT_CHECK(lock_order_reports() == before + 1);
	return KT_PASS;
}

KERNEL_TEST(lock_order_of_two_of_a_kind)
{
	static struct spinlock a = SPINLOCK("test kind"), b = SPINLOCK("test kind");
	unsigned before = lock_order_reports();

	if (!LOCK_ORDER)
		return KT_SKIP;
	uint64_t flags = spin_lock_irqsave(&a);
	if (spin_trylock(&b))
		spin_unlock(&b);
	spin_unlock_irqrestore(&a, flags);
	KT_CHECK(lock_order_reports() == before);	/* a try waits for nobody */
	spin_pair(&a, &b);
	KT_CHECK(lock_order_reports() == before + 1);
	return KT_PASS;
}

static struct spinlock interrupted = SPINLOCK("test interrupted");

static void take_in_interrupt(struct timer *t)
{
	spin_lock(&interrupted);
	spin_unlock(&interrupted);
}

KERNEL_TEST(lock_order_of_an_interrupt_and_its_victim)
{
	unsigned before = lock_order_reports();
	uint64_t from = log_tail(0);
	struct timer t;

	if (!LOCK_ORDER)
		return KT_SKIP;
	timer_init(&t, take_in_interrupt);
	timer_arm(&t, clock_now());
	thread_sleep(5 * NSEC_PER_MSEC);
	timer_cancel(&t);
	KT_CHECK(lock_order_reports() == before);
	spin_lock(&interrupted);	/* interrupts are on */
	spin_unlock(&interrupted);
	KT_CHECK(lock_order_reports() == before + 1);
	KT_CHECK(kt_logged(from, "lock order: \"interrupt\" is taken with \"test interrupted\" held"));
	return KT_PASS;
}

/* The order in which locks are taken, checked while the kernel runs: in builds without NDEBUG, and free in the others.
 *
 *	static struct spinlock lock = SPINLOCK_RANKED("run queue", LOCK_RUN_QUEUE);
 *	static struct mutex lock = MUTEX("mount");		no rank: the order is learnt
 *
 * Rules
 * - Locks of one name are a class. Who holds one and takes another says that this order is right. What contradicts
 *   that is reported, once for each pair of classes, whether or not anybody waits for ever this time:
 *	two classes of a rank, the outer one's being no lower;
 *	two of one class;
 *	classes of which the inner one was seen outside the other, if need be with others in between;
 *	a spinlock that a handler of interrupts takes, and that somebody holds with interrupts on.
 * - The report is made before the lock is waited for, says "lock order:", and shows by which way both orders came about.
 * - A try has no order, since it does not wait; what it took counts for what is taken next. Locks without a name do
 *   not count, nor those after the first LOCK_CLASSES names, which is reported.
 * - Here are ranks and what kernel/sync calls; others need no more than a rank, and lock_order_reports in tests. */
#ifndef KERNEL_SYNC_LOCK_ORDER_H
#define KERNEL_SYNC_LOCK_ORDER_H

#include "kernel/arch/cpu.h"
#include "kernel/arch/preempt.h"
#include "kernel/sync/blocking.h"

/* The declared order: who holds a lock takes only ones that stand further down. */
enum lock_rank {
	LOCK_UNRANKED,
	LOCK_THREAD_LIST,	/* sched/thread.c */
	LOCK_LENDING,		/* sync/mutex.c */
	LOCK_RUN_QUEUE,		/* sched/sched.c: one; another's by a try */
	LOCK_PAGE_TABLES,	/* arch/x86_64/paging.c: frames for tables are asked for under it */
	LOCK_SLAB_CACHE,	/* mm/slab.c */
	LOCK_ZONE,		/* mm/zones.c */
	LOCK_TIMERS,		/* time/timer.c */
	LOCK_HPET,		/* arch/x86_64/hpet_timer.c */
};

/* In each lock. */
struct lock_key {
	uint16_t rank;
	uint16_t class;		/* atomic: its number, 0 until it is first taken */
};

#ifdef NDEBUG
#define LOCK_ORDER 0
#else
#define LOCK_ORDER 1
#endif

/* Numbers of classes are bits of a word. Spinlocks and mutexes have graphs of their own, since no mutex is taken with a
 * spinlock held. */
#define LOCK_CLASSES	64u
#define LOCK_NO_CLASS	0u	/* not known yet; its bit is set in whatever is held, so that it is looked at */
#define LOCK_INTERRUPT	1u	/* a handler of interrupts holds it; one can take it wherever interrupts are on */
#define LOCK_UNCHECKED	2u	/* without a name, or too many */

struct lock_graph {
	uint64_t unseen[LOCK_CLASSES];		/* atomic: by class, under which others it has not been taken yet */
	vaddr_t taken_at[LOCK_CLASSES];		/* the instruction that took the last of it */
	uint64_t inner[LOCK_CLASSES];		/* by class, which others have been taken under it */
	const char *name[LOCK_CLASSES];
	uint16_t rank[LOCK_CLASSES];
	unsigned classes;
};

extern struct lock_graph lock_graph_spin, lock_graph_blocking;

/* What is not seen at a glance: give the lock its class; look at it and those that are held. */
void lock_order_classify(struct lock_graph *g, struct lock_key *key, const char *name);
void lock_order_look(struct lock_graph *g, struct lock_key *key, const char *name, uint64_t held);
void lock_order_look_interrupts(const struct lock_key *key);

/* How many reports there were. */
unsigned lock_order_reports(void);

static inline uint64_t lock_order_bit(const struct lock_key *key)
{
	return 1ull << (key->class & (LOCK_CLASSES - 1));
}

/* About to be taken with these held: what is held then. */
static inline uint64_t lock_order_add(struct lock_graph *g, struct lock_key *key, const char *name, uint64_t held)
{
	if (__builtin_expect(g->unseen[key->class] & held, 0))
		lock_order_look(g, key, name, held);
	__asm__ volatile("lea 0(%%rip), %0" : "=r"(g->taken_at[key->class]));
	return held | lock_order_bit(key);
}

/* Spinlocks, with preemption off. */
static inline void lock_order_spin(struct lock_key *key, const char *name)
{
	if (LOCK_ORDER)
		preempt_set_locks(lock_order_add(&lock_graph_spin, key, name, preempt_locks()));
}

static inline void lock_order_spin_tried(struct lock_key *key, const char *name)
{
	if (LOCK_ORDER && key->class == LOCK_NO_CLASS)
		lock_order_classify(&lock_graph_spin, key, name);
	if (LOCK_ORDER)
		preempt_set_locks(preempt_locks() | lock_order_bit(key));
}

static inline void lock_order_spin_interrupts(const struct lock_key *key)
{
	if (LOCK_ORDER && cpu_irqs_are_on())
		lock_order_look_interrupts(key);
}

static inline void lock_order_spin_released(const struct lock_key *key)
{
	if (LOCK_ORDER)
		preempt_set_locks(preempt_locks() & ~lock_order_bit(key));
}

/* Around what an interrupt does. */
static inline void lock_order_interrupt_enter(void)
{
	if (LOCK_ORDER)
		preempt_set_locks(preempt_locks() | 1ull << LOCK_INTERRUPT);
}

static inline void lock_order_interrupt_leave(void)
{
	if (LOCK_ORDER)
		preempt_set_locks(preempt_locks() & ~(1ull << LOCK_INTERRUPT));
}

/* Locks that block, of the running thread. */
static inline void lock_order_blocking(struct lock_key *key, const char *name)
{
	struct thread_blocking *own = thread_blocking(thread_current());

	if (LOCK_ORDER)
		own->held = lock_order_add(&lock_graph_blocking, key, name, own->held);
}

static inline void lock_order_blocking_tried(struct lock_key *key, const char *name)
{
	if (LOCK_ORDER && key->class == LOCK_NO_CLASS)
		lock_order_classify(&lock_graph_blocking, key, name);
	if (LOCK_ORDER)
		thread_blocking(thread_current())->held |= lock_order_bit(key);
}

static inline void lock_order_blocking_released(const struct lock_key *key)
{
	if (LOCK_ORDER)
		thread_blocking(thread_current())->held &= ~lock_order_bit(key);
}

#endif

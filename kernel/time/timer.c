/* Each CPU has a queue of its own and a lock for it, which others take only to cancel or take over a timer.
 *
 * The hardware is armed for the earliest timer alone, and for nothing where there is none. When that timer is
 * cancelled the hardware stays as it is: most timers are timeouts that never happen, and the one interrupt that comes
 * without need is cheaper than setting the hardware twice for each of them. It is then armed for whoever is first.
 *
 * A timer belongs to a CPU (home), also while it is not armed. It moves to the CPU that arms it, except while its
 * function runs on the old one: then it stays, so that the function cannot run twice at a time, and the old CPU,
 * which is going through its queue just then, finds it there. */
#include "kernel/time/timer.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/timer.h"
#include "kernel/sync/spinlock.h"
#include "kernel/time/clock.h"

struct timers {
	struct spinlock lock;
	struct timer_queue queue GUARDED_BY(&lock);
	struct timer *running GUARDED_BY(&lock);	/* atomic, too: whose function runs now */
	nsec_t armed;			/* own CPU only: the hardware is armed for this time; 0: not at all */
};

#define EXPIRING INT64_MIN	/* as `armed`: later than no timer, so that the hardware is armed at the end alone */

static PERCPU(struct timers, timers);

static struct timer *timer_of(struct timer_node *node)
{
	return (struct timer *)((char *)node - offsetof(struct timer, node));
}

/* The timer has moved while q was waited for. Rare: kept out of the way, as what is rare below. */
static __attribute__((noinline)) struct timers *home_lock_again(struct timer *t, struct timers *q) UNCHECKED_LOCKS
{
	do {
		spin_unlock(&q->lock);
		q = __atomic_load_n(&t->home, __ATOMIC_ACQUIRE);
		spin_lock(&q->lock);
	} while (__atomic_load_n(&t->home, __ATOMIC_RELAXED) != q);
	return q;
}

/* Lock the queue that a timer belongs to. Until it is locked the timer may move. */
static inline struct timers *home_lock(struct timer *t) UNCHECKED_LOCKS
{
	struct timers *q = __atomic_load_n(&t->home, __ATOMIC_ACQUIRE);

	spin_lock(&q->lock);
	return __atomic_load_n(&t->home, __ATOMIC_RELAXED) == q ? q : home_lock_again(t, q);
}

/* Arm this CPU's hardware, unless it is armed for no later already. It never is for later than the first timer. */
static inline void hardware_arm(struct timers *q, nsec_t deadline)
{
	if (q->armed && q->armed <= deadline)
		return;
	q->armed = MAX(deadline, (nsec_t)1);
	timer_hw_arm(clock_ticks_at(deadline));
}

void timer_init(struct timer *t, void (*fired)(struct timer *t))
{
	*t = (struct timer){ .home = &this_cpu(timers), .fired = fired };
}

static bool dequeue_locked(struct timers *q, struct timer *t) REQUIRES(&q->lock)
{
	bool queued = timer_node_is_queued(&t->node);

	if (queued)
		timer_queue_remove(&q->queue, &t->node);
	return queued;
}

/* Move a timer from its locked home to this CPU's queue, and lock that; unless another CPU is faster, or its function
 * runs where it is. Returns what is locked in the end. */
static __attribute__((noinline)) struct timers *move_home_locked(struct timer *t, struct timers *q, struct timers *mine)
	UNCHECKED_LOCKS
{
	while (q != mine && q->running != t) {
		__atomic_store_n(&t->home, mine, __ATOMIC_RELEASE);
		spin_unlock(&q->lock);
		q = home_lock(t);
		dequeue_locked(q, t);
	}
	return q;
}

void timer_arm(struct timer *t, nsec_t deadline)
{
	uint64_t flags = cpu_irq_save();
	struct timers *mine = &this_cpu(timers), *q = home_lock(t);

	spin_taken(&q->lock);
	dequeue_locked(q, t);
	if (q != mine) {
		spin_passed(&q->lock);
		q = move_home_locked(t, q, mine);
		spin_taken(&q->lock);
	}
	t->node.deadline = deadline;
	timer_queue_insert(&q->queue, &t->node);
	if (q == mine)
		hardware_arm(q, deadline);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* One try: dequeue it. False where its function runs on another CPU, which may arm it again. */
static bool try_cancel(struct timer *t, bool *was_armed, struct timers **ret_home)
{
	uint64_t flags = cpu_irq_save();
	struct timers *q = home_lock(t);
	spin_taken(&q->lock);
	bool done = q->running != t || q == &this_cpu(timers);

	*was_armed |= dequeue_locked(q, t);
	*ret_home = q;
	spin_unlock_irqrestore(&q->lock, flags);
	return done;
}

bool timer_cancel(struct timer *t)
{
	struct timers *home;
	bool was_armed = false;

	while (!try_cancel(t, &was_armed, &home))
		while (__atomic_load_n(&home->running, __ATOMIC_ACQUIRE) == t)
			cpu_relax();
	return was_armed;
}

/* Call the function of a timer that is due; the lock is released meanwhile. The timer may be gone afterwards. */
static void fire_locked(struct timers *q, struct timer *t) REQUIRES(&q->lock)
{
	timer_queue_remove(&q->queue, &t->node);
	__atomic_store_n(&q->running, t, __ATOMIC_RELAXED);
	spin_unlock(&q->lock);
	t->fired(t);
	spin_lock(&q->lock);
	__atomic_store_n(&q->running, NULL, __ATOMIC_RELEASE);
}

/* The timer interrupt. Time is read once: a function that always arms its timer for the past gets one call for each
 * interrupt. */
static void timers_expire(void)
{
	struct timers *q = &this_cpu(timers);
	nsec_t now = clock_now();

	spin_lock(&q->lock);
	q->armed = EXPIRING;
	while (q->queue.first && q->queue.first->deadline <= now)
		fire_locked(q, timer_of(q->queue.first));
	q->armed = 0;
	if (q->queue.first)
		hardware_arm(q, q->queue.first->deadline);
	spin_unlock(&q->lock);
}

void timers_init(void)
{
	timer_hw_set_handler(timers_expire);
}

void timers_init_cpu(void)
{
	this_cpu(timers).lock = (struct spinlock)SPINLOCK_RANKED("timers", LOCK_TIMERS);
}

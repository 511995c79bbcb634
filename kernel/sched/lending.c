/* How a thread is scheduled: by what was set for it, or by what is lent to it if that is more urgent.
 *
 * Who waits for a mutex lends its urgency to the mutex's holder (priority inheritance; kernel/sync/mutex.c sees to
 * whom and for how long). Lending needs policies in one order, so urgency is one number: 1 for SCHED_IDLE, then the
 * nice values from 19 down, then priorities from 1 up, where SCHED_FIFO is a little more than SCHED_RR of the same
 * priority. A borrower of SCHED_BATCH's urgency runs as SCHED_OTHER, which differs from it only in wake-ups. */
#include <abi/linux/errno.h>
#include "kernel/sched/internal.h"
#include "kernel/sync/mutex.h"

#define URGENCY_IDLE		1u
#define URGENCY_NICE_0		(URGENCY_IDLE + 1 + SCHED_NICE_MAX)
#define URGENCY_REALTIME	(URGENCY_NICE_0 - SCHED_NICE_MIN + 1)

static unsigned urgency_of(int policy, int priority, int nice)
{
	if (priority)
		return URGENCY_REALTIME + 2 * (unsigned)priority + (policy == SCHED_FIFO);
	return policy == SCHED_IDLE ? URGENCY_IDLE : URGENCY_NICE_0 - (unsigned)nice;
}

/* The other way round. */
static void change_to_urgency_locked(struct cpu_sched *s, struct thread *t, unsigned urgency) REQUIRES(&s->lock)
{
	unsigned above = urgency - URGENCY_REALTIME;

	if (urgency >= URGENCY_REALTIME)
		sched_change_locked(s, t, above % 2 ? SCHED_FIFO : SCHED_RR, (int)(above / 2), 0);
	else
		sched_change_locked(s, t, urgency == URGENCY_IDLE ? SCHED_IDLE : SCHED_OTHER, 0,
				    urgency == URGENCY_IDLE ? 0 : (int)(URGENCY_NICE_0 - urgency));
}

/* By its own values, or by what is lent. */
static void apply_locked(struct cpu_sched *s, struct thread *t) REQUIRES(&s->lock)
{
	if (t->lent > urgency_of(t->policy, t->priority, t->nice))
		change_to_urgency_locked(s, t, t->lent);
	else
		sched_change_locked(s, t, t->policy, t->priority, t->nice);
}

unsigned thread_urgency(struct thread *t)
{
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = sched_lock_home(t);
	spin_taken(&s->lock);
	unsigned urgency = MAX(urgency_of(t->policy, t->priority, t->nice), t->lent);

	spin_unlock_irqrestore(&s->lock, flags);
	return urgency;
}

void thread_lend(struct thread *t, unsigned urgency)
{
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = sched_lock_home(t);
	spin_taken(&s->lock);

	if (t->lent != urgency) {
		t->lent = (uint16_t)urgency;
		apply_locked(s, t);
	}
	spin_unlock_irqrestore(&s->lock, flags);
}

int thread_set_policy(struct thread *t, int policy, int priority, int nice)
{
	struct rq_entity probe;
	int error = rq_entity_init(&probe, policy, priority, nice);

	if (error)
		return error;
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = sched_lock_home(t);
	spin_taken(&s->lock);
	t->policy = (uint8_t)policy;
	t->priority = (uint8_t)priority;
	t->nice = (int8_t)nice;
	apply_locked(s, t);
	spin_unlock_irqrestore(&s->lock, flags);
	mutex_waiter_changed(t);
	return 0;
}

/* Addresses are compared, nothing is read of the thread. */
static bool is_running_on(const struct thread *t, cpu_id_t cpu)
{
	return __atomic_load_n(&cpu_of(cpu, cpu_sched).queue.current, __ATOMIC_RELAXED) == &t->entity;
}

bool thread_is_running(const struct thread *t, cpu_id_t *hint)
{
	if (is_running_on(t, *hint))
		return true;
	for (*hint = percpu_count - 1; *hint && !is_running_on(t, *hint); --*hint)
		;
	return is_running_on(t, *hint);
}

const char *thread_name(const struct thread *t)
{
	return t->name;
}

/* An executor is a queue and the thread that empties it. Since only that thread runs tasks, a task cannot run twice at
 * a time, and all that is left to decide is who is queued: task_wake puts a task in unless it is there, the thread
 * takes it out before it runs it. So a wake during the run queues it anew, and none is lost.
 *
 * The thread is woken with the wake that finds the queue empty alone; with others it has not gone to sleep yet, and
 * looks again before it does. */
#include "kernel/sched/executor.h"

#include <abi/linux/errno.h>
#include "kernel/core/assert.h"
#include "kernel/core/panic.h"

static struct executor default_executor;

void task_init(struct task *t, struct executor *x, void (*run)(struct task *))
{
	*t = (struct task){ .run = run, .executor = x };
}

static void dequeue_locked(struct executor *x, struct task *t)
{
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	else
		x->end = t->link;
	t->link = NULL;
}

void task_wake(struct task *t)
{
	struct executor *x = t->executor;
	uint64_t flags = spin_lock_irqsave(&x->lock);
	bool was_empty = !x->first;

	if (!t->link && !t->cancelled) {
		t->next = NULL;
		t->link = x->end;
		*x->end = t;
		x->end = &t->next;
	}
	spin_unlock_irqrestore(&x->lock, flags);
	if (was_empty)
		waitq_wake_one(&x->work);
}

/* While its end is waited for nothing wakes it: it may do so itself, each time it runs. */
bool task_cancel(struct task *t)
{
	struct executor *x = t->executor;
	uint64_t flags = spin_lock_irqsave(&x->lock);
	bool was_queued = t->link, runs = x->running == t && thread_current() != x->thread;

	if (was_queued)
		dequeue_locked(x, t);
	t->cancelled = runs;
	spin_unlock_irqrestore(&x->lock, flags);
	if (runs) {
		WAITQ_WAIT(&x->finished, __atomic_load_n(&x->running, __ATOMIC_ACQUIRE) != t);
		__atomic_store_n(&t->cancelled, false, __ATOMIC_RELEASE);
	}
	return was_queued;
}

/* The next task, which runs from now on; NULL where there is none. */
static struct task *take(struct executor *x)
{
	uint64_t flags = spin_lock_irqsave(&x->lock);
	struct task *t = x->first;

	if (t)
		dequeue_locked(x, t);
	x->running = t;
	spin_unlock_irqrestore(&x->lock, flags);
	return t;
}

/* Behind its run the task may be gone. */
static int executor_run(void *executor)
{
	struct executor *x = executor;

	for (;;) {
		struct task *t = NULL;
		WAITQ_WAIT(&x->work, (t = take(x)) || __atomic_load_n(&x->stopping, __ATOMIC_ACQUIRE));
		if (!t)
			return 0;
		t->run(t);
		__atomic_store_n(&x->running, NULL, __ATOMIC_RELEASE);
		waitq_wake_all(&x->finished);
	}
}

int executor_start(struct executor *x, const char *name)
{
	*x = (struct executor){ .lock = SPINLOCK("executor"), .work = WAITQ("executor's work"), .finished = WAITQ("cancelled task") };
	x->end = &x->first;
	x->thread = thread_create(name, executor_run, x);
	return x->thread ? 0 : -ENOMEM;
}

void executor_stop(struct executor *x)
{
	__atomic_store_n(&x->stopping, true, __ATOMIC_RELEASE);
	waitq_wake_all(&x->work);
	thread_join(x->thread);
	ASSERT(!x->first);
}

void executor_init(void)
{
	if (executor_start(&default_executor, "executor/0"))
		panic("sched: no memory for the executor");
}

struct executor *executor_default(void)
{
	return &default_executor;
}

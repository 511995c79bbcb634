/* Work for later: tasks without a stack of their own, run in turn by one thread, the executor.
 *
 *	static void decode(struct task *t)
 *	{
 *		struct port *p = (struct port *)((char *)t - offsetof(struct port, decoding));
 *		…
 *	}
 *	task_init(&p->decoding, executor_default(), decode);
 *	...
 *	task_wake(&p->decoding);		in the port's interrupt
 *
 * Rules
 * - A task is a function and, in the struct around it, the state that the function goes on from. It is called once
 *   behind each task_wake; wakes that come before the call are one, one that comes during the call brings another
 *   call. It never runs twice at a time. Tasks are run in the order of their wakes.
 * - The function is a thread's: it may block, but then all other tasks of its executor wait. It may wake, cancel and
 *   free its own task.
 * - task_wake is for any context but NMI. task_cancel is for threads: when it returns, the function is not running and
 *   will not run, unless somebody wakes it afterwards; what it uses may be freed. Called from the function itself, it
 *   returns with only that still running. The caller holds no lock that the function takes.
 * - Cost: none of it depends on the number of tasks. Nothing is allocated. */
#ifndef KERNEL_SCHED_EXECUTOR_H
#define KERNEL_SCHED_EXECUTOR_H

#include "kernel/sched/thread.h"

struct executor;

/* (x) the executor's lock; (c) constant since task_init. */
struct task {
	void (*run)(struct task *t);	/* (c) */
	struct executor *executor;	/* (c) */
	struct task *next, **link;	/* (x) link NULL: it is not queued */
	bool cancelled;			/* (x) to set it: it runs, and its end is waited for */
};

struct executor {
	struct spinlock lock;
	struct task *first, **end;	/* (lock) */
	struct task *running;		/* (lock) to set it; atomic */
	bool stopping;			/* atomic */
	struct waitq work, finished;
	struct thread *thread;		/* constant since executor_start */
};

/* Start an executor's thread. -ENOMEM. */
int executor_start(struct executor *x, const char *name);

/* Its tasks are cancelled, or no more are woken; what is queued still runs. It may be freed then. */
void executor_stop(struct executor *x);

/* Once, when there are threads; and the executor that is there for everybody. */
void executor_init(void);
struct executor *executor_default(void);

void task_init(struct task *t, struct executor *x, void (*run)(struct task *t));
void task_wake(struct task *t);

/* True where it was queued and will not run because of this call. */
bool task_cancel(struct task *t);

#endif

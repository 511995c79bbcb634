/* Threads from their creation to their end.
 *
 * A struct thread lies at the top of its own stack, and both are kept together when the thread is gone: each CPU has a
 * few spare ones, so that the next thread costs no mapping. What is more than that is given back by a thread of its
 * own (the reaper), since unmapping waits for other CPUs, which a CPU that has just switched cannot do. */
#include "kernel/sched/thread.h"

#include <abi/linux/errno.h>
#include "kernel/arch/mmu.h"
#include "kernel/core/assert.h"
#include "kernel/mm/failure.h"
#include "kernel/mm/kstack.h"
#include "kernel/sched/internal.h"

#define SPARES_MOST	16u	/* a CPU; 256 KiB */

static struct spinlock list_lock = SPINLOCK_RANKED("threads", LOCK_THREAD_LIST);
static struct thread *threads GUARDED_BY(&list_lock);
static struct thread **threads_end GUARDED_BY(&list_lock) = &threads;
static uint32_t last_id GUARDED_BY(&list_lock);

static struct spinlock surplus_lock = SPINLOCK("dead threads");
static struct thread *surplus GUARDED_BY(&surplus_lock);		/* by `next` */
static struct waitq surplus_came = WAITQ("reaper");

static void timeout_fired(struct timer *timer)
{
	thread_wake((struct thread *)((char *)timer - offsetof(struct thread, timeout)));
}

static uint64_t canary_make(const struct thread *t)
{
	return (cpu_ticks() + (uint64_t)t) * 0x9e3779b97f4a7c15ull & ~0xffull;	/* a zero byte ends overlong strings */
}

static void name_copy(char to[THREAD_NAME], const char *name)
{
	unsigned i = 0;

	for (; name[i] && i < THREAD_NAME - 1; i++)
		to[i] = name[i];
	to[i] = '\0';
}

void thread_init(struct thread *t, const char *name)
{
	*t = (struct thread){ .canary = canary_make(t), .only_cpu = CPU_ANY, .references = 2,
			      .blocking.held = PREEMPT_NO_LOCKS };
	name_copy(t->name, name);
	rq_entity_init(&t->entity, SCHED_OTHER, 0, 0);
	timer_init(&t->timeout, timeout_fired);
	uint64_t flags = spin_lock_irqsave(&list_lock);
	t->id = ++last_id;
	t->link = threads_end;
	*threads_end = t;
	threads_end = &t->next;
	spin_unlock_irqrestore(&list_lock, flags);
}

static void unlist(struct thread *t)
{
	uint64_t flags = spin_lock_irqsave(&list_lock);

	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	else
		threads_end = t->link;
	spin_unlock_irqrestore(&list_lock, flags);
}

static struct thread *spare_take(void)
{
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = &this_cpu(cpu_sched);
	struct thread *t = s->spare;

	if (t) {
		s->spare = t->next;
		s->spares--;
	}
	cpu_irq_restore(flags);
	return t;
}

/* Nobody knows the thread any more. */
static void stack_keep(struct thread *t)
{
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = &this_cpu(cpu_sched);
	bool keep = s->spares < SPARES_MOST;

	if (keep) {
		t->next = s->spare;
		s->spare = t;
		s->spares++;
	} else {
		spin_lock(&surplus_lock);
		t->next = surplus;
		surplus = t;
		spin_unlock(&surplus_lock);
	}
	cpu_irq_restore(flags);
	if (!keep)
		waitq_wake_one(&surplus_came);
}

static struct thread *stack_make(void)
{
	vaddr_t top = kstack_alloc();

	if (!top)
		return NULL;
	struct thread *t = (struct thread *)ALIGN_DOWN(top - sizeof(*t), 64);
	t->stack_top = top;
	return t;
}

static struct thread *surplus_take(void)
{
	uint64_t flags = spin_lock_irqsave(&surplus_lock);
	struct thread *t = surplus;

	if (t)
		surplus = t->next;
	spin_unlock_irqrestore(&surplus_lock, flags);
	return t;
}

static int reaper(void *argument)
{
	for (;;) {
		struct thread *t;
		WAITQ_WAIT(&surplus_came, (t = surplus_take()) != NULL);
		kstack_free(t->stack_top);
	}
}

static void drop(struct thread *t)
{
	if (__atomic_sub_fetch(&t->references, 1, __ATOMIC_ACQ_REL))
		return;
	unlist(t);
	stack_keep(t);
}

struct thread *thread_create_with(const struct thread_options *options, const char *name, int (*run)(void *),
				  void *argument)
{
	struct rq_entity entity;

	if (failure_is_due())	/* wherever the stack would come from, so that a test need not know */
		return NULL;
	if (rq_entity_init(&entity, options->policy, options->priority, options->nice) ||
	    (options->cpu != CPU_ANY && (options->cpu >= percpu_count || !cpu_of(options->cpu, cpu_sched).started)))
		return NULL;
	struct thread *t = spare_take();
	if (!t)
		t = surplus_take();	/* who creates threads faster than the reaper works takes from it */
	if (!t)
		t = stack_make();
	if (!t)
		return NULL;
	vaddr_t top = t->stack_top;
	thread_init(t, name);
	t->stack_top = top;
	t->entity = entity;
	t->policy = (uint8_t)options->policy;
	t->priority = (uint8_t)options->priority;
	t->nice = (int8_t)options->nice;
	t->only_cpu = options->cpu;
	t->run = run;
	t->argument = argument;
	t->context = context_make((vaddr_t)t, thread_begin);
	t->cpu = cpu_id();
	sched_start(t, balance_choose(t));
	return t;
}

struct thread *thread_create(const char *name, int (*run)(void *), void *argument)
{
	return thread_create_with(&THREAD_DEFAULTS, name, run, argument);
}

/* With the last switch between the wake-up and the end no joiner runs on this CPU while the stack is in use. */
void thread_exit(int result)
{
	struct thread *self = thread_current();

	self->result = result;
	preempt_disable();
	__atomic_store_n(&self->ended, true, __ATOMIC_RELEASE);
	waitq_wake_all(&self->joiners);
	sched_leave();
}

void thread_finish(struct thread *t)
{
	drop(t);
}

int thread_join(struct thread *t)
{
	ASSERT(t != thread_current());
	WAITQ_WAIT(&t->joiners, __atomic_load_n(&t->ended, __ATOMIC_ACQUIRE));
	while (__atomic_load_n(&t->references, __ATOMIC_ACQUIRE) > 1)	/* on another CPU it has yet to leave its stack */
		cpu_relax();
	int result = t->result;
	drop(t);
	return result;
}

void thread_detach(struct thread *t)
{
	drop(t);
}

void thread_sleep_until(nsec_t time)
{
	while (clock_now() < time) {
		thread_block_prepare();
		thread_block(time);
	}
}

void thread_sleep(nsec_t duration)
{
	thread_sleep_until(clock_now() + duration);
}

void thread_park(void)
{
	struct thread *self = thread_current();

	thread_block_prepare();
	if (!__atomic_load_n(&self->token, __ATOMIC_SEQ_CST))
		thread_block(NSEC_NEVER);
	thread_block_cancel();
	__atomic_store_n(&self->token, false, __ATOMIC_SEQ_CST);
}

void thread_unpark(struct thread *t)
{
	__atomic_store_n(&t->token, true, __ATOMIC_SEQ_CST);
	thread_wake(t);
}

void thread_set_name(const char *name)
{
	name_copy(thread_current()->name, name);
}

void thread_for_each(void (*visit)(struct thread *t, void *context), void *context)
{
	uint64_t flags = spin_lock_irqsave(&list_lock);

	for (struct thread *t = threads; t; t = t->next)
		visit(t, context);
	spin_unlock_irqrestore(&list_lock, flags);
}

void threads_init(void)
{
	struct thread *t = thread_create("reaper", reaper, NULL);

	if (!t)
		panic("sched: no memory for the first threads");
	thread_detach(t);
}

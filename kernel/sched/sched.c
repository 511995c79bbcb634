/* Each CPU has a queue of threads that want to run and a lock for it; a thread belongs to one queue at a time (`cpu`),
 * also while it is blocked. The order within a queue is runqueue.c's business, the choice of the queue balance.c's.
 *
 * The lock is held across a switch: taken by the thread that leaves, released by the one that comes (switch_finish),
 * whoever that is and wherever it was switched from. So nobody sees a thread as blocked whose stack is still in use,
 * and what must happen to a thread behind its back (its end, its move to another CPU) happens there.
 *
 * There is no tick. Where several threads want a CPU, a timer is armed for the end of the running one's slice. It
 * stays armed when the others go: threads that wake each other in turn would otherwise arm and disarm it each time. So
 * one interrupt can come after the last competitor has left, and then none any more. */
#include "kernel/sched/sched.h"

#include <abi/linux/errno.h>
#include "kernel/arch/smp.h"
#include "kernel/core/assert.h"
#include "kernel/core/trace.h"
#include "kernel/mm/kstack.h"
#include "kernel/sched/internal.h"
#include "lib/format.h"

#define CHARGE_LEAST	40000	/* ticks, some 10 to 40 us */

PERCPU(struct cpu_sched, cpu_sched);

static PERCPU(struct thread, idle_thread);
static struct thread main_thread;

/* This CPU's queue, locked; interrupts are off. */
static struct cpu_sched *lock_here(void) UNCHECKED_LOCKS
{
	struct cpu_sched *s = &this_cpu(cpu_sched);

	spin_lock(&s->lock);
	return s;
}

static bool is_here(const struct cpu_sched *s)
{
	return s == &this_cpu(cpu_sched);
}

static void unlock_irqrestore(struct cpu_sched *s, uint64_t flags) RELEASES(&s->lock)
{
	spin_unlock_irqrestore(&s->lock, flags);
}

/* Preemption is off. Until the queue is locked the thread may move to another one. */
static inline struct cpu_sched *take_home(struct thread *t) UNCHECKED_LOCKS
{
	for (;;) {
		cpu_id_t cpu = __atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE);
		struct cpu_sched *s = &cpu_of(cpu, cpu_sched);
		spin_take(&s->lock);
		if (__builtin_expect(__atomic_load_n(&t->cpu, __ATOMIC_RELAXED) == cpu, 1))
			return s;
		spin_release(&s->lock);
	}
}

struct cpu_sched *sched_lock_home(struct thread *t) UNCHECKED_LOCKS
{
	preempt_disable();
	return take_home(t);
}

/* How long the current thread ran since this was asked last; it is counted as the thread's, but not charged to the
 * queue. 0 where another CPU has just asked. */
static inline nsec_t account_locked(struct cpu_sched *s, struct thread *current, uint64_t now) REQUIRES(&s->lock)
{
	if ((int64_t)(now - s->since) <= 0)
		return 0;
	nsec_t ran = clock_span(s->since, now);
	s->since = now;
	current->ran += ran;
	return ran;
}

static inline void charge_locked(struct cpu_sched *s, uint64_t now) REQUIRES(&s->lock)
{
	if (s->queue.current)
		rq_charge(&s->queue, account_locked(s, thread_of(s->queue.current), now));
	else
		account_locked(s, s->idle, now);
}

/* The timer may be armed already, for the end of a slice that was given up; that is soon enough, and arming it anew costs
 * more than an interrupt that comes too early. Only what was armed for SCHED_RR may be too late. */
static void slice_arm_anew_locked(struct cpu_sched *s) REQUIRES(&s->lock)
{
	nsec_t left = rq_slice_left(&s->queue);

	if (percpu_count == 1)
		watch_competition();
	else if (!left)
		left = BALANCE_EVERY;	/* SCHED_FIFO has no end, but who waits may go elsewhere */
	nsec_t at = clock_now() + left;
	if (!left || (s->slice_at && s->slice_at <= at))
		return;
	s->slice_at = at;
	timer_arm(&s->slice, at);
	s->slice_soon = left < 2 * RQ_SLICE;	/* a slice of the fair */
}

/* Own CPU. */
static inline void slice_arm_locked(struct cpu_sched *s) REQUIRES(&s->lock)
{
	if (s->queue.queued > 1 && !s->slice_soon)
		slice_arm_anew_locked(s);
}

static void slice_fired(struct timer *t)
{
	struct cpu_sched *s = lock_here();
	spin_taken(&s->lock);

	s->slice_at = 0;
	s->slice_soon = false;
	charge_locked(s, clock_span_start());
	if (s->queue.queued > 1)
		balance_push_locked(s);
	if (s->queue.current && rq_should_preempt(&s->queue))
		preempt_request();
	slice_arm_locked(s);
	spin_unlock(&s->lock);
}

/* The thread is in no queue: let it belong to that of another CPU, which is locked then. It does so before the old one's
 * lock goes, so that nobody who holds that takes it for the thread's. Who binds the thread on its way leaves the rest
 * to us. */
static __attribute__((noinline)) struct cpu_sched *change_home_locked(struct cpu_sched *s, struct thread *t, cpu_id_t to) UNCHECKED_LOCKS
{
	t->blocking.state = THREAD_MOVING;
	while (to != t->cpu) {
		__atomic_store_n(&t->cpu, to, __ATOMIC_RELEASE);
		spin_release(&s->lock);
		s = &cpu_of(to, cpu_sched);
		spin_take(&s->lock);
		to = t->only_cpu == CPU_ANY ? to : t->only_cpu;
	}
	return s;
}

/* A thread that was bound to another CPU has left this one, and arrives there. */
static void move_finish(struct thread *t)
{
	struct cpu_sched *s = sched_lock_home(t);
	spin_taken(&s->lock);

	s = change_home_locked(s, t, t->only_cpu == CPU_ANY ? t->cpu : t->only_cpu);
	sched_enqueue_locked(s, t);
	spin_unlock(&s->lock);
}

/* The first thing behind a switch, on the stack that was switched to: the queue is still locked, interrupts are off.
 * The lock goes, preemption stays off once. */
static inline void switch_finish(void) UNCHECKED_LOCKS
{
	struct cpu_sched *s = &this_cpu(cpu_sched);
	struct thread *before = s->previous;
	uint8_t state = before->blocking.state;

	spin_release(&s->lock);
	if (__builtin_expect(state == THREAD_DEAD, 0))
		thread_finish(before);
	else if (__builtin_expect(state == THREAD_MOVING, 0))
		move_finish(before);
}

/* Hand the CPU to e, whom the queue has just picked. The queue is locked once, interrupts are off; returns when the
 * caller runs again, perhaps on another CPU, with no queue locked and preemption off once. */
static __attribute__((always_inline)) inline void switch_locked(struct cpu_sched *s, struct thread *self, bool from_idle,
								struct rq_entity *e)
	RELEASES(&s->lock) UNCHECKED_LOCKS
{
	if (!e && balance_pull_locked(s))
		e = rq_pick(&s->queue);
	struct thread *next = e ? thread_of(e) : s->idle;
	preempt_request_clear();
	slice_arm_locked(s);
	if (next == self) {
		spin_release(&s->lock);
		return;
	}
	if (__builtin_expect(!e || from_idle, 0))
		balance_set_idle(!e);
	next->switches++;
	s->counts.switches++;
	trace_event(TRACE_SWITCH, self->id, next->id);
	s->previous = self;
	thread_set_current(next);
	context_switch(&self->context, next->context, next->canary);
	switch_finish();
}

/* A thread that was bound to another CPU while it ran leaves this one. */
static void leave_if_bound_elsewhere_locked(struct cpu_sched *s, struct thread *self) REQUIRES(&s->lock)
{
	if (self == s->idle || self->only_cpu == CPU_ANY || &cpu_of(self->only_cpu, cpu_sched) == s)
		return;
	rq_dequeue(&s->queue, &self->entity);
	self->blocking.state = THREAD_MOVING;
}

/* One look for a better thread; interrupts off. Returns with preemption off once. */
static __attribute__((always_inline)) inline void preempt_once(void)
{
	struct cpu_sched *s = lock_here();
	spin_taken(&s->lock);
	struct thread *self = thread_current();

	charge_locked(s, clock_span_start());
	leave_if_bound_elsewhere_locked(s, self);
	s->counts.preemptions++;
	switch_locked(s, self, self == s->idle, rq_pick(&s->queue));
}

/* With interrupts off a switch must wait until they are on; the interrupt sees to it. */
void preempt_now(void)
{
	uint64_t flags = cpu_irq_save();

	if (!cpu_irq_flags_on(flags)) {
		smp_arch_send_reschedule(cpu_id());
		return;
	}
	do {
		preempt_once();
		preempt_enable_no_switch();
	} while (preempt_is_requested());
	cpu_irq_on();
}

void preempt_now_from_interrupt(void)
{
	do {
		preempt_once();
		preempt_enable_no_switch();
	} while (preempt_is_requested());
}

static __attribute__((noinline)) void charge_rarely_locked(struct cpu_sched *s, uint64_t now) REQUIRES(&s->lock)
{
	charge_locked(s, now);
}

/* Who runs is charged only for what matters to the order: a charge costs more than most threads run until they block. */
static __attribute__((always_inline)) inline void enqueue_locked(struct cpu_sched *s, struct thread *t) REQUIRES(&s->lock)
{
	uint64_t now = clock_span_start();

	if (__builtin_expect((int64_t)(now - s->since) > CHARGE_LEAST, 0))
		charge_rarely_locked(s, now);
	t->blocking.state = THREAD_RUNNABLE;
	t->since = now;
	bool make_way = rq_enqueue(&s->queue, &t->entity);
	if (!is_here(s)) {
		if (make_way || !s->slice_soon)
			smp_arch_send_reschedule(t->cpu);
	} else if (make_way) {
		preempt_request();
	} else {
		slice_arm_locked(s);
	}
}

/* It starts, or it moves: then it has been runnable all the time. */
void sched_enqueue_locked(struct cpu_sched *s, struct thread *t) REQUIRES(&s->lock)
{
	uint64_t since = t->since;

	enqueue_locked(s, t);
	t->since = since ? since : t->since;
}

bool thread_wake_noirq(struct thread *t)
{
	struct cpu_sched *s = take_home(t);
	spin_taken(&s->lock);
	bool blocked = t->blocking.state == THREAD_BLOCKED;

	if (blocked) {
		cpu_id_t to = percpu_count > 1 ? balance_choose(t) : t->cpu;
		if (to != t->cpu)
			s = change_home_locked(s, t, to);
		this_cpu(cpu_sched).counts.wakeups++;
		trace_event(TRACE_WAKE, t->id, to);
		enqueue_locked(s, t);
	} else if (t->blocking.state == THREAD_BLOCKING) {
		t->blocking.state = THREAD_RUNNABLE;
	}
	spin_release(&s->lock);
	return blocked;
}

bool thread_wake(struct thread *t)
{
	uint64_t flags = cpu_irq_save();

	preempt_disable();	/* a switch waits until interrupts are on */
	bool blocked = thread_wake_noirq(t);
	cpu_irq_restore(flags);
	preempt_enable();
	return blocked;
}

static inline void block_once(struct thread *self)
{
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = lock_here();
	spin_taken(&s->lock);

	if (self->blocking.state != THREAD_BLOCKING) {	/* woken already */
		unlock_irqrestore(s, flags);
		return;
	}
	uint64_t now = clock_span_start();
	nsec_t ran = account_locked(s, self, now);
	self->blocking.state = THREAD_BLOCKED;
	self->runnable += now - self->since;
	self->since = now;
	switch_locked(s, self, false, rq_leave(&s->queue, ran));
	cpu_irq_restore(flags);
	preempt_enable();
}

static __attribute__((noinline)) void block_until(nsec_t deadline)
{
	struct thread *self = thread_current();

	timer_arm(&self->timeout, deadline);
	block_once(self);
	timer_cancel(&self->timeout);
}

void thread_block(nsec_t deadline)
{
	ASSERT(!preempt_is_disabled());
	if (deadline == NSEC_NEVER)
		block_once(thread_current());
	else
		block_until(deadline);
}

void thread_yield(void)
{
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = lock_here();
	spin_taken(&s->lock);

	if (s->queue.queued < 2) {
		unlock_irqrestore(s, flags);
		return;
	}
	uint64_t now = clock_span_start();
	charge_locked(s, now);
	rq_yield(&s->queue);
	leave_if_bound_elsewhere_locked(s, thread_current());
	switch_locked(s, thread_current(), false, rq_pick(&s->queue));
	cpu_irq_restore(flags);
	preempt_enable();
}

void sched_start(struct thread *t, cpu_id_t cpu)
{
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = &cpu_of(cpu, cpu_sched);

	spin_lock(&s->lock);
	t->cpu = cpu;
	sched_enqueue_locked(s, t);
	unlock_irqrestore(s, flags);
}

void sched_leave(void)
{
	struct thread *self = thread_current();

	cpu_irq_save();
	struct cpu_sched *s = lock_here();
	spin_taken(&s->lock);
	preempt_enable_no_switch();	/* thread_exit's own; the lock's is what a switch expects */
	nsec_t ran = account_locked(s, self, clock_span_start());
	self->blocking.state = THREAD_DEAD;
	switch_locked(s, self, false, rq_leave(&s->queue, ran));
	panic("sched: thread %u runs after its end", self->id);
}

/* What every new thread begins with. */
void thread_begin(void)
{
	struct thread *self = thread_current();

	switch_finish();
	cpu_irq_on();
	preempt_enable();
	thread_exit(self->run(self->argument));
}

int thread_set_cpu(struct thread *t, cpu_id_t cpu)
{
	if (cpu != CPU_ANY && (cpu >= percpu_count || !__atomic_load_n(&cpu_of(cpu, cpu_sched).started, __ATOMIC_ACQUIRE)))
		return -EINVAL;
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = sched_lock_home(t);
	spin_taken(&s->lock);
	t->only_cpu = cpu;
	if (cpu != CPU_ANY && cpu != t->cpu && t->blocking.state <= THREAD_BLOCKING) {
		if (s->queue.current == &t->entity) {
			sched_kick(t->cpu);	/* it leaves when it is preempted */
		} else {
			rq_dequeue(&s->queue, &t->entity);
			s = change_home_locked(s, t, cpu);
			sched_enqueue_locked(s, t);
		}
	}
	unlock_irqrestore(s, flags);
	return 0;
}

void sched_change_locked(struct cpu_sched *s, struct thread *t, int policy, int priority, int nice) REQUIRES(&s->lock)
{
	charge_locked(s, clock_span_start());
	rq_set(&s->queue, &t->entity, policy, priority, nice);
	if (s->queue.current && s->queue.queued > 1)
		sched_kick(t->cpu);
}

nsec_t thread_ran(struct thread *t)
{
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = sched_lock_home(t);
	spin_taken(&s->lock);

	if (s->queue.current == &t->entity)
		charge_locked(s, clock_span_start());
	nsec_t ran = t->ran;
	unlock_irqrestore(s, flags);
	return ran;
}

void sched_kick(cpu_id_t cpu)
{
	if (cpu == cpu_id())
		preempt_request();
	else
		smp_arch_send_reschedule(cpu);
}

bool thread_deadline_passed(nsec_t deadline)
{
	return clock_now() >= deadline;
}

void sched_count(cpu_id_t cpu, struct sched_counts *ret)
{
	struct cpu_sched *s = &cpu_of(cpu, cpu_sched);
	uint64_t flags = spin_lock_irqsave(&s->lock);

	charge_locked(s, clock_span_start());
	*ret = s->counts;
	ret->idle = s->idle->ran;
	ret->queued = s->queue.queued;
	ret->load = rq_load(&s->queue);
	ret->current = s->queue.current ? thread_of(s->queue.current) : s->idle;
	unlock_irqrestore(s, flags);
}

/* It is here that an idle CPU switches, not in the interrupt that ends its waiting: others must know when it waits. */
void sched_idle(void)
{
	for (;;) {
		cpu_irq_off();
		if (!preempt_is_requested()) {
			preempt_disable();
			smp_arch_idle();
			preempt_enable_no_switch();
			continue;
		}
		cpu_irq_on();
		preempt_now();
	}
}

static _Noreturn void idle_begin(void)
{
	switch_finish();
	cpu_irq_on();
	preempt_enable();
	sched_idle();
}

static void cpu_sched_init(struct thread *idle)
{
	struct cpu_sched *s = &this_cpu(cpu_sched);
	char name[THREAD_NAME];

	s->lock = (struct spinlock)SPINLOCK_RANKED("run queue", LOCK_RUN_QUEUE);
	rq_init(&s->queue);
	timer_init(&s->slice, slice_fired);
	ksnprintf(name, sizeof(name), "idle/%u", cpu_id());
	thread_init(idle, name);
	idle->cpu = idle->only_cpu = cpu_id();
	s->idle = idle;
	s->since = clock_span_start();
}

void sched_init(void)
{
	struct thread *idle = &this_cpu(idle_thread);

	cpu_sched_init(idle);
	idle->stack_top = kstack_alloc();
	idle->context = context_make(idle->stack_top, idle_begin);
	thread_init(&main_thread, "main");
	main_thread.canary = context_canary();
	main_thread.only_cpu = cpu_id();	/* the boot is the boot CPU's business */
	main_thread.since = clock_span_start();
	struct cpu_sched *s = &this_cpu(cpu_sched);
	rq_enqueue(&s->queue, &main_thread.entity);
	rq_pick(&s->queue);
	thread_set_current(&main_thread);
	smp_arch_set_reschedule(preempt_request);
	s->started = true;
	preempt_enable();
	threads_init();
}

void sched_init_cpu(void)
{
	struct cpu_sched *s = &this_cpu(cpu_sched);

	cpu_sched_init(&this_cpu(idle_thread));
	s->idle->canary = context_canary();
	thread_set_current(s->idle);
	balance_set_idle(true);
	__atomic_store_n(&s->started, true, __ATOMIC_RELEASE);
	preempt_enable();
}

/* Who watches whom.
 *
 * An eye is a timer on one CPU that looks at all others that work, twice in the watchdog's period. It sends each a call
 * and sees at its next looks whether that was answered. Who does not answer for a period gets an NMI, which it takes
 * also with interrupts off, and says itself where it is. It says so only where interrupts were off: with them on it
 * would have answered by now if its host had let it run, and it will.
 *
 * The answer to the call looks at the second kind: it asks for a switch, and finds at the next call whether the CPU has
 * done one. The third and fourth, threads that do not run, are found by who looks: one that wants a CPU or a mutex and
 * has not been switched to since the last look is one look older.
 *
 * Age is counted in looks, not in time: while a whole machine stood still nobody looked.
 *
 * An eye is opened by a CPU that leaves idle and finds none on another CPU, and closes when no other CPU works any more.
 * So there are two where both watch each other, and none on an idle machine; and it moves away from a CPU with one
 * thread, which should have no timer interrupts, to one that is idle.
 *
 * What is not seen: an interrupt handler that hangs on an idle CPU, as long as no thread wants that CPU, since idle ones
 * are left asleep; and one that does so on the only CPU with an eye. */
#include "kernel/sched/watch.h"

#include <abi/linux/errno.h>
#include "kernel/arch/trap.h"
#include "kernel/core/backtrace.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/core/symbols.h"
#include "kernel/sched/internal.h"
#include "kernel/sched/sample.h"
#include "kernel/smp/call.h"
#include "kernel/smp/cpus.h"
#include "lib/cmdline.h"

#define PERIOD_DEFAULT	(10 * NSEC_PER_SEC)
#define PERIOD_MOST	(3600 * NSEC_PER_SEC)
#define LOOKS		2	/* in a period */
#define HUNG		12	/* periods, for a mutex: that may be held while a device is waited for */
#define WEIGHT_HEAVIEST	88761u
#define TENTHS(t)	(long long)((t) / NSEC_PER_SEC), (int)((t) % NSEC_PER_SEC / (NSEC_PER_SEC / 10))

/* Letters: (w) watch_lock; (o) own CPU, interrupts off; (a) atomic. */
struct watched {
	struct smp_call ping;	/* (w) unless it is under way */
	nsec_t looked;		/* (w) at this CPU, last */
	unsigned looks;		/* (w) that found the ping unanswered */
	bool named;		/* (a) since it did not answer */
	uint64_t passes;	/* (o) through the scheduler, at the last ping */
	unsigned waits;		/* (o) pings in a row that found no pass since, though one was asked for */
};

#define EYES 2

struct eye {
	struct smp_call opening;
	cpu_id_t cpu;		/* (a) where it is open; CPU_ANY: closed */
};

/* One on each CPU, so that an eye leaves none behind where it was. */
struct eye_timer {
	struct timer timer;
	struct eye *eye;
};

static PERCPU(struct watched, watched);
static PERCPU(struct eye_timer, eye_timers[EYES]);
static struct eye eyes[EYES] = { { .cpu = CPU_ANY }, { .cpu = CPU_ANY } };
static struct spinlock watch_lock = SPINLOCK("watch");
static nsec_t threads_looked;	/* watch_lock */
static nsec_t period;		/* atomic; 0: off */
static unsigned reports;	/* atomic */

static nsec_t interval(void)
{
	return __atomic_load_n(&period, __ATOMIC_RELAXED) / LOOKS;
}

/* ---- What is found ---- */

static void say_count(void)
{
	__atomic_add_fetch(&reports, 1, __ATOMIC_RELAXED);
}

/* On the CPU that does not answer, in an NMI. */
static void say_stuck(const struct trap_frame *frame)
{
	const struct thread *t = thread_current();

	if (trap_interrupts_were_on(frame))
		return;
	say_count();
	__atomic_store_n(&this_cpu(watched).named, true, __ATOMIC_RELAXED);
	pr_err("watch: CPU %u has taken no interrupt for %lld.%d s, in thread %u (%s)", cpu_id(), TENTHS(LOOKS * interval()),
	       t->id, t->name);
	backtrace_log("watch", trap_instruction(frame), trap_frame_pointer(frame));
}

/* On the CPU that does not switch. */
static void say_no_switch(void)
{
	const struct thread *t = thread_current();
	const struct trap_frame *frame = trap_interrupted();

	say_count();
	pr_err("watch: CPU %u has not switched for %lld.%d s, preemption is off in thread %u (%s)", cpu_id(),
	       TENTHS(LOOKS * interval()), t->id, t->name);
	if (frame)
		backtrace_log("watch", trap_instruction(frame), trap_frame_pointer(frame));
}

/* ---- CPUs ---- */

/* The answer to a ping. */
static void answer(void *unused)
{
	struct watched *w = &this_cpu(watched);
	const struct cpu_sched *s = &this_cpu(cpu_sched);
	uint64_t passes = s->counts.switches + s->counts.preemptions;

	w->waits = preempt_is_requested() && passes == w->passes ? w->waits + 1 : 0;
	w->passes = passes;
	if (w->waits == LOOKS)
		say_no_switch();
	if (__atomic_load_n(&s->queue.current, __ATOMIC_RELAXED))
		preempt_request();
}

static bool works(cpu_id_t cpu)
{
	return cpu_is_online(cpu) &&
	       (!balance_is_idle(cpu) || __atomic_load_n(&cpu_of(cpu, cpu_sched).queue.queued, __ATOMIC_RELAXED));
}

static bool has_answered(struct watched *w)
{
	return __atomic_load_n(&w->ping.done, __ATOMIC_ACQUIRE);
}

/* It works, or has been asked something, or named, and nothing came of it yet. */
static bool is_of_interest(cpu_id_t cpu)
{
	struct watched *w = &cpu_of(cpu, watched);

	return works(cpu) || !has_answered(w) || __atomic_load_n(&w->named, __ATOMIC_RELAXED);
}

static void look_at_cpu_locked(cpu_id_t cpu, nsec_t now)
{
	struct watched *w = &cpu_of(cpu, watched);

	if (now - w->looked < interval() * 3 / 4)
		return;		/* the other eye did */
	w->looked = now;
	if (has_answered(w)) {
		if (__atomic_exchange_n(&w->named, false, __ATOMIC_RELAXED))
			pr_notice("watch: CPU %u goes on after %lld.%d s", cpu, TENTHS(w->looks * interval()));
		w->looks = 0;
		if (works(cpu))
			smp_call_start(cpu, &w->ping);
	} else if (++w->looks == LOOKS) {
		smp_ask(cpu, say_stuck);
	} else if (w->looks > LOOKS && !__atomic_exchange_n(&w->named, true, __ATOMIC_RELAXED)) {
		say_count();
		pr_err("watch: CPU %u does not answer for %lld.%d s, and does not say why", cpu, TENTHS(w->looks * interval()));
	}
}

/* ---- Threads ---- */

/* A turn takes as long as the others' slices; with many of them, or for who weighs little beside them, that is long. How
 * much they weigh may have changed since, so they count as the heaviest, of nice -20. */
static nsec_t allowed(const struct cpu_sched *s, const struct thread *t)
{
	uint64_t slices = 2ull * s->queue.queued * (WEIGHT_HEAVIEST / MAX(t->entity.weight, 1u));

	return LOOKS * interval() + (nsec_t)(slices * RQ_SLICE);
}

/* Who had more than its share has to wait: one slice that was much too long, as a slow host makes them, may be paid back
 * for minutes. Where the queue is locked just now, that is looked at next time. */
static bool is_owed(struct cpu_sched *s, const struct thread *t)
{
	if (!spin_trylock(&s->lock))
		return true;
	bool owed = t->entity.queued && rq_is_owed(&s->queue, &t->entity);
	spin_unlock(&s->lock);
	return owed;
}

/* With a CPU that does not get on, its threads do not either; it is named, not they. */
static bool waits_in_vain(struct cpu_sched *s, const struct thread *t)
{
	const struct watched *w = &cpu_of(t->cpu, watched);

	return __atomic_load_n(&t->blocking.state, __ATOMIC_RELAXED) == THREAD_RUNNABLE && t != s->idle && !w->looks && !w->waits &&
	       __atomic_load_n(&s->queue.current, __ATOMIC_RELAXED) != &t->entity && is_owed(s, t);
}

static bool waits_for_mutex(const struct thread *t)
{
	return __atomic_load_n(&t->blocking.state, __ATOMIC_RELAXED) == THREAD_BLOCKED && __atomic_load_n(&t->blocking.waits, __ATOMIC_RELAXED);
}

static void say_hung(struct thread *t, nsec_t waited)
{
	vaddr_t addresses[BACKTRACE_MAX];
	char symbol[SYMBOL_TEXT];
	unsigned count = thread_backtrace(t, addresses, BACKTRACE_MAX);

	pr_err("watch: thread %u (%s) has waited for a mutex for %lld.%d s", t->id, t->name, TENTHS(waited));
	for (unsigned i = 0; i < count; i++)
		pr_notice("watch:   %s %s", i ? "called by" : "it is in", symbol_text(addresses[i] - 1, symbol));
}

static void say_starved(const struct cpu_sched *s, const struct thread *t, nsec_t waited)
{
	const struct rq_entity *e = __atomic_load_n(&s->queue.current, __ATOMIC_RELAXED);
	const struct thread *other = e ? thread_of(e) : s->idle;

	pr_err("watch: thread %u (%s) has waited for CPU %u for %lld.%d s, where thread %u (%s) runs", t->id, t->name, t->cpu,
	       TENTHS(waited), other->id, other->name);
}

/* Two looks with no switch to it in between are about one wait. */
static void look_at_thread(struct thread *t, void *unused)
{
	struct cpu_sched *s = &cpu_of(t->cpu, cpu_sched);
	bool hangs = waits_for_mutex(t);

	if ((!hangs && !waits_in_vain(s, t)) || t->switches != t->watch.switches) {
		t->watch.switches = t->switches;
		t->watch.looks = 0;
		t->watch.named = false;
		return;
	}
	nsec_t waited = ++t->watch.looks * interval();
	if (t->watch.named || waited < (hangs ? HUNG * LOOKS * interval() : allowed(s, t)))
		return;
	t->watch.named = true;
	say_count();
	if (hangs)
		say_hung(t, waited);
	else
		say_starved(s, t, waited);
}

/* ---- The eyes ---- */

/* Does any CPU have to be watched from this one? With one CPU, that is itself while threads compete. */
static bool is_needed_on(cpu_id_t self)
{
	if (!period)
		return false;
	if (cpus_online() == 1)
		return this_cpu(cpu_sched).queue.queued > 1;
	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++)
		if (cpu != self && is_of_interest(cpu))
			return true;
	return false;
}

/* A CPU for an eye: an idle one, or any but this one; CPU_ANY where that is all there is. */
static cpu_id_t place(cpu_id_t self, bool idle_only)
{
	cpu_id_t any = CPU_ANY;

	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++) {
		if (cpu == self || !cpu_is_online(cpu) || cpu == __atomic_load_n(&eyes[0].cpu, __ATOMIC_RELAXED) ||
		    cpu == __atomic_load_n(&eyes[1].cpu, __ATOMIC_RELAXED))
			continue;
		if (balance_is_idle(cpu))
			return cpu;
		any = cpu;
	}
	return idle_only ? CPU_ANY : any;
}

static void eye_arm(void *eye)
{
	timer_arm(&this_cpu(eye_timers)[(struct eye *)eye - eyes].timer, clock_now() + interval());
}

static bool eye_open(struct eye *eye, cpu_id_t cpu)
{
	cpu_id_t closed = CPU_ANY;

	return __atomic_compare_exchange_n(&eye->cpu, &closed, cpu, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Where it stays or goes from here; a CPU that starts to work while it closes must find it open or closed for good. */
static void eye_goes_on(struct eye *eye, cpu_id_t self)
{
	bool alone = this_cpu(cpu_sched).queue.queued == 1;
	cpu_id_t to = alone ? place(self, true) : CPU_ANY;

	if (!is_needed_on(self)) {
		__atomic_store_n(&eye->cpu, CPU_ANY, __ATOMIC_SEQ_CST);
		if (!is_needed_on(self) || !eye_open(eye, self))
			return;
	} else if (to != CPU_ANY) {
		__atomic_store_n(&eye->cpu, to, __ATOMIC_SEQ_CST);
		smp_call_start(to, &eye->opening);
		return;
	}
	eye_arm(eye);
}

static void eye_looks(struct timer *timer)
{
	struct eye *eye = ((struct eye_timer *)((char *)timer - offsetof(struct eye_timer, timer)))->eye;
	cpu_id_t self = cpu_id();
	nsec_t now = clock_now();

	if (spin_trylock(&watch_lock)) {
		for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++)
			if (cpu != self && is_of_interest(cpu))
				look_at_cpu_locked(cpu, now);
		if (cpus_online() == 1)
			answer(NULL);
		if (now - threads_looked >= interval() * 3 / 4) {
			threads_looked = now;
			thread_for_each(look_at_thread, NULL);
		}
		spin_unlock(&watch_lock);
	}
	eye_goes_on(eye, self);
}

/* Interrupts are off, the CPU's run queue is locked. */
void watch_cpu_works(cpu_id_t self)
{
	if (!__atomic_load_n(&period, __ATOMIC_RELAXED))
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(eyes); i++) {
		cpu_id_t at = __atomic_load_n(&eyes[i].cpu, __ATOMIC_SEQ_CST);
		if (at != CPU_ANY && at != self)
			return;
	}
	cpu_id_t cpu = place(self, false);
	for (unsigned i = 0; cpu != CPU_ANY && i < ARRAY_SIZE(eyes); i++)
		if (eye_open(&eyes[i], cpu)) {
			smp_call_start(cpu, &eyes[i].opening);
			return;
		}
}

void watch_competition(void)
{
	if (__atomic_load_n(&period, __ATOMIC_RELAXED) && cpus_online() == 1 && eye_open(&eyes[0], cpu_id()))
		eye_arm(&eyes[0]);
}

/* What it is on its way to, and its timers; whatever of it ran has ended then. */
static void eye_stop(struct eye *eye)
{
	smp_call_wait(&eye->opening, eye->cpu);
	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++)
		timer_cancel(&cpu_of(cpu, eye_timers)[eye - eyes].timer);
}

nsec_t watch_set_period(nsec_t wanted)
{
	nsec_t old = __atomic_exchange_n(&period, 0, __ATOMIC_SEQ_CST);

	for (unsigned i = 0; i < ARRAY_SIZE(eyes); i++) {
		eye_stop(&eyes[i]);
		eye_stop(&eyes[i]);	/* it may have been about to move; from now on none does */
		__atomic_store_n(&eyes[i].cpu, CPU_ANY, __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&period, wanted, __ATOMIC_SEQ_CST);
	uint64_t flags = cpu_irq_save();
	watch_cpu_works(cpu_id());
	cpu_irq_restore(flags);
	return old;
}

unsigned watch_reports(void)
{
	return __atomic_load_n(&reports, __ATOMIC_RELAXED);
}

void watch_print(void)
{
	monitor_printf("watchdog %lld.%d s, %u reports\n", TENTHS(period), watch_reports());
}

void watch_init(void)
{
	uint64_t seconds = PERIOD_DEFAULT / NSEC_PER_SEC;
	int error = cmdline_number(boot_cmdline(), "watchdog", &seconds);

	if ((error && error != -ENOENT) || seconds > PERIOD_MOST / NSEC_PER_SEC) {
		pr_warn("watch: watchdog= takes seconds, up to %lld", PERIOD_MOST / NSEC_PER_SEC);
		seconds = PERIOD_DEFAULT / NSEC_PER_SEC;
	}
	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++) {
		cpu_of(cpu, watched).ping = (struct smp_call){ .function = answer, .done = true };
		for (unsigned i = 0; i < EYES; i++) {
			cpu_of(cpu, eye_timers)[i].eye = &eyes[i];
			timer_init(&cpu_of(cpu, eye_timers)[i].timer, eye_looks);
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(eyes); i++) {
		eyes[i].opening = (struct smp_call){ .function = eye_arm, .argument = &eyes[i], .done = true };
	}
	if (!cmdline_flag(boot_cmdline(), "nowatchdog"))
		watch_set_period((nsec_t)seconds * NSEC_PER_SEC);
}

/* Each CPU has a stack of calls that others pushed for it, without a lock: push is one compare-and-exchange, and the
 * owner takes the whole stack at once, reverses it, and runs it in the order of arrival. An interrupt is sent only with
 * the push that finds the stack empty; the others are taken along with that one. */
#include "kernel/smp/call.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/smp.h"
#include "kernel/core/bench.h"
#include "kernel/core/panic.h"
#include "kernel/sync/spinlock.h"
#include "kernel/time/clock.h"

#define CALL_PATIENCE (30 * NSEC_PER_SEC)	/* a host with too few CPUs runs each of ours seldom */

static PERCPU(struct smp_call *, call_stack);	/* atomic; pushed to by others */
static PERCPU(struct smp_call, call_broadcast);	/* this CPU's part of smp_call_others; under broadcast_lock */
static struct spinlock broadcast_lock = SPINLOCK("smp_call");

static struct smp_call *reversed(struct smp_call *call)
{
	struct smp_call *result = NULL;

	while (call) {
		struct smp_call *next = call->next;
		call->next = result;
		result = call;
		call = next;
	}
	return result;
}

/* Interrupts off. */
static void run_pending(void)
{
	struct smp_call *call = reversed(__atomic_exchange_n(&this_cpu(call_stack), NULL, __ATOMIC_ACQUIRE));

	while (call) {
		struct smp_call *next = call->next;	/* with `done` the caller may take it back */
		call->function(call->argument);
		__atomic_store_n(&call->done, true, __ATOMIC_RELEASE);
		call = next;
	}
}

void smp_call_init(void)
{
	smp_arch_set_call(run_pending);
}

void smp_call_start(cpu_id_t cpu, struct smp_call *call)
{
	struct smp_call **stack = &cpu_of(cpu, call_stack), *top = __atomic_load_n(stack, __ATOMIC_RELAXED);

	call->done = false;
	uint64_t flags = cpu_irq_save();	/* who comes in between and finds a call there waits for our interrupt */
	do
		call->next = top;
	while (!__atomic_compare_exchange_n(stack, &top, call, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	if (!top)
		smp_arch_send_call(cpu);
	cpu_irq_restore(flags);
}

void smp_call_wait(const struct smp_call *call, cpu_id_t cpu)
{
	nsec_t end = clock_now() + CALL_PATIENCE;

	while (!__atomic_load_n(&call->done, __ATOMIC_ACQUIRE)) {
		uint64_t flags = cpu_irq_save();
		run_pending();
		cpu_irq_restore(flags);
		cpu_relax();
		if (clock_now() > end)
			panic("smp: CPU %u does not answer CPU %u's call", cpu, cpu_id());
	}
}

static void run_here(smp_function *function, void *argument)
{
	uint64_t flags = cpu_irq_save();

	function(argument);
	cpu_irq_restore(flags);
}

void smp_call_one(cpu_id_t cpu, smp_function *function, void *argument)
{
	struct smp_call call = { .function = function, .argument = argument };

	preempt_disable();	/* the caller stays where it is */
	if (cpu == cpu_id())
		run_here(function, argument);
	else if (cpu_is_online(cpu)) {
		smp_call_start(cpu, &call);
		smp_call_wait(&call, cpu);
	}
	preempt_enable();
}

/* One broadcast at a time. Who waits for the lock answers calls meanwhile: its holder may be waiting for this CPU. */
static uint64_t broadcast_begin(void) ACQUIRES(&broadcast_lock)
{
	for (;;) {
		uint64_t flags = cpu_irq_save();
		if (spin_trylock(&broadcast_lock))
			return flags;
		run_pending();
		cpu_irq_restore(flags);
		cpu_relax();
	}
}

void smp_call_others(smp_function *function, void *argument)
{
	uint64_t flags = broadcast_begin();
	cpu_id_t self = cpu_id();

	for (cpu_id_t id = 0; id < percpu_count; id++) {
		if (id == self || !cpu_is_online(id))
			continue;
		cpu_of(id, call_broadcast).function = function;
		cpu_of(id, call_broadcast).argument = argument;
		smp_call_start(id, &cpu_of(id, call_broadcast));
	}
	for (cpu_id_t id = 0; id < percpu_count; id++)
		if (id != self && cpu_is_online(id))
			smp_call_wait(&cpu_of(id, call_broadcast), id);
	spin_unlock_irqrestore(&broadcast_lock, flags);
}

void smp_call_all(smp_function *function, void *argument)
{
	preempt_disable();
	smp_call_others(function, argument);
	run_here(function, argument);
	preempt_enable();
}

static void nothing(void *argument)
{
}

static int call_bench(void)
{
	enum { ROUNDS = 1000 };
	uint64_t start = cpu_ticks();

	if (percpu_count < 2)
		return 0;
	for (unsigned i = 0; i < ROUNDS; i++)
		smp_call_one(1, nothing, NULL);
	bench_report("ipi_call", (cpu_ticks() - start) / ROUNDS, "ticks");
	return 0;
}
BENCH(machine, "a call to another CPU and back", call_bench);

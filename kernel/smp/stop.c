/* A panic stops the other CPUs by NMI, which reaches them also with interrupts off, and prints where each was. An
 * emergency key asks them the same and lets them go on. */
#include "kernel/smp/call.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/smp.h"
#include "kernel/arch/trap.h"
#include "kernel/core/backtrace.h"
#include "kernel/core/panic.h"
#include "kernel/core/symbols.h"
#include "kernel/core/sysrq.h"
#include "kernel/time/clock.h"

#define STOP_PATIENCE	(100 * NSEC_PER_MSEC)
#define DEPTH		8

struct stopped_at {
	vaddr_t addresses[DEPTH];
	unsigned count;
	bool stopped;		/* atomic */
};

static PERCPU(struct stopped_at, stopped_at);
static bool stopping;		/* atomic */

static PERCPU(smp_question *, asked);	/* atomic: others set it */

/* On the CPU that is stopped, or asked. */
static bool nmi(const struct trap_frame *frame)
{
	struct stopped_at *s = &this_cpu(stopped_at);
	smp_question *question = __atomic_exchange_n(&this_cpu(asked), NULL, __ATOMIC_ACQUIRE);

	if (question) {
		question(frame);
		return true;
	}
	if (!__atomic_load_n(&stopping, __ATOMIC_ACQUIRE) || s->stopped)
		return false;
	s->addresses[0] = trap_instruction(frame);
	s->count = 1 + backtrace_walk(trap_frame_pointer(frame), s->addresses + 1, DEPTH - 1);
	__atomic_store_n(&s->stopped, true, __ATOMIC_RELEASE);
	cpu_stop();
}

static bool all_stopped(cpu_id_t self)
{
	for (cpu_id_t id = 0; id < percpu_count; id++)
		if (id != self && cpu_is_online(id) && !__atomic_load_n(&cpu_of(id, stopped_at).stopped, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/* In a panic, before anything is shown: nobody else writes to the consoles then. */
static void stop_others(void)
{
	cpu_id_t self = cpu_id();
	nsec_t end = clock_now() + STOP_PATIENCE;

	this_cpu(stopped_at).stopped = true;
	__atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
	for (cpu_id_t id = 0; id < percpu_count; id++)
		if (id != self && cpu_is_online(id))
			smp_arch_send_nmi(id);
	while (!all_stopped(self) && clock_now() < end)
		cpu_relax();
}

static void describe_others(void)
{
	char symbol[SYMBOL_TEXT];

	for (cpu_id_t id = 0; id < percpu_count; id++) {
		const struct stopped_at *s = &cpu_of(id, stopped_at);
		if (id == cpu_id() || !cpu_is_online(id))
			continue;
		panic_add("CPU %u%s", id, s->stopped ? "" : " did not stop");
		for (unsigned i = 0; i < s->count; i++)
			panic_add("%s%s", i ? " < " : " at ", symbol_text(s->addresses[i] - !!i, symbol));
		panic_add("\n");
	}
}

void smp_ask(cpu_id_t cpu, smp_question *question)
{
	__atomic_store_n(&cpu_of(cpu, asked), question, __ATOMIC_RELEASE);
	smp_arch_send_nmi(cpu);
}

static void say_where(const struct trap_frame *frame)
{
	backtrace_log("smp", trap_instruction(frame), trap_frame_pointer(frame));
}

static void ask_all(void)
{
	const struct trap_frame *frame = trap_interrupted();

	if (frame)
		say_where(frame);
	for (cpu_id_t id = 0; id < percpu_count; id++)
		if (id != cpu_id() && cpu_is_online(id))
			smp_ask(id, say_where);
}
SYSRQ('l', backtraces, "shows what all CPUs are doing", ask_all);

void smp_stop_init(void)
{
	trap_set_nmi_handler(nmi);
	panic_set_others(stop_others, describe_others);
}

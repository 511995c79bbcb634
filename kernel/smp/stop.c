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
#include "lib/string.h"

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

static bool is_other(cpu_id_t id)
{
	return id != cpu_id() && cpu_is_online(id);
}

static bool all_stopped(void)
{
	for (cpu_id_t id = 0; id < percpu_count; id++)
		if (is_other(id) && !__atomic_load_n(&cpu_of(id, stopped_at).stopped, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/* In a panic, before anything is shown: nobody else writes to the consoles then. */
static void stop_others(void)
{
	nsec_t end = clock_now() + STOP_PATIENCE;

	this_cpu(stopped_at).stopped = true;
	__atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
	for (cpu_id_t id = 0; id < percpu_count; id++)
		if (is_other(id))
			smp_arch_send_nmi(id);
	while (!all_stopped() && clock_now() < end)
		cpu_relax();
}

static bool same_place(const struct stopped_at *a, const struct stopped_at *b)
{
	return a->stopped == b->stopped && a->count == b->count &&
	       !memcmp(a->addresses, b->addresses, a->count * sizeof(a->addresses[0]));
}

/* The next other CPU from id on that is where `place` is; percpu_count: there is none. */
static cpu_id_t next_at(const struct stopped_at *place, cpu_id_t id)
{
	while (id < percpu_count && !(is_other(id) && same_place(place, &cpu_of(id, stopped_at))))
		id++;
	return id;
}

/* The CPUs that are there, as Linux writes lists of them: 1-3,5. */
static void list_cpus_at(const struct stopped_at *place, cpu_id_t first)
{
	const char *separator = next_at(place, first + 1) < percpu_count ? "CPUs " : "CPU ";

	for (cpu_id_t id = first, last; id < percpu_count; id = next_at(place, last + 1)) {
		for (last = id; last + 1 < percpu_count && next_at(place, last + 1) == last + 1; last++)
			continue;
		panic_add("%s%u", separator, id);
		if (last != id)
			panic_add("-%u", last);
		separator = ",";
	}
}

/* Once for all that are at the same place: most are idle. */
static void describe_others(void)
{
	char symbol[SYMBOL_TEXT];

	for (cpu_id_t id = 0; id < percpu_count; id++) {
		const struct stopped_at *s = &cpu_of(id, stopped_at);
		if (!is_other(id) || next_at(s, 0) != id)
			continue;
		list_cpus_at(s, id);
		panic_add("%s", s->stopped ? "" : " did not stop");
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
		if (is_other(id))
			smp_ask(id, say_where);
}
SYSRQ('l', backtraces, "shows what all CPUs are doing", ask_all);

void smp_stop_init(void)
{
	trap_set_nmi_handler(nmi);
	panic_set_others(stop_others, describe_others);
}

/* `trace`: start and stop the kernel's trace, and print it as lines that tools/trace reads:
 *
 *	trace: begin 1 cpus 2 hz 1000000000
 *	trace: thread 5 usb
 *	trace: cpu 0 events 812 lost 0 switches 400 wakeups 210 interrupts 101
 *	trace: 0 59210331 switch 1 5
 *	...
 *	trace: end
 *
 * The numbers in the line of a CPU are the kernel's own counters over the same time, which each CPU reads in the
 * moment it starts and stops, with interrupts off: so as long as nothing was lost they equal the events. */
#include <abi/linux/errno.h>
#include "kernel/arch/percpu.h"
#include "kernel/core/monitor.h"
#include "kernel/core/trace.h"
#include "kernel/irq/irq.h"
#include "kernel/mm/vmap.h"
#include "kernel/sched/internal.h"
#include "kernel/smp/call.h"
#include "lib/cmdline.h"
#include "lib/string.h"

#define RECORDS_DEFAULT	8192u
#define RECORDS_MOST	(1u << 20)

struct counters { uint64_t switches, wakeups, interrupts; };

static PERCPU(struct counters, trace_from);	/* at the start; then what there was until the stop */
static struct trace_record *memory;
static uint32_t records;

static struct counters counters_now(void)
{
	const struct sched_counts *c = &this_cpu(cpu_sched).counts;

	return (struct counters){ c->switches, c->wakeups, irq_taken(cpu_id()) };
}

static void start_here(void *unused)
{
	this_cpu(trace_from) = counters_now();
	trace_start_cpu(memory + (size_t)cpu_id() * records, records);
}

static void stop_here(void *unused)
{
	struct counters *from = &this_cpu(trace_from), now = counters_now();

	trace_stop_cpu();
	*from = (struct counters){ now.switches - from->switches, now.wakeups - from->wakeups, now.interrupts - from->interrupts };
}

static int trace_begin(uint32_t count)
{
	if (trace_is_on)
		return -EBUSY;
	struct trace_record *fresh = vmalloc((uint64_t)count * percpu_count * sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	vfree(memory);
	memory = fresh;
	records = count;
	__atomic_store_n(&trace_is_on, true, __ATOMIC_RELEASE);
	smp_call_all(start_here, NULL);
	return 0;
}

static int trace_end(void)
{
	if (!trace_is_on) {
		monitor_printf("trace: it is not on\n");
		return -EINVAL;
	}
	smp_call_all(stop_here, NULL);
	__atomic_store_n(&trace_is_on, false, __ATOMIC_RELEASE);
	return 0;
}

static void print_name(struct thread *t, void *unused)
{
	console_printf("trace: thread %u %s\n", t->id, t->name);
}

static void print_events(cpu_id_t cpu)
{
	static const char *const kinds[TRACE_KINDS] = {
		[TRACE_SWITCH] = "switch", [TRACE_WAKE] = "wake", [TRACE_INTERRUPT] = "interrupt", [TRACE_INTERRUPT_END] = "end",
	};
	uint32_t kept;

	trace_count(cpu, &kept);
	for (uint32_t i = 0; i < kept; i++) {
		const struct trace_record *r = trace_read(cpu, i);
		console_printf("trace: %u %llu %s %u %u\n", cpu, (unsigned long long)r->ticks, kinds[r->kind], r->a, r->b);
	}
}

static void print_counters(cpu_id_t cpu)
{
	const struct counters *c = &cpu_of(cpu, trace_from);
	uint32_t kept;
	uint64_t count = trace_count(cpu, &kept);

	console_printf("trace: cpu %u events %llu lost %llu switches %llu wakeups %llu interrupts %llu\n", cpu,
		       (unsigned long long)count, (unsigned long long)(count - kept), (unsigned long long)c->switches,
		       (unsigned long long)c->wakeups, (unsigned long long)c->interrupts);
}

static int trace_dump(void)
{
	if (!memory || trace_is_on) {
		monitor_printf("trace: %s\n", trace_is_on ? "it is still on" : "there is none");
		return -EINVAL;
	}
	console_printf("trace: begin 1 cpus %u hz %llu\n", percpu_count, (unsigned long long)clock_span_hz());
	thread_for_each(print_name, NULL);
	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++)
		if (cpu_is_online(cpu))
			print_counters(cpu);
	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++)
		if (cpu_is_online(cpu))
			print_events(cpu);
	console_printf("trace: end\n");
	return 0;
}

static int trace_command(int argc, char **argv)
{
	uint64_t count = RECORDS_DEFAULT;

	if (argc == 2 && strcmp(argv[1], "off") == 0)
		return trace_end();
	if (argc == 2 && strcmp(argv[1], "dump") == 0)
		return trace_dump();
	if (argc < 2 || argc > 3 || strcmp(argv[1], "on") != 0)
		return -EINVAL;
	if (argc == 3 && (cmdline_parse_number(argv[2], strlen(argv[2]), &count) || count < 2 || count > RECORDS_MOST))
		return -EINVAL;
	return trace_begin(1u << (63 - __builtin_clzll(count)));
}
MONITOR_COMMAND(trace, "on [EVENTS]|off|dump", "record switches, wake-ups and interrupts, for tools/trace", trace_command,
	.text = "trace on, then what is to be seen, then trace off and trace dump on a serial line. tools/trace turns the lines "
		"into a file that Perfetto (ui.perfetto.dev) opens. Each CPU keeps its last EVENTS, 8192 unless told.");

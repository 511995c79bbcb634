/* `latency`: what keeps a CPU from running, seen from the CPU.
 *
 * Each CPU reads its time stamp counter over and over with interrupts off, and counts the gaps between two readings.
 * The shortest are the loop itself. What is longer nobody here has asked for: the firmware's system management mode, a
 * hypervisor, a hardware thread of the same core, a change of frequency. Interrupts are let in between bursts, and the
 * time that they take is not counted. */
#include <abi/linux/errno.h>
#include "kernel/arch/guarded.h"
#include "kernel/core/monitor.h"
#include "kernel/core/report.h"
#include "kernel/diag/tool.h"
#include "kernel/mm/vmap.h"
#include "kernel/sync/blocking.h"
#include "lib/histogram.h"
#include "lib/string.h"

#define SECONDS		5
#define BURST		NSEC_PER_MSEC	/* with interrupts off */
#define MSR_SMI_COUNT	0x34		/* Intel SDM volume 4, table 2-20: MSR_SMI_COUNT, bits 31:0 */
#define BAR		30

struct cpu_gaps {
	struct histogram gaps;		/* in nanoseconds */
	bool counts_smi;
	uint32_t smis;
	cpu_id_t cpu;
};

struct latency_run {
	struct tool tool;
	nsec_t begun, duration;		/* of each CPU, from when it begins */
	struct cpu_gaps *cpus;
};

/* The last run's; it stays for the report. */
static struct cpu_gaps *results;
static unsigned result_count;

static bool smi_count(uint32_t *ret)
{
	uint64_t value;

	if (guarded_msr_read(MSR_SMI_COUNT, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

/* With interrupts off. */
static void burst(struct histogram *h)
{
	const uint64_t begun = clock_span_start();
	uint64_t last = begun, now;

	do {
		now = clock_span_start();
		histogram_add(h, (uint64_t)clock_span(last, now));
		last = now;
	} while (clock_span(begun, now) < BURST);
}

static void work(void *run, unsigned member)
{
	struct latency_run *r = run;
	struct cpu_gaps *c = &r->cpus[member];
	uint32_t before = 0, after = 0;

	c->cpu = cpu_id();
	c->counts_smi = smi_count(&before);
	const nsec_t until = clock_now() + r->duration;
	do {
		uint64_t irq = cpu_irq_save();
		burst(&c->gaps);
		cpu_irq_restore(irq);
	} while (clock_now() < until && !tool_is_stopped(&r->tool));
	if (c->counts_smi && smi_count(&after))
		c->smis = after - before;
}

static void show_line(struct tool *t, void *run)
{
	const struct latency_run *r = run;
	nsec_t done = clock_now() - r->begun;

	tool_line(t, "latency: %u of %u s", (unsigned)(MIN(done, r->duration) / NSEC_PER_SEC),
		  (unsigned)(r->duration / NSEC_PER_SEC));
}

static int run(struct latency_run *r)
{
	struct crew *crew = crew_create();

	if (!crew)
		return -ENOMEM;
	const unsigned count = crew_size(crew);
	r->cpus = vmalloc(count * sizeof(*r->cpus));
	if (r->cpus) {
		memset(r->cpus, 0, count * sizeof(*r->cpus));
		r->begun = clock_now();
		crew_start_all(crew, work, r);
		tool_wait(&r->tool, crew, NSEC_NEVER, show_line, r);
		tool_end(&r->tool);
		vfree(results);
		results = r->cpus;
		result_count = count;
	}
	crew_destroy(crew);
	return r->cpus ? 0 : -ENOMEM;
}

/* ---- What is shown ---- */

static const struct {
	const char *name;
	uint64_t of_million;
} columns[] = { { "p50", 500000 }, { "p99", 990000 }, { "p99_9", 999000 } };

/* Of all CPUs; 2.5 KiB, which is too much for a stack. */
static struct histogram all;

static void add_up(void)
{
	memset(&all, 0, sizeof(all));
	for (unsigned i = 0; i < result_count; i++)
		histogram_merge(&all, &results[i].gaps);
}

static void print_cpu(const struct cpu_gaps *c)
{
	const struct histogram *h = &c->gaps;

	monitor_printf("%5u %10llu %8llu", c->cpu, (unsigned long long)h->samples, (unsigned long long)h->least);
	for (unsigned i = 0; i < ARRAY_SIZE(columns); i++)
		monitor_printf(" %8llu", (unsigned long long)histogram_percentile(h, columns[i].of_million));
	monitor_printf(" %10llu", (unsigned long long)h->most);
	if (c->counts_smi)
		monitor_printf(" %6u", c->smis);
	monitor_printf("\n");
}

/* How long is a number in binary: bars by it show one in a billion as well as the billion. */
static uint64_t magnitude(uint64_t value)
{
	return value ? 64 - (uint64_t)__builtin_clzll(value) : 0;
}

static void print_bars(void)
{
	unsigned first = 0, last = HISTOGRAM_BITS - 1;
	char bar[TOOL_BAR];

	while (first < last && !histogram_octave(&all, first))
		first++;
	while (last > first && !histogram_octave(&all, last))
		last--;
	monitor_printf("\ngaps of all CPUs; a bar grows by the logarithm\n");
	for (unsigned power = first; power <= last; power++) {
		uint64_t count = histogram_octave(&all, power);
		monitor_printf("%12llu ns %-12llu %s\n", 1ull << power, (unsigned long long)count,
			       tool_bar(bar, magnitude(count), magnitude(all.samples), BAR));
	}
}

static void print_result(void)
{
	monitor_printf("gaps in ns\n  CPU    samples      min      p50      p99    p99.9        max%s\n",
		       results[0].counts_smi ? "   SMIs" : "");
	for (unsigned i = 0; i < result_count; i++)
		print_cpu(&results[i]);
	add_up();
	print_bars();
}

static void latency_report(struct report_sink *s)
{
	if (!result_count)
		return;
	report_list(s, "cpus");
	for (const struct cpu_gaps *c = results; c < results + result_count; c++) {
		report_row(s);
		report_number(s, "cpu", c->cpu);
		report_number(s, "samples", c->gaps.samples);
		report_number(s, "min_ns", c->gaps.least);
		for (unsigned i = 0; i < ARRAY_SIZE(columns); i++)
			report_number(s, columns[i].name, histogram_percentile(&c->gaps, columns[i].of_million));
		report_number(s, "max_ns", c->gaps.most);
		if (c->counts_smi)
			report_number(s, "smis", c->smis);
		report_end(s);
	}
	report_end(s);
	add_up();
	report_list(s, "gaps");
	for (unsigned power = 0; power < HISTOGRAM_BITS; power++) {
		if (!histogram_octave(&all, power))
			continue;
		report_row(s);
		report_number(s, "from_ns", power ? 1ull << power : 0);
		report_number(s, "samples", histogram_octave(&all, power));
		report_end(s);
	}
	report_end(s);
}
REPORT_SECTION(91, latency, "Latency", latency_report);

static int latency_command(int argc, char **argv)
{
	struct latency_run r = { 0 };

	tool_begin(&r.tool, &argc, argv);
	r.duration = tool_duration(argc, argv, SECONDS);
	if (!r.duration)
		return -EINVAL;
	int error = run(&r);
	if (error)
		return error;
	if (r.tool.quiet)
		return tool_json("latency");
	print_result();
	return 0;
}
MONITOR_COMMAND(latency, "[SECONDS] [json]", "how long each CPU is kept from running", latency_command,
	.text = "For 5 s, or as long as you say, every CPU looks at the clock with interrupts off, and counts the gaps "
		"between two looks. The shortest are the look itself; long ones are the firmware (SMIs, counted where "
		"the CPU does), a hypervisor, or a neighbour on the same core. p99.9: of a thousand gaps one is longer. "
		"q stops.");

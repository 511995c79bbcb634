/* `bandwidth`: how fast memory is read, written and copied, by how much of it is worked on.
 *
 * Small amounts stay in a cache, so that a step down in the figures shows the end of each. Each CPU has memory of its
 * own, from near itself, in blocks of one size; a working set is the first so many bytes of that. Each figure is from
 * whole rounds over the set, until enough time has passed; the first one only warms up. CPUs need not be alike, in their
 * cores or in their way to the memory, so that at last each is measured alone, with a small set and a large one. */
#include <abi/linux/errno.h>
#include "kernel/arch/stream.h"
#include "kernel/arch/topology.h"
#include "kernel/core/monitor.h"
#include "kernel/core/report.h"
#include "kernel/diag/holding.h"
#include "kernel/diag/tool.h"
#include "kernel/mm/vmap.h"
#include "kernel/sched/thread.h"
#include "lib/format.h"
#include "lib/string.h"

#define SET_LEAST	KIB(4)
#define SET_MOST	MIB(256)
#define SETS		17		/* 4 KiB, 8 KiB … 256 MiB */
#define BLOCKS_MOST	(SET_MOST / (PAGE_SIZE << BUDDY_ORDER_MAX))
#define LONG_ENOUGH	(10 * NSEC_PER_MSEC)
#define BETWEEN_LOOKS	MIB(1)		/* at the clock */
#define RESERVE		MIB(6)		/* that others may want meanwhile */
#define BAR		16

enum operation { READ, WRITE, COPY, OPERATIONS };
static const char *const names[OPERATIONS] = { "read", "write", "copy" };
static const char *const operation_keys[OPERATIONS] = { "read_mb_per_s", "write_mb_per_s", "copy_mb_per_s" };

enum scope { ONE, ALL, SCOPES };

struct part {
	struct holding holding;
	uint64_t *blocks[BLOCKS_MOST];
	uint64_t mb_per_s;		/* of the last figure */
};

/* A run. What members read is written while they have no work. */
struct bandwidth_run {
	struct tool tool;
	struct crew *crew;
	struct part *parts;		/* one for each member */
	unsigned order;			/* of the blocks */
	uint64_t share[SCOPES];		/* bytes that member 0 has, and each other one at least */
	unsigned first, members;	/* from that one on so many measure now, */
	unsigned arrived;		/* atomic: and that are at the start */
	uint64_t set;			/* bytes */
	enum operation operation;
};

/* Megabytes a second; 0 where it was not measured. */
static struct {
	unsigned cpus;
	uint64_t mb_per_s[SETS][SCOPES][OPERATIONS];
} result;

/* With several CPUs also each alone; NULL where there was no memory for it. */
#define ALONE_SETS 2
static unsigned alone_sets[ALONE_SETS] = { 2 };	/* 16 KiB, and the largest that all have */
static struct alone {
	cpu_id_t cpu;
	uint64_t mb_per_s[ALONE_SETS][OPERATIONS];
} *alone;

static uint64_t set_bytes(unsigned index)
{
	return SET_LEAST << index;
}

/* ---- What the CPUs do ---- */

static void work_take(void *run, unsigned member)
{
	struct bandwidth_run *r = run;
	struct part *p = &r->parts[member];
	unsigned count = 0;

	holding_take_order(&p->holding, r->order, r->share[member ? ALL : ONE], RESERVE);
	for (struct frame *block = p->holding.blocks; block; block = block->next)
		p->blocks[count++] = holding_words(block);
}

static void work_give(void *run, unsigned member)
{
	struct bandwidth_run *r = run;

	holding_free(&r->parts[member].holding);
}

static void touch(enum operation operation, uint64_t *to, const uint64_t *from, size_t count)
{
	switch (operation) {
	case READ:
		stream_read(from, count);
		break;
	case WRITE:
		stream_fill(to, count, 0);
		break;
	default:
		stream_copy(to, from, count);
	}
}

/* Once over the working set. A copy goes from its first half to its second, and moves half as many bytes. */
static void round_run(const struct bandwidth_run *r, struct part *p)
{
	const size_t block = PAGE_SIZE << r->order, blocks = r->set / block, parts = r->operation == COPY ? 2 : 1;
	const size_t words = (blocks > 1 ? block : r->set / parts) / sizeof(uint64_t);

	if (blocks <= 1)
		touch(r->operation, p->blocks[0] + words * (parts - 1), p->blocks[0], words);
	for (size_t i = 0; blocks > 1 && i < blocks / parts; i++)
		touch(r->operation, p->blocks[i + blocks / 2 * (parts - 1)], p->blocks[i], words);
}

static void work_measure(void *run, unsigned member)
{
	struct bandwidth_run *r = run;
	struct part *p = &r->parts[member];
	const uint64_t round_bytes = r->operation == COPY ? r->set / 2 : r->set;
	uint64_t bytes = 0;

	round_run(r, p);
	__atomic_add_fetch(&r->arrived, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&r->arrived, __ATOMIC_RELAXED) < r->members && !tool_is_stopped(&r->tool))
		thread_yield();
	nsec_t begun = clock_now(), took;
	do {
		for (uint64_t enough = bytes + BETWEEN_LOOKS; bytes < enough; bytes += round_bytes)
			round_run(r, p);
		took = clock_now() - begun;
	} while (took < LONG_ENOUGH && !tool_is_stopped(&r->tool));
	p->mb_per_s = bytes * 1000 / (uint64_t)MAX(took, 1);
}

/* ---- The course ---- */

static void show_line(struct tool *t, void *run)
{
	const struct bandwidth_run *r = run;

	tool_line(t, "bandwidth: %s, %llu KiB, %u of %u CPUs", names[r->operation], (unsigned long long)r->set >> 10,
		  r->members, crew_size(r->crew));
}

static uint64_t figure(struct bandwidth_run *r)
{
	uint64_t sum = 0;

	r->arrived = 0;
	for (unsigned i = 0; i < r->members; i++)
		crew_start(r->crew, r->first + i, work_measure, r);
	tool_wait(&r->tool, r->crew, NSEC_NEVER, show_line, r);
	for (unsigned i = 0; i < r->members; i++)
		sum += r->parts[r->first + i].mb_per_s;
	return tool_is_stopped(&r->tool) ? 0 : sum;
}

static void set_measure(struct bandwidth_run *r, unsigned index, unsigned members, uint64_t ret[OPERATIONS])
{
	r->set = set_bytes(index);
	r->members = members;
	for (r->operation = READ; r->operation < OPERATIONS && !tool_is_stopped(&r->tool); r->operation++)
		ret[r->operation] = figure(r);
}

static void alone_measure(struct bandwidth_run *r)
{
	for (r->first = 0; r->first < result.cpus; r->first++) {
		alone[r->first].cpu = crew_cpu(r->crew, r->first);
		for (unsigned i = 0; i < ALONE_SETS; i++)
			if (set_bytes(alone_sets[i]) <= r->share[ALL])
				set_measure(r, alone_sets[i], 1, alone[r->first].mb_per_s[i]);
	}
}

static void measure(struct bandwidth_run *r)
{
	for (unsigned i = 0; i < SETS; i++) {
		if (set_bytes(i) <= r->share[ONE])
			set_measure(r, i, 1, result.mb_per_s[i][ONE]);
		if (result.cpus > 1 && set_bytes(i) <= r->share[ALL]) {
			set_measure(r, i, result.cpus, result.mb_per_s[i][ALL]);
			alone_sets[ALONE_SETS - 1] = i;
		}
	}
	if (alone)
		alone_measure(r);
}

static uint64_t power_of_two_in(uint64_t value)
{
	return 1ull << (63 - __builtin_clzll(MAX(value, 1ull)));
}

/* Half of what is free is enough; one CPU alone gets a quarter. */
static void divide(struct bandwidth_run *r)
{
	const uint64_t free = frames_free_bytes();

	r->share[ALL] = MIN(power_of_two_in(free / 4 / crew_size(r->crew)), SET_MOST);
	r->order = BUDDY_ORDER_MAX;
	while (r->order && PAGE_SIZE << r->order > r->share[ALL])
		r->order--;
	r->share[ONE] = MIN(power_of_two_in(free / 4), BLOCKS_MOST * (PAGE_SIZE << r->order));
}

/* What was not to be had is not measured. */
static void take(struct bandwidth_run *r)
{
	divide(r);
	crew_start_all(r->crew, work_take, r);
	crew_wait(r->crew, NSEC_NEVER);
	r->share[ONE] = r->parts[0].holding.bytes;
	for (unsigned i = 0; i < crew_size(r->crew); i++)
		r->share[ALL] = MIN(r->share[ALL], r->parts[i].holding.bytes);
}

static void results_make(unsigned cpus)
{
	memset(&result, 0, sizeof(result));
	result.cpus = cpus;
	vfree(alone);
	alone = cpus > 1 ? vmalloc(cpus * sizeof(*alone)) : NULL;
	if (alone)
		memset(alone, 0, cpus * sizeof(*alone));
}

static int run(struct bandwidth_run *r)
{
	r->crew = crew_create();
	if (!r->crew)
		return -ENOMEM;
	const unsigned cpus = crew_size(r->crew);
	int error = -ENOMEM;
	r->parts = vmalloc(cpus * sizeof(*r->parts));
	if (r->parts) {
		memset(r->parts, 0, cpus * sizeof(*r->parts));
		results_make(cpus);
		take(r);
		measure(r);
		tool_end(&r->tool);
		crew_start_all(r->crew, work_give, r);
		crew_wait(r->crew, NSEC_NEVER);
		error = 0;
	}
	vfree(r->parts);
	crew_destroy(r->crew);
	return error;
}

/* ---- What is shown ---- */

/* The smallest cache that holds so much. */
static const char *cache_of(uint64_t bytes, char text[8])
{
	const struct cpu_topology *t = &cpu_of(0, cpu_topology);
	const struct cpu_cache *best = NULL;

	for (const struct cpu_cache *c = t->caches; c < t->caches + t->cache_count; c++)
		if (c->type != CPU_CACHE_INSTRUCTION && c->size >= bytes && (!best || c->size < best->size))
			best = c;
	if (!best)
		return "";
	ksnprintf(text, 8, "L%u", best->level);
	return text;
}

static uint64_t most_read(void)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < SETS; i++)
		most = MAX(most, result.mb_per_s[i][ONE][READ]);
	return most;
}

static void print_figures(const uint64_t mb_per_s[OPERATIONS])
{
	char text[24];

	for (unsigned i = 0; i < OPERATIONS; i++)
		monitor_printf(" %7s", mb_per_s[i] ? tool_hundredths(text, mb_per_s[i] / 10) : "");
}

static const char *set_text(unsigned index, char text[12])
{
	const unsigned long long bytes = set_bytes(index);

	ksnprintf(text, 12, "%llu %s", bytes >> (bytes >= MIB(1) ? 20 : 10), bytes >= MIB(1) ? "MiB" : "KiB");
	return text;
}

static void print_alone(void)
{
	char near[12], far[12];

	monitor_printf("\nCPU alone   %8s                %8s\n", set_text(alone_sets[0], near), set_text(alone_sets[1], far));
	monitor_printf("                read   write    copy     read   write    copy\n");
	for (const struct alone *a = alone; a < alone + result.cpus && a->mb_per_s[0][READ]; a++) {
		monitor_printf("%8u    ", a->cpu);
		print_figures(a->mb_per_s[0]);
		monitor_printf(" ");
		print_figures(a->mb_per_s[1]);
		monitor_printf("\n");
	}
}

static void print_result(void)
{
	const bool several = result.cpus > 1;
	char bar[TOOL_BAR], cache[8], all[40], set[12];

	ksnprintf(all, sizeof(all), "%u CPUs, each its own set", result.cpus);
	monitor_printf("GB/s         one CPU                    %s\n", several ? all : "");
	monitor_printf("working set     read   write    copy%s  one CPU reads\n",
		       several ? "     read   write    copy" : "");
	for (unsigned i = 0; i < SETS && result.mb_per_s[i][ONE][READ]; i++) {
		monitor_printf("%8s %-3s", set_text(i, set), cache_of(set_bytes(i), cache));
		print_figures(result.mb_per_s[i][ONE]);
		if (several) {
			monitor_printf(" ");
			print_figures(result.mb_per_s[i][ALL]);
		}
		monitor_printf("  %s\n", tool_bar(bar, result.mb_per_s[i][ONE][READ], most_read(), BAR));
	}
	if (alone)
		print_alone();
}

static void report_figures(struct report_sink *s, const uint64_t mb_per_s[OPERATIONS])
{
	for (unsigned operation = 0; operation < OPERATIONS; operation++)
		report_number(s, operation_keys[operation], mb_per_s[operation]);
}

static void alone_report(struct report_sink *s)
{
	report_list(s, "alone");
	for (const struct alone *a = alone; a < alone + result.cpus; a++) {
		for (unsigned i = 0; i < ALONE_SETS; i++) {
			if (!a->mb_per_s[i][READ])
				continue;
			report_row(s);
			report_number(s, "cpu", a->cpu);
			report_bytes(s, "set", set_bytes(alone_sets[i]));
			report_figures(s, a->mb_per_s[i]);
			report_end(s);
		}
	}
	report_end(s);
}

static void bandwidth_report(struct report_sink *s)
{
	if (!result.cpus)
		return;
	report_number(s, "cpus", result.cpus);
	report_list(s, "figures");
	for (unsigned i = 0; i < SETS; i++) {
		for (enum scope scope = ONE; scope < SCOPES; scope++) {
			if (!result.mb_per_s[i][scope][READ])
				continue;
			report_row(s);
			report_bytes(s, "set", set_bytes(i));
			report_number(s, "cpus", scope == ONE ? 1 : result.cpus);
			report_figures(s, result.mb_per_s[i][scope]);
			report_end(s);
		}
	}
	report_end(s);
	if (alone)
		alone_report(s);
}
REPORT_SECTION(93, bandwidth, "Bandwidth", bandwidth_report);

static int bandwidth_command(int argc, char **argv)
{
	struct bandwidth_run r = { 0 };

	tool_begin(&r.tool, &argc, argv);
	if (argc != 1)
		return -EINVAL;
	int error = run(&r);
	if (error)
		return error;
	if (r.tool.quiet)
		return tool_json("bandwidth");
	print_result();
	return 0;
}
MONITOR_COMMAND(bandwidth, "[json]", "how fast caches and memory are", bandwidth_command,
	.text = "Reads, writes and copies of 4 KiB to 256 MiB, by CPU 0 alone and by all CPUs at once, each in memory "
		"of its own, in 10^9 bytes a second (a byte copied counts once). The figures step down where a cache "
		"ends; L1, L2, L3: the cache that still holds the set. Below, each CPU alone. q stops.");

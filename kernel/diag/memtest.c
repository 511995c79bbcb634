/* `memtest`: all free memory, on all CPUs in parallel.
 *
 * Each CPU takes its share of the free blocks from near itself, and works on these. A step of a test goes over all
 * blocks of all CPUs before the next begins (kernel/diag/patterns.h), and each CPU empties its caches in between, so
 * that what a step reads comes from the memory itself. What the kernel, the firmware and the screen use is not tested.
 *
 * A frame with a fault is marked while the test goes on, and retired when the test gives its memory back. */
#include "kernel/diag/memtest.h"

#include <abi/linux/errno.h>
#include "kernel/arch/stream.h"
#include "kernel/core/monitor.h"
#include "kernel/core/report.h"
#include "kernel/diag/holding.h"
#include "kernel/diag/patterns.h"
#include "kernel/diag/tool.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/memory.h"
#include "kernel/sched/thread.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

#define RESERVE		MIB(6)		/* that others may want meanwhile, */
#define RESERVE_CPU	KIB(64)		/* and for each CPU */
#define FADE		NSEC_PER_SEC
#define FADE_LOOK	(50 * NSEC_PER_MSEC)

struct part {
	struct holding holding;
	uint64_t done;			/* atomic: bytes of this step */
};

/* A run. What members read is written while they have no work. */
struct memtest_run {
	struct tool tool;
	struct crew *crew;
	struct part *parts;		/* one for each member */
	bool halt;			/* atomic: members stop soon */
	uint64_t wanted, reserve;	/* bytes to take in all, to leave */
	unsigned passes;		/* to do; 0: until something ends it */
	nsec_t duration;		/* 0: without an end */
	nsec_t begun, until;
	unsigned test, number;		/* where it is: index of memtests, step of it */
	nsec_t step_begun;		/* 0: it waits */
	struct memtest_step step;
	unsigned shown;			/* faults */
};

static struct memtest_result result;

const struct memtest_result *memtest_result(void)
{
	return &result;
}

static bool is_halted(const struct memtest_run *r)
{
	return __atomic_load_n(&r->halt, __ATOMIC_RELAXED);
}

/* ---- What the CPUs do ---- */

static void work_take(void *run, unsigned member)
{
	struct memtest_run *r = run;

	holding_take(&r->parts[member].holding, r->wanted / crew_size(r->crew), r->reserve);
}

static void work_give(void *run, unsigned member)
{
	struct memtest_run *r = run;

	holding_free(&r->parts[member].holding);
}

static void bad_word(void *run, const uint64_t *word, uint64_t expected, uint64_t actual)
{
	const struct memtest_run *r = run;
	faults_add(&result.faults, (struct fault){
		.address = virt_to_phys(word), .expected = expected, .actual = actual, .cpu = cpu_id(), .test = r->test,
		.moved = memtest_moves(&memtests[r->test]),
	});
}

static void work_step(void *run, unsigned member)
{
	struct memtest_run *r = run;
	struct part *part = &r->parts[member];

	stream_flush_caches();
	for (const struct frame *block = part->holding.blocks; block && !is_halted(r); block = block->next) {
		struct sweep sweep = {
			.words = holding_words(block), .count = holding_count(block), .bad = bad_word, .context = r,
			.offset = -HANDOFF_DIRECT_MAP,
		};
		r->step.run(&sweep, &r->step);
		__atomic_add_fetch(&part->done, PAGE_SIZE << block->order, __ATOMIC_RELAXED);
	}
}

static void work_fade(void *run, unsigned member)
{
	nsec_t end = clock_now() + FADE;

	while (clock_now() < end && !is_halted(run))
		thread_sleep(FADE_LOOK);
}

/* ---- What is seen meanwhile ---- */

static uint64_t bytes_done(const struct memtest_run *r)
{
	uint64_t done = 0;

	for (unsigned i = 0; i < crew_size(r->crew); i++)
		done += __atomic_load_n(&r->parts[i].done, __ATOMIC_RELAXED);
	return done;
}

static uint64_t bytes_moved(const struct memtest_run *r)
{
	return bytes_done(r) * (r->step.reads + r->step.writes);
}

static void show_faults(struct memtest_run *r)
{
	char modules[MODULES_TEXT];
	struct fault f;

	for (; faults_get(&result.faults, r->shown, &f); r->shown++) {
		modules_text(f.modules, modules);
		tool_print(&r->tool, "memtest: %#014llx is %016llx, not %016llx, bits %llx, CPU %u%s%s%s",
			   (unsigned long long)f.address, (unsigned long long)f.actual, (unsigned long long)f.expected,
			   (unsigned long long)(f.expected ^ f.actual), f.cpu,
			   f.moved ? ", or where it was moved from" : "", modules[0] ? ", " : "", modules);
	}
}

static void show_line(struct tool *t, void *run)
{
	struct memtest_run *r = run;
	const struct memtest *test = &memtests[r->test];
	const nsec_t now = clock_now();
	const unsigned seconds = (unsigned)((now - r->begun) / NSEC_PER_SEC);
	const uint64_t whole = MAX(result.tested, 1ull);
	char rate[24];

	show_faults(r);
	const nsec_t moving = result.moving + (r->step_begun ? now - r->step_begun : 0);
	tool_hundredths(rate, (result.moved + bytes_moved(r)) * 100 / (uint64_t)MAX(moving, 1));
	tool_line(t, "pass %u %u/%u %s: %u %%, %s GB/s, %llu errors, %u:%02u", result.passes + 1, r->test + 1, MEMTEST_COUNT,
		  test->name, (unsigned)((r->number * whole + bytes_done(r)) * 100 / (whole * test->steps)), rate,
		  (unsigned long long)result.faults.count, seconds / 60, seconds % 60);
}

static void show_nothing(struct tool *t, void *run)
{
}

/* ---- The course ---- */

/* Wait for what the members do; false where the test ends here. */
static bool watch(struct memtest_run *r)
{
	bool done = false;

	while (!done && !is_halted(r)) {
		done = tool_wait(&r->tool, r->crew, MIN(r->until, clock_now() + NSEC_PER_SEC / 10), show_line, r);
		__atomic_store_n(&r->halt, tool_is_stopped(&r->tool) || clock_now() >= r->until, __ATOMIC_RELAXED);
	}
	crew_wait(r->crew, NSEC_NEVER);
	return !is_halted(r);
}

static bool fade(struct memtest_run *r)
{
	crew_start(r->crew, 0, work_fade, r);
	return watch(r);
}

static bool step_run(struct memtest_run *r)
{
	for (unsigned i = 0; i < crew_size(r->crew); i++)
		r->parts[i].done = 0;
	r->step_begun = 0;
	if (r->step.fades && !fade(r))
		return false;
	r->step_begun = clock_now();
	crew_start_all(r->crew, work_step, r);
	bool on = watch(r);
	nsec_t took = clock_now() - r->step_begun;
	result.moved += bytes_moved(r);
	result.moving += took;
	if (memtest_step_fills(&r->step)) {
		result.filled += bytes_done(r);
		result.filling += took;
	}
	return on;
}

static bool pass_run(struct memtest_run *r)
{
	for (r->test = 0; r->test < MEMTEST_COUNT; r->test++) {
		const struct memtest *test = &memtests[r->test];
		for (r->number = 0; r->number < test->steps; r->number++) {
			test->step(r->number, result.passes, &r->step);
			if (!step_run(r))
				return false;
		}
	}
	return true;
}

static void measure(struct memtest_run *r)
{
	crew_start_all(r->crew, work_take, r);
	while (!tool_wait(&r->tool, r->crew, NSEC_NEVER, show_nothing, r))
		;
	for (unsigned i = 0; i < crew_size(r->crew); i++)
		result.tested += r->parts[i].holding.bytes;
	r->begun = clock_now();
	r->until = r->duration ? r->begun + r->duration : NSEC_NEVER;
	while (result.tested && (!r->passes || result.passes < r->passes) && pass_run(r))
		result.passes++;
	result.took = clock_now() - r->begun;
	result.stopped = tool_is_stopped(&r->tool);
	result.tests = r->test % MEMTEST_COUNT;
	show_faults(r);
	tool_end(&r->tool);
	crew_start_all(r->crew, work_give, r);
	crew_wait(r->crew, NSEC_NEVER);
}

static int run(struct memtest_run *r)
{
	r->crew = crew_create();
	if (!r->crew)
		return -ENOMEM;
	const unsigned cpus = crew_size(r->crew);
	int error = -ENOMEM;
	r->parts = kzalloc(cpus * sizeof(*r->parts));
	if (r->parts) {
		memset(&result, 0, sizeof(result));
		faults_clear(&result.faults);
		result.ram = memory_total();
		result.cpus = cpus;
		r->reserve = RESERVE + cpus * RESERVE_CPU;
		r->wanted = MIN(r->wanted, frames_free_bytes());
		measure(r);
		error = 0;
	}
	kfree(r->parts);
	crew_destroy(r->crew);
	return error;
}

/* ---- The command ---- */

static void print_result(void)
{
	const struct memtest_result *m = &result;
	const struct faults *f = &m->faults;
	char begun[32] = "", moved[24], filled[24];

	if (m->tests)
		ksnprintf(begun, sizeof(begun), " and %u of %u tests", m->tests, MEMTEST_COUNT);
	monitor_printf("memtest: %u %s%s%s; %u %s; %llu of %llu MiB, %u %%\n", m->passes,
		       m->passes == 1 ? "pass" : "passes", begun, m->stopped ? ", stopped" : "",
		       m->cpus, m->cpus == 1 ? "CPU" : "CPUs",
		       (unsigned long long)(m->tested >> 20), (unsigned long long)(m->ram >> 20),
		       (unsigned)(m->tested * 100 / m->ram));
	tool_hundredths(moved, m->moved * 100 / (uint64_t)MAX(m->moving, 1));
	tool_hundredths(filled, m->filled * 100 / (uint64_t)MAX(m->filling, 1));
	monitor_printf("memtest: %llu MiB moved in %u s: %s GB/s; fills: %s GB/s\n",
		       (unsigned long long)(m->moved >> 20), (unsigned)(m->took / NSEC_PER_SEC), moved, filled);
	if (f->count)
		monitor_printf("memtest: %llu ERRORS, bits %llx\n", (unsigned long long)f->count,
			       (unsigned long long)f->bits);
	else
		monitor_printf("memtest: no errors\n");
	if (f->frames)
		monitor_printf("memtest: %llu bad frames from %#llx to %#llx are retired\n",
			       (unsigned long long)f->frames, (unsigned long long)f->lowest,
			       (unsigned long long)f->highest);
}

static void fault_row(struct report_sink *s, const struct fault *f)
{
	char modules[MODULES_TEXT];

	report_row(s);
	report_hex(s, "address", f->address, 12);
	report_hex(s, "expected", f->expected, 16);
	report_hex(s, "actual", f->actual, 16);
	report_number(s, "cpu", f->cpu);
	report_text(s, "test", "%s", memtests[f->test].name);
	report_flag(s, "moved", f->moved);
	report_text(s, "module", "%s", modules_text(f->modules, modules));
	report_end(s);
}

static void faults_report(struct report_sink *s, const struct faults *f)
{
	char modules[MODULES_TEXT];

	report_number(s, "bad_frames", f->frames);
	report_hex(s, "bits", f->bits, 16);
	report_list(s, "modules");
	for (unsigned i = 0; i < MODULES_MOST; i++) {
		if (!f->module_frames[i])
			continue;
		report_row(s);
		report_text(s, "slot", "%s", modules_text(1ull << i, modules));
		report_number(s, "bad_frames", f->module_frames[i]);
		report_end(s);
	}
	report_end(s);
	report_list(s, "faults");
	for (unsigned i = 0; i < f->kept; i++)
		fault_row(s, &f->first[i]);
	report_end(s);
}

static void memtest_report(struct report_sink *s)
{
	const struct memtest_result *m = &result;

	if (!m->ram)
		return;
	report_bytes(s, "ram", m->ram);
	report_bytes(s, "tested", m->tested);
	report_number(s, "cpus", m->cpus);
	report_number(s, "passes", m->passes);
	report_number(s, "tests", m->tests);
	report_flag(s, "stopped", m->stopped);
	report_number(s, "milliseconds", (uint64_t)(m->took / NSEC_PER_MSEC));
	report_number(s, "mb_per_s", m->moved * 1000 / (uint64_t)MAX(m->moving, 1));
	report_number(s, "fill_mb_per_s", m->filled * 1000 / (uint64_t)MAX(m->filling, 1));
	report_number(s, "errors", m->faults.count);
	if (m->faults.count)
		faults_report(s, &m->faults);
}
REPORT_SECTION(90, memtest, "Memory test", memtest_report);

enum { ARGUMENT_LENGTH = 1, ARGUMENT_MEMORY = 2 };

/* "30s" is a time, a number of a MiB and more is memory, and any other one a count of passes. What it was; 0 for none. */
static unsigned argument_parse(const char *text, struct memtest_run *r)
{
	size_t size = strlen(text);
	const bool seconds = size > 1 && text[size - 1] == 's';
	uint64_t number;

	if (cmdline_parse_number(text, size - seconds, &number) || (seconds && !number))
		return 0;
	if (!seconds && number >= MIB(1)) {
		r->wanted = number;
		return ARGUMENT_MEMORY;
	}
	if (seconds) {
		r->passes = 0;
		r->duration = (nsec_t)MIN(number, 1000000000ull) * NSEC_PER_SEC;
	} else {
		r->passes = (unsigned)number;
	}
	return ARGUMENT_LENGTH;
}

static int memtest_command(int argc, char **argv)
{
	struct memtest_run r = { .wanted = UINT64_MAX, .passes = 1 };
	unsigned given = 0;

	tool_begin(&r.tool, &argc, argv);
	for (int i = 1; i < argc; i++) {
		const unsigned argument = argument_parse(argv[i], &r);
		if (!argument || (given & argument))
			return -EINVAL;
		given |= argument;
	}
	int error = run(&r);
	if (error)
		return error;
	if (r.tool.quiet)
		return tool_json("memtest");
	print_result();
	return 0;
}
MONITOR_COMMAND(memtest, "[PASSES|SECONDSs] [MEMORY] [json]", "test the free memory", memtest_command,
	.text = "memtest does one pass of ten tests over all free memory, on all CPUs; memtest 30s does so for 30 s, "
		"memtest 0 until a key (q) stops it, memtest 8 64M eight passes over 64 MiB: after eight all patterns "
		"were used. An error is shown by address and, where the firmware tells, by module; its frame is not "
		"used any more, and the machine goes on.");

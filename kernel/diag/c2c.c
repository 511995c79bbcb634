/* `c2c`: how long a cache line takes from one CPU to another.
 *
 * Two CPUs hand one word to each other, and wait for it by reading it: each hand-over moves the line once. Of several
 * batches the fastest counts, as interrupts and others on the machine can only make one slower. Pairs are measured one
 * after another, in an order that jumps about, so that what there is time for says something of the whole machine. */
#include <abi/linux/errno.h>
#include "kernel/arch/topology.h"
#include "kernel/core/monitor.h"
#include "kernel/core/report.h"
#include "kernel/diag/heatmap.h"
#include "kernel/diag/tool.h"
#include "kernel/mm/vmap.h"
#include "kernel/sync/blocking.h"
#include "lib/format.h"
#include "lib/histogram.h"
#include "lib/string.h"

#define SECONDS		20		/* most pairs take a fraction of a millisecond */
#define BATCHES		24u
#define BATCH		16u		/* there and back again */
/* With a pair: an emulator may run its CPUs by turns. Of less time per pair each gets its share. */
#define PATIENCE_LEAST	(50 * NSEC_PER_MSEC)
#define PATIENCE_MOST	NSEC_PER_SEC
#define LOOK_EVERY	4096u		/* readings, at the time */
#define TABLE_MOST	14u		/* CPUs whose figures fit in 80 columns */
#define OVER		UINT64_MAX	/* the word when the game is over */

/* The word lies alone on its line, and on the neighbour that some CPUs fetch with it. */
struct ball {
	uint64_t turn __attribute__((aligned(128)));	/* atomic */
	char alone[120];
};

struct c2c_run {
	struct tool tool;
	struct crew *crew;
	nsec_t until;
	nsec_t patience;
	uint64_t fastest;		/* ticks for a batch; 0: none was finished */
	unsigned done, pairs;
	struct ball ball;
};

/* The last run's; it stays for the report. Nanoseconds one way for each pair, 0 where it was not measured: the pairs of
 * CPU 1, those of 2, … with the CPUs below. */
static uint32_t *results;
static cpu_id_t *cpus;
static unsigned cpu_count;

static size_t pair_index(unsigned a, unsigned b)
{
	const size_t high = MAX(a, b), low = MIN(a, b);

	return high * (high - 1) / 2 + low;
}

static size_t pair_count(unsigned count)
{
	return (size_t)count * (count - 1) / 2;
}

static uint32_t result_of(unsigned a, unsigned b)
{
	return a == b ? 0 : results[pair_index(a, b)];
}

/* ---- The game ---- */

/* Wait for the word; false where it does not come in time, or the game is over. */
static bool await(const struct ball *b, uint64_t turn, nsec_t until)
{
	for (unsigned i = 0;; i++) {
		const uint64_t is = __atomic_load_n(&b->turn, __ATOMIC_ACQUIRE);
		if (is == turn || is == OVER)
			return is == turn;
		if (i == LOOK_EVERY) {
			if (clock_now() >= until)
				return false;
			i = 0;
		}
	}
}

static bool batch(struct ball *b, uint64_t *turn, nsec_t until)
{
	for (unsigned i = 0; i < BATCH; i++, *turn += 2) {
		__atomic_store_n(&b->turn, *turn + 1, __ATOMIC_RELEASE);
		if (!await(b, *turn + 2, until))
			return false;
	}
	return true;
}

/* The first batch waits for the other CPU to begin, and is hardly ever the fastest. */
static void work_serve(void *run, unsigned member)
{
	struct c2c_run *r = run;
	const nsec_t until = clock_now() + r->patience;
	uint64_t turn = 0;

	r->fastest = 0;
	for (unsigned i = 0; i < BATCHES; i++) {
		const uint64_t begun = cpu_ticks();
		if (!batch(&r->ball, &turn, until))
			break;
		const uint64_t took = cpu_ticks() - begun;
		if (!r->fastest || took < r->fastest)
			r->fastest = took;
	}
	__atomic_store_n(&r->ball.turn, OVER, __ATOMIC_RELEASE);
}

static void work_return(void *run, unsigned member)
{
	struct c2c_run *r = run;
	const nsec_t until = clock_now() + r->patience;

	for (uint64_t turn = 1; await(&r->ball, turn, until); turn += 2)
		__atomic_store_n(&r->ball.turn, turn + 1, __ATOMIC_RELEASE);
}

/* ---- The course ---- */

static void show_line(struct tool *t, void *run)
{
	const struct c2c_run *r = run;

	tool_line(t, "c2c: %u of %u pairs", r->done, r->pairs);
}

static void pair_run(struct c2c_run *r, unsigned first, unsigned second)
{
	const nsec_t share = (r->until - clock_now()) / (nsec_t)(r->pairs - r->done);

	r->patience = MIN(MAX(share, PATIENCE_LEAST), PATIENCE_MOST);
	r->ball.turn = 0;
	crew_start(r->crew, second, work_return, r);
	crew_start(r->crew, first, work_serve, r);
	tool_wait(&r->tool, r->crew, NSEC_NEVER, show_line, r);
	const uint64_t one_way = (uint64_t)clock_span(0, r->fastest) / (2 * BATCH);
	if (r->fastest)
		results[pair_index(first, second)] = (uint32_t)MIN(MAX(one_way, 1ull), (uint64_t)UINT32_MAX);
	r->done++;
}

/* The pair of an index: pair_index turned round. */
static void pair_at(size_t index, unsigned *ret_high, unsigned *ret_low)
{
	unsigned high = 1;

	for (; index >= high; high++)
		index -= high;
	*ret_high = high;
	*ret_low = (unsigned)index;
}

static size_t common_divisor(size_t a, size_t b)
{
	while (b) {
		const size_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* A step near the golden section spreads the pairs evenly from the beginning; having no divisor in common with their
 * number it comes to each of them. */
static void measure(struct c2c_run *r)
{
	const size_t pairs = pair_count(cpu_count);
	size_t step = pairs * 618 / 1000 + 1, at = 0;

	while (pairs && common_divisor(pairs, step) != 1)
		step++;
	r->pairs = (unsigned)pairs;
	while (r->done < pairs && clock_now() < r->until && !tool_is_stopped(&r->tool)) {
		unsigned high, low;
		pair_at(at, &high, &low);
		pair_run(r, low, high);
		at = (at + step) % pairs;
	}
}

/* Memory for the results of so many CPUs in place of the last run's. */
static int results_make(const struct crew *crew)
{
	const unsigned count = crew_size(crew);
	const size_t pairs = pair_count(count);

	vfree(results);
	vfree(cpus);
	cpu_count = 0;
	results = vmalloc(MAX(pairs, (size_t)1) * sizeof(*results));
	cpus = vmalloc(count * sizeof(*cpus));
	if (!results || !cpus)
		return -ENOMEM;
	memset(results, 0, pairs * sizeof(*results));
	for (unsigned i = 0; i < count; i++)
		cpus[i] = crew_cpu(crew, i);
	cpu_count = count;
	return 0;
}

static int run(struct c2c_run *r, nsec_t duration)
{
	r->crew = crew_create();
	if (!r->crew)
		return -ENOMEM;
	int error = results_make(r->crew);
	if (!error) {
		r->until = clock_now() + duration;
		measure(r);
		tool_end(&r->tool);
	}
	crew_destroy(r->crew);
	return error;
}

/* ---- What is shown ---- */

enum { SAME_CORE, SAME_LLC, SAME_PACKAGE, OTHER_PACKAGE, RELATIONS };
static const char *const relation_names[RELATIONS] = {
	"threads of one core", "cores of one last-level cache", "last-level caches of one package", "packages",
};

static unsigned relation_of(cpu_id_t a, cpu_id_t b)
{
	return topology_core(a) == topology_core(b)	  ? SAME_CORE :
	       topology_llc(a) == topology_llc(b)	  ? SAME_LLC :
	       topology_package(a) == topology_package(b) ? SAME_PACKAGE :
							    OTHER_PACKAGE;
}

/* Of pairs of one relation; RELATIONS: of all. 2.5 KiB, which is too much for a stack. */
static struct histogram times;

static void times_add(uint32_t time)
{
	if (time)
		histogram_add(&times, time);
}

static void times_count(unsigned relation)
{
	memset(&times, 0, sizeof(times));
	for (unsigned high = 1; high < cpu_count; high++)
		for (unsigned low = 0; low < high; low++)
			if (relation == RELATIONS || relation_of(cpus[low], cpus[high]) == relation)
				times_add(result_of(low, high));
}

static void print_table(void)
{
	int width = 4;

	times_count(RELATIONS);
	for (uint64_t most = times.most; most >= 10000; most /= 10)
		width++;
	monitor_printf("  CPU");
	for (unsigned column = 0; column < cpu_count; column++)
		monitor_printf(" %*u", width, cpus[column]);
	for (unsigned row = 0; row < cpu_count; row++) {
		monitor_printf("\n%5u", cpus[row]);
		for (unsigned column = 0; column < cpu_count; column++)
			if (result_of(row, column))
				monitor_printf(" %*u", width, result_of(row, column));
			else
				monitor_printf(" %*s", width, row == column ? "-" : "");
	}
	monitor_printf("\n\n");
}

/* Few that took a hundred times as long as the others would leave no colours for these. */
static void print_map(void)
{
	times_count(RELATIONS);
	const uint64_t most = MIN(histogram_percentile(&times, 950000), 8 * histogram_percentile(&times, 500000));
	const struct heatmap map = {
		.count = cpu_count, .unit = "ns", .value = result_of,
		.least = (uint32_t)times.least, .most = (uint32_t)MIN(MAX(most, times.least), (uint64_t)UINT32_MAX),
	};

	if (times.samples)
		heatmap_print(&map);
}

static void print_result(const struct c2c_run *r)
{
	times_count(RELATIONS);
	monitor_printf("c2c: %u of %u pairs measured; one way, in ns\n", (unsigned)times.samples, r->pairs);
	for (unsigned relation = 0; relation < RELATIONS; relation++) {
		times_count(relation);
		if (times.samples)
			monitor_printf("  %-30s %5llu at least, %5llu median, %5llu at most\n",
				       relation_names[relation], (unsigned long long)times.least,
				       (unsigned long long)histogram_percentile(&times, 500000),
				       (unsigned long long)times.most);
	}
	monitor_printf("\n");
	if (cpu_count <= TABLE_MOST)
		print_table();
	if (cpu_count > 2)
		print_map();
}

static void relations_report(struct report_sink *s)
{
	report_list(s, "relations");
	for (unsigned relation = 0; relation < RELATIONS; relation++) {
		times_count(relation);
		if (!times.samples)
			continue;
		report_row(s);
		report_text(s, "between", "%s", relation_names[relation]);
		report_number(s, "pairs", times.samples);
		report_number(s, "min_ns", times.least);
		report_number(s, "median_ns", histogram_percentile(&times, 500000));
		report_number(s, "max_ns", times.most);
		report_end(s);
	}
	report_end(s);
}

/* A line for each CPU, with its times from those before it; 0 was not measured. */
static void c2c_report(struct report_sink *s)
{
	char key[16];

	if (!cpu_count)
		return;
	report_number(s, "cpus", cpu_count);
	report_number(s, "pairs", pair_count(cpu_count));
	relations_report(s);
	report_object(s, "ns");
	for (unsigned high = 1; high < cpu_count; high++) {
		ksnprintf(key, sizeof(key), "cpu_%u", cpus[high]);
		report_values(s, key);
		for (unsigned low = 0; low < high; low++)
			report_number(s, NULL, result_of(low, high));
		report_end(s);
	}
	report_end(s);
}
REPORT_SECTION(92, c2c, "Core to core", c2c_report);

static int c2c_command(int argc, char **argv)
{
	struct c2c_run r = { 0 };

	tool_begin(&r.tool, &argc, argv);
	nsec_t duration = tool_duration(argc, argv, SECONDS);
	if (!duration)
		return -EINVAL;
	int error = run(&r, duration);
	if (error)
		return error;
	if (r.tool.quiet)
		return tool_json("c2c");
	if (!r.pairs)
		monitor_printf("c2c: one CPU has nobody to talk to\n");
	else
		print_result(&r);
	return 0;
}
MONITOR_COMMAND(c2c, "[SECONDS] [json]", "how far each CPU is from each other one", c2c_command,
	.text = "Each pair of CPUs hands one cache line back and forth; what is shown is the time for one way, in "
		"nanoseconds, by how the two are related, as a table, and as a picture: dark is near, bright is far. "
		"With very many CPUs some pairs are left out after 20 s, or as many as you say. q stops.");

/* The `test` command of the test kernel. */
#include "tests/kernel/framework.h"

#include <abi/linux/errno.h>
#include "kernel/core/monitor.h"
#include "kernel/drivers/power.h"
#include "kernel/mm/failure.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/internal.h"
#include "kernel/sched/thread.h"
#include "lib/string.h"

#define ALLOCATIONS_MOST 10000u	/* a test with more is one that does not end */
#define NEVER		UINT64_MAX	/* so many allocations no run makes */
#define PATIENCE	NSEC_PER_SEC

bool kt_failing;

unsigned kt_logged(uint64_t position, const char *start)
{
	struct log_record record;
	unsigned count = 0;

	while (log_read(&position, &record))
		count += strncmp(record.text, start, strlen(start)) == 0;
	return count;
}

struct kt_in_use kt_in_use(void)
{
	uint64_t used[FRAME_USES];
	struct kt_in_use now = { 0 };

	for (struct slab_cache *c = slab_caches(); c; c = c->next)
		now.objects += c->index < SLAB_CACHES_MAX ? slab_live(c) : 0;
	frames_count(used);
	now.frames = used[FRAME_KERNEL] + used[FRAME_LARGE] + used[FRAME_VMALLOC] + used[FRAME_STACK];
	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++)
		now.frames -= __atomic_load_n(&cpu_of(cpu, cpu_sched).spares, __ATOMIC_RELAXED) * (MMU_STACK_SIZE / PAGE_SIZE);
	return now;
}

bool kt_is_back_at(struct kt_in_use before)
{
	for (nsec_t end = clock_now() + PATIENCE; ; thread_sleep(100 * NSEC_PER_USEC)) {
		struct kt_in_use now = kt_in_use();
		if (now.objects <= before.objects && now.frames <= before.frames)
			return true;
		if (clock_now() > end)
			return false;
	}
}

/* One run with the nth allocation failing; how many came before that, or in all. */
static enum kernel_test_result run_once(const struct kernel_test *t, uint64_t nth, uint64_t *ret_allocations)
{
	thread_set_cpu(thread_current(), 0);	/* many speak of CPU 1 as another one */
	failure_thread = thread_current();
	failure_countdown = nth;
	enum kernel_test_result result = t->run();
	*ret_allocations = nth - failure_countdown;
	failure_countdown = 0;
	return result;
}

static enum kernel_test_result run_failing(const struct kernel_test *t, uint64_t nth, bool *ret_failed)
{
	struct kt_in_use before = kt_in_use();
	uint32_t mark = kmalloc_mark();
	uint64_t allocations;
	enum kernel_test_result result = run_once(t, nth, &allocations);

	*ret_failed = allocations == nth;
	bool wrong = result == KT_NO_MEMORY ? !*ret_failed : result != KT_PASS, leaks = !kt_is_back_at(before);
	if (leaks)
		kmalloc_leaks(mark);	/* names them */
	if (leaks || wrong)
		pr_err("test: %s: %s when allocation %llu fails", t->name, wrong ? "wrong" : "leaks", (unsigned long long)nth);
	return leaks || wrong ? KT_FAIL : KT_PASS;
}

/* What a first run keeps for good is no leak of those behind it. */
static enum kernel_test_result run(const struct kernel_test *t)
{
	uint64_t allocations;
	enum kernel_test_result result = run_once(t, NEVER, &allocations);
	bool failed = FAILURE_INJECTION && t->kind == KT_ALLOCATES && result == KT_PASS;

	if (t->kind == KT_PLAIN && allocations) {
		pr_err("test: %s: a KERNEL_TEST allocates nothing, and this one did %llu times", t->name,
		       (unsigned long long)allocations);
		return KT_FAIL;
	}
	if (t->kind == KT_PANICS || result == KT_NO_MEMORY) {
		pr_err("test: %s: %s", t->name, result == KT_NO_MEMORY ? "finds no memory" : "comes back");
		return KT_FAIL;
	}
	kt_failing = true;
	for (uint64_t nth = 1; failed && nth <= ALLOCATIONS_MOST && result == KT_PASS; nth++)
		result = run_failing(t, nth, &failed);
	kt_failing = false;
	return failed ? KT_FAIL : result;
}

static int test_command(int argc, char **argv)
{
	static const char *const names[] = { [KT_PASS] = "pass", [KT_FAIL] = "FAIL", [KT_SKIP] = "skip" };
	unsigned counts[3] = { 0 };

	for (const struct kernel_test *t = kernel_tests_start; t < kernel_tests_end; t++) {
		if (argc > 1 ? strcmp(t->name, argv[1]) != 0 : t->kind == KT_PANICS)
			continue;
		pr_info("test: %s: runs", t->name);
		enum kernel_test_result result = run(t);
		pr_info("test: %s: %s", t->name, names[result]);
		counts[result]++;
	}
	thread_set_cpu(thread_current(), CPU_ANY);
	monitor_printf("tests: %u passed, %u failed, %u skipped\n", counts[KT_PASS], counts[KT_FAIL], counts[KT_SKIP]);
	if (counts[KT_FAIL] || !(counts[KT_PASS] + counts[KT_SKIP]))
		power_exit_failed();
	return counts[KT_FAIL] ? -EIO : 0;
}
MONITOR_COMMAND(test, "[NAME]", "run the tests in the kernel, or one of them", test_command);

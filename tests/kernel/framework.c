/* The `test` command of the test kernel. */
#include "tests/kernel/framework.h"

#include <abi/linux/errno.h>
#include "kernel/core/monitor.h"
#include "kernel/drivers/power.h"
#include "kernel/mm/failure.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/sched/thread.h"
#include "lib/string.h"

#define ALLOCATIONS_MOST 10000u	/* a test with more is one that does not end */

unsigned kt_logged(uint64_t position, const char *start)
{
	struct log_record record;
	unsigned count = 0;

	while (log_read(&position, &record))
		count += strncmp(record.text, start, strlen(start)) == 0;
	return count;
}

/* Frames that are in use and that nobody keeps for later. */
static uint64_t frames_in_use(void)
{
	uint64_t used[FRAME_USES];

	frames_count(used);
	return used[FRAME_KERNEL] + used[FRAME_LARGE] + used[FRAME_VMALLOC] + used[FRAME_STACK];
}

/* One run with the nth allocation failing; *ret_failed: it came to that. */
static enum kernel_test_result run_failing(const struct kernel_test *t, uint64_t nth, bool *ret_failed)
{
	uint32_t mark = kmalloc_mark();
	uint64_t frames = frames_in_use();

	failure_thread = thread_current();
	failure_countdown = nth;
	enum kernel_test_result result = t->run();
	*ret_failed = failure_countdown == 0;
	failure_countdown = 0;
	bool leaks = kmalloc_leaks(mark) || frames_in_use() != frames;
	bool bad = result == KT_NO_MEMORY ? !*ret_failed : result != KT_PASS;
	if (leaks || bad)
		pr_err("test: %s: %s when allocation %llu fails, %lld frames more", t->name, bad ? "wrong" : "leaks",
		       (unsigned long long)nth, (long long)(frames_in_use() - frames));
	return leaks || bad ? KT_FAIL : KT_PASS;
}

static enum kernel_test_result run(const struct kernel_test *t)
{
	bool failed = FAILURE_INJECTION;

	switch (t->kind) {
	case KT_PLAIN:
		return t->run();
	case KT_PANICS:
		t->run();
		return KT_FAIL;		/* it came back */
	case KT_ALLOCATES:	/* what a first run keeps for good is no leak of those behind it */
		if (t->run() != KT_PASS)
			return KT_FAIL;
		break;
	}
	for (uint64_t nth = 1; failed && nth <= ALLOCATIONS_MOST; nth++)
		if (run_failing(t, nth, &failed) != KT_PASS)
			return KT_FAIL;
	return failed ? KT_FAIL : KT_PASS;
}

static int test_command(int argc, char **argv)
{
	static const char *const names[] = { [KT_PASS] = "pass", [KT_FAIL] = "FAIL", [KT_SKIP] = "skip" };
	unsigned counts[3] = { 0 };

	for (const struct kernel_test *t = kernel_tests_start; t < kernel_tests_end; t++) {
		if (argc > 1 ? strcmp(t->name, argv[1]) != 0 : t->kind == KT_PANICS)
			continue;
		thread_set_cpu(thread_current(), 0);	/* many speak of CPU 1 as another one */
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

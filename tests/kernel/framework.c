/* The `test` command of the test kernel. */
#include "tests/kernel/framework.h"

#include <abi/linux/errno.h>
#include "kernel/core/monitor.h"
#include "kernel/drivers/power.h"
#include "lib/string.h"

extern const struct kernel_test kernel_tests_start[], kernel_tests_end[];

static int test_command(int argc, char **argv)
{
	static const char *const names[] = { [KT_PASS] = "pass", [KT_FAIL] = "FAIL", [KT_SKIP] = "skip" };
	unsigned counts[3] = { 0 };

	for (const struct kernel_test *t = kernel_tests_start; t < kernel_tests_end; t++) {
		if (argc > 1 ? strcmp(t->name, argv[1]) != 0 : t->panics)
			continue;
		pr_info("test: %s: runs", t->name);
		enum kernel_test_result result = t->run();
		if (t->panics)
			result = KT_FAIL;	/* it came back */
		pr_info("test: %s: %s", t->name, names[result]);
		counts[result]++;
	}
	monitor_printf("tests: %u passed, %u failed, %u skipped\n", counts[KT_PASS], counts[KT_FAIL], counts[KT_SKIP]);
	if (counts[KT_FAIL] || !(counts[KT_PASS] + counts[KT_SKIP]))
		power_exit_failed();
	return counts[KT_FAIL] ? -EIO : 0;
}
MONITOR_COMMAND(test, "[NAME]", "run the tests in the kernel, or one of them", test_command);

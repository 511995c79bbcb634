/* Commands at the prompt that find no memory: each of their allocations fails in turn. They may say so or do with less;
 * what they took is given back. What they keep (the last trace, the last result) takes the place of what was kept. */
#include "kernel/core/monitor.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

static enum kernel_test_result run(const char *line)
{
	return monitor_run(line, strlen(line)) ? KT_NO_MEMORY : KT_PASS;
}

KERNEL_TEST_ALLOC(a_list_of_threads_needs_memory)
{
	return run("threads");
}

KERNEL_TEST_ALLOC(a_look_at_threads_needs_memory)
{
	return run("top 1");
}

KERNEL_TEST_ALLOC(a_test_of_memory_needs_memory)
{
	return run("memtest 1s 4M");
}

KERNEL_TEST_ALLOC(a_report_needs_no_memory)
{
	return run("report json");
}

KERNEL_TEST_ALLOC(a_look_for_devices_needs_memory)
{
	return run("pci scan");
}

KERNEL_TEST_ALLOC(a_latency_needs_memory)
{
	return run("latency 1");
}

KERNEL_TEST_ALLOC(a_trace_needs_memory)
{
	enum kernel_test_result result = run("trace on 512");

	return result == KT_PASS ? run("trace off") : result;
}

/* The list of benchmarks and the command that runs them. */
#include "kernel/core/bench.h"

#include <abi/linux/errno.h>
#include "kernel/core/monitor.h"
#include "lib/string.h"

void bench_report(const char *name, uint64_t value, const char *unit)
{
	monitor_printf("%s %llu %s\n", name, (unsigned long long)value, unit);
}

/* Several files may have a benchmark of one name: they are run one after another. */
static int bench_command(int argc, char **argv)
{
	int result = argc < 2 ? 0 : -EINVAL;
	const char *last = "";

	for (const struct bench *b = benches_start; b < benches_end; b++) {
		if (argc < 2) {
			monitor_printf("  %-12s %s\n", strcmp(b->name, last) ? b->name : "", b->help);
			last = b->name;
		} else if (strcmp(b->name, argv[1]) == 0) {
			result = b->run();
			if (result)
				break;
		}
	}
	return result;
}

static const char *bench_word(unsigned argument, unsigned index)
{
	return benches_start + index < benches_end ? benches_start[index].name : NULL;
}
MONITOR_COMMAND(bench, "[NAME]", "measure; without a name, the list of what can be measured", bench_command, .complete = bench_word,
	.text = "Each figure is a line \"name value unit\"; ticks are the time stamp counter's. "
		"docs/performance.md says what they mean.");

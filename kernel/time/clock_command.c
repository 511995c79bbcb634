/* `clock` and `sleep` at the monitor, and what reading the time costs. */
#include <abi/linux/errno.h>
#include "kernel/arch/clock.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/timer.h"
#include "kernel/core/bench.h"
#include "kernel/core/monitor.h"
#include "kernel/time/calibrate.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_internal.h"
#include "lib/cmdline.h"
#include "lib/string.h"

#define SLEEP_MOST 86400000u	/* ms: a day */

static void print_source(void)
{
	const struct clock_source *counter = clock_counter();
	struct rate_claim rate = clock_rate();

	monitor_printf("source     %s%s\n", counter ? counter->name : "TSC",
		       counter ? ", since the TSC cannot be trusted" : cpu_ticks_are_constant() ? ", invariant" : "");
	monitor_printf("TSC        %llu Hz ", (unsigned long long)rate.hz);
	if (rate.ppm)
		monitor_printf("within %u ppm, by %s\n", rate.ppm, rate.by);
	else
		monitor_printf("as %s says\n", rate.by);
}

static int clock_command(int argc, char **argv)
{
	print_source();
	calibrate_print();
	monitor_printf("timers     %s\n", timer_hw_name());

	nsec_t now = clock_now();
	struct date d = date_from_seconds(clock_wall() / NSEC_PER_SEC);

	monitor_printf("up         %lld.%06lld s since the EFI entry point\n", (long long)(now / NSEC_PER_SEC),
		       (long long)(now / 1000 % 1000000));
	monitor_printf("date       %04d-%02u-%02u %02u:%02u:%02u UTC\n", d.year, d.month, d.day, d.hour, d.minute,
		       d.second);
	return 0;
}
MONITOR_COMMAND(clock, "", "the clock, how its rate is known, and the date", clock_command,
	.text = "stated: what the CPU or the hypervisor says; measured: against which counter, and how far "
		"that may be off. The rate gets "
		"better while the machine runs.");

static int sleep_command(int argc, char **argv)
{
	uint64_t milliseconds;

	if (argc != 2 || cmdline_parse_number(argv[1], strlen(argv[1]), &milliseconds) || milliseconds > SLEEP_MOST)
		return -EINVAL;
	clock_delay((nsec_t)milliseconds * NSEC_PER_MSEC);
	return 0;
}
MONITOR_COMMAND(sleep, "MS", "wait for so many milliseconds", sleep_command, .text = "A day, 86400000, is the most.");

static int clock_bench(void)
{
	enum { ROUNDS = 10000 };
	uint64_t start = cpu_ticks();

	for (unsigned i = 0; i < ROUNDS; i++)
		clock_now();
	bench_report("clock_now", (cpu_ticks() - start) / ROUNDS, "ticks");
	return 0;
}
BENCH(clock, "reading the time", clock_bench);
